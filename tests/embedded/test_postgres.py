import stat
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from billingone_api.embedded.errors import EmbeddedServerError
from billingone_api.embedded.postgres import APPLICATION, OWNER, EmbeddedPostgres

TRUSTED_EXTENSIONS = ("pg_trgm", "btree_gist", "btree_gin", "unaccent", "citext")


@pytest.fixture(scope="module")
def server(module_folder: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(module_folder, durable=False) as running:
        running.create_database("product")
        yield running


async def connected(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(url.replace("+asyncpg", ""))


async def answer(url: str, *statements: str) -> object:
    """The last statement's first value."""
    connection = await connected(url)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


@pytest.mark.parametrize("role", [OWNER, APPLICATION])
async def test_a_role_may_log_in_and_has_no_power_over_the_server(
    server: EmbeddedPostgres, role: str
) -> None:
    connection = await connected(server.superuser_url("postgres"))
    row = await connection.fetchrow(
        "SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication"
        " FROM pg_roles WHERE rolname = $1",
        role,
    )
    memberships = await connection.fetchval(
        "SELECT count(*) FROM pg_auth_members WHERE member = $1::regrole", role
    )
    await connection.close()

    assert row is not None
    assert tuple(row) == (True, False, False, False, False, False)
    assert memberships == 0


async def test_the_application_cannot_bypass_row_level_security(server: EmbeddedPostgres) -> None:
    await answer(
        server.owner_url("product"),
        "CREATE TABLE guarded (id int)",
        "INSERT INTO guarded VALUES (1)",
        "ALTER TABLE guarded ENABLE ROW LEVEL SECURITY",
        f"GRANT SELECT ON guarded TO {APPLICATION}",
        "SELECT 1",
    )

    url = server.application_url("product")
    assert await answer(url, "SELECT count(*) FROM guarded") == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await answer(url, "SET row_security = off", "SELECT count(*) FROM guarded")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await answer(url, f"SET ROLE {OWNER}", "SELECT 1")


async def test_the_application_owns_nothing_and_may_create_nothing(
    server: EmbeddedPostgres,
) -> None:
    owned = (
        "SELECT count(*) FROM pg_shdepend"
        " WHERE refobjid = 'billingone_app'::regrole AND deptype = 'o'"
    )

    assert await answer(server.superuser_url("product"), owned) == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await answer(server.application_url("product"), "CREATE TABLE mine (id int)", "SELECT 1")


async def test_the_owner_may_create_the_extensions_the_schema_needs(
    server: EmbeddedPostgres,
) -> None:
    created = [f"CREATE EXTENSION {extension}" for extension in TRUSTED_EXTENSIONS]

    count = "SELECT count(*) FROM pg_extension WHERE extname <> 'plpgsql'"
    assert await answer(server.owner_url("product"), *created, count) == len(TRUSTED_EXTENSIONS)


async def test_text_is_utf_8_in_the_builtin_locale(server: EmbeddedPostgres) -> None:
    locale = (
        "SELECT concat_ws(' ', pg_encoding_to_char(encoding), datlocprovider, datlocale)"
        " FROM pg_database WHERE datname = current_database()"
    )

    assert await answer(server.owner_url("product"), locale) == "UTF8 b C.UTF-8"
    assert await answer(server.owner_url("product"), "SELECT upper('é')") == "É"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("fsync", "off"),
        ("synchronous_commit", "off"),
        ("full_page_writes", "off"),
        ("jit", "off"),
        ("max_connections", "200"),
        ("shared_buffers", "128MB"),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("password_encryption", "scram-sha-256"),
        ("TimeZone", "UTC"),
    ],
)
async def test_a_server_for_tests_is_fast_and_closed(
    server: EmbeddedPostgres, setting: str, expected: str
) -> None:
    assert await answer(server.superuser_url("postgres"), f"SHOW {setting}") == expected


async def test_a_wrong_password_is_refused(server: EmbeddedPostgres) -> None:
    right = server.application_url("product")
    password = right.split(":")[2].split("@")[0]

    with pytest.raises(asyncpg.InvalidPasswordError):
        await connected(right.replace(password, "wrong"))


def test_nobody_else_may_read_the_passwords_the_data_or_the_log(
    server: EmbeddedPostgres, module_folder: Path
) -> None:
    open_to_others = stat.S_IRWXG | stat.S_IRWXO
    for name in ("passwords.json", "data", "postgresql.log"):
        assert (module_folder / name).stat().st_mode & open_to_others == 0


async def test_a_database_is_the_owners(server: EmbeddedPostgres) -> None:
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"

    assert await answer(server.application_url("product"), owner) == OWNER


async def test_a_copy_has_the_rows_of_its_template_and_then_its_own(
    server: EmbeddedPostgres,
) -> None:
    server.create_database("template")
    await answer(server.owner_url("template"), "CREATE TABLE kept AS SELECT 7 AS n", "SELECT 1")

    server.create_database("Copy-of_it", template="template")

    changed = await answer(
        server.owner_url("Copy-of_it"), "UPDATE kept SET n = n + 1", "SELECT n FROM kept"
    )
    assert changed == 8
    assert await answer(server.owner_url("template"), "SELECT n FROM kept") == 7


async def test_dropping_a_database_ends_the_connections_to_it(server: EmbeddedPostgres) -> None:
    server.create_database("passing")
    connection = await connected(server.application_url("passing"))

    server.drop_database("passing")
    server.drop_database("passing")

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.fetchval("SELECT 1")
    connection.terminate()
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await connected(server.application_url("passing"))


@pytest.mark.parametrize("name", ["", "a b", 'a"b', "a?b", "a/b", "-a", "a" * 64, "a\0"])
def test_a_name_that_would_read_otherwise_elsewhere_is_refused(
    server: EmbeddedPostgres, name: str
) -> None:
    with pytest.raises(EmbeddedServerError, match="cannot name a database here"):
        server.create_database(name)
    with pytest.raises(EmbeddedServerError, match="cannot name a database here"):
        server.owner_url(name)


def test_what_postgresql_refuses_is_told_in_its_own_words(server: EmbeddedPostgres) -> None:
    with pytest.raises(EmbeddedServerError, match='database "product" already exists'):
        server.create_database("product")


def test_an_address_is_unknown_before_the_start(folder: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="start it first"):
        EmbeddedPostgres(folder).owner_url("product")
