"""A Pax8 that changes while it is read and has bad days, on the wire of its contract.

Its pages are small, so that a few records make a list of several pages; the client goes by the
page block and does not mind.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import httpx
from tests.simulation.door import Life
from tests.simulation.virtual import loop

PAGE_SIZE = 3
Record = dict[str, Any]
LISTS = ("companies", "subscriptions")
INVOICE: Record = {"id": "i1", "invoiceDate": "2026-11-01", "status": "Unpaid", "total": 6}


@dataclass
class Account:
    """What a partner has at Pax8, and since when each record was there, without a break."""

    lists: dict[str, list[Record]] = field(default_factory=lambda: {name: [] for name in LISTS})
    since: dict[tuple[str, str], float] = field(default_factory=dict)
    served: dict[tuple[str, int], list[frozenset[str]]] = field(default_factory=dict)
    """Which ids were ever answered for a page, to hold the checkpoint to."""
    began: dict[str, float] = field(default_factory=dict)
    """When a list was last read from its beginning."""
    number: int = 0

    def add(self, kind: str) -> Record:
        self.number += 1
        record = _company(self.number) if kind == "companies" else self._subscription()
        self.lists[kind].append(record)
        self.since[kind, record["id"]] = loop().time()
        return record

    def remove(self, kind: str, place: int) -> Record:
        record = self.lists[kind].pop(place)
        del self.since[kind, record["id"]]
        return record

    def page(self, kind: str, number: int) -> dict[str, Any]:
        return _page(self.lists[kind], number)

    def people(self, company_id: str, number: int) -> dict[str, Any] | None:
        found = (one for one in self.lists["companies"] if one["id"] == company_id)
        company = next(found, None)
        return None if company is None else _page(people_of(company), number)

    def charged(self, rest: str, query: Mapping[str, Any]) -> dict[str, Any] | None:
        """One invoice that never changes, and drafts that follow the subscriptions."""
        number = int(query.get("page", 0))
        match rest:
            case "":
                return _page([INVOICE], number)
            case "draftItems":
                return _page([_item(one) for one in self.lists["subscriptions"]], number)
            case "i1/items":
                return _page([{"id": f"x{n}", "costTotal": n} for n in range(4)], number)
        return INVOICE if rest == INVOICE["id"] else None

    def _subscription(self) -> Record:
        companies = self.lists["companies"]
        return {
            "id": f"s{self.number:03}",
            "companyId": companies[self.number % len(companies)]["id"] if companies else None,
            "productId": f"p{self.number % 2}",
            "quantity": self.number,
            "price": 10,
            "partnerCost": 8,
            "currencyCode": "AUD",
            "status": "Active",
            "billingTerm": "Monthly",
            "createdDate": "2026-01-29",
            "startDate": "2026-02-01",
        }


def _page(records: list[Record], number: int) -> dict[str, Any]:
    shown = records[number * PAGE_SIZE : (number + 1) * PAGE_SIZE]
    pages = -(-len(records) // PAGE_SIZE)
    return {
        "content": deepcopy(shown),
        "page": {
            "size": PAGE_SIZE,
            "totalElements": len(records),
            "totalPages": pages,
            "number": number,
        },
    }


def _item(subscription: Record) -> Record:
    return {
        "type": "subscription",
        "subscriptionId": subscription["id"],
        "companyId": subscription["companyId"],
        "quantity": subscription["quantity"],
        "costTotal": 8,
        "currencyCode": "AUD",
    }


def _company(number: int) -> Record:
    return {"id": f"c{number:03}", "name": f"Client {number}", "status": "Active"}


def people_of(company: Record) -> list[Record]:
    """They are called after their company, and come and go when it changes."""
    name = str(company["name"])
    count = 2 if "spoilt" in company else 1 + len(name) % 4
    return [
        {
            "id": f"{company['id']}-{place}",
            "lastName": name,
            "email": f"{place}@example.com",
            "types": [{"type": "Billing", "primary": place == 0}],
        }
        for place in range(count)
    ]


@dataclass(frozen=True)
class Answer:
    """What becomes of one request: how long it takes, and what goes wrong with it.

    `fault` is a status, or one of the words below; `spoil` changes a page before it is sent.
    """

    seconds: float = 0.1
    fault: str = ""
    retry_after: int | None = None


Ask = Callable[[Life, str], Answer]


@dataclass
class Pax8Wire(httpx.AsyncBaseTransport):
    """One worker's line to Pax8: the client's requests become answers of the account."""

    account: Account
    life: Life
    ask: Ask
    tell: Callable[[str], None]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.life.check()
        path = request.url.path.removeprefix("/v1/")
        answer = self.ask(self.life, path)
        if answer.fault:
            self.tell(f"pax8 {path}?{request.url.query.decode()} {answer}")
        if request.url.params.get("page") == "0":
            self.account.began[path] = loop().time()
        await self.life.wait(answer.seconds)
        match answer.fault:
            case "refused":
                raise httpx.ConnectError("refused", request=request)
            case "hangs":
                await asyncio.sleep(10**6)
            case "lost":
                self._found(path, request)
                raise httpx.ReadError("reset", request=request)
            case status if status.isdecimal():
                headers = {} if answer.retry_after is None else _retry(answer.retry_after)
                return httpx.Response(int(status), headers=headers, text="<html>no</html>")
        found = self._found(path, request)
        if found is None:
            return httpx.Response(404, json={"type": "NOT_FOUND", "status": 404})
        _spoil(found, answer.fault)
        self._note(path, found)
        body = json.dumps(found).encode()
        if answer.fault == "cut":
            body = body[: len(body) // 2]
        return httpx.Response(200, content=body, headers={"Content-Type": "application/json"})

    def _found(self, path: str, request: httpx.Request) -> dict[str, Any] | None:
        if path == "token":
            return {"access_token": "t", "expires_in": 86400, "token_type": "Bearer"}
        kind, _, rest = path.partition("/")
        if kind == "invoices":
            return self.account.charged(rest, request.url.params)
        if kind == "products":
            return {"id": rest, "name": f"Product {rest}", "vendorName": "Vendor"}
        name, _, of = rest.partition("/")
        if of == "contacts":
            return self.account.people(name, int(request.url.params["page"]))
        if rest:
            return next((one for one in self.account.lists[kind] if one["id"] == name), None)
        return self.account.page(kind, int(request.url.params["page"]))

    def _note(self, kind: str, answer: dict[str, Any]) -> None:
        if "page" in answer:
            if kind not in LISTS:
                return
            ids = frozenset(record["id"] for record in answer["content"])
            self.account.served.setdefault((kind, answer["page"]["number"]), []).append(ids)


def _retry(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds)}


def _spoil(found: dict[str, Any], fault: str) -> None:
    content = found.get("content")
    if not content:
        return
    match fault:
        case "emptied":
            content.clear()
        case "doubled":
            content.append(content[0])
        case "short":
            content.pop()
