"""Connections to third parties: credentials (sealed), schedules, tokens and our own limits."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import UUID

from billingone_api.database.tenancy import tenant_table

integrations = tenant_table(
    "integrations",
    Column("provider", Text, primary_key=True),
    # changes whenever other credentials are saved, so that late work for the old ones is refused
    Column("connection_id", UUID(as_uuid=True), nullable=False),
    Column("auth_mode", Text, nullable=False),
    # what may be shown of the credentials, such as the client id
    Column("account", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    # what a person has to do, as a sentence and as a word for programs; null while all is well
    Column("attention", Text),
    Column("attention_code", Text),
    Column("attention_since", DateTime(timezone=True)),
    Column("schedule_minutes", Integer),
    Column("connected_by", Text, nullable=False),
    Column("connected_at", DateTime(timezone=True), nullable=False),
    Column("last_success_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("schedule_minutes >= 5", name="schedule_minutes"),
)

provider_tokens = tenant_table(
    "provider_tokens",
    Column("provider", Text, primary_key=True),
    Column("connection_id", UUID(as_uuid=True), nullable=False),
    # null while the first one is being fetched
    Column("token", LargeBinary),
    Column("expires_at", DateTime(timezone=True)),
    # who is fetching another, and until when the others wait for it
    Column("claimed_by", UUID(as_uuid=True)),
    Column("claimed_until", DateTime(timezone=True)),
)

provider_limits = tenant_table(
    "provider_limits",
    Column("provider", Text, primary_key=True),
    # the next instant at which any worker may send a request
    Column("next_at", DateTime(timezone=True), nullable=False),
    # while they asked to be left alone, or do not answer: until when nobody asks
    Column("not_before", DateTime(timezone=True)),
    # requests in a row that brought no answer
    Column("failures", Integer, nullable=False, server_default="0"),
)

provider_slots = tenant_table(
    "provider_slots",
    Column("provider", Text, primary_key=True),
    Column("slot", Integer, primary_key=True),
    # whose request is under way there, and until when at the latest
    Column("lease", UUID(as_uuid=True)),
    Column("leased_until", DateTime(timezone=True)),
)
