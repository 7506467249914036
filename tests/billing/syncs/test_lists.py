import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.api import Api
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.sources import FakeSource, connect, work_off

from billingone_api.kit.ids import new_id
from billingone_api.process import Process

STATUSES = ["succeeded", "failed", "queued", "running", "partial", "cancelled"]

MANY = """
WITH r AS (
  SELECT * FROM jsonb_to_recordset($2::jsonb) AS r(
    id uuid, run uuid, trigger text, requested_by text, status text, source text, at timestamptz
  )
), a AS (
  INSERT INTO syncs (organisation_id, id, trigger, requested_by, requested_at)
  SELECT $1, id, trigger, requested_by, at FROM r
), b AS (
  INSERT INTO sync_runs
    (organisation_id, id, source, mode, connection_id, status, queued_at, finished_at)
  SELECT $1, run, source, 'delta', run, status, at,
    CASE WHEN status NOT IN ('queued', 'running') THEN at END FROM r
), c AS (
  INSERT INTO sync_members (organisation_id, sync_id, run_id, joined)
  SELECT $1, id, run, false FROM r
)
INSERT INTO sync_steps (organisation_id, run_id, position, name)
SELECT $1, run, 0, 'companies' FROM r
"""


async def many(database: Database, organisation_id: UUID, *, number: int) -> list[str]:
    """Syncs with a run each; the statuses take turns, one in three is a schedule's."""
    ids = [new_id() for _ in range(number)]
    runs = [new_id() for _ in range(number)]
    rows = [
        {
            "id": str(sync_id),
            "run": str(run_id),
            "trigger": "schedule" if place % 3 == 0 else "person",
            "requested_by": None if place % 3 == 0 else f"Person {place % 5}",
            "status": STATUSES[place % len(STATUSES)],
            "source": f"source-{place}",  # unfinished runs of one source would be refused
            "at": (NOW + timedelta(seconds=place)).isoformat(),
        }
        for place, (sync_id, run_id) in enumerate(zip(ids, runs, strict=True))
    ]
    await database.as_owner(MANY, organisation_id, json.dumps(rows))
    return [str(sync_id) for sync_id in reversed(ids)]


async def walk(api: Api, path: str, *, limit: int, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    client = api.viewer
    while True:
        answer = await client.get(path, params={"limit": limit, **query, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = {"cursor": page["next_cursor"]}


async def test_a_thousand_syncs_are_walked_newest_first(api: Api, database: Database) -> None:
    ids = await many(database, api.organisation_id, number=1_010)
    theirs = await database.add_organisation(new_id(), name="Other IT")
    await many(database, theirs, number=3)
    assert [sync["id"] for sync in await walk(api, "/v1/syncs", limit=200)] == ids
    assert [sync["id"] for sync in await walk(api, "/v1/syncs", limit=7)][:30] == ids[:30]


@pytest.mark.parametrize("limit", [1, 3, 7])
async def test_pages_of_any_size_make_the_same_list(
    api: Api, database: Database, limit: int
) -> None:
    ids = await many(database, api.organisation_id, number=10)
    assert [sync["id"] for sync in await walk(api, "/v1/syncs", limit=limit)] == ids


async def test_rows_that_come_meanwhile_shift_nothing(api: Api, database: Database) -> None:
    ids = await many(database, api.organisation_id, number=6)
    first = (await api.viewer.get("/v1/syncs?limit=3")).json()
    await many(database, api.organisation_id, number=1)
    second = await api.viewer.get("/v1/syncs", params={"limit": 3, "cursor": first["next_cursor"]})
    assert [sync["id"] for sync in first["items"] + second.json()["items"]] == ids


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ({}, 12),
        ({"status": "failed"}, 2),
        ({"status": "queued"}, 2),
        ({"status": "running"}, 2),
        ({"source": "source-4"}, 1),
        ({"source": "nobody"}, 0),
        ({"source": "source-4", "status": "partial"}, 1),
        ({"source": "source-4", "status": "failed"}, 0),
        ({"q": "person 1"}, 2),  # 1 and 11; 6 was a schedule's
        ({"q": "%"}, 0),
        ({"q": "_"}, 0),
        ({"q": ""}, 12),
        ({"q": "\\"}, 0),
    ],
)
async def test_filters_and_totals_agree(
    api: Api, database: Database, query: dict[str, str], total: int
) -> None:
    await many(database, api.organisation_id, number=12)
    page = (await api.viewer.get("/v1/syncs", params={**query, "with_total": True})).json()
    assert page["total"] == total
    assert len(page["items"]) == total
    for sync in page["items"]:
        assert sync["status"] == query.get("status", sync["status"])
    assert len(await walk(api, "/v1/syncs", limit=1, **query)) == total


async def test_without_being_asked_nothing_is_counted(api: Api) -> None:
    page = (await api.viewer.get("/v1/syncs")).json()
    assert page == {"items": [], "next_cursor": None, "total": None}


@pytest.mark.parametrize("path", ["/v1/syncs", "/v1/quarantine"])
@pytest.mark.parametrize(
    "query",
    [
        {"status": "done"},
        {"limit": "0"},
        {"limit": "201"},
        {"sort": "id"},
        {"q": "a\x00b"},
        {"source": "a\x00b"},
        {"source": ""},
        {"cursor": "x"},
    ],
)
async def test_a_query_that_makes_no_sense_is_told(
    api: Api, path: str, query: dict[str, str]
) -> None:
    answer = await api.viewer.get(path, params=query)
    assert answer.status_code == 422


async def test_a_cursor_is_worthless_elsewhere(api: Api, database: Database) -> None:
    await many(database, api.organisation_id, number=4)
    theirs = await database.add_organisation(new_id(), name="Other IT")
    cursor = (await api.viewer.get("/v1/syncs?limit=1")).json()["next_cursor"]
    stranger = api.of(theirs).viewer
    for answer in [
        await api.viewer.get("/v1/syncs", params={"cursor": cursor, "status": "failed"}),
        await api.viewer.get("/v1/quarantine", params={"cursor": cursor}),
        await stranger.get("/v1/syncs", params={"cursor": cursor}),
    ]:
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("queued", "queued", "queued"),
        ("queued", "succeeded", "running"),
        ("running", "queued", "running"),
        ("running", "failed", "running"),
        ("succeeded", "succeeded", "succeeded"),
        ("succeeded", "failed", "partial"),
        ("partial", "succeeded", "partial"),
        ("cancelled", "succeeded", "partial"),
        ("cancelled", "cancelled", "cancelled"),
        ("failed", "failed", "failed"),
        ("failed", "cancelled", "partial"),
    ],
)
async def test_the_status_of_a_sync_is_that_of_its_runs_together(
    api: Api, database: Database, connection_id: UUID, first: str, second: str, together: str
) -> None:
    await connect(database, api.organisation_id, "xero")
    sync_id = (await api.finance.post("/v1/syncs", json={})).json()["id"]
    for source, status in [("pax8", first), ("xero", second)]:
        await database.as_owner(
            "UPDATE sync_runs SET status = $2, finished_at = "
            "CASE WHEN $2 NOT IN ('queued', 'running') THEN now() END WHERE source = $1",
            source,
            status,
        )
    assert (await api.viewer.get(f"/v1/syncs/{sync_id}")).json()["status"] == together
    page = (await api.viewer.get("/v1/syncs", params={"status": together})).json()
    assert [sync["id"] for sync in page["items"]] == [sync_id]


