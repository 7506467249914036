"""What is licensed against what is counted: rules, frozen snapshots, and what people decided."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from billingone_api.database.tenancy import tenant_table

reconciliation_settings = tenant_table(
    "reconciliation_settings",
    # by metric, the source that speaks; where none is chosen the newest count does
    Column("count_sources", JSONB, nullable=False, server_default="{}"),
    # a count that is older says nothing any more
    Column("stale_after_hours", Integer, nullable=False, server_default="48"),
    # devices of SuperOps that are not counted: silent for so long, or called like that
    Column("idle_device_days", Integer, server_default="90"),
    Column("ignored_device_names", ARRAY(Text), nullable=False, server_default="{}"),
    # null: no snapshot by itself; a month without that day has its last one
    Column("schedule_day", Integer, server_default="1"),
    Column("schedule_minute", Integer, nullable=False, server_default="360"),
    # null: the organisation's own
    Column("schedule_time_zone", Text),
    # null: snapshots are kept for ever
    Column("kept_months", Integer),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("stale_after_hours BETWEEN 1 AND 8760", name="stale_after_hours"),
    CheckConstraint("idle_device_days BETWEEN 1 AND 3650", name="idle_device_days"),
    CheckConstraint("schedule_day BETWEEN 1 AND 31", name="schedule_day"),
    CheckConstraint("schedule_minute BETWEEN 0 AND 1439", name="schedule_minute"),
    CheckConstraint("kept_months BETWEEN 1 AND 600", name="kept_months"),
)

_RULE_FACTS = (
    ("name", Text),
    ("metric", Text),
    # which of ours it began as, if any
    ("preset", Text),
    # Pax8's ids of products that stand in for each other: their seats add up
    ("products", ARRAY(Text)),
    # names and SKUs by which further products are proposed, never counted
    ("patterns", ARRAY(Text)),
    # units of the metric that one seat covers
    ("ratio", Numeric),
    ("minimum", Numeric),
    ("tolerance_units", Numeric),
    ("tolerance_percent", Numeric),
    ("tolerance_amount", Numeric),
    ("tolerance_currency", Text),
    # [{client_id, product_id}]: a client, or a product of a client, that the rule passes over
    ("exclusions", JSONB),
    ("is_active", Boolean),
    ("changed_by", Text),
)

RULE_FACTS = tuple(name for name, _ in _RULE_FACTS)
"""The columns of a rule, of which every change is kept as a version."""

count_rules = tenant_table(
    "count_rules",
    Column("id", UUID(as_uuid=True), primary_key=True),
    *(Column(name, kind) for name, kind in _RULE_FACTS),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("ratio > 0 AND ratio <> 'NaN'", name="ratio"),
    CheckConstraint("minimum >= 0 AND minimum <> 'NaN'", name="minimum"),
    CheckConstraint(
        "tolerance_units >= 0 AND tolerance_units <> 'NaN' AND tolerance_percent >= 0"
        " AND tolerance_percent <> 'NaN' AND tolerance_amount >= 0 AND tolerance_amount <> 'NaN'",
        name="tolerance",
    ),
)

count_rule_versions = tenant_table(
    "count_rule_versions",
    Column("rule_id", UUID(as_uuid=True), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    *(Column(name, kind) for name, kind in _RULE_FACTS),
)

products_set_aside = tenant_table(
    "products_set_aside",
    Column("source", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False),
)

snapshots = tenant_table(
    "snapshots",
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("status", Text, nullable=False),
    # what the comparison amounts to; null until there is one
    Column("outcome", Text),
    Column("trigger", Text, nullable=False),
    Column("requested_by", Text),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    # the instant whose counts and seats these are, and the organisation's day then; the day stands
    # there from the beginning where it was asked for a past one
    Column("as_of", DateTime(timezone=True)),
    Column("day", Date),
    Column("problem", Text),
    Column("detail", Text),
    # what it was reckoned by, what it could compare, what came out: as they were then
    Column("basis", JSONB, nullable=False, server_default="{}"),
    Column("coverage", JSONB, nullable=False, server_default="{}"),
    Column("summary", JSONB, nullable=False, server_default="{}"),
    CheckConstraint("status IN ('queued', 'running', 'done', 'failed')", name="status"),
    CheckConstraint(
        "outcome IN ('clean', 'discrepancies', 'partial', 'not_reconcilable')", name="outcome"
    ),
    CheckConstraint("trigger IN ('person', 'service', 'schedule')", name="trigger"),
    CheckConstraint("(outcome IS NOT NULL) = (status = 'done')", name="done"),
    # one of each past day and one of now at a time, whoever asks
    Index(
        "uq_snapshots_unfinished",
        "organisation_id",
        text("coalesce(day, 'infinity'::date)"),
        unique=True,
        postgresql_where=text("status IN ('queued', 'running')"),
    ),
    Index("ix_snapshots_latest", "organisation_id", "as_of"),
)


def _of_snapshot() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["organisation_id", "snapshot_id"],
        ["snapshots.organisation_id", "snapshots.id"],
        ondelete="CASCADE",
    )


snapshot_rules = tenant_table(
    "snapshot_rules",
    Column("snapshot_id", UUID(as_uuid=True), primary_key=True),
    Column("rule_id", UUID(as_uuid=True), primary_key=True),
    # versions are never changed, so that this freezes the rule
    Column("version", Integer, nullable=False),
    _of_snapshot(),
)

snapshot_counts = tenant_table(
    "snapshot_counts",
    Column("snapshot_id", UUID(as_uuid=True), primary_key=True),
    Column("client_id", UUID(as_uuid=True), primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("counted_at", DateTime(timezone=True), nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("excluded", BigInteger, nullable=False),
    Column("is_stale", Boolean, nullable=False),
    _of_snapshot(),
)

snapshot_seats = tenant_table(
    "snapshot_seats",
    Column("snapshot_id", UUID(as_uuid=True), primary_key=True),
    Column("client_id", UUID(as_uuid=True), primary_key=True),
    Column("subscription_id", UUID(as_uuid=True), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("product_id", Text),
    Column("product_name", Text, nullable=False),
    Column("badge", Text, nullable=False),
    Column("quantity", Numeric),
    # 72nds of what one seat brings a month; null where that is not known
    Column("unit_parts", Numeric),
    Column("currency", Text),
    Column("is_usage_billed", Boolean, nullable=False),
    _of_snapshot(),
)

snapshot_lines = tenant_table(
    "snapshot_lines",
    Column("snapshot_id", UUID(as_uuid=True), primary_key=True),
    Column("client_id", UUID(as_uuid=True), primary_key=True),
    Column("rule_id", UUID(as_uuid=True), primary_key=True),
    Column("metric", Text, nullable=False),
    Column("actual", Numeric),
    Column("required", Numeric),
    Column("licensed", Numeric),
    Column("trial", Numeric),
    Column("variance", Numeric),
    Column("status", Text, nullable=False),
    # why there is no comparison
    Column("reason", Text),
    Column("is_tolerated", Boolean, nullable=False),
    Column("unit_parts", Numeric),
    Column("currency", Text),
    # 72nds of a month's money that the variance stands for, exact
    Column("stake_parts", Numeric),
    Column("stake_reason", Text),
    # what a decision about this line is bound to
    Column("facts", Text, nullable=False),
    _of_snapshot(),
)

snapshot_rows = tenant_table(
    "snapshot_rows",
    Column("snapshot_id", UUID(as_uuid=True), primary_key=True),
    Column("client_id", UUID(as_uuid=True), primary_key=True),
    Column("client_name", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("actual", Numeric),
    Column("required", Numeric),
    Column("licensed", Numeric),
    Column("trial", Numeric),
    Column("variance", Numeric),
    Column("status", Text, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("under_licensed", Integer, nullable=False),
    Column("over_licensed", Integer, nullable=False),
    Column("no_data", Integer, nullable=False),
    # [{metric, actual, required, licensed, trial, variance}] of lines that have data
    Column("metrics", JSONB, nullable=False),
    # [{currency, under, over}] in exact 72nds
    Column("stakes", JSONB, nullable=False),
    # what is used and not paid for in the reporting currency; null while a rate is missing
    Column("under_reporting", Numeric),
    _of_snapshot(),
    Index("ix_snapshot_rows_client", "organisation_id", "client_id", "snapshot_id"),
)

line_decisions = tenant_table(
    "line_decisions",
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("client_id", UUID(as_uuid=True), nullable=False),
    Column("rule_id", UUID(as_uuid=True), nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # the last day on which it holds; null: until the facts move
    Column("until", Date),
    Column("assignee", Text),
    # those of the line it was made about
    Column("facts", Text, nullable=False),
    Column("snapshot_id", UUID(as_uuid=True), nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("withdrawn_by", Text),
    Column("withdrawn_at", DateTime(timezone=True)),
    ForeignKeyConstraint(
        ["organisation_id", "client_id"], ["clients.organisation_id", "clients.id"]
    ),
    ForeignKeyConstraint(
        ["organisation_id", "rule_id"], ["count_rules.organisation_id", "count_rules.id"]
    ),
    CheckConstraint("kind IN ('acknowledge', 'ignore', 'expected', 'note', 'assign')", name="kind"),
    CheckConstraint("(kind = 'expected') = (until IS NOT NULL)", name="until"),
    CheckConstraint("(kind = 'assign') = (assignee IS NOT NULL)", name="assignee"),
    Index("ix_line_decisions_line", "organisation_id", "client_id", "rule_id", "made_at"),
)
