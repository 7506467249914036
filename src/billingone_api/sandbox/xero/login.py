"""Xero's login and identity hosts: the page that asks for consent, tokens, revocation."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from billingone_api.sandbox.wire import json_response
from billingone_api.sandbox.xero.apps import XeroApp
from billingone_api.sandbox.xero.connections import Connections
from billingone_api.sandbox.xero.grants import Grants
from billingone_api.sandbox.xero.tenants import Tenant

PERSON: Final = "olivia@bluegum.example"

_ERROR_PAGE: Final = (
    "<html><head><title>Xero | Error</title></head><body><h1>Sorry, something went wrong</h1>"
    "<p>Error: {error}</p></body></html>"
)
_PKCE: Final = "S256"


@dataclass(slots=True)
class Consent:
    """What the person in front of the browser will do: agree for these tenants, or refuse."""

    tenants: list[Tenant] = field(default_factory=list)
    refused: bool = False
    person: str = PERSON


class _LoginError(Exception):
    """Shown on a page of Xero's own: the browser never comes back (contract, 2.1)."""


class Login:
    """The login and identity hosts of a set of apps."""

    def __init__(
        self,
        apps: Mapping[str, XeroApp],
        *,
        grants: Grants,
        connections: Connections,
        consent: Consent,
    ) -> None:
        self._apps = apps
        self._grants = grants
        self._connections = connections
        self._consent = consent
        self.routes = [
            Route("/identity/connect/authorize", self.authorize, methods=["GET"]),
            Route("/connect/token", self.token, methods=["POST"]),
            Route("/connect/revocation", self.revocation, methods=["POST"]),
        ]

    async def authorize(self, request: Request) -> Response:
        """Nobody has to click: the browser is sent back at once."""
        query = request.query_params
        try:
            app, scopes = self._asked(request)
        except _LoginError as error:
            return HTMLResponse(_ERROR_PAGE.format(error=error), status_code=500)
        back = {"state": query["state"]} if "state" in query else {}
        if self._consent.refused:
            answer = {"error": "access_denied", **back}
        else:
            code = self._agree(app, scopes, query)
            answer = {"code": code, "scope": " ".join(scopes), **back, "session_state": "none.kept"}
        uri = query["redirect_uri"]
        joint = "&" if "?" in uri else "?"
        return RedirectResponse(f"{uri}{joint}{urlencode(answer)}", status_code=302)

    async def token(self, request: Request) -> Response:
        """Errors are 400 with one word; the two grants of a web app are known."""
        form = dict(parse_qsl((await request.body()).decode(errors="replace")))
        app = self._proven(request, form)
        if app is None:
            return _error("invalid_client")
        match form.get("grant_type"):
            case "authorization_code":
                tokens = self._grants.exchange(
                    app.client_id,
                    form.get("code", ""),
                    redirect_uri=form.get("redirect_uri", ""),
                    verifier=form.get("code_verifier"),
                )
            case "refresh_token":
                tokens = self._grants.refreshed(app.client_id, form.get("refresh_token", ""))
            case _:
                return _error("unsupported_grant_type")
        return _error("invalid_grant") if tokens is None else json_response(tokens)

    async def revocation(self, request: Request) -> Response:
        """200 and nothing else, for a token that was never given out as well (RFC 7009)."""
        form = dict(parse_qsl((await request.body()).decode(errors="replace")))
        app = self._proven(request, form)
        if app is None:
            return _error("invalid_client")
        grant = self._grants.revoke(app.client_id, form.get("token", ""))
        if grant is not None:
            self._connections.forget(grant.app, grant.person)
        return Response()

    def _asked(self, request: Request) -> tuple[XeroApp, tuple[str, ...]]:
        query = request.query_params
        app = self._apps.get(query.get("client_id", ""))
        if app is None:
            raise _LoginError("unauthorized_client")
        if query.get("redirect_uri") not in app.redirect_uris:
            raise _LoginError("Invalid redirect_uri")
        if query.get("response_type") != "code":
            raise _LoginError("unsupported_response_type")
        if query.get("code_challenge_method", _PKCE) != _PKCE:
            raise _LoginError("invalid_request: transform algorithm not supported")
        scopes = tuple(query.get("scope", "").split())
        # A plus is no space here, whatever forms mean by it (contract, trap 8).
        joined_by_plus = "+" in _raw(request, "scope")
        if not scopes or joined_by_plus or app.refused(scopes):
            raise _LoginError("invalid_scope")
        return app, scopes

    def _agree(self, app: XeroApp, scopes: tuple[str, ...], query: Mapping[str, str]) -> str:
        code, grant = self._grants.agree(
            app.client_id,
            self._consent.person,
            scopes,
            redirect_uri=query["redirect_uri"],
            challenge=query.get("code_challenge"),
        )
        for tenant in self._consent.tenants:
            self._connections.connect(app.client_id, grant.person, tenant, event=grant.event)
        return code

    def _proven(self, request: Request, form: Mapping[str, str]) -> XeroApp | None:
        """The app whose secret came by Basic or in the body; a web app has always one."""
        client_id, secret = _basic(request.headers.get("Authorization", ""))
        if client_id is None:
            client_id, secret = form.get("client_id"), form.get("client_secret", "")
        app = self._apps.get(client_id or "")
        return app if app is not None and app.proves_itself(secret) else None


def _basic(header: str) -> tuple[str | None, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None, ""
    try:
        client_id, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return client_id, secret


def _raw(request: Request, name: str) -> str:
    """A query parameter as it was sent."""
    pairs = request.url.query.split("&")
    return next((pair for pair in pairs if pair.startswith(f"{name}=")), "")


def _error(word: str) -> Response:
    return json_response({"error": word}, status=400)
