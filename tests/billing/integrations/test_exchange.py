"""What a code of Xero's may come to, without a database."""

from typing import Any

import httpx
import pytest
import respx
from tests.support.clock import SetClock
from tests.support.xero import HOST

from billingone_api.billing.integrations.adapters.exchange import buy
from billingone_api.billing.integrations.errors import (
    AppRefused,
    CodeRefused,
    ConsentIncomplete,
    XeroAway,
)
from billingone_api.kit.cipher import Secret
from billingone_api.kit.errors import ApiError
from billingone_api.kit.http.client import create_http_client
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.providers.xero.consent import XeroApp
from billingone_api.providers.xero.identity import XeroIdentity
from billingone_api.providers.xero.provider import XeroEndpoints
from billingone_api.providers.xero.scopes import GRANULAR

TOKEN, CONNECTIONS = f"{HOST}/connect/token", f"{HOST}/connections"
BOUGHT = httpx.Response(200, json={"access_token": "access", "scope": " ".join(GRANULAR)})


def no(error: str, status: int = 400) -> httpx.Response:
    return httpx.Response(status, json={"error": error})


async def no_wait(_: float) -> None:
    return


@pytest.mark.parametrize(
    ("token", "connections", "kind", "words"),
    [
        (no("invalid_grant"), None, CodeRefused, "too old or was used"),
        (no("invalid_client", 401), None, AppRefused, "client id and secret of the app"),
        (no("invalid_scope"), None, AppRefused, "one of the scopes it asks for. Check the app"),
        (no("unheard_of"), None, XeroAway, "refuses to give a token (HTTP 400). Connect Xero"),
        (httpx.Response(503), None, XeroAway, "does not answer at the moment"),
        (BOUGHT, httpx.Response(403), ConsentIncomplete, "Reconnect Xero as a user who"),
        (BOUGHT, httpx.Response(503), XeroAway, "does not answer at the moment"),
    ],
)
async def test_a_refusal_that_lasts_is_not_told_as_silence_and_none_asks_for_the_same_again(
    clock: SetClock, token: httpx.Response, connections: Any, kind: type[ApiError], words: str
) -> None:
    app = XeroApp("id", Secret("secret"), "https://app.test/back", GRANULAR)
    endpoints = XeroEndpoints(f"{HOST}/authorize", TOKEN, CONNECTIONS, f"{HOST}/api")
    with respx.mock(assert_all_called=False) as router:
        router.post(TOKEN).mock(return_value=token)
        router.get(CONNECTIONS).mock(return_value=connections)
        async with create_http_client() as http:
            identity = XeroIdentity(
                app,
                http=http,
                endpoints=endpoints,
                clock=clock,
                sleep=no_wait,
                policy=RetryPolicy(attempts=1),
            )

            async def named() -> XeroIdentity:
                return identity

            with pytest.raises(ApiError) as caught:
                await buy(named(), "code", verifier=Secret("verifier"), connected=None)
    assert type(caught.value) is kind
    assert words in str(caught.value)
    assert "does not answer" not in caught.value.title
    assert "Retry-After" not in caught.value.headers
