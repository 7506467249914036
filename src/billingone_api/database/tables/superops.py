"""What SuperOps alone has: its clients, their devices and their people."""

from sqlalchemy import Column, DateTime, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from billingone_api.database.tenancy import tenant_table


def _of_ledger() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["organisation_id", "ledger_id"], ["ledgers.organisation_id", "ledgers.id"]
    )


superops_clients = tenant_table(
    "superops_clients",
    Column("ledger_id", UUID(as_uuid=True), primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("stage", Text),
    Column("source_status", Text),
    Column("email_domains", ARRAY(Text), nullable=False, server_default="{}"),
    Column("first_seen_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("gone_at", DateTime(timezone=True)),
    _of_ledger(),
    Index("ix_superops_clients_source_id", "organisation_id", "source_id"),
)

superops_assets = tenant_table(
    "superops_assets",
    Column("ledger_id", UUID(as_uuid=True), primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("client_source_id", Text),
    Column("name", Text),
    Column("host_name", Text),
    Column("serial_number", Text),
    # free words of theirs: what kind of device it is
    Column("asset_class", Text),
    Column("device_category", Text),
    Column("platform", Text),
    Column("source_status", Text),
    Column("last_seen_at", DateTime(timezone=True)),
    Column("first_seen_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("gone_at", DateTime(timezone=True)),
    _of_ledger(),
    Index("ix_superops_assets_client", "organisation_id", "client_source_id"),
    # as a list of all of them is walked
    Index(
        "ix_superops_assets_name",
        "organisation_id",
        "ledger_id",
        text("coalesce(name, host_name, '')"),
        "source_id",
        postgresql_where=text("gone_at IS NULL"),
    ),
)

superops_users = tenant_table(
    "superops_users",
    Column("ledger_id", UUID(as_uuid=True), primary_key=True),
    # of the association: one person may belong to several clients
    Column("source_id", Text, primary_key=True),
    Column("user_source_id", Text, nullable=False),
    Column("client_source_id", Text, nullable=False),
    Column("name", Text),
    Column("first_seen_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("gone_at", DateTime(timezone=True)),
    _of_ledger(),
    Index("ix_superops_users_client", "organisation_id", "client_source_id"),
    Index("ix_superops_users_user", "organisation_id", "ledger_id", "user_source_id"),
    Index(
        "ix_superops_users_name",
        "organisation_id",
        "ledger_id",
        text("coalesce(name, '')"),
        "source_id",
        postgresql_where=text("gone_at IS NULL"),
    ),
)
