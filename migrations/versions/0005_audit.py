"""Who changed what: a table that the application may add to and read, and no more."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

MINE = "organisation_id = (select nullif(current_setting('app.organisation_id', true), '')::uuid)"


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Text(), nullable=True),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "actor_kind IN ('person', 'service', 'api_key', 'system')",
            name=op.f("ck_audit_actor_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_audit_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["organisation_id", "at", "id"])
    op.create_index(
        "ix_audit_resource", "audit", ["organisation_id", "resource", "resource_id", "at", "id"]
    )
    op.execute("ALTER TABLE audit ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE audit FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON audit TO billingone_app USING ({MINE}) WITH CHECK ({MINE})")
    op.execute("CREATE POLICY owner ON audit TO billingone_owner USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, INSERT ON audit TO billingone_app")


def downgrade() -> None:
    op.drop_table("audit")
