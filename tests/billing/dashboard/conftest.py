"""An organisation whose Pax8 has just been synced, and a way to say what it holds."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from tests.support.databases import Database
from tests.support.portfolio import connect_pax8, replace_all, subscription

from billingone_api.process import Process

Hold = Callable[..., Awaitable[None]]


@pytest.fixture
def hold(process: Process, organisation_id: UUID) -> Hold:
    """Makes these the organisation's subscriptions, each said by what is not plain of it."""

    async def hold(*facts: dict[str, Any]) -> None:
        async with process.work(organisation_id) as work:
            await replace_all(
                work.connection, organisation_id, [subscription(**one) for one in facts]
            )

    return hold


@pytest.fixture
async def pax8(database: Database, organisation_id: UUID) -> None:
    await connect_pax8(database, organisation_id)
