"""How many requests a caller and an organisation may make in a minute; Redis counts them.

What is told of it follows the IETF's draft "RateLimit header fields for HTTP" with its two fields.
"""

import asyncio
import hashlib
import math
from collections.abc import Coroutine, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from billingone_api.kit.clock import Clock
from billingone_api.kit.errors import TooManyRequests

_WINDOW: Final = 60
"""Seconds; a window begins with the first request after the one before it is over."""
_PATIENCE: Final = 0.1
"""Seconds that a request waits for Redis, at most."""
_SLICES: Final = 10
_AT_ONCE: Final = 100
_LEFT_ALONE: Final = timedelta(seconds=5)
"""After Redis did not answer it is not asked for so long: nobody waits for it meanwhile."""
_TOLD_EVERY: Final = timedelta(minutes=1)

# One round trip for all quotas. Whoever is over their own uses up nothing of the others' share.
_COUNT: Final = f"""
local found = {{}}
for i, key in ipairs(KEYS) do
  local used = redis.call('INCR', key)
  if used == 1 then redis.call('PEXPIRE', key, {_WINDOW * 1000}) end
  found[#found + 1] = {{used, redis.call('PTTL', key)}}
  if used > tonumber(ARGV[i]) then break end
end
return found
"""

Keys = Sequence[str]
Counts = Sequence[tuple[int, int]]
"""For each key how much of its quota is used, and milliseconds until its window is over."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class InboundLimiter(Protocol):
    """Judges each request of a known caller before anything is done for it."""

    @property
    def uncounted(self) -> int:
        """Requests let through since the start because nobody could count them; for a metric."""
        ...

    async def admit(self, organisation_id: UUID | None, principal: str) -> Mapping[str, str]:
        """What an answer's headers say of the limits; raises TooManyRequests."""
        ...


class Uncounted:
    """For processes that have no limits."""

    uncounted = 0

    async def admit(self, organisation_id: UUID | None, principal: str) -> Mapping[str, str]:  # noqa: ARG002 - the port's names
        return {}


@dataclass(frozen=True, slots=True)
class _State:
    """A quota's name and size, how much of it is used, and seconds until the window is over."""

    name: str
    quota: int
    used: int
    seconds: int

    @property
    def policy(self) -> str:
        return f'"{self.name}";q={self.quota};w={_WINDOW}'

    @property
    def left(self) -> str:
        return f'"{self.name}";r={max(self.quota - self.used, 0)};t={self.seconds}'


class RedisLimiter:
    """Counts in Redis for all processes together; lets everybody through while that is away."""

    def __init__(
        self, redis: Redis, clock: Clock, *, per_principal: int, per_organisation: int
    ) -> None:
        self.uncounted = 0
        self._quotas = {"principal": per_principal, "organisation": per_organisation}
        self._counter = _Counter(redis, tuple(self._quotas.values()))
        self._clock = clock
        self._ask_again: datetime | None = None
        self._tell_again: datetime | None = None

    async def admit(self, organisation_id: UUID | None, principal: str) -> Mapping[str, str]:
        states = await self._states(_keys(organisation_id, principal))
        headers = _headers(states)
        for state in states:
            if state.used > state.quota:
                raise TooManyRequests(
                    f"Of {state.quota} requests a minute for each {state.name} none is left; "
                    "the window is over when Retry-After says.",
                    headers={**headers, "Retry-After": str(state.seconds)},
                )
        return headers

    async def _states(self, keys: Keys) -> list[_State]:
        found = zip(self._quotas.items(), await self._counted(keys), strict=False)
        return [
            _State(name, quota, used, max(math.ceil(milliseconds / 1000), 1))
            for (name, quota), (used, milliseconds) in found
        ]

    async def _counted(self, keys: Keys) -> Counts:
        now = self._clock.now()
        if self._ask_again is None or now >= self._ask_again:
            try:
                return await self._counter.count(keys)
            except (RedisError, OSError) as error:
                self._ask_again = now + _LEFT_ALONE
                self.uncounted += 1
                self._tell(error, now)
                return ()
        self.uncounted += 1
        return ()

    def _tell(self, error: Exception, now: datetime) -> None:
        if self._tell_again is None or now >= self._tell_again:
            self._tell_again = now + _TOLD_EVERY
            _log.warning(
                "requests_not_counted", reason=type(error).__name__, uncounted=self.uncounted
            )


class _Counter:
    """Asks for all who wait at once, on one connection: a flood is one question after another."""

    def __init__(self, redis: Redis, quotas: Sequence[int]) -> None:
        self._redis = redis
        self._quotas = quotas
        self._waiting: list[tuple[Keys, asyncio.Future[Counts]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def count(self, keys: Keys) -> Counts:
        answer: asyncio.Future[Counts] = asyncio.get_running_loop().create_future()
        self._waiting.append((keys, answer))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), context=Context())
        return await answer

    async def _ask(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
            try:
                found = await self._found([keys for keys, _ in waiting])
            except Exception as error:  # noqa: BLE001 - whoever waits is told, and judges
                found = [error] * len(waiting)
            for (_, answer), counts in zip(waiting, found, strict=True):
                _tell(answer, counts)

    async def _found(self, asked: Sequence[Keys]) -> list[Any]:
        pipeline: Any = self._redis.pipeline(transaction=False)
        for keys in asked:
            pipeline.eval(_COUNT, len(keys), *keys, *self._quotas)
        return await _in_time(pipeline.execute(raise_on_error=False))


def _tell(answer: asyncio.Future[Counts], counts: Counts | Exception) -> None:
    if answer.done():
        return  # Whoever asked has gone.
    if isinstance(counts, Exception):
        answer.set_exception(counts)
    else:
        answer.set_result(counts)


async def _in_time(question: Coroutine[Any, Any, list[Any]]) -> list[Any]:
    """Raises TimeoutError where Redis is slow, and not where only this process is.

    Waited for in slices: after each the loop has looked at the socket, however late it is.
    """
    asking = asyncio.ensure_future(question)
    try:
        for _ in range(_SLICES):
            await asyncio.wait({asking}, timeout=_PATIENCE / _SLICES)
            if asking.done():
                return asking.result()
        raise TimeoutError
    finally:
        asking.cancel()


def _keys(organisation_id: UUID | None, principal: str) -> Keys:
    """In braces what a cluster of Redis keeps together; a principal may be called anything."""
    of_organisation = f"requests:{{{organisation_id or 'all'}}}"
    digest = hashlib.sha256(principal.encode(errors="surrogatepass")).hexdigest()
    return f"{of_organisation}:{digest[:32]}", of_organisation


def _headers(states: Sequence[_State]) -> dict[str, str]:
    if not states:
        return {}
    return {
        "RateLimit-Policy": ", ".join(state.policy for state in states),
        "RateLimit": ", ".join(state.left for state in states),
    }
