"""An organisation whose Pax8 has just been synced."""

import pytest
from tests.support.api import Api
from tests.support.databases import Database
from tests.support.reconciled import House

from billingone_api.process import Process


@pytest.fixture
async def house(api: Api, database: Database, process: Process) -> House:
    made = House(api, database, process)
    await made.synced()
    return made
