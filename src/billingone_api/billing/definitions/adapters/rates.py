"""What a currency is worth today in the organisation's reporting currency, as SQL."""

from typing import Final

from sqlalchemy import CTE, Numeric, Text, bindparam, literal_column, select
from sqlalchemy.dialects.postgresql import distinct_on

from billingone_api.billing.definitions.adapters.subscriptions import TODAY
from billingone_api.database.tables.settings import exchange_rates
from billingone_api.database.tenancy import own

REPORTING_CURRENCY: Final = bindparam("reporting_currency", type_=Text)


def rates() -> CTE:
    """`currency` and `rate`: the newest of each that is valid today; the reporting one is 1.

    A currency without a rate has no row. Binds organisation_id, reporting_currency and today.
    """
    of = exchange_rates.c
    newest = (
        select(of.currency, of.rate)
        .ext(distinct_on(of.currency))
        .where(
            own(exchange_rates),
            of.reporting_currency == REPORTING_CURRENCY,
            of.currency != REPORTING_CURRENCY,
            of.valid_on <= TODAY,
        )
        .order_by(of.currency, of.valid_on.desc())
        .subquery("newest")
    )
    itself = select(REPORTING_CURRENCY.label("currency"), literal_column("1", Numeric))
    return select(newest).union_all(itself).cte("rates")
