import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.support.api import Api, running_app
from tests.support.databases import Database
from tests.support.sources import FakeSource, claim, connect, work_off

from billingone_api.process import Process
from billingone_api.worker import JOBS

pytestmark = pytest.mark.usefixtures("connection_id")


@dataclass
class Event:
    name: str
    id: int
    sync: dict[str, Any]


def parsed(body: str) -> list[Event | str]:
    """Events, and comments as their text."""
    found: list[Event | str] = []
    for block in body.split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        if "" in fields:
            found.append(fields[""])
        else:
            found.append(Event(fields["event"], int(fields["id"]), json.loads(fields["data"])))
    return found


async def started(api: Api) -> str:
    sync_id: str = (await api.finance.post("/v1/syncs", json={})).json()["id"]
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
    async with running_app(replace(process, sleep=pauses), source) as app:
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
    assert events[0].id < events[1].id < events[2].id
    assert events[2].sync == (await api.viewer.get(f"/v1/syncs/{sync_id}")).json()
    assert pauses.seconds == [1.0, 1.0]


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
    (again,) = parsed((await api.viewer.get(path, headers={"Last-Event-ID": str(first.id)})).text)
    assert again == last
    after = await api.viewer.get(path, headers={"Last-Event-ID": str(last.id)})
    assert (after.status_code, after.text) == (204, "")


async def test_what_was_told_is_not_told_again(
    api: Api, process: Process, source: FakeSource
) -> None:
    sync_id = await started(api)

    async def finish() -> None:
        await work_off(process, source)

    async with streaming(api, process, source, finish) as (streams, _):
        answer = await streams.viewer.get(
            f"/v1/syncs/{sync_id}/events", headers={"Last-Event-ID": "1"}
        )
    assert [event.name for event in parsed(answer.text) if isinstance(event, Event)] == ["done"]


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
    assert pauses.seconds == [1.0] * 32


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
    assert pauses.seconds == [1.0]


async def test_a_reader_that_goes_away_ends_the_stream(
    api: Api, process: Process, source: FakeSource
) -> None:
    sync_id = await started(api)
    pausing, cancelled = asyncio.Event(), asyncio.Event()

    async def linger() -> None:
        pausing.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with streaming(api, process, source, linger) as (streams, _):
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
    assert cancelled.is_set()
    assert process.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # of a QueuePool
    assert sent[0]["status"] == 200


async def test_two_runs_make_one_stream_whose_ids_only_grow(
    api: Api,
    process: Process,
    database: Database,
    source: FakeSource,
    xero: FakeSource,
) -> None:
    await connect(database, api.organisation_id, "xero")
    sync_id = await started(api)

    async def one_of_them() -> None:
        (found,) = await claim(process, 1)
        await JOBS[found.kind](process, {"pax8": source, "xero": xero}, found)

    async with streaming(api, process, source, one_of_them, one_of_them) as (streams, _):
        answer = await streams.viewer.get(f"/v1/syncs/{sync_id}/events")
    events = [event for event in parsed(answer.text) if isinstance(event, Event)]
    assert [event.sync["status"] for event in events] == ["queued", "running", "succeeded"]
    assert [event.id for event in events] == sorted({event.id for event in events})
