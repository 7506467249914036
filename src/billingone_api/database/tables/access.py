"""Who may come in: organisations PanelOne told us of, and sessions it ended."""

from sqlalchemy import Column, DateTime, Text, func
from sqlalchemy.dialects.postgresql import UUID

from billingone_api.database.tenancy import directory_table, tenant_table

organisations = directory_table(
    "organisations",
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("ended_at", DateTime(timezone=True)),
)

revocations = tenant_table(
    "revocations",
    # `session:<id>` or `user:<id>`: one look-up by key answers for both
    Column("subject", Text, primary_key=True),
    # tokens issued at or before this instant are refused
    Column("issued_before", DateTime(timezone=True), nullable=False),
)
