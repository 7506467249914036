"""Decides which days a month is looked at, and what a person's word on a description does."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from billingone_api.billing.access.models import Organisation
from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.billing.fourway.errors import DescriptionConfirmed, ProductNotFound
from billingone_api.billing.fourway.models import NO_PRODUCT, Basis, Month, Said, Verdict
from billingone_api.billing.fourway.ports import Mappings
from billingone_api.kit.events import Tell, changed

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
    begins_at, as_of = (
        datetime(one.year, one.month, 1, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)
        for one in (first, after)
    )
    return Month(
        first=first,
        begins_at=begins_at,
        after=after,
        day=after - timedelta(days=1) if is_past else today,
        as_of=as_of,
        used_since=min(first, current),
        is_past=is_past,
    )


def next_month(first: date) -> date:
    if first.month == _LAST:
        return date(first.year + 1, 1, 1)
    return date(first.year, first.month + 1, 1)


async def say(
    mappings: Mappings, description: str, product_id: str | None, verdict: Verdict, *, by: str,
    at: datetime, tell: Tell,
) -> None:  # fmt: skip
    """Raises ProductNotFound and DescriptionConfirmed; the same again is the same."""
    product = NO_PRODUCT if product_id is None else product_id
    said = await mappings.said(description, product)
    _refuse(said, product, verdict)
    if said.verdict is verdict:
        return
    await mappings.keep(said.key, product, verdict, description=description, by=by, at=at)
    before = None if said.verdict is None else {"verdict": said.verdict}
    after = {"verdict": verdict, "description": description}
    tell(changed(f"line_mapping.{verdict}", "line_mapping", product, before=before, after=after))


async def undo(mappings: Mappings, description: str, product_id: str | None, *, tell: Tell) -> None:
    """Nothing was said of the two any more, nor was it where nothing had been."""
    product = NO_PRODUCT if product_id is None else product_id
    said = await mappings.said(description, product)
    if said.verdict is None:
        return
    await mappings.forget(said.key, product)
    before = {"verdict": said.verdict, "description": description}
    tell(changed("line_mapping.undone", "line_mapping", product, before=before, after=None))


def _refuse(said: Said, product: str, verdict: Verdict) -> None:
    if product != NO_PRODUCT and not said.is_product:
        raise ProductNotFound("Take a product of Pax8's, by its id: see /v1/products.")
    if verdict is Verdict.CONFIRMED and said.confirmed not in {None, product}:
        raise DescriptionConfirmed(
            "A description bills one product. Undo what was confirmed for the other one first."
        )
