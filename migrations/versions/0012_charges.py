"""What Pax8 charges: its invoices, the charges on each, and drafts of those to come."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

MINE = "organisation_id = (select nullif(current_setting('app.organisation_id', true), '')::uuid)"
TABLES = ("pax8_bills", "pax8_charges")


def upgrade() -> None:
    op.create_table(
        "pax8_bills",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("is_draft", sa.Boolean(), nullable=False),
        sa.Column("month", sa.Date(), nullable=True),
        sa.Column("source_status", sa.Text(), nullable=True),
        sa.Column("invoiced_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("total", sa.Numeric(), nullable=True),
        sa.Column("balance", sa.Numeric(), nullable=True),
        sa.Column("carried_balance", sa.Numeric(), nullable=True),
        sa.Column("is_due", sa.Boolean(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unreadable", sa.Integer(), server_default="0", nullable=False),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "total <> 'NaN' AND balance <> 'NaN' AND carried_balance <> 'NaN'",
            name=op.f("ck_pax8_bills_numbers"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_pax8_bills_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "source_id", name=op.f("pk_pax8_bills")),
        info={"tenant": True},
    )
    op.create_index("ix_pax8_bills_month", "pax8_bills", ["organisation_id", "month"])
    op.create_table(
        "pax8_charges",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("bill_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("company_id", sa.Text(), nullable=True),
        sa.Column("subscription_id", sa.Text(), nullable=True),
        sa.Column("product_id", sa.Text(), nullable=True),
        sa.Column("product_name", sa.Text(), nullable=True),
        sa.Column("vendor_name", sa.Text(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("period_from", sa.Date(), nullable=True),
        sa.Column("period_to", sa.Date(), nullable=True),
        sa.Column("term", sa.Text(), nullable=True),
        sa.Column("rate_type", sa.Text(), nullable=True),
        sa.Column("unit_of_measure", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Numeric(), nullable=True),
        sa.Column("unit_price", sa.Numeric(), nullable=True),
        sa.Column("price_total", sa.Numeric(), nullable=True),
        sa.Column("unit_cost", sa.Numeric(), nullable=True),
        sa.Column("cost_total", sa.Numeric(), nullable=True),
        sa.Column("amount_due", sa.Numeric(), nullable=True),
        sa.Column("tax", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "quantity <> 'NaN' AND unit_price <> 'NaN' AND price_total <> 'NaN'"
            " AND unit_cost <> 'NaN' AND cost_total <> 'NaN' AND amount_due <> 'NaN'"
            " AND tax <> 'NaN'",
            name=op.f("ck_pax8_charges_numbers"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "bill_id"],
            ["pax8_bills.organisation_id", "pax8_bills.source_id"],
            name=op.f("fk_pax8_charges_pax8_bills"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_pax8_charges_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "bill_id", "position", name=op.f("pk_pax8_charges")
        ),
        info={"tenant": True},
    )
    op.create_index(
        "ix_pax8_charges_company", "pax8_charges", ["organisation_id", "company_id", "bill_id"]
    )
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


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
