"""The address a person is sent to for their consent (authorisation code with PKCE, S256)."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from billingone_api.kit.cipher import Secret
from billingone_api.providers.xero.provider import XeroEndpoints

_VERIFIER_BYTES: Final = 64
"""86 characters of the 43 to 128 that PKCE allows."""


@dataclass(frozen=True, slots=True)
class XeroApp:
    """Who asks: the operator's app, or an organisation's own.

    `redirect_uri` comes from configuration, exactly as registered. `scopes` go out in this
    order; Xero fails the whole consent for a single one that it does not give this app.
    """

    client_id: str
    client_secret: Secret
    redirect_uri: str
    scopes: tuple[str, ...]


def new_verifier() -> Secret:
    """Kept beside the state until the code is exchanged."""
    return Secret(secrets.token_urlsafe(_VERIFIER_BYTES))


def challenge_of(verifier: Secret) -> str:
    digest = hashlib.sha256(verifier.reveal().encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def authorise_url(app: XeroApp, *, endpoints: XeroEndpoints, state: str, verifier: Secret) -> str:
    """Where Xero finds a mistake in it, it shows a page of its own and never comes back."""
    query = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uri,
        "scope": " ".join(app.scopes),
        "state": state,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
    }
    # urlencode's own "+" between scopes is one scope of an odd name to Xero (contract, 0.8).
    return f"{endpoints.authorise_url}?{urlencode(query, quote_via=quote)}"
