"""API keys: what each may do, and the directory in which one is found by its id."""

from sqlalchemy import Column, DateTime, ForeignKeyConstraint, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from billingone_api.database.tenancy import directory_table, tenant_table

api_keys = tenant_table(
    "api_keys",
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

api_key_hashes = directory_table(
    "api_key_hashes",
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("organisation_id", UUID(as_uuid=True), nullable=False),
    # SHA-256 of the whole key: its secret has 256 random bits, which nobody guesses quickly or not
    Column("hash", LargeBinary, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("last_used_at", DateTime(timezone=True)),
    # a key that is revoked goes from here in the same statement
    ForeignKeyConstraint(
        ["organisation_id", "id"],
        ["api_keys.organisation_id", "api_keys.id"],
        ondelete="CASCADE",
    ),
)
