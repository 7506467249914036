"""Runs in which things go wrong at random; the seed is in the test's name."""

import asyncio
import random
from uuid import UUID

import pytest
from tests.support.api import Api
from tests.support.databases import Database
from tests.support.sources import Crash, FakeSource, claim, copied_names, time_passes

from billingone_api.billing.syncs.models import Claim
from billingone_api.process import Process
from billingone_api.providers.errors import (
    MalformedAnswer,
    ProviderRateLimited,
    ProviderUnavailable,
)
from billingone_api.worker import JOBS

FAULTS = (
    Crash(),
    ProviderUnavailable("Away.", provider="pax8"),
    ProviderRateLimited("Too often.", provider="pax8"),
    MalformedAnswer("Half a page.", provider="pax8"),
    ZeroDivisionError(),
)
AT_MOST = 200


class Misfortune:
    """One place in six goes wrong, or has the worker told to stop."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - it must be predictable
        self.worker: asyncio.Task[None] | None = None

    async def __call__(self, _place: str) -> None:
        draw = self.chance.randrange(36)
        if draw < len(FAULTS):
            raise FAULTS[draw]
        if draw == len(FAULTS) and self.worker is not None:
            self.worker.cancel()
            await asyncio.sleep(0)


@pytest.mark.parametrize("seed", range(16))
async def test_whatever_goes_wrong_a_run_ends_once_and_equals_its_source(
    api: Api,
    process: Process,
    database: Database,
    source: FakeSource,
    connection_id: UUID,
    seed: int,
) -> None:
    source.steps_and_pages = {
        kind: [[f"{kind} {page} {row}" for row in range(3)] for page in range(6)]
        for kind in ("companies", "products", "subscriptions")
    }
    source.mood = misfortune = Misfortune(seed)
    sync_id = (await api.finance.post("/v1/syncs", json={"sources": ["pax8"]})).json()["id"]
    ends = []
    for _ in range(AT_MOST):
        for found in await claim(process):
            misfortune.worker = asyncio.create_task(_carry_on(process, source, found))
            await asyncio.gather(misfortune.worker, return_exceptions=True)
        sync = (await api.viewer.get(f"/v1/syncs/{sync_id}")).json()
        if sync["finished_at"] is not None:
            ends.append(sync)
            if len(ends) == 3:
                break
        await time_passes(database)
    assert ends[0] == ends[1] == ends[2], "a terminal state never changes"
    run = ends[0]["runs"][0]
    copied = await copied_names(database)
    assert run["counts"]["created"] == len(copied), "counted as often as written"
    assert run["status"] in {"succeeded", "failed"}
    if run["status"] == "succeeded":
        assert copied == source.records
        assert [step["done"] for step in run["steps"]] == [18, 18, 18]
    else:
        assert copied < source.records
    assert await database.as_owner("SELECT FROM due_work") == []
    assert await database.as_owner("SELECT FROM sync_seen") == []


async def _carry_on(process: Process, source: FakeSource, found: Claim) -> None:
    await JOBS[found.kind](process, {source.key: source}, found)
