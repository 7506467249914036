"""Xero's identity service: tokens for a code and for a token; and the connections.

Nothing is kept here and nothing is tried twice: who calls holds the tokens and their lock.
"""

import base64
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import httpx

from billingone_api.kit.cipher import Secret
from billingone_api.kit.clock import Clock
from billingone_api.kit.http.calls import JsonCalls, Sleep
from billingone_api.kit.http.errors import HttpError, HttpRefused
from billingone_api.kit.http.limits import Unlimited
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.providers.xero.connections import Connection, organisations
from billingone_api.providers.xero.consent import XeroApp
from billingone_api.providers.xero.errors import InvalidGrant
from billingone_api.providers.xero.provider import XERO, XeroEndpoints
from billingone_api.providers.xero.tokens import TokenSet, read_token_set


class XeroIdentity:
    """Xero's identity service as one app sees it. Every method raises ProviderErrors alone.

    After any failure of `refresh` but InvalidGrant the same refresh token may be used again,
    for REFRESH_GRACE: nobody knows whether the answer was lost on the way.
    """

    def __init__(
        self,
        app: XeroApp,
        *,
        http: httpx.AsyncClient,
        endpoints: XeroEndpoints,
        clock: Clock,
        sleep: Sleep,
        policy: RetryPolicy | None = None,
    ) -> None:
        self._app = app
        self._endpoints = endpoints
        self._clock = clock
        self._calls = JsonCalls(http, limiter=Unlimited(), clock=clock, sleep=sleep, policy=policy)

    async def exchange(self, code: str, *, verifier: Secret) -> TokenSet:
        """Soon: a code lives for minutes at most, and once."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._app.redirect_uri,
            "code_verifier": verifier.reveal(),
        }
        return await self._granted(form, before=None)

    async def refresh(self, held: TokenSet) -> TokenSet:
        """The new set replaces the old one, refresh token and all, before it is used."""
        if held.refresh_token is None:
            raise InvalidGrant(
                "The consent given in Xero was for half an hour only. Reconnect Xero.",
                provider=XERO.key,
            )
        form = {"grant_type": "refresh_token", "refresh_token": held.refresh_token.reveal()}
        return await self._granted(form, before=held)

    async def connections(self, held: TokenSet) -> tuple[Connection, ...]:
        """All organisations that this user has connected to the app, by whichever consent."""
        return organisations(await self._connections(held, query=None))

    async def consented(self, held: TokenSet) -> tuple[Connection, ...]:
        """Those picked in this consent; all of them where it was for one connected before."""
        if held.authentication_event_id is not None:
            query = {"authEventId": held.authentication_event_id}
            picked = organisations(await self._connections(held, query=query))
            if picked:
                return picked
        return await self.connections(held)

    async def disconnect(self, connection_id: str, *, held: TokenSet) -> None:
        """Ends one connection, by its own id and not its tenant's; one that is gone is ended."""
        url = f"{self._endpoints.connections_url}/{XERO.segment(connection_id)}"
        try:
            await self._calls.send("DELETE", url, headers=_bearing(held))
        except HttpError as error:
            if isinstance(error, HttpRefused) and error.status == HTTPStatus.NOT_FOUND:
                return
            raise XERO.translated(error) from error

    async def _granted(self, form: Mapping[str, str], *, before: TokenSet | None) -> TokenSet:
        try:
            answer = await self._calls.post_form(
                self._endpoints.token_url, form=form, headers=self._app_itself()
            )
        except HttpError as error:
            raise XERO.token_refused(error) from error
        asked = frozenset(self._app.scopes)
        granted = read_token_set(answer, now=self._clock.now(), asked=asked, before=before)
        if granted is None:
            raise XERO.malformed("it holds no access token")
        return granted

    async def _connections(self, held: TokenSet, *, query: Mapping[str, str] | None) -> Any:
        try:
            return await self._calls.get(
                self._endpoints.connections_url, query=query, headers=_bearing(held)
            )
        except HttpError as error:
            raise XERO.translated(error) from error

    def _app_itself(self) -> dict[str, str]:
        pair = f"{self._app.client_id}:{self._app.client_secret.reveal()}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _bearing(held: TokenSet) -> dict[str, str]:
    return {"Authorization": f"Bearer {held.access_token.reveal()}"}
