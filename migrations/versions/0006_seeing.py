"""Traces that go on in the worker, and counts over all organisations for metrics."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

# Row-level security shows the application one organisation at a time. This runs as the owner, whose
# policy shows all, takes no argument, and answers with counts and durations by words of ours.
COUNTED = """
CREATE FUNCTION counted_over_all() RETURNS TABLE (kind text, label text, value float8)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT 'quarantined', source, count(*)::float8 FROM quarantined_records GROUP BY source
  UNION ALL
  SELECT 'longest_wait', provider,
    greatest(0, extract(epoch FROM max(greatest(next_at, not_before)) - now()))::float8
    FROM provider_limits GROUP BY provider
  UNION ALL
  SELECT 'parked', provider, count(*) FILTER (WHERE not_before > now())::float8
    FROM provider_limits GROUP BY provider
$$
"""


def upgrade() -> None:
    op.add_column("due_work", sa.Column("traceparent", sa.Text()))
    op.execute(COUNTED)
    op.execute("REVOKE ALL ON FUNCTION counted_over_all() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION counted_over_all() TO billingone_app")


def downgrade() -> None:
    op.execute("DROP FUNCTION counted_over_all()")
    op.drop_column("due_work", "traceparent")
