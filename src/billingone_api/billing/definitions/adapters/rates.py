"""What a currency is worth today in the organisation's reporting currency, as SQL."""

from typing import Any, Final

from sqlalchemy import (
    CTE,
    FromClause,
    Numeric,
    Select,
    Subquery,
    Text,
    bindparam,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on

from billingone_api.billing.definitions.adapters.subscriptions import TODAY
from billingone_api.database.tables.invoices import ledgers, source_rates
from billingone_api.database.tables.settings import exchange_rates
from billingone_api.database.tenancy import own

REPORTING_CURRENCY: Final = bindparam("reporting_currency", type_=Text)
_ENTERED: Final = literal_column("'entered'", Text)


def newest_rates() -> Subquery:
    """`currency`, `rate`, `valid_on`, `source`: the newest of each that is valid today.

    Of no rate, no row. A person's (`entered`) wins over one of the same day that an invoice of
    Xero's told (`xero`), whose books have to be kept in the reporting currency and to be read
    still. Binds organisation_id, reporting_currency and today.
    """
    known = union_all(_entered(), _told()).subquery("known_rates")
    of = known.c
    return (
        select(of.currency, of.rate, of.valid_on, of.source)
        .ext(distinct_on(of.currency))
        .where(of.currency != REPORTING_CURRENCY)
        .order_by(of.currency, of.valid_on.desc(), (of.source == _ENTERED).desc())
        .subquery("newest_rates")
    )


def _entered() -> Select[Any]:
    of = exchange_rates.c
    return select(of.currency, of.rate, of.valid_on, _ENTERED.label("source")).where(
        own(exchange_rates),
        of.reporting_currency == REPORTING_CURRENCY,
        of.valid_on <= TODAY,
    )


def _told() -> Select[Any]:
    of, books = source_rates.c, ledgers.alias("books")
    return (
        select(of.currency, of.rate, of.valid_on, books.c.source)
        .join(books, own(books) & (books.c.id == of.ledger_id) & books.c.is_current)
        .where(own(source_rates), of.base_currency == REPORTING_CURRENCY, of.valid_on <= TODAY)
    )


def rates() -> CTE:
    """`currency` and `rate`, the reporting one among them, which is worth 1."""
    newest = newest_rates()
    itself = select(REPORTING_CURRENCY.label("currency"), literal_column("1", Numeric))
    return select(newest.c.currency, newest.c.rate).union_all(itself).cte("rates")


def rates_on(days: FromClause) -> CTE:
    """`currency`, `day` and `rate` for each row of `days`: as of that day, or the nearest before.

    NULL where none is known. A person's word wins over that of an invoice of the same day.
    """
    known = union_all(_entered(), _told()).cte("rates_of_all_days")
    of = known.c
    newest = (
        select(of.rate)
        .where(of.currency == days.c.currency, of.valid_on <= days.c.day)
        .order_by(of.valid_on.desc(), (of.source == _ENTERED).desc())
        .limit(literal_column("1"))
        .correlate(days)
        .scalar_subquery()
    )
    return select(days.c.currency, days.c.day, newest.label("rate")).cte("rates_on_days")
