"""A practice ground's Xero, connected to one organisation, and the engine that copies it."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from tests.support.api import Api, made_process, running_app, settings_for
from tests.support.clock import SetClock
from tests.support.copied import Copied
from tests.support.databases import Database
from tests.support.people import Mint
from tests.support.xero import xero_over_sockets, xero_settings

from billingone_api.process import Process
from billingone_api.sandbox.app import Sandbox, SandboxSettings, create_sandbox
from billingone_api.sandbox.xero.limits import XeroLimits
from billingone_api.sandbox.xero.room import XeroSettings

INVOICES = 620


@pytest.fixture
def sandbox(clock: SetClock) -> Sandbox:
    xero = XeroSettings(invoices=INVOICES, planted_bad=3, limits=XeroLimits.lifted())
    return create_sandbox(
        SandboxSettings(clients=20, xero=xero, clock=clock, algorithms=("ES256",))
    )


@pytest.fixture
async def host(sandbox: Sandbox) -> AsyncIterator[str]:
    async with xero_over_sockets(sandbox) as address:
        yield address


@pytest.fixture
async def process(database: Database, clock: SetClock, host: str) -> AsyncIterator[Process]:
    async with made_process(settings_for(database, **xero_settings(host)), clock=clock) as made:
        yield made


@pytest.fixture
async def copied(
    process: Process,
    mint: Mint,
    database: Database,
    organisation_id: UUID,
    sandbox: Sandbox,
    host: str,
) -> AsyncIterator[Copied]:
    async with running_app(process) as app:
        api = Api(app, mint, organisation_id)
        tenant = sandbox.xero.organisation
        made = Copied(api, process, database, sandbox, host, organisation_id, tenant)
        await made.connect(tenant)
        yield made
