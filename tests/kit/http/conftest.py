import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from ssl import SSLContext

import httpx
import pytest
import respx
from tests.support.clock import SetClock
from tests.support.outside import Turns, Waits

from billingone_api.kit.http.calls import JsonCalls
from billingone_api.kit.http.client import create_http_client
from billingone_api.kit.http.retries import RetryPolicy


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def upstream() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        yield router


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with create_http_client() as client:
        yield client


@pytest.fixture
def policy() -> RetryPolicy:
    """The real one, with its jitter at the middle."""
    return RetryPolicy(jitter=lambda: 0.5)


@pytest.fixture
def calls(
    http: httpx.AsyncClient, clock: SetClock, waits: Waits, turns: Turns, policy: RetryPolicy
) -> JsonCalls:
    return JsonCalls(http, limiter=turns, clock=clock, sleep=waits, policy=policy)


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Serve = Callable[..., AbstractAsyncContextManager[str]]


@pytest.fixture
def serve() -> Serve:
    """Serves every connection on loopback as told; the context gives `host:port`."""

    @asynccontextmanager
    async def serving(answer: Answer, *, tls: SSLContext | None = None) -> AsyncIterator[str]:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await answer(reader, writer)
            finally:
                writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
        host, port = server.sockets[0].getsockname()
        try:
            yield f"{host}:{port}"
        finally:
            server.close()

    return serving
