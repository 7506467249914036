"""A small practice ground, reached in process, on a day of its own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
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
async def pax8(http: AsyncClient, sandbox: Sandbox) -> Pax8Caller:
    answer = await pax8_token(http, sandbox)
    return Pax8Caller(http, answer.json()["access_token"])
