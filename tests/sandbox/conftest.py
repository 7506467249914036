"""A small practice ground, reached in process or served, on a day of its own."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import uvicorn
from httpx import ASGITransport, AsyncClient, Response
from tests.support.clock import SetClock

from billingone_api.sandbox.app import Sandbox, SandboxSettings, create_sandbox

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@dataclass
class Pax8Caller:
    """A caller of Pax8 with a good token."""

    http: AsyncClient
    token: str

    async def get(self, path: str, **query: str | int) -> Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return await self.http.get(f"/pax8/v1{path}", params=query, headers=headers)


async def pax8_token(http: AsyncClient, sandbox: Sandbox) -> Response:
    asked = {
        "client_id": sandbox.settings.client_id,
        "client_secret": sandbox.settings.client_secret,
        "audience": "https://api.pax8.com",
        "grant_type": "client_credentials",
    }
    return await http.post("/pax8/v1/token", json=asked)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def sandbox(clock: SetClock) -> Sandbox:
    return create_sandbox(SandboxSettings(clients=20, clock=clock, algorithms=("ES256",)))


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(sandbox)
    async with AsyncClient(transport=transport, base_url="http://sandbox.test") as client:
        yield client


@pytest.fixture
async def served(sandbox: Sandbox) -> AsyncIterator[str]:
    """Its address on a real socket."""
    config = uvicorn.Config(sandbox, port=0, log_level=60, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


@pytest.fixture
async def pax8(http: AsyncClient, sandbox: Sandbox) -> Pax8Caller:
    answer = await pax8_token(http, sandbox)
    return Pax8Caller(http, answer.json()["access_token"])
