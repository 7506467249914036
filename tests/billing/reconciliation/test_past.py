"""A snapshot of a past day: by what was known then, and what was not known is not invented."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.support.clock import NOW
from tests.support.portfolio import PLAIN, add_run
from tests.support.reconciled import BASE, House, made

from billingone_api.kit.clock import end_of


def at(month: int, day: int, hour: int = 2) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


async def versions(house: House, id_: UUID, *changes: tuple[datetime, dict[str, Any]]) -> None:
    facts = {
        name: value
        for name, value in PLAIN.items()
        if name not in {"source", "first_seen_at", "changed_at"}
    } | {"product_id": "edr", "price": Decimal(10)}
    for number, (seen_at, change) in enumerate(changes, 1):
        facts = facts | change
        await house.database.insert(
            "subscription_versions", organisation_id=house.organisation_id, subscription_id=id_,
            version=number, seen_at=seen_at, **facts,
        )  # fmt: skip


async def heard(
    house: House,
    client: UUID,
    count: int | None,
    counted: datetime,
    received: datetime,
    source: str = "ninjaone",
) -> None:
    await house.database.insert(
        "client_count_history", organisation_id=house.organisation_id, client_id=client,
        metric="devices", source=source, counted_at=counted, received_at=received,
        count=count, excluded=0,
    )  # fmt: skip


async def history(house: House) -> tuple[UUID, UUID]:
    """Two clients: one that grew, of whose counts one was reckoned anew much later, and one whose
    licences went to the other, of whom nothing is counted any more."""
    acacia, banksia = await house.client("Acacia"), await house.client("Banksia")
    await house.product("edr")
    await house.rule("devices", "edr")
    await house.database.as_owner("UPDATE organisations SET created_at = $1", at(10, 1))
    await house.database.as_owner("UPDATE clients SET created_at = $1", at(10, 1))
    await house.database.as_owner("UPDATE count_rule_versions SET seen_at = $1", at(10, 10))
    first, grown = {"client_id": acacia, "quantity": 10}, {"quantity": 20}
    moved, gone = {"client_id": acacia}, {"gone_at": at(11, 20)}
    await versions(
        house,
        await house.holds(acacia, "edr", quantity=Decimal(20)),
        (at(10, 15), first),
        (at(11, 15), grown),
    )
    await versions(
        house,
        await house.holds(acacia, "edr", gone_at=at(11, 20)),
        (at(10, 15), {"client_id": banksia, "quantity": 4}),
        (at(11, 15), moved),
        (at(11, 20), gone),
    )
    await heard(house, acacia, 12, at(11, 4), at(11, 4))
    await heard(house, acacia, 99, at(11, 4), at(11, 22))
    await heard(house, banksia, 4, at(11, 4), at(11, 6))
    await heard(house, banksia, None, at(11, 4), at(11, 18))
    # A link that moved: whose devices these are now is not whose they were.
    correa = await house.client("Correa")
    await heard(house, correa, 7, at(11, 4), at(11, 22), "superops")
    # A client that came with counts of before it came.
    dianella = await house.client("Dianella")
    await heard(house, dianella, 3, at(11, 4), at(11, 23))
    await house.database.as_owner(
        "UPDATE clients SET created_at = $1 WHERE id = $2", at(11, 23), dianella
    )
    await house.counted(acacia, "devices", 18)
    for finished in (at(10, 15), at(11, 5, 12), at(11, 19, 12)):
        await add_run(
            house.database, house.organisation_id, "succeeded",
            queued_at=finished - timedelta(minutes=1), finished_at=finished,
        )  # fmt: skip
    return acacia, banksia


async def taken(house: House, day: date) -> dict[str, Any]:
    wish = {"as_of": str(day)}
    asked = made(await house.api.finance.post(f"{BASE}/snapshots", json=wish), 202)
    assert (asked["status"], asked["day"], asked["as_of"]) == ("queued", str(day), None)
    await house.work()
    snapshot: dict[str, Any] = await house.read(f"/snapshots/{asked['id']}")
    assert snapshot["basis"]["is_past"]
    as_of = datetime.fromisoformat(snapshot["as_of"])
    assert as_of == end_of(day, "Australia/Sydney") < at(day.month, day.day, 14)
    return snapshot


async def told(house: House, snapshot: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    return {
        row["client_name"]: (
            row["actual"],
            row["licensed"],
            row["status"],
            (await house.lines(snapshot, UUID(row["client_id"])))[0]["reason"],
        )
        for row in await house.rows(snapshot)
    }


async def test_a_past_day_is_reconciled_by_what_was_known_then(house: House) -> None:
    acacia, _ = await history(house)
    live = await house.snapshot()
    assert await told(house, live) == {"Acacia": ("18", "20", "over_licensed", None)}
    known = await taken(house, date(2026, 11, 5))
    assert known["as_of"] == "2026-11-05T12:59:59.999999Z", "midnight of Sydney's summer"
    assert (known["outcome"], known["coverage"]["doubts"]) == ("discrepancies", [])
    # Banksia's count of the 4th arrived on the 6th; Acacia's was reckoned anew on the 22nd.
    assert await told(house, known) == {
        "Acacia": ("12", "10", "under_licensed", None),
        "Banksia": ("4", "4", "matched", None),
    }
    stale = await taken(house, date(2026, 11, 16))
    assert stale["coverage"]["doubts"] == ["nothing_compared", "pax8_stale", "counts_missing"]
    nothing = (None, None, "no_data", "count_stale")
    assert await told(house, stale) == {"Acacia": nothing, "Banksia": nothing}
    silent = await taken(house, date(2026, 11, 19))
    assert silent["coverage"]["doubts"] == ["nothing_compared", "counts_missing"]
    assert await told(house, silent) == {"Acacia": nothing}
    assert (await house.lines(stale, acacia))[0]["licensed"] == "24"
    uncounted = await taken(house, date(2026, 10, 15))
    assert uncounted["outcome"] == "not_reconcilable"
    assert {row[3] for row in (await told(house, uncounted)).values()} == {"no_count"}
    for day, doubts in (
        (date(2026, 10, 12), ["pax8_never_synced"]),
        (date(2026, 10, 5), ["pax8_never_synced", "no_rules"]),
    ):
        unknown = await taken(house, day)
        assert (unknown["outcome"], unknown["coverage"]["doubts"]) == ("not_reconcilable", doubts)
        assert await house.rows(unknown) == []
    # What is known of now is the newest, whenever what is known of the past was asked for.
    listed = (await house.read("/snapshots"))["items"]
    assert [one["day"] for one in listed] == [
        "2026-11-24", "2026-11-19", "2026-11-16", "2026-11-05", "2026-10-15", "2026-10-12",
        "2026-10-05",
    ]  # fmt: skip
    asked_last = (await house.read("/snapshots", sort="-requested_at", limit=1))["items"]
    assert [one["day"] for one in asked_last] == ["2026-10-05"]
    trend = (await house.read(f"/clients/{acacia}/trend"))["items"]
    assert [one["day"] for one in trend] == [
        "2026-11-24", "2026-11-19", "2026-11-16", "2026-11-05", "2026-10-15",
    ]  # fmt: skip
    dashboard = made(await house.api.viewer.get("/v1/dashboard"), 200)
    assert dashboard["under_licensed"]["snapshot_id"] == live["id"]
    news = await house.database.as_owner(
        "SELECT 1 FROM audit WHERE action = 'client.under_licensed'"
    )
    assert news == [], "that it was so in the past is none"
    await house.database.as_owner("DELETE FROM sync_runs WHERE queued_at < $1", at(11, 6))
    forgotten = await taken(house, date(2026, 11, 5))
    assert forgotten["coverage"]["doubts"] == ["pax8_stale"], "how fresh it was is not known"
    assert await told(house, forgotten) == await told(house, known)


async def test_days_that_are_none_to_reconcile(house: House) -> None:
    await house.database.as_owner("UPDATE organisations SET created_at = $1", at(11, 10))
    for day, code in (
        ("2026-11-25", "date_in_future"),
        ("9999-12-31", "date_in_future"),
        ("2026-11-09", "date_before_organisation"),
        ("0001-01-01", "date_before_organisation"),
    ):
        answer = await house.api.finance.post(f"{BASE}/snapshots", json={"as_of": day})
        (flaw,) = made(answer, 422)["errors"]
        assert (flaw["pointer"], flaw["code"]) == ("/as_of", code)
    for body in ({"as_of": "yesterday"}, {"as_of": 20261110}, {"day": "2026-11-10"}, [], "", 1):
        made(await house.api.finance.post(f"{BASE}/snapshots", json=body), 422)
    past = [
        made(await house.api.finance.post(f"{BASE}/snapshots", json={"as_of": day}), 202)["id"]
        for day in ("2026-11-10", "2026-11-11", "2026-11-10")
    ]
    today = [
        made(await house.api.finance.post(f"{BASE}/snapshots", **body), 202)["id"]
        for body in ({}, {"json": None}, {"json": {"as_of": str(NOW.date())}}, {"json": {}})
    ]
    assert past[0] == past[2], "while it is under way"
    assert len({*past, *today}) == 3
    await house.work()
    assert {one["status"] for one in (await house.read("/snapshots"))["items"]} == {"done"}
