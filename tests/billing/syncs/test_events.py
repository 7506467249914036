import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs
from tests.support.api import Api, running_app
from tests.support.databases import Database
from tests.support.figures import Figure
from tests.support.sources import FakeSource, claim, connect, work_off
from tests.support.statements import taken
from tests.support.waiting import until

from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.worker import JOBS

pytestmark = pytest.mark.usefixtures("connection_id")


def streams_open() -> float | None:
    return REGISTRY.get_sample_value("billingone_event_streams_open")


@dataclass
class Event:
    name: str
    id: str
    sync: dict[str, Any]


def parsed(body: str) -> list[Event | str]:
    """Events, and comments as their text."""
    found: list[Event | str] = []
    for block in body.split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        if "" in fields:
            found.append(fields[""])
        else:
            found.append(Event(fields["event"], fields["id"], json.loads(fields["data"])))
    return found


async def started(api: Api, *sources: str) -> str:
    wish = {"sources": sources or ["pax8"]}
    sync_id: str = (await api.finance.post("/v1/syncs", json=wish)).json()["id"]
    return sync_id


@dataclass
class Pauses:
    """What happens in each pause of a stream: one thing after the other, then nothing."""

    happenings: list[Callable[[], Awaitable[object]]]
    seconds: list[float]

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if self.happenings:
            await self.happenings.pop(0)()


@asynccontextmanager
async def streaming(
    api: Api, process: Process, source: FakeSource, *happenings: Callable[[], Awaitable[object]]
) -> AsyncIterator[tuple[Api, Pauses]]:
    pauses = Pauses(list(happenings), [])
    async with running_app(replace(process, sleep=pauses, pollers={}), source) as app:
        yield Api(app, api.mint, api.organisation_id), pauses


