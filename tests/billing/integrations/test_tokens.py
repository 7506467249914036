import asyncio
import itertools
from uuid import UUID

import httpx
import pytest
from tests.billing.integrations.conftest import ONE_COMPANY, Pax8
from tests.support.clock import NOW, SetClock
from tests.support.connections import CLIENT_ID, CLIENT_SECRET, connect_pax8
from tests.support.databases import Database

from billingone_api.billing.integrations.adapters.tokens import PostgresTokenStore
from billingone_api.billing.integrations.models import ConnectionReplaced
from billingone_api.billing.integrations.wiring import pax8_for
from billingone_api.kit.cipher import Secret
from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.providers.errors import CredentialsRejected
from billingone_api.providers.tokens import StoredToken

TOKEN = StoredToken(Secret("planted-t0ken"), NOW)


def _store(process: Process, organisation_id: UUID, connection_id: UUID) -> PostgresTokenStore:
    return PostgresTokenStore(
        process, organisation_id=organisation_id, provider="pax8", connection_id=connection_id
    )


@pytest.fixture
async def connection_id(database: Database, process: Process, organisation_id: UUID) -> UUID:
    return await connect_pax8(database, process, organisation_id)


@pytest.fixture
def store(process: Process, organisation_id: UUID, connection_id: UUID) -> PostgresTokenStore:
    return _store(process, organisation_id, connection_id)


async def test_the_client_buys_a_token_with_what_was_saved_and_the_next_one_finds_it(
    process: Process, other_process: Process, organisation_id: UUID, connection_id: UUID, pax8: Pax8
) -> None:
    async with pax8_for(process, organisation_id, connection_id) as client:
        await client.check()
    async with pax8_for(other_process, organisation_id, connection_id) as client:
        await client.check()
    assert pax8.token.call_count == 1
    assert httpx.Response(200, content=pax8.token.calls[0].request.content).json() == {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "audience": "https://api.pax8.com",
        "grant_type": "client_credentials",
    }
    headers = {call.request.headers["authorization"] for call in pax8.companies.calls}
    assert headers == {"Bearer token-1"}


async def test_twenty_callers_on_two_machines_with_an_expired_token_fetch_one(
    process: Process,
    other_process: Process,
    organisation_id: UUID,
    connection_id: UUID,
    pax8: Pax8,
    clock: SetClock,
) -> None:
    numbers = itertools.count(1)

    async def slowly(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.1)
        body = {"access_token": f"token-{next(numbers)}", "expires_in": 86400}
        return httpx.Response(200, json=body)

    pax8.token.side_effect = slowly

    async def ask(machine: Process) -> None:
        async with pax8_for(machine, organisation_id, connection_id) as client:
            await client.check()

    await ask(process)
    clock.move(days=2)
    await asyncio.gather(*(ask(machine) for machine in [process, other_process] * 10))
    assert pax8.token.call_count == 2
    late = {call.request.headers["authorization"] for call in list(pax8.companies.calls)[1:]}
    assert late == {"Bearer token-2"}


async def test_twenty_callers_whose_token_is_refused_fetch_one(
    process: Process, other_process: Process, organisation_id: UUID, connection_id: UUID, pax8: Pax8
) -> None:
    numbers = itertools.count(1)

    def sold(request: httpx.Request) -> httpx.Response:
        body = {"access_token": f"token-{next(numbers)}", "expires_in": 86400}
        return httpx.Response(200, json=body)

    def judged(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] == "Bearer token-1":
            return httpx.Response(401)
        return httpx.Response(200, json=ONE_COMPANY)

    pax8.token.side_effect = sold
    pax8.companies.side_effect = judged

    async def ask(machine: Process) -> None:
        async with pax8_for(machine, organisation_id, connection_id) as client:
            await client.check()

    await asyncio.gather(*(ask(machine) for machine in [process, other_process] * 10))
    assert pax8.token.call_count == 2


async def test_no_transaction_is_open_while_pax8_answers(
    database: Database, process: Process, organisation_id: UUID, connection_id: UUID, pax8: Pax8
) -> None:
    seen: list[int] = []

    async def look(request: httpx.Request) -> httpx.Response:
        seen.append(await database.open_transactions())
        return httpx.Response(200, json={"access_token": "token-1", "expires_in": 86400})

    pax8.token.side_effect = look
    async with pax8_for(process, organisation_id, connection_id) as client:
        await client.check()
    assert seen == [0]
    async with process.work(organisation_id):
        assert await database.open_transactions() == 1


async def test_a_claim_that_ran_out_is_overtaken_and_its_late_token_is_not_kept(
    database: Database,
    process: Process,
    other_process: Process,
    organisation_id: UUID,
    connection_id: UUID,
    store: PostgresTokenStore,
) -> None:
    other = _store(other_process, organisation_id, connection_id)
    newer = StoredToken(Secret("newer"), NOW)
    async with store.lock():
        await database.as_owner("UPDATE provider_tokens SET claimed_until = now()")
        async with other.lock():
            await store.save(TOKEN)
            assert await other.load() is None
            await other.save(newer)
        assert await store.load() == newer


