"""Snapshots: asked for once, taken once, kept as they were, and honest about what they lack."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from tests.support.api import Api
from tests.support.clock import NOW, SetClock
from tests.support.databases import Database
from tests.support.figures import Figure
from tests.support.portfolio import add_run
from tests.support.reconciled import BASE, House, made
from tests.support.sources import time_passes

from billingone_api.billing.reconciliation import jobs
from billingone_api.billing.syncs.models import Claim
from billingone_api.billing.syncs.wiring import due_work
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

TWENTY = 20
FAILING = (
    "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'planted'; END $$",
    "CREATE TRIGGER planted BEFORE INSERT ON snapshot_lines EXECUTE FUNCTION fail()",
)


async def planted(house: House) -> Any:
    client = await house.client("Acacia")
    await house.product("edr", "SentinelOne Control")
    await house.holds(client, "edr", quantity=Decimal(10))
    await house.counted(client, "devices", 12)
    await house.rule("devices", "edr")
    return client


async def everything(house: House, snapshot: dict[str, Any], client: Any) -> list[Any]:
    path = f"/snapshots/{snapshot['id']}"
    return [
        await house.read(path),
        await house.read(f"{path}/rows"),
        await house.read(f"{path}/rows/{client}"),
    ]


async def test_it_answers_the_same_for_ever(house: House, clock: SetClock) -> None:
    """Whatever becomes of subscriptions, counts, rules, names and settings afterwards."""
    client = await planted(house)
    snapshot = await house.snapshot()
    assert (snapshot["status"], snapshot["outcome"]) == ("done", "discrepancies")
    before = await everything(house, snapshot, client)
    clock.move(hours=1)
    (rule,) = (await house.read("/rules"))["items"]
    body = {"name": "Other", "metric": "users", "products": ["edr"], "ratio": "9"}
    path = f"{BASE}/rules/{rule['id']}"
    made(await house.api.finance.put(path, json=body, headers={"If-Match": '"1"'}), 200)
    await house.database.as_owner("UPDATE subscriptions SET quantity = 99, price = 1, version = 2")
    await house.database.as_owner("UPDATE clients SET name = 'Renamed', active = false")
    await house.database.as_owner("UPDATE client_counts SET count = 1")
    await house.database.as_owner("UPDATE products SET name = 'Renamed'")
    await house.api.finance.patch(
        f"{BASE}/settings", headers={"If-Match": "*"}, json={"stale_after_hours": 1}
    )
    other = await house.snapshot()
    assert await everything(house, snapshot, client) == before
    assert other["summary"] != snapshot["summary"]


async def test_twenty_at_once_make_one(house: House, figure: Figure) -> None:
    await planted(house)
    answers = await asyncio.gather(
        *(house.api.finance.post(f"{BASE}/snapshots") for _ in range(TWENTY))
    )
    assert {answer.status_code for answer in answers} == {202}
    (id_,) = {answer.json()["id"] for answer in answers}
    assert answers[0].headers["location"] == f"/v1/reconciliation/snapshots/{id_}"
    await house.work()
    await house.work()
    (row,) = await house.database.as_owner("SELECT status FROM snapshots")
    assert row["status"] == "done"
    assert await house.database.as_owner("SELECT 1 FROM due_work WHERE kind = 'snapshot'") == []
    told = await house.database.as_owner(
        "SELECT resource_id FROM audit WHERE action = 'snapshot.requested'"
    )
    assert [entry["resource_id"] for entry in told] == [id_]
    figure(f"11: {TWENTY} snapshots asked for at once, one taken")


async def test_after_the_end_of_one_the_next_is_another(house: House) -> None:
    await planted(house)
    assert (await house.snapshot())["id"] != (await house.snapshot())["id"]


async def test_a_worker_that_dies_leaves_it_to_the_next(
    house: House, process: Process, figure: Figure
) -> None:
    """At any statement: the transaction is undone, the lease runs out, another takes it up."""
    client = await planted(house)
    asked = made(await house.api.finance.post(f"{BASE}/snapshots"), 202)
    due = due_work(process.engine, lease_seconds=30)
    (claim,) = await due.claim(10, kinds=jobs.JOBS)
    for statement in FAILING:
        await house.database.as_owner(statement)
    try:
        with pytest.raises(asyncpg.RaiseError, match="planted"):
            await jobs.JOBS[claim.kind](process, {}, claim)
        under_way = await house.read(f"/snapshots/{asked['id']}")
        assert (under_way["status"], under_way["outcome"]) == ("running", None)
        assert await house.database.as_owner("SELECT 1 FROM snapshot_seats") == []
    finally:
        await house.database.as_owner("DROP FUNCTION fail() CASCADE")
    await house.work()
    assert (await house.read(f"/snapshots/{asked['id']}"))["status"] == "running", "leased"
    await time_passes(house.database)
    await house.work()
    assert (await house.read(f"/snapshots/{asked['id']}"))["status"] == "done"
    assert len(await house.lines(asked, client)) == 1
    figure("11: a snapshot whose worker failed in the middle left nothing, and was taken again")


async def test_a_zombie_writes_nothing(house: House, process: Process) -> None:
    await planted(house)
    asked = made(await house.api.finance.post(f"{BASE}/snapshots"), 202)
    zombie = Claim(house.organisation_id, "snapshot", asked["id"], new_id(), 1)
    await jobs.take(process, {}, zombie)
    assert (await house.read(f"/snapshots/{asked['id']}"))["status"] == "queued"


async def test_after_five_attempts_it_is_given_up_with_words(house: House) -> None:
    await planted(house)
    asked = made(await house.api.finance.post(f"{BASE}/snapshots"), 202)
    await house.database.as_owner("UPDATE due_work SET attempts = 5")
    await house.work()
    failed = await house.read(f"/snapshots/{asked['id']}")
    assert (failed["status"], failed["problem"], failed["outcome"]) == (
        "failed",
        "internal_error",
        None,
    )
    assert failed["detail"]
    assert (await house.snapshot())["status"] == "done"


async def test_with_redis_away_it_is_accepted_and_taken(house: House) -> None:
    """The bell is rung after the commit, and nothing depends on it."""
    await planted(house)
    assert (await house.snapshot())["status"] == "done"


DOUBTS: list[tuple[str, dict[str, Any] | None, str, list[str]]] = [
    ("never synced", {"last_success_at": None}, "not_reconcilable", ["pax8_never_synced"]),
    ("not connected", None, "not_reconcilable", ["pax8_never_synced"]),
    ("partial", {}, "partial", ["pax8_partial"]),
    (
        "stale",
        {"last_success_at": NOW - timedelta(minutes=121)},
        "partial",
        ["pax8_stale"],
    ),
    ("fine", {}, "clean", []),
]


@pytest.mark.parametrize(("case", "pax8", "outcome", "doubts"), DOUBTS)
async def test_it_says_how_sure_it_is(
    api: Api,
    database: Database,
    process: Process,
    case: str,
    pax8: dict[str, Any] | None,
    outcome: str,
    doubts: list[str],
) -> None:
    house = House(api, database, process)
    if pax8 is not None:
        await house.synced(**pax8)
    if case == "partial":
        await add_run(database, house.organisation_id, "partial")
    client = await house.client("Acacia")
    await house.product("edr")
    await house.holds(client, "edr", quantity=Decimal(10))
    await house.counted(client, "devices", 10)
    await house.rule("devices", "edr")
    snapshot = await house.snapshot()
    assert (snapshot["outcome"], snapshot["coverage"]["doubts"]) == (outcome, doubts)
    if outcome == "not_reconcilable":
        assert snapshot["summary"]["matched"] == 0
        assert await house.rows(snapshot) == []


async def test_without_rules_or_without_a_source_that_counts_nothing_is_compared(
    house: House,
) -> None:
    client = await house.client("Acacia")
    await house.product("edr")
    await house.holds(client, "edr")
    snapshot = await house.snapshot()
    assert snapshot["outcome"] == "not_reconcilable"
    assert snapshot["coverage"]["doubts"] == ["no_rules"]
    assert snapshot["coverage"]["products_unmapped"] == 1
    await house.rule("fax_machines", "edr")
    snapshot = await house.snapshot()
    assert snapshot["outcome"] == "not_reconcilable", "nobody counts these"
    assert snapshot["coverage"]["doubts"] == ["nothing_compared", "counts_missing"]
    ((line,), summary) = (await house.lines(snapshot, client), snapshot["summary"])
    assert (line["status"], line["reason"], line["actual"]) == ("no_data", "no_count", None)
    assert (summary["matched"], summary["no_data"]) == (0, 1)


async def test_the_coverage_counts_what_no_rule_can_name_and_the_counts_lines_rest_on(
    house: House,
) -> None:
    client = await planted(house)
    await house.database.as_owner(
        "UPDATE subscriptions SET product_id = NULL WHERE id = $1", await house.holds(client, "edr")
    )
    await house.counted(client, "fax_machines", 3)
    found = (await house.snapshot())["coverage"]
    names = ("subscriptions_without_product", "products_unmapped", "subscriptions_unmapped")
    assert [found[name] for name in (*names, "counts_used", "counts_stale")] == [1, 0, 0, 1, 0]


async def test_a_client_that_was_retired_meanwhile_stays_a_row_and_says_so(house: House) -> None:
    client = await house.client("Gone", active=False)
    await house.product("edr")
    await house.holds(client, "edr", quantity=Decimal(10))
    await house.counted(client, "devices", 0)
    await house.rule("devices", "edr")
    (row,) = await house.rows(await house.snapshot())
    assert (row["client_active"], row["status"], row["variance"]) == (
        False,
        "over_licensed",
        "-10",
    )


async def test_pages_filters_and_sorts_of_rows(house: House) -> None:
    await house.product("edr")
    await house.rule("devices", "edr")
    numbers = {"Acacia": 3, "Banksia": 0, "Correa": -2, "Daisy": 3, "Elm": None}
    for name, variance in numbers.items():
        client = await house.client(name)
        await house.holds(client, "edr", quantity=Decimal(10))
        if variance is not None:
            await house.counted(client, "devices", 10 + variance)
    snapshot = await house.snapshot()
    path = f"/snapshots/{snapshot['id']}/rows"
    sorts = ("client", "variance", "actual", "licensed", "at_stake", "status")
    for sort in [*sorts, *(f"-{name}" for name in sorts)]:
        whole = [row["client_name"] for row in await house.rows(snapshot, sort=sort)]
        assert sorted(whole) == sorted(numbers)
        for size in (1, 3):
            walked: list[str] = []
            cursor = None
            while True:
                more = {} if cursor is None else {"cursor": cursor}
                page = await house.read(path, sort=sort, limit=size, **more)
                walked += [row["client_name"] for row in page["items"]]
                cursor = page["next_cursor"]
                if cursor is None:
                    break
            assert walked == whole, sort
    names = [row["client_name"] for row in await house.rows(snapshot, status="under_licensed")]
    assert sorted(names) == ["Acacia", "Daisy"]
    two = await house.rows(snapshot, status=["no_data", "matched"], sort="client")
    assert [row["client_name"] for row in two] == ["Banksia", "Elm"]
    assert [row["client_name"] for row in await house.rows(snapshot, q="corr")] == ["Correa"]
    assert await house.rows(snapshot, metric="users") == []
    total = await house.read(path, with_total="true", limit=1)
    assert (total["total"], total["outcome"]) == (5, "partial")
    other = await house.snapshot()
    foreign = f"{BASE}/snapshots/{other['id']}/rows"
    refused = await house.api.viewer.get(
        foreign, params={"limit": 1, "cursor": total["next_cursor"]}
    )
    assert refused.json()["code"] == "cursor_invalid"


async def test_two_snapshots_are_compared_and_a_trend_goes_through_all(
    house: House, clock: SetClock
) -> None:
    names = ("Grows", "Stays", "Goes", "Dearer")
    grows, stays, goes, dearer = [await house.client(name) for name in names]
    await house.product("edr")
    await house.rule("devices", "edr")
    for client in (grows, stays, goes, dearer):
        await house.holds(client, "edr", quantity=Decimal(10))
        await house.counted(client, "devices", 10)
    first = await house.snapshot()
    clock.move(hours=1)
    await house.database.as_owner("UPDATE client_counts SET count = 14 WHERE client_id = $1", grows)
    await house.database.as_owner("DELETE FROM client_counts WHERE client_id = $1", goes)
    await house.database.as_owner("DELETE FROM subscriptions WHERE client_id = $1", goes)
    await house.database.as_owner(
        "UPDATE subscriptions SET price = 11 WHERE client_id = $1", dearer
    )
    second = await house.snapshot()
    page = await house.read(f"/snapshots/{second['id']}/comparison/{first['id']}", sort="client")
    assert [
        (one["client_name"], one["before"] and one["before"]["variance"],
         one["after"] and one["after"]["variance"], one["changed_lines"])
        for one in page["items"]
    ] == [("Dearer", "0", "0", 1), ("Goes", "0", None, 1), ("Grows", "0", "4", 1)]  # fmt: skip
    assert (page["before"]["id"], page["after"]["id"]) == (first["id"], second["id"])
    trend = await house.read(f"/clients/{grows}/trend", limit=1)
    assert [(one["snapshot_id"], one["variance"]) for one in trend["items"]] == [
        (second["id"], "4")
    ]
    rest = await house.read(f"/clients/{grows}/trend", limit=1, cursor=trend["next_cursor"])
    assert [one["variance"] for one in rest["items"]] == ["0"]
    assert rest["next_cursor"] is None
    later = await house.read(f"/clients/{grows}/trend", since=second["as_of"])
    assert len(later["items"]) == 1


async def test_a_slot_takes_one_snapshot_and_sets_the_next(
    house: House, clock: SetClock, database: Database
) -> None:
    """The first of the month at 06:00 of the organisation's zone, Sydney's summer time."""
    await planted(house)
    patch = {"schedule_day": 31, "schedule_time": "06:30"}
    answer = await house.api.finance.patch(
        f"{BASE}/settings", headers={"If-Match": "*"}, json=patch
    )
    assert answer.json()["schedule_time"] == "06:30"
    (slot,) = await database.as_owner("SELECT * FROM due_work WHERE kind = 'snapshot_schedule'")
    # November has 30 days; 06:30 in Sydney is 19:30 of the day before in UTC
    assert slot["due_at"] == datetime(2026, 11, 29, 19, 30, tzinfo=UTC)
    clock.instant = slot["due_at"] + timedelta(minutes=5)
    await database.as_owner("UPDATE due_work SET due_at = now()")
    await house.work()
    await house.work()
    (slot,) = await database.as_owner("SELECT * FROM due_work WHERE kind = 'snapshot_schedule'")
    assert slot["due_at"] == datetime(2026, 12, 30, 19, 30, tzinfo=UTC)
    overdue = await database.as_owner(
        "UPDATE due_work SET due_at = now() WHERE kind = 'snapshot_schedule' RETURNING due_at"
    )
    await house.api.finance.patch(
        f"{BASE}/settings", headers={"If-Match": "*"}, json={"stale_after_hours": 72}
    )
    kept = await database.as_owner("SELECT due_at FROM due_work WHERE kind = 'snapshot_schedule'")
    assert kept == overdue, "what says nothing of the schedule takes no slot away"
    (taken,) = (await house.read("/snapshots"))["items"]
    assert (taken["trigger"], taken["requested_by"], taken["status"]) == ("schedule", None, "done")
    await house.api.finance.patch(
        f"{BASE}/settings", headers={"If-Match": "*"}, json={"schedule_day": None}
    )
    assert await database.as_owner("SELECT 1 FROM due_work WHERE kind = 'snapshot_schedule'") == []


async def test_a_new_organisation_is_scheduled_and_follows_its_zone(
    api: Api, database: Database
) -> None:
    id_ = new_id()
    body = {"name": "New", "slug": "new", "time_zone": "Australia/Perth"}
    service = api.of(id_).service("organisations:write")
    path = f"/v1/panelone/organisations/{id_}"
    slot = "SELECT due_at FROM due_work WHERE kind = 'snapshot_schedule' AND organisation_id = $1"
    for zone, expected in (
        ("Australia/Perth", datetime(2026, 11, 30, 22, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 12, 1, 5, tzinfo=UTC)),
    ):
        pushed = body | {"time_zone": zone, "reporting_currency": "AUD"}
        assert (await service.put(path, json=pushed)).is_success
        (row,) = await database.as_owner(slot, id_)
        assert row["due_at"] == expected


async def test_old_snapshots_go_when_a_person_said_so(house: House, clock: SetClock) -> None:
    await planted(house)
    first = await house.snapshot()
    clock.move(days=70)
    await house.snapshot()
    assert len((await house.read("/snapshots"))["items"]) == 2
    await house.api.finance.patch(
        f"{BASE}/settings", headers={"If-Match": "*"}, json={"kept_months": 2}
    )
    third = await house.snapshot()
    kept = {one["id"] for one in (await house.read("/snapshots"))["items"]}
    assert first["id"] not in kept
    assert third["id"] in kept
    rows = await house.database.as_owner("SELECT DISTINCT snapshot_id FROM snapshot_seats")
    assert str(first["id"]) not in {str(row["snapshot_id"]) for row in rows}
