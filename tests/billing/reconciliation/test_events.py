"""What a snapshot tells of: that it is ready, and each client that became under-licensed, once."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.support.clock import SetClock
from tests.support.reconciled import House


async def told(house: House, snapshot: dict[str, Any], action: str) -> list[dict[str, Any]]:
    rows = await house.database.as_owner(
        "SELECT resource_id, before, after FROM audit WHERE action = $1"
        " AND $2 IN (resource_id, after->>'snapshot_id') ORDER BY after->>'client_name'",
        action, snapshot["id"],
    )  # fmt: skip
    return [
        {"id": row["resource_id"], **{side: json.loads(row[side]) for side in ("before", "after")}}
        for row in rows
    ]


async def test_a_client_is_told_of_once_until_it_was_something_else(
    house: House, clock: SetClock
) -> None:
    """What has no data is nothing else, nor is what nobody could compare; no lines are."""
    await house.product("edr")
    await house.rule("devices", "edr")
    used = {"Acacia": 13, "Banksia": 10, "Correa": 8}
    ids = {name: await house.client(name) for name in used}
    for name, count in used.items():
        await house.holds(ids[name], "edr", quantity=Decimal(10), price=Decimal("7.125"))
        await house.counted(ids[name], "devices", count)

    async def next_one(**counts: int | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """A snapshot two hours on; None stands for a count that is long stale."""
        clock.move(hours=2)
        for name, count in counts.items():
            old = clock.now() - timedelta(days=9)
            await house.database.as_owner(
                "UPDATE client_counts SET count = coalesce($2, count), counted_at = $3"
                " WHERE client_id = $1",
                ids[name], count, clock.now() if count is not None else old,
            )  # fmt: skip
        await house.database.as_owner("UPDATE integrations SET last_success_at = $1", clock.now())
        snapshot = await house.snapshot()
        return snapshot, await told(house, snapshot, "client.under_licensed")

    snapshot, first = await next_one()
    (acacia,) = first
    assert (acacia["id"], acacia["before"]) == (str(ids["Acacia"]), {})
    assert acacia["after"] == {
        "status": "under_licensed",
        "client_name": "Acacia",
        "variance": "3",
        "lines": 1,
        "at_stake": [{"amount": "21.38", "currency": "AUD"}],
        "snapshot_id": snapshot["id"],
        "outcome": "discrepancies",
        "doubts": [],
    }
    (ready,) = await told(house, snapshot, "snapshot.ready")
    assert ready["after"] == {
        "outcome": "discrepancies",
        "doubts": [],
        "day": "2026-11-24",
        "is_past": False,
        "clients": {"matched": 1, "under_licensed": 1, "over_licensed": 1, "no_data": 0},
        "units_under": "3",
        "units_over": "2",
        "at_stake": [{"amount": "21.38", "currency": "AUD"}],
        "became_under_licensed": 1,
    }
    assert (await next_one())[1] == [], "the same fact twice"
    snapshot, later = await next_one(Banksia=11, Correa=12)
    assert [(one["after"]["client_name"], one["before"]) for one in later] == [
        ("Banksia", {"status": "matched"}),
        ("Correa", {"status": "over_licensed"}),
    ]
    assert (await next_one(Acacia=None, Correa=10))[1] == []
    await house.database.as_owner("UPDATE count_rules SET is_active = false")
    snapshot, nothing = await next_one()
    assert (snapshot["outcome"], nothing) == ("not_reconcilable", [])
    await house.database.as_owner("UPDATE count_rules SET is_active = true")
    snapshot, partial = await next_one(Acacia=13, Correa=11, Banksia=None)
    assert [one["after"]["client_name"] for one in partial] == ["Correa"], (
        "Acacia was under all the time"
    )
    assert partial[0]["after"]["outcome"] == "partial"
    assert partial[0]["after"]["doubts"] == ["counts_missing"]
    holds = "UPDATE subscriptions SET source_status = $1 WHERE client_id = $2"
    await house.database.as_owner(holds, "Cancelled", ids["Acacia"])
    assert (await next_one(Acacia=0))[1] == []
    await house.database.as_owner(holds, "Active", ids["Acacia"])
    gone_and_back = (await next_one(Acacia=13, Banksia=10, Correa=10))[1]
    assert [one["after"]["client_name"] for one in gone_and_back] == ["Acacia"]
    # A snapshot of a past day tells nobody, so that the next one of a present day does.
    snapshot, _ = await next_one(Banksia=12)
    past = """UPDATE snapshots SET basis = basis || '{"is_past": true}' WHERE id = $1"""
    await house.database.as_owner(past, UUID(snapshot["id"]))
    assert [one["after"]["client_name"] for one in (await next_one())[1]] == ["Banksia"]
