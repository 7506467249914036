from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from tests.support.api import Api, running_app
from tests.support.databases import Database
from tests.support.people import Mint
from tests.support.sources import FakeSource, connect

from billingone_api.process import Process


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def xero() -> FakeSource:
    return FakeSource("xero", {"contacts": [["Contact A"], ["Contact B"]]})


@pytest.fixture
async def connection_id(database: Database, organisation_id: UUID) -> UUID:
    return await connect(database, organisation_id)


@pytest.fixture
async def api(
    process: Process, mint: Mint, organisation_id: UUID, source: FakeSource, xero: FakeSource
) -> AsyncIterator[Api]:
    async with running_app(process, source, xero) as app:
        yield Api(app, mint, organisation_id)
