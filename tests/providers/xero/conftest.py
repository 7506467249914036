"""Xero as a router of respx, and payloads in its shapes, composed for the tests."""

import base64
import json
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
import respx
from tests.support.clock import NOW, SetClock
from tests.support.outside import Turns, Waits
from tests.support.wire import written

from billingone_api.kit.cipher import Secret
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.providers.tokens import StoredToken
from billingone_api.providers.xero.client import XeroClient, XeroTenant
from billingone_api.providers.xero.consent import XeroApp
from billingone_api.providers.xero.identity import XeroIdentity
from billingone_api.providers.xero.limits import XeroLimits
from billingone_api.providers.xero.provider import XeroEndpoints
from billingone_api.providers.xero.scopes import GRANULAR
from billingone_api.providers.xero.tokens import TokenSet

API = "https://api.xero.example/api.xro/2.0"
CONNECTIONS = "https://api.xero.example/connections"
TOKENS = "https://identity.xero.example/connect/token"
ENDPOINTS = XeroEndpoints(
    authorise_url="https://login.xero.example/identity/connect/authorize",
    token_url=TOKENS,
    connections_url=CONNECTIONS,
    api_url=API,
)
TENANT = "0b6a1d52-90b8-4a8e-9a6c-52f6f7b1c001"
PLANTED = "planted-secret-51c9"
APP = XeroApp(
    client_id="F1D0EXAMPLE",
    client_secret=Secret(PLANTED),
    redirect_uri="https://app.billingone.example/xero/callback?from=xero",
    scopes=GRANULAR,
)
CORRELATION = "8d1f60a4-5b0e-4f0c-b8d1-0d6c3b1c7e42"

INVOICE: dict[str, Any] = {
    "Type": "ACCREC",
    "InvoiceID": "5ad1c5d5-2b1c-4f6c-8f6e-9f1f0a7d1e01",
    "InvoiceNumber": "INV-0107",
    "Reference": "",
    "Contact": {"ContactID": "c2b7a1f0-6c0d-4f8a-9c53-6f7b8e0a2d11", "Name": "Wattle Physio"},
    "DateString": "2026-10-31T00:00:00",
    "Date": "/Date(1793404800000+0000)/",
    "DueDateString": "2026-11-14T00:00:00",
    "DueDate": "/Date(1794614400000+0000)/",
    "Status": "AUTHORISED",
    "LineAmountTypes": "Exclusive",
    "LineItems": [
        {
            "LineItemID": "a0c9f5b2-2d3f-4d1e-8f7a-3b5d6c7e8f01",
            "Description": "Business Premium",
            "Quantity": Decimal("17.0"),
            "UnitAmount": Decimal("32.9125"),
            "LineAmount": Decimal("559.51"),
            "TaxAmount": Decimal("55.95"),
            "AccountCode": "200",
        }
    ],
    "SubTotal": Decimal("559.51"),
    "TotalTax": Decimal("55.95"),
    "Total": Decimal("615.46"),
    "AmountDue": Decimal("615.46"),
    "AmountPaid": Decimal("0.0"),
    "AmountCredited": Decimal("0.0"),
    "CurrencyCode": "AUD",
    "CurrencyRate": Decimal("1.0"),
    "UpdatedDateUTC": "/Date(1793500000373+0000)/",
}
ORGANISATION: dict[str, Any] = {
    "OrganisationID": TENANT,
    "Name": "Bluegum IT",
    "ShortCode": "!9kQx2",
    "BaseCurrency": "AUD",
    "Timezone": "AUSEASTERNSTANDARDTIME",
}


def invoice(number: int = 1, *, at: datetime | None = None, **changed: Any) -> dict[str, Any]:
    """The invoice above under another id, changed as told."""
    one: dict[str, Any] = INVOICE | {"InvoiceID": f"5ad1c5d5-2b1c-4f6c-8f6e-{number:012d}"}
    if at is not None:
        one["UpdatedDateUTC"] = wrapped(at)
    return one | changed


def wrapped(moment: datetime) -> str:
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return f"/Date({milliseconds}+0000)/"


