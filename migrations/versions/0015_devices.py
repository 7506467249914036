"""Devices of SuperOps, found by their names: they are listed one by one."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

INDEX = "ix_superops_assets_name"


def upgrade() -> None:
    op.create_index(
        INDEX,
        "superops_assets",
        ["organisation_id", "ledger_id", sa.text("coalesce(name, host_name, '')"), "source_id"],
        postgresql_where=sa.text("gone_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index(INDEX, "superops_assets")
