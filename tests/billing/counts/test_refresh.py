"""Counts asked of PanelOne: by whoever wants them and before snapshots, and never trusted."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import respx
from tests.support.api import Api, made_process, running_app, settings_for
from tests.support.clock import NOW, SetClock
from tests.support.databases import Database
from tests.support.people import Mint
from tests.support.reconciled import House

from billingone_api.billing.counts import jobs, refreshing
from billingone_api.billing.counts.adapters.panelone import PanelOneCounts, panelone_client
from billingone_api.billing.counts.models import (
    Count,
    CountKey,
    Found,
    Refreshed,
    RefreshStatus,
)
from billingone_api.billing.counts.wiring import count_register, refreshes_in
from billingone_api.billing.subscribers import SUBSCRIBERS
from billingone_api.billing.syncs.models import Failure, ProblemCode, Trigger, Unreadable
from billingone_api.billing.syncs.wiring import due_work
from billingone_api.kit.events import Event
from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.providers.errors import MalformedAnswer, ProviderUnavailable

PANELONE = "https://panelone.test/api"
OF_PANELONE = {
    "panelone_api_url": PANELONE,
    "panelone_token_url": f"{PANELONE}/token",
    "panelone_client_id": "billingone",
    "panelone_client_secret": "planted&7f3a",
}


@pytest.fixture
def outside() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        token = {"access_token": "service-token", "expires_in": 3600}
        router.post(f"{PANELONE}/token").respond(json=token)
        yield router


@pytest.fixture
async def asking(database: Database, clock: SetClock) -> AsyncIterator[Process]:
    """A process whose operator has said where PanelOne is."""
    async with made_process(settings_for(database, **OF_PANELONE), clock=clock) as made:
        yield made


@pytest.fixture
async def house(
    asking: Process, database: Database, mint: Mint, organisation_id: UUID
) -> AsyncIterator[House]:
    async with running_app(asking) as app:
        yield House(Api(app, mint, organisation_id), database, asking)


def row(client_id: UUID | str, count: Any, **more: Any) -> dict[str, Any]:
    at = "2026-11-24T00:30:00Z"
    plain = {"metric": "devices", "source": "ninjaone", "counted_at": at, "count": count}
    return {"client_id": str(client_id)} | plain | more


def telling(outside: respx.MockRouter, *rows: Any, state: str = "done") -> respx.Route:
    """PanelOne says this from now on; gives the route by which it is asked to count anew."""
    told = {"id": "r1", "status": state}
    asked = outside.post(path="/api/clients/counts:refresh").respond(202, json=told)
    outside.get(path="/api/clients/counts:refresh/r1").respond(json=told)
    outside.get(path="/api/clients/counts").respond(json={"counts": list(rows)})
    return asked


async def work(process: Process) -> int:
    """Whatever refresh is due, once; how many were."""
    due = due_work(process.engine, lease_seconds=30)
    claims = await due.claim(10, kinds=jobs.JOBS)
    for claim in claims:
        await jobs.JOBS[claim.kind](replace(process, subscribers=SUBSCRIBERS), {}, claim)
    return len(claims)


async def refreshed(house: House) -> dict[str, Any]:
    asked = await house.api.finance.post("/v1/counts:refresh")
    assert (asked.status_code, asked.json()["status"]) == (202, "running"), asked.text
    again = await house.api.finance.post("/v1/counts:refresh")
    assert again.json() == asked.json()
    await work(house.process)
    found = await house.api.viewer.get(asked.headers["location"])
    assert found.status_code == 200, found.text
    told: dict[str, Any] = found.json()
    return told


async def counts(database: Database) -> list[tuple[Any, ...]]:
    rows = await database.as_owner("SELECT * FROM client_counts ORDER BY metric, source")
    return [(one["metric"], one["source"], one["count"], one["counted_at"]) for one in rows]


async def test_what_panelone_counted_is_kept_once_and_what_is_absurd_is_set_aside(
    house: House, outside: respx.MockRouter, database: Database, clock: SetClock
) -> None:
    """Asked twice the second time changes nothing; a source that mends itself waits no longer."""
    client = await house.client("Acacia")
    other = await database.add_organisation(new_id(), name="Other")
    foreign = new_id()
    await database.insert("clients", organisation_id=other, id=foreign, name="Foreign", active=True)
    good = row(client, 42, excluded=3)
    bad = [
        (row(client, -1), "/count: It is no whole number of 0 or more that can be meant."),
        (row(client, 1_000_001), "/count: No client has more than 1,000,000."),
        (row(client, 1, metric="Devices!"), "/metric: It is not a word of small letters."),
        (row(client, 1, source="Ninja One"), "/source: It is not a word of small letters."),
        (row(client, 1, source="superops"), "/source: What SuperOps lists is counted here."),
        (row("acacia", 1), "/client_id: It is the id of no client."),
        (row(foreign, 1), "There is no such client in this organisation; push it first."),
        (
            row(client, 1, counted_at="2026-12-24T00:00:00Z"),
            "`counted_at` lies in the future; set the clock of the source.",
        ),
        ("nothing", "/: It is not an object."),
    ]
    telling(outside, good, *(row for row, _ in bad))
    first = await refreshed(house)
    assert {name: first[name] for name in ("status", "problem", "changed", "quarantined")} == {
        "status": "done",
        "problem": None,
        "changed": 1,
        "quarantined": len(bad),
    }
    ((metric, source, count, _),) = await counts(database)
    assert (metric, source, count) == ("devices", "ninjaone", 42)
    waiting = (await house.api.viewer.get("/v1/quarantine?source=panelone&limit=50")).json()
    assert sorted(one["reason"] for one in waiting["items"]) == sorted(why for _, why in bad)
    clock.move(hours=1)
    telling(outside, good)
    second = await refreshed(house)
    assert (second["changed"], second["unchanged"], second["quarantined"]) == (0, 1, 0)
    assert (await house.api.viewer.get("/v1/quarantine")).json()["items"] == []
    entries = (await house.api.as_role("Owner").get("/v1/audit?limit=50")).json()["items"]
    assert [entry["action"] for entry in reversed(entries)] == [
        "counts.refresh_requested",
        "counts.refreshed",
    ] * 2


NOT_FRESH = "counts_not_fresh"
TOO_SLOW = "It takes longer than the half a minute that we wait for it."
Break = Callable[[respx.MockRouter], object]
BROKEN: list[tuple[Break, str, str | None]] = [
    (lambda to: to.post(path="/api/clients/counts:refresh").respond(503), "done", NOT_FRESH),
    (lambda to: to.post(path="/api/clients/counts:refresh").respond(403), "done", NOT_FRESH),
    (lambda to: to.post(path="/api/clients/counts:refresh").respond(json=[]), "done", NOT_FRESH),
    (lambda to: to.get(path="/api/clients/counts").respond(503), "failed", "unavailable"),
    (lambda to: to.get(path="/api/clients/counts").respond(json=[]), "failed", "malformed"),
    (
        lambda to: to.get(path="/api/clients/counts").respond(
            json={"counts": [], "next_cursor": 7}
        ),
        "failed",
        "malformed",
    ),
    (lambda to: telling(to, state="running"), "done", NOT_FRESH),
    (lambda to: telling(to, state="failed"), "done", NOT_FRESH),
    (lambda to: to.post(f"{PANELONE}/token").respond(401), "failed", "credentials_rejected"),
]


async def test_whatever_panelone_does_counts_stay_of_their_instant_and_it_is_said(
    house: House, outside: respx.MockRouter, database: Database
) -> None:
    """What cannot be counted anew is read as it is."""
    client = await house.client("Acacia")
    telling(outside, row(client, 7, counted_at=NOW.isoformat()))
    outside.post(path="/api/clients/counts:refresh").respond(503)
    found = await refreshed(house)
    assert (found["problem"], found["changed"]) == (NOT_FRESH, 1)
    assert found["detail"] == (
        "PanelOne did not count anew; these are the newest counts it had. PanelOne does not "
        "answer at the moment; try again later."
    )
    for breaking, status, problem in BROKEN:
        telling(outside)
        breaking(outside)
        found = await refreshed(house)
        assert (found["status"], found["problem"].removeprefix("provider_")) == (status, problem)
        assert found["detail"].endswith(".")
        assert await counts(database) == [("devices", "ninjaone", 7, NOW)]
    path = "/v1/counts/refreshes"
    listed = (await house.api.viewer.get(path)).json()["items"]
    assert listed[0] == found
    told = [(one["status"], one["problem"].removeprefix("provider_")) for one in reversed(listed)]
    assert told == [("done", NOT_FRESH), *((status, problem) for _, status, problem in BROKEN)]
    failed = [one["id"] for one in listed if one["status"] == "failed"]
    query: dict[str, Any] = {"status": "failed", "limit": 3, "with_total": True}
    first = (await house.api.viewer.get(path, params=query)).json()
    query["cursor"] = first["next_cursor"]
    last = (await house.api.viewer.get(path, params=query)).json()
    walked = [one["id"] for page in (first, last) for one in page["items"]]
    assert (walked, first["total"], last["next_cursor"]) == (failed, len(failed), None)
    for words, number in ((listed[0]["requested_by"].upper(), len(listed)), ("nobody", 0)):
        answer = await house.api.viewer.get(path, params={"q": words})
        assert len(answer.json()["items"]) == number
    assert (await house.api.viewer.get(f"{path}?status=gone")).status_code == 422


async def test_neither_pages_nor_counts_go_on_for_ever_and_half_a_list_is_none(
    asking: Process, outside: respx.MockRouter, organisation_id: UUID
) -> None:
    client = panelone_client(asking)
    assert client is not None
    hasty = PanelOneCounts(client, organisation_id, seconds=0.1, most=3)
    rows = [row(new_id(), 1) for _ in range(2)]
    telling(outside, *rows, 7)
    found = await hasty.found()
    assert (len(found.counts), len(found.unreadable), found.not_fresh) == (2, 1, None)
    pages = [{"counts": rows, "next_cursor": "b"}, {"counts": [*rows]}]
    read = outside.get(path="/api/clients/counts")
    read.mock(side_effect=[httpx.Response(200, json=page) for page in pages])
    with pytest.raises(MalformedAnswer, match="more than 3 counts"):
        await hasty.found()

    async def drips(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.03)
        return httpx.Response(200, json={"counts": [], "next_cursor": str(new_id())})

    read.mock(side_effect=drips)
    with pytest.raises(ProviderUnavailable, match=r"after 0\.1 seconds"):
        await hasty.found()
    telling(outside, *rows)
    outside.post(path="/api/clients/counts:refresh").mock(side_effect=sleeps)
    found = await hasty.found()
    assert (len(found.counts), found.not_fresh) == (2, TOO_SLOW)


async def sleeps(_: httpx.Request) -> httpx.Response:
    await asyncio.sleep(60)
    return httpx.Response(500)


async def test_a_snapshot_has_panelone_count_first_and_goes_on_without_it(
    house: House, outside: respx.MockRouter, database: Database, clock: SetClock
) -> None:
    """A person's always; one on schedule only where a client was not counted for too long.

    What rests on counts of PanelOne says where it has not counted.
    """
    client = await house.client("Acacia")
    await house.synced(last_success_at=NOW + timedelta(hours=49))
    await house.holds(client, await house.product("edr"))
    await house.rule("devices", "edr")
    asked = telling(outside, row(client, 3))
    taken = await house.snapshot()
    assert ((await house.rows(taken))[0]["actual"], doubts(taken)) == ("3", [])
    calls = asked.call_count
    await scheduled(house)
    assert (calls, asked.call_count) == (1, 1)
    clock.move(hours=49)
    telling(outside, row(client, 5, counted_at="2026-11-26T01:00:00Z"))
    taken = await scheduled(house)
    assert (asked.call_count, (await house.rows(taken))[0]["actual"]) == (2, "5")
    assert doubts(taken) == []
    outside.post(path="/api/clients/counts:refresh").mock(side_effect=httpx.ConnectError)
    taken = await house.snapshot()
    assert (taken["status"], (await house.rows(taken))[0]["actual"]) == ("done", "5")
    assert (taken["outcome"], doubts(taken)) == ("partial", ["panelone_counts_not_fresh"])
    # A client that has left and a tool that was given up make nobody's counts old.
    await house.counted(await house.client("Gone", active=False), "devices", 1)
    await house.counted(client, "devices", 1, source="given_up")
    calls = asked.call_count
    await scheduled(house)
    assert asked.call_count == calls
    # Nor does a client whose counts are fresh make those of another so.
    await house.counted(await house.client("Banksia"), "devices", 1)
    await scheduled(house)
    assert asked.call_count > calls
    await database.as_owner("DELETE FROM client_counts")
    assert doubts(await house.snapshot()) == ["nothing_compared", "counts_missing"]
    assert await work(house.process) == 0


def doubts(snapshot: dict[str, Any]) -> list[str]:
    found: list[str] = snapshot["coverage"]["doubts"]
    return found


async def test_what_the_second_of_two_who_share_a_refresh_found_is_kept_as_well(
    house: House, database: Database
) -> None:
    """The first says what became of it, and may have found nothing."""
    client = await house.client("Acacia")
    said = Count(CountKey(client, "devices", "ninjaone", NOW), 8, 0)
    away = Failure(ProblemCode.UNAVAILABLE, "PanelOne is away.")
    results: list[Found | Failure] = [
        away,
        Found([said], [Unreadable(None, "It is no count.", "7")], "It is slow."),
        Found([said], [], None),
        away,
    ]
    events: list[Event] = []
    async with house.process.work(house.organisation_id) as work:
        book = await refreshes_in(work, house.process)
        register = await count_register(work, house.process)
        about = {"trigger": Trigger.PERSON, "requested_by": None}
        id_ = await refreshing.request_refresh(book, **about, tell=events.append)
        ended = [
            await refreshing.end(id_, found, book, register, now=NOW, tell=events.append)
            for found in results
        ]
        refresh = await refreshing.found_refresh(book, id_)
    failed = Refreshed(RefreshStatus.FAILED, away.code, away.sentence)
    assert ended == [failed, failed, Refreshed(RefreshStatus.DONE, unchanged=1), failed]
    assert refresh.ended == failed
    assert await counts(database) == [("devices", "ninjaone", 8, NOW)]
    assert [event.action for event in events] == [
        "counts.refresh_requested",
        "counts.refresh_failed",
        "counts.pushed",
    ]


async def scheduled(house: House) -> dict[str, Any]:
    await house.database.as_owner(
        "INSERT INTO due_work (organisation_id, kind, key, due_at)"
        " VALUES ($1, 'snapshot_schedule', '', now())"
        " ON CONFLICT (organisation_id, kind, key) DO UPDATE SET due_at = now()",
        house.organisation_id,
    )
    await house.work()
    await house.work()
    newest: dict[str, Any] = (await house.read("/snapshots", limit=1))["items"][0]
    assert newest["trigger"] == "schedule"
    return newest


async def test_where_nobody_said_where_panelone_is_a_refresh_says_so(
    api: Api, process: Process
) -> None:
    asked = await api.finance.post("/v1/counts:refresh")
    await work(process)
    found = (await api.viewer.get(asked.headers["location"])).json()
    assert (found["status"], found["problem"]) == ("failed", "panelone_not_configured")
    assert (await api.viewer.post("/v1/counts:refresh")).status_code == 403
    assert (await api.viewer.get(f"/v1/counts/refreshes/{new_id()}")).status_code == 404


async def test_a_refresh_over_which_workers_died_is_given_up(
    house: House, outside: respx.MockRouter, database: Database
) -> None:
    asked = telling(outside)
    begun = await house.api.finance.post("/v1/counts:refresh")
    await database.as_owner("UPDATE due_work SET attempts = 5 WHERE kind = 'count_refresh'")
    await work(house.process)
    found = (await house.api.viewer.get(begun.headers["location"])).json()
    assert (found["status"], found["problem"], asked.call_count) == ("failed", "internal_error", 0)
