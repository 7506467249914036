"""Counts of what clients use, rules that count licences, snapshots, and decisions about them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"

MINE = "organisation_id = (select nullif(current_setting('app.organisation_id', true), '')::uuid)"
TABLES = (
    "count_rule_versions",
    "count_rules",
    "products_set_aside",
    "reconciliation_settings",
    "snapshots",
    "client_count_history",
    "client_counts",
    "count_refreshes",
    "line_decisions",
    "snapshot_counts",
    "snapshot_lines",
    "snapshot_rows",
    "snapshot_rules",
    "snapshot_seats",
)
# The first of the next month, 06:00 in the organisation's zone.
FIRST_SLOTS = """
INSERT INTO due_work (organisation_id, kind, key, due_at)
SELECT o.id, 'snapshot_schedule', '',
  (date_trunc('month', now() AT TIME ZONE s.time_zone) + interval '1 month 6 hours')
  AT TIME ZONE s.time_zone
FROM organisations o JOIN organisation_settings s ON s.organisation_id = o.id
WHERE o.ended_at IS NULL
"""


def upgrade() -> None:
    op.create_table(
        "count_rule_versions",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("rule_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("metric", sa.Text(), nullable=True),
        sa.Column("preset", sa.Text(), nullable=True),
        sa.Column("products", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("patterns", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("ratio", sa.Numeric(), nullable=True),
        sa.Column("minimum", sa.Numeric(), nullable=True),
        sa.Column("tolerance_units", sa.Numeric(), nullable=True),
        sa.Column("tolerance_percent", sa.Numeric(), nullable=True),
        sa.Column("tolerance_amount", sa.Numeric(), nullable=True),
        sa.Column("tolerance_currency", sa.Text(), nullable=True),
        sa.Column("exclusions", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=True),
        sa.Column("changed_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_count_rule_versions_organisations"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "rule_id", "version", name=op.f("pk_count_rule_versions")
        ),
        info={"tenant": True},
    )
    op.create_table(
        "count_rules",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("metric", sa.Text(), nullable=True),
        sa.Column("preset", sa.Text(), nullable=True),
        sa.Column("products", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("patterns", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("ratio", sa.Numeric(), nullable=True),
        sa.Column("minimum", sa.Numeric(), nullable=True),
        sa.Column("tolerance_units", sa.Numeric(), nullable=True),
        sa.Column("tolerance_percent", sa.Numeric(), nullable=True),
        sa.Column("tolerance_amount", sa.Numeric(), nullable=True),
        sa.Column("tolerance_currency", sa.Text(), nullable=True),
        sa.Column("exclusions", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=True),
        sa.Column("changed_by", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "minimum >= 0 AND minimum <> 'NaN'", name=op.f("ck_count_rules_minimum")
        ),
        sa.CheckConstraint("ratio > 0 AND ratio <> 'NaN'", name=op.f("ck_count_rules_ratio")),
        sa.CheckConstraint(
            "tolerance_units >= 0 AND tolerance_units <> 'NaN' AND tolerance_percent >= 0"
            " AND tolerance_percent <> 'NaN' AND tolerance_amount >= 0"
            " AND tolerance_amount <> 'NaN'",
            name=op.f("ck_count_rules_tolerance"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_count_rules_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_count_rules")),
        info={"tenant": True},
    )
    op.create_table(
        "products_set_aside",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_products_set_aside_organisations"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "source", "source_id", name=op.f("pk_products_set_aside")
        ),
        info={"tenant": True},
    )
    op.create_table(
        "reconciliation_settings",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column(
            "count_sources",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.Column("stale_after_hours", sa.Integer(), server_default="48", nullable=False),
        sa.Column("idle_device_days", sa.Integer(), server_default="90", nullable=True),
        sa.Column(
            "ignored_device_names", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column("schedule_day", sa.Integer(), server_default="1", nullable=True),
        sa.Column("schedule_minute", sa.Integer(), server_default="360", nullable=False),
        sa.Column("schedule_time_zone", sa.Text(), nullable=True),
        sa.Column("kept_months", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "idle_device_days BETWEEN 1 AND 3650",
            name=op.f("ck_reconciliation_settings_idle_device_days"),
        ),
        sa.CheckConstraint(
            "kept_months BETWEEN 1 AND 600", name=op.f("ck_reconciliation_settings_kept_months")
        ),
        sa.CheckConstraint(
            "schedule_day BETWEEN 1 AND 31", name=op.f("ck_reconciliation_settings_schedule_day")
        ),
        sa.CheckConstraint(
            "schedule_minute BETWEEN 0 AND 1439",
            name=op.f("ck_reconciliation_settings_schedule_minute"),
        ),
        sa.CheckConstraint(
            "stale_after_hours BETWEEN 1 AND 8760",
            name=op.f("ck_reconciliation_settings_stale_after_hours"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_reconciliation_settings_organisations"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_reconciliation_settings")),
        info={"tenant": True},
    )
    op.create_table(
        "snapshots",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column(
            "basis", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column(
            "coverage", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column(
            "summary", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.CheckConstraint(
            "(outcome IS NOT NULL) = (status = 'done')", name=op.f("ck_snapshots_done")
        ),
        sa.CheckConstraint(
            "outcome IN ('clean', 'discrepancies', 'partial', 'not_reconcilable')",
            name=op.f("ck_snapshots_outcome"),
        ),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'done', 'failed')", name=op.f("ck_snapshots_status")
        ),
        sa.CheckConstraint(
            "trigger IN ('person', 'service', 'schedule')", name=op.f("ck_snapshots_trigger")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_snapshots_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_snapshots")),
        info={"tenant": True},
    )
    op.create_index("ix_snapshots_latest", "snapshots", ["organisation_id", "as_of"], unique=False)
    op.create_index(
        "uq_snapshots_unfinished",
        "snapshots",
        ["organisation_id", sa.text("coalesce(day, 'infinity'::date)")],
        unique=True,
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    )
    op.create_table(
        "client_count_history",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=True),
        sa.Column("excluded", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "metric ~ '^[a-z][a-z0-9_]{0,39}$'", name=op.f("ck_client_count_history_metric")
        ),
        sa.CheckConstraint(
            "count >= 0 AND excluded >= 0", name=op.f("ck_client_count_history_numbers")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "client_id"],
            ["clients.organisation_id", "clients.id"],
            name=op.f("fk_client_count_history_clients"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_client_count_history_organisations"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id",
            "client_id",
            "metric",
            "source",
            "counted_at",
            "received_at",
            name=op.f("pk_client_count_history"),
        ),
        info={"tenant": True},
    )
    op.create_table(
        "client_counts",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("excluded", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "metric ~ '^[a-z][a-z0-9_]{0,39}$'", name=op.f("ck_client_counts_metric")
        ),
        sa.CheckConstraint("count >= 0 AND excluded >= 0", name=op.f("ck_client_counts_numbers")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "client_id"],
            ["clients.organisation_id", "clients.id"],
            name=op.f("fk_client_counts_clients"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_client_counts_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "client_id", "metric", "source", name=op.f("pk_client_counts")
        ),
        info={"tenant": True},
    )
    op.create_table(
        "count_refreshes",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("changed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("quarantined", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "(finished_at IS NULL) = (status = 'running')",
            name=op.f("ck_count_refreshes_finished"),
        ),
        sa.CheckConstraint(
            "status IN ('running', 'done', 'failed')", name=op.f("ck_count_refreshes_status")
        ),
        sa.CheckConstraint(
            "trigger IN ('person', 'service', 'schedule')",
            name=op.f("ck_count_refreshes_trigger"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_count_refreshes_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_count_refreshes")),
        info={"tenant": True},
    )
    op.create_index(
        "uq_count_refreshes_running",
        "count_refreshes",
        ["organisation_id"],
        unique=True,
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_table(
        "line_decisions",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("rule_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("snapshot_id", sa.UUID(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'assign') = (assignee IS NOT NULL)", name=op.f("ck_line_decisions_assignee")
        ),
        sa.CheckConstraint(
            "(kind = 'expected') = (until IS NOT NULL)", name=op.f("ck_line_decisions_until")
        ),
        sa.CheckConstraint(
            "kind IN ('acknowledge', 'ignore', 'expected', 'note', 'assign')",
            name=op.f("ck_line_decisions_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "client_id"],
            ["clients.organisation_id", "clients.id"],
            name=op.f("fk_line_decisions_clients"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "rule_id"],
            ["count_rules.organisation_id", "count_rules.id"],
            name=op.f("fk_line_decisions_count_rules"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_line_decisions_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_line_decisions")),
        info={"tenant": True},
    )
    op.create_index(
        "ix_line_decisions_line",
        "line_decisions",
        ["organisation_id", "client_id", "rule_id", "made_at"],
        unique=False,
    )
    op.create_table(
        "snapshot_counts",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("snapshot_id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("excluded", sa.BigInteger(), nullable=False),
        sa.Column("is_stale", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "snapshot_id"],
            ["snapshots.organisation_id", "snapshots.id"],
            name=op.f("fk_snapshot_counts_snapshots"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_snapshot_counts_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "snapshot_id", "client_id", "metric", name=op.f("pk_snapshot_counts")
        ),
        info={"tenant": True},
    )
    op.create_table(
        "snapshot_lines",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("snapshot_id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("rule_id", sa.UUID(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("actual", sa.Numeric(), nullable=True),
        sa.Column("required", sa.Numeric(), nullable=True),
        sa.Column("licensed", sa.Numeric(), nullable=True),
        sa.Column("trial", sa.Numeric(), nullable=True),
        sa.Column("variance", sa.Numeric(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("is_tolerated", sa.Boolean(), nullable=False),
        sa.Column("unit_parts", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("stake_parts", sa.Numeric(), nullable=True),
        sa.Column("stake_reason", sa.Text(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "snapshot_id"],
            ["snapshots.organisation_id", "snapshots.id"],
            name=op.f("fk_snapshot_lines_snapshots"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_snapshot_lines_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "snapshot_id", "client_id", "rule_id", name=op.f("pk_snapshot_lines")
        ),
        info={"tenant": True},
    )
    op.create_table(
        "snapshot_rows",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("snapshot_id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("client_name", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("actual", sa.Numeric(), nullable=True),
        sa.Column("required", sa.Numeric(), nullable=True),
        sa.Column("licensed", sa.Numeric(), nullable=True),
        sa.Column("trial", sa.Numeric(), nullable=True),
        sa.Column("variance", sa.Numeric(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("under_licensed", sa.Integer(), nullable=False),
        sa.Column("over_licensed", sa.Integer(), nullable=False),
        sa.Column("no_data", sa.Integer(), nullable=False),
        sa.Column("metrics", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stakes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("under_reporting", sa.Numeric(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "snapshot_id"],
            ["snapshots.organisation_id", "snapshots.id"],
            name=op.f("fk_snapshot_rows_snapshots"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_snapshot_rows_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "snapshot_id", "client_id", name=op.f("pk_snapshot_rows")
        ),
        info={"tenant": True},
    )
    op.create_index(
        "ix_snapshot_rows_client",
        "snapshot_rows",
        ["organisation_id", "client_id", "snapshot_id"],
        unique=False,
    )
    op.create_table(
        "snapshot_rules",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("snapshot_id", sa.UUID(), nullable=False),
        sa.Column("rule_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "snapshot_id"],
            ["snapshots.organisation_id", "snapshots.id"],
            name=op.f("fk_snapshot_rules_snapshots"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_snapshot_rules_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "snapshot_id", "rule_id", name=op.f("pk_snapshot_rules")
        ),
        info={"tenant": True},
    )
    op.create_table(
        "snapshot_seats",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("snapshot_id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("subscription_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=True),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("badge", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=True),
        sa.Column("unit_parts", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("is_usage_billed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "snapshot_id"],
            ["snapshots.organisation_id", "snapshots.id"],
            name=op.f("fk_snapshot_seats_snapshots"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_snapshot_seats_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id",
            "snapshot_id",
            "client_id",
            "subscription_id",
            name=op.f("pk_snapshot_seats"),
        ),
        info={"tenant": True},
    )
    # ### end Alembic commands ###
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own ON {table} TO billingone_app USING ({MINE}) WITH CHECK ({MINE})"
        )
        op.execute(
            f"CREATE POLICY owner ON {table} TO billingone_owner USING (true) WITH CHECK (true)"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO billingone_app")
    op.execute(FIRST_SLOTS)


def downgrade() -> None:
    op.execute("DELETE FROM due_work WHERE kind IN ('snapshot', 'snapshot_schedule')")
    for table in reversed(TABLES):
        op.drop_table(table)
