"""Random portfolios: what PostgreSQL compares is what the definitions say, in plain Python."""

import json
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from tests.billing.definitions.rows import TODAY, rows
from tests.billing.reconciliation.reference import Books, Count, Line, Rule, row_of
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.figures import Tally
from tests.support.portfolio import connect_pax8, replace_all, subscription

from billingone_api.billing.reconciliation.models import Moment, ReconciliationSettings
from billingone_api.billing.reconciliation.service.snapshots import take
from billingone_api.billing.reconciliation.wiring import freezer_in, organisation_of
from billingone_api.database.tables.counts import client_counts
from billingone_api.database.tables.reconciliation import (
    count_rule_versions,
    count_rules,
    snapshot_lines,
    snapshot_rows,
    snapshots,
)
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

CLIENTS = tuple(UUID(int=number + 1) for number in range(4))
PRODUCTS = tuple(f"product-{number}" for number in range(6))
METRICS = ("devices", "users")
SOURCES = ("ninjaone", "syncro")
SMALL = st.none() | st.decimals(Decimal(0), Decimal(60), places=1)


@st.composite
def a_rule(draw: Any, metric: str, products: frozenset[str]) -> Rule:
    amounts = st.tuples(
        st.decimals(Decimal(0), Decimal(9999), places=2), st.sampled_from(("AUD", "JPY"))
    )
    excluded = st.tuples(st.sampled_from(CLIENTS), st.none() | st.sampled_from(PRODUCTS))
    return Rule(
        id=new_id(),
        metric=metric,
        products=products,
        ratio=draw(st.sampled_from((Decimal(1), Decimal(5), Decimal("0.5")))),
        minimum=draw(SMALL),
        units=draw(SMALL),
        percent=draw(SMALL),
        amount=draw(st.none() | amounts),
        without=draw(st.frozensets(excluded, max_size=2)),
    )


@st.composite
def books(draw: Any) -> Books:
    """Subscriptions of every kind, counts old and new, rules that share no product."""
    held = [
        dict(row) | {"client_id": draw(st.sampled_from((*CLIENTS, None))),
                     "product_id": draw(st.sampled_from(PRODUCTS))}
        for row in draw(st.lists(rows, max_size=14))
    ]  # fmt: skip
    keys = st.tuples(st.sampled_from(CLIENTS), st.sampled_from(METRICS), st.sampled_from(SOURCES))
    counts = [
        Count(
            *key,
            count=draw(st.integers(0, 60)),
            hours_old=draw(st.sampled_from((0, 1, 47, 48, 49, 900))),
        )
        for key in draw(st.sets(keys))
    ]
    rules = []
    for metric in METRICS:
        first = draw(st.frozensets(st.sampled_from(PRODUCTS), max_size=4))
        pairs = [one for one in (first, frozenset(PRODUCTS) - first) if one and draw(st.booleans())]
        rules += [draw(a_rule(metric, products)) for products in pairs]
    chosen = draw(st.dictionaries(st.sampled_from(METRICS), st.sampled_from(SOURCES)))
    return Books(TODAY, held, counts, rules, chosen)


def kept(rule: Rule) -> dict[str, Any]:
    amount, currency = rule.amount or (None, None)
    return {
        "name": "A rule",
        "metric": rule.metric,
        "products": sorted(rule.products),
        "patterns": [],
        "ratio": rule.ratio,
        "minimum": rule.minimum,
        "tolerance_units": rule.units,
        "tolerance_percent": rule.percent,
        "tolerance_amount": amount,
        "tolerance_currency": currency,
        "exclusions": [
            {"client_id": str(client), "product_id": product} for client, product in rule.without
        ],
        "is_active": True,
        "changed_by": "Somebody",
    }


async def fill(process: Process, organisation_id: UUID, given_books: Books) -> None:
    mine = {"organisation_id": organisation_id}
    async with process.work(organisation_id) as work:
        for table in (snapshots, client_counts, count_rules, count_rule_versions):
            await work.connection.execute(
                delete(table).where(table.c.organisation_id == organisation_id)
            )
        await replace_all(work.connection, organisation_id, given_books.subscriptions)
        for one in given_books.counts:
            at = NOW - timedelta(hours=one.hours_old)
            row = {"client_id": one.client_id, "metric": one.metric, "source": one.source}
            numbers = {"count": one.count, "excluded": 0, "counted_at": at, "received_at": at}
            await work.connection.execute(client_counts.insert(), mine | row | numbers)
        for rule in given_books.rules:
            head = {"id": rule.id, "version": 1, "created_at": NOW, "changed_at": NOW}
            await work.connection.execute(count_rules.insert(), mine | head | kept(rule))
            version = {"rule_id": rule.id, "version": 1, "seen_at": NOW}
            await work.connection.execute(count_rule_versions.insert(), mine | version | kept(rule))


