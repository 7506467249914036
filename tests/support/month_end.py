"""A month in which clients hold, are charged and are billed something, put into the tables."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.support.clock import NOW
from tests.support.reconciled import House, made
from tests.support.sales import SalesBooks

BASE = "/v1/reconciliation/four-way"
NOVEMBER = date(2026, 11, 1)


@dataclass
class MonthEnd:
    """Products cost AUD 8.00 and are sold for AUD 10.00 a month, unless said otherwise."""

    house: House
    books: SalesBooks
    bills: dict[str, int] = field(default_factory=dict)

    async def begun(self) -> None:
        """Pax8 and Xero have come through."""
        await self.house.synced()
        await self.books.connected()
        await self.books.open()

    async def client(self, name: str) -> UUID:
        """Who is known to Pax8 and to Xero."""
        made_ = await self.house.client(name)
        await self.books.link(f"company of {name}", made_, "pax8")
        await self.books.link(f"contact of {name}", made_)
        return made_

    async def holds(self, client_id: UUID, product: str, quantity: int | str, **more: Any) -> str:
        plain = {"quantity": Decimal(quantity), "partner_cost": Decimal("8.00")}
        id_ = await self.house.holds(client_id, product, **plain | more)
        return str(id_)

    async def bill(self, bill_id: str = "november", **more: Any) -> None:
        plain = {
            "is_draft": False, "month": NOVEMBER, "source_status": "Unpaid", "currency": "AUD",
            "is_due": False, "read_at": NOW, "first_seen_at": NOW, "changed_at": NOW,
        }  # fmt: skip
        await self._insert("pax8_bills", source_id=bill_id, **plain | more)
        self.bills[bill_id] = 0

    async def charged(
        self, company: str, product: str | None, quantity: int | str, *, bill: str = "november",
        price: str = "10.00", cost: str = "8.00", **more: Any,
    ) -> None:  # fmt: skip
        """A month's charge for the company of a client."""
        units = Decimal(quantity)
        plain = {
            "kind": "subscription", "product_id": product, "quantity": units, "currency": "AUD",
            "period_from": NOVEMBER, "period_to": date(2026, 11, 30), "term": "Monthly",
            "unit_price": Decimal(price), "price_total": Decimal(price) * units,
            "unit_cost": Decimal(cost), "cost_total": Decimal(cost) * units,
        }  # fmt: skip
        place = self.bills[bill] = self.bills[bill] + 1
        row = {"bill_id": bill, "position": place, "company_id": f"company of {company}"}
        await self._insert("pax8_charges", **row | plain | more)

    async def billed(
        self, client_id: UUID | None, *lines: dict[str, Any], source: str = "xero", **facts: Any
    ) -> UUID:
        plain = {"client_id": client_id, "issued_on": date(2026, 11, 28)}
        invoice = await self.books.invoice(source, **plain | facts)
        for place, line in enumerate(lines):
            await self.books.line(invoice, place, **line)
        return invoice

    async def read(self, path: str = "", **query: Any) -> Any:
        answer = await self.house.api.viewer.get(f"{BASE}{path}", params=query)
        return made(answer, 200)

    async def records(self, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.read(limit=200, **query))["items"]
        return found

    async def _insert(self, table: str, **row: Any) -> None:
        mine = self.house.organisation_id
        await self.house.database.insert(table, organisation_id=mine, **row)


def line(quantity: int | str, price: str = "10.00", **more: Any) -> dict[str, Any]:
    """Of an invoice without tax, by the SKU of the product called `edr`."""
    units, each = Decimal(quantity), Decimal(price)
    plain = {"item_code": "SKU-EDR", "description": "Endpoint protection"}
    amounts = {"quantity": units, "unit_amount": each, "line_amount": units * each}
    return plain | amounts | more


def leak_of(record: dict[str, Any]) -> dict[str, str]:
    """The parts that are not 0, and their sum held against the difference."""
    parts = dict(record["leak"])
    difference = Decimal(parts.pop("difference")["amount"])
    amounts = {name: Decimal(part["amount"]) for name, part in parts.items()}
    assert sum(amounts.values()) == difference
    assert {part["currency"] for part in parts.values()} == {record["currency"]}
    return {name: str(amount) for name, amount in amounts.items() if amount}
