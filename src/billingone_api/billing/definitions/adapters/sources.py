"""When what a source tells last came through, and whether anything was left out of it."""

from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, false, func, literal_column, not_, or_, select

from billingone_api.billing.definitions.models import INVOICE_SOURCES
from billingone_api.database.tables.invoices import ledgers
from billingone_api.database.tables.syncs import sync_steps
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_WITH_BOOKS: Final = [word(source) for source in INVOICE_SOURCES]

BESIDE_SUBSCRIPTIONS: Final = ("contacts", "invoices", "invoice_items", "draft_items")
"""Steps of a sync of Pax8 that its credentials may be denied: no subscription needs them."""


def of_these_books(source: ColumnElement[str], last: ColumnElement[Any]) -> ColumnElement[Any]:
    """`last`, unless it was before the books of `source` that are read now were opened.

    Once others are chosen, their first rows make no figure until all of them have come through.
    """
    opened = select(ledgers.c.opened_at).where(
        own(ledgers), ledgers.c.source == source, ledgers.c.is_current
    )
    has_no_books = source.not_in(_WITH_BOOKS)
    since = func.coalesce(opened.scalar_subquery(), literal_column("'-infinity'"))
    return case((or_(has_no_books, last >= since), last))


def left_out(run: Any) -> ColumnElement[bool]:
    """Whether a run, columns of `sync_runs`, ended partial in what subscriptions rest on.

    Without access to invoices every sync of Pax8 ends partial, and every subscription is there.
    """
    of = sync_steps.c
    is_beside = of.name.in_([word(name) for name in BESIDE_SUBSCRIPTIONS])
    only_beside = (
        select(func.coalesce(func.bool_and(is_beside), false()))
        .where(own(sync_steps), of.run_id == run.id)
        .where(or_(of.status == word("partial"), of.quarantined > 0))
        .scalar_subquery()
    )
    return and_(run.status == word("partial"), not_(and_(run.source == word("pax8"), only_beside)))
