"""Pax8 as a router of respx, and payloads in its shapes, composed for the tests."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
import pytest
import respx
from tests.support.clock import SetClock
from tests.support.outside import Turns, Waits
from tests.support.wire import written

from billingone_api.kit.cipher import Secret
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.providers.pax8.client import Pax8Client
from billingone_api.providers.pax8.tokens import ClientCredentials, Pax8Endpoints
from billingone_api.providers.tokens import MemoryTokenStore

API = "https://api.pax8.example/v1"
TOKENS = "https://api.pax8.example/v1/token"
AUDIENCE = "https://api.pax8.example"
PLANTED = "planted-secret-7f3a"

COMPANY: dict[str, Any] = {
    "id": "3c0b6d3e-62c1-4c0a-8d2f-2a7a0d4f9b11",
    "name": "Wattle Physio Pty Ltd",
    "status": "Active",
}
SUBSCRIPTION: dict[str, Any] = {
    "id": "b0d1b7a4-97a4-4a39-8f37-6c0f7a2c5e21",
    "companyId": "3c0b6d3e-62c1-4c0a-8d2f-2a7a0d4f9b11",
    "productId": "5f6b7c88-0a0e-4d53-9b0f-0b8f7f5a9c31",
    "quantity": 17,
    "status": "Active",
    "price": Decimal("32.9"),
    "partnerCost": Decimal("27.64"),
    "currencyCode": "AUD",
    "billingTerm": "Monthly",
    "createdDate": "2026-01-29",
}


def answer(value: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(
        status, content=written(value).encode(), headers={"Content-Type": "application/json"}
    )


def page(*rows: Any, number: Any = 0, total: Any = None, pages: Any = None) -> httpx.Response:
    """A page; unless told otherwise its rows are all there are."""
    count = len(rows) if total is None else total
    block = {
        "size": 200,
        "totalElements": count,
        "totalPages": (1 if rows else 0) if pages is None else pages,
        "number": number,
    }
    return answer({"content": rows, "page": block})


@dataclass
class Pax8:
    """The routes of one Pax8."""

    router: respx.MockRouter
    token: respx.Route

    def on(self, path: str, *outcomes: httpx.Response | Exception) -> respx.Route:
        route = self.router.get(f"{API}/{path}")
        if len(outcomes) == 1 and isinstance(outcomes[0], httpx.Response):
            return route.mock(return_value=outcomes[0])
        return route.mock(side_effect=list(outcomes))


def sold(number: int = 1) -> httpx.Response:
    bought = {"access_token": f"eyJ.{number}.sig", "expires_in": 86400, "token_type": "Bearer"}
    return answer(bought)


@pytest.fixture
def pax8(upstream: respx.MockRouter) -> Pax8:
    token = upstream.post(TOKENS).mock(side_effect=[sold(1), sold(2), sold(3)])
    return Pax8(upstream, token)


@pytest.fixture
def store() -> MemoryTokenStore:
    return MemoryTokenStore()


@pytest.fixture
def client(
    http: httpx.AsyncClient,
    store: MemoryTokenStore,
    clock: SetClock,
    waits: Waits,
    turns: Turns,
) -> Pax8Client:
    return Pax8Client(
        http=http,
        endpoints=Pax8Endpoints(api_url=API, token_url=TOKENS, audience=AUDIENCE),
        credentials=ClientCredentials("kH3exampleId", Secret(PLANTED)),
        tokens=store,
        limiter=turns,
        clock=clock,
        sleep=waits,
        policy=RetryPolicy(jitter=lambda: 0.5),
    )
