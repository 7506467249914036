import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from tests.support.api import Naps
from tests.support.databases import Database
from tests.support.figures import Figure

from billingone_api.billing.integrations.adapters.limits import PostgresLimiter
from billingone_api.kit.http.errors import (
    CircuitOpen,
    HttpRateLimited,
    HttpRefused,
    HttpUnavailable,
)
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


def _pair(
    process: Process, other_process: Process, organisation_id: UUID
) -> tuple[PostgresLimiter, PostgresLimiter]:
    """Two machines that share an integration and have a large rate."""
    one, other = (_limiter(machine, organisation_id, 1e9) for machine in (process, other_process))
    return one, other


async def _passes(database: Database, seconds: float) -> None:
    """As if so much time had gone by."""
    await database.as_owner(
        "UPDATE provider_limits SET next_at = next_at - $1::float * interval '1 second', "
        "not_before = not_before - $1::float * interval '1 second'",
        seconds,
    )


SILENCE = HttpUnavailable("nobody answered")


@pytest.mark.parametrize(("retry_after", "seconds"), [(None, 10), (25.0, 25), (59.0, 59)])
async def test_being_told_to_slow_down_slows_every_machine_down(
    process: Process,
    other_process: Process,
    organisation_id: UUID,
    figure: Figure,
    retry_after: float | None,
    seconds: float,
) -> None:
    one, other = _pair(process, other_process, organisation_id)
    await one.wait_turn()
    await one.heed(HttpRateLimited("too often", retry_after=retry_after))
    await other.wait_turn()
    [waited] = _waits(process, other_process)
    assert waited == pytest.approx(seconds, abs=5)
    figure(f"14: one worker told to wait {seconds:.0f} s, another waited {waited:.1f} s")


async def test_a_shorter_wish_does_not_shorten_a_longer_one(
    process: Process, other_process: Process, organisation_id: UUID
) -> None:
    one, other = _pair(process, other_process, organisation_id)
    await one.wait_turn()
    for wish in (50.0, 2.0):
        await one.heed(HttpRateLimited("too often", retry_after=wish))
    await one.heed(None)
    await other.wait_turn()
    assert _waits(process, other_process) == [pytest.approx(50, abs=5)]


@pytest.mark.parametrize("wish", [61.0, 3600.0, 86_400.0])
async def test_a_limit_of_a_day_is_not_waited_for_by_anybody(
    database: Database,
    process: Process,
    other_process: Process,
    organisation_id: UUID,
    wish: float,
) -> None:
    one, other = _pair(process, other_process, organisation_id)
    await one.wait_turn()
    await one.heed(HttpRateLimited("enough for today", retry_after=wish))
    with pytest.raises(HttpRateLimited) as caught:
        await other.wait_turn()
    assert caught.value.retry_after == pytest.approx(wish, abs=5)
    await _passes(database, wish)
    await other.wait_turn()
    assert _waits(process, other_process) == []


async def test_after_so_many_failures_in_a_row_nobody_asks_until_one_may_try(
    database: Database, process: Process, other_process: Process, organisation_id: UUID
) -> None:
    one, other = _pair(process, other_process, organisation_id)
    for _ in range(8):
        await one.wait_turn()
        await one.heed(SILENCE)
    for limiter in (one, other):
        with pytest.raises(CircuitOpen) as caught:
            await limiter.wait_turn()
        assert caught.value.retry_after == pytest.approx(30, abs=5)
    await _passes(database, 30)
    await other.wait_turn()
    with pytest.raises(CircuitOpen):
        await one.wait_turn()
    await other.heed(SILENCE)
    with pytest.raises(CircuitOpen):
        await other.wait_turn()
    await _passes(database, 30)
    await one.wait_turn()
    await one.heed(None)
    for limiter in (one, other, one, other):
        await limiter.wait_turn()


@pytest.mark.parametrize("answer", [None, HttpRefused("no", status=404, body=b"")])
async def test_an_answer_of_any_kind_begins_the_count_anew(
    process: Process, organisation_id: UUID, answer: HttpRefused | None
) -> None:
    limiter = _limiter(process, organisation_id, 1e9)
    for outcome in [*[SILENCE] * 7, answer] * 2:
        await limiter.wait_turn()
        await limiter.heed(outcome)
    await limiter.wait_turn()


async def test_whoever_tries_and_dies_over_it_leaves_the_next_to_try(
    database: Database, process: Process, other_process: Process, organisation_id: UUID
) -> None:
    one, other = _pair(process, other_process, organisation_id)
    for _ in range(8):
        await one.wait_turn()
        await one.heed(SILENCE)
    await _passes(database, 30)
    await one.wait_turn()
    await _passes(database, 30)
    await other.wait_turn()


async def test_a_hold_set_by_a_clock_that_was_ahead_lasts_a_day_at_most(
    database: Database, process: Process, organisation_id: UUID
) -> None:
    await database.as_owner(
        "INSERT INTO provider_limits VALUES ($1, 'pax8', now(), now() + interval '1 year')",
        organisation_id,
    )
    with pytest.raises(HttpRateLimited) as caught:
        await _limiter(process, organisation_id, 1e9).wait_turn()
    assert caught.value.retry_after == pytest.approx(86_400, abs=5)


async def test_one_integration_being_away_stops_no_other(
    process: Process, organisation_id: UUID
) -> None:
    pax8 = _limiter(process, organisation_id, 1e9)
    xero = PostgresLimiter(
        process, organisation_id=organisation_id, provider="xero", requests_per_second=1e9
    )
    for _ in range(8):
        await pax8.wait_turn()
        await pax8.heed(SILENCE)
    with pytest.raises(CircuitOpen):
        await pax8.wait_turn()
    for _ in range(9):
        await xero.wait_turn()
        await xero.heed(None)
