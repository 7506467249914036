"""What people and identifiers did to the mapping, each deed so that it can be undone."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
)
from sqlalchemy.dialects.postgresql import UUID

from billingone_api.database.tenancy import tenant_table

mapping_deeds = tenant_table(
    "mapping_deeds",
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("done_at", DateTime(timezone=True), nullable=False),
    # null: identifiers did it by themselves
    Column("done_by", Text),
    # of a merge: whose records went to whom
    Column("from_client_id", UUID(as_uuid=True)),
    Column("into_client_id", UUID(as_uuid=True)),
    Column("undone_at", DateTime(timezone=True)),
    Column("undone_by", Text),
    ForeignKeyConstraint(
        ["organisation_id", "from_client_id"],
        ["clients.organisation_id", "clients.id"],
        name="fk_mapping_deeds_from_client",
    ),
    ForeignKeyConstraint(
        ["organisation_id", "into_client_id"],
        ["clients.organisation_id", "clients.id"],
        name="fk_mapping_deeds_into_client",
    ),
    CheckConstraint(
        "kind IN ('link', 'bulk', 'suggestions', 'merge', 'split', 'import', 'identifiers')",
        name="kind",
    ),
    CheckConstraint("undone_at IS NOT NULL OR undone_by IS NULL", name="undone"),
    Index("ix_mapping_deeds_done_at", "organisation_id", "done_at", "id"),
    Index("ix_mapping_deeds_from_client_id", "organisation_id", "from_client_id"),
)

mapping_changes = tenant_table(
    "mapping_changes",
    Column("deed_id", UUID(as_uuid=True), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    # the client that was refused for the record; the link is as it was, unless it is another's now
    Column("refused_client_id", UUID(as_uuid=True)),
    # the link before and after; without an origin there was none
    Column("before_client_id", UUID(as_uuid=True)),
    Column("before_origin", Text),
    Column("before_reason", Text),
    Column("before_by", Text),
    Column("before_at", DateTime(timezone=True)),
    Column("after_client_id", UUID(as_uuid=True)),
    Column("after_origin", Text),
    Column("is_link_changed", Boolean, nullable=False),
    ForeignKeyConstraint(
        ["organisation_id", "deed_id"], ["mapping_deeds.organisation_id", "mapping_deeds.id"]
    ),
    Index("ix_mapping_changes_record", "organisation_id", "source", "source_id"),
)

refused_links = tenant_table(
    "refused_links",
    Column("source", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("client_id", UUID(as_uuid=True), primary_key=True),
    # null: identifiers had linked them, and that was undone
    Column("refused_by", Text),
    Column("refused_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(
        ["organisation_id", "client_id"], ["clients.organisation_id", "clients.id"]
    ),
    Index("ix_refused_links_client_id", "organisation_id", "client_id"),
)

primary_contacts = tenant_table(
    "primary_contacts",
    Column("client_id", UUID(as_uuid=True), primary_key=True),
    # the record that has the contact, and the contact's address there, in lower case
    Column("source", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("chosen_by", Text, nullable=False),
    Column("chosen_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(
        ["organisation_id", "client_id"], ["clients.organisation_id", "clients.id"]
    ),
)
