"""Devices and people of SuperOps, found by their names: they are listed one by one."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

BY_NAME = {
    "superops_assets": "coalesce(name, host_name, '')",
    "superops_users": "coalesce(name, '')",
}
OF_PERSON = "ix_superops_users_user"


def upgrade() -> None:
    for table, name in BY_NAME.items():
        op.create_index(
            f"ix_{table}_name",
            table,
            ["organisation_id", "ledger_id", sa.text(name), "source_id"],
            postgresql_where=sa.text("gone_at IS NULL"),
        )
    op.create_index(OF_PERSON, "superops_users", ["organisation_id", "ledger_id", "user_source_id"])


def downgrade() -> None:
    op.drop_index(OF_PERSON, "superops_users")
    for table in BY_NAME:
        op.drop_index(f"ix_{table}_name", table)
