"""A client asked for alone has the records that it has among all, whatever its month was like."""

import random
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.billing.fourway.test_states import seen
from tests.support.clock import NOW
from tests.support.month_end import NOVEMBER, MonthEnd, line

OCTOBER = date(2026, 10, 1)
PRODUCTS = [f"p{number}" for number in range(5)]
CURRENCIES = ["AUD", "AUD", "AUD", "NZD", "USD", "JPY"]
VERSIONS = [datetime(2026, month, 10, tzinfo=UTC) for month in (9, 10, 11)]


async def counts_of(month_end: MonthEnd, clients: list[UUID], rng: random.Random) -> None:
    house = month_end.house
    for client in clients:
        for metric in ("devices", "users"):
            await house.counted(client, metric, rng.randint(0, 12))
    for metric in ("devices", "users"):
        await house.rule(metric, *rng.sample(PRODUCTS, 2))
    await house.snapshot()


async def held_by(
    month_end: MonthEnd, client: UUID, company: str, rng: random.Random
) -> dict[str, str]:
    """Its subscriptions with their products, each in up to three versions."""
    found = {}
    for _ in range(rng.randint(1, 6)):
        product = rng.choice(PRODUCTS)
        facts = {
            "currency": rng.choice(CURRENCIES), "company_id": company,
            "source_status": rng.choice(["Active", "Active", "Trial", "Cancelled"]),
            "billing_term": rng.choice(["Monthly", "Monthly", "Annual", "One-Time"]),
            "price": rng.choice([Decimal("10.00"), Decimal("7.555"), None]),
            "partner_cost": rng.choice([Decimal(8), Decimal("5.125"), None]),
            "usage_billed": rng.choice([None, None, None, True]),
            "starts_on": rng.choice([None, date(2026, 10, 20)]),
        }  # fmt: skip
        held = await month_end.holds(client, product, rng.randint(1, 10), **facts)
        found[held] = product
        (row,) = await month_end.house.database.as_owner(
            "UPDATE subscriptions SET first_seen_at = $1 WHERE id = $2 RETURNING *",
            VERSIONS[0], UUID(held),
        )  # fmt: skip
        for version, at in enumerate(VERSIONS[: rng.randint(1, 3)], start=1):
            quantity = rng.choice([Decimal(2), Decimal(7), row["quantity"]])
            await seen(month_end, row, version, at, quantity=quantity)
    return found


async def charged_in(
    month_end: MonthEnd, month: date, held: dict[str, str], names: list[str], rng: random.Random
) -> None:
    """To whoever has it, or to somebody else, as where a subscription has moved."""
    await month_end.bill(month=month, currency=rng.choice(["AUD", None]))
    for _ in range(40):
        subscription, product = rng.choice(sorted(held.items()))
        said = {
            "subscription_id": rng.choice([subscription, subscription, None]),
            "currency": rng.choice([*CURRENCIES, None]),
            "kind": rng.choice(["subscription"] * 4 + ["prorate", "one-time", "rebate", None]),
            "term": rng.choice(["Monthly"] * 5 + ["Arrears"]),
            "period_from": rng.choice([month, month, None, date(2026, 8, 1)]), "period_to": None,
        }  # fmt: skip
        company = rng.choice([*names, "stranger", "ours"])
        await month_end.charged(company, rng.choice([product, None]), rng.randint(1, 9), **said)


async def billed_in(
    month_end: MonthEnd, month: date, clients: list[UUID], rng: random.Random
) -> None:
    for client in clients * 2:
        lines = [
            line(rng.choice([1, 3, -2, 10]), rng.choice(["10.00", "0.83"]),
                 item_code=rng.choice([f"SKU-{rng.choice(PRODUCTS)}", None]),
                 description=rng.choice(["Bundle Nov 2026", "Labour", "EDR pro rata"]))
            for _ in range(rng.randint(1, 5))
        ]  # fmt: skip
        for one in lines:
            one["quantity"] = rng.choice([one["quantity"]] * 9 + [None])
        await month_end.billed(
            client, *lines, issued_on=month.replace(day=rng.randint(1, 28)),
            currency=rng.choice(CURRENCIES),
            line_amounts_are=rng.choice(["Exclusive", "Exclusive", "Inclusive"]),
        )  # fmt: skip


async def walked(month_end: MonthEnd, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await month_end.read(limit=7, **query, **cursor)
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


@pytest.mark.parametrize("month", [NOVEMBER, OCTOBER])
@pytest.mark.parametrize("seed", range(2))
async def test_a_client_alone_has_the_records_that_it_has_among_all(
    month_end: MonthEnd, seed: int, month: date
) -> None:
    rng = random.Random(seed + month.month)  # noqa: S311 - a month that can be made again
    for product in PRODUCTS:
        await month_end.house.product(product, sku=f"SKU-{product}",
                                      gone_at=rng.choice([None, NOW]))  # fmt: skip
    names = [f"c{number}" for number in range(4)]
    clients = [await month_end.client(name) for name in names]
    await month_end.books.link("company of ours", None, "pax8")
    await counts_of(month_end, clients, rng)
    held: dict[str, str] = {}
    for name, client in zip(names, clients, strict=True):
        held |= await held_by(month_end, client, f"company of {name}", rng)
    await charged_in(month_end, month, held, names, rng)
    await billed_in(month_end, month, clients, rng)
    await month_end.house.database.insert(
        "line_mappings", organisation_id=month_end.house.organisation_id, description_key="bundle",
        product_id=PRODUCTS[0], verdict="confirmed", description="Bundle", said_by="Farah Nair",
        said_at=NOW,
    )  # fmt: skip
    asked = {"month": f"{month:%Y-%m}"}
    whole = await walked(month_end, **asked)
    assert len(whole) > len(clients)
    for client in clients:
        mine = [record for record in whole if record["client_id"] == str(client)]
        assert await walked(month_end, **asked, client_id=str(client)) == mine
    leaks = [record["leak"] for record in whole if record["leak"]]
    assert leaks
    for leak in leaks:
        parts = {name: Decimal(part["amount"]) for name, part in leak.items()}
        assert parts.pop("difference") == sum(parts.values())
    summary = await month_end.read("/summary", **asked)
    assert summary["coverage"]["records"] == len(whole)
    for status in ("leaking", "overbilled"):
        told = sum(one[status] for one in summary["currencies"])
        assert told == sum(record["status"] == status for record in whole)
