"""What PostgreSQL itself says of every table: whoever adds one is held to the same."""

from typing import Any

import asyncpg
import pytest
from sqlalchemy import Table
from tests.database.rows import DIRECTORY_TABLES, TABLES, TENANT_TABLES
from tests.support.figures import Figure

from billingone_api.database.tenancy import APPLICATION_ROLE, OWNER_ROLE

MINE = (
    "(organisation_id = ( SELECT (NULLIF(current_setting('app.organisation_id'::text, true),"
    " ''::text))::uuid AS \"nullif\"))"
)
# Ids, hashes, due times and leases: what has to be found before the organisation is known.
DIRECTORY_COLUMNS = {
    "api_key_hashes": {"id", "organisation_id", "hash", "expires_at", "last_used_at"},
    "due_work": {
        "organisation_id", "kind", "key", "due_at", "lease", "leased_until", "attempts",
        "traceparent",
    },
    "organisations": {"id", "created_at", "ended_at"},
    "webhook_routes": {"provider", "tenant_id", "organisation_id"},
}  # fmt: skip

pytestmark = pytest.mark.row_security
each_table = pytest.mark.parametrize("name", TABLES)
each_tenant_table = pytest.mark.parametrize("name", TENANT_TABLES)


async def column_of(connection: asyncpg.Connection, sql: str, *arguments: Any) -> list[Any]:
    return [row[0] for row in await connection.fetch(sql, *arguments)]


