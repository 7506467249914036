"""One transaction of one organisation, what it tells of, and what happens once it is committed."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billingone_api.database.engine import ORGANISATION_OPTION
from billingone_api.kit.events import BY_ITSELF, Event, Origin
from billingone_api.kit.metrics import AFTER_COMMIT_FAILURES

AfterCommit = Callable[[], Awaitable[None]]
log = structlog.get_logger()


@dataclass(slots=True)
class UnitOfWork:
    """What one transaction works with; actions added to `after_commit` run only if it commits."""

    connection: AsyncConnection
    organisation_id: UUID
    origin: Origin = BY_ITSELF
    events: list[Event] = field(default_factory=list)
    after_commit: list[AfterCommit] = field(default_factory=list)

    def tell(self, event: Event) -> None:
        """Have the subscribers write this down in the same transaction."""
        self.events.append(event)


Publish = Callable[[UnitOfWork], Awaitable[None]]
"""Hands the events to their subscribers; where one fails, nothing is committed."""


@asynccontextmanager
async def unit_of_work(
    engine: AsyncEngine,
    *,
    organisation_id: UUID,
    origin: Origin = BY_ITSELF,
    publish: Publish | None = None,
) -> AsyncIterator[UnitOfWork]:
    """Begin for one organisation; commit on the way out, then run what waited for the commit."""
    async with engine.connect() as connection:
        await connection.execution_options(**{ORGANISATION_OPTION: organisation_id})
        async with connection.begin():
            work = UnitOfWork(connection, organisation_id, origin)
            yield work
            if work.events and publish is not None:
                await publish(work)
    for action in work.after_commit:
        await _attempt(action)


@asynccontextmanager
async def directory_work(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Begin for no organisation: only the directory tables answer."""
    async with engine.begin() as connection:
        yield connection


async def _attempt(action: AfterCommit) -> None:
    """What is committed stays done: an error here would have the caller do it a second time."""
    try:
        await action()
    except Exception:
        AFTER_COMMIT_FAILURES.inc()
        log.exception("after_commit_failed")