def answer(value: Any, status: int = 200, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return httpx.Response(
        status,
        content=written(value).encode(),
        headers={"Content-Type": "application/json"} | named,
    )


def page(
    name: str, *rows: Any, pages: int | None = None, items: int | None = None, **headers: str
) -> httpx.Response:
    """A page; unless told otherwise its rows are all there are."""
    body = {"Status": "OK", "DateTimeUTC": wrapped(NOW), name: rows}
    body["pagination"] = {
        "page": 1,
        "pageSize": 500,
        "pageCount": int(bool(rows)) if pages is None else pages,
        "itemCount": len(rows) if items is None else items,
    }
    return answer(body, **headers)


def problem(status: int, detail: str, **headers: str) -> httpx.Response:
    body = {"Type": None, "Title": "No", "Status": status, "Detail": detail, "Extensions": {}}
    return answer(body, status, **headers)


SCOPE_MISSING = "AuthorizationUnsuccessful"
TENANT_LOST = "AuthenticationUnsuccessful"
EXPIRED = "TokenExpired: token expired at 11/24/2026 00:59:59"


@dataclass
class Xero:
    """The routes of one Xero."""

    router: respx.MockRouter

    def on(self, path: str, *outcomes: httpx.Response | Exception) -> respx.Route:
        return self._given(self.router.get(f"{API}/{path}"), outcomes)

    def on_connections(self, *outcomes: httpx.Response | Exception) -> respx.Route:
        return self._given(self.router.get(CONNECTIONS), outcomes)

    def on_token(self, *outcomes: httpx.Response | Exception) -> respx.Route:
        return self._given(self.router.post(TOKENS), outcomes)

    def _given(self, route: respx.Route, outcomes: tuple[Any, ...]) -> respx.Route:
        if len(outcomes) == 1 and isinstance(outcomes[0], httpx.Response):
            return route.mock(return_value=outcomes[0])
        return route.mock(side_effect=list(outcomes))


@dataclass
class FakeTokens:
    """A token store that hands out the next of its tokens when one is refused."""

    number: int = 1
    refused: list[str] = field(default_factory=list)
    forgotten: int = 0

    async def current(self) -> StoredToken:
        return StoredToken(Secret(f"eyJ.{self.number}.sig"), NOW + timedelta(minutes=27))

    async def replace(self, refused: StoredToken) -> StoredToken:
        self.refused.append(refused.access_token.reveal())
        self.number += 1
        return await self.current()

    async def forget(self) -> None:
        self.forgotten += 1


@dataclass
class CountedSlots:
    """Never refuses, and remembers how many were held at once."""

    held: int = 0
    most: int = 0

    def slot(self) -> AbstractAsyncContextManager[object]:
        return self._slot()

    @asynccontextmanager
    async def _slot(self) -> Any:
        self.held += 1
        self.most = max(self.most, self.held)
        try:
            yield
        finally:
            self.held -= 1


def token_answer(number: int = 1, **changed: Any) -> httpx.Response:
    body: dict[str, Any] = {
        "access_token": f"eyJ.{number}.sig",
        "expires_in": 1800,
        "token_type": "Bearer",
        "refresh_token": f"opaque-{number}",
        "scope": " ".join(GRANULAR),
    } | changed
    return answer({name: value for name, value in body.items() if value is not None})


def jwt(**claims: Any) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJSUzI1NiJ9.{middle}.c2ln"


def held(**changed: Any) -> TokenSet:
    known: dict[str, Any] = {
        "access_token": Secret("eyJ.0.sig"),
        "expires_at": NOW,
        "refresh_token": Secret("opaque-0"),
        "scopes": frozenset(GRANULAR),
        "authentication_event_id": None,
    }
    return TokenSet(**(known | changed))


@pytest.fixture
def xero(upstream: respx.MockRouter) -> Xero:
    return Xero(upstream)


@pytest.fixture
def tokens() -> FakeTokens:
    return FakeTokens()


@pytest.fixture
def slots() -> CountedSlots:
    return CountedSlots()


@pytest.fixture
def limits() -> XeroLimits:
    return XeroLimits()


@pytest.fixture
def client(
    http: httpx.AsyncClient,
    tokens: FakeTokens,
    slots: CountedSlots,
    clock: SetClock,
    waits: Waits,
    turns: Turns,
    limits: XeroLimits,
) -> XeroClient:
    return XeroClient(
        XeroTenant(TENANT, tokens, limits),
        http=http,
        endpoints=ENDPOINTS,
        limiter=turns,
        slots=slots,
        clock=clock,
        sleep=waits,
        policy=RetryPolicy(jitter=lambda: 0.5),
    )


@pytest.fixture
def identity(http: httpx.AsyncClient, clock: SetClock, waits: Waits) -> XeroIdentity:
    return XeroIdentity(
        APP,
        http=http,
        endpoints=ENDPOINTS,
        clock=clock,
        sleep=waits,
        policy=RetryPolicy(jitter=lambda: 0.5),
    )
