"""What Pax8 says of companies, products and subscriptions, and every version of it we saw."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from billingone_api.database.tenancy import tenant_table

pax8_companies = tenant_table(
    "pax8_companies",
    Column("source_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("source_status", Text),
    Column("external_id", Text),
    Column("website", Text),
    Column("first_seen_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("gone_at", DateTime(timezone=True)),
    # when its contacts, at a call for each company, were last read whole; null since it changed
    Column("contacts_read_at", DateTime(timezone=True)),
)

pax8_contacts = tenant_table(
    "pax8_contacts",
    Column("company_id", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    # people, of whom no more is kept than it takes to write to them; gone, they are forgotten
    Column("name", Text),
    Column("email", Text),
    # what they are there for in Pax8's words, and for which of it before the others
    Column("types", ARRAY(Text), nullable=False, server_default="{}"),
    Column("primary_types", ARRAY(Text), nullable=False, server_default="{}"),
    Column("first_seen_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("gone_at", DateTime(timezone=True)),
)

products = tenant_table(
    "products",
    Column("source", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("name", Text),
    Column("vendor_name", Text),
    Column("sku", Text),
    Column("vendor_sku", Text),
    # how we know that its quantity and price mean nothing: usage summaries, or a person
    Column("usage_evidence", Text),
    # when Pax8 was last asked for usage summaries of a subscription to it
    Column("usage_checked_at", DateTime(timezone=True)),
    # what a person said; null leaves it to the evidence
    Column("usage_billed_by_hand", Boolean),
    Column("fetched_at", DateTime(timezone=True), nullable=False),
    Column("gone_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False, server_default="1"),
)

_FACTS = (
    ("source_status", Text),
    ("company_id", Text),
    ("product_id", Text),
    ("quantity", Numeric),
    ("price", Numeric),
    ("partner_cost", Numeric),
    ("currency", Text),
    ("billing_term", Text),
    ("starts_on", Date),
    ("ends_on", Date),
    ("commitment_term", Text),
    ("commitment_ends_on", Date),
    ("gone_at", DateTime(timezone=True)),
    # ours, kept with the facts because MRR of a past day needs what was known then
    ("client_id", UUID(as_uuid=True)),
    ("usage_billed", Boolean),
)

FACTS = tuple(name for name, _ in _FACTS)
"""The columns whose change makes a new version of a subscription."""

subscriptions = tenant_table(
    "subscriptions",
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("source", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    *(Column(name, kind) for name, kind in _FACTS),
    Column("parent_id", Text),
    Column("vendor_subscription_id", Text),
    Column("vendor_sku_id", Text),
    Column("billing_starts_on", Date),
    Column("created_on", Date),
    Column("source_updated_at", DateTime(timezone=True)),
    # labels, kept here so that sorting and searching stay inside this table's indexes
    Column("client_label", Text, nullable=False, server_default=""),
    Column("product_name", Text, nullable=False, server_default=""),
    Column("vendor_name", Text, nullable=False, server_default=""),
    Column(
        "search_text",
        Text,
        Computed(
            "lower(client_label || ' ' || product_name || ' ' || source_id || ' ' || id::text)",
            persisted=True,
        ),
    ),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("first_seen_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("organisation_id", "source", "source_id"),
    CheckConstraint(
        "price <> 'NaN' AND partner_cost <> 'NaN' AND quantity <> 'NaN'", name="numbers"
    ),
    Index("ix_subscriptions_client", "organisation_id", "client_label", "id"),
    Index("ix_subscriptions_product", "organisation_id", "product_name", "id"),
    Index("ix_subscriptions_client_id", "organisation_id", "client_id"),
    Index("ix_subscriptions_company", "organisation_id", "company_id"),
    Index("ix_subscriptions_product_id", "organisation_id", "product_id"),
    Index(
        "ix_subscriptions_end",
        "organisation_id",
        text("coalesce(ends_on, 'infinity'::date)"),
        "id",
    ),
)

client_totals = tenant_table(
    "client_totals",
    Column("client_id", UUID(as_uuid=True), primary_key=True),
    Column("currency", Text, primary_key=True),
    # the day from which on this is added; the first is long ago
    Column("since", Date, primary_key=True),
    # how many count towards MRR, and the 72nds of a month's money that they are
    Column("subscriptions", BigInteger, nullable=False),
    # where the price of a longer term covers all of it, and where it covers each month
    Column("by_year", Numeric, nullable=False),
    Column("by_month", Numeric, nullable=False),
    ForeignKeyConstraint(
        ["organisation_id", "client_id"], ["clients.organisation_id", "clients.id"]
    ),
)
"""What subscriptions of each client come to: sums of sums, so that lists are sorted fast."""

subscription_versions = tenant_table(
    "subscription_versions",
    Column("subscription_id", UUID(as_uuid=True), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    *(Column(name, kind) for name, kind in _FACTS),
    # what was ever a client's
    Index("ix_subscription_versions_client", "organisation_id", "client_id"),
)
