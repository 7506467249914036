import asyncio
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.api import Api, RecordingBell
from tests.support.clock import SetClock
from tests.support.databases import Database
from tests.support.sources import FakeSource, claim, work_off
from tests.support.xero import connect_xero

from billingone_api.billing.syncs.models import Claim
from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.worker import JOBS

pytestmark = pytest.mark.usefixtures("connection_id")


async def schedule(
    database: Database, organisation_id: UUID, *, minutes: int | None = 60, ago: str = "5 minutes"
) -> datetime:
    """As the integrations area writes it; the slot that is due."""
    await database.as_owner("UPDATE integrations SET schedule_minutes = $1", minutes)
    (row,) = await database.as_owner(
        "INSERT INTO due_work (organisation_id, kind, key, due_at) "
        "VALUES ($1, 'schedule', 'pax8', now() - $2::text::interval) RETURNING due_at",
        organisation_id,
        ago,
    )
    due_at: datetime = row["due_at"]
    return due_at


async def slots(database: Database) -> list[Any]:
    return await database.as_owner("SELECT * FROM due_work WHERE kind = 'schedule'")


async def syncs(api: Api) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await api.viewer.get("/v1/syncs")).json()["items"]
    return items


async def test_a_slot_starts_a_sync_and_rings(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    await schedule(database, api.organisation_id)
    await work_off(process, source)
    (sync,) = await syncs(api)
    assert (sync["trigger"], sync["requested_by"], sync["status"]) == ("schedule", None, "queued")
    assert sync["runs"][0]["mode"] == "delta"
    assert isinstance(process.bell, RecordingBell)
    assert process.bell.rings == 1
    await work_off(process, source)
    assert (await syncs(api))[0]["status"] == "succeeded"


@pytest.mark.parametrize(
    ("ago", "minutes", "next_in"),
    [
        ("5 minutes", 60, 60),
        ("0 minutes", 60, 60),
        ("59 minutes 50 seconds", 60, 60),
        ("61 minutes", 60, 120),
        ("3 days 1 minute", 60, 73 * 60),
        ("16 minutes", 15, 30),
    ],
)
async def test_the_next_slot_is_in_the_future_on_the_same_grid(
    api: Api,
    process: Process,
    database: Database,
    source: FakeSource,
    ago: str,
    minutes: int,
    next_in: int,
) -> None:
    due_at = await schedule(database, api.organisation_id, minutes=minutes, ago=ago)
    await work_off(process, source)
    (slot,) = await slots(database)
    assert slot["due_at"] - due_at == timedelta(minutes=next_in)
    assert (slot["lease"], slot["attempts"]) == (None, 0)
    assert len(await syncs(api)) == 1, "slots that were missed are not made up for"


async def test_three_workers_start_one_sync_for_a_slot(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    await schedule(database, api.organisation_id)
    await asyncio.gather(*(work_off(process, source) for _ in range(3)))
    assert len(await syncs(api)) == 1


async def test_a_worker_that_lost_the_slot_starts_nothing(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    await schedule(database, api.organisation_id)
    (late,) = await claim(process)
    await database.as_owner("UPDATE due_work SET leased_until = now() - interval '1 second'")
    await work_off(process, source)
    await JOBS["schedule"](process, {"pax8": source}, late)
    assert len(await syncs(api)) == 1
    assert len(await slots(database)) == 1


async def test_a_slot_is_passed_over_while_a_sync_is_unfinished(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    await api.finance.post("/v1/syncs", json={"sources": ["pax8"]})
    await database.as_owner("UPDATE due_work SET due_at = now() + interval '1 hour'")
    await schedule(database, api.organisation_id)
    await work_off(process, source)
    assert [sync["trigger"] for sync in await syncs(api)] == ["person"]
    assert len(await slots(database)) == 1


async def test_a_worker_told_to_stop_carries_a_slot_through(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    await schedule(database, api.organisation_id)
    (found,) = await claim(process)
    task = asyncio.create_task(_start(process, source, found))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(await syncs(api)) == 1
    (slot,) = await slots(database)
    assert slot["lease"] is None


async def _start(process: Process, source: FakeSource, found: Claim) -> None:
    await JOBS[found.kind](process, {source.key: source}, found)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM integrations",
        "UPDATE integrations SET schedule_minutes = NULL",
        "UPDATE organisations SET ended_at = now()",
    ],
)
async def test_a_schedule_nobody_wants_any_more_goes(
    api: Api, process: Process, database: Database, source: FakeSource, change: str
) -> None:
    await schedule(database, api.organisation_id)
    await database.as_owner(change)
    await work_off(process, source)
    assert await database.as_owner("SELECT FROM due_work") == []
    assert await database.as_owner("SELECT FROM syncs") == []


async def test_a_slot_that_is_not_due_waits(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    await schedule(database, api.organisation_id, ago="-1 minutes")
    assert await work_off(process, source) == 0


async def test_a_schedule_of_a_source_this_worker_lacks_goes_on(
    api: Api, process: Process, database: Database, xero: FakeSource
) -> None:
    await schedule(database, api.organisation_id)
    await work_off(process, xero)
    assert await syncs(api) == []
    assert len(await slots(database)) == 1


@pytest.fixture
async def connected(database: Database, process: Process, api: Api) -> UUID:
    """Xero, with a slot that is due; the clock stands at noon in Sydney."""
    connection_id = await connect_xero(database, process, api.organisation_id)
    await slot_of_xero(database, api.organisation_id)
    return connection_id


async def slot_of_xero(database: Database, organisation_id: UUID) -> None:
    await database.as_owner(
        "INSERT INTO due_work (organisation_id, kind, key, due_at) VALUES ($1, 'schedule', 'xero',"
        " now()) ON CONFLICT (organisation_id, kind, key) DO UPDATE SET due_at = now()",
        organisation_id,
    )


async def mode_of_next(
    database: Database, process: Process, organisation_id: UUID, xero: FakeSource
) -> str:
    """Of the run that the next slot starts, which then ends well."""
    await slot_of_xero(database, organisation_id)
    for _ in range(3):
        await work_off(process, xero)
    [row] = await database.as_owner(
        "SELECT mode, status FROM sync_runs WHERE source = 'xero' ORDER BY id DESC LIMIT 1"
    )
    assert row["status"] == "succeeded"
    mode: str = row["mode"]
    return mode


async def test_the_first_run_of_a_night_reads_all_of_xero_and_the_others_what_changed(
    api: Api,
    process: Process,
    database: Database,
    clock: SetClock,
    xero: FakeSource,
    connected: UUID,
) -> None:
    assert connected
    home = api.organisation_id
    # Noon in Sydney; night falls there between 2 and 3, at this organisation's own minute.
    modes = [await mode_of_next(database, process, home, xero) for _ in range(2)]
    clock.move(hours=13.5)
    modes.append(await mode_of_next(database, process, home, xero))
    clock.move(hours=1.6)
    modes += [await mode_of_next(database, process, home, xero) for _ in range(2)]
    assert modes == ["full", "delta", "delta", "full", "delta"]


@pytest.mark.parametrize(("status", "again"), [("cancelled", "full"), ("failed", "delta")])
async def test_a_sweep_that_was_cancelled_is_made_up_for_and_one_that_failed_waits_a_night(
    api: Api,
    process: Process,
    database: Database,
    xero: FakeSource,
    connected: UUID,
    status: str,
    again: str,
) -> None:
    assert connected
    await mode_of_next(database, process, api.organisation_id, xero)
    await database.as_owner("UPDATE sync_runs SET status = $1", status)
    assert await mode_of_next(database, process, api.organisation_id, xero) == again


async def test_other_credentials_begin_with_a_sweep(
    api: Api, process: Process, database: Database, xero: FakeSource, connected: UUID
) -> None:
    assert connected
    await mode_of_next(database, process, api.organisation_id, xero)
    await database.as_owner("UPDATE integrations SET connection_id = $1", new_id())
    assert await mode_of_next(database, process, api.organisation_id, xero) == "full"


@pytest.mark.parametrize(
    ("zone", "days"), [("Australia/Sydney", 1), ("America/New_York", 1), ("UTC", 7)]
)
async def test_a_schedule_of_whole_days_runs_at_night_in_the_organisations_zone(
    api: Api, process: Process, database: Database, source: FakeSource, zone: str, days: int
) -> None:
    await database.as_owner("UPDATE organisation_settings SET time_zone = $1", zone)
    await schedule(database, api.organisation_id, minutes=days * 1440)
    await work_off(process, source)
    [row] = await database.as_owner(
        "SELECT (due_at AT TIME ZONE $1)::time AS at, due_at - now() AS ahead FROM due_work"
        " WHERE kind = 'schedule'",
        zone,
    )
    assert time(2) <= row["at"] < time(3)
    assert timedelta(days=days - 1) < row["ahead"] <= timedelta(days=days)
