"""One organisation's transaction sees and changes that organisation's rows, and no others."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import bindparam, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from tests.database.rows import ONE, TABLES, TENANT_TABLES, TWO, a_row, insert
from tests.support.databases import Database

from billingone_api.database.engine import ORGANISATION_OPTION, create_engine
from billingone_api.database.fast import driver, fetch, fetch_one, prepare
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import directory_work, unit_of_work
from billingone_api.kit.ids import new_id

pytestmark = pytest.mark.row_security
each_tenant_table = pytest.mark.parametrize("name", TENANT_TABLES)
# The audit log is added to alone: test_catalogue holds its grants to that.
each_changing_table = pytest.mark.parametrize("name", sorted({*TENANT_TABLES} - {"audit"}))
CLIENTS = TABLES["clients"]
NAMED = prepare(select(CLIENTS.c.organisation_id, CLIENTS.c.name).where(own(CLIENTS)))
VISIBLE = text("SELECT organisation_id FROM clients")
SETTING = text("SELECT current_setting('app.organisation_id', true)")


async def announce(connection: asyncpg.Connection, organisation_id: UUID) -> None:
    await connection.execute(
        "SELECT set_config('app.organisation_id', $1, true)", str(organisation_id)
    )


@pytest.fixture
async def engine(two_organisations: Database) -> AsyncIterator[AsyncEngine]:
    """With one connection, so that whatever leaks through a pool leaks here."""
    made = create_engine(two_organisations.application_url, pool_size=1)
    yield made
    await made.dispose()


async def visible(connection: AsyncConnection) -> list[UUID]:
    return list((await connection.execute(VISIBLE)).scalars())


@each_tenant_table
async def test_without_an_organisation_nothing_is_there(
    application: asyncpg.Connection, name: str
) -> None:
    assert await application.fetchval(f"SELECT count(*) FROM {name}") == 0  # noqa: S608 - our own tables


@each_changing_table
async def test_without_an_organisation_nothing_can_be_removed(
    application: asyncpg.Connection, name: str
) -> None:
    assert await application.execute(f"DELETE FROM {name}") == "DELETE 0"  # noqa: S608 - our own tables


@each_tenant_table
async def test_without_an_organisation_nothing_can_be_written(
    application: asyncpg.Connection, name: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await insert(application, name, a_row(TABLES[name], ONE))


@each_tenant_table
async def test_an_organisation_has_its_own_rows(application: asyncpg.Connection, name: str) -> None:
    await announce(application, ONE)
    found = await application.fetch(f"SELECT organisation_id FROM {name}")  # noqa: S608 - our own tables
    assert [row["organisation_id"] for row in found] == [ONE]


@each_tenant_table
async def test_an_organisation_cannot_write_for_another(
    application: asyncpg.Connection, name: str
) -> None:
    await announce(application, ONE)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await insert(application, name, a_row(TABLES[name], TWO))


@each_changing_table
async def test_an_organisation_cannot_give_its_rows_away(
    application: asyncpg.Connection, name: str
) -> None:
    await announce(application, ONE)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await application.execute(f"UPDATE {name} SET organisation_id = $1", TWO)  # noqa: S608 - our own tables


@each_tenant_table
async def test_the_owner_sees_every_organisation(owner: asyncpg.Connection, name: str) -> None:
    """Forced policies bind the owner as well: without one of its own, a dump would be empty."""
    assert await owner.fetchval(f"SELECT count(*) FROM {name}") == 2  # noqa: S608 - our own tables


@pytest.mark.parametrize("bad", ["", "not a uuid", "*", f"{ONE}' OR true --"])
async def test_what_names_no_organisation_shows_nothing(
    application: asyncpg.Connection, bad: str
) -> None:
    await application.execute("SELECT set_config('app.organisation_id', $1, true)", bad)
    if bad == "":
        assert await application.fetch("SELECT * FROM clients") == []
    else:
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            await application.fetch("SELECT * FROM clients")


async def test_the_application_cannot_lift_row_security(application: asyncpg.Connection) -> None:
    await application.execute("SET LOCAL row_security = off")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.fetch("SELECT * FROM clients")


async def test_the_application_cannot_become_the_owner(application: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute("SET ROLE billingone_owner")


async def test_rows_of_another_organisation_are_no_obstacle_and_no_hint(
    application: asyncpg.Connection,
) -> None:
    """Unique constraints see through row security, so each begins with the organisation."""
    await application.execute("DELETE FROM clients")
    await announce(application, ONE)
    row = a_row(CLIENTS, ONE) | {"id": new_id()}
    await insert(application, "clients", row)
    await announce(application, TWO)
    await insert(application, "clients", row | {"organisation_id": TWO})
    assert await application.fetchval("SELECT count(*) FROM clients WHERE id = $1", row["id"]) == 1


async def test_copy_into_a_tenant_table_is_refused_and_goes_by_a_temporary_one(
    application: asyncpg.Connection,
) -> None:
    await announce(application, ONE)
    row = a_row(TABLES["pax8_companies"], ONE) | {"source_id": "copied"}
    with pytest.raises(asyncpg.FeatureNotSupportedError):
        async with application.transaction():
            await application.copy_records_to_table(
                "pax8_companies", records=[tuple(row.values())], columns=list(row)
            )
    await application.execute(
        "CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS TABLE pax8_companies WITH NO DATA"
    )
    await application.copy_records_to_table(
        "incoming",
        records=[tuple(row.values()), tuple((row | {"organisation_id": TWO}).values())],
        columns=list(row),
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with application.transaction():
            await application.execute("INSERT INTO pax8_companies SELECT * FROM incoming")
    moved = "INSERT INTO pax8_companies SELECT * FROM incoming WHERE organisation_id = $1"
    assert await application.execute(moved, ONE) == "INSERT 0 1"


async def test_two_organisations_take_turns_on_one_connection(engine: AsyncEngine) -> None:
    for organisation_id in (ONE, TWO) * 5:
        async with unit_of_work(engine, organisation_id=organisation_id) as work:
            assert await visible(work.connection) == [organisation_id]
    async with directory_work(engine) as connection:
        assert await visible(connection) == []


async def test_an_organisation_does_not_outlive_its_transaction(engine: AsyncEngine) -> None:
    async with unit_of_work(engine, organisation_id=ONE) as work:
        backend = await driver(work.connection).fetchval("SELECT pg_backend_pid()")
    async with engine.connect() as connection:
        raw = driver(connection)
        assert await raw.fetchval("SELECT pg_backend_pid()") == backend
        assert await raw.fetchval("SELECT current_setting('app.organisation_id', true)") == ""


async def test_a_commit_in_the_middle_keeps_the_organisation(engine: AsyncEngine) -> None:
    async with engine.connect() as plain:
        connection = await plain.execution_options(**{ORGANISATION_OPTION: ONE})
        assert await visible(connection) == [ONE]
        await connection.commit()
        assert await visible(connection) == [ONE]
        await connection.rollback()
        assert await visible(connection) == [ONE]


async def test_a_savepoint_undone_keeps_the_organisation(engine: AsyncEngine) -> None:
    async with unit_of_work(engine, organisation_id=ONE) as work:
        with contextlib.suppress(DBAPIError):
            async with work.connection.begin_nested():
                await work.connection.execute(text("SELECT 1 / 0"))
        assert await visible(work.connection) == [ONE]


async def test_a_failed_transaction_leaves_nothing_to_the_next(engine: AsyncEngine) -> None:
    with pytest.raises(DBAPIError):
        async with unit_of_work(engine, organisation_id=ONE) as work:
            await work.connection.execute(text("SELECT 1 / 0"))
    async with directory_work(engine) as connection:
        assert (await connection.execute(SETTING)).scalar() == ""
    async with unit_of_work(engine, organisation_id=TWO) as work:
        assert await visible(work.connection) == [TWO]


async def interrupted(engine: AsyncEngine, organisation_id: UUID, statement: str) -> None:
    async with unit_of_work(engine, organisation_id=organisation_id) as work:
        await work.connection.execute(text(statement))
        await asyncio.sleep(60)


async def interrupted_beneath(engine: AsyncEngine, organisation_id: UUID) -> None:
    async with unit_of_work(engine, organisation_id=organisation_id) as work:
        await fetch(work.connection, NAMED, organisation_id=organisation_id)
        await driver(work.connection).execute("SELECT pg_sleep(60)")


@pytest.mark.parametrize("seconds", [0, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.05])
async def test_cancelled_requests_of_two_organisations_leave_nothing_behind(
    engine: AsyncEngine, seconds: float
) -> None:
    """While they connect, begin, wait for an answer and hold one: at one await or another."""
    for organisation_id, other in ((ONE, TWO), (TWO, ONE)):
        for request in (
            interrupted(engine, organisation_id, "SELECT pg_sleep(60)"),
            interrupted(engine, organisation_id, "UPDATE clients SET name = 'crossed'"),
            interrupted_beneath(engine, organisation_id),
        ):
            task = asyncio.create_task(request)
            await asyncio.sleep(0)
            await asyncio.sleep(seconds)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            async with unit_of_work(engine, organisation_id=other) as work:
                assert await visible(work.connection) == [other]
                found = await fetch(work.connection, NAMED, organisation_id=other)
                assert [row["name"] for row in found] == ["text"]
            async with directory_work(engine) as connection:
                assert await visible(connection) == []


async def test_many_cancelled_requests_at_once_cross_no_rows(two_organisations: Database) -> None:
    engine = create_engine(two_organisations.application_url, pool_size=4)

    async def look(organisation_id: UUID) -> list[UUID]:
        async with unit_of_work(engine, organisation_id=organisation_id) as work:
            await asyncio.sleep(0)
            found = await fetch(work.connection, prepare(VISIBLE))
            return [row["organisation_id"] for row in found]

    asked = [(ONE, TWO)[number % 2] for number in range(400)]
    tasks = [asyncio.create_task(look(organisation_id)) for organisation_id in asked]
    for number, task in enumerate(tasks):
        if number % 3 == 0:
            await asyncio.sleep(0)
            task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    await engine.dispose()
    seen = [
        (organisation_id, answer)
        for organisation_id, answer in zip(asked, answers, strict=True)
        if isinstance(answer, list)
    ]
    assert len(seen) >= 200
    assert [pair for pair in seen if pair[1] != [pair[0]]] == []


@pytest.mark.own_filter
async def test_the_repositorys_own_filter_holds_without_row_security(
    two_organisations: Database,
) -> None:
    """The owner sees everybody, so here only `own` stands between the two."""
    engine = create_engine(two_organisations.owner_url, pool_size=1)
    async with unit_of_work(engine, organisation_id=ONE) as work:
        assert set(await visible(work.connection)) == {ONE, TWO}
        found = await fetch(work.connection, NAMED, organisation_id=ONE)
        assert [row["organisation_id"] for row in found] == [ONE]
    await engine.dispose()


async def test_a_prepared_statement_binds_by_name_and_keeps_what_was_fixed(
    engine: AsyncEngine,
) -> None:
    statement = prepare(
        select(CLIENTS.c.name).where(
            own(CLIENTS),
            CLIENTS.c.name == bindparam("name"),
            CLIENTS.c.active == bindparam("a", value=True),
        )
    )
    async with unit_of_work(engine, organisation_id=ONE) as work:
        row = await fetch_one(work.connection, statement, name="text", organisation_id=ONE)
        assert row is not None
        assert row["name"] == "text"
        nobody = await fetch_one(
            work.connection, statement, name="text", organisation_id=ONE, a=False
        )
        assert nobody is None
        with pytest.raises(KeyError):
            replace(statement, fixed={}).arguments({"name": "text"})
