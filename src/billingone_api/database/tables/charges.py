"""What Pax8 charges the organisation: its invoices month by month, and drafts of those to come."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    Text,
)

from billingone_api.database.tenancy import tenant_table

pax8_bills = tenant_table(
    "pax8_bills",
    # Pax8's id; of a draft the word and its month, for Pax8 gives it none
    Column("source_id", Text, primary_key=True),
    Column("is_draft", Boolean, nullable=False),
    # the first day of the month that it bills
    Column("month", Date),
    Column("source_status", Text),
    Column("invoiced_on", Date),
    Column("due_on", Date),
    Column("currency", Text),
    Column("total", Numeric),
    Column("balance", Numeric),
    Column("carried_balance", Numeric),
    # its charges were never read, or it has changed since
    Column("is_due", Boolean, nullable=False),
    # when its charges were last read whole; null: never
    Column("read_at", DateTime(timezone=True)),
    # charges that could not be read, so that its sum is not all
    Column("unreadable", Integer, nullable=False, server_default="0"),
    # of the charges as they are kept, so that the same ones are not written again
    Column("digest", Text),
    Column("first_seen_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("gone_at", DateTime(timezone=True)),
    CheckConstraint(
        "total <> 'NaN' AND balance <> 'NaN' AND carried_balance <> 'NaN'", name="numbers"
    ),
    Index("ix_pax8_bills_month", "organisation_id", "month"),
)

pax8_charges = tenant_table(
    "pax8_charges",
    Column("bill_id", Text, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("source_id", Text),
    # subscription, prorate, one-time, rebate, a service charge, one of the credits
    Column("kind", Text),
    Column("company_id", Text),
    Column("subscription_id", Text),
    Column("product_id", Text),
    Column("product_name", Text),
    Column("vendor_name", Text),
    Column("sku", Text),
    Column("description", Text),
    Column("details", Text),
    Column("period_from", Date),
    Column("period_to", Date),
    # the words of invoices, which are not those of subscriptions
    Column("term", Text),
    Column("rate_type", Text),
    Column("unit_of_measure", Text),
    Column("quantity", Numeric),
    # the customer's side
    Column("unit_price", Numeric),
    Column("price_total", Numeric),
    # the partner's side: what the organisation pays, without tax
    Column("unit_cost", Numeric),
    Column("cost_total", Numeric),
    Column("amount_due", Numeric),
    Column("tax", Numeric),
    Column("currency", Text),
    ForeignKeyConstraint(
        ["organisation_id", "bill_id"],
        ["pax8_bills.organisation_id", "pax8_bills.source_id"],
        ondelete="CASCADE",
    ),
    CheckConstraint(
        "quantity <> 'NaN' AND unit_price <> 'NaN' AND price_total <> 'NaN' AND unit_cost <> 'NaN'"
        " AND cost_total <> 'NaN' AND amount_due <> 'NaN' AND tax <> 'NaN'",
        name="numbers",
    ),
    Index("ix_pax8_charges_company", "organisation_id", "company_id", "bill_id"),
)
