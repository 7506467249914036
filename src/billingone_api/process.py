"""What one process shares, and what one request works with."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import httpx
import structlog
from fastapi import Depends, Header, Query, Request, Security
from fastapi.security import HTTPBearer
from sqlalchemy.ext.asyncio import AsyncEngine

from billingone_api.config import ConfigurationError, Settings
from billingone_api.database.api_keys import PostgresKeyDirectory
from billingone_api.database.backlog import Gauges
from billingone_api.database.engine import create_engine
from billingone_api.database.idempotency import PostgresAnswers
from billingone_api.database.unit_of_work import UnitOfWork, unit_of_work
from billingone_api.kit import metrics
from billingone_api.kit.auth.api_keys import KeyVerifier, is_api_key
from billingone_api.kit.auth.identity import Identity
from billingone_api.kit.auth.keys import JwksKeys, keys_for
from billingone_api.kit.auth.tokens import TokenVerifier, bearer
from billingone_api.kit.bell import ArqBell, Bell, redis_for
from billingone_api.kit.cipher import Cipher
from billingone_api.kit.clock import Clock, SystemClock
from billingone_api.kit.errors import OrganisationMismatch
from billingone_api.kit.events import BY_ITSELF, ActorKind, Origin
from billingone_api.kit.http.calls import Sleep
from billingone_api.kit.http.client import create_http_client
from billingone_api.kit.http.retries import Jitter
from billingone_api.kit.idempotency import offer
from billingone_api.kit.inbound import InboundLimiter, RedisLimiter
from billingone_api.kit.pagination import Cursors
from billingone_api.kit.problems import request_id
from billingone_api.kit.requests import tell
from billingone_api.kit.secrecy import remember_always
from billingone_api.kit.streams import Poller
from billingone_api.kit.tickets import MAX_EVENT_ID, MAX_TICKET, Tickets
from billingone_api.kit.tracing import exported

ORGANISATION_HEADER = "X-Organisation-Id"
LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", max_length=MAX_EVENT_ID, description="Goes on after this event."),
]
_COUNTED = "counted"  # a request whose body is refused asks twice whose it is

Subscriber: TypeAlias = Callable[["Process", UnitOfWork], Awaitable[None]]
"""Writes down what a transaction tells of, before it commits; its failure undoes the whole."""


@dataclass(frozen=True, slots=True)
class Process:
    """Everything that is made once per process; tests put together their own."""

    settings: Settings
    clock: Clock
    engine: AsyncEngine
    http: httpx.AsyncClient
    cipher: Cipher
    cursors: Cursors
    bell: Bell
    tokens: TokenVerifier
    api_keys: KeyVerifier
    limiter: InboundLimiter
    pollers: dict[str, Poller[Any, Any]] = field(default_factory=dict)
    sleep: Sleep = asyncio.sleep
    jitter: Jitter = random.random
    subscribers: Sequence[Subscriber] = ()

    @property
    def tickets(self) -> Tickets:
        return Tickets(self.cipher, self.cursors, self.clock)

    def work(
        self, organisation_id: UUID, *, origin: Origin = BY_ITSELF
    ) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction of its own, for whoever is not inside a request's."""
        return unit_of_work(
            self.engine, organisation_id=organisation_id, origin=origin, publish=self._publish
        )

    async def _publish(self, work: UnitOfWork) -> None:
        for subscriber in self.subscribers:
            await subscriber(self, work)


@asynccontextmanager
async def running_process(settings: Settings, *, name: str) -> AsyncIterator[Process]:
    """Make what a process shares, and close it again whatever happens."""
    ring, rules = settings.key_ring, settings.token_rules
    remember_always(*settings.secrets)
    async with AsyncExitStack() as stack:
        is_traced = settings.otel_exporter_otlp_endpoint is not None
        stack.enter_context(exported(service=name, is_wanted=is_traced))
        http = await stack.enter_async_context(create_http_client())
        engine = create_engine(
            settings.database_url.get_secret_value(),
            pool_size=settings.database_pool_size,
            name=name,
        )
        stack.push_async_callback(engine.dispose)
        redis = redis_for(settings.redis_url.get_secret_value())
        stack.push_async_callback(redis.aclose, close_connection_pool=True)
        clock = SystemClock()
        keys = keys_for(rules, http=http, clock=clock)
        if isinstance(keys, JwksKeys):
            stack.push_async_callback(keys.aclose)
        limiter = RedisLimiter(
            redis,
            clock,
            per_principal=settings.requests_per_minute,
            per_organisation=settings.organisation_requests_per_minute,
        )
        stack.enter_context(_measured(settings, engine, limiter))
        yield Process(
            settings=settings,
            clock=clock,
            engine=engine,
            http=http,
            cipher=Cipher.of(ring),
            cursors=Cursors(ring.derive("cursors")),
            bell=ArqBell(redis),
            tokens=TokenVerifier(rules, keys=keys, clock=clock),
            api_keys=KeyVerifier(PostgresKeyDirectory(engine), clock),
            limiter=limiter,
        )


