"""What a script does with the client: walk a list, add money, say what went wrong, change."""

from collections.abc import AsyncIterator
from decimal import Decimal
from uuid import UUID

from billingone import AuthenticatedClient
from billingone.api.clients import link_record, list_clients
from billingone.api.settings import get_billing_settings, update_billing_settings
from billingone.api.syncs import start_sync
from billingone.models import (
    BillingSettingsPatch,
    ClientSummary,
    ErrorCode,
    Holding,
    LinkWanted,
    PriceIs,
    Problem,
    StartSync,
    Sync,
)
from billingone.types import UNSET


class RefusedError(Exception):
    """An answer that is no success: `code` for the program, the message for the person."""

    def __init__(self, problem: Problem | None) -> None:
        super().__init__(f"{problem.detail} ({problem.request_id})" if problem else "No answer.")
        self.code: ErrorCode | None = problem.code if problem else None


async def clients_by_mrr(api: AuthenticatedClient) -> AsyncIterator[ClientSummary]:
    """Every page of the list: `next_cursor` goes back as `cursor`, with the same sort."""
    cursor: str | None = None
    while True:
        page = await list_clients.asyncio(
            client=api, sort="-mrr", limit=2, cursor=UNSET if cursor is None else cursor
        )
        if page is None or isinstance(page, Problem):
            raise RefusedError(page)
        for client in page.items:
            yield client
        cursor = page.next_cursor
        if cursor is None:
            return


async def mrr_by_currency(api: AuthenticatedClient) -> dict[str, Decimal]:
    """Each currency by itself: amounts of two currencies make no sum."""
    totals: dict[str, Decimal] = {}
    async for client in clients_by_mrr(api):
        for money in client.mrr.by_currency:
            before = totals.get(money.currency, Decimal(0))
            totals[money.currency] = before + Decimal(money.amount)
    return totals


async def link(api: AuthenticatedClient, company: str, client: UUID) -> Holding | None:
    """Links a company to a client; None where the client is retired or unknown."""
    answer = await link_record.asyncio("pax8", company, client=api, body=LinkWanted(client))
    if isinstance(answer, Holding):
        return answer
    if answer and answer.code in {"client_retired", "client_not_found"}:
        return None
    raise RefusedError(answer)


async def prices_are(api: AuthenticatedClient, meaning: PriceIs) -> bool:
    """Changes a setting unless somebody else did since it was read."""
    read = await get_billing_settings.asyncio_detailed(client=api)
    answer = await update_billing_settings.asyncio(
        client=api, body=BillingSettingsPatch(pax8_price_is=meaning), if_match=read.headers["ETag"]
    )
    if isinstance(answer, Problem) and answer.code == "etag_mismatch":
        return False
    if answer is None or isinstance(answer, Problem):
        raise RefusedError(answer)
    return True


async def sync(api: AuthenticatedClient, attempt: str) -> Sync:
    """Asks for one sync, however often it is sent: `attempt` names what the person did."""
    answer = await start_sync.asyncio(
        client=api, body=StartSync(mode="delta"), idempotency_key=attempt
    )
    if answer is None or isinstance(answer, Problem):
        raise RefusedError(answer)
    return answer
