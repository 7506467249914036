"""Copies the lists of somebody's books: what is new of them, or all there is."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Generic, Protocol, TypeVar

from billingone_api.billing.invoices.books import Page
from billingone_api.billing.invoices.ports import Rows
from billingone_api.billing.syncs.models import Mode, Tally, Unreadable
from billingone_api.billing.syncs.ports import Checkpoint, Cursors, Sightings
from billingone_api.kit.clock import Clock
from billingone_api.request import Work

MOST_ASKED: Final = 500
"""Rows that a complete sweep did not meet which are asked for by their ids before they go."""
FRESH_FOR: Final = timedelta(days=1)
"""How long a list that has no deltas is believed before a delta reads it again."""


class Named(Protocol):
    """A record with the id that it has over there."""

    @property
    def source_id(self) -> str: ...


T = TypeVar("T", bound=Named)
Read = Callable[[datetime | None], AsyncGenerator[Page[T]]]
FindAll = Callable[[Sequence[str]], Awaitable[Page[T]]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list stands: in which of its changes, and where the next delta will begin.

    `is_full` while everything is read, of whatever age.
    """

    is_full: bool
    since: datetime | None = None
    cursor: datetime | None = None
    total: int | None = None
    is_done: bool = False

    def after(self, page: Page[Any]) -> "Place":
        known = [one for one in (self.cursor, page.cursor) if one is not None]
        return replace(
            self,
            since=page.since,
            cursor=max(known, default=None),
            total=page.total if self.total is None else self.total,
        )

    @property
    def checkpoint(self) -> Checkpoint:
        moments = {name: getattr(self, name) for name in _MOMENTS}
        return asdict(self) | {name: at and at.isoformat() for name, at in moments.items()}

    @classmethod
    def at(cls, checkpoint: Checkpoint) -> "Place":
        told = {name: checkpoint[name] for name in _MOMENTS}
        moments = {name: at and datetime.fromisoformat(at) for name, at in told.items()}
        return cls(**(dict(checkpoint) | moments))


_MOMENTS: Final = ("since", "cursor")


@dataclass(frozen=True, slots=True)
class Keeping(Generic[T]):
    """Where a list's records are kept; `name` is the list's, and the step's.

    `source` is what people call whose list it is.
    """

    name: str
    rows: Rows[T]
    sightings: Sightings
    cursors: Cursors
    source: str


@dataclass(slots=True)
class ListBatch(Generic[T]):
    """Some records of a list; the last one of a sweep also removes what was not met."""

    keeping: Keeping[T]
    place: Place
    records: Mapping[str, T]
    unreadable: Mapping[str, Unreadable]
    notice: str | None = None

    @classmethod
    def of(cls, page: Page[T], place: Place, keeping: Keeping[T]) -> "ListBatch[T]":
        records = {one.source_id: one for one in page.records}
        return cls(keeping, place, records, {one.key: one for one in page.unreadable})

    @property
    def checkpoint(self) -> Checkpoint:
        return self.place.checkpoint

    @property
    def total(self) -> int | None:
        return self.place.total

    async def write(self, work: Work) -> Tally:
        tally = await self.keeping.rows.write(work, tuple(self.records.values()))
        unreadable = tuple(self.unreadable.values())
        await self.keeping.sightings.note(work, readable=self.records, unreadable=unreadable)
        tally += Tally(quarantined=len(unreadable))
        return tally + await self._end(work) if self.place.is_done else tally

    async def _end(self, work: Work) -> Tally:
        keeping, place = self.keeping, self.place
        since, is_swept = place.cursor, place.is_full
        await keeping.cursors.advance(work, keeping.name, since=since, is_swept=is_swept)
        if not place.is_full:
            return Tally()
        removal = await keeping.sightings.remove_unmet(work)
        self.notice = removal.doubt(keeping.source, keeping.name.replace("_", " "))
        return Tally(gone=removal.gone)


@dataclass(frozen=True, slots=True)
class Copying(Generic[T]):
    """A list that is read by its changes.

    What changes meanwhile is met at the end of the same walk, so that a walk that ended has met
    everything; what it has not met is gone, unless it answers to its id.
    """

    keeping: Keeping[T]
    read: Read[T]
    find: FindAll[T] | None
    mode: Mode

    @property
    def name(self) -> str:
        return self.keeping.name

    async def batches(self, checkpoint: Checkpoint | None) -> AsyncGenerator[ListBatch[T]]:
        place = Place.at(checkpoint) if checkpoint else await self._beginning()
        if place.is_done:
            return
        met = await self.keeping.sightings.met() if place.is_full else set()
        async with aclosing(self.read(place.since)) as pages:
            async for page in pages:
                place = place.after(page)
                batch = ListBatch.of(page, place, self.keeping)
                met |= batch.records.keys() | batch.unreadable.keys()
                yield batch
        page = await self._still_there(met) if place.is_full else Page(())
        yield ListBatch.of(page, replace(place, is_done=True), self.keeping)

    async def _beginning(self) -> Place:
        cursor = await self.keeping.cursors.load(self.name)
        if self.mode is Mode.FULL or cursor is None:
            return Place(is_full=True)
        return Place(is_full=False, since=cursor.since, cursor=cursor.since)

    async def _still_there(self, met: set[str]) -> Page[T]:
        if self.find is None:
            return Page(())
        missing = await self.keeping.sightings.unmet(met, most=MOST_ASKED)
        return await self.find(missing) if missing else Page(())


@dataclass(frozen=True, slots=True)
class Whole(Generic[T]):
    """A list that comes as one, all of it each time; a delta leaves it alone while it is fresh."""

    keeping: Keeping[T]
    read: Callable[[], Awaitable[Page[T]]]
    mode: Mode
    clock: Clock

    @property
    def name(self) -> str:
        return self.keeping.name

    async def batches(self, checkpoint: Checkpoint | None) -> AsyncGenerator[ListBatch[T]]:
        if checkpoint or (self.mode is Mode.DELTA and await self._is_fresh()):
            return
        page = await self.read()
        total = len(page.records) + len(page.unreadable)
        place = Place(is_full=True, total=total, is_done=True)
        yield ListBatch.of(page, place, self.keeping)

    async def _is_fresh(self) -> bool:
        cursor = await self.keeping.cursors.load(self.name)
        swept_at = cursor.swept_at if cursor else None
        return swept_at is not None and self.clock.now() - swept_at < FRESH_FOR
