"""What clients are invoiced, credited and have paid, and every version of it we saw."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.types import TypeEngine

from billingone_api.database.tenancy import tenant_table

Fact = tuple[str, type[TypeEngine[Any]] | TypeEngine[Any]]

# Not COALESCE, which row-level security takes for leaky: a policy would let it use no index. Lines
# end where PostgreSQL ends them, since Alembic compares the two to the letter.
_ISSUED = "\nCASE\n WHEN issued_on IS NULL THEN '-infinity'::date\n ELSE issued_on\nEND"
_DUE = f"\nCASE\n WHEN due_on IS NULL THEN{_ISSUED}\n ELSE due_on\nEND"
_NUMBER = "\nCASE\n WHEN number IS NULL THEN ''\n ELSE number\nEND"
# What a line says it bills; the function stands in migration 0013.
_SAID = "COALESCE(description, item_name, item_code, ''::text)"
_STATES = "('draft', 'awaiting_approval', 'approved', 'paid', 'void', 'unknown')"


def _columns(facts: tuple[Fact, ...]) -> tuple[Column[Any], ...]:
    return tuple(Column(name, kind) for name, kind in facts)


def _names(facts: tuple[Fact, ...]) -> tuple[str, ...]:
    return tuple(name for name, _ in facts)


def _identity(owner: str) -> tuple[Any, ...]:
    """A record of somebody's books: its own id, the books, and its id there."""
    return (
        Column("id", UUID(as_uuid=True), primary_key=True),
        Column("source", Text, nullable=False),
        Column("ledger_id", UUID(as_uuid=True), nullable=False),
        Column("source_id", Text, nullable=False),
        UniqueConstraint("organisation_id", "ledger_id", "source_id"),
        ForeignKeyConstraint(
            ["organisation_id", "ledger_id"],
            ["ledgers.organisation_id", "ledgers.id"],
            name=f"fk_{owner}_ledgers",
        ),
    )


def _dates() -> tuple[Column[Any], ...]:
    return (
        Column("version", Integer, nullable=False, server_default="1"),
        Column("first_seen_at", DateTime(timezone=True), nullable=False),
        Column("changed_at", DateTime(timezone=True), nullable=False),
    )


def _versions(name: str, key: str, facts: tuple[Fact, ...]) -> Any:
    return tenant_table(
        name,
        Column(key, UUID(as_uuid=True), primary_key=True),
        Column("version", Integer, primary_key=True),
        Column("seen_at", DateTime(timezone=True), nullable=False),
        *_columns(facts),
    )


def _lines(name: str, key: str, owner: str) -> Any:
    return tenant_table(
        name,
        Column(key, UUID(as_uuid=True), primary_key=True),
        Column("position", Integer, primary_key=True),
        Column("source_id", Text),
        Column("description", Text),
        Column("quantity", Numeric),
        Column("unit_amount", Numeric),
        Column("discount_rate", Numeric),
        Column("discount_amount", Numeric),
        # after the discount; with tax where the document's amounts are inclusive
        Column("line_amount", Numeric),
        Column("tax_amount", Numeric),
        Column("tax_type", Text),
        Column("item_code", Text),
        Column("item_name", Text),
        Column("account_id", Text),
        Column("account_code", Text),
        # what it says, without what differs from month to month
        Column("description_key", Text, Computed(f"description_key({_SAID})", persisted=True)),
        Column("is_prorated", Boolean, Computed(f"says_prorated({_SAID})", persisted=True)),
        ForeignKeyConstraint(["organisation_id", key], [f"{owner}.organisation_id", f"{owner}.id"]),
    )


