"""What many worlds share: one database with its witnesses, one loop, one engine a worker.

Making these takes as long as dozens of worlds; a world has an organisation of its own instead.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.simulation.door import CONNECTIONS, Door
from tests.simulation.virtual import VirtualLoop, Watcher, loop
from tests.support.api import made_process, settings_for
from tests.support.clock import SetClock
from tests.support.databases import Database, copied

from billingone_api.config import Settings
from billingone_api.embedded.postgres import EmbeddedPostgres
from billingone_api.process import Process

NAMES = ("w0", "w1", "w2", "people")
_SCHEMA = (Path(__file__).parent / "schema.sql").read_text()
_SETTINGS = {
    "worker_concurrency": 2,
    "worker_lease_seconds": 30,
    "worker_heartbeat_seconds": 10,
    "worker_sweep_seconds": 20,
    "pax8_requests_per_second": 50,
}


class Stage:
    """Worlds live on it one after the other."""

    def __init__(self, database: Database, superuser_url: str) -> None:
        self.settings: Settings = settings_for(database, **_SETTINGS)
        self._url = superuser_url.replace("+asyncpg", "")
        self._database = database
        self._prepare()
        self._watcher = Watcher(self._url)
        self.loop = VirtualLoop(self._watcher)
        self._runner = asyncio.Runner(loop_factory=lambda: self.loop)
        self.door: Door = Door()
        self.engines: dict[str, AsyncEngine] = {}
        self.process: Process
        self._control: asyncpg.Connection
        self._runner.run(self._open())

    def close(self) -> None:
        self.door.shut()
        self._runner.run(self._close())
        self._runner.close()
        self._watcher.close()

    def play(self, world: Any) -> None:
        """One world from beginning to end; raises Violation, and Stuck."""
        self.loop.seconds = 0.0
        self.door.enter(world)
        before = structlog.get_config()
        structlog.configure(processors=[world.log])
        try:
            self._runner.run(self._warm_up())
            self._runner.run(world.live())
            self._runner.run(self._forget(world.organisation_id))
        finally:
            structlog.configure(**before)

    async def fetch(self, sql: str, *arguments: Any) -> Sequence[Mapping[str, Any]]:
        """As one whom no policy binds, at once, and past the door."""
        connection = self._control
        rows: Sequence[Mapping[str, Any]] = await loop().exchange(
            lambda: connection.fetch(sql, *arguments),
            pid=connection.get_server_pid(),
            socket=connection._transport.get_extra_info("socket").fileno(),
        )
        return rows

    async def introduce(self, organisation_id: UUID) -> None:
        await self.fetch("INSERT INTO public.organisations (id) VALUES ($1)", organisation_id)
        await self.fetch(
            "INSERT INTO public.organisation_settings (organisation_id, name, slug, time_zone,"
            " reporting_currency) VALUES ($1, 'MSP', $2, 'Australia/Sydney', 'AUD')",
            organisation_id,
            str(organisation_id),
        )

    async def due(self, organisation_id: UUID) -> tuple[datetime, datetime] | None:
        """Of the sync that is not done: until when it is in hand, and when it may be taken up."""
        rows = await self.fetch(
            "SELECT coalesce(leased_until, 'epoch') AS leased_until, due_at FROM public.due_work"
            " WHERE organisation_id = $1 AND kind = 'sync'",
            organisation_id,
        )
        return (rows[0]["leased_until"], rows[0]["due_at"]) if rows else None

    async def _warm_up(self) -> None:
        """Full pools, so that every world begins alike and none has to make a connection."""
        for engine in self.engines.values():
            # All of them each time: a pool counts as its own also what it lost in an earlier world.
            made = [await engine.connect() for _ in range(CONNECTIONS)]
            for connection in made:
                await connection.close()

    async def _forget(self, organisation_id: UUID) -> None:
        await self.fetch("DELETE FROM public.due_work WHERE organisation_id = $1", organisation_id)

    def _prepare(self) -> None:
        async def prepare() -> None:
            connection = await asyncpg.connect(self._url)
            await connection.execute(_SCHEMA)
            name = self._url.rpartition("/")[2]
            for setting in (
                "search_path = simulated, pg_catalog, public",
                "plan_cache_mode = force_generic_plan",
                "simulated.at = '2026-11-24T01:00:00Z'",
            ):
                await connection.execute(f"ALTER DATABASE {name} SET {setting}")
            await connection.close()

        asyncio.run(prepare())

    async def _open(self) -> None:
        url = self.settings.database_url.get_secret_value()
        self.engines = {name: self.door.engine(url, name) for name in NAMES}
        self._made = made_process(self.settings, clock=SetClock())
        self.process = await self._made.__aenter__()
        self._control = await loop().connecting(lambda: asyncpg.connect(self._url))

    async def _close(self) -> None:
        await self._made.__aexit__(None, None, None)
        connection = self._control
        await loop().exchange(connection.close, pid=0, socket=0)


@contextmanager
def staged(server: EmbeddedPostgres) -> Iterator[Stage]:
    with copied(server) as database:
        name = database.owner_url.rpartition("/")[2]
        stage = Stage(database, server.superuser_url(name))
        try:
            yield stage
        finally:
            stage.close()
