"""Who changed what: rows are added, never changed and never removed, which grants see to."""

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from billingone_api.database.tenancy import tenant_table

audit = tenant_table(
    "audit",
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("action", Text, nullable=False),
    Column("resource", Text, nullable=False),
    # null for what was done to many at once
    Column("resource_id", Text),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", Text),
    # how the actor was named to people at that time
    Column("actor", Text, nullable=False),
    Column("role", Text),
    Column("session_id", Text),
    Column("request_id", Text),
    Column("address", Text),
    # the fields that changed, as they were and as they are
    Column("before", JSONB, nullable=False),
    Column("after", JSONB, nullable=False),
    CheckConstraint("actor_kind IN ('person', 'service', 'api_key', 'system')", name="actor_kind"),
    Index("ix_audit_at", "organisation_id", "at", "id"),
    Index("ix_audit_resource", "organisation_id", "resource", "resource_id", "at", "id"),
)
