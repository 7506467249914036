"""Requests of two organisations, cancelled wherever they happen to be, over one small pool.

`STORM=26000 make test ARGS="tests/database/test_storm.py"` cancels as many as the promise names.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from tests.support.api import Api, made_process, running_app, settings_for
from tests.support.clock import SetClock
from tests.support.databases import Database, copied
from tests.support.figures import Figure
from tests.support.people import Mint
from tests.support.planting import plant

from billingone_api.database.fast import driver
from billingone_api.embedded.postgres import EmbeddedPostgres
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

CANCELLED = int(os.environ.get("STORM", "2000"))
SEED = 20261125
AT_ONCE = 40
PEOPLE = ("kurrajong", "wilga")
READS = (
    "/v1/clients",
    "/v1/subscriptions",
    "/v1/syncs",
    "/v1/settings/billing",
    "/v1/integrations",
)


@dataclass
class Storm:
    """Sends requests and takes some of them away again, after a moment of any length."""

    clients: dict[str, httpx.AsyncClient]
    chance: random.Random
    ended: Counter[str] = field(default_factory=Counter)
    crossed: list[str] = field(default_factory=list)

    async def blow(self) -> None:
        """Until as many have been cancelled as were wanted."""
        await asyncio.gather(*(self._row() for _ in range(AT_ONCE)))

    async def _row(self) -> None:
        while self.ended["cancelled"] < CANCELLED:
            name = self.chance.choice(PEOPLE)
            task = asyncio.create_task(self._ask(name))
            await self._wait_a_moment(task)
            task.cancel()
            try:
                answer = await task
            except asyncio.CancelledError:
                self.ended["cancelled"] += 1
            else:
                self._look(name, answer)

    async def _ask(self, name: str) -> httpx.Response:
        if self.chance.random() < 0.3:
            day = f"2026-{self.chance.randint(1, 10):02}-{self.chance.randint(1, 28):02}"
            return await self.clients[name].put(
                f"/v1/settings/exchange-rates/USD/{day}", json={"rate": "1.5"}
            )
        return await self.clients[name].get(self.chance.choice(READS))

    async def _wait_a_moment(self, task: asyncio.Task[httpx.Response]) -> None:
        kind = self.chance.random()
        if kind < 0.33:
            await asyncio.wait({task})
        elif kind < 0.66:
            for _ in range(self.chance.randint(0, 60)):
                await asyncio.sleep(0)
        else:
            await asyncio.wait({task}, timeout=self.chance.uniform(0, 0.15))

    def _look(self, name: str, answer: httpx.Response) -> None:
        self.ended[str(answer.status_code)] += 1
        (other,) = set(PEOPLE) - {name}
        if other in answer.text or (answer.status_code == 200 and name not in answer.text):
            self.crossed.append(f"{name} got {answer.text[:200]}")


@dataclass(frozen=True)
class Ground:
    process: Process
    database: Database
    storm: Storm


@pytest.fixture
async def ground(postgres: EmbeddedPostgres) -> AsyncIterator[Ground]:
    clock = SetClock()
    with copied(postgres) as database:
        clients = {}
        async with (
            made_process(settings_for(database), clock=clock) as process,
            running_app(process) as app,
        ):
            for name in PEOPLE:
                organisation_id = new_id()
                await plant(database.owner_url, organisation_id, [name])
                api = Api(app, Mint(clock), organisation_id)
                token = api.mint.person(
                    organisation_id, email=None, user_metadata={"full_name": name}
                )
                clients[name] = api.caller(token)
            yield Ground(process, database, Storm(clients, random.Random(SEED)))  # noqa: S311 - a storm that can be had again


async def test_no_row_crosses_over_in_a_storm_of_cancelled_requests(
    ground: Ground, figure: Figure
) -> None:
    storm, engine = ground.storm, ground.process.engine
    await storm.blow()
    assert storm.crossed == []
    assert storm.ended.keys() <= {"cancelled", "200", "201"}
    assert storm.ended["cancelled"] >= CANCELLED
    assert storm.ended["200"] > CANCELLED // 8
    written = await ground.database.as_owner(
        "SELECT DISTINCT name, entered_by FROM exchange_rates"
        " JOIN organisation_settings USING (organisation_id)"
    )
    assert {(row["name"], row["entered_by"]) for row in written} == {
        (name, name) for name in PEOPLE
    }
    assert await ground.database.open_transactions() == 0
    whole = await asyncio.gather(*(alone(ground.process) for _ in range(5)))
    assert whole == [""] * 5
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # of the pool that queues
    figure(
        f"6: {storm.ended['cancelled']:,} of {storm.ended.total():,} requests of two organisations "
        "cancelled, no row crossed over, 5 of 5 connections whole"
    )


async def alone(process: Process) -> str:
    """What a connection remembers of its last organisation."""
    async with process.engine.connect() as connection:
        raw = driver(connection)
        await asyncio.sleep(0.05)  # until all five are out
        return await raw.fetchval("SELECT current_setting('app.organisation_id', true)") or ""