async def test_a_claim_of_a_clock_that_was_ahead_is_overtaken(
    database: Database,
    other_process: Process,
    organisation_id: UUID,
    connection_id: UUID,
    store: PostgresTokenStore,
) -> None:
    other = _store(other_process, organisation_id, connection_id)
    async with store.lock():
        await database.as_owner(
            "UPDATE provider_tokens SET claimed_until = now() + interval '1 hour'"
        )
        async with asyncio.timeout(20), other.lock():
            assert await other.load() is None


async def test_a_claim_is_waited_for_until_it_is_given_back(
    process: Process,
    other_process: Process,
    organisation_id: UUID,
    connection_id: UUID,
    store: PostgresTokenStore,
) -> None:
    order: list[str] = []
    begun = asyncio.Event()

    async def first() -> None:
        async with store.lock():
            begun.set()
            await asyncio.sleep(0.1)
            order.append("first")

    async def second() -> None:
        await begun.wait()
        async with _store(other_process, organisation_id, connection_id).lock():
            order.append("second")

    await asyncio.gather(second(), first())
    assert order == ["first", "second"]


async def test_a_claim_is_given_back_when_the_fetch_fails(
    database: Database, store: PostgresTokenStore
) -> None:
    with pytest.raises(RuntimeError):
        async with store.lock():
            raise RuntimeError
    [row] = await database.as_owner("SELECT claimed_by, claimed_until FROM provider_tokens")
    assert (row["claimed_by"], row["claimed_until"]) == (None, None)


async def test_a_token_is_found_sealed_and_opens_for_its_own_connection_only(
    database: Database,
    process: Process,
    organisation_id: UUID,
    store: PostgresTokenStore,
) -> None:
    async with store.lock():
        await store.save(TOKEN)
    assert await store.load() == TOKEN
    [row] = await database.as_owner(
        "SELECT provider_tokens::text AS all, token FROM provider_tokens"
    )
    assert b"planted-t0ken" not in row["token"]
    assert "planted-t0ken" not in row["all"]

    moved = new_id()
    await database.as_owner("UPDATE provider_tokens SET connection_id = $1", moved)
    await database.as_owner("UPDATE integrations SET connection_id = $1", moved)
    assert await store.load() is None
    assert await _store(process, organisation_id, moved).load() is None


async def test_a_forgotten_token_is_gone(database: Database, store: PostgresTokenStore) -> None:
    async with store.lock():
        await store.save(TOKEN)
    await store.forget()
    assert await store.load() is None
    [row] = await database.as_owner("SELECT token, expires_at FROM provider_tokens")
    assert (row["token"], row["expires_at"]) == (None, None)


async def test_a_replaced_connection_gets_no_token_and_leaves_the_new_one_alone(
    database: Database,
    process: Process,
    organisation_id: UUID,
    store: PostgresTokenStore,
) -> None:
    async with store.lock():
        await store.save(TOKEN)
    replaced = new_id()
    await database.as_owner("UPDATE integrations SET connection_id = $1", replaced)
    new = _store(process, organisation_id, replaced)
    async with new.lock():
        assert await new.load() is None
        newer = StoredToken(Secret("newer"), NOW)
        await new.save(newer)
    with pytest.raises(ConnectionReplaced):
        async with store.lock():
            pass
    await store.forget()
    assert await new.load() == newer


async def test_work_for_another_connection_than_the_saved_one_does_not_begin(
    process: Process, organisation_id: UUID, connection_id: UUID, pax8: Pax8
) -> None:
    with pytest.raises(ConnectionReplaced):
        async with pax8_for(process, organisation_id, new_id()):
            pass
    assert not pax8.token.called


async def test_work_without_a_connection_does_not_begin(
    process: Process, organisation_id: UUID, pax8: Pax8
) -> None:
    with pytest.raises(ConnectionReplaced):
        async with pax8_for(process, organisation_id, new_id()):
            pass
    assert not pax8.token.called


async def test_credentials_moved_to_another_organisation_do_not_open(
    database: Database, process: Process, connection_id: UUID, pax8: Pax8
) -> None:
    elsewhere = await database.add_organisation(new_id(), name="Redgum")
    await database.as_owner(
        "INSERT INTO integrations (organisation_id, provider, connection_id, auth_mode, account, "
        "secret, connected_by, connected_at) SELECT $1, provider, connection_id, auth_mode, "
        "account, secret, connected_by, connected_at FROM integrations",
        elsewhere,
    )
    with pytest.raises(CredentialsRejected) as caught:
        async with pax8_for(process, elsewhere, connection_id):
            pass
    assert str(caught.value) == (
        "The saved credentials cannot be read any more. Save them here again."
    )
    assert not pax8.token.called
