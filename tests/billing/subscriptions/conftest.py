"""One organisation's portfolio, and an engine to sync it."""

from uuid import UUID

import pytest
from tests.support.pax8 import Engine

from billingone_api.process import Process


@pytest.fixture
def engine(process: Process, organisation_id: UUID) -> Engine:
    return Engine(process, organisation_id)
