"""Reads one account of SuperOps: its clients, invoices, devices and people."""

from collections.abc import Awaitable
from enum import StrEnum
from functools import partial
from typing import Any, Final, TypeVar

import httpx
import structlog

from billingone_api.kit.clock import Clock
from billingone_api.kit.http.calls import JsonCalls, Sleep
from billingone_api.kit.http.errors import HttpError
from billingone_api.kit.http.limits import Limiter
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.providers.errors import PermissionDenied, ProviderError, RecordNotFound
from billingone_api.providers.records import Reject
from billingone_api.providers.superops.account import SuperOpsAccount, SuperOpsEndpoints
from billingone_api.providers.superops.answers import complaint, judged
from billingone_api.providers.superops.errors import (
    QueryFailed,
    SelectionRefused,
    SubscriptionEnded,
)
from billingone_api.providers.superops.listing import PAGE_SIZE, Listing, RawPage
from billingone_api.providers.superops.payloads import (
    Asset,
    Association,
    Client,
    Invoice,
    InvoiceSummary,
    SuperOpsPayload,
)
from billingone_api.providers.superops.provider import SUPEROPS
from billingone_api.providers.superops.queries import (
    ASSETS,
    CLIENTS,
    INVOICE,
    INVOICE_READER,
    INVOICES,
    USERS,
    Kind,
    Query,
)

MOST_IN_A_ROW: Final = 3
"""Records that SuperOps fails at one after the other, if asked for more; then it is no record's."""

Input = dict[str, str | int]
T = TypeVar("T", bound=SuperOpsPayload)

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Capability(StrEnum):
    """What a token may be allowed to read or not."""

    CLIENTS = "clients"
    INVOICES = "invoices"
    ASSETS = "assets"


_PROVED_BY: Final[dict[Capability, Kind[Any]]] = {
    Capability.CLIENTS: CLIENTS,
    Capability.INVOICES: INVOICES,
    Capability.ASSETS: ASSETS,
}


class SuperOpsClient:
    """One account. Every method raises ProviderErrors and nothing else.

    There are no changes to ask for, and no filter or order to rely on: a list is read whole, and
    the lines of an invoice cost a call of their own.

    `limiter` (90 a minute keep below the lower of two limits that SuperOps documents) is shared
    by all who read with this token.
    """

    def __init__(
        self,
        account: SuperOpsAccount,
        *,
        http: httpx.AsyncClient,
        endpoints: SuperOpsEndpoints,
        limiter: Limiter,
        clock: Clock,
        sleep: Sleep,
        policy: RetryPolicy | None = None,
    ) -> None:
        self._account = account
        self._url = endpoints.url(account.region)
        self._calls = JsonCalls(http, limiter=limiter, clock=clock, sleep=sleep, policy=policy)
        self._is_more_refused = False
        self._failed_at_more = 0

    async def check(self) -> frozenset[Capability]:
        """What the token may not read; raises CredentialsRejected where it is none.

        Three calls, each of one record.
        """
        denied = set[Capability]()
        for capability, kind in _PROVED_BY.items():
            try:
                asking = self._sent(kind.query, kind.query.plain, _page(1, size=1))
                await _read(kind, asking)
            except SubscriptionEnded:
                raise
            except PermissionDenied:
                denied.add(capability)
        return frozenset(denied)

    def clients(self) -> Listing[Client]:
        return self._listing(CLIENTS)

    def invoices(self) -> Listing[InvoiceSummary]:
        """Of every status, without their lines."""
        return self._listing(INVOICES)

    def assets(self) -> Listing[Asset]:
        """Those that the token's user may see: too few for one who is bound to some clients."""
        return self._listing(ASSETS)

    def users(self) -> Listing[Association]:
        """Who belongs to which client: a client's users are the different ones among them."""
        return self._listing(USERS)

    async def invoice(self, invoice_id: str) -> Invoice | Reject:
        """With its lines: one that cannot be read spoils them all. Raises RecordNotFound."""
        row = await self._ask(INVOICE, {"invoiceId": invoice_id})
        if row is None:
            raise SUPEROPS.not_found()
        found = INVOICE_READER.read_one(row)
        if isinstance(found, Invoice) and found.invoice_id != invoice_id:
            raise SUPEROPS.malformed("it is not the invoice asked for")
        return found

    def _listing(self, kind: Kind[T]) -> Listing[T]:
        async def read(number: int) -> RawPage:
            return await _read(kind, self._ask(kind.query, _page(number, size=PAGE_SIZE)))

        return Listing(read, reader=kind.reader, id_name=kind.id_name)

    async def _ask(self, query: Query, asked: Input) -> Any:
        """By the fuller query, until it is refused once.

        Where they fail at it, one field of this record may be the reason: others are asked for
        by it all the same.
        """
        if query.fuller is not None and self._asks_for_more():
            try:
                found = await self._sent(query, query.fuller, asked, is_patient=False)
            except SubscriptionEnded:
                raise
            except (SelectionRefused, PermissionDenied):
                self._is_more_refused = True
            except QueryFailed:
                self._failed_at_more += 1
            else:
                self._failed_at_more = 0
                return found
        return await self._sent(query, query.plain, asked)

    def _asks_for_more(self) -> bool:
        return not self._is_more_refused and self._failed_at_more < MOST_IN_A_ROW

    async def _sent(
        self, query: Query, document: str, asked: Input, *, is_patient: bool = True
    ) -> Any:
        """What stands under the operation's name; it may be null."""
        try:
            answer = await self._calls.query(
                self._url,
                body={"query": document, "variables": {"input": asked}},
                headers=self._headers(),
                judge=partial(judged, is_patient=is_patient),
            )
        except HttpError as error:
            raise _logged(SUPEROPS.failure(error, what=query.what), query) from error
        if told := complaint(answer):
            raise _logged(SUPEROPS.complained(told, what=query.what), query)
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict) or query.operation not in data:
            raise SUPEROPS.malformed("it holds nothing of what was asked")
        return data[query.operation]

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._account.token.reveal()}",
            "CustomerSubDomain": self._account.subdomain,
        }


async def _read(kind: Kind[Any], asking: Awaitable[Any]) -> RawPage:
    try:
        return kind.page(await asking)
    except RecordNotFound as error:
        raise SUPEROPS.malformed(f"there are no {kind.query.what} in it") from error


def _page(number: int, *, size: int) -> Input:
    return {"page": number, "pageSize": size}


def _logged(failure: ProviderError, query: Query) -> ProviderError:
    _log.warning(
        "superops_call_failed",
        operation=query.operation,
        failure=type(failure).__name__,
        reason=failure.sentence,
    )
    return failure
