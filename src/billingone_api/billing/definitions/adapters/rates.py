"""What a currency is worth today in the organisation's reporting currency, as SQL."""

from functools import cache
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Numeric,
    Select,
    Subquery,
    Text,
    bindparam,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on

from billingone_api.billing.definitions.adapters.subscriptions import TODAY
from billingone_api.database.tables.invoices import ledgers, source_rates
from billingone_api.database.tables.settings import exchange_rates
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

REPORTING_CURRENCY: Final = bindparam("reporting_currency", type_=Text)
_ONE: Final = literal_column("1", Numeric)
_ENTERED: Final = word("entered")


def newest_rates() -> Subquery:
    """`currency`, `rate`, `per`, `valid_on`, `source`: the newest of each that is valid today.

    `per` units of it are worth `rate` of the reporting currency: a rate is kept as it was told,
    so that a sum is divided by it, once, and not multiplied by what a division has left.

    Of no rate, no row. A person's (`entered`) wins over one of the same day that an invoice of
    Xero's told (`xero`), whose books have to be kept in the reporting currency and to be read
    still. Binds organisation_id, reporting_currency and today.
    """
    known = union_all(_entered(), _told()).subquery("known_rates")
    of = known.c
    return (
        select(of.currency, of.rate, of.per, of.valid_on, of.source)
        .ext(distinct_on(of.currency))
        .where(of.currency != REPORTING_CURRENCY)
        .order_by(of.currency, of.valid_on.desc(), (of.source == _ENTERED).desc())
        .subquery("newest_rates")
    )


def _entered() -> Select[Any]:
    of = exchange_rates.c
    each = (of.currency, of.rate, _ONE.label("per"), of.valid_on, _ENTERED.label("source"))
    return select(*each).where(
        own(exchange_rates),
        of.reporting_currency == REPORTING_CURRENCY,
        of.valid_on <= TODAY,
    )


def _told() -> Select[Any]:
    of, books = source_rates.c, ledgers.alias("books")
    return (
        select(of.currency, of.rate, of.per, of.valid_on, books.c.source)
        .join(books, own(books) & (books.c.id == of.ledger_id) & books.c.is_current)
        .where(own(source_rates), of.base_currency == REPORTING_CURRENCY, of.valid_on <= TODAY)
    )


@cache
def rates() -> CTE:
    """`currency`, `rate` and `per`, the reporting one among them, which is worth 1.

    Always the same one, so that a statement that asks twice reads them once.
    """
    newest = newest_rates()
    itself = select(REPORTING_CURRENCY.label("currency"), _ONE, _ONE)
    told = select(newest.c.currency, newest.c.rate, newest.c.per)
    return told.union_all(itself).cte("rates")


def worth(amount: ColumnElement[Any], at: FromClause) -> ColumnElement[Any]:
    """A sum in the reporting currency, by a row of `rates` or `rates_on`."""
    return amount * at.c.rate / at.c.per


def rates_on(days: FromClause) -> CTE:
    """`currency`, `day`, `rate`, `per` for each row of `days`: of that day or the nearest before.

    NULL where none is known. A person's word wins over that of an invoice of the same day.
    """
    known = union_all(_entered(), _told()).cte("rates_of_all_days")
    of = known.c
    newest = (
        select(of.rate, of.per)
        .where(of.currency == days.c.currency, of.valid_on <= days.c.day)
        .order_by(of.valid_on.desc(), (of.source == _ENTERED).desc())
        .limit(_ONE)
        .correlate(days)
        .lateral("newest")
    )
    return (
        select(days.c.currency, days.c.day, newest.c.rate, newest.c.per)
        .select_from(days.outerjoin(newest, true()))
        .cte("rates_on_days")
    )
