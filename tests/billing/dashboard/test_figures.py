"""Figures of a portfolio, reckoned by hand."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.support.api import Api
from tests.support.clock import NOW, SetClock
from tests.support.databases import Database
from tests.support.ledgers import Ledgers

from billingone_api.kit.ids import new_id

Hold = Callable[..., Awaitable[None]]
TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)

pytestmark = pytest.mark.usefixtures("pax8")


async def shown(api: Api) -> Any:
    answer = await api.viewer.get("/v1/dashboard")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def mrr(api: Api) -> Any:
    card = (await shown(api))["cards"]["mrr"]
    assert card["reason"] is None
    return card["value"]


async def tell_rate(
    database: Database,
    organisation_id: UUID,
    ledger_id: UUID,
    currency: str,
    per: str,
    day: date,
    *,
    base: str = "AUD",
) -> None:
    """As an invoice of Xero's does."""
    await database.insert(
        "source_rates",
        organisation_id=organisation_id,
        ledger_id=ledger_id,
        currency=currency,
        base_currency=base,
        rate=Decimal(1),
        per=Decimal(per),
        valid_on=day,
        told_at=NOW,
    )


async def add_rate(
    database: Database, organisation_id: UUID, currency: str, rate: str, day: date
) -> None:
    await database.insert(
        "exchange_rates",
        organisation_id=organisation_id,
        currency=currency,
        reporting_currency="AUD",
        valid_on=day,
        rate=Decimal(rate),
        entered_by="Farah Nair",
    )


def aud(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "AUD"}


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def priced(quantity: int, price: str, cost: str | None = None, **more: Any) -> dict[str, Any]:
    partner_cost = None if cost is None else Decimal(cost)
    return {"quantity": quantity, "price": Decimal(price), "partner_cost": partner_cost, **more}


CLIENT = new_id()
PORTFOLIO: tuple[dict[str, Any], ...] = (
    priced(42, "32.90", "27.64", client_id=CLIENT),
    priced(38, "84", "60", billing_term="Annual", client_id=CLIENT),
    priced(1, "100", billing_term="1-Year", client_id=CLIENT),
    priced(3, "240", "200", billing_term="2-Year", client_id=CLIENT),
    priced(2, "100", "90", billing_term="3-Year", client_id=CLIENT),
    priced(1, "250", "190", source_status="PendingCancel", ends_on=TODAY, client_id=CLIENT),
    priced(1, "999", source_status="PendingCancel", ends_on=TODAY - DAY),
    priced(1, "999", source_status="Activated", starts_on=TODAY + DAY),
    priced(10, "1.005", source_status="Activated", starts_on=TODAY),
    priced(1, "999", source_status="Suspended"),
    priced(1, "999", source_status="SUSPENDED"),
    priced(1, "999", source_status="Converted"),
    priced(5, "20", source_status="Trial"),
    priced(5, "20", source_status="Trial", billing_term="Trial"),
    priced(7, "999", usage_billed=True),
    {"price": None, "partner_cost": Decimal(7)},
    priced(1, "999", currency=None),
    priced(1, "999") | {"quantity": None},
    priced(1, "999", billing_term="One-Time"),
    priced(5, "20", "15", currency="USD", client_id=CLIENT),
    priced(1, "100", currency="USD", billing_term="Annual"),
)


