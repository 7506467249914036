"""A month's end at an organisation whose Pax8 and Xero have come through."""

import pytest
from tests.support.api import Api
from tests.support.databases import Database
from tests.support.month_end import MonthEnd
from tests.support.reconciled import House
from tests.support.sales import SalesBooks

from billingone_api.process import Process


@pytest.fixture
async def untouched(api: Api, database: Database, process: Process) -> MonthEnd:
    return MonthEnd(House(api, database, process), SalesBooks(database, api.organisation_id))


@pytest.fixture
async def month_end(untouched: MonthEnd) -> MonthEnd:
    await untouched.begun()
    return untouched
