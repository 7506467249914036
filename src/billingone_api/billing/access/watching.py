"""Streams of events behind the guard: who watches what, looked at anew every second."""

from collections import defaultdict
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar
from uuid import UUID

import structlog
from fastapi import Response

from billingone_api.billing.access.models import Permission
from billingone_api.billing.access.ports import Register
from billingone_api.billing.access.service import admit, require
from billingone_api.billing.access.wiring import register
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.auth.identity import Identity
from billingone_api.kit.errors import ApiError, NotFound
from billingone_api.kit.streams import EventStream, News, Poller, told
from billingone_api.process import Process
from billingone_api.request import named_organisation

Thing = TypeVar("Thing")
log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Watch:
    """Who watches which thing."""

    identity: Identity
    id: UUID


@dataclass(frozen=True, slots=True)
class Watched(Generic[Thing]):
    """One kind of thing that streams tell of: an area says how to find some, and what is news."""

    name: str
    permission: Permission
    find: Callable[[Process, UnitOfWork, Collection[UUID]], Awaitable[Mapping[UUID, Thing]]]
    news: Callable[[Thing], News]

    async def stream(
        self, process: Process, watch: Watch, *, path: str, last_event_id: str | None
    ) -> Response:
        """204 for whoever has had the last event; raises NotFound."""
        tickets = process.tickets
        seen = tickets.revision(last_event_id, stream=path, identity=watch.identity)
        thing = (await self._read(process, [watch]))[watch]
        if thing is None:
            raise NotFound
        first = self.news(thing)
        if first.is_last and first.revision <= seen:
            return Response(status_code=204)
        event_id = partial(tickets.event_id, stream=path, identity=watch.identity)
        return EventStream(told(self._following(process, watch, first), seen, event_id))

    async def _following(
        self, process: Process, watch: Watch, first: News
    ) -> AsyncGenerator[News | None]:
        yield first
        async with aclosing(self._poller(process).states(watch)) as things:
            async for thing in things:
                yield None if thing is None else self.news(thing)

    def _poller(self, process: Process) -> Poller[Watch, Thing | None]:
        new: Poller[Watch, Thing | None] = Poller(partial(self._read_each, process), process.sleep)
        return process.pollers.setdefault(self.name, new)

    async def _read_each(
        self, process: Process, watches: Collection[Watch]
    ) -> dict[Watch, Thing | None]:
        """One organisation after the other; what fails for one silences nobody else's streams."""
        found: dict[Watch, Thing | None] = {}
        for of_one in _by_organisation(watches):
            try:
                found |= await self._read(process, of_one)
            except Exception:
                log.exception("streams_not_read", watched=len(of_one))
        return found

    async def _read(self, process: Process, watches: Sequence[Watch]) -> dict[Watch, Thing | None]:
        """Of one organisation, in one transaction; None where a watcher may not, or it is none."""
        async with process.work(named_organisation(watches[0].identity)) as work:
            may = await self._let_in(process, await register(work), watches)
            things = await self.find(process, work, {watch.id for watch in watches})
        return {watch: things.get(watch.id) if watch.identity in may else None for watch in watches}

    async def _let_in(
        self, process: Process, known: Register, watches: Collection[Watch]
    ) -> set[Identity]:
        """Those whose token is still good, whose session was not ended, whose role still may."""
        now = process.clock.now()
        identities = {watch.identity for watch in watches if watch.identity.expires_at > now}
        return {identity for identity in identities if await self._may(identity, known)}

    async def _may(self, identity: Identity, known: Register) -> bool:
        try:
            require(await admit(identity, known), self.permission)
        except ApiError:
            return False
        return True


def _by_organisation(watches: Collection[Watch]) -> Iterable[list[Watch]]:
    found: dict[UUID, list[Watch]] = defaultdict(list)
    for watch in watches:
        found[named_organisation(watch.identity)].append(watch)
    return found.values()
