"""Databases for tests: each a copy of one that was migrated once."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
from tests.support import walls

from billingone_api.database.migrations import migrate
from billingone_api.embedded.postgres import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = "template_migrated"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """One database, by the URLs of its owner and of the application."""

    owner_url: str
    application_url: str

    async def as_owner(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """What no policy hides: for arranging a test and for looking behind the API."""
        async with _line(self.owner_url) as connection:
            rows: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
        return rows

    async def insert(self, table: str, **values: Any) -> None:
        names = ", ".join(values)
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await self.as_owner(f"INSERT INTO {table} ({names}) VALUES ({places})", *values.values())  # noqa: S608 - a test's own words

    async def open_transactions(self) -> int:
        """Of everybody else; pg_stat_activity hides the state of other roles' sessions."""
        rows = await self.as_owner(
            "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'virtualxid'"
            " AND datname = current_database() AND pid <> pg_backend_pid()"
        )
        return len(rows)

    async def until_somebody_waits(self) -> None:
        """Until a transaction waits for a lock that another one holds."""
        while not await self.as_owner(  # noqa: ASYNC110 - it happens in another process
            "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted "
            "AND datname = current_database()"
        ):
            await asyncio.sleep(0.01)

    async def add_organisation(
        self,
        organisation_id: UUID,
        *,
        name: str = "Bluegum IT",
        time_zone: str = "Australia/Sydney",
        reporting_currency: str = "AUD",
    ) -> UUID:
        await self.insert("organisations", id=organisation_id)
        await self.insert(
            "organisation_settings",
            organisation_id=organisation_id,
            name=name,
            slug=name.lower().replace(" ", "-"),
            time_zone=time_zone,
            reporting_currency=reporting_currency,
        )
        return organisation_id


async def run(url: str, sql: str, *arguments: Any) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        rows: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
        return rows
    finally:
        await connection.close()


_kept: dict[str, asyncpg.Connection] = {}
_home: list[asyncio.AbstractEventLoop] = []
# Told from those of the API, which end with each test.
_NAME: Final = "tests' own"


@asynccontextmanager
async def kept_lines() -> AsyncIterator[None]:
    """Until the end connections of this loop stay open for the next question.

    A new one costs PostgreSQL ten times as much as what is asked: it begins with empty caches.
    """
    _home.append(asyncio.get_running_loop())
    try:
        yield
    finally:
        _home.clear()
        for connection in _kept.values():
            await connection.close()
        _kept.clear()


@asynccontextmanager
async def _line(url: str) -> AsyncIterator[asyncpg.Connection]:
    """For one question at a time; whoever asks meanwhile gets another."""
    connection = _kept.pop(url, None) if asyncio.get_running_loop() in _home else None
    if connection is None or connection.is_closed():
        address, named = url.replace("+asyncpg", ""), {"application_name": _NAME}
        connection = await asyncpg.connect(address, server_settings=named)
    is_well = False
    try:
        yield connection
        await connection.reset()
        is_well = True
    finally:
        if is_well and asyncio.get_running_loop() in _home and url not in _kept:
            _kept[url] = connection
        else:
            await connection.close()


def make_template(server: EmbeddedPostgres) -> None:
    server.create_database(TEMPLATE)
    asyncio.run(
        migrate(
            owner_url=server.owner_url(TEMPLATE),
            application_url=server.application_url(TEMPLATE),
            folder=ROOT,
        )
    )
    if walls.ONLY == "own_filter":
        asyncio.run(run(server.owner_url(TEMPLATE), walls.WITHOUT_ROW_SECURITY))


@contextmanager
def copied(server: EmbeddedPostgres) -> Iterator[Database]:
    name = f"copy_{next(_numbers)}"
    server.create_database(name, template=TEMPLATE)
    try:
        yield Database(server.owner_url(name), server.application_url(name))
    finally:
        server.drop_database(name)


# Truncating writes every table and index anew, which takes three times as long as looking which of
# them hold rows; it is done once the rows deleted before have made them large.
_EMPTY = """
DO $$
DECLARE
  name text;
  has_rows boolean;
BEGIN
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name <> 'tests'' own';
  IF (SELECT sum(pg_relation_size(oid)) > 4194304 FROM pg_class
      WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace) THEN
    TRUNCATE organisations CASCADE;
  END IF;
  SET LOCAL session_replication_role = replica;
  FOR name IN SELECT relname FROM pg_class WHERE relkind = 'r'
      AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version' LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO has_rows;
    IF has_rows THEN
      EXECUTE format('DELETE FROM %I', name);
    END IF;
  END LOOP;
END $$
"""


async def emptied(server: EmbeddedPostgres, database: Database) -> None:
    """No rows, and nobody left who works on them: a test that failed may leave connections."""
    name = database.owner_url.rpartition("/")[2]
    async with _line(server.superuser_url(name)) as connection:
        await connection.execute(_EMPTY)
