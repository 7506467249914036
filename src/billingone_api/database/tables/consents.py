"""Consents given in Xero: apps, states, token sets, what they reach, and webhooks for it."""

from sqlalchemy import (
    Column,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    Text,
)
from sqlalchemy.dialects.postgresql import UUID

from billingone_api.database.tenancy import directory_table, tenant_table

# an organisation's own app at Xero, in place of the operator's: one row at most
xero_apps = tenant_table(
    "xero_apps",
    Column("client_id", Text, nullable=False),
    Column("client_secret", LargeBinary, nullable=False),
    Column("saved_by", Text, nullable=False),
    Column("saved_at", DateTime(timezone=True), nullable=False),
)

oauth_states = tenant_table(
    "oauth_states",
    # SHA-256 of 256 random bits, which go to the browser alone
    Column("hash", LargeBinary, primary_key=True),
    # whoever began, in which session: nobody else may end it
    Column("subject", Text, nullable=False),
    Column("session_id", Text),
    Column("client_id", Text, nullable=False),
    Column("verifier", LargeBinary, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    # kept for a while, so that a second use is told from a state that never was
    Column("used_at", DateTime(timezone=True)),
)

xero_consents = tenant_table(
    "xero_consents",
    Column("id", UUID(as_uuid=True), primary_key=True),
    # the app it was given to: no other can renew its tokens
    Column("client_id", Text, nullable=False),
    # access and refresh token together: they are replaced together
    Column("tokens", LargeBinary, nullable=False),
    # of the access token; null once it was refused
    Column("expires_at", DateTime(timezone=True)),
    Column("scope", Text, nullable=False),
    # grows with every token set; written back only where it is unchanged
    Column("version", Integer, nullable=False, server_default="1"),
    # Xero takes the refresh token no more: it is not asked again
    Column("ended_at", DateTime(timezone=True)),
    # who is renewing, and until when the others wait for it
    Column("claimed_by", UUID(as_uuid=True)),
    Column("claimed_until", DateTime(timezone=True)),
    Column("given_by", Text, nullable=False),
    Column("given_at", DateTime(timezone=True), nullable=False),
)

xero_tenants = tenant_table(
    "xero_tenants",
    Column("consent_id", UUID(as_uuid=True), primary_key=True),
    Column("tenant_id", UUID(as_uuid=True), primary_key=True),
    # Xero's, by which the connection of this one organisation is ended
    Column("connection_id", Text, nullable=False),
    Column("name", Text),
    ForeignKeyConstraint(
        ["organisation_id", "consent_id"],
        ["xero_consents.organisation_id", "xero_consents.id"],
        ondelete="CASCADE",
    ),
)

webhook_events = tenant_table(
    "webhook_events",
    Column("provider", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("received_at", DateTime(timezone=True), nullable=False),
)

webhook_routes = directory_table(
    "webhook_routes",
    Column("provider", Text, primary_key=True),
    Column("tenant_id", Text, primary_key=True),
    Column("organisation_id", UUID(as_uuid=True), primary_key=True),
    ForeignKeyConstraint(["organisation_id"], ["organisations.id"]),
)
