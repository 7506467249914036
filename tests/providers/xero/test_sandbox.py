"""Our reading of Xero's contract against another's: the practice ground was built from it alone."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from httpx import ASGITransport
from tests.support.clock import SetClock
from tests.support.figures import Figure
from tests.support.outside import Turns, Waits

from billingone_api.kit.cipher import Secret
from billingone_api.kit.http.client import create_http_client
from billingone_api.kit.http.limits import Unlimited
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.providers.tokens import StoredToken
from billingone_api.providers.xero.client import XeroClient, XeroTenant
from billingone_api.providers.xero.consent import XeroApp, authorise_url, new_verifier
from billingone_api.providers.xero.errors import (
    InvalidGrant,
    Limit,
    LimitReached,
    ScopeMissing,
    TenantLost,
)
from billingone_api.providers.xero.identity import XeroIdentity
from billingone_api.providers.xero.limits import XeroLimits
from billingone_api.providers.xero.lists import Batch
from billingone_api.providers.xero.provider import XeroEndpoints
from billingone_api.providers.xero.scopes import GRANULAR, lacking
from billingone_api.providers.xero.time_zones import iana_zone
from billingone_api.providers.xero.tokens import TokenSet
from billingone_api.providers.xero.webhooks import is_signed, read_delivery
from billingone_api.sandbox.app import Sandbox, SandboxSettings, create_sandbox
from billingone_api.sandbox.xero.apps import PLATFORM, REDIRECT_URIS
from billingone_api.sandbox.xero.changes import Event
from billingone_api.sandbox.xero.room import Xero, XeroSettings
from billingone_api.sandbox.xero.webhooks import signature

HOST = "http://sandbox.test/xero"
ENDPOINTS = XeroEndpoints(
    authorise_url=f"{HOST}/identity/connect/authorize",
    token_url=f"{HOST}/connect/token",
    connections_url=f"{HOST}/connections",
    api_url=f"{HOST}/api.xro/2.0",
)
APP = XeroApp(PLATFORM[0], Secret(PLATFORM[1]), REDIRECT_URIS[0], GRANULAR)
INVOICES = 620
BAD = 3


@dataclass
class RefreshedTokens:
    """A token set of one process, refreshed when it is refused."""

    identity: XeroIdentity
    held: TokenSet
    refreshed: int = 0
    forgotten: int = 0

    async def current(self) -> StoredToken:
        return self.held.bearer

    async def replace(self, refused: StoredToken) -> StoredToken:
        assert refused == self.held.bearer
        self.held = await self.identity.refresh(self.held)
        self.refreshed += 1
        return self.held.bearer

    async def forget(self) -> None:
        self.forgotten += 1


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime(2026, 11, 24, tzinfo=UTC))


@pytest.fixture
def sandbox(clock: SetClock) -> Sandbox:
    xero = XeroSettings(invoices=INVOICES, planted_bad=BAD)
    return create_sandbox(
        SandboxSettings(clients=20, xero=xero, clock=clock, algorithms=("ES256",))
    )


@pytest.fixture
def there(sandbox: Sandbox) -> Xero:
    return sandbox.xero


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with create_http_client(transport=ASGITransport(sandbox)) as client:
        yield client


@pytest.fixture
def identity(http: httpx.AsyncClient, clock: SetClock, waits: Waits) -> XeroIdentity:
    return XeroIdentity(APP, http=http, endpoints=ENDPOINTS, clock=clock, sleep=waits)


@pytest.fixture
async def consented(http: httpx.AsyncClient, identity: XeroIdentity) -> TokenSet:
    """A person agrees in a browser, and the code is exchanged."""
    verifier = new_verifier()
    url = authorise_url(APP, endpoints=ENDPOINTS, state="s+/=&", verifier=verifier)
    answer = await http.get(url)
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert back["state"] == ["s+/=&"]
    return await identity.exchange(back["code"][0], verifier=verifier)


@pytest.fixture
def keeping(identity: XeroIdentity, consented: TokenSet) -> RefreshedTokens:
    return RefreshedTokens(identity, consented)


@pytest.fixture
def client(
    there: Xero,
    keeping: RefreshedTokens,
    http: httpx.AsyncClient,
    clock: SetClock,
    waits: Waits,
    turns: Turns,
    limits: XeroLimits,
) -> XeroClient:
    return XeroClient(
        XeroTenant(there.organisation.id, keeping, limits),
        http=http,
        endpoints=ENDPOINTS,
        limiter=turns,
        slots=Unlimited(),
        clock=clock,
        sleep=waits,
        policy=RetryPolicy(jitter=lambda: 0.5),
    )


async def all_of(batches: AsyncIterator[Batch[Any]]) -> list[Batch[Any]]:
    return [batch async for batch in batches]


def sales(there: Xero, collection: str, type_name: str) -> dict[str, Any]:
    book = there.organisation.ledger.books[collection]
    records = {key: book.record(key) for key in list(book.keys())}
    return {key: record for key, record in records.items() if record["Type"] == type_name}


async def test_a_consent_covers_what_is_needed_and_offers_organisations_alone(
    identity: XeroIdentity, consented: TokenSet, there: Xero
) -> None:
    assert lacking(consented.scopes) == ()
    assert consented.authentication_event_id is not None
    found = await identity.consented(consented)
    assert [one.tenant_id for one in found] == [
        one.id for one in there.tenants if one.kind == "ORGANISATION"
    ]
    assert {one.auth_event_id for one in found} == {consented.authentication_event_id}


async def test_every_sales_invoice_is_read_once_to_the_cent_and_bad_ones_are_told(
    client: XeroClient, there: Xero, turns: Turns, figure: Figure
) -> None:
    batches = await all_of(client.invoices())
    records = [one for batch in batches for one in batch.records]
    rejects = [one for batch in batches for one in batch.rejects]
    wanted = sales(there, "Invoices", "ACCREC")
    assert len(rejects) == BAD
    assert len(records) == len({one.invoice_id for one in records}) == len(wanted) - BAD
    for one in records:
        theirs = wanted[one.invoice_id]
        assert str(one.total) == str(theirs["Total"])
        assert str(one.amount_due) == str(theirs["AmountDue"])
        assert [str(line.unit_amount) for line in one.line_items] == [
            str(line.get("UnitAmount")) for line in theirs["LineItems"]
        ]
    assert any(
        line.unit_amount is not None and line.unit_amount != round(line.unit_amount, 2)
        for one in records
        for line in one.line_items
    )
    assert turns.taken == 2
    figure(
        f"12: {len(records)} invoices of the sandbox read in {turns.taken} calls, equal in total, "
        f"amount due and unit prices; {len(rejects)} planted bad ones put aside"
    )


async def test_every_list_is_read_without_a_reject(client: XeroClient, there: Xero) -> None:
    lists = {
        "Contacts": client.contacts(),
        "Payments": client.payments(),
        "CreditNotes": client.credit_notes(),
        "Overpayments": client.overpayments(),
        "Prepayments": client.prepayments(),
    }
    for collection, batches in lists.items():
        found = await all_of(batches)
        assert [batch.rejects for batch in found if batch.rejects] == []
        ids = {next(iter(batch.records)).__class__.__name__ for batch in found if batch.records}
        assert len(ids) == 1, collection
        count = sum(len(batch.records) for batch in found)
        assert 0 < count <= len(there.organisation.ledger.books[collection])
    assert (await client.accounts()).rejects == ()


async def test_the_organisation_says_its_currency_zone_and_short_code(
    client: XeroClient, there: Xero
) -> None:
    found = await client.organisation()
    facts = there.organisation.facts
    assert found.organisation_id == there.organisation.id
    assert (found.base_currency, found.short_code) == (facts["BaseCurrency"], facts["ShortCode"])
    assert iana_zone(found.timezone) == "Australia/Sydney"


async def test_edits_in_mid_walk_lose_nothing_and_the_next_delta_is_what_changed(
    client: XeroClient, there: Xero, clock: SetClock
) -> None:
    wanted = set(sales(there, "Invoices", "ACCREC"))
    seen: set[str] = set()
    cursor: datetime | None = None
    async for batch in client.invoices():
        clock.move(seconds=5)
        there.changes.touch(there.organisation, 3)
        seen |= {one.invoice_id for one in batch.records}
        seen |= {one.source_id for one in batch.rejects if one.source_id}
        cursor = batch.cursor
    # One of the planted bad ones has no id.
    assert len(wanted - seen) <= 1

    clock.move(hours=1)
    new = there.changes.add_invoice(there.organisation)
    delta = {one.invoice_id for b in await all_of(client.invoices(cursor)) for one in b.records}
    assert new in delta
    assert len(delta) < 30


async def test_a_crowded_second_of_changes_is_read_whole(
    client: XeroClient, there: Xero, clock: SetClock
) -> None:
    clock.move(hours=1)
    touched = set(there.changes.touch(there.organisation, 600))
    found = await all_of(client.invoices(clock.now()))
    seen = {one.invoice_id for batch in found for one in batch.records}
    named = {one.source_id for batch in found for one in batch.rejects}
    assert len(touched & set(sales(there, "Invoices", "ACCREC")) - seen - named) <= 1


async def test_a_token_that_ends_in_mid_walk_is_refreshed_once_and_nothing_read_twice(
    client: XeroClient, there: Xero, keeping: RefreshedTokens
) -> None:
    batches = client.invoices()
    first = await anext(batches)
    there.grants.expire()
    rest = await all_of(batches)
    ids = [one.invoice_id for batch in (first, *rest) for one in batch.records]
    assert len(ids) == len(set(ids)) > 500
    assert keeping.refreshed == 1


async def test_a_refresh_whose_answer_was_lost_is_asked_for_again_and_an_old_token_is_refused(
    identity: XeroIdentity, consented: TokenSet, clock: SetClock
) -> None:
    lost = await identity.refresh(consented)
    again = await identity.refresh(consented)
    assert again.refresh_token not in {consented.refresh_token, lost.refresh_token}
    clock.move(minutes=31)
    with pytest.raises(InvalidGrant):
        await identity.refresh(consented)


async def test_a_scope_that_is_missing_ends_it_at_once(
    client: XeroClient, there: Xero, keeping: RefreshedTokens, turns: Turns
) -> None:
    there.grants.withhold(frozenset({"accounting.payments.read"}))
    with pytest.raises(ScopeMissing):
        await all_of(client.payments())
    assert (turns.taken, keeping.refreshed, keeping.forgotten) == (1, 0, 0)


async def test_a_tenant_that_left_inside_xero_is_lost_and_another_is_not(
    client: XeroClient, identity: XeroIdentity, consented: TokenSet, there: Xero
) -> None:
    there.connections.leave(there.organisation.id)
    with pytest.raises(TenantLost) as caught:
        await client.organisation()
    assert caught.value.correlation_id
    assert len(await identity.connections(consented)) == 1


async def test_one_connection_ends_and_the_consent_goes_on(
    identity: XeroIdentity, consented: TokenSet
) -> None:
    one, other = await identity.connections(consented)
    await identity.disconnect(one.id, held=consented)
    await identity.disconnect(one.id, held=consented)
    assert await identity.connections(await identity.refresh(consented)) == (other,)


async def test_a_days_limit_parks_the_walk_and_says_what_was_left(
    client: XeroClient, there: Xero, waits: Waits, limits: XeroLimits
) -> None:
    there.limiter.use_up(PLATFORM[0], there.organisation.id, 4999)
    batches = client.invoices()
    first = await anext(batches)
    assert limits.left_today == 0
    with pytest.raises(LimitReached) as caught:
        await anext(batches)
    assert caught.value.limit is Limit.DAY
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 80_000
    assert waits.seconds == []
    there.limiter.start_afresh()
    rest = await all_of(client.invoices(first.since))
    assert (
        sum(len(batch.records) for batch in (first, *rest))
        >= len(sales(there, "Invoices", "ACCREC")) - BAD
    )


async def test_an_organisation_of_high_volume_is_read_all_the_same(
    client: XeroClient, there: Xero
) -> None:
    there.organisation.manners.high_volume = True
    found = await all_of(client.invoices())
    assert (
        sum(len(batch.records) for batch in found) == len(sales(there, "Invoices", "ACCREC")) - BAD
    )


async def test_a_webhook_of_theirs_is_signed_and_read(there: Xero, client: XeroClient) -> None:
    key = next(iter(sales(there, "Invoices", "ACCREC")))
    event = Event(there.organisation.id, "INVOICE", key, "UPDATE", 1_795_482_000_221)
    body = there.webhooks.body([event])
    assert is_signed(
        body, signature=signature(there.webhooks.key, body), key=Secret(there.webhooks.key)
    )
    (found,) = read_delivery(body).events
    assert (found.tenant_id, found.resource_id) == (there.organisation.id, key)
    assert found.event_date_utc == datetime(2026, 11, 24, 1, 0, 0, 221000, UTC)
