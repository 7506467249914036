import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from structlog.testing import capture_logs
from tests.support.api import Api, made_process, running_app, settings_for
from tests.support.clock import SetClock
from tests.support.databases import Database
from tests.support.people import Mint
from tests.support.sources import FakeSource, connect, copied_names
from tests.support.waiting import PATIENCE, until
from tests.support.workers import environment, worker_process

from billingone_api import worker as worker_module
from billingone_api.embedded.postgres import EmbeddedPostgres
from billingone_api.embedded.redis import EmbeddedRedis
from billingone_api.kit.bell import JOB, QUEUE, ArqBell, redis_for
from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.worker import Worker

EVERYTHING = {"Acme", "Bondi Dental", "Cairns Reef", "M365 Acme", "M365 Bondi", "M365 Cairns"}
NEVER = 3600.0
OFTEN = 0.05


@pytest.fixture
async def source(database: Database, organisation_id: UUID) -> FakeSource:
    await connect(database, organisation_id)
    return FakeSource()


@asynccontextmanager
async def process_with(
    database: Database, clock: SetClock, **settings: Any
) -> AsyncIterator[Process]:
    """Its bell is a real one, whether Redis is there or not."""
    made_settings = settings_for(database, **settings)
    redis = redis_for(made_settings.redis_url.get_secret_value())
    async with made_process(made_settings, clock=clock) as made:
        yield replace(made, bell=ArqBell(redis))
    await redis.aclose(close_connection_pool=True)


@asynccontextmanager
async def working(process: Process, *sources: FakeSource) -> AsyncIterator[Worker]:
    worker = Worker(process, sources)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        async with asyncio.timeout(PATIENCE):
            await task


@asynccontextmanager
async def api_of(process: Process, mint: Mint, *sources: FakeSource) -> AsyncIterator[Api]:
    async with running_app(process, *sources) as app:
        yield Api(app, mint, new_id())


async def status_of(api: Api, sync_id: str) -> str:
    status: str = (await api.viewer.get(f"/v1/syncs/{sync_id}")).json()["status"]
    return status


async def ends(api: Api, sync_id: str) -> str:
    async with asyncio.timeout(PATIENCE):
        while True:
            status = await status_of(api, sync_id)
            if status not in {"queued", "running"}:
                return status
            await asyncio.sleep(0.02)


async def started(api: Api) -> str:
    answer = await api.finance.post("/v1/syncs", json={"sources": ["pax8"]})
    assert answer.status_code == 202
    sync_id: str = answer.json()["id"]
    return sync_id


async def test_a_sync_is_accepted_and_done_while_redis_is_away(
    database: Database, clock: SetClock, mint: Mint, organisation_id: UUID, source: FakeSource
) -> None:
    async with (
        process_with(database, clock, worker_sweep_seconds=OFTEN) as process,
        api_of(process, mint, source) as some,
        working(process, source),
    ):
        api = some.of(organisation_id)
        assert await ends(api, await started(api)) == "succeeded"
    assert await copied_names(database) == EVERYTHING


async def test_the_bell_wakes_a_worker_that_would_sleep_for_an_hour(
    database: Database,
    clock: SetClock,
    mint: Mint,
    organisation_id: UUID,
    source: FakeSource,
    redis: EmbeddedRedis,
) -> None:
    settings = {"redis_url": redis.url, "worker_sweep_seconds": NEVER}
    async with (
        process_with(database, clock, **settings) as process,
        api_of(process, mint, source) as some,
        working(process, source),
    ):
        api = some.of(organisation_id)
        for _ in range(2):
            assert await ends(api, await started(api)) == "succeeded"


async def test_what_was_missed_while_redis_was_away_is_done_when_it_is_back(
    database: Database,
    clock: SetClock,
    mint: Mint,
    organisation_id: UUID,
    source: FakeSource,
    tmp_path: Path,
) -> None:
    with EmbeddedRedis(tmp_path) as redis:
        settings = {"redis_url": redis.url, "worker_sweep_seconds": NEVER}
        async with (
            process_with(database, clock, **settings) as process,
            api_of(process, mint, source) as some,
            working(process, source),
        ):
            api = some.of(organisation_id)
            assert await ends(api, await started(api)) == "succeeded"
            with capture_logs() as logs:
                redis.stop()
                await until(lambda: any(line["event"] == "bell_silent" for line in logs))
                sync_id = await started(api)
                assert await status_of(api, sync_id) == "queued"
                redis.start()
                assert await ends(api, sync_id) == "succeeded"
            assert await ends(api, await started(api)) == "succeeded"


async def test_many_rings_do_the_work_once(
    database: Database,
    clock: SetClock,
    mint: Mint,
    organisation_id: UUID,
    source: FakeSource,
    redis: EmbeddedRedis,
) -> None:
    settings = {"redis_url": redis.url, "worker_sweep_seconds": NEVER}
    async with (
        process_with(database, clock, **settings) as process,
        api_of(process, mint, source) as some,
        working(process, source),
        working(process, source),
    ):
        api = some.of(organisation_id)
        for _ in range(20):
            await process.bell.ring()
        sync_id = await started(api)
        for _ in range(20):
            await process.bell.ring()
        assert await ends(api, sync_id) == "succeeded"
    assert source.places.count("open") == 1


