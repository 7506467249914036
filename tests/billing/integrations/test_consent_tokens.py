"""One token set for all workers: renewed once, and never lost."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
import respx
from tests.support.api import made_process, settings_for
from tests.support.clock import NOW, SetClock
from tests.support.databases import Database
from tests.support.xero import HOST, TENANT, connect_xero, token_set

from billingone_api.billing.integrations.adapters.consent_tokens import seal_tokens
from billingone_api.billing.integrations.models import ConnectionReplaced
from billingone_api.billing.integrations.wiring import xero_for
from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.providers.errors import CredentialsRejected, ProviderUnavailable
from billingone_api.providers.xero.errors import (
    ClientRejected,
    InvalidGrant,
    LimitReached,
    ScopeMissing,
    TenantLost,
)
from billingone_api.providers.xero.tokens import TokenSet

ORGANISATION = {"Organisations": [{"OrganisationID": TENANT, "Name": "Bluegum IT Pty Ltd"}]}
FRESH = NOW + timedelta(minutes=20)


def problem(status: int, detail: str) -> httpx.Response:
    return httpx.Response(status, json={"Status": status, "Detail": detail})


class Xero:
    """The token endpoint, which hands out one set after another, and one call of the API."""

    def __init__(self, router: respx.MockRouter) -> None:
        self.token = router.post(f"{HOST}/connect/token")
        self.token.side_effect = self.granted
        self.api = router.get(f"{HOST}/api.xro/2.0/Organisation")
        self.api.respond(200, json=ORGANISATION)
        self._numbers = itertools.count(2)

    async def granted(self, _: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.05)
        number = next(self._numbers)
        return httpx.Response(
            200,
            json={
                "access_token": f"access-{number}",
                "refresh_token": f"refresh-{number}",
                "expires_in": 1800,
                "scope": "offline_access accounting.settings.read",
            },
        )

    @property
    def bearers(self) -> list[str]:
        return [call.request.headers["authorization"] for call in self.api.calls]

    @property
    def forms(self) -> list[str]:
        return [call.request.content.decode() for call in self.token.calls]


@pytest.fixture
def xero() -> Iterator[Xero]:
    with respx.mock(assert_all_called=False) as router:
        yield Xero(router)


@pytest.fixture
async def process(database: Database, clock: SetClock) -> AsyncIterator[Process]:
    async with made_process(settings_for(database), clock=clock) as made:
        yield made


@pytest.fixture
async def other_process(database: Database, clock: SetClock) -> AsyncIterator[Process]:
    async with made_process(settings_for(database), clock=clock) as made:
        yield made


@pytest.fixture
async def connection_id(database: Database, process: Process, organisation_id: UUID) -> UUID:
    """With an access token that has just expired."""
    return await connect_xero(database, process, organisation_id)


@pytest.fixture
async def fresh(database: Database, process: Process, organisation_id: UUID) -> UUID:
    """With one that has not."""
    tokens = token_set(expires_at=FRESH)
    return await connect_xero(database, process, organisation_id, tokens=tokens)


async def ask(process: Process, organisation_id: UUID, connection_id: UUID) -> None:
    async with xero_for(process, organisation_id, connection_id) as client:
        await client.organisation()


async def test_a_token_that_is_fresh_is_used_and_the_tenant_is_named(
    process: Process, organisation_id: UUID, fresh: UUID, xero: Xero
) -> None:
    await ask(process, organisation_id, fresh)
    assert not xero.token.called
    request = xero.api.calls.last.request
    assert request.headers["authorization"] == "Bearer access-1"
    assert request.headers["xero-tenant-id"] == TENANT


async def test_forty_callers_on_two_machines_with_an_expired_token_renew_it_once(
    process: Process,
    other_process: Process,
    organisation_id: UUID,
    connection_id: UUID,
    xero: Xero,
    database: Database,
) -> None:
    machines = [process, other_process] * 20
    await asyncio.gather(*(ask(machine, organisation_id, connection_id) for machine in machines))
    assert xero.forms == ["grant_type=refresh_token&refresh_token=refresh-1"]
    assert set(xero.bearers) == {"Bearer access-2"}
    [row] = await database.as_owner("SELECT version, claimed_by, scope FROM xero_consents")
    assert tuple(row) == (2, None, "accounting.settings.read offline_access")


async def test_a_token_refused_before_its_time_is_renewed_once_for_all(
    process: Process, other_process: Process, organisation_id: UUID, fresh: UUID, xero: Xero
) -> None:
    def judged(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] == "Bearer access-1":
            return problem(401, "TokenExpired: token expired")
        return httpx.Response(200, json=ORGANISATION)

    xero.api.side_effect = judged
    machines = [process, other_process] * 10
    await asyncio.gather(*(ask(machine, organisation_id, fresh) for machine in machines))
    assert xero.token.call_count == 1


async def test_each_renewal_uses_the_refresh_token_of_the_one_before(
    process: Process, organisation_id: UUID, connection_id: UUID, clock: SetClock, xero: Xero
) -> None:
    for _ in range(3):
        await ask(process, organisation_id, connection_id)
        clock.move(minutes=30)
    used = [form.rpartition("=")[2] for form in xero.forms]
    assert used == ["refresh-1", "refresh-2", "refresh-3"]


async def test_no_transaction_is_open_while_xero_answers(
    database: Database, process: Process, organisation_id: UUID, connection_id: UUID, xero: Xero
) -> None:
    seen: list[int] = []

    async def look(request: httpx.Request) -> httpx.Response:
        seen.append(await database.open_transactions())
        return await xero.granted(request)

    xero.token.side_effect = look
    await ask(process, organisation_id, connection_id)
    assert seen == [0]


async def test_after_a_lost_answer_the_same_refresh_token_is_used_again(
    process: Process, organisation_id: UUID, connection_id: UUID, xero: Xero
) -> None:
    xero.token.side_effect = httpx.ReadTimeout("lost")
    with pytest.raises(ProviderUnavailable):
        await ask(process, organisation_id, connection_id)
    xero.token.side_effect = xero.granted
    await ask(process, organisation_id, connection_id)
    assert set(xero.forms) == {"grant_type=refresh_token&refresh_token=refresh-1"}
    assert xero.bearers == ["Bearer access-2"]


async def test_whoever_stops_waiting_loses_no_token(
    process: Process, organisation_id: UUID, connection_id: UUID, xero: Xero
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(request: httpx.Request) -> httpx.Response:
        begun.set()
        await go_on.wait()
        return await xero.granted(request)

    xero.token.side_effect = slowly
    asking = asyncio.create_task(ask(process, organisation_id, connection_id))
    await begun.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    go_on.set()
    await process.settle()
    await ask(process, organisation_id, connection_id)
    assert (xero.token.call_count, xero.bearers) == (1, ["Bearer access-2"])


async def test_a_claim_that_ran_out_is_overtaken_and_its_late_answer_is_not_kept(
    database: Database,
    process: Process,
    other_process: Process,
    organisation_id: UUID,
    connection_id: UUID,
    xero: Xero,
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(request: httpx.Request) -> httpx.Response:
        answer = await xero.granted(request)
        if not begun.is_set():
            begun.set()
            await go_on.wait()
        return answer

    xero.token.side_effect = slowly
    late = asyncio.create_task(ask(process, organisation_id, connection_id))
    await begun.wait()
    await database.as_owner("UPDATE xero_consents SET claimed_until = now()")
    await ask(other_process, organisation_id, connection_id)
    go_on.set()
    await late
    assert xero.bearers == ["Bearer access-3", "Bearer access-3"]


async def test_a_claim_of_a_clock_that_was_ahead_is_overtaken(
    database: Database, process: Process, organisation_id: UUID, connection_id: UUID, xero: Xero
) -> None:
    await database.as_owner(
        "UPDATE xero_consents SET claimed_by = id, claimed_until = now() + interval '1 hour'"
    )
    await ask(process, organisation_id, connection_id)
    assert xero.bearers == ["Bearer access-2"]


async def test_a_consent_that_ended_is_asked_about_once(
    database: Database,
    process: Process,
    other_process: Process,
    organisation_id: UUID,
    connection_id: UUID,
    xero: Xero,
) -> None:
    xero.token.side_effect = None
    xero.token.respond(400, json={"error": "invalid_grant"})
    machines = [process, other_process] * 5
    ends = await asyncio.gather(
        *(ask(machine, organisation_id, connection_id) for machine in machines),
        return_exceptions=True,
    )
    assert {type(end) for end in ends} == {InvalidGrant}
    assert all("Reconnect Xero." in str(end) for end in ends)
    with pytest.raises(InvalidGrant):
        await ask(process, organisation_id, connection_id)
    assert xero.token.call_count == 1
    [row] = await database.as_owner("SELECT ended_at, version FROM xero_consents")
    assert row["ended_at"] is not None


async def test_a_refusal_after_somebody_else_renewed_is_read_again_and_no_end(
    database: Database,
    process: Process,
    organisation_id: UUID,
    connection_id: UUID,
    xero: Xero,
) -> None:
    newer = token_set("access-9", "refresh-9", expires_at=FRESH)
    other = await database.add_organisation(new_id(), name="Redgum")

    async def rotated(request: httpx.Request) -> httpx.Response:
        await replace_tokens(database, process, organisation_id, newer)
        return httpx.Response(400, json={"error": "invalid_grant"})

    xero.token.side_effect = rotated
    await ask(process, organisation_id, connection_id)
    assert xero.bearers == ["Bearer access-9"]
    [row] = await database.as_owner("SELECT ended_at FROM xero_consents")
    assert row["ended_at"] is None
    with pytest.raises(ConnectionReplaced):
        await ask(process, other, connection_id)


async def replace_tokens(
    database: Database, process: Process, organisation_id: UUID, tokens: TokenSet
) -> None:
    """As another worker would have written them."""
    [row] = await database.as_owner("SELECT id FROM xero_consents")
    sealed = seal_tokens(
        process.cipher, tokens, organisation_id=organisation_id, consent_id=row["id"]
    )
    await database.as_owner(
        "UPDATE xero_consents SET tokens = $1, expires_at = $2, version = version + 1",
        sealed,
        tokens.expires_at,
    )


async def test_a_missing_scope_renews_nothing(
    process: Process, organisation_id: UUID, fresh: UUID, xero: Xero
) -> None:
    xero.api.side_effect = None
    xero.api.return_value = problem(401, "AuthorizationUnsuccessful")
    with pytest.raises(ScopeMissing):
        await ask(process, organisation_id, fresh)
    assert (xero.token.call_count, xero.api.call_count) == (0, 1)


async def test_a_lost_organisation_renews_nothing(
    process: Process, organisation_id: UUID, fresh: UUID, xero: Xero
) -> None:
    xero.api.return_value = problem(403, "AuthenticationUnsuccessful")
    with pytest.raises(TenantLost):
        await ask(process, organisation_id, fresh)
    assert (xero.token.call_count, xero.api.call_count) == (0, 1)


async def test_a_token_refused_twice_is_given_up_and_the_next_one_renews(
    process: Process, organisation_id: UUID, fresh: UUID, xero: Xero
) -> None:
    xero.api.return_value = problem(401, "TokenExpired: token expired")
    with pytest.raises(CredentialsRejected):
        await ask(process, organisation_id, fresh)
    assert (xero.token.call_count, xero.api.call_count) == (1, 2)
    xero.api.return_value = httpx.Response(200, json=ORGANISATION)
    await ask(process, organisation_id, fresh)
    assert xero.bearers[-1] == "Bearer access-3"


async def test_an_app_that_is_not_configured_any_more_is_said_without_asking(
    database: Database, process: Process, organisation_id: UUID, xero: Xero
) -> None:
    connection_id = await connect_xero(database, process, organisation_id, client_id="gone")
    with pytest.raises(ClientRejected) as caught:
        await ask(process, organisation_id, connection_id)
    assert "Reconnect Xero." in str(caught.value)
    assert not xero.token.called


async def test_tokens_are_found_sealed_and_open_in_their_own_place_only(
    database: Database, process: Process, organisation_id: UUID, connection_id: UUID, xero: Xero
) -> None:
    await ask(process, organisation_id, connection_id)
    [row] = await database.as_owner("SELECT xero_consents::text AS all, tokens FROM xero_consents")
    for secret in (b"access-2", b"refresh-2"):
        assert secret not in row["tokens"]
        assert secret.decode() not in row["all"]
    elsewhere = await database.add_organisation(new_id(), name="Redgum")
    await database.as_owner("DELETE FROM xero_tenants")
    await database.as_owner("UPDATE xero_consents SET organisation_id = $1", elsewhere)
    moved = await connect_xero(database, process, elsewhere)
    await database.as_owner("UPDATE xero_consents SET tokens = $1", row["tokens"])
    with pytest.raises(InvalidGrant):
        await ask(process, elsewhere, moved)


async def test_other_credentials_end_the_work_of_the_old_ones(
    database: Database, process: Process, organisation_id: UUID, connection_id: UUID, xero: Xero
) -> None:
    async with xero_for(process, organisation_id, connection_id) as client:
        await database.as_owner("DELETE FROM xero_consents")
        with pytest.raises(ConnectionReplaced):
            await client.organisation()
    await database.as_owner("UPDATE integrations SET connection_id = $1", new_id())
    with pytest.raises(ConnectionReplaced):
        await ask(process, organisation_id, connection_id)


async def test_a_day_that_is_nearly_used_up_parks_before_xero_has_to_say_no(
    process: Process, organisation_id: UUID, fresh: UUID, xero: Xero
) -> None:
    xero.api.respond(200, json=ORGANISATION, headers={"X-DayLimit-Remaining": "49"})
    async with xero_for(process, organisation_id, fresh) as client:
        await client.organisation()
        with pytest.raises(LimitReached) as caught:
            await client.organisation()
    assert xero.api.call_count == 1
    assert (caught.value.limit, caught.value.retry_after) == ("day", 3600)
    assert "no more calls today" in str(caught.value)


async def test_a_day_limit_that_was_hit_holds_every_worker_off_until_it_is_reset(
    process: Process, other_process: Process, organisation_id: UUID, fresh: UUID, xero: Xero
) -> None:
    headers = {"Retry-After": "66975", "X-Rate-Limit-Problem": "day"}
    xero.api.respond(429, headers=headers)
    for machine in (process, other_process):
        with pytest.raises(LimitReached) as caught:
            await ask(machine, organisation_id, fresh)
        assert caught.value.limit == "day"
        assert caught.value.retry_after == pytest.approx(66975, abs=60)
    assert xero.api.call_count == 1
