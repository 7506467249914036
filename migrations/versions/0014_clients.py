"""What subscriptions of each client come to, kept; and what was ever a client's, found by it."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

MINE = "organisation_id = (select nullif(current_setting('app.organisation_id', true), '')::uuid)"
TABLE = "client_totals"
# As they are reckoned since this revision; a client's own change reckons them anew.
FILL = """
WITH known AS (
  SELECT s.*, price * quantity AS amount,
    CASE billing_term WHEN 'Monthly' THEN 1 WHEN 'Annual' THEN 12 WHEN '1-Year' THEN 12
      WHEN '2-Year' THEN 24 WHEN '3-Year' THEN 36 END AS months
  FROM subscriptions AS s
  WHERE client_id IS NOT NULL AND gone_at IS NULL AND usage_billed IS NOT TRUE
    AND source_status IN ('Active', 'Activated', 'PendingCancel')
    AND currency IS NOT NULL AND price IS NOT NULL AND quantity IS NOT NULL
), each AS (
  SELECT *, '-infinity'::date AS since, 1 AS counts FROM known
  WHERE source_status <> 'Activated' OR starts_on IS NULL
  UNION ALL
  SELECT *, starts_on, 1 FROM known WHERE source_status = 'Activated' AND starts_on IS NOT NULL
  UNION ALL
  SELECT *, ends_on + 1, -1 FROM known
  WHERE source_status = 'PendingCancel' AND ends_on IS NOT NULL
)
INSERT INTO client_totals
  (organisation_id, client_id, currency, since, subscriptions, by_year, by_month)
SELECT organisation_id, client_id, currency, since, sum(counts),
  sum(counts * amount * (72 / months)),
  sum(counts * amount * 72)
FROM each WHERE months IS NOT NULL
GROUP BY organisation_id, client_id, currency, since
"""


def upgrade() -> None:
    op.create_index(
        "ix_subscription_versions_client", "subscription_versions", ["organisation_id", "client_id"]
    )
    op.create_table(
        TABLE,
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("subscriptions", sa.BigInteger(), nullable=False),
        sa.Column("by_year", sa.Numeric(), nullable=False),
        sa.Column("by_month", sa.Numeric(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_client_totals_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "client_id"],
            ["clients.organisation_id", "clients.id"],
            name=op.f("fk_client_totals_clients"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "client_id", "currency", "since", name=op.f("pk_client_totals")
        ),
        info={"tenant": True},
    )
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON {TABLE} TO billingone_app USING ({MINE}) WITH CHECK ({MINE})")
    op.execute(f"CREATE POLICY owner ON {TABLE} TO billingone_owner USING (true) WITH CHECK (true)")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {TABLE} TO billingone_app")
    op.execute(FILL)


def downgrade() -> None:
    op.drop_table(TABLE)
    op.drop_index("ix_subscription_versions_client", "subscription_versions")