async def test_what_lies_in_redis_is_json_and_says_nothing(redis: EmbeddedRedis) -> None:
    connection = redis_for(redis.url)
    try:
        await connection.flushall()
        await ArqBell(connection).ring()
        (job_id,) = await connection.zrange(QUEUE, 0, -1)
        raw = await connection.get(b"arq:job:" + job_id)
        job = json.loads(raw)
        assert (job["f"], job["a"], job["k"]) == (JOB, [], {})
        await connection.flushall()
    finally:
        await connection.aclose(close_connection_pool=True)


async def test_a_worker_has_no_more_in_hand_than_it_may(
    database: Database, clock: SetClock, mint: Mint, organisation_id: UUID, source: FakeSource
) -> None:
    at_work, most = 0, 0
    enough = asyncio.Event()

    async def mood(place: str) -> None:
        nonlocal at_work, most
        if place == "open":
            at_work += 1
            most = max(most, at_work)
            if at_work == 2:
                enough.set()
            await enough.wait()
        if place == "close":
            at_work -= 1

    source.mood = mood
    organisations = [organisation_id]
    for number in range(4):
        organisations.append(await database.add_organisation(new_id(), name=f"MSP {number}"))
        await connect(database, organisations[-1])
    settings = {"worker_concurrency": 2, "worker_sweep_seconds": OFTEN}
    async with (
        process_with(database, clock, **settings) as process,
        api_of(process, mint, source) as some,
    ):
        ids = [(each, await started(some.of(each))) for each in organisations]
        async with working(process, source):
            for each, sync_id in ids:
                assert await ends(some.of(each), sync_id) == "succeeded"
    assert most == 2


async def test_a_worker_told_to_stop_gives_back_what_it_has_in_hand(
    database: Database, clock: SetClock, mint: Mint, organisation_id: UUID, source: FakeSource
) -> None:
    reached = asyncio.Event()

    async def mood(place: str) -> None:
        if place == "fetch subscriptions 1" and not reached.is_set():
            reached.set()
            await asyncio.Event().wait()

    source.mood = mood
    async with (
        process_with(database, clock, worker_sweep_seconds=OFTEN) as process,
        api_of(process, mint, source) as some,
    ):
        api = some.of(organisation_id)
        async with working(process, source):
            sync_id = await started(api)
            async with asyncio.timeout(PATIENCE):
                await reached.wait()
        (row,) = await database.as_owner("SELECT lease, attempts FROM due_work")
        assert (row["lease"], row["attempts"]) == (None, 0)
        assert await status_of(api, sync_id) == "running"
        async with working(process, source):
            assert await ends(api, sync_id) == "succeeded"
    assert await copied_names(database) == EVERYTHING


class Hasty(Worker):
    """Told to stop at the very moment at which it has taken something up."""

    async def _take_up(self) -> None:
        await super()._take_up()
        self.stop()


async def test_what_was_only_just_taken_up_is_given_back_as_well(
    database: Database, clock: SetClock, mint: Mint, organisation_id: UUID, source: FakeSource
) -> None:
    async with (
        process_with(database, clock) as process,
        api_of(process, mint, source) as some,
    ):
        await started(some.of(organisation_id))
        async with asyncio.timeout(PATIENCE):
            await Hasty(process, [source]).run()
    (row,) = await database.as_owner("SELECT lease, attempts FROM due_work")
    assert (row["lease"], row["attempts"]) == (None, 0)


async def test_a_heartbeat_keeps_a_slow_run_with_its_worker(
    database: Database, clock: SetClock, mint: Mint, organisation_id: UUID, source: FakeSource
) -> None:
    """The third party takes several leases to answer; the other worker has no claim on the run."""

    async def mood(place: str) -> None:
        if place == "fetch subscriptions 1":
            ends_at = set()
            async with asyncio.timeout(PATIENCE):
                while len(ends_at) < 8:
                    (row,) = await database.as_owner("SELECT leased_until FROM due_work")
                    ends_at.add(row["leased_until"])
                    await asyncio.sleep(0.02)

    source.mood = mood
    settings = {
        "worker_sweep_seconds": OFTEN,
        "worker_heartbeat_seconds": 0.5,
        "worker_lease_seconds": 3,
    }
    async with (
        process_with(database, clock, **settings) as process,
        api_of(process, mint, source) as some,
        working(process, source),
        working(process, source),
    ):
        api = some.of(organisation_id)
        assert await ends(api, await started(api)) == "succeeded"
    assert source.places.count("open") == 1


async def reach(postgres: EmbeddedPostgres, database: Database, *, allowed: bool) -> None:
    """Close the database to everybody, or open it again."""
    name = database.owner_url.rpartition("/")[2]
    connection = await asyncpg.connect(postgres.superuser_url("postgres").replace("+asyncpg", ""))
    try:
        await connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}")
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
        )
    finally:
        await connection.close()


