"""The inbound limiter against a real Redis, and as callers of the API meet it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs
from tests.support.api import Api, running_app
from tests.support.clock import SetClock
from tests.support.databases import Database
from tests.support.figures import Figure
from tests.support.statements import taken

from billingone_api.embedded.redis import EmbeddedRedis
from billingone_api.kit.bell import redis_for
from billingone_api.kit.errors import TooManyRequests
from billingone_api.kit.ids import new_id
from billingone_api.kit.inbound import RedisLimiter
from billingone_api.process import Process

ORGANISATION = UUID("0192f0c1-2222-7000-8000-000000000001")
ORIGIN = "https://app.billingone.dev"


@pytest.fixture
async def client(redis: EmbeddedRedis) -> AsyncIterator[Redis]:
    made = redis_for(redis.url)
    await made.flushdb()
    yield made
    await made.aclose(close_connection_pool=True)


def limiter(
    client: Redis, clock: SetClock, *, principal: int = 3, organisation: int = 5
) -> RedisLimiter:
    return RedisLimiter(client, clock, per_principal=principal, per_organisation=organisation)


async def test_a_caller_is_told_what_is_left_and_refused_when_nothing_is(
    client: Redis, clock: SetClock
) -> None:
    judge = limiter(client, clock)
    told = [await judge.admit(ORGANISATION, "farah") for _ in range(3)]
    assert {headers["RateLimit-Policy"] for headers in told} == {
        '"principal";q=3;w=60, "organisation";q=5;w=60'
    }
    assert [headers["RateLimit"] for headers in told] == [
        '"principal";r=2;t=60, "organisation";r=4;t=60',
        '"principal";r=1;t=60, "organisation";r=3;t=60',
        '"principal";r=0;t=60, "organisation";r=2;t=60',
    ]
    with pytest.raises(TooManyRequests) as caught:
        await judge.admit(ORGANISATION, "farah")
    assert caught.value.headers == {
        "RateLimit-Policy": '"principal";q=3;w=60',
        "RateLimit": '"principal";r=0;t=60',
        "Retry-After": "60",
    }


async def test_a_caller_who_is_over_uses_up_nothing_of_their_colleagues_share(
    client: Redis, clock: SetClock
) -> None:
    judge = limiter(client, clock)
    for _ in range(50):
        with_luck = judge.admit(ORGANISATION, "flooding")
        await asyncio.gather(with_luck, return_exceptions=True)
    assert (await judge.admit(ORGANISATION, "quiet"))["RateLimit"].endswith(
        '"organisation";r=1;t=60'
    )


async def test_an_organisation_has_a_limit_of_its_own_and_no_others(
    client: Redis, clock: SetClock
) -> None:
    judge = limiter(client, clock)
    for name in ("a", "b", "c", "d", "e"):
        await judge.admit(ORGANISATION, name)
    with pytest.raises(TooManyRequests) as caught:
        await judge.admit(ORGANISATION, "f")
    assert caught.value.headers["RateLimit"] == ('"principal";r=2;t=60, "organisation";r=0;t=60')
    assert "organisation" in caught.value.detail
    await judge.admit(new_id(), "f")


async def test_a_window_ends(client: Redis, clock: SetClock) -> None:
    judge = limiter(client, clock, principal=1)
    await judge.admit(ORGANISATION, "farah")
    for key in await client.keys("requests:*"):
        assert 59_000 < await client.pttl(key) <= 60_000
        await client.pexpire(key, 1)
    await asyncio.sleep(0.05)
    await judge.admit(ORGANISATION, "farah")


async def test_names_are_kept_apart_whatever_they_are(client: Redis, clock: SetClock) -> None:
    judge = limiter(client, clock, principal=1, organisation=1000)
    names = ["", "a", "a:b", "a b", "\n", "é", "\ud800", "{x}", "x" * 10_000]
    for name in names:
        await judge.admit(ORGANISATION, name)
    assert len(await client.keys("requests:*")) == len(names) + 1


async def test_a_request_costs_one_round_trip(client: Redis, clock: SetClock) -> None:
    judge = limiter(client, clock)
    await judge.admit(ORGANISATION, "farah")
    before = (await client.info("commandstats"))["cmdstat_eval"]["calls"]
    asked = (await client.info("stats"))["total_commands_processed"]
    await judge.admit(ORGANISATION, "farah")
    after = await client.info("stats")
    assert (await client.info("commandstats"))["cmdstat_eval"]["calls"] == before + 1
    # what the script itself does is counted as well: INCR and PTTL for each of two keys
    assert after["total_commands_processed"] - asked <= 1 + 4 + 2


@pytest.fixture
def hanging() -> Iterator[str]:
    """A Redis that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.mark.parametrize("where", ["hanging", "away"])