async def test_a_stream_tells_each_change_and_ends_with_done(
    api: Api, process: Process, source: FakeSource
) -> None:
    sync_id = await started(api)
    halfway, proceed = asyncio.Event(), asyncio.Event()

    async def mood(place: str) -> None:
        if place == "fetch subscriptions 0":
            halfway.set()
            await proceed.wait()

    source.mood = mood
    tasks: list[asyncio.Task[int]] = []

    async def begin() -> None:
        tasks.append(asyncio.create_task(work_off(process, source)))
        await halfway.wait()

    async def finish() -> None:
        proceed.set()
        await tasks[0]

    async with streaming(api, process, source, begin, finish) as (streams, pauses):
        answer = await streams.viewer.get(f"/v1/syncs/{sync_id}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    events = [event for event in parsed(answer.text) if isinstance(event, Event)]
    assert [event.name for event in events] == ["progress", "progress", "done"]
    assert [event.sync["status"] for event in events] == ["queued", "running", "succeeded"]
    assert [event.sync["progress"] for event in events] == [0, 50, 100]
    assert len({event.id for event in events}) == 3
    assert events[2].sync == (await api.viewer.get(f"/v1/syncs/{sync_id}")).json()
    assert set(pauses.seconds) == {1.0}


async def test_a_sync_that_has_ended_answers_with_one_event(
    api: Api, process: Process, source: FakeSource
) -> None:
    sync_id = await started(api)
    await work_off(process, source)
    (event,) = parsed((await api.viewer.get(f"/v1/syncs/{sync_id}/events")).text)
    assert isinstance(event, Event)
    assert (event.name, event.sync["status"]) == ("done", "succeeded")


async def test_whoever_comes_again_goes_on_after_the_last_event(
    api: Api, process: Process, source: FakeSource
) -> None:
    sync_id = await started(api)
    path = f"/v1/syncs/{sync_id}/events"

    async def finish() -> None:
        await work_off(process, source)

    async with streaming(api, process, source, finish) as (streams, _):
        client = streams.viewer
        first, last = parsed((await client.get(path)).text)
    assert isinstance(first, Event)
    assert isinstance(last, Event)
    (again,) = parsed((await api.viewer.get(path, headers={"Last-Event-ID": first.id})).text)
    assert again == last
    after = await api.viewer.get(path, headers={"Last-Event-ID": last.id})
    assert (after.status_code, after.text) == (204, "")


async def test_what_was_told_is_not_told_again(
    api: Api, process: Process, source: FakeSource
) -> None:
    sync_id = await started(api)

    async def finish() -> None:
        await work_off(process, source)

    path = f"/v1/syncs/{sync_id}/events"
    told = await event_id(api, process, path, revision=1)
    async with streaming(api, process, source, finish) as (streams, _):
        answer = await streams.viewer.get(path, headers={"Last-Event-ID": told})
    assert [event.name for event in parsed(answer.text) if isinstance(event, Event)] == ["done"]


async def event_id(api: Api, process: Process, path: str, *, revision: int) -> str:
    identity = await process.tokens.verify(api.mint.person(api.organisation_id))
    return process.tickets.event_id(revision, stream=path, identity=identity)


@pytest.mark.parametrize("nonsense", ["", "abc", "-1", "1.5", "²", "0x10"])
async def test_a_last_event_that_makes_no_sense_is_none(
    api: Api, process: Process, source: FakeSource, nonsense: str
) -> None:
    sync_id = await started(api)
    await work_off(process, source)
    answer = await api.viewer.get(
        f"/v1/syncs/{sync_id}/events", headers={"Last-Event-ID": nonsense.encode()}
    )
    assert answer.status_code == 200
    assert len(parsed(answer.text)) == 1


async def test_silence_is_broken_every_fifteen_seconds(
    api: Api, process: Process, source: FakeSource
) -> None:
    sync_id = await started(api)

    async def nothing() -> None:
        return

    async def finish() -> None:
        await work_off(process, source)

    quiet = [nothing] * 31
    async with streaming(api, process, source, *quiet, finish) as (streams, pauses):
        answer = await streams.viewer.get(f"/v1/syncs/{sync_id}/events")
    first, *comments, last = parsed(answer.text)
    assert isinstance(first, Event)
    assert isinstance(last, Event)
    assert comments == ["still here", "still here"]
    assert set(pauses.seconds) == {1.0}


async def test_no_transaction_is_open_between_two_reads(
    api: Api, process: Process, source: FakeSource
) -> None:
    sync_id = await started(api)
    used: list[int] = []

    async def look() -> None:
        used.append(process.engine.pool.checkedout())  # type: ignore[attr-defined]  # of a QueuePool

    async def finish() -> None:
        await work_off(process, source)

    async with streaming(api, process, source, look, look, finish) as (streams, _):
        await streams.viewer.get(f"/v1/syncs/{sync_id}/events")
    assert used == [0, 0]


async def test_a_stream_ends_with_the_session_it_belongs_to(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    sync_id = await started(api)

    async def revoke() -> None:
        await database.insert(
            "revocations",
            organisation_id=api.organisation_id,
            subject="session:session-1",
            issued_before=process.clock.now(),
        )

    async with streaming(api, process, source, revoke) as (streams, pauses):
        answer = await streams.viewer.get(f"/v1/syncs/{sync_id}/events")
    assert [event.name for event in parsed(answer.text) if isinstance(event, Event)] == ["progress"]
    assert set(pauses.seconds) == {1.0}


async def test_a_reader_that_goes_away_ends_the_stream_and_the_reading(
    api: Api, process: Process, source: FakeSource
) -> None:
    sync_id = await started(api)
    pausing, proceed = asyncio.Event(), asyncio.Event()

    async def linger() -> None:
        pausing.set()
        await proceed.wait()

    async with streaming(api, process, source, linger) as (streams, pauses):
        token = streams.mint.person(streams.organisation_id)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": f"/v1/syncs/{sync_id}/events",
            "raw_path": b"",
            "query_string": b"",
            "root_path": "",
            "headers": [(b"authorization", f"Bearer {token}".encode())],
            "server": ("api.test", 80),
            "client": ("127.0.0.1", 1),
        }

        async def receive() -> dict[str, Any]:
            await pausing.wait()
            return {"type": "http.disconnect"}

        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        await streams.app(scope, receive, send)
        with taken(process) as connections:
            proceed.set()
            await asyncio.sleep(0.1)
    assert connections == []
    assert pauses.seconds == [1.0]
    assert process.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # of a QueuePool
    assert sent[0]["status"] == 200


async def test_one_reading_serves_all_streams_of_a_process(
    api: Api, process: Process, database: Database, source: FakeSource, figure: Figure
) -> None:
    """A transaction for each organisation and second, however many watch whatever of it."""
    other = api.of(await database.add_organisation(new_id(), name="Other"))
    await connect(database, other.organisation_id)
    syncs = [
        (api, await started(api)),
        (other, await started(other)),
        (other, await started(other)),
    ]
    streams_of_each, seconds = 10, 20
    used: list[int] = []
    open_ones: list[float | None] = []

    async def look() -> None:
        used.append(len(connections))
        open_ones.append(streams_open())
        connections.clear()

    async def finish() -> None:
        connections.clear()
        await work_off(process, source)

    with taken(process) as connections:
        async with streaming(api, process, source, *[look] * seconds, finish) as (streams, _):
            answers = await asyncio.gather(
                *(
                    streams.of(whose.organisation_id).viewer.get(f"/v1/syncs/{sync_id}/events")
                    for whose, sync_id in syncs * streams_of_each
                )
            )
    last = [parsed(answer.text)[-1] for answer in answers]
    assert {event.name for event in last if isinstance(event, Event)} == {"done"}
    assert used[-10:] == [2] * 10
    count = len(answers)
    assert (open_ones[-1], streams_open()) == (count, 0)
    figure(f"24: {count} streams of 2 organisations: 2 transactions a second, not {count}")


async def test_a_second_in_which_nothing_can_be_read_ends_no_stream(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    sync_id = await started(api)

    async def take_away() -> None:
        await database.as_owner("ALTER TABLE syncs RENAME TO away")

    async def bring_back() -> None:
        await database.as_owner("ALTER TABLE away RENAME TO syncs")
        await work_off(process, source)

    with capture_logs() as logs:
        async with streaming(api, process, source, take_away, bring_back) as (streams, _):
            answer = await streams.viewer.get(f"/v1/syncs/{sync_id}/events")
    events = [event.name for event in parsed(answer.text) if isinstance(event, Event)]
    assert events == ["progress", "done"]
    assert [line["event"] for line in logs].count("streams_not_read") == 1


async def test_an_organisation_that_cannot_be_read_silences_no_other_ones_streams(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    other = api.of(await database.add_organisation(new_id(), name="Other"))
    await connect(database, other.organisation_id)
    mine, theirs = await started(api), await started(other)

    def both_are_open() -> bool:
        return streams_open() == len((mine, theirs))

    async def break_theirs() -> None:
        await until(both_are_open)
        await database.as_owner(
            "CREATE FUNCTION broken(uuid) RETURNS boolean LANGUAGE plpgsql AS "
            f"$$ BEGIN IF $1 = '{other.organisation_id}' THEN RAISE 'planted'; END IF; "
            "RETURN true; END $$"
        )
        await database.as_owner(
            "CREATE POLICY broken ON syncs AS RESTRICTIVE FOR SELECT TO billingone_app "
            "USING (broken(organisation_id))"
        )

    async def finish_mine() -> None:
        await work_off(process, source)

    async def mend() -> None:
        await database.as_owner("DROP POLICY broken ON syncs")
        await work_off(process, source)

    happenings = (break_theirs, finish_mine, mend)
    with capture_logs() as logs:
        async with streaming(api, process, source, *happenings) as (streams, _):
            answers = await asyncio.gather(
                streams.viewer.get(f"/v1/syncs/{mine}/events"),
                streams.of(other.organisation_id).viewer.get(f"/v1/syncs/{theirs}/events"),
            )
    ends = [parsed(answer.text)[-1] for answer in answers]
    assert [end.name for end in ends if isinstance(end, Event)] == ["done", "done"]
    assert "streams_not_read" in [line["event"] for line in logs]


async def test_two_runs_make_one_stream_whose_ids_only_grow(
    api: Api,
    process: Process,
    database: Database,
    source: FakeSource,
    xero: FakeSource,
) -> None:
    await connect(database, api.organisation_id, "xero")
    sync_id = await started(api, "pax8", "xero")

    async def one_of_them() -> None:
        (found,) = await claim(process, 1)
        await JOBS[found.kind](process, {"pax8": source, "xero": xero}, found)

    async with streaming(api, process, source, one_of_them, one_of_them) as (streams, _):
        answer = await streams.viewer.get(f"/v1/syncs/{sync_id}/events")
    events = [event for event in parsed(answer.text) if isinstance(event, Event)]
    assert [event.sync["status"] for event in events] == ["queued", "running", "succeeded"]