async def test_the_version_of_a_sync_is_another_after_each_change(
    api: Api, process: Process, source: FakeSource, connection_id: UUID
) -> None:
    sync_id = (await api.finance.post("/v1/syncs", json={"sources": ["pax8"]})).json()["id"]
    before = (await api.viewer.get(f"/v1/syncs/{sync_id}")).headers["etag"]
    await work_off(process, source)
    answer = await api.viewer.get(f"/v1/syncs/{sync_id}")
    assert answer.headers["etag"] != before
    assert answer.headers["cache-control"] == "private, no-cache"


async def test_records_put_aside_are_listed_with_their_reasons(
    api: Api, process: Process, database: Database, source: FakeSource, connection_id: UUID
) -> None:
    source.steps_and_pages = {
        "companies": [["Acme", "?a"], ["?b"]],
        "subscriptions": [["?a", "?c"]],
    }
    await api.finance.post("/v1/syncs", json={})
    await work_off(process, source)
    page = (await api.viewer.get("/v1/quarantine?with_total=true")).json()
    assert page["total"] == 4
    assert page["items"][0] == {
        "source": "pax8",
        "kind": "companies",
        "record_id": "?a",
        "reason": "Nobody can read this.",
        "first_seen_at": "2026-11-24T01:00:00Z",
        "last_seen_at": "2026-11-24T01:00:00Z",
    }
    names = [
        ("companies", "?a"),
        ("companies", "?b"),
        ("subscriptions", "?a"),
        ("subscriptions", "?c"),
    ]
    for limit in (1, 3):
        items = await walk(api, "/v1/quarantine", limit=limit)
        assert [(item["kind"], item["record_id"]) for item in items] == names
    for query, total in [
        ({"kind": "companies"}, 2),
        ({"source": "xero"}, 0),
        ({"q": "?A"}, 2),
        ({"q": "nobody CAN"}, 4),
        ({"q": "%"}, 0),
    ]:
        found = (await api.viewer.get("/v1/quarantine", params=query | {"with_total": "1"})).json()
        assert (len(found["items"]), found["total"]) == (total, total)
    theirs = await database.add_organisation(new_id(), name="Other IT")
    assert (await api.of(theirs).viewer.get("/v1/quarantine")).json()["items"] == []
