"""The API as a caller meets it, in this process: real app, real database, no socket."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from tests.support.clock import SetClock
from tests.support.databases import Database, copied
from tests.support.people import ISSUER, RULES, SECRET, Mint
from tests.support.superops import superops_settings
from tests.support.xero import xero_settings

from billingone_api.billing.sources import SOURCES
from billingone_api.billing.syncs.ports import Source
from billingone_api.config import Settings
from billingone_api.database.api_keys import PostgresKeyDirectory
from billingone_api.database.engine import create_engine
from billingone_api.embedded.postgres import EmbeddedPostgres
from billingone_api.kit.auth.api_keys import KeyVerifier
from billingone_api.kit.auth.keys import SharedSecret
from billingone_api.kit.auth.tokens import TokenVerifier
from billingone_api.kit.cipher import Cipher, parse_key_ring
from billingone_api.kit.http.client import create_http_client
from billingone_api.kit.ids import new_id
from billingone_api.kit.inbound import Uncounted
from billingone_api.kit.pagination import Cursors
from billingone_api.main import create_app
from billingone_api.process import Process

KEYS = "k1:q83vMjFw5pmzZpeYI3gh7jC4mAItfVd1x0l1Vx2m6Bk="


@dataclass
class RecordingBell:
    """Counts how often it was rung."""

    rings: int = 0

    async def ring(self) -> None:
        self.rings += 1


@dataclass
class Naps:
    """Sleeps that take no time and are remembered."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@cache
def settings_for(database: Database, **more: Any) -> Settings:
    """Frozen, and the same for most tests: reading the environment is not done for each."""
    known: dict[str, Any] = {
        "database_url": database.application_url,
        "redis_url": "redis://127.0.0.1:1/0",
        "encryption_keys": KEYS,
        "panelone_issuer": ISSUER,
        "panelone_algorithms": "HS256",
        "panelone_shared_secret": SECRET,
        "pax8_api_url": "https://pax8.test/v1",
        "pax8_token_url": "https://pax8.test/v1/token",
        "log_level": "error",
    }
    known |= xero_settings() | superops_settings()
    return Settings(**(known | more))


@asynccontextmanager
async def made_process(settings: Settings, *, clock: SetClock) -> AsyncIterator[Process]:
    """As `running_process`, but with the test's time, a bell that counts and no waiting."""
    ring = parse_key_ring(settings.encryption_keys.get_secret_value())
    engine = create_engine(settings.database_url.get_secret_value(), pool_size=5, name="test")
    try:
        async with create_http_client() as http:
            process = Process(
                settings=settings,
                clock=clock,
                engine=engine,
                http=http,
                cipher=Cipher.of(ring),
                cursors=Cursors(ring.derive("cursors")),
                bell=RecordingBell(),
                tokens=TokenVerifier(RULES, keys=SharedSecret(SECRET), clock=clock),
                api_keys=KeyVerifier(PostgresKeyDirectory(engine), clock),
                limiter=Uncounted(),
                sleep=Naps(),
                jitter=lambda: 0.5,
            )
            yield process
            await process.settle()
    finally:
        await engine.dispose()


class _Frame:
    """An app that is lent to one test after another: making one takes longer than most tests."""

    def __init__(self, settings: Settings) -> None:
        self.app = create_app(settings, process=self)
        self.process: Process | None = None
        self._routes = len(self.app.routes)

    @property
    def is_as_made(self) -> bool:
        return len(self.app.routes) == self._routes

    async def __aenter__(self) -> Process:
        assert self.process is not None
        return self.process

    async def __aexit__(self, *_: object) -> None:
        self.process = None


_idle: defaultdict[tuple[Any, ...], list[_Frame]] = defaultdict(list)
"""Frames that nobody uses, by what of the settings is built into them."""


@asynccontextmanager
async def running_app(process: Process, *sources: Source) -> AsyncIterator[FastAPI]:
    settings = process.settings
    idle = _idle[settings.reference_page, settings.max_body_bytes, settings.cors_origins]
    frame = idle.pop() if idle else _Frame(settings)
    frame.process = process
    frame.app.state.sources = {source.key: source for source in sources or SOURCES}
    async with frame.app.router.lifespan_context(frame.app):
        yield frame.app
    if frame.is_as_made:
        idle.append(frame)


@dataclass(frozen=True)
class Api:
    """Callers of one organisation; `api.finance.get("/v1/…")`."""

    app: FastAPI
    mint: Mint
    organisation_id: UUID

    def caller(self, token: str | None, **headers: str) -> httpx.AsyncClient:
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://api.test", headers=headers)

    def as_role(self, role: str) -> httpx.AsyncClient:
        return self.caller(self.mint.person(self.organisation_id, role=role))

    def service(self, *scopes: str) -> httpx.AsyncClient:
        return self.caller(self.mint.service(self.organisation_id, *scopes))

    def of(self, organisation_id: UUID) -> "Api":
        """The same API for another organisation's people."""
        return Api(self.app, self.mint, organisation_id)

    @property
    def finance(self) -> httpx.AsyncClient:
        return self.as_role("Finance")

    @property
    def viewer(self) -> httpx.AsyncClient:
        return self.as_role("Viewer")

    @property
    def nobody(self) -> httpx.AsyncClient:
        return self.caller(None)


@asynccontextmanager
async def standing_api(server: EmbeddedPostgres) -> AsyncIterator[Api]:
    """For modules whose many tests ask one API that they do not change."""
    clock = SetClock()
    with copied(server) as database:
        organisation_id = await database.add_organisation(new_id())
        async with (
            made_process(settings_for(database), clock=clock) as process,
            running_app(process) as app,
        ):
            yield Api(app, Mint(clock), organisation_id)
