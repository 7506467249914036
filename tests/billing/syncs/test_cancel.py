import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.support.api import Api
from tests.support.databases import Database
from tests.support.sources import (
    Crash,
    FakeSource,
    copied_names,
    time_passes,
    work_off,
)

from billingone_api.process import Process
from billingone_api.providers.errors import ProviderRateLimited

pytestmark = pytest.mark.usefixtures("connection_id")


async def started(api: Api) -> str:
    sync_id: str = (await api.finance.post("/v1/syncs", json={"sources": ["pax8"]})).json()["id"]
    return sync_id


async def cancel(api: Api, sync_id: str) -> httpx.Response:
    return await api.finance.post(f"/v1/syncs/{sync_id}/cancel")


async def shown(api: Api, sync_id: str) -> dict[str, Any]:
    sync: dict[str, Any] = (await api.viewer.get(f"/v1/syncs/{sync_id}")).json()
    return sync


async def test_a_queued_run_ends_at_once(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    sync_id = await started(api)
    answer = await cancel(api, sync_id)
    sync = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/syncs/{sync_id}"
    assert (sync["status"], sync["finished_at"]) == ("cancelled", "2026-11-24T01:00:00Z")
    assert sync["runs"][0]["problem"] is None
    assert await database.as_owner("SELECT FROM due_work") == []
    assert await work_off(process, source) == 0
    again = (await api.finance.post("/v1/syncs", json={"sources": ["pax8"]})).json()
    assert again["runs"][0]["joined"] is False, "there is room for the next"


async def test_a_running_run_ends_with_the_batch_in_hand(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    sync_id = await started(api)
    answers: list[dict[str, Any]] = []

    async def mood(place: str) -> None:
        if place == "fetch subscriptions 0":
            answers.append((await cancel(api, sync_id)).json())

    source.mood = mood
    await work_off(process, source)
    (run,) = answers[0]["runs"]
    assert (run["status"], run["cancel_requested"]) == ("running", True)
    sync = await shown(api, sync_id)
    assert sync["status"] == "cancelled"
    assert sync["runs"][0]["problem"] is None
    assert await copied_names(database) == {"Acme", "Bondi Dental", "Cairns Reef"}
    assert await database.as_owner("SELECT FROM due_work") == []
    assert await database.as_owner("SELECT FROM sync_seen") == []
    (integration,) = await database.as_owner("SELECT * FROM integrations")
    assert (integration["attention"], integration["last_success_at"]) == (None, None)


async def test_a_parked_run_ends_at_once(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    async def mood(place: str) -> None:
        raise ProviderRateLimited("Pax8 limits us.", provider="pax8", retry_after=3600)

    source.mood = mood
    sync_id = await started(api)
    await work_off(process, source)
    (run,) = (await cancel(api, sync_id)).json()["runs"]
    assert (run["status"], run["resumes_at"], run["problem"]) == ("cancelled", None, None)
    assert await database.as_owner("SELECT FROM due_work") == []


async def test_a_run_whose_worker_is_dead_ends_at_once(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    async def mood(place: str) -> None:
        if place == "fetch companies 1":
            raise Crash

    source.mood = mood
    sync_id = await started(api)
    with pytest.raises(Crash):
        await work_off(process, source)
    await time_passes(database)
    assert (await cancel(api, sync_id)).json()["status"] == "cancelled"
    assert await database.as_owner("SELECT FROM sync_seen") == []


async def test_a_run_that_was_joined_ends_for_all_its_syncs(api: Api) -> None:
    first, second = await started(api), await started(api)
    assert (await cancel(api, second)).json()["status"] == "cancelled"
    assert (await shown(api, first))["status"] == "cancelled"


async def test_what_has_ended_stays_as_it_is(
    api: Api, process: Process, source: FakeSource
) -> None:
    sync_id = await started(api)
    await work_off(process, source)
    before = await shown(api, sync_id)
    answer = await cancel(api, sync_id)
    assert (answer.status_code, answer.json()) == (202, before)


async def test_cancelling_twice_is_one_cancelling(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    sync_id = await started(api)
    revisions: list[int] = []

    async def mood(place: str) -> None:
        if place == "fetch companies 0":
            for _ in range(2):
                await cancel(api, sync_id)
                (row,) = await database.as_owner("SELECT revision FROM sync_runs")
                revisions.append(row["revision"])

    source.mood = mood
    await work_off(process, source)
    assert revisions[0] == revisions[1]
    assert (await shown(api, sync_id))["status"] == "cancelled"


async def test_cancelling_while_it_ends_gives_one_end(
    api: Api, process: Process, source: FakeSource
) -> None:
    sync_id = await started(api)
    answers: list[asyncio.Task[httpx.Response]] = []

    async def mood(place: str) -> None:
        if place == "close":
            answers.append(asyncio.create_task(cancel(api, sync_id)))

    source.mood = mood
    await work_off(process, source)
    assert (await answers[0]).status_code == 202
    final = await shown(api, sync_id)
    assert final["status"] == "succeeded"
    assert await shown(api, sync_id) == final


@pytest.mark.parametrize("role", ["Viewer", "Engineer"])
async def test_readers_watch_and_do_not_touch(
    api: Api, database: Database, connection_id: UUID, role: str
) -> None:
    sync_id = await started(api)
    reader = api.as_role(role)
    for path in ("/v1/syncs", f"/v1/syncs/{sync_id}/cancel"):
        answer = await reader.post(path, json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    for path in ("/v1/syncs", f"/v1/syncs/{sync_id}", "/v1/quarantine"):
        assert (await reader.get(path)).status_code == 200
    assert len(await database.as_owner("SELECT FROM syncs")) == 1


async def test_a_service_whose_scope_does_not_say_so_may_not_sync(api: Api) -> None:
    answer = await api.service("dashboard:read").post("/v1/syncs", json={"sources": ["pax8"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("path", ["", "/events", "/cancel"])
async def test_an_id_that_is_no_id_is_told(api: Api, path: str) -> None:
    method = "POST" if path == "/cancel" else "GET"
    answer = await api.finance.request(method, f"/v1/syncs/not-an-id{path}")
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
