"""One account of SuperOps, list by list."""

import hashlib
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, date, datetime, time
from typing import Final, Generic, TypeVar

from billingone_api.billing.invoices.adapters.superops import documents
from billingone_api.billing.invoices.adapters.superops.documents import Terms
from billingone_api.billing.invoices.books import Invoice, Organisation, Page
from billingone_api.billing.invoices.superops import Asset, Client, Listed, User
from billingone_api.billing.syncs.models import Unreadable
from billingone_api.providers.errors import PermissionDenied, RecordNotFound
from billingone_api.providers.records import Reject, excerpt
from billingone_api.providers.superops import payloads as wire
from billingone_api.providers.superops.client import Capability, SuperOpsClient
from billingone_api.providers.superops.errors import QueryFailed, SubscriptionEnded
from billingone_api.providers.superops.listing import Listing
from billingone_api.providers.superops.payloads import SuperOpsPayload
from billingone_api.providers.superops.provider import SUPEROPS

MOST_IN_A_ROW: Final = 3
"""Invoices that SuperOps fails at one after the other; at one more it is no invoice's fault."""

W = TypeVar("W", bound=SuperOpsPayload)
T = TypeVar("T")


class SuperOpsLists:
    """What a client reads of an account, in our words."""

    def __init__(self, client: SuperOpsClient, subdomain: str, terms: Terms) -> None:
        self._client = client
        self._subdomain = subdomain
        self._terms = terms
        self._failed = 0

    async def organisation(self) -> Organisation:
        """Asked only once the token has read a client and an invoice of it."""
        denied = await self._client.check()
        for needed in (Capability.CLIENTS, Capability.INVOICES):
            if needed in denied:
                sentence = f"SuperOps does not let us read {needed}. {SUPEROPS.permit}"
                raise PermissionDenied(sentence, provider=SUPEROPS.key)
        return Organisation(
            source_id=self._subdomain,
            name=self._subdomain,
            short_code=None,
            base_currency=self._terms.currency,
            country=None,
            time_zone=None,
        )

    def clients(self) -> "SuperOpsWalk[wire.Client, Client]":
        return SuperOpsWalk(self._client.clients(), _client)

    def invoices(self) -> "SuperOpsWalk[wire.InvoiceSummary, Listed]":
        return SuperOpsWalk(self._client.invoices(), self._listed)

    def assets(self) -> "SuperOpsWalk[wire.Asset, Asset]":
        return SuperOpsWalk(self._client.assets(), _asset, is_needed=False)

    def users(self) -> "SuperOpsWalk[wire.Association, User]":
        return SuperOpsWalk(self._client.users(), _user, is_needed=False)

    async def invoice(self, listed: Listed) -> Invoice | Unreadable | None:
        try:
            found = await self._client.invoice(listed.source_id)
        except RecordNotFound:
            return None
        except QueryFailed as error:
            self._failed += 1
            if self._failed > MOST_IN_A_ROW:
                raise
            return Unreadable(listed.source_id, reason=error.sentence, excerpt=listed.excerpt)
        self._failed = 0
        if isinstance(found, Reject):
            return _unreadable(found)
        return documents.invoice(found, self._terms, digest=listed.digest)

    def _listed(self, found: wire.InvoiceSummary) -> Listed:
        # Another currency or zone makes another invoice of it.
        digest = hashlib.sha256(f"{self._terms} {found!r}".encode()).digest()
        return Listed(found.invoice_id, digest, excerpt(found.model_dump()))


class SuperOpsWalk(Generic[W, T]):
    """One list from end to end; what can be done without may be denied to us."""

    def __init__(
        self, listing: Listing[W], translate: Callable[[W], T], *, is_needed: bool = True
    ) -> None:
        self._listing = listing
        self._translate = translate
        self._is_needed = is_needed
        self.denial: str | None = None

    @property
    def is_complete(self) -> bool:
        return self._listing.is_complete

    @property
    def total(self) -> int | None:
        return self._listing.total

    async def pages(self) -> AsyncGenerator[Page[T]]:
        try:
            async with aclosing(self._listing.batches()) as batches:
                async for batch in batches:
                    records = [self._translate(one) for one in batch.records]
                    yield Page(records, [_unreadable(one) for one in batch.rejects])
        except SubscriptionEnded:
            raise
        except PermissionDenied as error:
            if self._is_needed:
                raise
            self.denial = error.sentence


def _unreadable(reject: Reject) -> Unreadable:
    return Unreadable(reject.source_id, reason=reject.reason, excerpt=reject.excerpt)


def _client(found: wire.Client) -> Client:
    return Client(
        source_id=found.account_id,
        name=found.name or "",
        stage=found.stage,
        source_status=found.status,
        email_domains=list(found.email_domains or ()),
    )


def _asset(found: wire.Asset) -> Asset:
    return Asset(
        source_id=found.asset_id,
        client_source_id=found.client.account_id if found.client else None,
        name=found.name,
        host_name=found.host_name,
        serial_number=found.serial_number,
        asset_class=found.asset_class.name if found.asset_class else None,
        device_category=found.device_category.name if found.device_category else None,
        platform=found.platform,
        source_status=found.status,
        last_seen_at=_instant(found.last_communicated_time),
    )


def _instant(told: datetime | date | None) -> datetime | None:
    """A day without a time is taken for its first instant."""
    if told is None or isinstance(told, datetime):
        return told
    return datetime.combine(told, time(), tzinfo=UTC)


def _user(found: wire.Association) -> User:
    return User(
        source_id=found.id,
        user_source_id=found.user.user_id,
        client_source_id=found.client.account_id,
        name=found.user.name,
    )