@contextmanager
def _measured(settings: Settings, engine: AsyncEngine, limiter: InboundLimiter) -> Iterator[None]:
    """Serve /metrics meanwhile, where a port is chosen for it; raises ConfigurationError."""
    metrics.REQUESTS_UNCOUNTED.set_function(lambda: limiter.uncounted)
    rates = {"pax8": settings.pax8_requests_per_second}
    gauges = Gauges(engine, asyncio.get_running_loop(), rates=rates)
    with ExitStack() as stack:
        try:
            stack.enter_context(metrics.served(settings.metrics_port, gauges))
        except OSError as error:
            raise ConfigurationError(
                f"METRICS_PORT: {settings.metrics_port} cannot be listened on: {error.strerror}."
            ) from error
        yield


async def process_of(request: Request) -> Process:
    process: Process = request.app.state.process
    return process


TheProcess = Annotated[Process, Depends(process_of)]

# Only for the document: what is wrong with a token is told by kit/auth, in one place.
_scheme = HTTPBearer(
    auto_error=False,
    scheme_name="PanelOne",
    bearerFormat="JWT",
    description="The access token PanelOne issued to the person or to a service of its own, or an "
    "API key of the organisation (`b1_…`).",
)


# FastAPI walks all that stands below a dependency each time it is named, known already or not:
# those that every request has call each other, where naming each other would be 42 steps a list.
async def identity_of(request: Request, _: Annotated[object, Security(_scheme)]) -> Identity:
    """Whom token or key speaks for; 401 for what is not good, 429 for whoever asks too often."""
    process = await process_of(request)
    token = bearer(request.headers.get("Authorization"))
    judge = process.api_keys if is_api_key(token) else process.tokens
    return await admitted(request, process, await judge.verify(token))


async def watching_identity(
    request: Request,
    process: TheProcess,
    _: Annotated[object, Security(_scheme)],
    ticket: Annotated[
        str | None,
        Query(
            max_length=MAX_TICKET,
            description="In place of `Authorization`, where a browser cannot send it.",
        ),
    ] = None,
    last_event_id: LastEventId = None,
) -> Identity:
    """Whom the token speaks for, or else the ticket, which is good for this one stream."""
    if ticket is None or "Authorization" in request.headers:
        return await identity_of(request, None)
    path = request.scope["path"]
    identity = process.tickets.redeemed(ticket, stream=path, last_event_id=last_event_id)
    return await admitted(request, process, identity)


WatchingIdentity = Annotated[Identity, Depends(watching_identity)]


async def admitted(request: Request, process: Process, verified: Identity) -> Identity:
    """Counted before anything is done for them.

    A flood of tokens is turned away without the database; API keys are looked up before, in a
    queue of their own.
    """
    identity = _placed(verified, request.headers.get(ORGANISATION_HEADER))
    structlog.contextvars.bind_contextvars(
        organisation=str(identity.organisation_id), user=identity.subject
    )
    if not hasattr(request.state, _COUNTED):
        setattr(request.state, _COUNTED, True)
        limits = await process.limiter.admit(identity.organisation_id, identity.subject)
        tell(request.scope, limits)
    return identity


TheIdentity = Annotated[Identity, Depends(identity_of)]


def _placed(identity: Identity, named: str | None) -> Identity:
    """A service for every organisation names one; nobody else may name another than their own."""
    organisation_id = identity.organisation_id
    if named is not None:
        try:
            wanted = UUID(named)
        except ValueError:
            raise OrganisationMismatch(f"{ORGANISATION_HEADER} is not a UUID.") from None
        if organisation_id not in {None, wanted}:
            raise OrganisationMismatch(
                f"The token speaks for another organisation than {ORGANISATION_HEADER} names."
            )
        organisation_id = wanted
    return identity.of(organisation_id)


def named_organisation(identity: Identity) -> UUID:
    """Raises OrganisationMismatch for a service that speaks for all and names none."""
    if identity.organisation_id is None:
        raise OrganisationMismatch(f"Name the organisation in {ORGANISATION_HEADER}.")
    return identity.organisation_id


async def origin_of(request: Request, identity: TheIdentity) -> Origin:
    """Who asks and from where, as the audit log names them.

    The address is the peer's, or what a proxy on this machine says it is: uvicorn sees to that.
    """
    kind = ActorKind.SERVICE if identity.is_service else ActorKind.PERSON
    return Origin(
        kind=ActorKind.API_KEY if identity.api_key_id else kind,
        actor_id=str(identity.api_key_id or identity.subject),
        actor=identity.name or identity.email or identity.subject,
        role=None if identity.is_service else identity.role,
        session_id=identity.session_id,
        request_id=request_id(request.scope),
        address=request.client.host if request.client else None,
    )


TheOrigin = Annotated[Origin, Depends(origin_of)]


async def request_work(request: Request, identity: TheIdentity) -> AsyncIterator[UnitOfWork]:
    """The request's transaction, committed before the response is sent."""
    process, origin = await process_of(request), await origin_of(request, identity)
    async with process.work(named_organisation(identity), origin=origin) as work:
        offer(request, PostgresAnswers(work, process.cipher, principal=identity.subject))
        yield work


# `scope="function"`: with FastAPI's default a commit that fails has already answered 200.
Work = Annotated[UnitOfWork, Depends(request_work, scope="function")]
