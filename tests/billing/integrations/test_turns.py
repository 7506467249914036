"""Whoever replaces credentials and whoever ends a sync take their locks in one order."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from tests.support.api import Api
from tests.support.clock import NOW
from tests.support.connections import CLIENT_ID, connect_pax8
from tests.support.databases import Database

from billingone_api.billing.syncs.models import Outcome, RunStatus
from billingone_api.billing.syncs.wiring import run_in
from billingone_api.kit.ids import new_id
from billingone_api.process import Process


@pytest.fixture
async def run_id(database: Database, process: Process, organisation_id: UUID) -> UUID:
    connection_id = await connect_pax8(database, process, organisation_id)
    made = new_id()
    await database.insert(
        "sync_runs",
        organisation_id=organisation_id,
        id=made,
        source="pax8",
        mode="full",
        connection_id=connection_id,
        status="running",
        queued_at=NOW,
    )
    return made


async def test_a_sync_that_ends_waits_for_the_credentials_before_it_holds_the_run(
    api: Api, database: Database, process: Process, run_id: UUID
) -> None:
    async def end() -> None:
        async with process.work(api.organisation_id) as work:
            await run_in(work, process, run_id).end(Outcome(RunStatus.SUCCEEDED))

    replacing = await asyncpg.connect(database.owner_url.replace("+asyncpg", ""))
    try:
        async with replacing.transaction():
            await replacing.execute("UPDATE integrations SET version = version + 1")
            ending = asyncio.create_task(end())
            await database.until_somebody_waits()
            await replacing.execute("SELECT 1 FROM sync_runs FOR UPDATE NOWAIT")
        await ending
    finally:
        await replacing.close()
    [run] = await database.as_owner("SELECT status FROM sync_runs")
    assert run["status"] == "succeeded"


async def test_credentials_that_are_replaced_wait_for_a_batch_before_they_hold_the_run(
    api: Api, database: Database, run_id: UUID
) -> None:
    credentials = {
        "auth_mode": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": "another",
    }
    writing = await asyncpg.connect(database.owner_url.replace("+asyncpg", ""))
    try:
        async with writing.transaction():
            await writing.execute("SELECT 1 FROM integrations FOR SHARE")
            saving = asyncio.create_task(
                api.finance.put("/v1/integrations/pax8", json={"credentials": credentials})
            )
            await database.until_somebody_waits()
            await writing.execute("SELECT 1 FROM sync_runs FOR UPDATE NOWAIT")
        assert (await saving).status_code == 200
    finally:
        await writing.close()
