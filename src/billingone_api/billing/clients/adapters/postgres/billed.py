"""What was invoiced in the trailing twelve months and is owed now, by group, as SQL and from it.

Revenue is without tax, less credit notes; an invoice of SuperOps that is one of Xero's once more
counts nowhere, nor do books that are not read any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Numeric,
    Select,
    case,
    func,
    literal_column,
    null,
    or_,
    select,
    union_all,
)

from billingone_api.billing.definitions.adapters.invoices import (
    counted_once,
    in_current_books,
    is_owed,
)
from billingone_api.billing.definitions.adapters.rates import REPORTING_CURRENCY, rates_on, worth
from billingone_api.billing.definitions.adapters.subscriptions import TODAY
from billingone_api.billing.definitions.models import InvoiceState
from billingone_api.database.fast import Row
from billingone_api.database.tables.invoices import client_credits, invoices
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

BILLED: Final = (
    "billed_currencies",
    "revenues",
    "owed",
    "revenue",
    "outstanding",
    "billed_missing_rates",
    "invoices",
)
"""What `billed` says of each group, besides its key; `billed_sums` reads them."""

_ZERO: Final = literal_column("0", Numeric)
_NONE: Final = literal_column("0", Integer)
_ONE: Final = literal_column("1", Integer)
_FINAL: Final = (InvoiceState.APPROVED, InvoiceState.PAID)


@dataclass(frozen=True, slots=True)
class BilledSums:
    """Exact sums; those in the reporting currency are None while one of the rates is missing."""

    revenues: Sequence[tuple[str, Decimal]]
    owed: Sequence[tuple[str, Decimal]]
    revenue: Decimal | None
    outstanding: Decimal | None
    missing_rates: tuple[str, ...]
    invoices: int


def billed_sums(row: Row) -> BilledSums:
    """What the columns of `billed` say; nothing at all where a left join found no group."""
    currencies = row["billed_currencies"] or ()
    is_nothing = row["billed_currencies"] is None
    return BilledSums(
        revenues=sorted(zip(currencies, row["revenues"] or (), strict=True)),
        owed=sorted(zip(currencies, row["owed"] or (), strict=True)),
        revenue=Decimal(0) if is_nothing else row["revenue"],
        outstanding=Decimal(0) if is_nothing else row["outstanding"],
        missing_rates=tuple(sorted(row["billed_missing_rates"] or ())),
        invoices=int(row["invoices"] or 0),
    )


@dataclass(frozen=True, slots=True)
class Grouped:
    """By what invoices and credits are grouped, and which of them are meant."""

    invoices_by: ColumnElement[Any]
    credits_by: ColumnElement[Any]
    invoices_where: ColumnElement[bool]
    credits_where: ColumnElement[bool]


def billed(by: Grouped) -> CTE:
    """One row for each key. Binds what the clauses need, organisation_id, today and currency."""
    per_day = _per_day(by)
    of = per_day.c
    foreign = (
        select(of.currency, of.day).where(of.currency != REPORTING_CURRENCY).distinct().cte("days")
    )
    known = rates_on(foreign)
    is_its = (known.c.currency == of.currency) & (known.c.day == of.day)
    is_here = of.currency == REPORTING_CURRENCY
    lacks_rate = ~is_here & known.c.rate.is_(None)

    def here(amount: ColumnElement[Any]) -> ColumnElement[Any]:
        return case((is_here, amount), else_=worth(amount, known))

    per_currency = (
        select(
            of.key,
            of.currency,
            func.sum(of.revenue).label("revenue"),
            func.sum(of.owed).label("owed"),
            func.sum(here(of.revenue)).label("revenue_here"),
            func.sum(here(of.owed)).label("owed_here"),
            func.bool_or(lacks_rate).label("lacks_rate"),
            func.sum(of.invoices).label("invoices"),
        )
        .select_from(per_day.outerjoin(known, is_its))
        .group_by(of.key, of.currency)
        .cte("billed_per_currency")
    )
    return _per_key(per_currency)


def _per_key(per_currency: CTE) -> CTE:
    of = per_currency.c
    lacks = func.bool_or(of.lacks_rate)
    return (
        select(
            of.key,
            func.array_agg(of.currency).label("billed_currencies"),
            func.array_agg(of.revenue).label("revenues"),
            func.array_agg(of.owed).label("owed"),
            case((lacks, null()), else_=func.sum(of.revenue_here)).label("revenue"),
            case((lacks, null()), else_=func.sum(of.owed_here)).label("outstanding"),
            func.array_agg(of.currency).filter(of.lacks_rate).label("billed_missing_rates"),
            func.sum(of.invoices).label("invoices"),
        )
        .group_by(of.key)
        .cte("billed")
    )


def _per_day(by: Grouped) -> CTE:
    """Days matter for rates alone: what is in the reporting currency has none."""
    each = union_all(_invoices(by), _credits(by)).subquery("documents")
    of = each.c
    day = case((of.currency == REPORTING_CURRENCY, null()), else_=of.day)
    return (
        select(
            of.key,
            of.currency,
            day.label("day"),
            func.sum(of.revenue).label("revenue"),
            func.sum(of.owed).label("owed"),
            func.sum(of.invoices).label("invoices"),
        )
        .group_by(of.key, of.currency, day)
        .cte("billed_per_day")
    )


def _invoices(by: Grouped) -> Select[Any]:
    of = invoices.c
    is_revenue, is_due = _is_revenue(invoices), is_owed(invoices)
    net = func.coalesce(of.subtotal, of.total - func.coalesce(of.tax, _ZERO), _ZERO)
    return (
        select(
            by.invoices_by.label("key"),
            of.currency,
            of.issued_on.label("day"),
            case((is_revenue, net), else_=_ZERO).label("revenue"),
            case((is_due, of.amount_due), else_=_ZERO).label("owed"),
            _ONE.label("invoices"),
        )
        .where(own(invoices), of.gone_at.is_(None), counted_once(invoices))
        .where(of.currency.is_not(None), or_(is_revenue, is_due), by.invoices_where)
    )


def _credits(by: Grouped) -> Select[Any]:
    of = client_credits.c
    net = func.coalesce(of.subtotal, of.total - func.coalesce(of.tax, _ZERO), _ZERO)
    return (
        select(
            by.credits_by.label("key"),
            of.currency,
            of.issued_on.label("day"),
            (-net).label("revenue"),
            _ZERO.label("owed"),
            _NONE.label("invoices"),
        )
        .where(own(client_credits), of.gone_at.is_(None), in_current_books(client_credits))
        .where(of.kind == word("credit_note"), _is_revenue(client_credits))
        .where(of.currency.is_not(None), by.credits_where)
    )


def _is_revenue(table: FromClause) -> ColumnElement[bool]:
    """Approved, and dated from the day after the same day a year ago to today."""
    of = table.c
    year: ColumnElement[Any] = literal_column("interval '1 year'")
    return _is(of.state, _FINAL) & (of.issued_on > TODAY - year) & (of.issued_on <= TODAY)


def _is(state: ColumnElement[Any], words: Sequence[str]) -> ColumnElement[bool]:
    return state.in_([word(each) for each in words])
