"""Bringing a database to the schema this program knows, and refusing one it does not."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from billingone_api.database.tenancy import APPLICATION_ROLE, OWNER_ROLE

SCHEMA_REVISION: Final = "0015"
"""The newest migration; a test compares it with the folder."""

TURN: Final = "SELECT pg_advisory_xact_lock(8201517)"
"""Two deployments at once take turns; the second finds nothing left to do."""


class SchemaError(Exception):
    """The database and this program do not fit; the message says what to do."""


def config_for(folder: Path) -> Config:
    """Alembic's configuration for the folder that holds `alembic.ini` and `migrations/`."""
    if not (folder / "alembic.ini").is_file():
        raise SchemaError(f"No alembic.ini in {folder}: run this where the migrations are.")
    return Config(str(folder / "alembic.ini"))


async def migrate(*, owner_url: str, application_url: str, folder: Path) -> str | None:
    """Create the application role where it is missing, then run every migration not yet run.

    Answers with what is left for the operator to do, or None.
    """
    engine = create_async_engine(owner_url, poolclass=NullPool)
    try:
        with explained(owner_url):
            async with engine.begin() as connection:
                advice = await connection.run_sync(_prepare, application_url)
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, config_for(folder))
    except DBAPIError as error:
        raise SchemaError(f"The migration stopped and changed nothing: {_words(error)}") from error
    except CommandError as error:
        raise SchemaError(
            f"The database is at a schema that the migrations in {folder} do not know ({error}): "
            "it belongs to a newer program, which has to be used with it."
        ) from error
    finally:
        await engine.dispose()
    return advice


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Tell in words that the database cannot be reached or does not let us in."""
    try:
        yield
    except (OSError, DBAPIError, asyncpg.InterfaceError) as error:
        there = make_url(url)
        raise SchemaError(
            f"The database {there.database} at {there.host}:{there.port or 5432} cannot be used "
            f"by {there.username}: {_words(error)}"
        ) from error


def _words(error: Exception) -> str:
    """PostgreSQL's own, without what SQLAlchemy puts around them."""
    told = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig else error
    return str(told) or type(told).__name__


def _prepare(connection: Connection, application_url: str) -> str | None:
    connection.exec_driver_sql(TURN)
    _ensure_roles(connection, application_url)
    return _plan_once(connection)


def _upgrade(connection: Connection, config: Config) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _plan_once(connection: Connection) -> str | None:
    """Have prepared statements planned once, whichever pool they come through.

    Each combination of filters is a statement of its own, so a plan made without the values is as
    good, and planning anew costs a third of PostgreSQL's time for a list.
    """
    owner, quoted = connection.execute(
        text(
            "SELECT pg_get_userbyid(datdba), quote_ident(datname) FROM pg_database"
            " WHERE datname = current_database()"
        )
    ).one()
    setting = f"ALTER DATABASE {quoted} SET plan_cache_mode = force_generic_plan"
    if owner != OWNER_ROLE:
        return f"For faster reads, run as {owner}, whose database it is: {setting}"
    connection.exec_driver_sql(setting)
    return None


def _ensure_roles(connection: Connection, application_url: str) -> None:
    application = make_url(application_url)
    user: Any = connection.exec_driver_sql("SELECT current_user").scalar_one()
    if user != OWNER_ROLE or application.username != APPLICATION_ROLE:
        raise SchemaError(
            f"DATABASE_OWNER_URL must sign in as {OWNER_ROLE} and DATABASE_URL as "
            f"{APPLICATION_ROLE}; policies and grants name these two roles."
        )
    sees_all = connection.execute(
        text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = :name"),
        {"name": APPLICATION_ROLE},
    ).scalar()
    if sees_all is None:
        _create_application_role(connection, application.password or "")
    elif sees_all:
        raise SchemaError(
            f"{APPLICATION_ROLE} bypasses row-level security: as a superuser, run "
            f"ALTER ROLE {APPLICATION_ROLE} NOSUPERUSER NOBYPASSRLS."
        )


def _create_application_role(connection: Connection, password: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_\-.~]{16,}", password):
        raise SchemaError(
            f"The password of {APPLICATION_ROLE} in DATABASE_URL needs 16 or more characters out "
            "of A-Z a-z 0-9 _ - . ~ so that the role can be created with it."
        )
    try:
        connection.exec_driver_sql(
            f"CREATE ROLE {APPLICATION_ROLE} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{password}'"
        )
    except ProgrammingError as error:
        raise SchemaError(
            f"The role {APPLICATION_ROLE} does not exist and {OWNER_ROLE} may not create it: "
            f"create it (LOGIN NOSUPERUSER NOBYPASSRLS), then migrate again."
        ) from error


async def check_schema(engine: AsyncEngine) -> None:
    """Refuse to start on a schema this program does not know, or as a role that sees too much."""
    async with engine.connect() as connection:
        user = (await connection.execute(_WHO_SEES_ALL, {"owner": OWNER_ROLE})).scalar()
        if user is not None:
            raise SchemaError(
                f"DATABASE_URL signs in as {user}, which row-level security does not bind to one "
                f"organisation; use {APPLICATION_ROLE}."
            )
        try:
            found = (
                await connection.exec_driver_sql("SELECT version_num FROM alembic_version")
            ).scalar()
        except ProgrammingError:
            found = None
    if found != SCHEMA_REVISION:
        raise SchemaError(
            f"The database is at schema {found or 'nothing'}, this program needs "
            f"{SCHEMA_REVISION}: run `billingone migrate` of the newer of the two."
        )


async def check_database(url: str) -> None:
    """`check_schema` for a program that has not started yet; also tells why nothing answers."""
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        with explained(url):
            await check_schema(engine)
    finally:
        await engine.dispose()


_WHO_SEES_ALL: Final = text(
    "SELECT rolname FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls"
    " OR pg_has_role(oid, to_regrole(:owner), 'MEMBER'))"
)