async def compared(
    process: Process, organisation_id: UUID, given_books: Books
) -> tuple[dict[tuple[UUID, UUID], Any], dict[UUID, Any]]:
    """The lines and rows of a snapshot of these."""
    await fill(process, organisation_id, given_books)
    snapshot_id = new_id()
    async with process.work(organisation_id) as work:
        asked = {"id": snapshot_id, "status": "running", "trigger": "person", "requested_at": NOW}
        await work.connection.execute(
            snapshots.insert(), {"organisation_id": organisation_id} | asked
        )
        organisation = await organisation_of(work)
        assert organisation is not None
        await take(
            freezer_in(work, process, snapshot_id),
            ReconciliationSettings(count_sources=given_books.chosen),
            organisation,
            about=str(snapshot_id),
            moment=Moment(NOW, TODAY, is_past=False),
            has_panelone_counted=True,
            tell=work.tell,
        )
        found = (await work.connection.execute(select(snapshot_lines))).mappings()
        lines = {(row["client_id"], row["rule_id"]): row for row in found}
        found = (await work.connection.execute(select(snapshot_rows))).mappings()
        return lines, {row["client_id"]: row for row in found}


def exact(value: Decimal | None) -> Fraction | None:
    return None if value is None else Fraction(value)


def said(row: Any) -> Line:
    stake = exact(row["stake_parts"])
    numbers = ("actual", "required", "licensed", "trial", "variance")
    return Line(
        **{name: exact(row[name]) for name in numbers},
        status=row["status"],
        reason=row["reason"],
        is_tolerated=row["is_tolerated"],
        stake=None if stake is None else stake / 72,
        currency=row["currency"],
    )


@pytest.fixture
async def practice(database: Database, organisation_id: UUID) -> UUID:
    await connect_pax8(database, organisation_id)
    for number, client in enumerate(CLIENTS):
        await database.insert(
            "clients",
            organisation_id=organisation_id,
            id=client,
            name=f"Client {number}",
            active=True,
        )
    return organisation_id


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(given_books=books())
async def test_every_line_and_row_is_what_the_definitions_say(
    process: Process, practice: UUID, tally: Tally, given_books: Books
) -> None:
    expected = given_books.lines()
    lines, rows_ = await compared(process, practice, given_books)
    assert {key: said(row) for key, row in lines.items()} == expected
    by_client: dict[UUID, list[Line]] = {}
    for (client, _), line in expected.items():
        by_client.setdefault(client, []).append(line)
    assert {
        client: {name: exact(row[name]) if name == "variance" else row[name]
                 for name in ("variance", "status", "lines", "no_data")}
        for client, row in rows_.items()
    } == {client: row_of(of) for client, of in by_client.items()}  # fmt: skip
    words = "reconciliation: {} lines of {} random portfolios are those of plain Python"
    tally(words, len(expected), json.dumps(sorted(map(str, expected))))


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seats=st.lists(st.integers(1, 50), min_size=4, max_size=4))
async def test_a_clean_portfolio_has_no_finding(
    process: Process, practice: UUID, seats: list[int]
) -> None:
    """Everything is licensed as it is counted: not one line says otherwise."""
    plain = {"price": Decimal(10), "source_status": "Active", "billing_term": "Monthly"}
    held = [
        subscription(client_id=client, product_id=PRODUCTS[0], quantity=Decimal(number), **plain)
        for client, number in zip(CLIENTS, seats, strict=True)
    ]
    counts = [
        Count(client, "devices", "ninjaone", number, 1)
        for client, number in zip(CLIENTS, seats, strict=True)
    ]
    rule = Rule(new_id(), "devices", frozenset({PRODUCTS[0]}))
    lines, found = await compared(process, practice, Books(TODAY, held, counts, [rule]))
    assert {row["status"] for row in (*lines.values(), *found.values())} == {"matched"}
    assert len(lines) == len(CLIENTS)
