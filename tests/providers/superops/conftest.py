"""SuperOps as a router of respx, and records in its shapes, composed for the tests."""

import json
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import respx
from tests.support.clock import SetClock
from tests.support.outside import Turns, Waits
from tests.support.wire import written

from billingone_api.kit.cipher import Secret
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.providers.superops.account import Region, SuperOpsAccount, SuperOpsEndpoints
from billingone_api.providers.superops.client import SuperOpsClient

US = "https://api.superops.example/msp"
EU = "https://euapi.superops.example/msp"
PLANTED = "planted-secret-9c41"

CLIENT: dict[str, Any] = {
    "accountId": "7929754851606401024",
    "name": "Wattle Physio",
    "stage": "Active",
    "status": "Paid",
    "emailDomains": ["wattle.example"],
}
SUMMARY: dict[str, Any] = {
    "invoiceId": "350481346737401856",
    "displayId": "061426-0001",
    "client": {"accountId": "7929754851606401024", "name": "Wattle Physio"},
    "invoiceDate": "2026-06-14",
    "dueDate": "2026-06-28",
    "statusEnum": "APPROVED",
    "sentToClient": True,
    "totalAmount": "1206.89",
    "paymentDate": None,
}
LINE: dict[str, Any] = {
    "itemId": "4",
    "details": "Drives",
    "quantity": "10",
    "unitPrice": "125.75",
    "discountRate": "12.75",
    "amount": "1097.17",
    "taxable": True,
}
MORE_OF_LINE: dict[str, Any] = {
    "taxAmount": "109.72",
    "serviceItem": {"itemId": "77", "name": "Drive 2 TB", "quantityType": "UNITS"},
}
INVOICE: dict[str, Any] = SUMMARY | {
    "discountAmount": "160.33",
    "additionalDiscount": "0",
    "additionalDiscountRate": None,
    "paymentReference": None,
    "taxes": [{"taxRate": "10", "taxableAmount": "1097.17", "taxAmount": "109.72"}],
    "items": [LINE],
}
ASSET: dict[str, Any] = {
    "assetId": "9001114136934215681",
    "name": "DESKTOP-I9",
    "assetClass": {"classId": "1", "name": "Windows Machine"},
    "client": {"accountId": "7929754851606401024", "name": "Wattle Physio"},
    "status": "ONLINE",
    "platform": "Microsoft Windows 11 Pro",
    "lastCommunicatedTime": "2026-11-23T15:54:16.270",
    "deviceCategory": {"id": "7642345678456", "name": "Windows Workstation"},
    "hostName": "DESKTOP-I9",
    "serialNumber": "15CD10509R721",
}
USER: dict[str, Any] = {
    "id": "500000000000000001",
    "client": {"accountId": "7929754851606401024", "name": "Wattle Physio"},
    "user": {"userId": "2054960186819178496", "name": "Ada Quince"},
}
KEYS = {
    "getClientList": "clients",
    "getInvoiceList": "invoices",
    "getAssetList": "assets",
    "getClientUserAssociationList": "associations",
}


def answer(value: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(
        status, content=written(value).encode(), headers={"Content-Type": "application/json"}
    )


def page(operation: str, *rows: Any, more: Any = None, total: Any = ...) -> httpx.Response:
    """A page; unless told otherwise its rows are all there are."""
    count = len(rows) if total is ... else total
    block = {KEYS[operation]: rows, "listInfo": {"hasMore": more, "totalCount": count}}
    return answer({"data": {operation: block}})


def detail(row: Any) -> httpx.Response:
    return answer({"data": {"getInvoice": row}})


def refused(*codes: str, data: Any = None, **more: Any) -> httpx.Response:
    """An answer of success that says that it is none."""
    told = [{"code": code, "param": {}} for code in codes]
    error = {"extensions": {"clientError": told}} | more
    return answer({"errors": [error], "data": {} if data is None else data})


UNSELECTABLE = (
    "Validation error (SubSelectionNotAllowed@[getInvoice/items]) : "
    "Subselection not allowed on leaf type 'JSON' of field 'client'"
)
BLOWN_UP: dict[str, Any] = {
    "errors": [{"message": "Internal Server Error(s) while executing query"}],
    "data": None,
}


def invalid(message: str | None = UNSELECTABLE) -> httpx.Response:
    error = {"message": message, "extensions": {"classification": "ValidationError"}}
    return answer({"errors": [error]})


@dataclass
class SuperOps:
    """The operations of one SuperOps, each by its name."""

    router: respx.MockRouter

    def on(
        self, operation: str, *outcomes: httpx.Response | Exception, url: str = US
    ) -> respx.Route:
        named = f"query {operation}(".encode()
        route = self.router.post(url, content__contains=named)
        if len(outcomes) == 1 and isinstance(outcomes[0], httpx.Response):
            return route.mock(return_value=outcomes[0])
        return route.mock(side_effect=list(outcomes))


def sent(route: respx.Route, number: int = -1) -> Any:
    """The body of one of its requests."""
    return json.loads(route.calls[number].request.content)


def asked(route: respx.Route) -> list[Any]:
    return [sent(route, number)["variables"]["input"] for number in range(route.call_count)]


@pytest.fixture
def superops(upstream: respx.MockRouter) -> SuperOps:
    return SuperOps(upstream)


@dataclass
class Clients:
    """Makes clients that share a world."""

    http: httpx.AsyncClient
    clock: SetClock
    waits: Waits
    turns: Turns

    def client(self, *, subdomain: str = "bluegum", region: Region = Region.US) -> SuperOpsClient:
        return SuperOpsClient(
            SuperOpsAccount(subdomain, region, Secret(PLANTED)),
            http=self.http,
            endpoints=SuperOpsEndpoints(us_url=US, eu_url=EU),
            limiter=self.turns,
            clock=self.clock,
            sleep=self.waits,
            policy=RetryPolicy(jitter=lambda: 0.5),
        )


@pytest.fixture
def clients(http: httpx.AsyncClient, clock: SetClock, waits: Waits, turns: Turns) -> Clients:
    return Clients(http, clock, waits, turns)


@pytest.fixture
def client(clients: Clients) -> SuperOpsClient:
    return clients.client()
