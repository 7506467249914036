"""What was ever a client's, found by the client."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_index(
        "ix_subscription_versions_client", "subscription_versions", ["organisation_id", "client_id"]
    )


def downgrade() -> None:
    op.drop_index("ix_subscription_versions_client", "subscription_versions")
