"""Any subscription that could stand in the table, for property tests."""

from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import strategies as st
from tests.support.portfolio import subscription

TODAY = date(2026, 11, 24)  # of the suite's clock, in Sydney

WORDS = (
    "Active", "Activated", "PendingCancel", "Trial", "PendingManual", "PendingAutomated",
    "PendingActivation", "WaitingForDetails", "Cancelled", "Converted", "Suspended", "SUSPENDED",
    "suspended", "Suspension", "AutoSuspended", "Account suspended", "Unsuspended", "ReSuspend",
    "active", "ACTIVE", "Cancel", "Migrating", "'; --", None,
)  # fmt: skip
TERMS = (
    "Monthly", "Annual", "1-Year", "2-Year", "3-Year", "One-Time", "Trial", "Activation",
    "monthly", "Quarterly", None,
)  # fmt: skip
DAYS = st.none() | st.dates(date(2026, 11, 21), date(2026, 11, 27))
UNITS = st.none() | st.decimals(
    Decimal(-99999999999999), Decimal(999999999999999), places=4, allow_nan=False
)
QUANTITIES = st.none() | st.one_of(
    st.integers(0, 5000).map(Decimal), st.decimals(Decimal(-9), Decimal(9999), places=3)
)

rows = st.builds(
    subscription,
    source_status=st.sampled_from(WORDS) | st.just("Active"),
    quantity=QUANTITIES,
    price=UNITS,
    partner_cost=UNITS,
    currency=st.sampled_from(("AUD", "USD", "JPY", "KWD", None)),
    billing_term=st.sampled_from(TERMS) | st.just("Monthly") | st.just("Annual"),
    starts_on=DAYS,
    ends_on=DAYS,
    gone_at=st.none() | st.none() | st.just(datetime(2026, 11, 20, tzinfo=UTC)),
    usage_billed=st.sampled_from((None, None, False, True)),
)
"""`id` and `source_id` come anew with each."""
