"""Copying from third parties: what was asked for, how it runs, what it could not read."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from billingone_api.database.tenancy import directory_table, tenant_table

due_work = directory_table(
    "due_work",
    Column("organisation_id", UUID(as_uuid=True), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("due_at", DateTime(timezone=True), nullable=False),
    # who works on it, until when it is believed alive
    Column("lease", UUID(as_uuid=True)),
    Column("leased_until", DateTime(timezone=True)),
    Column("attempts", Integer, nullable=False, server_default="0"),
    # of what asked for it, so that its trace goes on in the worker
    Column("traceparent", Text),
    ForeignKeyConstraint(["organisation_id"], ["organisations.id"]),
    Index("ix_due_work_due_at", "due_at"),
)

syncs = tenant_table(
    "syncs",
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("trigger", Text, nullable=False),
    Column("requested_by", Text),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("trigger IN ('person', 'service', 'schedule')", name="trigger"),
)

sync_runs = tenant_table(
    "sync_runs",
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("source", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("connection_id", UUID(as_uuid=True), nullable=False),
    Column("status", Text, nullable=False),
    # counts every visible change, for event streams
    Column("revision", BigInteger, nullable=False, server_default="1"),
    Column("problem", Text),
    Column("detail", Text),
    # while it waits for a third party: when it goes on
    Column("resumes_at", DateTime(timezone=True)),
    Column("cancel_requested", Boolean, nullable=False, server_default=text("false")),
    # a person said that what the source no longer lists has really gone, however much it is
    Column("removals_confirmed", Boolean, nullable=False, server_default=text("false")),
    Column("queued_at", DateTime(timezone=True), nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    CheckConstraint("mode IN ('delta', 'full')", name="mode"),
    CheckConstraint(
        "status IN ('queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled')",
        name="status",
    ),
    CheckConstraint(
        "(finished_at IS NOT NULL) = (status IN ('succeeded', 'partial', 'failed', 'cancelled'))",
        name="finished",
    ),
    # one run at a time per organisation and source, whoever asks
    Index(
        "uq_sync_runs_unfinished",
        "organisation_id",
        "source",
        unique=True,
        postgresql_where=text("status IN ('queued', 'running')"),
    ),
    Index("ix_sync_runs_latest", "organisation_id", "source", "queued_at"),
)

sync_members = tenant_table(
    "sync_members",
    Column("sync_id", UUID(as_uuid=True), primary_key=True),
    Column("run_id", UUID(as_uuid=True), primary_key=True),
    # the run was under way already and was joined
    Column("joined", Boolean, nullable=False),
    ForeignKeyConstraint(["organisation_id", "sync_id"], ["syncs.organisation_id", "syncs.id"]),
    ForeignKeyConstraint(
        ["organisation_id", "run_id"], ["sync_runs.organisation_id", "sync_runs.id"]
    ),
    Index("ix_sync_members_run_id", "organisation_id", "run_id"),
)

sync_steps = tenant_table(
    "sync_steps",
    Column("run_id", UUID(as_uuid=True), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="waiting"),
    # where to go on after a crash; committed with the rows it speaks of
    Column("checkpoint", JSONB),
    Column("total", BigInteger),
    Column("done", BigInteger, nullable=False, server_default="0"),
    Column("created", BigInteger, nullable=False, server_default="0"),
    Column("changed", BigInteger, nullable=False, server_default="0"),
    Column("unchanged", BigInteger, nullable=False, server_default="0"),
    Column("gone", BigInteger, nullable=False, server_default="0"),
    Column("quarantined", BigInteger, nullable=False, server_default="0"),
    Column("notice", Text),
    ForeignKeyConstraint(
        ["organisation_id", "run_id"], ["sync_runs.organisation_id", "sync_runs.id"]
    ),
    CheckConstraint("status IN ('waiting', 'running', 'done', 'partial')", name="status"),
)

sync_seen = tenant_table(
    "sync_seen",
    Column("run_id", UUID(as_uuid=True), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
)

quarantined_records = tenant_table(
    "quarantined_records",
    Column("source", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    # the record's own id, or a digest of it where it has none
    Column("record_key", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("record", JSONB, nullable=False),
    Column("first_seen_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("last_seen_at", DateTime(timezone=True), nullable=False),
    Column("run_id", UUID(as_uuid=True), nullable=False),
)

sync_cursors = tenant_table(
    "sync_cursors",
    # whose records: the ledger's id, or another word of the source for what it reads
    Column("scope", Text, primary_key=True),
    Column("step", Text, primary_key=True),
    # where the next delta begins, by their clock; null: everything was read, and nothing changed
    Column("since", DateTime(timezone=True)),
    # when a full sweep last came to its end
    Column("swept_at", DateTime(timezone=True)),
)
