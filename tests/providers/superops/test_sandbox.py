"""Our reading of SuperOps's contract against another's: the practice ground knows it alone."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from httpx import ASGITransport
from tests.support.clock import SetClock
from tests.support.outside import Turns, Waits

from billingone_api.kit.cipher import Secret
from billingone_api.kit.http.client import create_http_client
from billingone_api.providers.errors import CredentialsRejected, PermissionDenied, RecordNotFound
from billingone_api.providers.records import Reject
from billingone_api.providers.superops.account import Region, SuperOpsAccount, SuperOpsEndpoints
from billingone_api.providers.superops.client import Capability, SuperOpsClient
from billingone_api.providers.superops.errors import SubdomainUnknown, SubscriptionEnded
from billingone_api.providers.superops.listing import Listing
from billingone_api.providers.superops.payloads import Invoice
from billingone_api.sandbox.app import Sandbox, SandboxSettings, create_sandbox
from billingone_api.sandbox.superops.mishaps import Mishap
from billingone_api.sandbox.superops.room import EU, US, Superops, SuperopsSettings

HOST = "http://sandbox.test/superops"
ENDPOINTS = SuperOpsEndpoints(us_url=f"{HOST}/us/msp", eu_url=f"{HOST}/eu/msp")
TOKEN = "bluegum-superops-token"
INVOICES = 230
BAD = 2


@pytest.fixture
def sandbox() -> Sandbox:
    clock = SetClock(datetime(2026, 11, 24, tzinfo=UTC))
    superops = SuperopsSettings(invoices=INVOICES, planted_bad=BAD, limit=None)
    return create_sandbox(
        SandboxSettings(clients=20, superops=superops, clock=clock, algorithms=("ES256",))
    )


@pytest.fixture
def there(sandbox: Sandbox) -> Superops:
    return sandbox.superops


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with create_http_client(transport=ASGITransport(sandbox)) as client:
        yield client


class Clients:
    """Makes clients of the practice ground."""

    def __init__(self, http: httpx.AsyncClient, clock: SetClock, waits: Waits) -> None:
        self.http = http
        self.clock = clock
        self.waits = waits
        self.turns = Turns()

    def client(
        self, *, token: str = TOKEN, subdomain: str = US, region: Region = Region.US
    ) -> SuperOpsClient:
        return SuperOpsClient(
            SuperOpsAccount(subdomain, region, Secret(token)),
            http=self.http,
            endpoints=ENDPOINTS,
            limiter=self.turns,
            clock=self.clock,
            sleep=self.waits,
        )


@pytest.fixture
def clients(http: httpx.AsyncClient, clock: SetClock, waits: Waits) -> Clients:
    return Clients(http, clock, waits)


async def walked(listing: Listing[Any]) -> tuple[list[Any], list[Reject]]:
    batches = [batch async for batch in listing.batches()]
    return (
        [one for batch in batches for one in batch.records],
        [one for batch in batches for one in batch.rejects],
    )


async def test_all_lists_are_read_whole(clients: Clients, there: Superops) -> None:
    client, home = clients.client(), there.home
    for listing, held in (
        (client.clients(), home.clients),
        (client.invoices(), home.invoices),
        (client.assets(), home.assets),
        (client.users(), home.associations),
    ):
        found, rejects = await walked(listing)
        assert len(found) + len(rejects) == len(held) == listing.total
        assert listing.is_complete
    assert clients.waits.seconds == []


async def test_each_invoice_is_what_it_is_there_or_put_aside(
    clients: Clients, there: Superops
) -> None:
    client = clients.client()
    found, rejects = await walked(client.invoices())
    known = there.home.invoices
    assert {one.invoice_id for one in found} <= set(known)
    read: list[Invoice] = []
    for one in found[:60]:
        detailed = await client.invoice(one.invoice_id)
        if isinstance(detailed, Reject):
            rejects.append(detailed)
            continue
        read.append(detailed)
        truth = known.get(one.invoice_id)
        assert str(detailed.total_amount) == truth["totalAmount"]
        assert detailed.items is not None
        assert [str(line.amount) for line in detailed.items] == [
            line["amount"] for line in truth["items"]
        ]
    assert len(read) >= 60 - BAD


async def test_a_list_that_moves_is_never_called_complete(
    clients: Clients, there: Superops
) -> None:
    there.home.manners.order_moves = True
    listing = clients.client().invoices()
    found, _ = await walked(listing)
    assert len({one.invoice_id for one in found}) == len(found) > INVOICES // 2
    # Each pass alone leaves some out, though both together may well meet all.
    assert (listing.is_complete, clients.turns.taken) == (False, 6)


async def test_counts_as_text_are_counts(clients: Clients, there: Superops) -> None:
    there.home.manners.counts_as_text = True
    listing = clients.client().clients()
    await walked(listing)
    assert (listing.is_complete, listing.total) == (True, len(there.home.clients))


async def test_fields_that_are_documented_only_may_be_undefined_or_unwritable(
    clients: Clients, there: Superops
) -> None:
    invoice_id = next(iter(there.home.invoices))
    for there.undefined, there.unwritable in (
        (frozenset({"InvoiceItem.serviceItem"}), frozenset[str]()),
        (frozenset[str](), frozenset({"InvoiceItem.taxAmount"})),
    ):
        assert isinstance(await clients.client().invoice(invoice_id), Invoice | Reject)
    assert clients.waits.seconds == []


async def test_who_may_not_read_invoices_is_told_so_and_reads_the_rest(clients: Clients) -> None:
    client = clients.client(token="bluegum-superops-helpdesk")
    assert await client.check() == {Capability.INVOICES}
    with pytest.raises(PermissionDenied):
        await walked(client.invoices())
    found, _ = await walked(client.clients())
    assert found


async def test_the_other_region_has_an_account_of_its_own(clients: Clients) -> None:
    client = clients.client(token="bluegum-superops-europe", subdomain=EU, region=Region.EU)
    assert await client.check() == frozenset()
    with pytest.raises(SubdomainUnknown):
        await clients.client(subdomain=EU).check()
    with pytest.raises(CredentialsRejected) as caught:
        await clients.client(token="nobodys").check()
    assert not isinstance(caught.value, SubdomainUnknown)


async def test_an_ended_subscription_and_a_missing_invoice_are_told(
    clients: Clients, there: Superops
) -> None:
    with pytest.raises(RecordNotFound):
        await clients.client().invoice("1")
    there.home.state = "paused"
    with pytest.raises(SubscriptionEnded):
        await clients.client().check()


@pytest.mark.parametrize("manner", ["plain", "wrapped", "classified", "status"])
async def test_a_limit_is_waited_out_however_it_is_told(
    manner: str, clients: Clients, there: Superops
) -> None:
    there.home.manners.limit = manner
    there.lift(0)
    slept = clients.waits

    async def patient(seconds: float) -> None:
        await slept(seconds)
        there.lift(None)

    clients.waits = patient  # type: ignore[assignment]
    found, _ = await walked(clients.client().clients())
    assert found
    assert len(slept.seconds) == 1


@pytest.mark.parametrize("how", ["internal", "wrapped_rate_limit"])
async def test_what_breaks_once_is_asked_again(how: str, clients: Clients, there: Superops) -> None:
    there.mishaps.add(Mishap(how, operation="getClientList"))
    listing = clients.client().clients()
    await walked(listing)
    assert listing.is_complete
    assert len(clients.waits.seconds) == 1
