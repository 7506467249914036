"""Reads what is open and what was paid in a month, as slices: what is open is little."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Date,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from billingone_api.billing.definitions.adapters.invoices import (
    badge,
    counted_once,
    exclusion,
    in_current_books,
    is_open,
    is_owed,
)
from billingone_api.billing.definitions.adapters.rates import newest_rates
from billingone_api.billing.definitions.figures import Rate
from billingone_api.billing.definitions.models import (
    SUPEROPS,
    XERO,
    InvoiceBadge,
    InvoiceExclusion,
    InvoiceState,
)
from billingone_api.billing.definitions.receivables import (
    OpenSlice,
    PaidSlice,
    Receivables,
    month_of,
)
from billingone_api.database.fast import Row, fetch, prepare
from billingone_api.database.tables.invoices import invoices, payments
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word

_FROM: Final = bindparam("month_from", type_=Date)
_TO: Final = bindparam("month_to", type_=Date)


async def receivables_of(
    work: UnitOfWork, *, reporting_currency: str, today: date, with_payments: bool
) -> Receivables:
    """As of the organisation's calendar day; where they are wanted, with its month's payments."""
    first, last = month_of(today)
    values = {
        "organisation_id": work.organisation_id,
        "reporting_currency": reporting_currency,
        "today": today,
        "month_from": first,
        "month_to": last,
    }
    return Receivables(
        open=[_open_slice(row) for row in await fetch(work.connection, _OPEN, **values)],
        paid=await _paid(work, values) if with_payments else (),
        rates=[Rate(**row) for row in await fetch(work.connection, _RATES, **values)],
        reporting_currency=reporting_currency,
    )


async def _paid(work: UnitOfWork, values: dict[str, Any]) -> Sequence[PaidSlice]:
    return [PaidSlice(**row) for row in await fetch(work.connection, _PAID, **values)]


def _open_slice(row: Row) -> OpenSlice:
    reason = row["exclusion"]
    told = {
        "badge": InvoiceBadge(row["badge"]),
        "exclusion": None if reason is None else InvoiceExclusion(reason),
    }
    return OpenSlice(**dict(row) | told)


def _open() -> ClauseElement:
    one = (
        select(
            badge(invoices).label("badge"),
            exclusion(invoices).label("exclusion"),
            invoices.c.currency,
            func.coalesce(is_owed(invoices), literal_column("false")).label("is_owed"),
            invoices.c.client_id.is_not(None).label("is_mapped"),
            invoices.c.amount_due,
        )
        .where(own(invoices), is_open(invoices), counted_once(invoices))
        .subquery("one")
    )
    kind = (one.c.badge, one.c.exclusion, one.c.currency, one.c.is_owed, one.c.is_mapped)
    return select(
        *kind, func.count().label("invoices"), func.sum(one.c.amount_due).label("due")
    ).group_by(*kind)


def _all_paid() -> ClauseElement:
    one = union_all(_payments(), _paid_in_superops()).subquery("one")
    of = one.c
    is_usable = and_(of.currency.is_not(None), of.amount.is_not(None))
    return select(
        of.currency,
        func.count().filter(of.is_dated, of.is_payment).label("payments"),
        func.count().filter(of.is_dated, ~is_usable).label("unusable"),
        func.count().filter(~of.is_dated).label("undated"),
        func.sum(of.amount).filter(of.is_dated).label("paid"),
    ).group_by(of.currency)


def _payments() -> Select[Any]:
    of = payments.c
    is_refund = func.coalesce(of.is_refund, literal_column("false"))
    return select(
        of.currency,
        case((is_refund, -of.amount), else_=of.amount).label("amount"),
        (~is_refund).label("is_payment"),
        of.paid_on.is_not(None).label("is_dated"),
    ).where(
        own(payments),
        of.source == word(XERO),
        _is_of_month(of.paid_on),
        or_(of.is_deleted.is_(None), ~of.is_deleted),
        of.gone_at.is_(None),
        in_current_books(payments),
    )


def _paid_in_superops() -> Select[Any]:
    """It tells of no payments, only of the day on which an invoice was paid, in full."""
    of = invoices.c
    return select(
        of.currency,
        of.total,
        literal_column("true").label("is_payment"),
        of.fully_paid_on.is_not(None).label("is_dated"),
    ).where(
        own(invoices),
        of.source == word(SUPEROPS),
        of.state == word(InvoiceState.PAID),
        _is_of_month(of.fully_paid_on),
        of.gone_at.is_(None),
        counted_once(invoices),
    )


def _is_of_month(day: ColumnElement[Any]) -> ColumnElement[bool]:
    """What has no day is of no month: it is read along, so that it can be told."""
    return or_(day.between(_FROM, _TO), day.is_(None))


_OPEN: Final = prepare(_open())
_PAID: Final = prepare(_all_paid())
_RATES: Final = prepare(select(newest_rates()))
