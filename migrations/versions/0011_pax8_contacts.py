"""People at the companies of Pax8, and when each company's were last read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"

MINE = "organisation_id = (select nullif(current_setting('app.organisation_id', true), '')::uuid)"


def upgrade() -> None:
    op.add_column(
        "pax8_companies", sa.Column("contacts_read_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_table(
        "pax8_contacts",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("types", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column(
            "primary_types", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_pax8_contacts_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "company_id", "source_id", name=op.f("pk_pax8_contacts")
        ),
        info={"tenant": True},
    )
    op.execute("ALTER TABLE pax8_contacts ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE pax8_contacts FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own ON pax8_contacts TO billingone_app USING ({MINE}) WITH CHECK ({MINE})"
    )
    op.execute(
        "CREATE POLICY owner ON pax8_contacts TO billingone_owner USING (true) WITH CHECK (true)"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON pax8_contacts TO billingone_app")


def downgrade() -> None:
    op.drop_table("pax8_contacts")
    op.drop_column("pax8_companies", "contacts_read_at")