async def test_without_redis_everybody_is_let_through_and_it_is_said_once_in_a_while(
    hanging: str, clock: SetClock, where: str, figure: Figure
) -> None:
    client = redis_for(hanging if where == "hanging" else "redis://127.0.0.1:1/0")
    judge = limiter(client, clock, principal=1)
    with capture_logs() as logs:
        for _ in range(100):
            assert await judge.admit(ORGANISATION, "farah") == {}
        clock.move(seconds=6)
        await judge.admit(ORGANISATION, "farah")
        assert [line["event"] for line in logs] == ["requests_not_counted"]
        clock.move(seconds=61)
        await judge.admit(ORGANISATION, "farah")
    assert [line["event"] for line in logs] == ["requests_not_counted"] * 2
    assert judge.uncounted == 102
    await client.aclose(close_connection_pool=True)
    figure(f"23: Redis {where}: 102 of 102 let through, told twice, counted for the metric")


async def test_limits_hold_again_once_redis_is_back(client: Redis, clock: SetClock) -> None:
    judge = limiter(client, clock, principal=1)
    await client.config_set("maxmemory", "1")
    try:
        await judge.admit(ORGANISATION, "farah")
        assert judge.uncounted == 1
    finally:
        await client.config_set("maxmemory", "0")
    clock.move(seconds=5)
    await judge.admit(ORGANISATION, "farah")
    with pytest.raises(TooManyRequests):
        await judge.admit(ORGANISATION, "farah")


@pytest.fixture
async def limited(process: Process, api: Api, client: Redis, clock: SetClock) -> AsyncIterator[Api]:
    judge = limiter(client, clock, principal=10, organisation=25)
    async with running_app(replace(process, limiter=judge)) as app:
        yield Api(app, api.mint, api.organisation_id)


async def test_429_is_a_problem_that_a_browser_may_read(limited: Api) -> None:
    answers = [
        await limited.viewer.get("/v1/definitions", headers={"Origin": ORIGIN}) for _ in range(11)
    ]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    good, refused = answers[0], answers[-1]
    assert good.headers["ratelimit"].startswith('"principal";r=9;t=')
    assert refused.json()["code"] == "rate_limited"
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["ratelimit"].startswith('"principal";r=0;t=')
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    exposed = good.headers["access-control-expose-headers"]
    assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= set(exposed.split(", "))


async def test_a_request_whose_body_is_refused_counts_once(limited: Api) -> None:
    bodies: list[Any] = [b"{", b"[]", b'{"sources": 7}', b"x" * 100]
    headers = {"Content-Type": "application/json"}
    for left, body in zip((9, 8, 7, 6), bodies, strict=True):
        answer = await limited.finance.post("/v1/syncs", content=body, headers=headers)
        assert answer.status_code == 422
        assert answer.headers["ratelimit"].startswith(f'"principal";r={left};')


async def test_what_is_open_and_who_is_nobody_is_not_counted(limited: Api, client: Redis) -> None:
    for _ in range(30):
        assert (await limited.nobody.get("/livez")).status_code == 200
        assert (await limited.viewer.get("/livez")).status_code == 200
        assert (await limited.nobody.get("/v1/me")).status_code == 401
    assert await client.keys("requests:*") == []


async def test_one_tenants_flood_takes_no_connection_and_leaves_the_others_theirs(
    limited: Api, process: Process, database: Database, figure: Figure
) -> None:
    """Of 300 requests at once ten reach the database; whoever else asks meanwhile is answered."""
    quiet = limited.of(await database.add_organisation(new_id(), name="Quiet"))
    with taken(process) as connections:
        flood = [asyncio.create_task(limited.viewer.get("/v1/definitions")) for _ in range(300)]
        others = [await quiet.viewer.get("/v1/definitions") for _ in range(5)]
        statuses = [(await task).status_code for task in flood]
    assert [answer.status_code for answer in others] == [200] * 5
    assert others[-1].headers["ratelimit"].startswith('"principal";r=5;')
    assert sorted(set(statuses)) == [200, 429]
    assert statuses.count(200) == 10
    assert len(connections) == 10 + 5
    figure(
        f"23: a flood of {len(flood)} of one tenant: {statuses.count(429)} got 429 without a "
        "database connection; another tenant's 5 requests meanwhile all got 200"
    )
