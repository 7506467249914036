"""After Sync All, once the counts and Pax8 came through: one snapshot, whoever dies meanwhile."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support.clock import NOW, SetClock
from tests.support.portfolio import connect_pax8
from tests.support.reconciled import House, made
from tests.support.sources import time_passes

from billingone_api.billing.reconciliation import jobs
from billingone_api.billing.reconciliation.service.following import Owed, owed, pause
from billingone_api.billing.syncs.models import Mode, Run, RunStatus, Sync, Trigger
from billingone_api.billing.syncs.wiring import due_work
from billingone_api.kit.ids import new_id

OWED = "SELECT key, due_at - now() AS ahead FROM due_work WHERE kind = 'snapshot_after_sync'"


def sync(runs: Mapping[str, str], *, at: datetime = NOW) -> Sync:
    every = [
        Run(
            new_id(), source, Mode.DELTA, RunStatus(status), joined=False, cancel_requested=False,
            revision=1, queued_at=at, started_at=None, finished_at=None, resumes_at=None,
            problem=None, steps=(),
        )
        for source, status in runs.items()
    ]  # fmt: skip
    return Sync(new_id(), RunStatus.RUNNING, Trigger.PERSON, "Farah", at, every)


@pytest.mark.parametrize(
    ("runs", "verdict"),
    [
        ({"pax8": "succeeded", "superops": "partial", "xero": "running"}, Owed.TAKE),
        ({"pax8": "partial", "xero": "failed"}, Owed.TAKE),
        ({"pax8": "succeeded", "superops": "queued"}, Owed.WAIT),
        ({"pax8": "running", "superops": "succeeded"}, Owed.WAIT),
        ({"pax8": "failed", "superops": "running"}, Owed.NEVER),
        ({"pax8": "cancelled", "superops": "succeeded"}, Owed.NEVER),
        ({"pax8": "succeeded", "superops": "failed"}, Owed.NEVER),
        ({"xero": "succeeded", "superops": "succeeded"}, Owed.NEVER),
    ],
)
def test_a_snapshot_follows_where_both_sides_came_through(
    runs: dict[str, str], verdict: Owed
) -> None:
    assert owed(sync(runs)) is verdict


def test_a_sync_that_is_gone_is_owed_nothing_and_a_long_one_is_looked_at_less_often() -> None:
    assert owed(None) is Owed.NEVER
    asked = sync({"pax8": "running"})
    seconds = [pause(asked, NOW + timedelta(seconds=lasted)) for lasted in (0, 100, 9_000)]
    assert seconds == [timedelta(seconds=second) for second in (2, 10, 60)]


async def test_sync_all_is_followed_by_one_snapshot(house: House, clock: SetClock) -> None:
    """Asked for twice while it runs; its worker dies; one was begun before it came through."""
    database, finance = house.database, house.api.finance
    for provider in ("xero", "superops"):
        await connect_pax8(database, house.organisation_id, provider=provider)

    async def asks(**body: Any) -> dict[str, Any]:
        answer: dict[str, Any] = made(await finance.post("/v1/syncs", json=body), 202)
        return answer

    async def ended(status: str, *sources: str) -> None:
        await database.as_owner(
            "UPDATE sync_runs SET status = $1, finished_at = now()"
            " WHERE source = ANY ($2) AND finished_at IS NULL",
            status, list(sources),
        )  # fmt: skip

    async def looks() -> list[dict[str, Any]]:
        """Whatever is owed is looked at; the snapshots there are now."""
        await database.as_owner("UPDATE due_work SET due_at = now() WHERE kind LIKE 'snapshot_a%'")
        await house.work()
        items: list[dict[str, Any]] = (await house.read("/snapshots"))["items"]
        return items

    await asks(sources=["pax8", "superops"])
    assert await database.as_owner(OWED) == [], "these were named"
    first = await asks()
    await asks()
    assert [row["key"] for row in await database.as_owner(OWED)] == [first["id"]]
    assert await looks() == []
    (waits,) = await database.as_owner(OWED)
    assert timedelta(seconds=1) < waits["ahead"] <= timedelta(seconds=2)
    await ended("succeeded", "pax8")
    assert await looks() == []
    await ended("partial", "superops")
    begun = made(await finance.post("/v1/reconciliation/snapshots"), 202)
    await database.as_owner("UPDATE snapshots SET status = 'running', started_at = now()")
    later = "UPDATE due_work SET due_at = now() + $1 WHERE kind = 'snapshot'"
    await database.as_owner(later, timedelta(hours=1))
    assert [one["id"] for one in await looks()] == [begun["id"]]
    await database.as_owner(later, timedelta())
    await house.work()
    await database.as_owner("UPDATE due_work SET due_at = now() WHERE kind LIKE 'snapshot_a%'")
    due = due_work(house.process.engine, lease_seconds=30)
    assert len(await due.claim(10, kinds=jobs.JOBS)) == 1, "whose worker died"
    await time_passes(database)
    newest, before = await looks()
    assert before["id"] == begun["id"]
    assert (newest["trigger"], newest["requested_by"]) == ("person", first["requested_by"])
    assert await database.as_owner(OWED) == []
    clock.move(hours=1)
    assert len(await looks()) == 2
    await ended("succeeded", "xero")
    await asks()
    await ended("failed", "pax8")
    assert len(await looks()) == 2
    assert await database.as_owner(OWED) == []
