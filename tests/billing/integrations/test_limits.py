import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from tests.support.api import Naps
from tests.support.databases import Database

from billingone_api.billing.integrations.adapters.limits import PostgresLimiter
from billingone_api.kit.ids import new_id
from billingone_api.process import Process


def _limiter(process: Process, organisation_id: UUID, rate: float) -> PostgresLimiter:
    return PostgresLimiter(
        process, organisation_id=organisation_id, provider="pax8", requests_per_second=rate
    )


def _waits(*machines: Process) -> list[float]:
    found: list[float] = []
    for machine in machines:
        assert isinstance(machine.sleep, Naps)
        found += machine.sleep.seconds
    return sorted(found)


async def test_turns_of_two_machines_are_a_pause_apart(
    process: Process, other_process: Process, organisation_id: UUID
) -> None:
    limiters = [_limiter(machine, organisation_id, 0.1) for machine in (process, other_process)]
    await asyncio.gather(*(limiter.wait_turn() for limiter in limiters * 3))
    # The first goes at once; the others wait ten seconds more each, less what has passed.
    waits = _waits(process, other_process)
    assert len(waits) == 5
    assert [round(wait, -1) for wait in waits] == [10, 20, 30, 40, 50]


async def test_a_turn_nobody_took_is_not_saved_up(
    database: Database, process: Process, organisation_id: UUID
) -> None:
    await database.as_owner(
        "INSERT INTO provider_limits VALUES ($1, 'pax8', now() - interval '1 hour')",
        organisation_id,
    )
    limiter = _limiter(process, organisation_id, 0.1)
    await limiter.wait_turn()
    await limiter.wait_turn()
    assert [round(wait, -1) for wait in _waits(process)] == [10]


async def test_a_server_clock_that_was_ahead_parks_nobody_for_long(
    database: Database, process: Process, organisation_id: UUID
) -> None:
    await database.as_owner(
        "INSERT INTO provider_limits VALUES ($1, 'pax8', now() + interval '1 year')",
        organisation_id,
    )
    await _limiter(process, organisation_id, 10).wait_turn()
    assert _waits(process) == [pytest.approx(60, abs=5)]


async def test_a_large_rate_lifts_the_limit(process: Process, organisation_id: UUID) -> None:
    limiter = _limiter(process, organisation_id, 1e9)
    for _ in range(5):
        await limiter.wait_turn()
    assert _waits(process) == []


async def test_organisations_do_not_wait_for_each_other(
    database: Database, process: Process, organisation_id: UUID
) -> None:
    elsewhere = await database.add_organisation(new_id(), name="Redgum")
    await _limiter(process, organisation_id, 0.1).wait_turn()
    await _limiter(process, elsewhere, 0.1).wait_turn()
    assert _waits(process) == []


async def test_a_turn_leaves_the_row_one_pause_ahead(
    database: Database, process: Process, organisation_id: UUID
) -> None:
    await _limiter(process, organisation_id, 0.001).wait_turn()
    [row] = await database.as_owner("SELECT next_at - now() AS ahead FROM provider_limits")
    assert timedelta(seconds=900) < row["ahead"] <= timedelta(seconds=1000)