async def test_a_worker_outlives_the_absence_of_its_database(
    postgres: EmbeddedPostgres, own_database: Database, clock: SetClock, mint: Mint
) -> None:
    organisation_id = await own_database.add_organisation(new_id())
    await connect(own_database, organisation_id)
    source = FakeSource()
    async with (
        process_with(own_database, clock, worker_sweep_seconds=OFTEN) as process,
        api_of(process, mint, source) as some,
    ):
        api = some.of(organisation_id)
        with capture_logs() as logs:
            async with working(process, source):
                await reach(postgres, own_database, allowed=False)
                await until(lambda: any(line["event"] == "due_work_out_of_reach" for line in logs))
                await reach(postgres, own_database, allowed=True)
                assert await ends(api, await started(api)) == "succeeded"


@pytest.mark.parametrize("place", ["fetch subscriptions 1", "written subscriptions 1"])
async def test_a_worker_killed_in_mid_sync_is_replaced_by_another(
    process: Process,
    database: Database,
    mint: Mint,
    organisation_id: UUID,
    source: FakeSource,
    tmp_path: Path,
    place: str,
) -> None:
    file = tmp_path / "stands still"
    file.write_text("")
    async with api_of(process, mint, source) as some:
        api = some.of(organisation_id)
        sync_id = await started(api)
        with worker_process(database, file, place) as first:
            await until(lambda: file.read_text() == "reached")
            first.send_signal(signal.SIGKILL)
            first.wait(PATIENCE)
        assert await status_of(api, sync_id) == "running"
        assert "M365 Bondi" not in await copied_names(database)
        file.unlink()
        with worker_process(database, file, place):
            assert await ends(api, sync_id) == "succeeded"
        run = (await api.viewer.get(f"/v1/syncs/{sync_id}")).json()["runs"][0]
    assert await copied_names(database) == EVERYTHING
    assert run["counts"]["created"] == 6
    assert [step["done"] for step in run["steps"]] == [3, 3]


@pytest.mark.parametrize("word", [signal.SIGTERM, signal.SIGINT])
async def test_a_worker_process_told_to_stop_ends_well_and_gives_its_run_back(
    process: Process,
    database: Database,
    mint: Mint,
    organisation_id: UUID,
    source: FakeSource,
    tmp_path: Path,
    word: signal.Signals,
) -> None:
    file = tmp_path / "stands still"
    file.write_text("")
    async with api_of(process, mint, source) as some:
        await started(some.of(organisation_id))
    with worker_process(database, file, "fetch subscriptions 1") as worker:
        await until(lambda: file.read_text() == "reached")
        worker.send_signal(word)
        assert worker.wait(PATIENCE) == 0
    (row,) = await database.as_owner("SELECT lease, attempts, due_at <= now() AS due FROM due_work")
    assert (row["lease"], row["attempts"], row["due"]) == (None, 0, True)


def command(database: Database, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "billingone_api.cli", "worker"],
        env=environment(database, **more),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_the_command_refuses_a_database_that_was_not_migrated(
    postgres: EmbeddedPostgres,
) -> None:
    postgres.create_database("bare_for_worker")
    try:
        bare = Database(
            postgres.owner_url("bare_for_worker"), postgres.application_url("bare_for_worker")
        )
        done = command(bare)
    finally:
        postgres.drop_database("bare_for_worker")
    assert done.returncode == 1
    assert "run `billingone migrate`" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("ENCRYPTION_KEYS", "k1:short", "ENCRYPTION_KEYS"),
        ("WORKER_CONCURRENCY", "0", "WORKER_CONCURRENCY"),
        (
            "DATABASE_URL",
            "postgresql+asyncpg://billingone_app:secret-word@127.0.0.1:1/none",
            "127.0.0.1:1 cannot be used",
        ),
    ],
)
def test_the_command_says_what_is_wrong_with_its_environment(
    database: Database, variable: str, value: str, words: str
) -> None:
    done = command(database, **{variable: value})
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret-word" not in done.stderr


async def test_a_stop_gets_through_to_a_bell_that_swallows_it() -> None:
    """arq does so when it is cancelled while it takes a job; the worker then never ended."""
    heard = 0

    async def stubborn() -> None:
        nonlocal heard
        while heard < 3:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                heard += 1

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await worker_module._made_to_end(task)
    assert heard == 3


async def test_a_batch_that_takes_its_time_is_still_finished_and_given_back(
    database: Database, clock: SetClock, mint: Mint, organisation_id: UUID, source: FakeSource
) -> None:
    """Whoever insists on a stop must not tear what is being written."""
    reached = asyncio.Event()

    async def slow(place: str) -> None:
        if place == "write subscriptions 1":
            reached.set()
            await asyncio.sleep(3 * worker_module._STUBBORN_SECONDS)

    source.mood = slow
    async with (
        process_with(database, clock, worker_sweep_seconds=OFTEN) as process,
        api_of(process, mint, source) as some,
    ):
        async with working(process, source):
            await started(some.of(organisation_id))
            await asyncio.wait_for(reached.wait(), PATIENCE)
        assert "M365 Bondi" in await copied_names(database)
    (row,) = await database.as_owner("SELECT lease, attempts FROM due_work")
    assert (row["lease"], row["attempts"]) == (None, 0)
