"""Reads one organisation of Xero: lists by their changes, and its own few facts."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import httpx

from billingone_api.kit.clock import Clock
from billingone_api.kit.http.calls import JsonCalls, Query, Sleep
from billingone_api.kit.http.limits import Limiter, Slots
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.providers.bearer import AccessTokens, BearerApi
from billingone_api.providers.errors import RecordNotFound
from billingone_api.providers.xero import lists
from billingone_api.providers.xero.errors import FilterRefused
from billingone_api.providers.xero.limits import XeroLimits
from billingone_api.providers.xero.lists import Batch, Kind, Readable, modified_since
from billingone_api.providers.xero.pages import RawPage, Wanted
from billingone_api.providers.xero.payloads.contacts import Contact
from billingone_api.providers.xero.payloads.documents import (
    CreditNote,
    Invoice,
    Overpayment,
    Prepayment,
)
from billingone_api.providers.xero.payloads.organisation import Account, Organisation
from billingone_api.providers.xero.payloads.payments import Payment
from billingone_api.providers.xero.payloads.wire import XeroPayload
from billingone_api.providers.xero.provider import XERO, XeroEndpoints
from billingone_api.providers.xero.walk import Walk

IDS_AT_ONCE: Final = 40
"""Some 52 are all that Xero's addresses hold (contract page, 3.2)."""

T = TypeVar("T", bound=XeroPayload)


@dataclass(frozen=True, slots=True)
class XeroTenant:
    """Which organisation is read, where its consent's tokens are found, and what it has left."""

    tenant_id: str
    tokens: AccessTokens
    limits: XeroLimits = field(default_factory=XeroLimits)


class XeroClient:
    """One organisation. Every method raises ProviderErrors and nothing else.

    Lists come by their changes, oldest first, from `since` on or all there is. An iterator that
    ended has read everything that was there when it began; a batch says where to go on if it is
    cut short.

    `limiter` (60 a minute) and `slots` (5 at once) are shared by all who read the organisation;
    the day's limit is the caller's to watch, by the tenant's `limits`.
    """

    def __init__(
        self,
        tenant: XeroTenant,
        *,
        http: httpx.AsyncClient,
        endpoints: XeroEndpoints,
        limiter: Limiter,
        slots: Slots,
        clock: Clock,
        sleep: Sleep,
        policy: RetryPolicy | None = None,
    ) -> None:
        calls = JsonCalls(
            http,
            limiter=limiter,
            slots=slots,
            clock=clock,
            sleep=sleep,
            policy=replace(policy or RetryPolicy(), read_wait=tenant.limits.read_wait),
        )
        self._tenant = {"xero-tenant-id": tenant.tenant_id}
        self._api = BearerApi(XERO, base_url=endpoints.api_url, calls=calls, tokens=tenant.tokens)
        self._unfiltered: set[str] = set()

    async def organisation(self) -> Organisation:
        """Also proves token, scope and connection at the price of one call."""
        answer = await self._get("Organisation", query={})
        found = lists.ORGANISATIONS.readable(lists.ORGANISATIONS.rows(answer))
        if found.rejects or len(found.records) != 1:
            raise XERO.malformed("it does not hold the one organisation asked for")
        return found.records[0]

    async def accounts(self) -> Readable[Account]:
        """All of them, archived ones too: this list has no pages."""
        return lists.ACCOUNTS.readable(lists.ACCOUNTS.rows(await self._list("Accounts", {})))

    def invoices(self, since: datetime | None = None) -> AsyncGenerator[Batch[Invoice]]:
        return self._walk(lists.INVOICES, since)

    def credit_notes(self, since: datetime | None = None) -> AsyncGenerator[Batch[CreditNote]]:
        return self._walk(lists.CREDIT_NOTES, since)

    def overpayments(self, since: datetime | None = None) -> AsyncGenerator[Batch[Overpayment]]:
        return self._walk(lists.OVERPAYMENTS, since)

    def prepayments(self, since: datetime | None = None) -> AsyncGenerator[Batch[Prepayment]]:
        return self._walk(lists.PREPAYMENTS, since)

    def payments(self, since: datetime | None = None) -> AsyncGenerator[Batch[Payment]]:
        """Refunds and deleted ones too."""
        return self._walk(lists.PAYMENTS, since)

    def contacts(self, since: datetime | None = None) -> AsyncGenerator[Batch[Contact]]:
        return self._walk(lists.CONTACTS, since)

    async def invoices_by_id(self, ids: Sequence[UUID]) -> Readable[Invoice]:
        """Those of them that exist and are for clients."""
        return await self._by_id(lists.INVOICES, ids)

    async def contacts_by_id(self, ids: Sequence[UUID]) -> Readable[Contact]:
        """Those of them that exist."""
        return await self._by_id(lists.CONTACTS, ids)

    async def _walk(self, kind: Kind[T], since: datetime | None) -> AsyncGenerator[Batch[T]]:
        async def read(wanted: Wanted) -> RawPage:
            return await self._page(kind, wanted)

        walk = Walk(kind.id_name, since=since, size=lists.PAGE_SIZE)
        async for rows in walk.pages(read):
            found = kind.readable(rows)
            yield Batch(found.records, found.rejects, walk.since, walk.newest, walk.total)

    async def _page(self, kind: Kind[T], wanted: Wanted) -> RawPage:
        filtered = kind.name not in self._unfiltered
        query = kind.query(wanted, filtered=filtered)
        try:
            return kind.page(await self._list(kind.name, query, since=wanted.since))
        except FilterRefused:
            if not filtered or kind.where is None:
                raise
        self._unfiltered.add(kind.name)
        return await self._page(kind, wanted)

    async def _by_id(self, kind: Kind[T], ids: Sequence[UUID]) -> Readable[T]:
        rows: list[Any] = []
        for start in range(0, len(ids), IDS_AT_ONCE):
            chunk = ids[start : start + IDS_AT_ONCE]
            # Of a list without pages the lines would be left out.
            query = kind.query(Wanted(None, 1, IDS_AT_ONCE), filtered=False)
            query["IDs"] = ",".join(str(one) for one in chunk)
            rows += kind.rows(await self._list(kind.name, query))
        return kind.readable(rows)

    async def _list(self, name: str, query: Query, *, since: datetime | None = None) -> Any:
        try:
            return await self._get(name, query=query, since=since)
        except RecordNotFound as error:
            raise XERO.malformed(f"there are no {name} at their address") from error

    async def _get(self, name: str, *, query: Query, since: datetime | None = None) -> Any:
        headers = self._tenant | dict(modified_since(since))
        return await self._api.get(name, query=query, headers=headers)
