"""What clients use, as those who count say it: the newest of each source, and all there were."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.schema import SchemaItem

from billingone_api.database.tenancy import tenant_table


def _counted() -> tuple[SchemaItem, ...]:
    return (
        # what the source saw and left out by its own rule, such as decommissioned machines
        Column("excluded", BigInteger, nullable=False, server_default="0"),
        ForeignKeyConstraint(
            ["organisation_id", "client_id"], ["clients.organisation_id", "clients.id"]
        ),
        CheckConstraint("metric ~ '^[a-z][a-z0-9_]{0,39}$'", name="metric"),
        CheckConstraint("count >= 0 AND excluded >= 0", name="numbers"),
    )


client_counts = tenant_table(
    "client_counts",
    Column("client_id", UUID(as_uuid=True), primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("counted_at", DateTime(timezone=True), nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    *_counted(),
)

client_count_history = tenant_table(
    "client_count_history",
    Column("client_id", UUID(as_uuid=True), primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("counted_at", DateTime(timezone=True), primary_key=True),
    # what was known on a day: of each instant what was heard last by then
    Column("received_at", DateTime(timezone=True), primary_key=True),
    # null: from then on the source says nothing of the client any more
    Column("count", BigInteger),
    *_counted(),
)

count_refreshes = tenant_table(
    "count_refreshes",
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("status", Text, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("requested_by", Text),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column("problem", Text),
    Column("detail", Text),
    # of the counts that PanelOne told
    Column("changed", Integer, nullable=False, server_default="0"),
    Column("unchanged", Integer, nullable=False, server_default="0"),
    Column("quarantined", Integer, nullable=False, server_default="0"),
    CheckConstraint("status IN ('running', 'done', 'failed')", name="status"),
    CheckConstraint("trigger IN ('person', 'service', 'schedule')", name="trigger"),
    CheckConstraint("(finished_at IS NULL) = (status = 'running')", name="finished"),
    # one at a time, whoever asks
    Index(
        "uq_count_refreshes_running",
        "organisation_id",
        unique=True,
        postgresql_where=text("status = 'running'"),
    ),
)
