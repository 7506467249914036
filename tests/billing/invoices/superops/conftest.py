"""A practice ground's SuperOps, connected to one organisation, and the engine that copies it."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from tests.support.api import Api, made_process, running_app, settings_for
from tests.support.clock import SetClock
from tests.support.databases import Database
from tests.support.people import Mint
from tests.support.superops import superops_over_sockets, superops_settings
from tests.support.superops_copied import CopiedSuperOps

from billingone_api.process import Process
from billingone_api.sandbox.app import Sandbox, SandboxSettings, create_sandbox
from billingone_api.sandbox.superops.room import SuperopsSettings
from billingone_api.sandbox.xero.room import XeroSettings

INVOICES = 60


@pytest.fixture
def sandbox(clock: SetClock) -> Sandbox:
    superops = SuperopsSettings(invoices=INVOICES, planted_bad=2, limit=None)
    xero = XeroSettings(invoices=200, planted_bad=0)
    return create_sandbox(
        SandboxSettings(
            clients=20, superops=superops, xero=xero, clock=clock, algorithms=("ES256",)
        )
    )


@pytest.fixture
async def host(sandbox: Sandbox) -> AsyncIterator[str]:
    async with superops_over_sockets(sandbox) as address:
        yield address


@pytest.fixture
async def process(database: Database, clock: SetClock, host: str) -> AsyncIterator[Process]:
    settings = settings_for(database, **superops_settings(host))
    async with made_process(settings, clock=clock) as made:
        yield made


@pytest.fixture
async def copied(
    process: Process,
    mint: Mint,
    database: Database,
    organisation_id: UUID,
    sandbox: Sandbox,
    host: str,
) -> AsyncIterator[CopiedSuperOps]:
    async with running_app(process) as app:
        api = Api(app, mint, organisation_id)
        made = CopiedSuperOps(api, process, database, sandbox, host, organisation_id)
        await made.connect()
        yield made
