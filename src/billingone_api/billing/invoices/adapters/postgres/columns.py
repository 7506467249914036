"""What is shown of an invoice, as SQL: one wording for list, detail and export.

Amounts are rounded here, once, to the minor unit of their currency; an amount is none without one.
"""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    cast,
    func,
    literal_column,
    select,
)

from billingone_api.billing.definitions.adapters.invoices import (
    badge,
    due_on,
    in_current_books,
    is_not_void,
)
from billingone_api.billing.definitions.adapters.rounding import amount
from billingone_api.billing.definitions.adapters.subscriptions import TODAY
from billingone_api.billing.invoices.models import InvoiceFlag
from billingone_api.database.tables.invoices import invoices, ledgers
from billingone_api.database.words import word

_OF: Final = invoices.c
_twin = invoices.alias("twin")
Shown = dict[str, ColumnElement[Any]]


def shown() -> Shown:
    """The columns of a list, by the names under which they are read."""
    return {
        "id": _OF.id,
        "source": _OF.source,
        "source_id": _OF.source_id,
        "source_status": _OF.source_status,
        "badge": badge(invoices),
        "number": _OF.number,
        "reference": _OF.reference,
        "client_id": _OF.client_id,
        "client_label": _OF.client_label,
        "client_by_hand": _OF.client_by_hand,
        "contact_id": _OF.contact_id,
        "contact_name": _OF.contact_name,
        "currency": _OF.currency,
        "amount": amount(_OF.total, _OF.currency),
        "amount_due": amount(_OF.amount_due, _OF.currency),
        "issued_on": _OF.issued_on,
        "due_on": due_on(invoices),
        "paid_on": _OF.fully_paid_on,
        "has_no_due_date": _OF.due_on.is_(None),
        "is_post_dated": func.coalesce(_OF.issued_on > TODAY, literal_column("false")),
        "is_gone": _OF.gone_at.is_not(None),
        "short_code": ledgers.c.short_code,
        "also_in": _twins().scalar_subquery(),
        "changed_at": _OF.changed_at,
    }


FLAGS: Final = {
    "has_no_due_date": InvoiceFlag.NO_DUE_DATE,
    "is_post_dated": InvoiceFlag.POST_DATED,
    "is_gone": InvoiceFlag.GONE,
}


def twin_ids() -> Select[Any]:
    """By SuperOps's ids, for a cell."""
    return _of_twins(func.string_agg(_twin.c.source_id, word(", ")))


def _twins() -> Select[Any]:
    """The same invoice in SuperOps, as JSON: numbers as text, since JSON's are floats."""
    of = _twin.c
    told = func.json_build_object(
        *_pairs(
            id=of.id,
            source=of.source,
            source_id=of.source_id,
            source_status=of.source_status,
            number=of.number,
            total=cast(of.total, Text),
            currency=of.currency,
            matched_by=of.twin_by,
            is_void=~is_not_void(_twin),
        )
    )
    return _of_twins(func.json_agg(told))


def _of_twins(told: ColumnElement[Any]) -> Select[Any]:
    return select(told).where(
        and_(
            _twin.c.organisation_id == _OF.organisation_id,
            _twin.c.twin_id == _OF.id,
            in_current_books(_twin),
        )
    )


def _pairs(**columns: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [part for name, of in columns.items() for part in (word(name), of)]
