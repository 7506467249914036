"""A portfolio of 600 clients with planted leaks: each is found in its part, and nothing else is."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import asyncpg
from tests.support.clock import NOW
from tests.support.faulty import many
from tests.support.figures import Figure
from tests.support.month_end import NOVEMBER, MonthEnd, leak_of
from tests.support.portfolio import subscription

from billingone_api.kit.ids import new_id

CLIENTS = 600
PRODUCTS = tuple(f"product-{number}" for number in range(40))
EACH = 4
"""Products of a client."""
OCTOBER = date(2026, 10, 1)
Row = dict[str, Any]


@dataclass
class Held:
    """One product of one client, as it is held, charged and billed; `expected` are its parts."""

    subscription: Row
    charges: list[Row]
    lines: list[Row]
    currency: str
    expected: dict[str, Decimal] = field(default_factory=dict)

    @property
    def units(self) -> Decimal:
        units: Decimal = self.subscription["quantity"]
        return units

    @property
    def price(self) -> Decimal:
        price: Decimal = self.subscription["price"]
        return price

    def worth(self, units: Decimal | int) -> Decimal:
        """What an invoice says of so many."""
        amount = units * self.price
        return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def charge(held: Row, units: Decimal, **more: Any) -> Row:
    price, cost = held["price"], held["partner_cost"]
    amount, paid = ((units * one).quantize(Decimal("0.01"), ROUND_HALF_UP) for one in (price, cost))
    plain: Row = {
        "kind": "subscription", "company_id": f"company of {held['client_id']}",
        "subscription_id": held["source_id"], "product_id": held["product_id"],
        "quantity": units, "price_total": amount, "cost_total": paid, "unit_price": price,
        "unit_cost": cost, "currency": held["currency"], "term": "Monthly",
        "period_from": NOVEMBER, "period_to": date(2026, 11, 30),
    }  # fmt: skip
    return plain | more


def line(held: Row, units: Decimal, **more: Any) -> Row:
    amount = (units * held["price"]).quantize(Decimal("0.01"), ROUND_HALF_UP)
    plain: Row = {
        "item_code": f"sku {held['product_id']}", "description": "Licences", "quantity": units,
        "unit_amount": held["price"], "line_amount": amount, "currency": held["currency"],
    }  # fmt: skip
    return plain | more


def clean(client: UUID, product: str, rng: random.Random) -> Held:
    """As many are charged as are held, and all of them billed, on one line or two."""
    is_long = rng.random() < 0.15
    held = subscription(
        client_id=client,
        product_id=product,
        quantity=Decimal(rng.randint(2, 60)),
        price=Decimal(rng.randint(1_000, 99_999)) / 10_000,
        partner_cost=Decimal(rng.randint(500, 9_000)) / 1_000,
        billing_term="Annual" if is_long else "Monthly",
        currency=rng.choice(("AUD", "AUD", "NZD")),
        source_status="Active",
    )
    units = held["quantity"]
    if is_long and rng.random() < 0.5:
        return Held(held, [], [], held["currency"])
    if rng.random() < 0.2 and held["price"] == held["price"].quantize(Decimal("0.01")):
        return Held(held, [charge(held, units)], [line(held, Decimal(1)), line(held, units - 1)],
                    held["currency"])  # fmt: skip
    return Held(held, [charge(held, units)], [line(held, units)], held["currency"])


def too_few(held: Held, rng: random.Random) -> None:
    more = rng.randint(1, 9)
    held.charges = [charge(held.subscription, held.units + more)]
    held.expected = {"quantity": held.worth(held.units + more) - held.worth(held.units)}


def too_many(held: Held, rng: random.Random) -> None:
    more = rng.randint(1, 9)
    held.lines = [line(held.subscription, held.units + more)]
    held.expected = {"quantity": held.worth(held.units) - held.worth(held.units + more)}


def forgotten(held: Held, _: random.Random) -> None:
    held.lines = []
    held.expected = {"quantity": held.worth(held.units)}


def cancelled_and_charged(held: Held, _: random.Random) -> None:
    held.subscription["source_status"] = "Cancelled"
    held.lines = []
    held.expected = {"quantity": held.worth(held.units)}


def never_charged(held: Held, _: random.Random) -> None:
    held.charges = []
    held.expected = {"quantity": -held.worth(held.units)}


def too_cheap(held: Held, rng: random.Random) -> None:
    off = Decimal(rng.randint(1, 500)) / 100
    for one in held.lines[:1]:
        one["line_amount"] -= off
    held.expected = {"price": off}


def too_dear(held: Held, rng: random.Random) -> None:
    more = Decimal(rng.randint(1, 500)) / 100
    for one in held.lines[:1]:
        one["line_amount"] += more
    held.expected = {"price": -more}


def rebated(held: Held, _: random.Random) -> None:
    held.charges.append(
        charge(held.subscription, Decimal(1), kind="rebate", price_total=Decimal("-7.77"))
    )
    held.expected = {"price": Decimal("-7.77")}


def prorated(held: Held, _: random.Random) -> None:
    more = charge(held.subscription, Decimal(2), kind="prorate", price_total=Decimal("3.21"),
                  period_from=OCTOBER)  # fmt: skip
    held.charges.append(more)
    held.expected = {"proration": Decimal("3.21")}


def prorated_and_billed(held: Held, rng: random.Random) -> None:
    prorated(held, rng)
    text = {"description": "Licences, pro-rata from 18 Oct", "line_amount": Decimal("3.00")}
    held.lines.append(line(held.subscription, Decimal(2), **text))
    held.expected = {"proration": Decimal("0.21")}


def of_another_month(held: Held, _: random.Random) -> None:
    more = {"price_total": Decimal("5.55"), "period_from": OCTOBER, "period_to": date(2026, 10, 31)}
    held.charges.append(charge(held.subscription, Decimal(1), **more))
    held.expected = {"timing": Decimal("5.55")}


def in_dollars(held: Held, _: random.Random) -> None:
    for one in held.lines:
        one |= {"currency": "USD", "line_amount": Decimal("1.23")}
    held.expected = {"currency": held.worth(held.units)}


def dearer(held: Held, _: random.Random) -> None:
    """Which the client does not pay: it is no leak, but an overcharge."""
    for one in held.charges:
        one["cost_total"] += Decimal("1.11")


OVERCHARGED = {"too_few", "cancelled_and_charged", "dearer"}
FAULTS: tuple[Callable[[Held, random.Random], None], ...] = (
    too_few, too_many, forgotten, cancelled_and_charged, never_charged, too_cheap, too_dear,
    rebated, prorated, prorated_and_billed, of_another_month, in_dollars, dearer,
)  # fmt: skip


def portfolio(seed: int) -> tuple[dict[UUID, list[Held]], random.Random]:
    rng = random.Random(seed)  # noqa: S311 - a portfolio that can be made again
    clients = [new_id() for _ in range(CLIENTS)]
    return {
        one: [clean(one, product, rng) for product in rng.sample(PRODUCTS, EACH)] for one in clients
    }, rng


async def fill(month_end: MonthEnd, held: Mapping[UUID, list[Held]]) -> None:
    mine, ledger = month_end.house.organisation_id, month_end.books.ledgers["xero"]
    url = month_end.house.database.owner_url.replace("+asyncpg", "")
    connection = await asyncpg.connect(url)

    async def insert(table: str, rows: list[Row]) -> None:
        names = ("organisation_id", *rows[0])
        values = [(mine, *(row[name] for name in names[1:])) for row in rows]
        await many(connection, table, names, values)

    invoices: list[Row] = []
    lines: list[Row] = []
    for client, each in held.items():
        for currency in sorted({one["currency"] for of in each for one in of.lines}):
            invoice = new_id()
            invoices.append({
                "id": invoice, "source": "xero", "ledger_id": ledger, "source_id": str(invoice),
                "state": "approved", "issued_on": date(2026, 11, 28), "currency": currency,
                "client_id": client, "first_seen_at": NOW, "changed_at": NOW,
            })  # fmt: skip
            mine_ = [one for of in each for one in of.lines if one["currency"] == currency]
            for place, one in enumerate(mine_):
                facts = {name: one[name] for name in one if name != "currency"}
                lines.append({"invoice_id": invoice, "position": place} | facts)
    charges = [one for each in held.values() for of in each for one in of.charges]
    try:
        people = [{"id": one, "name": str(one), "active": True} for one in held]
        await insert("clients", people)
        links = [
            {"source": source, "source_id": f"{word} of {one}", "client_id": one, "origin": "exact"}
            for one in held
            for source, word in (("pax8", "company"), ("xero", "contact"))
        ]
        await insert("client_links", links)
        await insert("products", [
            {"source": "pax8", "source_id": one, "name": one, "sku": f"SKU {one}",
             "fetched_at": NOW} for one in PRODUCTS
        ])  # fmt: skip
        await insert("subscriptions", [of.subscription for each in held.values() for of in each])
        await insert("invoices", invoices)
        await insert("invoice_lines", lines)
        await month_end.bill()
        await insert("pax8_charges", [
            {"bill_id": "november", "position": place} | one for place, one in enumerate(charges)
        ])  # fmt: skip
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


async def found(month_end: MonthEnd, **query: Any) -> dict[tuple[str, str], dict[str, Decimal]]:
    told: dict[tuple[str, str], dict[str, Decimal]] = {}
    cursor: dict[str, Any] = {}
    while True:
        page = await month_end.read(limit=200, **query | cursor)
        for one in page["items"]:
            parts = {part: Decimal(amount) for part, amount in leak_of(one).items()}
            told[one["client_id"], one["product_id"]] = parts
        if page["next_cursor"] is None:
            return told
        cursor = {"cursor": page["next_cursor"]}


async def test_every_planted_leak_is_found_in_its_part_and_none_where_none_is(
    month_end: MonthEnd, figure: Figure
) -> None:
    held, rng = portfolio(1)
    records = [one for each in held.values() for one in each if one.charges]
    planted: dict[tuple[str, str], tuple[str, Held]] = {}
    usual = [one for one in records if one.subscription["billing_term"] == "Monthly"]
    for place, one in enumerate(rng.sample(usual, len(records) // 5)):
        fault = FAULTS[place % len(FAULTS)]
        fault(one, rng)
        of = one.subscription
        planted[str(of["client_id"]), of["product_id"]] = (fault.__name__, one)
    await fill(month_end, held)
    told = await found(month_end, has_leak=True)
    expected = {key: one.expected for key, (_, one) in planted.items() if one.expected}
    assert told == expected
    right: Counter[str] = Counter()
    kinds = Counter(name for name, _ in planted.values())
    for key, (name, _) in planted.items():
        right[name] += told.get(key) == expected.get(key)
    assert right == kinds
    dear = await found(month_end, has_overcharge=True)
    assert dear.keys() == {key for key, (name, _) in planted.items() if name in OVERCHARGED}
    assert kinds.keys() == {fault.__name__ for fault in FAULTS}
    for name, number in sorted(kinds.items()):
        figure(f"four-way line: {name}: {right[name]} of {number} found, in the right part")
    precision = len(told.keys() & expected.keys()) / len(told)
    recall = len(told.keys() & expected.keys()) / len(expected)
    assert (precision, recall) == (1, 1)
    figure(
        f"four-way line: {CLIENTS} clients, {len(records):,} products charged, {len(expected)} "
        f"planted leaks: precision {precision:.3f}, recall {recall:.3f}"
    )
    # The same portfolio without its faults has nothing to find.
    await month_end.house.database.as_owner(
        "TRUNCATE pax8_charges, pax8_bills, invoice_lines, invoices, subscriptions, products,"
        " client_links, clients CASCADE"
    )
    spotless, _ = portfolio(2)
    await fill(month_end, spotless)
    summary = await month_end.read("/summary")
    counted = ("leaking", "overbilled", "overcharged")
    assert [sum(one[name] for name in counted) for one in summary["currencies"]] == [0, 0]
    assert summary["coverage"]["excluded"] == []
    assert await found(month_end, has_leak=True) == {}
    figure(f"four-way line: a clean portfolio of {CLIENTS} clients has no finding")
