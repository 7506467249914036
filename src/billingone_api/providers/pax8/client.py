"""Reads Pax8: pages of companies and subscriptions, and single records; it writes nothing."""

from typing import Any, Final, TypeVar

import httpx
import structlog

from billingone_api.kit.clock import Clock
from billingone_api.kit.http.calls import JsonCalls, Query, Sleep
from billingone_api.kit.http.limits import Limiter
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.providers.bearer import BearerApi
from billingone_api.providers.errors import RecordNotFound
from billingone_api.providers.pax8.charges import Pax8Charges
from billingone_api.providers.pax8.contacts import Contact, ContactList, whole_list
from billingone_api.providers.pax8.pages import content as _content
from billingone_api.providers.pax8.pages import page as _page
from billingone_api.providers.pax8.payloads import (
    Company,
    Page,
    Pricing,
    Product,
    Subscription,
)
from billingone_api.providers.pax8.tokens import PAX8, Pax8Credentials, Pax8Endpoints, source_for
from billingone_api.providers.records import Payload, RecordReader, Reject
from billingone_api.providers.tokens import TokenKeeper, TokenStore

PAGE_SIZE: Final = 200
"""The largest that Pax8 documents; what it does with more is not known."""

_BY_NAME: Final = "name,asc"
_OLDEST_FIRST: Final = "createdDate,asc"

_COMPANIES: Final = RecordReader(Company)
_CONTACTS: Final = RecordReader(Contact)
_SUBSCRIPTIONS: Final = RecordReader(Subscription)
_PRODUCTS: Final = RecordReader(Product)
_PRICES: Final = RecordReader(Pricing)

T = TypeVar("T", bound=Payload)

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Pax8Client:
    """One connection to Pax8. Every method raises ProviderErrors and nothing else."""

    def __init__(
        self,
        *,
        http: httpx.AsyncClient,
        endpoints: Pax8Endpoints,
        credentials: Pax8Credentials,
        tokens: TokenStore,
        limiter: Limiter,
        clock: Clock,
        sleep: Sleep,
        policy: RetryPolicy | None = None,
    ) -> None:
        calls = JsonCalls(http, limiter=limiter, clock=clock, sleep=sleep, policy=policy)
        source = source_for(credentials, endpoints=endpoints, calls=calls, clock=clock)
        keeper = TokenKeeper(source=source, store=tokens, clock=clock)
        self._api = BearerApi(PAX8, base_url=endpoints.api_url, calls=calls, tokens=keeper)
        self.charges = Pax8Charges(self._api)

    async def check(self) -> None:
        """Proves the credentials and that they may read; with a new store, from scratch."""
        answer = await self._list("companies", query={"page": 0, "size": 1})
        _page(answer, _COMPANIES, number=0, size=1)

    async def companies(self, page: int) -> Page[Company]:
        """Of every status, by name."""
        return await self._page("companies", _COMPANIES, page, sort=_BY_NAME)

    async def subscriptions(self, page: int) -> Page[Subscription]:
        """Of every status, cancelled ones too, oldest first, so that new ones come at the end."""
        return await self._page("subscriptions", _SUBSCRIPTIONS, page, sort=_OLDEST_FIRST)

    async def company(self, company_id: str) -> Company:
        """Raises RecordNotFound."""
        return _single(await self._api.get("companies", company_id), _COMPANIES)

    async def contacts(self, company_id: str) -> ContactList:
        """All of a company's; a call for each company at least. Raises RecordNotFound."""

        async def read(number: int) -> Page[Contact]:
            query: Query = {"page": number, "size": PAGE_SIZE}
            answer = await self._api.get("companies", company_id, "contacts", query=query)
            return _page(answer, _CONTACTS, number=number, size=PAGE_SIZE)

        return await whole_list(read)

    async def subscription(self, subscription_id: str) -> Subscription:
        """Raises RecordNotFound."""
        return _single(await self._api.get("subscriptions", subscription_id), _SUBSCRIPTIONS)

    async def product(self, product_id: str) -> Product:
        """Raises RecordNotFound."""
        return _single(await self._api.get("products", product_id), _PRODUCTS)

    async def pricing(self, product_id: str) -> tuple[Pricing, ...]:
        """The price lists that can be read; dynamic data, which Pax8 asks not to store."""
        return _readable(await self._api.get("products", product_id, "pricing"), _PRICES)

    async def history(self, subscription_id: str) -> tuple[Subscription, ...]:
        """Whole snapshots in Pax8's order, newest first; what changed is for us to compare."""
        answer = await self._api.get("subscriptions", subscription_id, "history")
        return _readable(answer, _SUBSCRIPTIONS)

    async def has_usage(self, subscription_id: str) -> bool:
        """Whether usage is billed on it, so that its own quantity and price mean nothing."""
        answer = await self._api.get(
            "subscriptions", subscription_id, "usage-summaries", query={"page": 0, "size": 1}
        )
        return bool(_content(answer))

    async def _page(self, kind: str, reader: RecordReader[T], number: int, *, sort: str) -> Page[T]:
        query: Query = {"page": number, "size": PAGE_SIZE, "sort": sort}
        return _page(await self._list(kind, query=query), reader, number=number, size=PAGE_SIZE)

    async def _list(self, kind: str, *, query: Query) -> Any:
        try:
            return await self._api.get(kind, query=query)
        except RecordNotFound as error:
            raise PAX8.malformed(f"there are no {kind} at its address") from error


def _single(answer: Any, reader: RecordReader[T]) -> T:
    record = reader.read_one(answer)
    if isinstance(record, Reject):
        raise PAX8.malformed(f"a record cannot be read at {record.pointer or 'all'}")
    return record


def _readable(answer: Any, reader: RecordReader[T]) -> tuple[T, ...]:
    records, rejects = reader.read(_content(answer))
    if rejects:
        _log.warning(
            "pax8_records_unreadable", count=len(rejects), first_pointer=rejects[0].pointer
        )
    return records
