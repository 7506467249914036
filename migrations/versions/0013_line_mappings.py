"""What people said of the lines of invoices: which of Pax8's products a description bills."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

MINE = "organisation_id = (select nullif(current_setting('app.organisation_id', true), '')::uuid)"


def upgrade() -> None:
    op.create_table(
        "line_mappings",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("description_key", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('confirmed', 'refused')", name=op.f("ck_line_mappings_verdict")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_line_mappings_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "description_key", "product_id", name=op.f("pk_line_mappings")
        ),
        info={"tenant": True},
    )
    op.create_index(
        "uq_line_mappings_confirmed",
        "line_mappings",
        ["organisation_id", "description_key"],
        unique=True,
        postgresql_where=sa.text("verdict = 'confirmed'"),
    )
    op.execute("ALTER TABLE line_mappings ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE line_mappings FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own ON line_mappings TO billingone_app USING ({MINE}) WITH CHECK ({MINE})"
    )
    op.execute(
        "CREATE POLICY owner ON line_mappings TO billingone_owner USING (true) WITH CHECK (true)"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON line_mappings TO billingone_app")


def downgrade() -> None:
    op.drop_table("line_mappings")
