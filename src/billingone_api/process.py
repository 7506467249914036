"""What one process shares: made once, and closed again whatever happens."""

import asyncio
import random
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
    Sequence,
)
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    ExitStack,
    aclosing,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, TypeVar
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from billingone_api.config import ConfigurationError, Settings
from billingone_api.database.api_keys import PostgresKeyDirectory
from billingone_api.database.backlog import Gauges
from billingone_api.database.engine import create_engine
from billingone_api.database.unit_of_work import UnitOfWork, unit_of_work
from billingone_api.kit import metrics
from billingone_api.kit.auth.api_keys import KeyVerifier
from billingone_api.kit.auth.keys import JwksKeys, keys_for
from billingone_api.kit.auth.tokens import TokenVerifier
from billingone_api.kit.bell import ArqBell, Bell, redis_for
from billingone_api.kit.cipher import Cipher
from billingone_api.kit.clock import Clock, SystemClock
from billingone_api.kit.events import BY_ITSELF, Origin
from billingone_api.kit.http.calls import Sleep
from billingone_api.kit.http.client import create_http_client
from billingone_api.kit.http.retries import Jitter
from billingone_api.kit.inbound import InboundLimiter, RedisLimiter
from billingone_api.kit.pagination import Cursors
from billingone_api.kit.secrecy import remember_always
from billingone_api.kit.streams import Poller
from billingone_api.kit.tickets import Tickets
from billingone_api.kit.tracing import exported

T = TypeVar("T")


class Compute(Protocol):
    """Has something worked out that takes the processor for long, away from everybody's loop."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


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
    compute: Compute = asyncio.to_thread
    jitter: Jitter = random.random
    subscribers: Sequence[Subscriber] = ()
    under_way: set[asyncio.Task[Any]] = field(default_factory=set)
    """What is carried through, whether anybody waits for it or not."""

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

    async def streamed(
        self,
        organisation_id: UUID,
        chunks_of: Callable[[UnitOfWork], Awaitable[AsyncGenerator[bytes]]],
    ) -> AsyncGenerator[bytes]:
        """A file in a transaction of its own, which ends with it, also in the middle."""
        async with self.work(organisation_id) as work, aclosing(await chunks_of(work)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def outliving(self, task: Coroutine[Any, Any, T]) -> T:
        """It goes on to its end where whoever waits for it is told to stop, and stops at once.

        Where the waiting has to last as long as the work does, take `kit.tasks.carried_through`.
        """
        begun = asyncio.create_task(task)
        # The loop alone would let go of it in the middle.
        self.under_way.add(begun)
        begun.add_done_callback(self.under_way.discard)
        return await asyncio.shield(begun)

    async def settle(self) -> None:
        """Wait for what is still being carried through."""
        while self.under_way:
            await asyncio.wait(set(self.under_way))

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
        process = Process(
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
        stack.push_async_callback(process.settle)
        yield process


@contextmanager
def _measured(settings: Settings, engine: AsyncEngine, limiter: InboundLimiter) -> Iterator[None]:
    """Serve /metrics meanwhile, where a port is chosen for it; raises ConfigurationError."""
    metrics.REQUESTS_UNCOUNTED.set_function(lambda: limiter.uncounted)
    gauges = Gauges(engine, asyncio.get_running_loop(), rates=settings.request_rates)
    with ExitStack() as stack:
        try:
            stack.enter_context(metrics.served(settings.metrics_port, gauges))
        except OSError as error:
            raise ConfigurationError(
                f"METRICS_PORT: {settings.metrics_port} cannot be listened on: {error.strerror}."
            ) from error
        yield
