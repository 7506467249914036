"""Decides which days a month is looked at, and what a person's word on a description does."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from billingone_api.billing.access.models import Organisation
from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.billing.fourway.models import Basis, Month

_LAST = 12


def basis_of(organisation: Organisation, first: date | None, *, now: datetime) -> Basis:
    """Of a month by its first day; the organisation's own month where none is said."""
    today = organisation.day_of(now)
    prices = PriceBasis(organisation.pax8_price_is, organisation.annual_price_is)
    month = month_of(first or today, today=today, time_zone=organisation.time_zone)
    return Basis(month, prices, organisation.reporting_currency)


def month_of(any_day: date, *, today: date, time_zone: str) -> Month:
    first, current = any_day.replace(day=1), today.replace(day=1)
    after = next_month(first)
    is_past = after <= today
    midnight = datetime(after.year, after.month, 1, tzinfo=ZoneInfo(time_zone))
    return Month(
        first=first,
        after=after,
        day=after - timedelta(days=1) if is_past else today,
        as_of=midnight.astimezone(UTC),
        used_since=min(first, current),
        is_past=is_past,
    )


def next_month(first: date) -> date:
    if first.month == _LAST:
        return date(first.year + 1, 1, 1)
    return date(first.year, first.month + 1, 1)
