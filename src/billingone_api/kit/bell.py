"""The doorbell: tells workers that there is something to do; what it is stands in PostgreSQL."""

import asyncio
import json
from typing import Any, Final, Protocol

import structlog
from arq.connections import ArqRedis
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

QUEUE: Final = "billingone:bell"
JOB: Final = "ring"
_SECONDS: Final = 1.0

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Bell(Protocol):
    """Rung after a commit; a ring that is lost costs time and no work."""

    async def ring(self) -> None: ...


class SilentBell:
    """For processes that tell nobody: the sweep finds what they leave."""

    async def ring(self) -> None:
        return


class ArqBell:
    """Rings through arq; while Redis is away it says so in the log and the sweep takes over."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis

    async def ring(self) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                await self._redis.enqueue_job(JOB)
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("bell_not_rung", reason=type(error).__name__)


def redis_for(url: str) -> ArqRedis:
    """A connection made on first use, so that a process starts while Redis is away.

    JSON, because arq pickles by default and a queue is no place for code.
    """
    pool: Any = ConnectionPool.from_url(
        url, socket_connect_timeout=_SECONDS, socket_timeout=_SECONDS, health_check_interval=30
    )
    return ArqRedis(
        connection_pool=pool,
        default_queue_name=QUEUE,
        job_serializer=serialise,
        job_deserializer=json.loads,
    )


def serialise(job: dict[str, Any]) -> bytes:
    return json.dumps(job, default=str).encode()
