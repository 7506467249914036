import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from billingone_api.embedded.errors import EmbeddedServerError
from billingone_api.embedded.redis import EmbeddedRedis


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path / "a folder with 'odd' letters é") as running:
        yield running


async def test_it_keeps_what_it_is_given(server: EmbeddedRedis) -> None:
    async with Redis.from_url(server.url, decode_responses=True) as client:
        await client.set("bell", "rung")

        assert await client.get("bell") == "rung"


async def test_stopped_it_refuses_and_started_again_it_is_found_where_it_was(
    server: EmbeddedRedis,
) -> None:
    address = server.url
    async with Redis.from_url(address) as client:
        await client.set("bell", "rung")
        server.stop()
        server.stop()
        with pytest.raises(RedisConnectionError):
            await client.ping()

        server.start()
        server.start()

        assert server.url == address
        assert await client.get("bell") is None


async def test_killed_it_can_be_started_again_at_once(server: EmbeddedRedis) -> None:
    address = server.url
    pid = server._launcher._footprint.running_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert server._launcher._keeper is not None
    server._launcher._keeper.wait()

    server.start()

    assert server.url == address
    async with Redis.from_url(address) as client:
        assert await client.ping()


def test_its_address_is_unknown_before_the_start(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="Redis has no port yet: start it first"):
        _ = EmbeddedRedis(tmp_path).url
