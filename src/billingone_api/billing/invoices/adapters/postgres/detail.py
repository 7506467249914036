"""Reads one invoice with its lines, payments and credits, and what changed of it when."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    FromClause,
    Uuid,
    and_,
    bindparam,
    func,
    literal_column,
    select,
)

from billingone_api.billing.definitions.adapters.invoices import in_current_books, its_ledger
from billingone_api.billing.definitions.adapters.rounding import amount
from billingone_api.billing.definitions.adapters.versions import (
    MOST_VERSIONS,
    history,
    is_complete,
)
from billingone_api.billing.invoices.adapters.postgres.columns import shown
from billingone_api.billing.invoices.adapters.postgres.rows import Rows, money
from billingone_api.database.fast import Prepared, Row, fetch, fetch_one, prepare
from billingone_api.database.tables.invoices import (
    INVOICE_FACTS,
    client_credits,
    credit_allocations,
    invoice_lines,
    invoice_versions,
    invoices,
    ledgers,
    payments,
)
from billingone_api.database.tables.xero import account_mappings, accounts
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork

_OF: Final = invoices.c
_ID: Final = bindparam("id", type_=Uuid())
_same = invoices.alias("same")
_books = ledgers.alias("same_books")
_SUMS: Final = ("subtotal", "tax", "amount_paid", "amount_credited")


def _one() -> ClauseElement:
    more = {
        **{name: amount(_OF[name], _OF.currency) for name in _SUMS},
        "currency_rate": _OF.currency_rate,
        "line_amounts_are": _OF.line_amounts_are,
        "sent_to_contact": _OF.sent_to_contact,
        "source_updated_at": _OF.source_updated_at,
        "gone_at": _OF.gone_at,
        "first_seen_at": _OF.first_seen_at,
        "version": _OF.version,
        "matched_by": _OF.twin_by,
        "same_id": _same.c.id,
        "same_source": _same.c.source,
        "same_source_id": _same.c.source_id,
        "same_number": _same.c.number,
        "same_short_code": _books.c.short_code,
    }
    columns = (column.label(label) for label, column in (shown() | more).items())
    return (
        select(*columns)
        .select_from(
            its_ledger()
            .outerjoin(_same, own(_same) & (_same.c.id == _OF.twin_id))
            .outerjoin(_books, own(_books) & (_books.c.id == _same.c.ledger_id))
        )
        .where(own(invoices), _OF.id == _ID, in_current_books(invoices))
    )


def _lines() -> ClauseElement:
    """With what each line's account is called, and what it earns money with.

    Amounts are rounded; prices, quantities and rates are told as received.
    """
    of = invoice_lines.c
    account = _of_account(accounts, accounts.c.source_id)
    mapping = _of_account(account_mappings, account_mappings.c.account_id)
    return (
        select(
            *(of[name] for name in _LINE),
            *(amount(of[name], _OF.currency).label(name) for name in _LINE_AMOUNTS),
            accounts.c.name.label("account_name"),
            account_mappings.c.category,
        )
        .select_from(
            invoice_lines.join(invoices, own(invoices) & (_OF.id == of.invoice_id))
            .outerjoin(accounts, account)
            .outerjoin(account_mappings, mapping)
        )
        .where(own(invoice_lines), of.invoice_id == _ID)
        .order_by(of.position)
    )


_LINE: Final = (
    "position", "source_id", "description", "quantity", "unit_amount", "discount_rate",
    "tax_type", "item_code", "item_name", "account_id", "account_code",
)  # fmt: skip
_LINE_AMOUNTS: Final = ("discount_amount", "line_amount", "tax_amount")


def _of_account(table: FromClause, account_id: ColumnElement[Any]) -> ColumnElement[bool]:
    is_books = table.c.ledger_id == _OF.ledger_id
    return and_(own(table), is_books, account_id == invoice_lines.c.account_id)


def _payments() -> ClauseElement:
    of = payments.c
    is_refund = func.coalesce(of.is_refund, literal_column("false"))
    return (
        select(
            of.id,
            of.source_id,
            of.source_status,
            of.paid_on,
            amount(of.amount, of.currency).label("amount"),
            of.currency,
            of.reference,
            is_refund.label("is_refund"),
        )
        .select_from(payments.join(invoices, own(invoices) & _is_paid()))
        .where(own(payments), _OF.id == _ID, of.gone_at.is_(None))
        .where(func.coalesce(of.is_deleted, literal_column("false")).is_(False))
        .order_by(of.paid_on, of.id)
    )


def _is_paid() -> ColumnElement[bool]:
    of = payments.c
    return and_(of.ledger_id == _OF.ledger_id, of.invoice_source_id == _OF.source_id)


def _credits() -> ClauseElement:
    """What of credit notes, overpayments and prepayments was set against the invoice."""
    of, credit = credit_allocations.c, client_credits.c
    return (
        select(
            credit.id,
            credit.source_id,
            credit.kind,
            credit.number,
            credit.source_status,
            amount(of.amount, credit.currency).label("amount"),
            credit.currency,
            of.allocated_on,
        )
        .select_from(
            credit_allocations.join(
                invoices, own(invoices) & (_OF.source_id == of.invoice_source_id)
            ).join(
                client_credits,
                own(client_credits)
                & (credit.id == of.credit_id)
                & (credit.ledger_id == _OF.ledger_id),
            )
        )
        .where(own(credit_allocations), _OF.id == _ID, ~of.is_deleted, credit.gone_at.is_(None))
        .order_by(of.allocated_on, of.credit_id, of.position)
    )


_ONE: Final = prepare(_one())
_LINES: Final = prepare(_lines())
_PAYMENTS: Final = prepare(_payments())
_CREDITS: Final = prepare(_credits())
_VERSIONS: Final = prepare(
    select(
        invoice_versions.c.version,
        invoice_versions.c.seen_at,
        *(invoice_versions.c[name] for name in INVOICE_FACTS),
    )
    .where(own(invoice_versions), invoice_versions.c.invoice_id == _ID)
    .order_by(invoice_versions.c.version.desc())
    .limit(MOST_VERSIONS + 1)
)


class PostgresInvoice:
    """Single invoices of one organisation, as of its calendar day."""

    def __init__(self, work: UnitOfWork, *, rows: Rows, today: date) -> None:
        self._work = work
        self._rows = rows
        self._today = today

    async def find(self, invoice_id: UUID) -> dict[str, Any] | None:
        """None for one of books that are read no longer."""
        row = await fetch_one(self._work.connection, _ONE, **self._values(invoice_id))
        if row is None:
            return None
        currency = row["currency"]
        lines = await self._fetch(_LINES, invoice_id)
        versions = await self._fetch(_VERSIONS, invoice_id)
        return self._rows.listed(row) | {
            **{name: money(row[name], currency) for name in _SUMS},
            "counted_as": self._counted_as(row),
            "lines": [_line(one, currency) for one in lines],
            "payments": [_paid(one) for one in await self._fetch(_PAYMENTS, invoice_id)],
            "credits": [_paid(one) for one in await self._fetch(_CREDITS, invoice_id)],
            "history": history(versions, INVOICE_FACTS),
            "history_is_complete": is_complete(versions),
        }

    def _counted_as(self, row: Row) -> dict[str, Any] | None:
        """The invoice of Xero that this one of SuperOps is once more."""
        if row["same_id"] is None:
            return None
        source, source_id = row["same_source"], row["same_source_id"]
        return {
            "id": row["same_id"],
            "source": source,
            "source_id": source_id,
            "number": row["same_number"],
            "source_url": self._rows.link(source, source_id, row["same_short_code"]),
            "matched_by": row["matched_by"],
        }

    async def _fetch(self, statement: Prepared, invoice_id: UUID) -> Sequence[Row]:
        return await fetch(self._work.connection, statement, **self._values(invoice_id))

    def _values(self, invoice_id: UUID) -> dict[str, Any]:
        return {
            "organisation_id": self._work.organisation_id,
            "id": invoice_id,
            "today": self._today,
        }


def _line(row: Row, currency: str | None) -> dict[str, Any]:
    names = ("unit_amount", *_LINE_AMOUNTS)
    return {**row, **{name: money(row[name], currency) for name in names}}


def _paid(row: Row) -> dict[str, Any]:
    return {**row, "amount": money(row["amount"], row["currency"])}
