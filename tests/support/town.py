"""The whole product in one process: the API, a worker, and a sandbox of the third parties."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import httpx
from tests.support.api import Api, made_process, running_app, settings_for
from tests.support.clock import SetClock
from tests.support.databases import Database
from tests.support.people import Mint
from tests.support.waiting import PATIENCE, until

from billingone_api.billing.sources import SOURCES
from billingone_api.process import Process
from billingone_api.sandbox.app import Sandbox, SandboxSettings, create_sandbox
from billingone_api.worker import Worker

BASE = "https://sandbox.test"


@dataclass(frozen=True)
class Town:
    """What a test may reach; `api` speaks for one organisation with nothing connected."""

    api: Api
    process: Process
    sandbox: Sandbox
    worker: Worker

    async def connect(self, secret: str | None = None) -> httpx.Response:
        """Save credentials of Pax8: the sandbox's, or others."""
        settings = self.sandbox.settings
        credentials = {
            "auth_mode": "client_credentials",
            "client_id": settings.client_id,
            "client_secret": secret or settings.client_secret,
        }
        return await self.api.finance.put(
            "/v1/integrations/pax8", json={"credentials": credentials}
        )

    async def sync(self, **headers: str) -> dict[str, Any]:
        """Ask for one, and see it end."""
        answer = await self.api.finance.post(
            "/v1/syncs", json={"sources": ["pax8"]}, headers=headers
        )
        assert answer.status_code == 202, answer.text
        self.worker.wake()
        return await self.ends(answer.json()["id"])

    async def ends(self, sync_id: str) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            while True:
                found = (await self.api.finance.get(f"/v1/syncs/{sync_id}")).json()
                if found["status"] not in {"queued", "running"}:
                    return dict(found)
                await asyncio.sleep(0.05)


@asynccontextmanager
async def town(
    database: Database,
    organisation_id: UUID,
    *,
    sandbox: SandboxSettings | None = None,
    **settings: Any,
) -> AsyncIterator[Town]:
    clock = SetClock()
    ground = create_sandbox(
        sandbox or SandboxSettings(base_url=BASE, clients=5, clock=clock, algorithms=("ES256",))
    )
    wanted = settings_for(
        database,
        pax8_api_url=ground.settings.pax8_api_url,
        pax8_token_url=ground.settings.pax8_token_url,
        worker_sweep_seconds=0.1,
        pax8_requests_per_second=1000,
        **settings,
    )
    async with made_process(wanted, clock=clock) as made:
        made.http._transport = httpx.ASGITransport(ground)
        process = replace(made, sleep=asyncio.sleep)
        worker = Worker(process, SOURCES)
        async with running_app(process) as app:
            working = asyncio.create_task(worker.run())
            try:
                yield Town(Api(app, Mint(clock), organisation_id), process, ground, worker)
            finally:
                worker.stop()
                await until(working.done)
                await working
