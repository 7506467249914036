"""Bringing a database to the schema this program knows, and refusing one it does not."""

import re
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from billingone_api.database.tenancy import APPLICATION_ROLE, OWNER_ROLE

SCHEMA_REVISION = "0001"
"""The newest migration; a test compares it with the folder."""


class SchemaError(Exception):
    """The database and this program do not fit; the message says what to do."""


def config_for(folder: Path) -> Config:
    """Alembic's configuration for the folder that holds `alembic.ini` and `migrations/`."""
    if not (folder / "alembic.ini").is_file():
        raise SchemaError(f"No alembic.ini in {folder}: run this where the migrations are.")
    return Config(str(folder / "alembic.ini"))


async def migrate(*, owner_url: str, application_url: str, folder: Path) -> None:
    """Create the application role where it is missing, then run every migration not yet run."""
    engine = create_async_engine(owner_url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_ensure_roles, application_url)
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, config_for(folder))
    except DBAPIError as error:
        raise SchemaError(f"The migration stopped and changed nothing: {error.orig}") from error
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, config: Config) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _ensure_roles(connection: Connection, application_url: str) -> None:
    application = make_url(application_url)
    user: Any = connection.exec_driver_sql("SELECT current_user").scalar_one()
    if user != OWNER_ROLE or application.username != APPLICATION_ROLE:
        raise SchemaError(
            f"DATABASE_OWNER_URL must sign in as {OWNER_ROLE} and DATABASE_URL as "
            f"{APPLICATION_ROLE}; policies and grants name these two roles."
        )
    known = connection.execute(
        text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": APPLICATION_ROLE}
    ).scalar()
    if not known:
        _create_application_role(connection, application.password or "")


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
        role = (
            await connection.exec_driver_sql(
                "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
            )
        ).scalar_one()
        if role:
            raise SchemaError(
                "DATABASE_URL signs in as a role that bypasses row-level security; "
                f"use {APPLICATION_ROLE}."
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
            f"{SCHEMA_REVISION}: run `billingone migrate` with this version."
        )
