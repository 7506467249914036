"""Reads the newest invoices, and how many have another total in the second system."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import func, literal_column, select

from billingone_api.billing.dashboard.models import LatestInvoice
from billingone_api.billing.definitions.adapters.invoices import (
    badge,
    counted_once,
    due_on,
    in_current_books,
    is_not_void,
    issued_key,
)
from billingone_api.billing.definitions.adapters.rounding import amount
from billingone_api.billing.definitions.models import InvoiceBadge, MatchedBy
from billingone_api.database.fast import Row, fetch, fetch_one, prepare
from billingone_api.database.tables.invoices import invoices
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word
from billingone_api.kit.money import Money

MOST: Final = 10
"""As many invoices are shown; `/v1/invoices` has them all."""
_OF: Final = invoices.c
_AMOUNTS: Final = ("total", "amount_due")


_LATEST: Final = prepare(
    select(
        _OF.id,
        _OF.source,
        _OF.number,
        _OF.client_id,
        _OF.client_label,
        badge(invoices).label("badge"),
        _OF.issued_on,
        due_on(invoices).label("due_on"),
        _OF.currency,
        *(amount(_OF[name], _OF.currency).label(name) for name in _AMOUNTS),
    )
    .where(own(invoices), counted_once(invoices), is_not_void(invoices))
    .order_by(issued_key(invoices).desc(), _OF.id.desc())
    .limit(literal_column(str(MOST)))
)
_OTHER_TOTALS: Final = prepare(
    select(func.count().label("total")).where(
        own(invoices),
        _OF.twin_by == word(MatchedBy.OTHER_TOTAL),
        in_current_books(invoices),
    )
)


async def latest_of(work: UnitOfWork, *, today: date) -> Sequence[LatestInvoice]:
    rows = await fetch(work.connection, _LATEST, organisation_id=work.organisation_id, today=today)
    return [_latest(row) for row in rows]


async def other_totals_of(work: UnitOfWork) -> int:
    row = await fetch_one(work.connection, _OTHER_TOTALS, organisation_id=work.organisation_id)
    return int(row["total"]) if row else 0


def _latest(row: Row) -> LatestInvoice:
    amounts = {name: _money(row[name], row["currency"]) for name in _AMOUNTS}
    return LatestInvoice(
        id=row["id"],
        source=row["source"],
        number=row["number"],
        client_id=row["client_id"],
        client_name=row["client_label"] or None,
        badge=InvoiceBadge(row["badge"]),
        issued_on=row["issued_on"],
        due_on=row["due_on"],
        amount=amounts["total"],
        amount_due=amounts["amount_due"],
    )


def _money(amount: Any, currency: str | None) -> Money | None:
    return None if amount is None or currency is None else Money(amount, currency)
