"""Runs migrations as the owner, never waiting long for a lock."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from billingone_api.config import Settings
from billingone_api.database import tables
from billingone_api.database.migrations import TURN
from billingone_api.database.tenancy import metadata

tables.load()


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, compare_type=True)
    with context.begin_transaction():
        connection.exec_driver_sql(TURN)
        # A migration that waits for a lock makes every query behind it wait too: better to give
        # up. Only from here on, for a turn may take longer.
        connection.exec_driver_sql("SET LOCAL lock_timeout = '4s'")
        connection.exec_driver_sql("SET LOCAL statement_timeout = '15min'")
        context.run_migrations()


async def connect_and_run(url: str) -> None:
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


def owner_url() -> str:
    given = context.config.get_main_option("sqlalchemy.url")
    if given:
        return given
    settings = Settings.load()
    url = settings.database_owner_url or settings.database_url
    return url.get_secret_value()


given_connection = context.config.attributes.get("connection")
if given_connection is not None:
    run(given_connection)
else:
    asyncio.run(connect_and_run(owner_url()))
