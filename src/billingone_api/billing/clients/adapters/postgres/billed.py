"""What was invoiced in the trailing twelve months and is owed now, by group, as SQL and from it.

Revenue is without tax, less credit notes; an invoice of SuperOps that is one of Xero's once more
counts nowhere, nor do books that are not read any more. What should be in a figure and says too
little of itself is counted beside it, with the reason.
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
    Text,
    case,
    cast,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
)

from billingone_api.billing.definitions.adapters.invoices import (
    counted_once,
    exclusion,
    in_current_books,
)
from billingone_api.billing.definitions.adapters.rates import (
    REPORTING_CURRENCY,
    rates,
    rates_on,
    worth,
)
from billingone_api.billing.definitions.adapters.subscriptions import TODAY
from billingone_api.billing.definitions.figures import Billed, ExcludedInvoices
from billingone_api.billing.definitions.models import InvoiceExclusion, InvoiceState
from billingone_api.database.fast import Row
from billingone_api.database.tables.invoices import client_credits, invoices
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_REVENUE: Final = "revenue"
_OWED: Final = "owed"
_REASONS: Final = {
    _REVENUE: tuple(InvoiceExclusion),
    _OWED: (InvoiceExclusion.STATUS, InvoiceExclusion.CURRENCY, InvoiceExclusion.AMOUNT),
}
"""Of each figure, why an invoice may add nothing to it: what is owed is so without a date."""


def left_out(figure: str) -> tuple[str, ...]:
    """The columns that count what adds nothing to it, in the order of its reasons."""
    return tuple(f"{figure}_without_{reason}" for reason in _REASONS[figure])


_COUNTS: Final = ("invoices", *left_out(_REVENUE), *left_out(_OWED))
BILLED: Final = (
    "billed_currencies",
    *(f"{figure}_parts" for figure in _REASONS),
    *_REASONS,
    *(f"{figure}_missing_rates" for figure in _REASONS),
    *_COUNTS,
)
"""What `billed` says of each group, besides its key; `billed_sums` reads them."""

_ZERO: Final = literal_column("0", Numeric)
_NONE: Final = literal_column("0", Integer)
_ONE: Final = literal_column("1", Integer)
_FINAL: Final = (InvoiceState.APPROVED, InvoiceState.PAID, InvoiceState.UNKNOWN)
_AWAITING: Final = (InvoiceState.APPROVED, InvoiceState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class BilledSums:
    """`invoices` counts those whose money is in one of the two."""

    revenue: Billed
    owed: Billed
    invoices: int
    has_any: bool


def billed_sums(row: Row) -> BilledSums:
    """What the columns of `billed` say; nothing at all where a left join found no group."""
    return BilledSums(
        revenue=_sum(row, _REVENUE),
        owed=_sum(row, _OWED),
        invoices=int(row["invoices"] or 0),
        has_any=row["invoices"] is not None,
    )


def _sum(row: Row, figure: str) -> Billed:
    currencies = row["billed_currencies"] or ()
    counts = zip(_REASONS[figure], (row[name] for name in left_out(figure)), strict=True)
    return Billed(
        by_currency=sorted(zip(currencies, row[f"{figure}_parts"] or (), strict=True)),
        total=row[figure] if currencies else Decimal(0),
        missing_rates=tuple(sorted(row[f"{figure}_missing_rates"] or ())),
        excluded=tuple(ExcludedInvoices(reason, int(count)) for reason, count in counts if count),
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
    return _per_key(_here(_per_currency(_per_day(by))))


def _per_key(each: CTE) -> CTE:
    of = each.c
    has_currency = of.currency.is_not(None)
    figures: list[ColumnElement[Any]] = []
    for figure in _REASONS:
        lacks = of[f"{figure}_lacks_rate"]
        total = case((func.bool_or(lacks), null()), else_=func.sum(of[f"{figure}_here"]))
        parts = func.array_agg(of[figure]).filter(has_currency)
        figures += [
            parts.label(f"{figure}_parts"),
            total.label(figure),
            func.array_agg(of.currency).filter(lacks).label(f"{figure}_missing_rates"),
        ]
    return (
        select(
            of.key,
            func.array_agg(of.currency).filter(has_currency).label("billed_currencies"),
            *figures,
            *(func.sum(of[name]).label(name) for name in _COUNTS),
        )
        .group_by(of.key)
        .cte("billed")
    )


def _here(per_currency: CTE) -> CTE:
    """What is owed is worth what its currency is today."""
    of, known = per_currency.c, rates()
    is_lacking, here = _converted(of.owed, known, is_here=false())
    return (
        select(*of, here.label("owed_here"), is_lacking.label("owed_lacks_rate"))
        .select_from(per_currency.outerjoin(known, known.c.currency == of.currency))
        .cte("billed_here")
    )


def _per_currency(per_day: CTE) -> CTE:
    """What was invoiced is worth what its currency was on its day."""
    of = per_day.c
    is_here = of.currency == REPORTING_CURRENCY
    foreign = select(of.currency, of.day).where(~is_here).distinct().cte("days")
    known = rates_on(foreign)
    is_its = (known.c.currency == of.currency) & (known.c.day == of.day)
    is_lacking, here = _converted(of.revenue, known, is_here=is_here)
    return (
        select(
            of.key,
            of.currency,
            func.sum(of.revenue).label("revenue"),
            func.sum(here).label("revenue_here"),
            func.bool_or(is_lacking).label("revenue_lacks_rate"),
            func.sum(of.owed).label("owed"),
            *(func.sum(of[name]).label(name) for name in _COUNTS),
        )
        .select_from(per_day.outerjoin(known, is_its))
        .group_by(of.key, of.currency)
        .cte("billed_per_currency")
    )


def _converted(
    amount: ColumnElement[Any], known: FromClause, *, is_here: ColumnElement[bool]
) -> tuple[ColumnElement[bool], ColumnElement[Any]]:
    """Whether a rate is missing, and what it is worth; nothing is worth nothing in any currency."""
    is_nothing = amount == _ZERO
    here = case((or_(is_here, is_nothing), amount), else_=worth(amount, known))
    return ~is_here & ~is_nothing & known.c.rate.is_(None), here


def _per_day(by: Grouped) -> CTE:
    """Days matter for rates alone: what is in the reporting currency has none."""
    each = union_all(_invoices(by), _credits(by)).subquery("documents")
    of = each.c
    day = case((of.currency == REPORTING_CURRENCY, null()), else_=of.day)
    counted = (
        func.count().filter(of[f"not_{figure}"] == word(reason)).label(name)
        for figure, reasons in _REASONS.items()
        for reason, name in zip(reasons, left_out(figure), strict=True)
    )
    return (
        select(
            of.key,
            of.currency,
            day.label("day"),
            func.sum(of.revenue).label("revenue"),
            func.sum(of.owed).label("owed"),
            func.sum(of.invoices).label("invoices"),
            *counted,
        )
        .group_by(of.key, of.currency, day)
        .cte("billed_per_day")
    )


def _invoices(by: Grouped) -> Select[Any]:
    of, net = invoices.c, net_of(invoices)
    is_meant, is_awaited = _is_of_the_year(invoices), _is_awaited()
    why_not = case((is_meant, not_revenue(invoices, net)))
    not_owed = case((is_awaited, exclusion(invoices)))
    is_revenue, is_due = is_meant & why_not.is_(None), is_awaited & not_owed.is_(None)
    return (
        select(
            by.invoices_by.label("key"),
            of.currency,
            of.issued_on.label("day"),
            case((is_revenue, net), else_=_ZERO).label("revenue"),
            why_not.label("not_revenue"),
            case((is_due, of.amount_due), else_=_ZERO).label("owed"),
            not_owed.label("not_owed"),
            case((or_(is_revenue, is_due), _ONE), else_=_NONE).label("invoices"),
        )
        .where(own(invoices), of.gone_at.is_(None), counted_once(invoices))
        .where(or_(is_meant, is_awaited), by.invoices_where)
    )


def _credits(by: Grouped) -> Select[Any]:
    of, net = client_credits.c, net_of(client_credits)
    why_not = not_revenue(client_credits, net)
    return (
        select(
            by.credits_by.label("key"),
            of.currency,
            of.issued_on.label("day"),
            case((why_not.is_(None), -net), else_=_ZERO).label("revenue"),
            why_not.label("not_revenue"),
            _ZERO.label("owed"),
            cast(null(), Text).label("not_owed"),
            _NONE.label("invoices"),
        )
        .where(own(client_credits), of.gone_at.is_(None), in_current_books(client_credits))
        .where(of.kind == word("credit_note"), _is_of_the_year(client_credits))
        .where(by.credits_where)
    )


def net_of(table: FromClause) -> ColumnElement[Any]:
    """Without tax; a total whose tax nobody tells says nothing of that."""
    return func.coalesce(table.c.subtotal, table.c.total - table.c.tax)


def not_revenue(table: FromClause, net: ColumnElement[Any]) -> ColumnElement[Any]:
    """Why it adds nothing to what was invoiced; NULL where it does."""
    of = table.c
    return case(
        (of.state == word(InvoiceState.UNKNOWN), word(InvoiceExclusion.STATUS)),
        (of.currency.is_(None), word(InvoiceExclusion.CURRENCY)),
        (net.is_(None), word(InvoiceExclusion.AMOUNT)),
        (of.issued_on.is_(None), word(InvoiceExclusion.DATE)),
    )


def _is_of_the_year(table: FromClause) -> ColumnElement[bool]:
    """Dated from the day after the same day a year ago to today, if it has a date at all."""
    of = table.c
    year: ColumnElement[Any] = literal_column("interval '1 year'")
    is_dated = (of.issued_on > TODAY - year) & (of.issued_on <= TODAY)
    return _is(of.state, _FINAL) & func.coalesce(is_dated, true())


def _is_awaited() -> ColumnElement[bool]:
    """Owed, or so it would be were its status, its currency or what is due on it known."""
    of = invoices.c
    has_come = func.coalesce(of.issued_on <= TODAY, true())
    return _is(of.state, _AWAITING) & has_come & func.coalesce(of.amount_due > _ZERO, true())


def _is(state: ColumnElement[Any], words: Sequence[str]) -> ColumnElement[bool]:
    return state.in_([word(each) for each in words])