async def test_the_money_of_a_portfolio_in_two_currencies(
    api: Api, database: Database, organisation_id: UUID, hold: Hold
) -> None:
    await hold(*PORTFOLIO)
    await add_rate(database, organisation_id, "USD", "1.5", TODAY - DAY)
    await add_rate(database, organisation_id, "USD", "1.6", TODAY)
    await add_rate(database, organisation_id, "USD", "9.9", TODAY + DAY)
    await add_rate(database, organisation_id, "NZD", "0.9", TODAY)
    assert await mrr(api) == {
        "currencies": [
            {
                # 1381.80 + 266 + 8.333… + 30 + 5.555… + 250 + 10.05
                "currency": "AUD",
                "mrr": aud("1951.74"),
                "subscriptions": 7,
                # 1160.88 + 190 + 25 + 5 + 190, and 7 of the one whose price is missing
                "cost": aud("1577.88"),
                "cost_subscriptions": 6,
                # 1933.3555… - 1570.88
                "margin": aud("362.48"),
                "margin_subscriptions": 5,
            },
            {
                "currency": "USD",
                "mrr": usd("108.33"),
                "subscriptions": 2,
                "cost": usd("75.00"),
                "cost_subscriptions": 1,
                "margin": usd("25.00"),
                "margin_subscriptions": 1,
            },
        ],
        "trial_mrr": [aud("100.00")],
        "reporting": {
            # 1951.73888… + 108.333… x 1.6
            "amount": aud("2125.07"),
            "missing_rates": [],
            "rates_used": [
                {
                    "currency": "USD",
                    "rate": "1.6",
                    "per": "1",
                    "valid_on": "2026-11-24",
                    "source": "entered",
                }
            ],
        },
    }


async def test_the_counts_of_a_portfolio(api: Api, hold: Hold) -> None:
    await hold(*PORTFOLIO)
    page = await shown(api)
    assert page["cards"]["active_subscriptions"]["value"] == {
        "count": 14,
        "badges": {
            "active": 14,
            "trial": 2,
            "pending": 1,
            "suspended": 2,
            "cancelled": 1,
            "unknown": 1,
        },
    }
    coverage = page["coverage"]
    assert coverage["counted"] == 9
    assert coverage["excluded"] == [
        {"reason": "badge", "count": 7},
        {"reason": "term", "count": 1},
        {"reason": "usage", "count": 1},
        {"reason": "currency", "count": 1},
        {"reason": "price", "count": 1},
        {"reason": "quantity", "count": 1},
    ]
    assert coverage["unmapped"]["subscriptions"] == 7
    assert coverage["unmapped"]["mrr"] == [aud("10.05"), usd("8.33")]


async def test_what_is_paid_is_a_figure_of_its_own(api: Api, hold: Hold) -> None:
    await hold(*PORTFOLIO)
    cost = (await shown(api))["cost"]
    assert cost["value"]["currencies"] == [
        {"currency": "AUD", "cost": aud("1577.88"), "subscriptions": 6},
        {"currency": "USD", "cost": usd("75.00"), "subscriptions": 1},
    ]
    assert cost["value"]["reporting"]["missing_rates"] == ["USD"]


@pytest.mark.parametrize(
    ("currency", "term", "price", "expected"),
    [
        ("AUD", "Monthly", "0.005", "0.01"),
        ("AUD", "Monthly", "-0.005", "-0.01"),
        ("AUD", "Monthly", "0.004999999", "0.00"),
        ("AUD", "Annual", "0.06", "0.01"),
        ("AUD", "Annual", "100", "8.33"),
        ("JPY", "Monthly", "0.5", "1"),
        ("JPY", "Monthly", "-0.5", "-1"),
        ("JPY", "Monthly", "2.5", "3"),
        ("JPY", "Annual", "5.999", "0"),
        ("JPY", "3-Year", "100000", "2778"),
        ("KWD", "Monthly", "0.0005", "0.001"),
        ("KWD", "Monthly", "-0.0005", "-0.001"),
        ("KWD", "2-Year", "1", "0.042"),
        ("AUD", "Monthly", "999999999999999", "999999999999999.00"),
    ],
)
async def test_a_figure_is_rounded_half_away_from_zero_to_its_currencys_minor_unit(
    api: Api, hold: Hold, currency: str, term: str, price: str, expected: str
) -> None:
    await hold(priced(1, price, currency=currency, billing_term=term))
    (row,) = (await mrr(api))["currencies"]
    assert row["mrr"] == {"amount": expected, "currency": currency}


