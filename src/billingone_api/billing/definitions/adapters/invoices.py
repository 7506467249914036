"""Badge, due date and owed money of an invoice, as SQL over its table or its versions.

Each takes the columns of `invoices` or of `invoice_versions`, which name these facts alike. `today`
is a bind value: the organisation's calendar day.
"""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
)

from billingone_api.billing.definitions.adapters.subscriptions import TODAY
from billingone_api.billing.definitions.models import InvoiceBadge, InvoiceExclusion, InvoiceState
from billingone_api.database.tables.invoices import invoices, ledgers
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_LONG_AGO: Final = literal_column("'-infinity'::date", Date)
_OPEN: Final = (
    InvoiceState.DRAFT,
    InvoiceState.AWAITING_APPROVAL,
    InvoiceState.APPROVED,
    InvoiceState.UNKNOWN,
)
_STATES_OF: Final = {
    InvoiceBadge.DRAFT: {InvoiceState.DRAFT},
    InvoiceBadge.SUBMITTED: {InvoiceState.AWAITING_APPROVAL, InvoiceState.APPROVED},
    InvoiceBadge.OVERDUE: {InvoiceState.APPROVED},
    InvoiceBadge.PAID: {InvoiceState.PAID, InvoiceState.APPROVED},
    # one that its books list no longer is void whatever it was
    InvoiceBadge.VOID: set(InvoiceState),
    InvoiceBadge.UNKNOWN: {InvoiceState.UNKNOWN},
}


def badge(table: FromClause) -> ColumnElement[str]:
    """What the invoice is on the day `today`; one gone from its books is void."""
    of = table.c
    return case(
        (_is_void(table), word(InvoiceBadge.VOID)),
        (of.state == word(InvoiceState.DRAFT), word(InvoiceBadge.DRAFT)),
        (of.state == word(InvoiceState.AWAITING_APPROVAL), word(InvoiceBadge.SUBMITTED)),
        (of.state == word(InvoiceState.PAID), word(InvoiceBadge.PAID)),
        (of.state != word(InvoiceState.APPROVED), word(InvoiceBadge.UNKNOWN)),
        (of.amount_due <= _zero(), word(InvoiceBadge.PAID)),
        (_is_past_due(table), word(InvoiceBadge.OVERDUE)),
        else_=word(InvoiceBadge.SUBMITTED),
    )


def has_badge(table: FromClause, badges: frozenset[str]) -> ColumnElement[bool]:
    """One of these badges; says the states first, by which an index finds the few that are open."""
    states = {state for one in badges for state in _STATES_OF[InvoiceBadge(one)]}
    return and_(_one_of(table.c.state, states), _one_of(badge(table), badges))


def is_not_void(table: FromClause) -> ColumnElement[bool]:
    return and_(table.c.state != word(InvoiceState.VOID), table.c.gone_at.is_(None))


def is_open(table: FromClause) -> ColumnElement[bool]:
    """Neither paid nor void by its status, or of a status that we do not know."""
    return and_(_one_of(table.c.state, set(_OPEN)), table.c.gone_at.is_(None))


def is_owed(table: FromClause) -> ColumnElement[bool]:
    """It awaits payment, overdue or not; a post-dated one does not before its date."""
    of = table.c
    return and_(
        of.state == word(InvoiceState.APPROVED),
        of.gone_at.is_(None),
        of.amount_due > _zero(),
        _has_come(table),
    )


def due_on(table: FromClause) -> ColumnElement[Any]:
    """Without a due date an invoice is due on its date."""
    return _first(table.c.due_on, table.c.issued_on)


def issued_key(table: FromClause) -> ColumnElement[Any]:
    """Its date to sort by, as an index says it; one without comes first."""
    return _first(table.c.issued_on, _LONG_AGO)


def due_key(table: FromClause) -> ColumnElement[Any]:
    return _first(table.c.due_on, issued_key(table))


def number_key(table: FromClause) -> ColumnElement[Any]:
    return _first(table.c.number, word(""))


def exclusion(table: FromClause) -> ColumnElement[str | None]:
    """Why what is due on an open invoice is in no figure; NULL where it is."""
    of = table.c
    return case(
        (of.state == word(InvoiceState.UNKNOWN), word(InvoiceExclusion.STATUS)),
        (of.currency.is_(None), word(InvoiceExclusion.CURRENCY)),
        (of.amount_due.is_(None), word(InvoiceExclusion.AMOUNT)),
    )


def counted_once(table: FromClause) -> ColumnElement[bool]:
    """Of the books that are read now, and not one of Xero's once more."""
    return and_(in_current_books(table), table.c.twin_id.is_(None))


def in_current_books(table: FromClause) -> ColumnElement[bool]:
    """Worked out once for a statement, and not for each row of it."""
    current = select(ledgers.c.id).where(own(ledgers), ledgers.c.is_current).scalar_subquery()
    books: ColumnElement[bool] = table.c.ledger_id == func.array(current).any_()
    return books


def has_invoices(asked: FromClause) -> ColumnElement[bool]:
    """Whether the current books of the `source` that is asked of hold any.

    The order makes PostgreSQL go by the key: with a mere EXISTS it reads on and on, in the hope of
    one soon, where there is none.
    """
    books = (
        select(ledgers.c.id)
        .where(own(ledgers), ledgers.c.source == asked.c.source, ledgers.c.is_current)
        .correlate(asked)
    )
    first = (
        select(invoices.c.source_id)
        .where(own(invoices), invoices.c.ledger_id == books.scalar_subquery())
        .order_by(invoices.c.source_id)
        .limit(literal_column("1"))
    )
    return first.scalar_subquery().is_not(None)


def its_ledger() -> FromClause:
    """Invoices, and the books of each."""
    of = invoices.c
    return invoices.outerjoin(
        ledgers, and_(ledgers.c.organisation_id == of.organisation_id, ledgers.c.id == of.ledger_id)
    )


def _is_void(table: FromClause) -> ColumnElement[bool]:
    return or_(table.c.gone_at.is_not(None), table.c.state == word(InvoiceState.VOID))


def _is_past_due(table: FromClause) -> ColumnElement[bool]:
    """Without an amount due that is known, or any date, nobody can say so."""
    return and_(table.c.amount_due > _zero(), due_on(table) < TODAY, _has_come(table))


def _has_come(table: FromClause) -> ColumnElement[bool]:
    return func.coalesce(table.c.issued_on <= TODAY, literal_column("true"))


def _one_of(column: ColumnElement[str], words: Any) -> ColumnElement[bool]:
    """Written into the SQL, so that the planner sees which of few or of many are asked for."""
    return column.in_([word(one) for one in sorted(words)])


def _first(known: ColumnElement[Any], otherwise: ColumnElement[Any]) -> ColumnElement[Any]:
    """What COALESCE says, which policies take for leaky: they would let it use no index."""
    return case((known.is_(None), otherwise), else_=known)


def _zero() -> ColumnElement[Any]:
    return literal_column("0")
