from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from tests.database.rows import ONE, TWO, fill
from tests.support.databases import Database, copied

from billingone_api.embedded.postgres import EmbeddedPostgres


def plain(url: str) -> str:
    return url.replace("+asyncpg", "")


@pytest.fixture(scope="module")
def module_database(postgres: EmbeddedPostgres) -> Iterator[Database]:
    with copied(postgres) as made:
        yield made


@pytest.fixture(scope="module")
async def two_organisations(module_database: Database) -> Database:
    """A row of each of two organisations in every table; tests roll back what they do."""
    connection = await asyncpg.connect(plain(module_database.owner_url))
    try:
        await fill(connection, ONE, TWO)
    finally:
        await connection.close()
    return module_database


@pytest.fixture
async def application(two_organisations: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the application's role, in a transaction that is undone."""
    connection = await asyncpg.connect(plain(two_organisations.application_url))
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield connection
    finally:
        await transaction.rollback()
        await connection.close()


@pytest.fixture
async def owner(two_organisations: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(plain(two_organisations.owner_url))
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield connection
    finally:
        await transaction.rollback()
        await connection.close()
