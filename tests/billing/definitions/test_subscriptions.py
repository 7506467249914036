import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from tests.billing.definitions import reference
from tests.billing.definitions.rows import TODAY, rows
from tests.support.portfolio import replace_all, subscription

from billingone_api.billing.definitions.adapters.subscriptions import (
    badge,
    cost_parts,
    exclusion,
    obstacle,
    sell_parts,
)
from billingone_api.billing.definitions.models import (
    MONTHS,
    PARTS,
    STATUS_RULES,
    SUSPENDED_SPELLING,
    Badge,
    Exclusion,
    PriceBasis,
    monthly,
)
from billingone_api.database.tables.subscriptions import subscriptions
from billingone_api.process import Process

GONE = datetime(2026, 11, 23, 22, tzinfo=UTC)
SELL = PriceBasis("sell", "year")
BASES = [PriceBasis(price, annual) for price in ("sell", "buy") for annual in ("year", "month")]


async def judged(
    process: Process,
    organisation_id: Any,
    given_rows: Sequence[Mapping[str, Any]],
    *,
    basis: PriceBasis = SELL,
    today: date = TODAY,
) -> list[Any]:
    """What PostgreSQL says of each row, in the order given."""
    statement = select(
        subscriptions.c.id,
        badge(subscriptions).label("badge"),
        exclusion(subscriptions, basis, counted=Badge.ACTIVE).label("active"),
        exclusion(subscriptions, basis, counted=Badge.TRIAL).label("trial"),
        obstacle(subscriptions, basis).label("obstacle"),
        sell_parts(subscriptions, basis).label("sell"),
        cost_parts(subscriptions, basis).label("cost"),
    )
    async with process.work(organisation_id) as work:
        await replace_all(work.connection, organisation_id, given_rows)
        answer = await work.connection.execute(statement, {"today": today})
        found = {row.id: row for row in answer}
    return [found[row["id"]] for row in given_rows]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"source_status": "Active"}, "active"),
        ({"source_status": "Active", "ends_on": TODAY - timedelta(days=9)}, "active"),
        ({"source_status": "Active", "starts_on": TODAY + timedelta(days=9)}, "active"),
        ({"source_status": "Activated", "starts_on": TODAY + timedelta(days=1)}, "pending"),
        ({"source_status": "Activated", "starts_on": TODAY}, "active"),
        ({"source_status": "Activated", "starts_on": TODAY - timedelta(days=1)}, "active"),
        ({"source_status": "Activated"}, "active"),
        ({"source_status": "PendingCancel", "ends_on": TODAY + timedelta(days=1)}, "active"),
        ({"source_status": "PendingCancel", "ends_on": TODAY}, "active"),
        ({"source_status": "PendingCancel", "ends_on": TODAY - timedelta(days=1)}, "cancelled"),
        ({"source_status": "PendingCancel"}, "active"),
        ({"source_status": "Trial"}, "trial"),
        ({"source_status": "Trial", "ends_on": TODAY - timedelta(days=1)}, "trial"),
        ({"source_status": "PendingManual"}, "pending"),
        ({"source_status": "PendingAutomated"}, "pending"),
        ({"source_status": "PendingActivation"}, "pending"),
        ({"source_status": "WaitingForDetails"}, "pending"),
        ({"source_status": "Cancelled"}, "cancelled"),
        ({"source_status": "Suspended"}, "suspended"),
        ({"source_status": "SUSPENDED"}, "suspended"),
        ({"source_status": "suspended"}, "suspended"),
        ({"source_status": "Suspension"}, "suspended"),
        ({"source_status": "AutoSuspended"}, "suspended"),
        ({"source_status": "Account Suspended"}, "suspended"),
        ({"source_status": "Unsuspended"}, "unknown"),
        ({"source_status": "Expense"}, "unknown"),
        ({"source_status": "Converted"}, "unknown"),
        ({"source_status": "Migrating"}, "unknown"),
        ({"source_status": "active"}, "unknown"),
        ({"source_status": None}, "unknown"),
        ({"source_status": "Active", "gone_at": GONE}, "cancelled"),
        ({"source_status": "Converted", "gone_at": GONE}, "cancelled"),
    ],
)
async def test_a_badge_follows_from_status_and_day(
    process: Process, organisation_id: Any, facts: dict[str, Any], expected: str
) -> None:
    (row,) = await judged(process, organisation_id, [subscription(**facts)])
    assert row.badge == expected
    assert reference.badge(subscription(**facts), TODAY) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, None),
        ({"price": Decimal(0)}, None),
        ({"quantity": Decimal(0)}, None),
        ({"source_status": "Trial", "billing_term": None}, "badge"),
        ({"billing_term": "One-Time", "usage_billed": True}, "term"),
        ({"billing_term": "Trial"}, "term"),
        ({"billing_term": "Activation"}, "term"),
        ({"billing_term": "Fortnightly"}, "term"),
        ({"billing_term": None}, "term"),
        ({"usage_billed": True, "currency": None}, "usage"),
        ({"usage_billed": False}, None),
        ({"currency": None, "price": None}, "currency"),
        ({"price": None, "quantity": None}, "price"),
        ({"quantity": None}, "quantity"),
    ],
)
async def test_the_first_reason_in_order_excludes(
    process: Process, organisation_id: Any, facts: dict[str, Any], expected: str | None
) -> None:
    facts = {"price": Decimal(10)} | facts
    (row,) = await judged(process, organisation_id, [subscription(**facts)])
    assert row.active == expected
    assert reference.exclusion(subscription(**facts), TODAY, counted="active") == expected


