"""What Xero alone has: contacts, the chart of accounts, and what its accounts mean to us."""

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from billingone_api.database.tenancy import tenant_table

xero_contacts = tenant_table(
    "xero_contacts",
    Column("ledger_id", UUID(as_uuid=True), primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("source_status", Text),
    Column("merged_into", Text),
    Column("contact_number", Text),
    Column("account_number", Text),
    Column("tax_number", Text),
    Column("email", Text),
    Column("website", Text),
    Column("is_customer", Boolean),
    # the people beside the main one: name, email, whether invoices go to them
    Column("people", JSONB, nullable=False, server_default="[]"),
    Column("source_updated_at", DateTime(timezone=True)),
    Column("first_seen_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("gone_at", DateTime(timezone=True)),
    ForeignKeyConstraint(
        ["organisation_id", "ledger_id"], ["ledgers.organisation_id", "ledgers.id"]
    ),
    Index("ix_xero_contacts_source_id", "organisation_id", "source_id"),
)

accounts = tenant_table(
    "accounts",
    Column("ledger_id", UUID(as_uuid=True), primary_key=True),
    Column("source_id", Text, primary_key=True),
    # people may change it, and bank accounts may have none
    Column("code", Text),
    Column("name", Text, nullable=False),
    Column("type", Text),
    Column("class", Text),
    Column("source_status", Text),
    Column("tax_type", Text),
    Column("first_seen_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("gone_at", DateTime(timezone=True)),
    ForeignKeyConstraint(
        ["organisation_id", "ledger_id"], ["ledgers.organisation_id", "ledgers.id"]
    ),
)

account_mappings = tenant_table(
    "account_mappings",
    Column("ledger_id", UUID(as_uuid=True), primary_key=True),
    Column("account_id", Text, primary_key=True),
    Column("category", Text, nullable=False),
    Column("mapped_by", Text, nullable=False),
    Column("mapped_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(
        ["organisation_id", "ledger_id", "account_id"],
        ["accounts.organisation_id", "accounts.ledger_id", "accounts.source_id"],
    ),
)
