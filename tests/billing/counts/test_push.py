"""Counts as PanelOne pushes them: kept dated, each once, the newest of each source on top."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.api import Api
from tests.support.clock import NOW, SetClock
from tests.support.databases import Database
from tests.support.statements import counted

from billingone_api.kit.ids import new_id
from billingone_api.process import Process

COUNTS = "/v1/panelone/counts"


@pytest.fixture
async def client(database: Database, organisation_id: UUID) -> UUID:
    made = new_id()
    await database.insert(
        "clients", organisation_id=organisation_id, id=made, name="Acacia", active=True
    )
    return made


def row(client_id: UUID, **more: Any) -> dict[str, Any]:
    plain = {
        "client_id": str(client_id),
        "metric": "devices",
        "count": 42,
        "counted_at": "2026-11-22T03:00:00Z",
        "source": "ninjaone",
    }
    return plain | more


async def push(api: Api, *rows: Any) -> list[dict[str, Any]]:
    answer = await api.service("counts:write").post(COUNTS, json={"counts": list(rows)})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def statuses(results: list[dict[str, Any]]) -> list[str]:
    return [result["status"] for result in results]


async def kept(database: Database, table: str) -> list[tuple[Any, ...]]:
    rows = await database.as_owner(
        f"SELECT metric, source, counted_at, count, excluded FROM {table}"  # noqa: S608 - ours
        " ORDER BY metric, source, counted_at"
    )
    return [
        (one["metric"], one["source"], one["counted_at"].isoformat()[:10], one["count"])
        for one in rows
    ]


async def test_a_count_is_kept_under_client_metric_source_and_instant(
    api: Api, database: Database, client: UUID
) -> None:
    (result,) = await push(api, row(client, excluded=3))
    assert result == {
        "client_id": str(client),
        "metric": "devices",
        "status": "created",
        "error": None,
    }
    (stored,) = await database.as_owner("SELECT * FROM client_counts")
    assert (stored["count"], stored["excluded"], stored["received_at"]) == (42, 3, NOW)


async def test_the_same_again_is_unchanged_and_writes_nothing(
    api: Api, database: Database, client: UUID
) -> None:
    await push(api, row(client))
    both = "SELECT a.xmin::text, b.xmin::text AS x FROM client_counts a, client_count_history b"
    before = await database.as_owner(both)
    assert statuses(await push(api, row(client))) == ["unchanged"]
    assert await database.as_owner(both) == before
    assert len(before) == 1


async def test_what_was_counted_later_is_on_top_and_what_came_before_stays(
    api: Api, database: Database, client: UUID
) -> None:
    later = row(client, counted_at="2026-11-23T03:00:00Z", count=43)
    assert statuses(await push(api, later, row(client))) == ["created", "created"]
    assert await kept(database, "client_counts") == [("devices", "ninjaone", "2026-11-23", 43)]
    assert await kept(database, "client_count_history") == [
        ("devices", "ninjaone", "2026-11-22", 42),
        ("devices", "ninjaone", "2026-11-23", 43),
    ]


async def test_a_correction_of_an_instant_holds_and_what_was_known_before_stays(
    api: Api, database: Database, client: UUID, clock: SetClock
) -> None:
    await push(api, row(client))
    clock.move(hours=1)
    assert statuses(await push(api, row(client, count=40))) == ["updated"]
    clock.move(hours=1)
    assert statuses(await push(api, row(client, count=40))) == ["unchanged"]
    assert await kept(database, "client_counts") == [("devices", "ninjaone", "2026-11-22", 40)]
    said = await database.as_owner(
        "SELECT count, received_at FROM client_count_history ORDER BY received_at"
    )
    assert [tuple(one.values()) for one in said] == [(42, NOW), (40, NOW + timedelta(hours=1))]


async def test_a_late_correction_of_an_old_count_leaves_the_newest(
    api: Api, database: Database, client: UUID
) -> None:
    await push(api, row(client), row(client, counted_at="2026-11-23T03:00:00Z", count=43))
    assert statuses(await push(api, row(client, count=1))) == ["updated"]
    assert await kept(database, "client_counts") == [("devices", "ninjaone", "2026-11-23", 43)]


async def test_where_a_key_comes_twice_the_last_row_holds(
    api: Api, database: Database, client: UUID
) -> None:
    results = await push(api, row(client), row(client, count=7), row(client, count=7))
    assert statuses(results) == ["created", "updated", "unchanged"]
    assert await kept(database, "client_counts") == [("devices", "ninjaone", "2026-11-22", 7)]


async def test_one_instant_in_two_zones_is_one_count(
    api: Api, database: Database, client: UUID
) -> None:
    await push(api, row(client))
    assert statuses(await push(api, row(client, counted_at="2026-11-22T14:00:00+11:00"))) == [
        "unchanged"
    ]


BAD = [
    ({"count": -1}, "/count"),
    ({"count": 1_000_001}, "/count"),
    ({"count": 1.5}, "/count"),
    ({"count": "42"}, "/count"),
    ({"count": True}, "/count"),
    ({"excluded": -1}, "/excluded"),
    ({"metric": "Devices"}, "/metric"),
    ({"metric": "9"}, "/metric"),
    ({"metric": "d" * 41}, "/metric"),
    ({"source": "Ninja One"}, "/source"),
    ({"source": "superops"}, "/source"),
    ({"source": ""}, "/source"),
    ({"counted_at": "2026-11-22"}, "/counted_at"),
    ({"counted_at": 1763780400}, "/counted_at"),
    ({"counted_at": None}, "/counted_at"),
    ({"client_id": "7"}, "/client_id"),
    ({"colour": "red"}, "/colour"),
]


@pytest.mark.parametrize(("change", "pointer"), BAD)
async def test_a_bad_row_is_pointed_at_and_spoils_no_other(
    api: Api, database: Database, client: UUID, change: dict[str, Any], pointer: str
) -> None:
    good = row(client, metric="users")
    results = await push(api, good, row(client) | change)
    assert statuses(results) == ["created", "invalid"]
    assert [at["pointer"] for at in results[1]["error"]["errors"]] == [f"/counts/1{pointer}"]
    assert [one[0] for one in await kept(database, "client_counts")] == ["users"]


async def test_a_count_of_nobody_or_of_tomorrow_is_invalid_with_words(
    api: Api, database: Database, client: UUID
) -> None:
    results = await push(
        api,
        row(new_id()),
        row(client, counted_at="2026-11-24T01:06:00Z"),
        row(client, counted_at="2026-11-24T01:04:00Z"),
    )
    assert [result["error"] and result["error"]["code"] for result in results] == [
        "client_not_found",
        "counted_in_future",
        None,
    ]
    assert len(await kept(database, "client_counts")) == 1


async def test_a_client_of_another_organisation_is_nobody(
    api: Api, database: Database, client: UUID
) -> None:
    other = api.of(await database.add_organisation(new_id(), name="Other"))
    (result,) = await push(other, row(client))
    assert result["error"]["code"] == "client_not_found"
    assert await kept(database, "client_counts") == []


async def test_more_than_five_thousand_are_refused(api: Api) -> None:
    rows = [{"metric": "devices"}] * 5_001
    answer = await api.service("counts:write").post(COUNTS, json={"counts": rows})
    assert answer.status_code == 422
    assert [at["code"] for at in answer.json()["errors"]] == ["too_long"]


async def test_five_thousand_take_no_more_statements_than_one(
    api: Api, database: Database, process: Process, client: UUID
) -> None:
    def rows(number: int) -> list[dict[str, Any]]:
        return [row(client, metric=f"metric_{n}") for n in range(number)]

    await push(api, *rows(1))
    with counted(process.engine) as few:
        await push(api, row(client, metric="another"))
    with counted(process.engine) as many:
        assert set(statuses(await push(api, *rows(5_000)))) == {"created", "unchanged"}
    assert len(many) == len(few)
    assert len(await kept(database, "client_counts")) == 5_001


@pytest.mark.parametrize("role", ["Owner", "Finance", "Viewer"])
async def test_people_may_not_push(api: Api, role: str) -> None:
    answer = await api.as_role(role).post(COUNTS, json={"counts": []})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