async def test_divisions_come_last_so_that_small_parts_are_not_lost(api: Api, hold: Hold) -> None:
    """A sixth of a cent three times over is half a cent."""
    await hold(*(priced(1, "0.02", billing_term="Annual") for _ in range(3)))
    (row,) = (await mrr(api))["currencies"]
    assert row["mrr"] == aud("0.01")


async def test_one_rounding_also_of_what_was_converted(
    api: Api, database: Database, organisation_id: UUID, hold: Hold
) -> None:
    """0.004 AUD and 0.004 USD are 0.00 each and a cent together."""
    await hold(priced(1, "0.004"), priced(1, "0.004", currency="USD"))
    await add_rate(database, organisation_id, "USD", "1.5", TODAY)
    value = await mrr(api)
    assert [row["mrr"] for row in value["currencies"]] == [aud("0.00"), usd("0.00")]
    assert value["reporting"]["amount"] == aud("0.01")


async def test_a_subscription_counts_until_its_last_day_is_over_for_the_organisation(
    api: Api, clock: SetClock, hold: Hold
) -> None:
    await hold(priced(1, "250", source_status="PendingCancel", ends_on=TODAY))
    clock.instant = datetime(2026, 11, 24, 12, 59, 59, tzinfo=UTC)  # a second before midnight
    page = await shown(api)
    assert (page["day"], page["as_of"]) == ("2026-11-24", "2026-11-24T12:59:59Z")
    assert page["cards"]["active_subscriptions"]["value"]["count"] == 1
    clock.move(seconds=1)
    page = await shown(api)
    assert page["day"] == "2026-11-25"
    assert page["cards"]["active_subscriptions"]["value"]["count"] == 0
    assert page["cards"]["mrr"]["value"]["currencies"] == []


async def test_an_activated_subscription_counts_from_the_day_on_which_it_starts(
    api: Api, clock: SetClock, hold: Hold
) -> None:
    await hold(priced(1, "250", source_status="Activated", starts_on=TODAY + DAY))
    assert (await mrr(api))["currencies"] == []
    clock.instant = datetime(2026, 11, 24, 13, tzinfo=UTC)
    assert [row["mrr"] for row in (await mrr(api))["currencies"]] == [aud("250.00")]


async def test_with_a_buying_price_mrr_is_null_and_the_price_is_the_cost(
    api: Api, hold: Hold
) -> None:
    await hold(*PORTFOLIO)
    settings = "/v1/settings/billing"
    await api.finance.patch(settings, headers={"If-Match": "*"}, json={"pax8_price_is": "buy"})
    page = await shown(api)
    assert page["basis"] == {"pax8_price_is": "buy", "annual_price_is": "year"}
    card = page["cards"]["mrr"]
    assert (card["value"], card["reason"]) == (None, "sell_price_unknown")
    assert card["detail"]
    assert page["cost"]["value"]["currencies"] == [
        {"currency": "AUD", "cost": aud("1951.74"), "subscriptions": 7},
        {"currency": "USD", "cost": usd("108.33"), "subscriptions": 2},
    ]
    assert page["cards"]["active_subscriptions"]["value"]["count"] == 14
    assert page["coverage"]["unmapped"]["mrr"] is None


async def test_with_a_price_per_month_no_term_is_divided(api: Api, hold: Hold) -> None:
    terms = ("Monthly", "Annual", "1-Year", "2-Year", "3-Year")
    await hold(*(priced(2, "100", "90", billing_term=term) for term in terms))
    settings = "/v1/settings/billing"
    await api.finance.patch(settings, headers={"If-Match": "*"}, json={"annual_price_is": "month"})
    (row,) = (await mrr(api))["currencies"]
    assert (row["mrr"], row["cost"], row["margin"]) == (
        aud("1000.00"),
        aud("900.00"),
        aud("100.00"),
    )


