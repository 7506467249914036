"""What people said of the lines of invoices: which of Pax8's products a description bills."""

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Text, text

from billingone_api.database.tenancy import tenant_table

line_mappings = tenant_table(
    "line_mappings",
    # the description without what differs from month to month
    Column("description_key", Text, primary_key=True),
    # Pax8's id; empty: no product of Pax8's at all
    Column("product_id", Text, primary_key=True),
    Column("verdict", Text, nullable=False),
    # as it stood on a line
    Column("description", Text, nullable=False),
    Column("said_by", Text, nullable=False),
    Column("said_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("verdict IN ('confirmed', 'refused')", name="verdict"),
    # a description bills one product
    Index(
        "uq_line_mappings_confirmed",
        "organisation_id",
        "description_key",
        unique=True,
        postgresql_where=text("verdict = 'confirmed'"),
    ),
)
