"""Up on data and down again, one at a time, never waiting long, and never a schema unknown."""

import asyncio
import re
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from tests.database.conftest import plain
from tests.database.rows import ONE, TABLES, TWO, fill, insert, rows
from tests.support.commands import billingone, environment_for
from tests.support.databases import ROOT, Database
from tests.support.figures import Figure

from billingone_api.database.engine import create_engine
from billingone_api.database.migrations import (
    SCHEMA_REVISION,
    SchemaError,
    check_database,
    check_schema,
    config_for,
    migrate,
)
from billingone_api.database.tenancy import APPLICATION_ROLE
from billingone_api.embedded.postgres import EmbeddedPostgres

Words = tuple[str, ...]


@pytest.fixture
def empty_database(postgres: EmbeddedPostgres) -> Iterator[Database]:
    postgres.create_database("unmigrated")
    yield Database(postgres.owner_url("unmigrated"), postgres.application_url("unmigrated"))
    postgres.drop_database("unmigrated")


async def up(database: Database) -> str | None:
    return await migrate(
        owner_url=database.owner_url, application_url=database.application_url, folder=ROOT
    )


async def alembic(database: Database, name: str, *arguments: str) -> None:
    """One of Alembic's own commands, as the owner."""

    def run(connection: Connection) -> None:
        config = config_for(ROOT)
        config.attributes["connection"] = connection
        getattr(command, name)(config, *arguments)

    engine = create_async_engine(database.owner_url, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


async def connected(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(plain(url))


async def what_is_there(database: Database) -> dict[str, list[Any]]:
    """Everything in the schema that is not PostgreSQL's own, and what was granted."""
    asked = {
        "relations": "SELECT relname::text FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace",
        "policies": "SELECT policyname::text FROM pg_policies",
        "types": "SELECT typname::text FROM pg_type WHERE typnamespace = 'public'::regnamespace"
        " AND typtype <> 'c' AND typelem = 0",
        "functions": "SELECT proname::text FROM pg_proc WHERE pronamespace ="
        " 'public'::regnamespace",
        "extensions": "SELECT extname::text FROM pg_extension WHERE extname <> 'plpgsql'",
        "granted": "SELECT classid::regclass::text FROM pg_shdepend WHERE dbid ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND refobjid = 'billingone_app'::regrole",
    }
    return {
        kind: sorted(row[0] for row in await database.as_owner(sql)) for kind, sql in asked.items()
    }


def test_the_program_knows_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(config_for(ROOT)).get_heads() == [SCHEMA_REVISION]


async def test_the_tables_of_the_program_are_those_of_the_migrations(
    own_database: Database,
) -> None:
    await alembic(own_database, "check")


async def test_up_down_on_data_and_up_again(empty_database: Database) -> None:
    before = await what_is_there(empty_database)
    await up(empty_database)
    migrated = await what_is_there(empty_database)
    connection = await connected(empty_database.owner_url)
    await fill(connection, ONE, TWO)
    await connection.close()
    for name in TABLES:
        (row,) = await empty_database.as_owner(f"SELECT count(*) FROM {name}")  # noqa: S608 - our own tables
        assert row["count"] == 2

    await alembic(empty_database, "downgrade", "base")
    left = await what_is_there(empty_database)
    # Alembic's own table stays, empty
    assert left.pop("relations") == ["alembic_version", "alembic_version_pkc"]
    assert left == {kind: found for kind, found in before.items() if kind != "relations"}
    assert await empty_database.as_owner("SELECT * FROM alembic_version") == []

    await up(empty_database)
    assert await what_is_there(empty_database) == migrated
    await alembic(empty_database, "check")
    connection = await connected(empty_database.owner_url)
    await fill(connection, ONE)
    await connection.close()


async def columns_of(database: Database) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in await database.as_owner(
        "SELECT table_name::text, column_name::text FROM information_schema.columns"
        " WHERE table_schema = 'public'"
    ):
        found.setdefault(row["table_name"], set()).add(row["column_name"])
    return found


async def files_of(database: Database) -> dict[str, int]:
    """Where each table lies on disk: another place for one that was written anew."""
    rows = await database.as_owner(
        "SELECT relname::text, relfilenode FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    return {row["relname"]: row["relfilenode"] for row in rows}


async def test_the_first_release_goes_up_with_its_data_and_writes_no_table_anew(
    empty_database: Database, figure: Figure
) -> None:
    """A table that is written anew is closed to everybody for as long as that takes."""
    await alembic(empty_database, "upgrade", "0001")
    there = await columns_of(empty_database)
    connection = await connected(empty_database.owner_url)
    for table, row in rows(ONE):
        if table in there:
            known = {name: value for name, value in row.items() if name in there[table]}
            await insert(connection, table, known)
    await connection.close()
    before = await files_of(empty_database)
    await up(empty_database)
    after = await files_of(empty_database)
    assert before == {name: file for name, file in after.items() if name in before}
    for name in there.keys() - {"alembic_version"}:
        (row,) = await empty_database.as_owner(f"SELECT count(*) FROM {name}")  # noqa: S608 - our own tables
        # The client's identifiers of Xero and of SuperOps have become links.
        assert (name, row["count"]) == (name, 3 if name == "client_links" else 1)
    figure(f"17: {len(there) - 1} tables of 0001 with rows to {SCHEMA_REVISION}: none written anew")


async def test_identifiers_pushed_before_there_were_invoices_link(empty_database: Database) -> None:
    await alembic(empty_database, "upgrade", "0006")
    await empty_database.as_owner("INSERT INTO organisations (id) VALUES ($1)", ONE)
    pushed = [("x-1", "s-1"), ("x-2", None), ("x-2", ""), (None, "s-2")]
    for xero, superops in pushed:
        await empty_database.as_owner(
            "INSERT INTO clients (organisation_id, id, name, active, xero_contact_id,"
            " superops_client_id) VALUES ($1, gen_random_uuid(), 'Acacia', true, $2, $3)",
            ONE,
            xero,
            superops,
        )
    await up(empty_database)
    links = await empty_database.as_owner("SELECT source, source_id, origin FROM client_links")
    assert {tuple(link) for link in links} == {
        ("xero", "x-1", "exact"),
        ("superops", "s-1", "exact"),
        ("superops", "s-2", "exact"),
    }


async def test_up_a_second_time_keeps_every_row(own_database: Database) -> None:
    await own_database.add_organisation(ONE)
    await up(own_database)
    kept = await own_database.as_owner("SELECT id FROM organisations")
    assert [row["id"] for row in kept] == [ONE]


async def test_two_migrations_at_once_take_turns(empty_database: Database) -> None:
    """In processes of their own: Alembic works with globals."""
    environment = environment_for(empty_database)
    deploy = partial(billingone, "migrate", environment=environment)
    ended = await asyncio.gather(asyncio.to_thread(deploy), asyncio.to_thread(deploy))
    assert [(one.code, one.err) for one in ended] == [(0, ""), (0, "")]
    await check_database(empty_database.application_url)


async def test_a_migration_behind_a_lock_gives_up_and_changes_nothing(
    own_database: Database,
) -> None:
    before = await what_is_there(own_database)
    other = await connected(own_database.owner_url)
    async with other.transaction():
        await other.execute("LOCK TABLE organisations IN ACCESS SHARE MODE")
        with pytest.raises(Exception, match="lock timeout"):
            await alembic(own_database, "downgrade", "base")
    await other.close()
    assert await what_is_there(own_database) == before
    await check_database(own_database.application_url)


async def test_a_lock_that_stands_in_the_way_is_told_in_words(own_database: Database) -> None:
    other = await connected(own_database.owner_url)
    async with other.transaction():
        await other.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(SchemaError, match=r"stopped and changed nothing: .*lock timeout"):
            await up(own_database)
    await other.close()


async def test_a_turn_may_take_longer_than_a_lock(own_database: Database) -> None:
    """Held past the four seconds after which a lock is given up."""
    other = await connected(own_database.owner_url)
    async with other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock(8201517)")
        waiting = asyncio.create_task(up(own_database))
        await asyncio.sleep(4.5)
        assert not waiting.done()
    await other.close()
    assert await waiting is None


async def setting(database: Database) -> str:
    connection = await connected(database.application_url)
    value: str = await connection.fetchval("SHOW plan_cache_mode")
    await connection.close()
    return value


async def test_statements_are_planned_once_in_a_database_of_the_owners(
    empty_database: Database,
) -> None:
    assert await setting(empty_database) == "auto"
    assert await up(empty_database) is None
    assert await setting(empty_database) == "force_generic_plan"


async def test_whose_database_it_is_is_told_what_to_set(
    empty_database: Database, postgres: EmbeddedPostgres
) -> None:
    superuser = await connected(postgres.superuser_url("unmigrated"))
    await superuser.execute("ALTER DATABASE unmigrated OWNER TO postgres")
    await superuser.execute("GRANT ALL ON DATABASE unmigrated TO billingone_owner")
    await superuser.execute("ALTER SCHEMA public OWNER TO billingone_owner")
    await superuser.close()
    assert await up(empty_database) == (
        "For faster reads, run as postgres, whose database it is: "
        "ALTER DATABASE unmigrated SET plan_cache_mode = force_generic_plan"
    )
    await check_database(empty_database.application_url)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE alembic_version SET version_num = '0000'", ("schema 0000", SCHEMA_REVISION)),
        ("UPDATE alembic_version SET version_num = '9999'", ("schema 9999", SCHEMA_REVISION)),
        ("DELETE FROM alembic_version", ("schema nothing", "billingone migrate")),
        ("DROP TABLE alembic_version", ("schema nothing", "billingone migrate")),
        ("REVOKE SELECT ON alembic_version FROM billingone_app", ("schema nothing",)),
    ],
)
async def test_a_process_does_not_start_on_a_schema_it_does_not_know(
    own_database: Database, change: str, words: Words
) -> None:
    await own_database.as_owner(change)
    engine = create_engine(own_database.application_url)
    with pytest.raises(SchemaError) as caught:
        await check_schema(engine)
    await engine.dispose()
    assert [word for word in words if word not in str(caught.value)] == []


async def test_a_newer_schema_is_not_migrated_by_an_older_program(own_database: Database) -> None:
    await own_database.as_owner("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaError, match="newer program"):
        await up(own_database)


async def test_a_folder_without_migrations_is_told_so(
    own_database: Database, tmp_path: Path
) -> None:
    with pytest.raises(SchemaError, match=re.escape(f"No alembic.ini in {tmp_path}")):
        await migrate(
            owner_url=own_database.owner_url,
            application_url=own_database.application_url,
            folder=tmp_path,
        )


@pytest.mark.parametrize("role", ["owner", "superuser", "bypasses", "becomes_owner"])
async def test_a_role_that_sees_every_organisation_is_refused(
    own_database: Database, postgres: EmbeddedPostgres, role: str
) -> None:
    name = own_database.owner_url.rpartition("/")[2]
    superuser = await connected(postgres.superuser_url(name))
    await superuser.execute("CREATE ROLE bypasses LOGIN BYPASSRLS PASSWORD 'bypasses-1234567'")
    await superuser.execute("CREATE ROLE becomes_owner LOGIN PASSWORD 'becomes-owner-1234567'")
    await superuser.execute("GRANT billingone_owner TO becomes_owner")
    try:
        there = own_database.owner_url.partition("@")[2]
        urls = {
            "owner": own_database.owner_url,
            "superuser": postgres.superuser_url(name),
            "bypasses": f"postgresql+asyncpg://bypasses:bypasses-1234567@{there}",
            "becomes_owner": f"postgresql+asyncpg://becomes_owner:becomes-owner-1234567@{there}",
        }
        with pytest.raises(SchemaError, match="use billingone_app"):
            await check_database(urls[role])
    finally:
        await superuser.execute("DROP ROLE bypasses, becomes_owner")
        await superuser.close()


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    """Roles belong to a server: whoever drops one needs a server to itself."""
    with (
        tempfile.TemporaryDirectory(prefix="billingone-") as folder,
        EmbeddedPostgres(Path(folder), durable=False) as running,
    ):
        running.create_database("product")
        yield running


async def as_superuser(server: EmbeddedPostgres, *statements: str) -> None:
    connection = await connected(server.superuser_url("postgres"))
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


def with_password(url: str, password: str) -> str:
    return re.sub(r"(?<=billingone_app:)[^@]*", password, url)


async def test_a_missing_role_is_made_and_only_with_a_password_worth_the_name(
    server: EmbeddedPostgres,
) -> None:
    """One server for all of it, for starting one takes longer than everything asked of it."""
    owner_url, url = server.owner_url("product"), server.application_url("product")

    async def attempt(password: str) -> None:
        await migrate(
            owner_url=owner_url, application_url=with_password(url, password), folder=ROOT
        )

    await as_superuser(server, f"DROP ROLE {APPLICATION_ROLE}")
    for weak in ("", "short", "fifteen-letters", "with a space in it", "quote'quote'quote"):
        with pytest.raises(SchemaError, match="needs 16 or more"):
            await attempt(weak.replace("'", "%27").replace(" ", "%20"))
    with pytest.raises(SchemaError, match="may not create it"):
        await attempt("planted-password-1")
    await as_superuser(server, "ALTER ROLE billingone_owner CREATEROLE")
    await attempt("planted-password-1")
    await check_database(with_password(url, "planted-password-1"))

    await as_superuser(server, f"ALTER ROLE {APPLICATION_ROLE} BYPASSRLS")
    with pytest.raises(SchemaError, match="NOSUPERUSER NOBYPASSRLS"):
        await attempt("planted-password-1")
    with pytest.raises(SchemaError, match="use billingone_app"):
        await check_database(with_password(url, "planted-password-1"))


@pytest.mark.parametrize("given", [("application", "application"), ("owner", "owner")])
async def test_each_role_has_its_own_address(
    own_database: Database, given: tuple[str, str]
) -> None:
    urls = {"owner": own_database.owner_url, "application": own_database.application_url}
    with pytest.raises(SchemaError, match="must sign in as billingone_owner"):
        await migrate(owner_url=urls[given[0]], application_url=urls[given[1]], folder=ROOT)
