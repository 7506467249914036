"""Limits that hold for every worker, and a person's word for what has really gone."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("provider_limits", sa.Column("not_before", sa.DateTime(timezone=True)))
    op.add_column(
        "provider_limits",
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
    )
    op.add_column(
        "sync_runs",
        sa.Column(
            "removals_confirmed", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
    )


def downgrade() -> None:
    op.drop_column("sync_runs", "removals_confirmed")
    op.drop_column("provider_limits", "failures")
    op.drop_column("provider_limits", "not_before")
