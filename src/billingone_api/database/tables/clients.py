"""PanelOne's clients, and which record of a third party belongs to whom."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from billingone_api.database.tenancy import tenant_table

clients = tenant_table(
    "clients",
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("pax8_company_id", Text),
    Column("xero_contact_id", Text),
    Column("superops_client_id", Text),
    Column("tax_number", Text),
    Column("domains", ARRAY(Text), nullable=False, server_default="{}"),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("ix_clients_name", "organisation_id", "name", "id"),
    Index("ix_clients_pax8_company_id", "organisation_id", "pax8_company_id"),
    Index("ix_clients_xero_contact_id", "organisation_id", "xero_contact_id"),
    Index("ix_clients_superops_client_id", "organisation_id", "superops_client_id"),
)

client_links = tenant_table(
    "client_links",
    Column("source", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    # null: a person said that this record belongs to no client, so nothing may link it by itself
    Column("client_id", UUID(as_uuid=True)),
    Column("origin", Text, nullable=False),
    Column("linked_by", Text),
    Column("linked_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # why a person says that it belongs to no client
    Column("reason", Text),
    ForeignKeyConstraint(
        ["organisation_id", "client_id"], ["clients.organisation_id", "clients.id"]
    ),
    CheckConstraint("origin IN ('exact', 'identifier', 'manual')", name="origin"),
    CheckConstraint("client_id IS NOT NULL OR origin = 'manual'", name="unlinked_by_hand"),
    Index("ix_client_links_client_id", "organisation_id", "client_id"),
)
