"""Invoices, credits and payments of Xero and SuperOps, with what stands around them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

MINE = "organisation_id = (select nullif(current_setting('app.organisation_id', true), '')::uuid)"
ISSUED = "CASE WHEN issued_on IS NULL THEN '-infinity'::date ELSE issued_on END"
DUE = f"CASE WHEN due_on IS NULL THEN {ISSUED} ELSE due_on END"
NUMBER = "CASE WHEN number IS NULL THEN '' ELSE number END"

TABLES = (
    "credit_versions",
    "invoice_versions",
    "ledgers",
    "payment_versions",
    "sync_cursors",
    "accounts",
    "client_credits",
    "invoices",
    "payments",
    "source_rates",
    "superops_assets",
    "superops_clients",
    "superops_users",
    "xero_contacts",
    "account_mappings",
    "credit_allocations",
    "credit_lines",
    "invoice_lines",
)
IDENTIFIERS = {"xero": "xero_contact_id", "superops": "superops_client_id"}


def upgrade() -> None:
    op.create_table(
        "credit_versions",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("credit_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("contact_id", sa.Text(), nullable=True),
        sa.Column("contact_name", sa.Text(), nullable=True),
        sa.Column("source_status", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("currency_rate", sa.Numeric(), nullable=True),
        sa.Column("subtotal", sa.Numeric(), nullable=True),
        sa.Column("tax", sa.Numeric(), nullable=True),
        sa.Column("total", sa.Numeric(), nullable=True),
        sa.Column("remaining", sa.Numeric(), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("client_id", sa.UUID(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_credit_versions_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "credit_id", "version", name=op.f("pk_credit_versions")
        ),
        info={"tenant": True},
    )
    op.create_table(
        "invoice_versions",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("contact_id", sa.Text(), nullable=True),
        sa.Column("contact_name", sa.Text(), nullable=True),
        sa.Column("source_status", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("fully_paid_on", sa.Date(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("currency_rate", sa.Numeric(), nullable=True),
        sa.Column("subtotal", sa.Numeric(), nullable=True),
        sa.Column("tax", sa.Numeric(), nullable=True),
        sa.Column("total", sa.Numeric(), nullable=True),
        sa.Column("amount_due", sa.Numeric(), nullable=True),
        sa.Column("amount_paid", sa.Numeric(), nullable=True),
        sa.Column("amount_credited", sa.Numeric(), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("client_id", sa.UUID(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_invoice_versions_organisations"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "invoice_id", "version", name=op.f("pk_invoice_versions")
        ),
        info={"tenant": True},
    )
    op.create_table(
        "ledgers",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("short_code", sa.Text(), nullable=True),
        sa.Column("base_currency", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("source IN ('xero', 'superops')", name=op.f("ck_ledgers_source")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_ledgers_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_ledgers")),
        sa.UniqueConstraint(
            "organisation_id",
            "source",
            "source_id",
            name=op.f("uq_ledgers_organisation_id_source_source_id"),
        ),
        info={"tenant": True},
    )
    op.create_index(
        "uq_ledgers_current",
        "ledgers",
        ["organisation_id", "source"],
        unique=True,
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "payment_versions",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("payment_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source_status", sa.Text(), nullable=True),
        sa.Column("is_deleted", sa.Boolean(), nullable=True),
        sa.Column("is_refund", sa.Boolean(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("amount", sa.Numeric(), nullable=True),
        sa.Column("currency_rate", sa.Numeric(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("invoice_source_id", sa.Text(), nullable=True),
        sa.Column("credit_source_id", sa.Text(), nullable=True),
        sa.Column("contact_id", sa.Text(), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_payment_versions_organisations"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "payment_id", "version", name=op.f("pk_payment_versions")
        ),
        info={"tenant": True},
    )
    op.create_table(
        "sync_cursors",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("swept_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_sync_cursors_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "scope", "step", name=op.f("pk_sync_cursors")),
        info={"tenant": True},
    )
    op.create_table(
        "accounts",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("ledger_id", sa.UUID(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("class", sa.Text(), nullable=True),
        sa.Column("source_status", sa.Text(), nullable=True),
        sa.Column("tax_type", sa.Text(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ledger_id"],
            ["ledgers.organisation_id", "ledgers.id"],
            name=op.f("fk_accounts_ledgers"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_accounts_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "ledger_id", "source_id", name=op.f("pk_accounts")
        ),
        info={"tenant": True},
    )
    op.create_table(
        "client_credits",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ledger_id", sa.UUID(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("contact_id", sa.Text(), nullable=True),
        sa.Column("contact_name", sa.Text(), nullable=True),
        sa.Column("source_status", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("currency_rate", sa.Numeric(), nullable=True),
        sa.Column("subtotal", sa.Numeric(), nullable=True),
        sa.Column("tax", sa.Numeric(), nullable=True),
        sa.Column("total", sa.Numeric(), nullable=True),
        sa.Column("remaining", sa.Numeric(), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("client_id", sa.UUID(), nullable=True),
        sa.Column("source_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("line_amounts_are", sa.Text(), nullable=True),
        sa.Column("lines_digest", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('credit_note', 'overpayment', 'prepayment')",
            name=op.f("ck_client_credits_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'awaiting_approval', 'approved', 'paid', 'void', 'unknown')",
            name=op.f("ck_client_credits_state"),
        ),
        sa.CheckConstraint(
            "total <> 'NaN' AND subtotal <> 'NaN' AND tax <> 'NaN' AND remaining <> "
            "'NaN' AND currency_rate <> 'NaN'",
            name=op.f("ck_client_credits_numbers"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ledger_id"],
            ["ledgers.organisation_id", "ledgers.id"],
            name="fk_client_credits_ledgers",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_client_credits_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_client_credits")),
        sa.UniqueConstraint(
            "organisation_id",
            "ledger_id",
            "source_id",
            name=op.f("uq_client_credits_organisation_id_ledger_id_source_id"),
        ),
        info={"tenant": True},
    )
    op.create_index(
        "ix_client_credits_client_id",
        "client_credits",
        ["organisation_id", "client_id"],
        unique=False,
    )
    op.create_index(
        "ix_client_credits_contact_id",
        "client_credits",
        ["organisation_id", "contact_id"],
        unique=False,
    )
    op.create_index(
        "ix_client_credits_issued_on",
        "client_credits",
        ["organisation_id", "issued_on", "id"],
        unique=False,
    )
    op.create_table(
        "invoices",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ledger_id", sa.UUID(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("contact_id", sa.Text(), nullable=True),
        sa.Column("contact_name", sa.Text(), nullable=True),
        sa.Column("source_status", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("fully_paid_on", sa.Date(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("currency_rate", sa.Numeric(), nullable=True),
        sa.Column("subtotal", sa.Numeric(), nullable=True),
        sa.Column("tax", sa.Numeric(), nullable=True),
        sa.Column("total", sa.Numeric(), nullable=True),
        sa.Column("amount_due", sa.Numeric(), nullable=True),
        sa.Column("amount_paid", sa.Numeric(), nullable=True),
        sa.Column("amount_credited", sa.Numeric(), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("client_id", sa.UUID(), nullable=True),
        sa.Column("client_by_hand", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("source_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("line_amounts_are", sa.Text(), nullable=True),
        sa.Column("sent_to_contact", sa.Boolean(), nullable=True),
        sa.Column("lines_digest", sa.LargeBinary(), nullable=True),
        sa.Column("seen_digest", sa.LargeBinary(), nullable=True),
        sa.Column("twin_id", sa.UUID(), nullable=True),
        sa.Column("twin_by", sa.Text(), nullable=True),
        sa.Column("client_label", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "number_key",
            sa.Text(),
            sa.Computed(
                "upper(regexp_replace(coalesce(number, ''), '[^A-Za-z0-9]', '', 'g'))",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.Column(
            "search_text",
            sa.Text(),
            sa.Computed(
                "lower(client_label || ' ' || coalesce(contact_name, '') || ' ' || "
                "coalesce(number, '') || ' ' || coalesce(reference, ''))",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.Column(
            "total_units",
            sa.BigInteger(),
            sa.Computed(
                "(least(greatest(coalesce(total, -1e14), -1e14), 1e14) * 10000)::bigint",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.Column(
            "due_units",
            sa.BigInteger(),
            sa.Computed(
                "(least(greatest(coalesce(amount_due, -1e14), -1e14), 1e14) * 10000)::bigint",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'awaiting_approval', 'approved', 'paid', 'void', 'unknown')",
            name=op.f("ck_invoices_state"),
        ),
        sa.CheckConstraint(
            "total <> 'NaN' AND subtotal <> 'NaN' AND tax <> 'NaN' AND amount_due <> "
            "'NaN' AND amount_paid <> 'NaN' AND amount_credited <> 'NaN' AND "
            "currency_rate <> 'NaN'",
            name=op.f("ck_invoices_numbers"),
        ),
        sa.CheckConstraint(
            "twin_by IN ('exact', 'other_total', 'unmapped')", name=op.f("ck_invoices_twin_by")
        ),
        sa.CheckConstraint("(twin_id IS NULL) = (twin_by IS NULL)", name=op.f("ck_invoices_twin")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ledger_id"],
            ["ledgers.organisation_id", "ledgers.id"],
            name="fk_invoices_ledgers",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_invoices_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_invoices")),
        sa.UniqueConstraint(
            "organisation_id",
            "ledger_id",
            "source_id",
            name=op.f("uq_invoices_organisation_id_ledger_id_source_id"),
        ),
        info={"tenant": True},
    )
    op.create_index(
        "ix_invoices_client", "invoices", ["organisation_id", "client_label", "id"], unique=False
    )
    op.create_index(
        "ix_invoices_client_id", "invoices", ["organisation_id", "client_id"], unique=False
    )
    op.create_index(
        "ix_invoices_contact_id", "invoices", ["organisation_id", "contact_id"], unique=False
    )
    op.create_index(
        "ix_invoices_due_on",
        "invoices",
        [
            "organisation_id",
            sa.literal_column(f"({DUE})"),
            "id",
        ],
        unique=False,
    )
    op.create_index(
        "ix_invoices_due_units", "invoices", ["organisation_id", "due_units", "id"], unique=False
    )
    op.create_index(
        "ix_invoices_fully_paid_on",
        "invoices",
        ["organisation_id", "fully_paid_on"],
        unique=False,
        postgresql_where=sa.text("source = 'superops'"),
    )
    op.create_index(
        "ix_invoices_issued_on",
        "invoices",
        ["organisation_id", sa.literal_column(f"({ISSUED})"), "id"],
        unique=False,
    )
    op.create_index(
        "ix_invoices_number",
        "invoices",
        ["organisation_id", sa.literal_column(f"({NUMBER})"), "id"],
        unique=False,
    )
    op.create_index(
        "ix_invoices_number_key", "invoices", ["organisation_id", "number_key"], unique=False
    )
    op.create_index(
        "ix_invoices_open",
        "invoices",
        ["organisation_id", "state", sa.literal_column(f"({DUE})"), "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('draft', 'awaiting_approval', 'approved', 'unknown')"),
    )
    op.create_index(
        "ix_invoices_other_total",
        "invoices",
        ["organisation_id"],
        unique=False,
        postgresql_where=sa.text("twin_by = 'other_total'"),
    )
    op.create_index(
        "ix_invoices_total_units",
        "invoices",
        ["organisation_id", "total_units", "id"],
        unique=False,
    )
    op.create_index(
        "ix_invoices_twin_id",
        "invoices",
        ["organisation_id", "twin_id"],
        unique=False,
        postgresql_where=sa.text("twin_id IS NOT NULL"),
    )
    op.create_table(
        "payments",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ledger_id", sa.UUID(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("source_status", sa.Text(), nullable=True),
        sa.Column("is_deleted", sa.Boolean(), nullable=True),
        sa.Column("is_refund", sa.Boolean(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("amount", sa.Numeric(), nullable=True),
        sa.Column("currency_rate", sa.Numeric(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("invoice_source_id", sa.Text(), nullable=True),
        sa.Column("credit_source_id", sa.Text(), nullable=True),
        sa.Column("contact_id", sa.Text(), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("document_number", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.Text(), nullable=True),
        sa.Column("source_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "amount <> 'NaN' AND currency_rate <> 'NaN'",
            name=op.f("ck_payments_numbers"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ledger_id"],
            ["ledgers.organisation_id", "ledgers.id"],
            name="fk_payments_ledgers",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_payments_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_payments")),
        sa.UniqueConstraint(
            "organisation_id",
            "ledger_id",
            "source_id",
            name=op.f("uq_payments_organisation_id_ledger_id_source_id"),
        ),
        info={"tenant": True},
    )
    op.create_index(
        "ix_payments_credit", "payments", ["organisation_id", "credit_source_id"], unique=False
    )
    op.create_index(
        "ix_payments_invoice", "payments", ["organisation_id", "invoice_source_id"], unique=False
    )
    op.create_index(
        "ix_payments_paid_on", "payments", ["organisation_id", "paid_on", "id"], unique=False
    )
    op.create_table(
        "source_rates",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("ledger_id", sa.UUID(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("valid_on", sa.Date(), nullable=False),
        sa.Column("base_currency", sa.Text(), nullable=False),
        sa.Column("rate", sa.Numeric(), nullable=False),
        sa.Column("per", sa.Numeric(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "rate > 0 AND rate <> 'NaN' AND per > 0 AND per <> 'NaN'",
            name=op.f("ck_source_rates_rate"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ledger_id"],
            ["ledgers.organisation_id", "ledgers.id"],
            name=op.f("fk_source_rates_ledgers"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_source_rates_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "ledger_id", "currency", "valid_on", name=op.f("pk_source_rates")
        ),
        info={"tenant": True},
    )
    op.create_table(
        "superops_assets",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("ledger_id", sa.UUID(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("client_source_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("host_name", sa.Text(), nullable=True),
        sa.Column("serial_number", sa.Text(), nullable=True),
        sa.Column("asset_class", sa.Text(), nullable=True),
        sa.Column("device_category", sa.Text(), nullable=True),
        sa.Column("platform", sa.Text(), nullable=True),
        sa.Column("source_status", sa.Text(), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ledger_id"],
            ["ledgers.organisation_id", "ledgers.id"],
            name=op.f("fk_superops_assets_ledgers"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_superops_assets_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "ledger_id", "source_id", name=op.f("pk_superops_assets")
        ),
        info={"tenant": True},
    )
    op.create_index(
        "ix_superops_assets_client",
        "superops_assets",
        ["organisation_id", "client_source_id"],
        unique=False,
    )
    op.create_table(
        "superops_clients",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("ledger_id", sa.UUID(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("source_status", sa.Text(), nullable=True),
        sa.Column(
            "email_domains", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ledger_id"],
            ["ledgers.organisation_id", "ledgers.id"],
            name=op.f("fk_superops_clients_ledgers"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_superops_clients_organisations"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "ledger_id", "source_id", name=op.f("pk_superops_clients")
        ),
        info={"tenant": True},
    )
    op.create_index(
        "ix_superops_clients_source_id",
        "superops_clients",
        ["organisation_id", "source_id"],
        unique=False,
    )
    op.create_table(
        "superops_users",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("ledger_id", sa.UUID(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("user_source_id", sa.Text(), nullable=False),
        sa.Column("client_source_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ledger_id"],
            ["ledgers.organisation_id", "ledgers.id"],
            name=op.f("fk_superops_users_ledgers"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_superops_users_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "ledger_id", "source_id", name=op.f("pk_superops_users")
        ),
        info={"tenant": True},
    )
    op.create_index(
        "ix_superops_users_client",
        "superops_users",
        ["organisation_id", "client_source_id"],
        unique=False,
    )
    op.create_table(
        "xero_contacts",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("ledger_id", sa.UUID(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source_status", sa.Text(), nullable=True),
        sa.Column("merged_into", sa.Text(), nullable=True),
        sa.Column("contact_number", sa.Text(), nullable=True),
        sa.Column("account_number", sa.Text(), nullable=True),
        sa.Column("tax_number", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("is_customer", sa.Boolean(), nullable=True),
        sa.Column(
            "people", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
        ),
        sa.Column("source_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ledger_id"],
            ["ledgers.organisation_id", "ledgers.id"],
            name=op.f("fk_xero_contacts_ledgers"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_xero_contacts_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "ledger_id", "source_id", name=op.f("pk_xero_contacts")
        ),
        info={"tenant": True},
    )
    op.create_index(
        "ix_xero_contacts_source_id",
        "xero_contacts",
        ["organisation_id", "source_id"],
        unique=False,
    )
    op.create_table(
        "account_mappings",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("ledger_id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("mapped_by", sa.Text(), nullable=False),
        sa.Column("mapped_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "ledger_id", "account_id"],
            ["accounts.organisation_id", "accounts.ledger_id", "accounts.source_id"],
            name=op.f("fk_account_mappings_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_account_mappings_organisations"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "ledger_id", "account_id", name=op.f("pk_account_mappings")
        ),
        info={"tenant": True},
    )
    op.create_table(
        "credit_allocations",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("credit_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("invoice_source_id", sa.Text(), nullable=True),
        sa.Column("invoice_number", sa.Text(), nullable=True),
        sa.Column("amount", sa.Numeric(), nullable=True),
        sa.Column("allocated_on", sa.Date(), nullable=True),
        sa.Column("is_deleted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("amount <> 'NaN'", name=op.f("ck_credit_allocations_numbers")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "credit_id"],
            ["client_credits.organisation_id", "client_credits.id"],
            name=op.f("fk_credit_allocations_client_credits"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_credit_allocations_organisations"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "credit_id", "position", name=op.f("pk_credit_allocations")
        ),
        info={"tenant": True},
    )
    op.create_index(
        "ix_credit_allocations_invoice",
        "credit_allocations",
        ["organisation_id", "invoice_source_id"],
        unique=False,
    )
    op.create_table(
        "credit_lines",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("credit_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Numeric(), nullable=True),
        sa.Column("unit_amount", sa.Numeric(), nullable=True),
        sa.Column("discount_rate", sa.Numeric(), nullable=True),
        sa.Column("discount_amount", sa.Numeric(), nullable=True),
        sa.Column("line_amount", sa.Numeric(), nullable=True),
        sa.Column("tax_amount", sa.Numeric(), nullable=True),
        sa.Column("tax_type", sa.Text(), nullable=True),
        sa.Column("item_code", sa.Text(), nullable=True),
        sa.Column("item_name", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("account_code", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "credit_id"],
            ["client_credits.organisation_id", "client_credits.id"],
            name=op.f("fk_credit_lines_client_credits"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_credit_lines_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "credit_id", "position", name=op.f("pk_credit_lines")
        ),
        info={"tenant": True},
    )
    op.create_table(
        "invoice_lines",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Numeric(), nullable=True),
        sa.Column("unit_amount", sa.Numeric(), nullable=True),
        sa.Column("discount_rate", sa.Numeric(), nullable=True),
        sa.Column("discount_amount", sa.Numeric(), nullable=True),
        sa.Column("line_amount", sa.Numeric(), nullable=True),
        sa.Column("tax_amount", sa.Numeric(), nullable=True),
        sa.Column("tax_type", sa.Text(), nullable=True),
        sa.Column("item_code", sa.Text(), nullable=True),
        sa.Column("item_name", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("account_code", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "invoice_id"],
            ["invoices.organisation_id", "invoices.id"],
            name=op.f("fk_invoice_lines_invoices"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_invoice_lines_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "invoice_id", "position", name=op.f("pk_invoice_lines")
        ),
        info={"tenant": True},
    )
    op.create_index(
        "ix_clients_superops_client_id",
        "clients",
        ["organisation_id", "superops_client_id"],
        unique=False,
    )
    op.create_index(
        "ix_clients_xero_contact_id",
        "clients",
        ["organisation_id", "xero_contact_id"],
        unique=False,
    )
    _guard()
    _link_what_was_pushed()


def _guard() -> None:
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own ON {table} TO billingone_app USING ({MINE}) WITH CHECK ({MINE})"
        )
        op.execute(
            f"CREATE POLICY owner ON {table} TO billingone_owner USING (true) WITH CHECK (true)"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO billingone_app")


def _link_what_was_pushed() -> None:
    """By identifiers that PanelOne pushed before anything was linked by them."""
    for source, identifier in IDENTIFIERS.items():
        op.execute(
            "INSERT INTO client_links (organisation_id, source, source_id, client_id, origin) "  # noqa: S608 - names of our own columns
            f"SELECT organisation_id, '{source}', {identifier}, (array_agg(id))[1], 'exact' "
            f"FROM clients WHERE {identifier} <> '' "
            f"GROUP BY organisation_id, {identifier} HAVING count(*) = 1"
        )


def downgrade() -> None:
    op.execute("DELETE FROM client_links WHERE source IN ('xero', 'superops')")
    op.drop_index("ix_clients_xero_contact_id", table_name="clients")
    op.drop_index("ix_clients_superops_client_id", table_name="clients")
    for table in reversed(TABLES):
        op.drop_table(table)
