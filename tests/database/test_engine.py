"""A database that goes away is told as such, and found again when it is back."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.support.api import Api, made_process, running_app, settings_for
from tests.support.clock import SetClock
from tests.support.databases import Database, copied, make_template
from tests.support.people import Mint

from billingone_api.database.engine import DatabaseAway, create_engine, is_away
from billingone_api.database.fast import Prepared, driver, fetch
from billingone_api.embedded.postgres import EmbeddedPostgres
from billingone_api.kit.ids import new_id


@pytest.fixture
def stoppable() -> Iterator[EmbeddedPostgres]:
    """A server of this test's own, for the suite's serves the other tests."""
    with (
        tempfile.TemporaryDirectory(prefix="billingone-") as folder,
        EmbeddedPostgres(Path(folder), durable=False) as server,
    ):
        make_template(server)
        yield server


def assert_away(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0


async def test_the_api_says_that_the_database_is_away_and_recovers_with_it(
    stoppable: EmbeddedPostgres, clock: SetClock
) -> None:
    with copied(stoppable) as database:
        organisation_id = await database.add_organisation(new_id())
        async with (
            made_process(settings_for(database), clock=clock) as made,
            running_app(made) as app,
        ):
            api = Api(app, Mint(clock), organisation_id)
            caller = api.finance
            assert (await caller.get("/v1/me")).status_code == 200
            stoppable.stop()
            for _ in range(3):
                assert_away(await caller.get("/v1/me"))
                assert_away(await caller.get("/readyz"))
            assert (await caller.get("/livez")).status_code == 200
            # who is nobody is told so without the database
            assert (await api.nobody.get("/v1/me")).status_code == 401
            stoppable.start()
            answers = [(await caller.get("/v1/me")).status_code for _ in range(7)]
            # a connection from before may be tried once each; no other error shows
            assert set(answers) <= {200, 503}
            assert answers[-1] == 200
            assert (await caller.get("/readyz")).json()["status"] == "ready"


@pytest.fixture
async def engine(own_database: Database) -> AsyncIterator[AsyncEngine]:
    made = create_engine(own_database.application_url, pool_size=1, name="cut")
    yield made
    await made.dispose()


async def cut(database: Database) -> None:
    await database.as_owner("SELECT 1")
    connection = await asyncpg.connect(database.application_url.replace("+asyncpg", ""))
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'cut'"
    )
    await connection.close()


async def test_a_connection_that_was_cut_is_away_whoever_uses_it(
    engine: AsyncEngine, own_database: Database
) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        await cut(own_database)
        with pytest.raises(DBAPIError) as caught:
            await connection.execute(text("SELECT 1"))
        assert is_away(caught.value)
    async with engine.connect() as connection:
        raw = driver(connection)
        await cut(own_database)
        # Whether PostgreSQL's farewell comes before the question or in answer to it is luck.
        farewell = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
        with pytest.raises(farewell) as beneath:
            await raw.fetch("SELECT 1")
        assert is_away(beneath.value)
        await connection.invalidate()
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT 1"))).scalar() == 1


@pytest.mark.parametrize(
    "error",
    [
        DatabaseAway(),
        asyncpg.CannotConnectNowError("starting up"),
        asyncpg.AdminShutdownError("ends"),
        asyncpg.ConnectionDoesNotExistError("gone"),
        asyncpg.TooManyConnectionsError("full"),
        asyncpg.DeadlockDetectedError("yields"),
        asyncpg.SerializationError("yields"),
        asyncpg.LockNotAvailableError("waits"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 11"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_passes_is_away(error: Exception) -> None:
    assert is_away(error)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UniqueViolationError("twice"),
        asyncpg.UndefinedTableError("unknown"),
        asyncpg.InsufficientPrivilegeError("may not"),
        asyncpg.InvalidPasswordError("wrong"),
        ValueError("ours"),
        ConnectionRefusedError("somebody else's"),
        TimeoutError("somebody else's"),
        FileNotFoundError("ours"),
        RuntimeError("ours"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_a_mistake_is_not_away(error: Exception) -> None:
    assert not is_away(error)


@pytest.mark.parametrize(
    ("statement", "value"),
    [("SELECT $1::int", "text"), ("SELECT $1::int", 2**40), ("SELECT $1::text", 7)],
)
async def test_a_value_that_cannot_be_sent_is_our_mistake(
    engine: AsyncEngine, statement: str, value: object
) -> None:
    async with engine.connect() as connection:
        with pytest.raises(asyncpg.DataError) as caught:
            await driver(connection).fetch(statement, value)
        assert not is_away(caught.value)


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03"])
async def test_a_way_that_is_blocked_may_be_free_later(engine: AsyncEngine, state: str) -> None:
    block = text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$")
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError) as caught:
            await connection.execute(block)
    assert is_away(caught.value)


async def test_a_pool_that_is_empty_is_away(own_database: Database) -> None:
    engine = create_engine(own_database.application_url, pool_size=1)
    engine.pool._timeout = 0.05  # type: ignore[attr-defined] - thirty seconds in production
    async with engine.connect():
        with pytest.raises(Exception) as caught:  # noqa: PT011 - which kind is the question
            async with engine.connect():
                pass
        assert is_away(caught.value)
    await engine.dispose()


@pytest.mark.parametrize("beneath", [True, False])
async def test_a_statement_that_takes_too_long_is_away(
    own_database: Database, *, beneath: bool
) -> None:
    engine = create_engine(own_database.application_url, pool_size=1)
    async with engine.connect() as connection:
        raw = driver(connection)
        raw._config = raw._config._replace(command_timeout=0.05)  # a minute in production
        slow = "SELECT pg_sleep(5)"
        with pytest.raises(DatabaseAway):
            await (
                fetch(connection, Prepared(slow, (), {}))
                if beneath
                else connection.execute(text(slow))
            )
        await connection.invalidate()
    await engine.dispose()


async def test_a_database_that_takes_no_connections_is_away(
    postgres: EmbeddedPostgres, own_database: Database
) -> None:
    engine = create_engine(own_database.application_url)
    name = own_database.owner_url.rpartition("/")[2]
    admin = await asyncpg.connect(postgres.superuser_url("postgres").replace("+asyncpg", ""))
    try:
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        with pytest.raises(DatabaseAway):
            async with engine.connect():
                pass
    finally:
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await admin.close()
        await engine.dispose()
