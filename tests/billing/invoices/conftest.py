"""One organisation's books of Xero and SuperOps."""

from uuid import UUID

import pytest
from tests.support.databases import Database
from tests.support.sales import SalesBooks


@pytest.fixture
async def books(database: Database, organisation_id: UUID) -> SalesBooks:
    made = SalesBooks(database, organisation_id)
    await made.open()
    await made.open("superops")
    return made
