"""A list that lost too much to be believed, and the person who knows better."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from tests.support.api import Api, running_app
from tests.support.databases import Database
from tests.support.pax8 import FakePortfolio, subscription
from tests.support.people import Mint
from tests.support.sources import connect, work_off

from billingone_api.billing.subscriptions.wiring import steps_over
from billingone_api.billing.syncs.models import RunContext
from billingone_api.billing.syncs.ports import Step
from billingone_api.process import Process

MANY = 60
LEFT = 20
NOTICE = (
    "Pax8 no longer lists 40 of 60 subscriptions. So many do not go at once, so nothing was "
    "removed: look in Pax8 whether they are there. If they have really gone, sync once more and "
    "confirm the removals."
)


@dataclass
class Portfolio:
    """The real steps over a Pax8 in our own words."""

    pax8: FakePortfolio = field(default_factory=lambda: FakePortfolio(page_size=20))
    key: str = "pax8"
    step_names: Sequence[str] = ("companies", "products", "subscriptions")

    @asynccontextmanager
    async def steps(self, process: Process, run: RunContext) -> AsyncIterator[Sequence[Step]]:
        yield steps_over(self.pax8, process, run)


@pytest.fixture
async def source(database: Database, organisation_id: UUID) -> Portfolio:
    await connect(database, organisation_id)
    source = Portfolio()
    source.pax8.subscriptions_ = [subscription(f"s{number:03}") for number in range(MANY)]
    return source


@pytest.fixture
async def api(
    process: Process, mint: Mint, organisation_id: UUID, source: Portfolio
) -> AsyncIterator[Api]:
    async with running_app(process, source) as app:
        yield Api(app, mint, organisation_id)


async def synced(api: Api, process: Process, source: Portfolio, **wish: Any) -> dict[str, Any]:
    started = (await api.finance.post("/v1/syncs", json={"sources": ["pax8"], **wish})).json()
    await work_off(process, source)
    sync = (await api.viewer.get(f"/v1/syncs/{started['id']}")).json()
    run: dict[str, Any] = sync["runs"][0]
    return run


async def living(database: Database) -> int:
    rows = await database.as_owner("SELECT FROM subscriptions WHERE gone_at IS NULL")
    return len(rows)


async def test_what_a_person_confirms_is_removed_by_the_run_they_ask_for_and_by_no_other(
    api: Api, process: Process, database: Database, source: Portfolio
) -> None:
    assert (await synced(api, process, source))["status"] == "succeeded"
    del source.pax8.subscriptions_[LEFT:]
    for _ in range(2):
        run = await synced(api, process, source)
        assert (run["status"], run["steps"][2]["notice"]) == ("partial", NOTICE)
        assert await living(database) == MANY
    run = await synced(api, process, source, confirm_removals=True)
    assert (run["status"], run["counts"]["gone"]) == ("succeeded", MANY - LEFT)
    assert run["steps"][2]["notice"] is None
    assert await living(database) == LEFT
    source.pax8.subscriptions_ = []
    assert (await synced(api, process, source))["status"] == "partial"
    assert await living(database) == LEFT, "confirmed once is not confirmed for good"


async def test_confirming_joins_the_run_that_is_under_way(
    api: Api, process: Process, database: Database, source: Portfolio
) -> None:
    await synced(api, process, source)
    del source.pax8.subscriptions_[LEFT:]
    await api.finance.post("/v1/syncs", json={})
    run = await synced(api, process, source, confirm_removals=True)
    assert (run["joined"], run["status"]) == (True, "succeeded")
    assert await living(database) == LEFT


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"confirm_removals": True}, 422),
        ({"confirm_removals": True, "sources": None}, 422),
        ({"confirm_removals": False}, 202),
        ({"confirm_removals": True, "sources": ["pax8"]}, 202),
        ({"confirm_removals": "perhaps", "sources": ["pax8"]}, 422),
    ],
)
async def test_removals_are_confirmed_of_sources_that_are_named(
    api: Api, database: Database, wish: dict[str, Any], status: int
) -> None:
    answer = await api.finance.post("/v1/syncs", json=wish)
    assert answer.status_code == status
    if status == 422:
        assert answer.json()["errors"][0]["pointer"] in {"/sources", "/confirm_removals"}
        assert await database.as_owner("SELECT FROM sync_runs") == []


async def test_who_may_not_sync_may_not_confirm(api: Api) -> None:
    wish = {"sources": ["pax8"], "confirm_removals": True}
    assert (await api.viewer.post("/v1/syncs", json=wish)).status_code == 403
