"""The dashboard against a second computation in plain Python, to the cent."""

from collections import Counter
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from tests.billing.definitions import reference
from tests.billing.definitions.rows import TODAY, rows
from tests.support.api import Api
from tests.support.databases import Database
from tests.support.portfolio import connect_pax8, replace_all

from billingone_api.process import Process

PLACES = {"AUD": 2, "USD": 2, "JPY": 0, "KWD": 3}
ORDER = ("badge", "term", "usage", "currency", "price", "quantity")
RATES = st.dictionaries(
    st.sampled_from(("USD", "JPY", "KWD")),
    st.decimals(Decimal("0.000001"), Decimal(999999), places=6),
)


def written(value: Fraction, currency: str) -> dict[str, str]:
    """Half away from zero, without Decimal and its contexts."""
    places = PLACES[currency]
    scaled = abs(value) * 10**places
    units = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    digits = str(units).rjust(places + 1, "0")
    amount = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return {"amount": f"-{amount}" if value < 0 and units else amount, "currency": currency}


class Portfolio:
    """The figures of some rows."""

    def __init__(self, given_rows: list[dict[str, Any]], rates: dict[str, Decimal]) -> None:
        self.rows = given_rows
        self.rates = rates | {"AUD": Decimal(1)}

    def reason(self, row: dict[str, Any], counted: str = "active") -> str | None:
        return reference.exclusion(row, TODAY, counted=counted)

    def sell(self, row: dict[str, Any]) -> Fraction:
        found = reference.sell(row, price_is="sell", annual_is="year")
        assert found is not None
        return found

    def cost(self, row: dict[str, Any]) -> Fraction | None:
        return reference.cost(row, price_is="sell", annual_is="year")

    def earning(self, counted: str = "active") -> list[dict[str, Any]]:
        return [row for row in self.rows if self.reason(row, counted) is None]

    def costing(self) -> list[dict[str, Any]]:
        return [
            row
            for row in self.rows
            if self.reason(row) in {None, "price"} and self.cost(row) is not None
        ]

    def currencies(self) -> list[dict[str, Any]]:
        return [
            self.of_currency(currency)
            for currency in sorted({row["currency"] for row in self.earning()})
        ]

    def of_currency(self, currency: str) -> dict[str, Any]:
        earning = [row for row in self.earning() if row["currency"] == currency]
        costing = [row for row in self.costing() if row["currency"] == currency]
        both = [row for row in earning if self.cost(row) is not None]
        margin = sum((self.sell(row) - (self.cost(row) or 0) for row in both), Fraction())
        cost = sum((self.cost(row) or Fraction() for row in costing), Fraction())
        return {
            "currency": currency,
            "mrr": written(sum((self.sell(row) for row in earning), Fraction()), currency),
            "subscriptions": len(earning),
            "cost": written(cost, currency) if costing else None,
            "cost_subscriptions": len(costing),
            "margin": written(margin, currency) if both else None,
            "margin_subscriptions": len(both),
        }

    def trial(self) -> list[dict[str, str]]:
        rows_of = self.earning("trial")
        return [
            written(
                sum((self.sell(row) for row in rows_of if row["currency"] == one), Fraction()), one
            )
            for one in sorted({row["currency"] for row in rows_of})
        ]

    def missing(self) -> list[str]:
        return sorted({row["currency"] for row in self.earning()} - self.rates.keys())

    def total(self) -> dict[str, str] | None:
        if self.missing():
            return None
        worth = (self.sell(row) * Fraction(self.rates[row["currency"]]) for row in self.earning())
        return written(sum(worth, Fraction()), "AUD")

    def excluded(self) -> list[dict[str, Any]]:
        counts = Counter(self.reason(row) for row in self.rows)
        return [{"reason": one, "count": counts[one]} for one in ORDER if counts[one]]


@settings(
    max_examples=40,
    deadline=None,  # a database answers when it answers
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example replaces all rows
)
@given(given_rows=st.lists(rows, max_size=30), rates=RATES)
async def test_the_dashboard_agrees_with_plain_python_to_the_cent(
    api: Api,
    process: Process,
    database: Database,
    organisation_id: UUID,
    given_rows: list[dict[str, Any]],
    rates: dict[str, Decimal],
) -> None:
    await arrange(process, database, organisation_id, given_rows, rates)
    expected = Portfolio(given_rows, rates)
    page = (await api.viewer.get("/v1/dashboard")).json()
    value = page["cards"]["mrr"]["value"]
    assert value["currencies"] == expected.currencies()
    assert value["trial_mrr"] == expected.trial()
    assert value["reporting"]["missing_rates"] == expected.missing()
    assert value["reporting"]["amount"] == expected.total()
    assert page["coverage"]["excluded"] == expected.excluded()
    assert page["coverage"]["counted"] == len(expected.earning())
    badges = Counter(reference.badge(row, TODAY) for row in given_rows)
    shown = page["cards"]["active_subscriptions"]["value"]
    assert {name: count for name, count in shown["badges"].items() if count} == badges
    assert shown["count"] == badges["active"]


async def arrange(
    process: Process,
    database: Database,
    organisation_id: UUID,
    given_rows: list[dict[str, Any]],
    rates: dict[str, Decimal],
) -> None:
    await database.as_owner("DELETE FROM integrations")
    await connect_pax8(database, organisation_id)
    async with process.work(organisation_id) as work:
        await work.connection.execute(text("DELETE FROM exchange_rates"))
        await replace_all(work.connection, organisation_id, given_rows)
    for currency, rate in rates.items():
        await database.insert(
            "exchange_rates",
            organisation_id=organisation_id,
            currency=currency,
            reporting_currency="AUD",
            valid_on=date(2026, 11, 1),
            rate=rate,
            entered_by="Farah Nair",
        )
