"""A key set that misbehaves behind a real socket, and what callers of the API notice of it."""

import asyncio
import contextlib
import gzip
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.kit.auth.mint import (
    AUDIENCE,
    ISSUER,
    NOW,
    ORGANISATION,
    Mint,
    rs256,
    rsa_key,
    rsa_record,
)
from tests.support.api import made_process, running_app, settings_for
from tests.support.clock import SetClock
from tests.support.databases import Database
from tests.support.figures import Figure
from tests.support.server import serving

from billingone_api.kit.auth.keys import LARGEST_KEY_SET, JwksKeys
from billingone_api.kit.auth.rules import TokenRules
from billingone_api.kit.auth.tokens import TokenVerifier

MINT = Mint()
OLD = rsa_record(rsa_key("main"), "rsa-1")
NEW = rsa_record(rsa_key("second"), "new")
STRANGERS = rsa_record(rsa_key("stranger"), "rsa-1")
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def whole(body: bytes, *, status: str = "200 OK", headers: str = "") -> Answer:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}Connection: close\r\n\r\n"

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(head.encode() + body)

    return write


def keys(*records: Any) -> bytes:
    return json.dumps({"keys": list(records)}).encode()


async def silence(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def drip(writer: asyncio.StreamWriter) -> None:
    """A byte at a time, so that no time-out between two reads ever strikes."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b" " * 65_536)
        await writer.drain()


async def broken(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + keys(NEW)[:50])


async def no_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.panelone.example ESMTP\r\n")


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@dataclass
class KeyServer:
    """PanelOne's key set at `/jwks.json`; everywhere else waits somebody who forges."""

    answer: Answer = field(default_factory=lambda: whole(keys(OLD)))
    asked: Counter[str] = field(default_factory=Counter)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A caller that gives up ends the connection in the middle of whatever is written.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            self.asked[path] += 1
            await (self.answer if path == "/jwks.json" else whole(keys(STRANGERS)))(writer)
            await writer.drain()
        writer.close()


@dataclass(frozen=True)
class Door:
    """The API before that key server; `me` comes with a token signed as told."""

    http: httpx.AsyncClient
    server: KeyServer
    clock: SetClock

    async def me(self, *, key: str = "main", **header: Any) -> int:
        token = MINT.token(header=MINT.header | header, signer=rs256(rsa_key(key)))
        answer = await self.http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
        return answer.status_code


@pytest.fixture
async def server() -> AsyncIterator[KeyServer]:
    made = KeyServer()
    listening = await asyncio.start_server(made, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()


@asynccontextmanager
async def standing(
    database: Database, server: KeyServer, *, patience: float
) -> AsyncIterator[Door]:
    clock = SetClock(NOW)
    await database.add_organisation(UUID(ORGANISATION))
    url = f"{server.url}/jwks.json"
    rules = TokenRules(issuer=ISSUER, audience=AUDIENCE, algorithms=("RS256",), jwks_url=url)
    async with made_process(settings_for(database), clock=clock) as process:
        published = JwksKeys(
            http=process.http, url=url, clock=clock, time_out=timedelta(seconds=patience)
        )
        verifier = TokenVerifier(rules, keys=published, clock=clock)
        async with (
            running_app(replace(process, tokens=verifier)) as app,
            serving(app) as port,
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60
            ) as http,
        ):
            yield Door(http, server, clock)
        await published.aclose()


@pytest.fixture
async def door(database: Database, server: KeyServer) -> AsyncIterator[Door]:
    async with standing(database, server, patience=60) as made:
        yield made


@pytest.fixture
async def impatient(database: Database, server: KeyServer) -> AsyncIterator[Door]:
    async with standing(database, server, patience=1) as made:
        yield made


MISBEHAVIOUR: dict[str, Answer] = {
    "silence": silence,
    "a byte now and then": drip,
    "a body without end": endless,
    "nothing": whole(b""),
    "an empty set": whole(keys()),
    "a set beyond all measure": whole(b" " * LARGEST_KEY_SET + keys(NEW)),
    "a small body that unpacks beyond all measure": whole(
        gzip.compress(b" " * 50_000_000 + keys(NEW)), headers="Content-Encoding: gzip\r\n"
    ),
    "a redirect to somebody else": whole(
        keys(NEW), status="302 Found", headers="Location: /forged.json\r\n"
    ),
    "a permanent redirect": whole(
        keys(NEW), status="308 Permanent Redirect", headers="Location: /forged.json\r\n"
    ),
    "an error": whole(keys(NEW), status="500 Internal Server Error"),
    "a page": whole(b"<h1>We will be right back</h1>"),
    "half of it": broken,
    "another protocol": no_http,
    "a hang-up": hang_up,
}


@pytest.mark.parametrize("way", MISBEHAVIOUR)
async def test_a_key_set_that_misbehaves_costs_nobody_their_way_in(
    impatient: Door, way: str
) -> None:
    """Before the first good set: 503, told once a cool-down. After it: the last good set holds."""
    impatient.server.answer = MISBEHAVIOUR[way]
    assert [await impatient.me() for _ in range(3)] == [503, 503, 503]
    impatient.server.answer = whole(keys(OLD))
    impatient.clock.move(seconds=10)
    assert await impatient.me() == 200
    impatient.server.answer = MISBEHAVIOUR[way]
    impatient.clock.move(minutes=10)
    assert await impatient.me() == 200
    assert await impatient.me(key="second", kid="new") == 401
    assert await impatient.me() == 200
    # The first fetch of each while, the good one, and one more for the stale set or the new id.
    assert impatient.server.asked.keys() == {"/jwks.json"}
    assert impatient.server.asked["/jwks.json"] in {3, 4}


async def test_how_many_ways_a_key_set_may_misbehave(figure: Figure) -> None:
    figure(f"2: {len(MISBEHAVIOUR)} ways to misbehave over a socket, none costs the last good set")
    assert len(MISBEHAVIOUR) == 14


async def test_a_known_key_never_waits_for_a_fetch(door: Door) -> None:
    """The answer to the refresh is held back until everybody has been served."""
    assert await door.me() == 200
    gate, entered = asyncio.Event(), asyncio.Event()

    async def held(writer: asyncio.StreamWriter) -> None:
        entered.set()
        await gate.wait()
        await whole(keys(OLD, NEW))(writer)

    door.server.answer = held
    door.clock.move(minutes=10)
    assert await door.me() == 200
    await asyncio.wait_for(entered.wait(), 10)
    assert await asyncio.gather(*(door.me() for _ in range(20))) == [200] * 20
    assert not gate.is_set()
    gate.set()
    assert await door.me(key="second", kid="new") == 200
    assert door.server.asked["/jwks.json"] == 2


async def test_a_new_key_works_at_first_use_and_an_old_one_ends_with_its_set(door: Door) -> None:
    assert await door.me() == 200
    door.server.answer = whole(keys(NEW))
    assert await door.me(key="second", kid="new") == 200
    assert await door.me() == 401
    assert door.server.asked["/jwks.json"] == 2


@pytest.mark.parametrize("at_once", [True, False])
async def test_three_hundred_random_key_ids_cause_two_fetches_at_most(
    door: Door, figure: Figure, *, at_once: bool
) -> None:
    assert await door.me() == 200
    asked = [door.me(key="stranger", kid=f"random-{number}") for number in range(300)]
    verdicts = await asyncio.gather(*asked) if at_once else [await one for one in asked]
    fetches = door.server.asked["/jwks.json"]
    figure(f"2: 300 random key ids {'at once' if at_once else 'in a row'}, {fetches} fetches")
    assert set(verdicts) == {401}
    assert fetches <= 2
    assert await door.me() == 200


async def test_under_a_flood_a_new_key_works_one_cooldown_later(door: Door) -> None:
    assert await door.me() == 200
    assert await door.me(key="stranger", kid="random") == 401
    door.server.answer = whole(keys(OLD, NEW))
    assert await door.me(key="second", kid="new") == 401
    door.clock.move(seconds=10)
    assert await door.me(key="second", kid="new") == 200


@pytest.mark.parametrize("member", ["jku", "x5u"])
@pytest.mark.parametrize("kid", ["rsa-1", "theirs"])
async def test_where_a_token_says_its_key_is_nobody_looks(
    door: Door, member: str, kid: str
) -> None:
    address = f"{door.server.url}/forged.json"
    assert await door.me(key="stranger", kid=kid, **{member: address}) == 401
    assert await door.me(**{member: address}) == 200
    assert door.server.asked.keys() == {"/jwks.json"}
