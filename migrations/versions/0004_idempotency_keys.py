"""Idempotency keys, each with the answer it was given, for a day."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

MINE = "organisation_id = (select nullif(current_setting('app.organisation_id', true), '')::uuid)"


def upgrade() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("slot", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column(
            "kept_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_idempotency_keys_organisations"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "slot", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(
        "ix_idempotency_keys_kept_at", "idempotency_keys", ["organisation_id", "kept_at"]
    )
    op.execute("ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE idempotency_keys FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY own ON idempotency_keys TO billingone_app "
        f"USING ({MINE}) WITH CHECK ({MINE})"
    )
    op.execute(
        "CREATE POLICY owner ON idempotency_keys TO billingone_owner USING (true) WITH CHECK (true)"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO billingone_app")


def downgrade() -> None:
    op.drop_table("idempotency_keys")
