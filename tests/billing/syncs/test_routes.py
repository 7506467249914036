import asyncio
from uuid import UUID

import pytest
from tests.support.api import Api, RecordingBell
from tests.support.databases import Database
from tests.support.sources import FakeSource, connect, work_off

from billingone_api.kit.ids import new_id
from billingone_api.process import Process


async def test_a_sync_is_accepted_queued_and_announced(
    api: Api, process: Process, connection_id: UUID
) -> None:
    answer = await api.finance.post("/v1/syncs", json={"sources": ["pax8"], "mode": "full"})
    sync = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/syncs/{sync['id']}"
    assert answer.headers["retry-after"] == "1"
    assert (sync["status"], sync["trigger"], sync["requested_by"]) == (
        "queued",
        "person",
        "Farah Nair",
    )
    assert (sync["requested_at"], sync["finished_at"]) == ("2026-11-24T01:00:00Z", None)
    (run,) = sync["runs"]
    assert (run["source"], run["mode"], run["status"]) == ("pax8", "full", "queued")
    assert (run["joined"], run["progress"], run["problem"]) == (False, 0, None)
    assert [step["name"] for step in run["steps"]] == ["companies", "subscriptions"]
    assert [step["status"] for step in run["steps"]] == ["waiting", "waiting"]
    assert isinstance(process.bell, RecordingBell)
    assert process.bell.rings == 1
    assert (await api.viewer.get(answer.headers["location"])).json() == sync


async def test_sync_all_takes_every_integration_that_is_connected(
    api: Api, database: Database, connection_id: UUID
) -> None:
    await connect(database, api.organisation_id, "xero")
    await connect(database, api.organisation_id, "superops")  # no source of this program
    sync = (await api.finance.post("/v1/syncs", json={})).json()
    assert [run["source"] for run in sync["runs"]] == ["pax8", "xero"]
    assert {run["mode"] for run in sync["runs"]} == {"delta"}


async def test_a_run_done_says_what_it_did(
    api: Api, process: Process, source: FakeSource, connection_id: UUID
) -> None:
    sync = (await api.finance.post("/v1/syncs", json={"sources": ["pax8"]})).json()
    assert await work_off(process, source) == 1
    sync = (await api.finance.get(f"/v1/syncs/{sync['id']}")).json()
    assert (sync["status"], sync["progress"]) == ("succeeded", 100)
    assert sync["finished_at"] == "2026-11-24T01:00:00Z"
    (run,) = sync["runs"]
    counts = {"created": 6, "changed": 0, "unchanged": 0, "gone": 0, "quarantined": 0}
    assert run["counts"] == counts
    assert [(step["status"], step["done"]) for step in run["steps"]] == [("done", 3), ("done", 3)]


async def test_twenty_who_ask_at_once_get_one_run(
    api: Api, database: Database, connection_id: UUID
) -> None:
    answers = await asyncio.gather(
        *(api.finance.post("/v1/syncs", json={"sources": ["pax8"]}) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} == {202}
    runs = [answer.json()["runs"][0] for answer in answers]
    assert len({run["id"] for run in runs}) == 1
    assert sorted(run["joined"] for run in runs) == [False] + [True] * 19
    assert len({answer.json()["id"] for answer in answers}) == 20
    assert len(await database.as_owner("SELECT FROM due_work")) == 1


@pytest.mark.parametrize(
    ("body", "status", "code", "pointers"),
    [
        ({"sources": ["xero"]}, 409, "not_connected", []),
        ({"sources": ["pax8", "xero"]}, 409, "not_connected", []),
        ({"sources": ["pax8", "myob"]}, 422, "validation_failed", ["/sources/1"]),
        ({"sources": ["pax8\x00"]}, 422, "validation_failed", ["/sources/0"]),
        ({"sources": [""]}, 422, "validation_failed", ["/sources/0"]),
        ({"sources": []}, 422, "validation_failed", ["/sources"]),
        ({"sources": "pax8"}, 422, "validation_failed", ["/sources"]),
        ({"sources": ["pax8"] * 21}, 422, "validation_failed", ["/sources"]),
        ({"source": ["pax8"]}, 422, "validation_failed", ["/source"]),
        ({"mode": "quick"}, 422, "validation_failed", ["/mode"]),
        ([], 422, "validation_failed", [""]),
    ],
)
async def test_what_cannot_be_synced_is_told_and_changes_nothing(
    api: Api,
    database: Database,
    connection_id: UUID,
    body: object,
    status: int,
    code: str,
    pointers: list[str],
) -> None:
    answer = await api.finance.post("/v1/syncs", json=body)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert [error["pointer"] for error in problem.get("errors", [])] == pointers
    assert await database.as_owner("SELECT FROM syncs") == []
    assert await database.as_owner("SELECT FROM due_work") == []


async def test_sync_all_with_nothing_connected_says_what_to_do(api: Api) -> None:
    answer = await api.finance.post("/v1/syncs", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_connected")
    assert "connect an integration" in answer.json()["detail"]


async def test_a_sync_of_another_organisation_answers_like_one_that_is_not_there(
    api: Api, database: Database, connection_id: UUID
) -> None:
    theirs = await database.add_organisation(new_id(), name="Other IT")
    sync_id = (await api.finance.post("/v1/syncs", json={"sources": ["pax8"]})).json()["id"]
    stranger = api.of(theirs).finance
    for method, path in [("GET", ""), ("GET", "/events"), ("POST", "/cancel")]:
        seen = await stranger.request(method, f"/v1/syncs/{sync_id}{path}")
        absent = await stranger.request(method, f"/v1/syncs/{new_id()}{path}")
        assert seen.status_code == absent.status_code == 404
        assert _without_id(seen.json()) == _without_id(absent.json())
    assert (await stranger.get("/v1/syncs")).json()["items"] == []


def _without_id(problem: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in problem.items() if name != "request_id"}
