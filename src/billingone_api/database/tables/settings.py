"""What an organisation chose for itself."""

from sqlalchemy import CheckConstraint, Column, Date, DateTime, Integer, Numeric, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from billingone_api.database.tenancy import tenant_table

organisation_settings = tenant_table(
    "organisation_settings",
    Column("name", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("reporting_currency", Text, nullable=False),
    # what PanelOne last said of zone and currency: only news from there replaces a choice made here
    Column("pushed", JSONB, nullable=False, server_default="{}"),
    Column("pax8_price_is", Text, nullable=False, server_default="sell"),
    Column("annual_price_is", Text, nullable=False, server_default="year"),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("pax8_price_is IN ('sell', 'buy')", name="pax8_price_is"),
    CheckConstraint("annual_price_is IN ('year', 'month')", name="annual_price_is"),
)

exchange_rates = tenant_table(
    "exchange_rates",
    Column("currency", Text, primary_key=True),
    Column("reporting_currency", Text, primary_key=True),
    Column("valid_on", Date, primary_key=True),
    # one unit of `currency` is worth this many of `reporting_currency`
    Column("rate", Numeric, nullable=False),
    Column("entered_by", Text, nullable=False),
    Column("entered_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("rate > 0 AND rate < 1000000000", name="rate"),
)
