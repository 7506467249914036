"""The token set of one consent: it serves every organisation picked there, and it rotates."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from billingone_api.kit.cipher import Secret
from billingone_api.kit.http.bodies import NotJson, read_json
from billingone_api.providers.tokens import StoredToken, read_token

REFRESH_GRACE: Final = timedelta(minutes=30)
"""How long a refresh token that was used can be used again, should the answer be lost."""

_OPAQUE: Final = re.compile(r"[\x21-\x7e]{1,4096}")
_LONGEST_ID: Final = 200


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What one consent gave, as of the last refresh.

    From `expires_at` on the access token is no longer used, a tenth of its life before its end.
    Without `offline_access` there is no refresh token. `authentication_event_id` is what the
    connections made by this consent carry as their `auth_event_id`.
    """

    access_token: Secret
    expires_at: datetime
    refresh_token: Secret | None
    scopes: frozenset[str]
    authentication_event_id: str | None

    @property
    def bearer(self) -> StoredToken:
        return StoredToken(self.access_token, self.expires_at)


def read_token_set(
    answer: Any, *, now: datetime, asked: frozenset[str], before: TokenSet | None = None
) -> TokenSet | None:
    """The token set in an answer of the token endpoint; None if there is none to use.

    What the answer of a refresh leaves out stays as it was `before`; an answer that names no
    scopes grants those that were `asked` for (RFC 6749, 5.1 and 6).
    """
    access = read_token(answer, now=now)
    if access is None:
        return None
    event_id = _authentication_event_id(access.access_token.reveal())
    return TokenSet(
        access_token=access.access_token,
        expires_at=access.expires_at,
        refresh_token=_opaque(answer) or (before.refresh_token if before else None),
        scopes=_scopes(answer) or (before.scopes if before else asked),
        authentication_event_id=event_id or (before.authentication_event_id if before else None),
    )


def _opaque(answer: dict[str, Any]) -> Secret | None:
    token = answer.get("refresh_token")
    if not isinstance(token, str) or _OPAQUE.fullmatch(token) is None:
        return None
    return Secret(token)


def _scopes(answer: dict[str, Any]) -> frozenset[str]:
    named = answer.get("scope")
    return frozenset(named.split()) if isinstance(named, str) else frozenset()


def _authentication_event_id(access_token: str) -> str | None:
    """A claim of the token: read and not proved, since it only narrows down a list of Xero's."""
    parts = access_token.split(".")
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = read_json(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (IndexError, binascii.Error, NotJson):
        return None
    found = claims.get("authentication_event_id") if isinstance(claims, dict) else None
    usable = isinstance(found, str) and found.isascii() and 0 < len(found) <= _LONGEST_ID
    return found if usable else None
