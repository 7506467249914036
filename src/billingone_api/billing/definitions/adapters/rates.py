"""What a currency is worth today in the organisation's reporting currency, as SQL."""

from typing import Final

from sqlalchemy import CTE, Numeric, Subquery, Text, bindparam, literal_column, select
from sqlalchemy.dialects.postgresql import distinct_on

from billingone_api.billing.definitions.adapters.subscriptions import TODAY
from billingone_api.database.tables.settings import exchange_rates
from billingone_api.database.tenancy import own

REPORTING_CURRENCY: Final = bindparam("reporting_currency", type_=Text)


def newest_rates() -> Subquery:
    """`currency`, `rate`, `valid_on`: the newest of each that is valid today; of no rate, no row.

    Binds organisation_id, reporting_currency and today.
    """
    of = exchange_rates.c
    return (
        select(of.currency, of.rate, of.valid_on)
        .ext(distinct_on(of.currency))
        .where(
            own(exchange_rates),
            of.reporting_currency == REPORTING_CURRENCY,
            of.currency != REPORTING_CURRENCY,
            of.valid_on <= TODAY,
        )
        .order_by(of.currency, of.valid_on.desc())
        .subquery("newest_rates")
    )


def rates() -> CTE:
    """`currency` and `rate`, the reporting one among them, which is worth 1."""
    newest = newest_rates()
    itself = select(REPORTING_CURRENCY.label("currency"), literal_column("1", Numeric))
    return select(newest.c.currency, newest.c.rate).union_all(itself).cte("rates")
