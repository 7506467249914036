"""When what a source tells last came through, where it keeps books of somebody's."""

from typing import Any, Final

from sqlalchemy import ColumnElement, case, func, literal_column, or_, select

from billingone_api.billing.definitions.models import INVOICE_SOURCES
from billingone_api.database.tables.invoices import ledgers
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_WITH_BOOKS: Final = [word(source) for source in INVOICE_SOURCES]


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