ledgers = tenant_table(
    "ledgers",
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("source", Text, nullable=False),
    # Xero's tenant id, SuperOps's subdomain
    Column("source_id", Text, nullable=False),
    Column("name", Text),
    Column("short_code", Text),
    Column("base_currency", Text),
    Column("country", Text),
    # the books that are read now; those before them stay, and count nowhere
    Column("is_current", Boolean, nullable=False),
    # since when they have been the ones that are read: what came through before was of others
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("first_seen_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("organisation_id", "source", "source_id"),
    CheckConstraint("source IN ('xero', 'superops')", name="source"),
    Index(
        "uq_ledgers_current",
        "organisation_id",
        "source",
        unique=True,
        postgresql_where=text("is_current"),
    ),
)

_INVOICE_FACTS: tuple[Fact, ...] = (
    ("number", Text),
    ("reference", Text),
    ("contact_id", Text),
    ("contact_name", Text),
    ("source_status", Text),
    # our word for it; whether it is overdue depends on the day it is read
    ("state", Text),
    ("issued_on", Date),
    ("due_on", Date),
    ("fully_paid_on", Date),
    ("currency", Text),
    # as told; see XERO_CURRENCY_RATE_IS for which way round
    ("currency_rate", Numeric),
    ("subtotal", Numeric),
    ("tax", Numeric),
    ("total", Numeric),
    ("amount_due", Numeric),
    ("amount_paid", Numeric),
    ("amount_credited", Numeric),
    ("gone_at", DateTime(timezone=True)),
    # ours, kept with the facts because a past day needs what was known then
    ("client_id", UUID(as_uuid=True)),
)

INVOICE_FACTS = _names(_INVOICE_FACTS)
"""The columns whose change makes a new version of an invoice."""

invoices = tenant_table(
    "invoices",
    *_identity("invoices"),
    *_columns(_INVOICE_FACTS),
    # a person said whose it is, so that no mapping of its contact moves it
    Column("client_by_hand", Boolean, nullable=False, server_default=text("false")),
    Column("source_updated_at", DateTime(timezone=True)),
    Column("line_amounts_are", Text),
    Column("sent_to_contact", Boolean),
    # of the lines as they are kept, so that the same ones are not written again
    Column("lines_digest", LargeBinary),
    # of a list's row, where lines cost a call each: they are fetched again when it changes
    Column("seen_digest", LargeBinary),
    # the invoice of Xero that this one of SuperOps is once more; such a one counts nowhere
    Column("twin_id", UUID(as_uuid=True)),
    Column("twin_by", Text),
    Column("client_label", Text, nullable=False, server_default=""),
    # letters and digits alone: how the same number is recognised in two systems
    Column(
        "number_key",
        Text,
        Computed(
            r"upper(regexp_replace(coalesce(number, ''), '[^A-Za-z0-9]', '', 'g'))", persisted=True
        ),
    ),
    Column(
        "search_text",
        Text,
        Computed(
            "lower(client_label || ' ' || coalesce(contact_name, '') || ' ' || "
            "coalesce(number, '') || ' ' || coalesce(reference, ''))",
            persisted=True,
        ),
    ),
    # ten-thousandths, to sort and to search by: policies let whole numbers use an index
    Column(
        "total_units",
        BigInteger,
        Computed(
            "(least(greatest(coalesce(total, -1e14), -1e14), 1e14) * 10000)::bigint",
            persisted=True,
        ),
    ),
    Column(
        "due_units",
        BigInteger,
        Computed(
            "(least(greatest(coalesce(amount_due, -1e14), -1e14), 1e14) * 10000)::bigint",
            persisted=True,
        ),
    ),
    *_dates(),
    CheckConstraint(f"state IN {_STATES}", name="state"),
    CheckConstraint("twin_by IN ('exact', 'other_total', 'unmapped')", name="twin_by"),
    CheckConstraint("(twin_id IS NULL) = (twin_by IS NULL)", name="twin"),
    CheckConstraint(
        "total <> 'NaN' AND subtotal <> 'NaN' AND tax <> 'NaN' AND amount_due <> 'NaN' "
        "AND amount_paid <> 'NaN' AND amount_credited <> 'NaN' AND currency_rate <> 'NaN'",
        name="numbers",
    ),
    Index(
        "ix_invoices_issued_on",
        "organisation_id",
        text(f"({_ISSUED})"),
        "id",
    ),
    Index(
        "ix_invoices_due_on",
        "organisation_id",
        text(f"({_DUE})"),
        "id",
    ),
    Index("ix_invoices_total_units", "organisation_id", "total_units", "id"),
    Index("ix_invoices_due_units", "organisation_id", "due_units", "id"),
    Index("ix_invoices_number", "organisation_id", text(f"({_NUMBER})"), "id"),
    Index("ix_invoices_client", "organisation_id", "client_label", "id"),
    Index("ix_invoices_client_id", "organisation_id", "client_id"),
    Index("ix_invoices_contact_id", "organisation_id", "contact_id"),
    Index("ix_invoices_number_key", "organisation_id", "number_key"),
    Index(
        "ix_invoices_twin_id",
        "organisation_id",
        "twin_id",
        postgresql_where=text("twin_id IS NOT NULL"),
    ),
    Index(
        "ix_invoices_other_total",
        "organisation_id",
        postgresql_where=text("twin_by = 'other_total'"),
    ),
    # SuperOps tells of no payment but its day
    Index(
        "ix_invoices_fully_paid_on",
        "organisation_id",
        "fully_paid_on",
        postgresql_where=text("source = 'superops'"),
    ),
    # what is still open is little beside all that was ever paid
    Index(
        "ix_invoices_open",
        "organisation_id",
        "state",
        text(f"({_DUE})"),
        "id",
        postgresql_where=text("state IN ('draft', 'awaiting_approval', 'approved', 'unknown')"),
    ),
)

invoice_versions = _versions("invoice_versions", "invoice_id", _INVOICE_FACTS)
invoice_lines = _lines("invoice_lines", "invoice_id", "invoices")

_CREDIT_FACTS: tuple[Fact, ...] = (
    ("number", Text),
    ("reference", Text),
    ("contact_id", Text),
    ("contact_name", Text),
    ("source_status", Text),
    ("state", Text),
    ("issued_on", Date),
    ("currency", Text),
    ("currency_rate", Numeric),
    ("subtotal", Numeric),
    ("tax", Numeric),
    ("total", Numeric),
    # not yet set against an invoice nor paid back
    ("remaining", Numeric),
    ("gone_at", DateTime(timezone=True)),
    ("client_id", UUID(as_uuid=True)),
)

CREDIT_FACTS = _names(_CREDIT_FACTS)
"""The columns whose change makes a new version of a credit."""

client_credits = tenant_table(
    "client_credits",
    *_identity("client_credits"),
    Column("kind", Text, nullable=False),
    *_columns(_CREDIT_FACTS),
    Column("source_updated_at", DateTime(timezone=True)),
    Column("line_amounts_are", Text),
    # of lines and allocations as they are kept
    Column("lines_digest", LargeBinary),
    *_dates(),
    CheckConstraint("kind IN ('credit_note', 'overpayment', 'prepayment')", name="kind"),
    CheckConstraint(f"state IN {_STATES}", name="state"),
    CheckConstraint(
        "total <> 'NaN' AND subtotal <> 'NaN' AND tax <> 'NaN' AND remaining <> 'NaN' "
        "AND currency_rate <> 'NaN'",
        name="numbers",
    ),
    Index("ix_client_credits_client_id", "organisation_id", "client_id"),
    Index("ix_client_credits_contact_id", "organisation_id", "contact_id"),
    Index("ix_client_credits_issued_on", "organisation_id", "issued_on", "id"),
)

credit_versions = _versions("credit_versions", "credit_id", _CREDIT_FACTS)
credit_lines = _lines("credit_lines", "credit_id", "client_credits")

credit_allocations = tenant_table(
    "credit_allocations",
    Column("credit_id", UUID(as_uuid=True), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("source_id", Text),
    # the invoice's id in the same books: it may be read before the invoice is
    Column("invoice_source_id", Text),
    Column("invoice_number", Text),
    Column("amount", Numeric),
    Column("allocated_on", Date),
    Column("is_deleted", Boolean, nullable=False, server_default=text("false")),
    ForeignKeyConstraint(
        ["organisation_id", "credit_id"], ["client_credits.organisation_id", "client_credits.id"]
    ),
    CheckConstraint("amount <> 'NaN'", name="numbers"),
    Index("ix_credit_allocations_invoice", "organisation_id", "invoice_source_id"),
)

_PAYMENT_FACTS: tuple[Fact, ...] = (
    ("source_status", Text),
    ("is_deleted", Boolean),
    # money that went back to the client
    ("is_refund", Boolean),
    ("paid_on", Date),
    # in the currency of what was paid
    ("currency", Text),
    ("amount", Numeric),
    ("currency_rate", Numeric),
    ("reference", Text),
    # what was paid, by its id in the same books
    ("invoice_source_id", Text),
    ("credit_source_id", Text),
    ("contact_id", Text),
    ("gone_at", DateTime(timezone=True)),
)

PAYMENT_FACTS = _names(_PAYMENT_FACTS)
"""The columns whose change makes a new version of a payment."""

payments = tenant_table(
    "payments",
    *_identity("payments"),
    *_columns(_PAYMENT_FACTS),
    Column("kind", Text),
    Column("document_number", Text),
    Column("batch_id", Text),
    Column("source_updated_at", DateTime(timezone=True)),
    *_dates(),
    CheckConstraint("amount <> 'NaN' AND currency_rate <> 'NaN'", name="numbers"),
    Index("ix_payments_paid_on", "organisation_id", "paid_on", "id"),
    Index("ix_payments_invoice", "organisation_id", "invoice_source_id"),
    Index("ix_payments_credit", "organisation_id", "credit_source_id"),
)

payment_versions = _versions("payment_versions", "payment_id", _PAYMENT_FACTS)

source_rates = tenant_table(
    "source_rates",
    Column("ledger_id", UUID(as_uuid=True), primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("valid_on", Date, primary_key=True),
    Column("base_currency", Text, nullable=False),
    # so many of `base_currency` ...
    Column("rate", Numeric, nullable=False),
    # ... are what so many of `currency` are worth; one of the two is 1, the other as it was told
    Column("per", Numeric, nullable=False),
    # of the document that told it, so that the newest word of a day stands
    Column("told_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(
        ["organisation_id", "ledger_id"], ["ledgers.organisation_id", "ledgers.id"]
    ),
    CheckConstraint("rate > 0 AND rate <> 'NaN' AND per > 0 AND per <> 'NaN'", name="rate"),
)