@pytest.mark.parametrize(
    ("term", "price_per_year", "price_per_month"),
    [
        ("Monthly", Fraction(900), Fraction(900)),
        ("Annual", Fraction(75), Fraction(900)),
        ("1-Year", Fraction(75), Fraction(900)),
        ("2-Year", Fraction(75, 2), Fraction(900)),
        ("3-Year", Fraction(25), Fraction(900)),
    ],
)
async def test_a_months_money_is_price_times_quantity_by_the_terms_months(
    process: Process,
    organisation_id: Any,
    term: str,
    price_per_year: Fraction,
    price_per_month: Fraction,
) -> None:
    row = subscription(billing_term=term, price=Decimal("300.00"), quantity=Decimal(3))
    (yearly,) = await judged(process, organisation_id, [row])
    basis = PriceBasis("sell", "month")
    (by_month,) = await judged(process, organisation_id, [row], basis=basis)
    assert monthly(yearly.sell) == price_per_year
    assert monthly(by_month.sell) == price_per_month
    assert yearly.cost is None


async def test_a_buying_price_is_the_cost_and_tells_nothing_of_what_is_earned(
    process: Process, organisation_id: Any
) -> None:
    row = subscription(price=Decimal(12), partner_cost=Decimal(99), billing_term="Annual")
    (found,) = await judged(process, organisation_id, [row], basis=PriceBasis("buy", "year"))
    assert (found.sell, monthly(found.cost)) == (None, Fraction(1))


@settings(
    max_examples=60,
    deadline=None,  # a database answers when it answers
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example replaces all rows
)
@given(
    given_rows=st.lists(rows, min_size=1, max_size=25),
    basis=st.sampled_from(BASES),
    today=st.dates(date(2026, 11, 20), date(2026, 11, 28)),
)
async def test_postgresql_and_plain_python_agree_on_any_subscription(
    process: Process,
    organisation_id: Any,
    given_rows: list[dict[str, Any]],
    basis: PriceBasis,
    today: date,
) -> None:
    known = {"price_is": basis.pax8_price_is, "annual_is": basis.annual_price_is}
    found = await judged(process, organisation_id, given_rows, basis=basis, today=today)
    for row, said in zip(given_rows, found, strict=True):
        assert said.badge == reference.badge(row, today)
        assert said.active == reference.exclusion(row, today, counted="active")
        assert said.trial == reference.exclusion(row, today, counted="trial")
        assert said.obstacle == reference.exclusion(row, today, counted=said.badge)
        assert in_months(said.sell) == reference.sell(row, **known)
        assert in_months(said.cost) == reference.cost(row, **known)


def in_months(parts: Decimal | None) -> Fraction | None:
    return None if parts is None else monthly(parts)


def test_every_term_divides_the_parts_a_sum_is_kept_in() -> None:
    assert all(PARTS % months == 0 for months in MONTHS.values())


def test_no_word_of_pax8_has_two_meanings() -> None:
    words = [rule.word for rule in STATUS_RULES]
    assert len(words) == len(set(words))
    assert not any(re.search(SUSPENDED_SPELLING, word.lower()) for word in words)


def test_reasons_come_in_the_order_of_the_definitions() -> None:
    assert list(Exclusion) == ["badge", "term", "usage", "currency", "price", "quantity"]
