"""Says what Pax8 sends in the words of subscriptions."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time
from typing import Final, TypeVar

import structlog

from billingone_api.billing.subscriptions.adapters.pax8_contacts import contacts_of
from billingone_api.billing.subscriptions.models import (
    Company,
    ContactList,
    Listing,
    Product,
    Subscription,
)
from billingone_api.billing.syncs.models import Unreadable
from billingone_api.kit.clock import day_of
from billingone_api.providers.errors import MalformedAnswer, PermissionDenied, RecordNotFound
from billingone_api.providers.pax8 import payloads
from billingone_api.providers.pax8.client import Pax8Client
from billingone_api.providers.pax8.payloads import Page

# PostgreSQL has no other words for the first and the last day of the calendar than "for ever".
_FOR_EVER: Final = frozenset({date.min, date.max})
# Its list may leave these out, and the record still answer to its id.
_DELETED: Final = "Deleted"
_CURRENCY: Final = re.compile(r"[A-Za-z]{3}", re.ASCII)

P = TypeVar("P")
R = TypeVar("R")

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Pax8Portfolio:
    """One connection's portfolio; instants become days of the organisation's time zone."""

    def __init__(self, client: Pax8Client, *, time_zone: str) -> None:
        self._client = client
        self._time_zone = time_zone

    async def companies(self, page: int) -> Listing[Company]:
        return listing_of(await self._client.companies(page), _company)

    async def subscriptions(self, page: int) -> Listing[Subscription]:
        return listing_of(await self._client.subscriptions(page), self._subscription)

    async def company(self, source_id: str) -> Company | Unreadable | None:
        found = await _found(source_id, self._client.company)
        if not isinstance(found, payloads.Company):
            return found
        return None if found.status == _DELETED else _company(found)

    async def contacts(self, company_id: str) -> ContactList:
        return await contacts_of(company_id, self._client.contacts)

    async def subscription(self, source_id: str) -> Subscription | Unreadable | None:
        found = await _found(source_id, self._client.subscription)
        if not isinstance(found, payloads.Subscription):
            return found
        return self._subscription(found)

    async def product(self, source_id: str) -> Product | Unreadable:
        try:
            found = await self._client.product(source_id)
        except RecordNotFound:
            return Product(source_id, is_gone=True)
        except MalformedAnswer as error:
            return Unreadable(source_id, reason=error.sentence, excerpt="")
        return Product(
            source_id,
            name=found.name,
            vendor_name=found.vendor_name,
            sku=found.sku,
            vendor_sku=found.vendor_sku,
        )

    async def has_usage(self, subscription_id: str) -> bool | None:
        try:
            return await self._client.has_usage(subscription_id)
        except RecordNotFound:
            return False
        except (PermissionDenied, MalformedAnswer) as error:
            _log.warning("pax8_usage_unknown", reason=error.sentence)
            return None

    def _subscription(self, found: payloads.Subscription) -> Subscription:
        bound = found.commitment
        return Subscription(
            source_id=found.id,
            source_status=found.status,
            company_id=found.company_id,
            product_id=found.product_id,
            quantity=found.quantity,
            price=found.price,
            partner_cost=found.partner_cost,
            currency=_currency(found.currency_code),
            billing_term=found.billing_term,
            starts_on=self._day(found.start_date),
            ends_on=self._day(found.end_date),
            commitment_term=bound.term if bound else None,
            commitment_ends_on=self._day(bound.end_date) if bound else None,
            parent_id=found.parent_subscription_id,
            vendor_subscription_id=found.vendor_subscription_id,
            vendor_sku_id=found.vendor_sku_id,
            billing_starts_on=self._day(found.billing_start),
            created_on=self._day(found.created_date),
            source_updated_at=_instant(found.updated_date),
            product_name=found.product_name,
        )

    def _day(self, moment: datetime | date | None) -> date | None:
        if isinstance(moment, datetime):
            try:
                moment = day_of(moment, self._time_zone)
            except OverflowError:
                return None
        return None if moment in _FOR_EVER else moment


async def _found(source_id: str, ask: Callable[[str], Awaitable[P]]) -> P | Unreadable | None:
    try:
        return await ask(source_id)
    except RecordNotFound:
        return None
    except MalformedAnswer as error:
        return Unreadable(source_id, reason=error.sentence, excerpt="")


def listing_of(page: Page[P], translate: Callable[[P], R]) -> Listing[R]:
    """A page of Pax8's in our words."""
    return Listing(
        records=[translate(record) for record in page.records],
        unreadable=[
            Unreadable(reject.source_id, reason=reject.reason, excerpt=reject.excerpt)
            for reject in page.rejects
        ],
        number=page.number,
        total_pages=page.total_pages,
        total_records=page.total_records,
    )


def _company(found: payloads.Company) -> Company:
    return Company(
        source_id=found.id,
        name=found.name or "",
        source_status=found.status,
        external_id=found.external_id,
        website=found.website,
    )


def _instant(moment: datetime | date | None) -> datetime | None:
    if moment is None or isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, time.min, tzinfo=UTC)


def _currency(code: str | None) -> str | None:
    """The code in capitals; what is no code at all is as good as missing."""
    return code.upper() if code is not None and _CURRENCY.fullmatch(code) else None