async def test_a_missing_rate_is_listed_and_nothing_is_dropped(
    api: Api, database: Database, organisation_id: UUID, hold: Hold
) -> None:
    await hold(
        priced(1, "10"),
        priced(1, "10", currency="USD"),
        priced(1, "10", currency="NZD"),
        priced(1, "10", currency="EUR"),
    )
    await add_rate(database, organisation_id, "USD", "1.5", TODAY)
    await add_rate(database, organisation_id, "EUR", "1.7", TODAY + DAY)
    card = (await shown(api))["cards"]["mrr"]
    reporting = card["value"]["reporting"]
    assert (reporting["amount"], reporting["missing_rates"]) == (None, ["EUR", "NZD"])
    assert [rate["currency"] for rate in reporting["rates_used"]] == ["USD"]
    assert "EUR, NZD" in card["detail"]
    assert len(card["value"]["currencies"]) == 4


async def test_the_reporting_currency_needs_no_rate(api: Api, hold: Hold) -> None:
    await hold(priced(1, "10"))
    assert (await mrr(api))["reporting"] == {
        "amount": aud("10.00"),
        "missing_rates": [],
        "rates_used": [],
    }


async def test_rates_for_another_reporting_currency_are_not_used(
    api: Api, database: Database, organisation_id: UUID, hold: Hold
) -> None:
    await hold(priced(1, "10", currency="USD"))
    await add_rate(database, organisation_id, "USD", "1.5", TODAY)
    await api.as_role("Owner").patch(
        "/v1/settings/billing", headers={"If-Match": "*"}, json={"reporting_currency": "NZD"}
    )
    assert (await mrr(api))["reporting"]["missing_rates"] == ["USD"]


@pytest.mark.parametrize(
    ("told_on", "entered_on", "expected"),
    [
        (TODAY, None, ("1", "1.7", "xero")),
        (TODAY, TODAY - DAY, ("1", "1.7", "xero")),
        (TODAY, TODAY, ("1.5", "1", "entered")),
        (TODAY - DAY, TODAY, ("1.5", "1", "entered")),
        (TODAY + DAY, TODAY - DAY, ("1.5", "1", "entered")),
    ],
)
async def test_the_newest_word_on_a_rate_counts_and_a_persons_on_its_day(
    api: Api,
    database: Database,
    organisation_id: UUID,
    hold: Hold,
    told_on: date,
    entered_on: date | None,
    expected: tuple[str, str, str],
) -> None:
    await hold(priced(1, "10", currency="USD"))
    books = await Ledgers(database, organisation_id).ledger("xero")
    await tell_rate(database, organisation_id, books, "USD", "1.7", told_on)
    if entered_on is not None:
        await add_rate(database, organisation_id, "USD", "1.5", entered_on)
    (used,) = (await mrr(api))["reporting"]["rates_used"]
    assert (used["rate"], used["per"], used["source"]) == expected


async def test_rates_of_books_not_read_or_kept_in_another_currency_are_not_used(
    api: Api, database: Database, organisation_id: UUID, hold: Hold
) -> None:
    await hold(priced(1, "10", currency="USD"))
    ledgers = Ledgers(database, organisation_id)
    left, current = await ledgers.ledger("xero", is_current=False), await ledgers.ledger("xero")
    await tell_rate(database, organisation_id, left, "USD", "1.7", TODAY)
    await tell_rate(database, organisation_id, current, "USD", "1.7", TODAY, base="NZD")
    assert (await mrr(api))["reporting"]["missing_rates"] == ["USD"]


async def test_what_is_gone_from_pax8_is_cancelled(api: Api, hold: Hold) -> None:
    await hold(priced(1, "10", gone_at=datetime(2026, 11, 23, tzinfo=UTC)), priced(1, "5"))
    page = await shown(api)
    assert page["cards"]["active_subscriptions"]["value"]["badges"]["cancelled"] == 1
    assert [row["mrr"] for row in page["cards"]["mrr"]["value"]["currencies"]] == [aud("5.00")]