async def test_the_database_has_the_tables_of_the_program(owner: asyncpg.Connection) -> None:
    found = await column_of(owner, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert set(found) == {*TABLES, "alembic_version"}


async def test_there_is_nothing_that_row_security_does_not_reach(
    owner: asyncpg.Connection,
) -> None:
    """Views run as their owner unless told otherwise; materialised ones always do."""
    found = await owner.fetch(
        "SELECT relname, relkind::text, coalesce(reloptions, '{}') AS options FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm', 'f')"
    )
    assert [row["relname"] for row in found if not is_invokers(row)] == []
    functions = await column_of(
        owner,
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef",
    )
    assert functions == ["counted_over_all"]


async def test_the_one_function_that_sees_all_tells_counts_to_nobody_else(
    owner: asyncpg.Connection,
) -> None:
    """Reviewed: no argument, nothing dynamic, a search path of its own, words and counts alone."""
    row = await owner.fetchrow(
        "SELECT pronargs, proargnames, proconfig, provolatile::text, lanname,"
        " pg_get_userbyid(proowner) AS owner, (SELECT array_agg(grantee::regrole::text) FROM"
        " aclexplode(proacl) WHERE grantee <> proowner) AS others, prorettype::regtype::text"
        " FROM pg_proc JOIN pg_language ON pg_language.oid = prolang WHERE prosecdef"
        " AND pronamespace = 'public'::regnamespace"
    )
    assert row is not None
    assert tuple(row) == (
        0,
        ["kind", "label", "value"],
        ["search_path=pg_catalog, public"],
        "s",
        "sql",
        OWNER_ROLE,
        [APPLICATION_ROLE],
        "record",
    )


def is_invokers(row: asyncpg.Record) -> bool:
    return row["relkind"] == "v" and "security_invoker=true" in row["options"]


async def test_a_view_that_runs_as_its_owner_would_be_noticed(owner: asyncpg.Connection) -> None:
    await owner.execute("CREATE VIEW careless AS SELECT * FROM clients")
    with pytest.raises(AssertionError):
        await test_there_is_nothing_that_row_security_does_not_reach(owner)
    await owner.execute("ALTER VIEW careless SET (security_invoker = true)")
    await test_there_is_nothing_that_row_security_does_not_reach(owner)


async def test_no_table_stands_in_another_schema(owner: asyncpg.Connection) -> None:
    found = await column_of(
        owner,
        "SELECT DISTINCT schemaname FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    )
    assert found == ["public"]


def test_how_many_tables_are_held_to_this(figure: Figure) -> None:
    figure(
        f"6: {len(TENANT_TABLES)} tenant tables with forced policies and keys that carry the "
        f"organisation, {len(DIRECTORY_TABLES)} directory tables listed by hand"
    )
    assert DIRECTORY_TABLES
    assert TENANT_TABLES


def test_the_directory_holds_only_what_is_listed_here() -> None:
    found = {name: set(TABLES[name].columns.keys()) for name in DIRECTORY_TABLES}
    assert found == DIRECTORY_COLUMNS


@each_table
async def test_a_tenant_table_forces_row_security_and_a_directory_table_has_none(
    owner: asyncpg.Connection, name: str
) -> None:
    row = await owner.fetchrow(
        "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = $1::regclass", name
    )
    assert row is not None
    assert tuple(row) == (name in TENANT_TABLES, name in TENANT_TABLES)


@each_table
async def test_a_tenant_table_has_exactly_two_policies(
    owner: asyncpg.Connection, name: str
) -> None:
    found = await owner.fetch(
        "SELECT policyname, permissive, roles::text[], cmd, qual, with_check FROM pg_policies"
        " WHERE schemaname = 'public' AND tablename = $1 ORDER BY policyname",
        name,
    )
    own = ("own", "PERMISSIVE", [APPLICATION_ROLE], "ALL", MINE, MINE)
    of_owner = ("owner", "PERMISSIVE", [OWNER_ROLE], "ALL", "true", "true")
    expected = [own, of_owner] if name in TENANT_TABLES else []
    assert [tuple(row) for row in found] == expected


@each_tenant_table
async def test_every_index_begins_with_the_organisation(
    owner: asyncpg.Connection, name: str
) -> None:
    """Primary keys and unique constraints among them: they see through row security."""
    found = await owner.fetch(
        "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid, 1, true) AS first"
        " FROM pg_index WHERE indrelid = $1::regclass",
        name,
    )
    assert found
    assert {row["name"]: row["first"] for row in found} == {
        row["name"]: "organisation_id" for row in found
    }


@pytest.mark.parametrize("name", sorted(TABLES.keys() - {"organisations"}))
async def test_every_foreign_key_carries_the_organisation(
    owner: asyncpg.Connection, name: str
) -> None:
    """It sees through row security as well: without it, a row could point at another's."""
    found = await owner.fetch(
        "SELECT confrelid::regclass::text AS target,"
        " (SELECT array_agg(a.attname ORDER BY n) FROM unnest(conkey) WITH ORDINALITY k(num, n)"
        "  JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = k.num) AS columns,"
        " (SELECT array_agg(a.attname ORDER BY n) FROM unnest(confkey) WITH ORDINALITY k(num, n)"
        "  JOIN pg_attribute a ON a.attrelid = confrelid AND a.attnum = k.num) AS referred"
        " FROM pg_constraint WHERE contype = 'f' AND conrelid = $1::regclass",
        name,
    )
    assert name in DIRECTORY_TABLES or "organisations" in {row["target"] for row in found}
    assert found
    for row in found:
        first = "id" if row["target"] == "organisations" else "organisation_id"
        assert (row["columns"][0], row["referred"][0]) == ("organisation_id", first)


@each_table
async def test_no_column_is_inexact_or_without_a_time_zone(
    owner: asyncpg.Connection, name: str
) -> None:
    found = await owner.fetch(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = $1",
        name,
    )
    allowed = {
        "uuid", "text", "boolean", "integer", "bigint", "numeric", "date", "jsonb", "bytea",
        "timestamp with time zone", "ARRAY",
    }  # fmt: skip
    assert [tuple(row) for row in found if row["data_type"] not in allowed] == []


async def test_the_application_owns_nothing(owner: asyncpg.Connection) -> None:
    owned = await column_of(
        owner, "SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) = $1", APPLICATION_ROLE
    )
    assert owned == []
    owners = await column_of(
        owner, "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    )
    assert owners == [OWNER_ROLE]


@pytest.mark.parametrize("role", [APPLICATION_ROLE, OWNER_ROLE])
async def test_neither_role_has_power_over_the_server(owner: asyncpg.Connection, role: str) -> None:
    row = await owner.fetchrow(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication"
        " FROM pg_roles WHERE rolname = $1",
        role,
    )
    assert row is not None
    assert tuple(row) == (False, False, False, False, False)


async def test_the_application_can_become_nobody_else(owner: asyncpg.Connection) -> None:
    others = await column_of(
        owner,
        "SELECT rolname FROM pg_roles WHERE rolname <> $1 AND pg_has_role($1, oid, 'MEMBER')",
        APPLICATION_ROLE,
    )
    assert others == []


async def test_nothing_is_granted_to_everybody_and_rows_alone_to_the_application(
    owner: asyncpg.Connection,
) -> None:
    found = await owner.fetch(
        "SELECT relname, coalesce(nullif(grantee, 0)::regrole::text, 'PUBLIC') AS grantee,"
        " array_agg(privilege_type ORDER BY privilege_type)::text[] AS privileges"
        " FROM pg_class, aclexplode(relacl)"
        " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        " AND grantee <> $1::regrole GROUP BY relname, grantee",
        OWNER_ROLE,
    )
    rows = ["DELETE", "INSERT", "SELECT", "UPDATE"]
    assert {(row["relname"], row["grantee"]): row["privileges"] for row in found} == {
        (name, APPLICATION_ROLE): rows for name in TABLES
    } | {
        ("alembic_version", APPLICATION_ROLE): ["SELECT"],
        # added to and read, never changed and never removed
        ("audit", APPLICATION_ROLE): ["INSERT", "SELECT"],
    }


async def test_the_application_can_make_nothing_that_lasts(owner: asyncpg.Connection) -> None:
    assert not await owner.fetchval(
        "SELECT has_schema_privilege($1, 'public', 'CREATE')", APPLICATION_ROLE
    )
    assert not await owner.fetchval(
        "SELECT has_database_privilege($1, current_database(), 'CREATE')", APPLICATION_ROLE
    )


def lead(table: Table) -> list[str]:
    return [column.name for column in table.primary_key.columns]


@each_tenant_table
def test_the_program_knows_the_key_as_the_database_does(name: str) -> None:
    assert lead(TABLES[name])[0] == "organisation_id"


async def test_numbers_that_are_none_are_refused_where_money_is_kept(
    owner: asyncpg.Connection,
) -> None:
    """PostgreSQL's numeric takes NaN; a sum over one is worthless."""
    for column in ("price", "partner_cost", "quantity"):
        with pytest.raises(asyncpg.CheckViolationError):
            async with owner.transaction():
                await owner.execute(f"UPDATE subscriptions SET {column} = 'NaN'")  # noqa: S608 - the columns named above
