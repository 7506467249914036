"""Sweeps a list of Pax8's page by page until it has surely met every record of it once."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum, auto
from typing import Any, Final, Generic, Protocol, TypeVar

from billingone_api.billing.subscriptions.models import Listing
from billingone_api.billing.syncs.models import Tally, Unreadable
from billingone_api.billing.syncs.ports import Checkpoint, Sightings
from billingone_api.request import Work

AT_A_TIME: Final = 4
"""Pages that are asked for at once; Pax8's own limit is obeyed beneath."""
PAGES_A_BATCH: Final = 5
MOST_ASKED: Final = 500
"""Rows a complete sweep did not meet that are asked for one by one before they are removed."""
MOST_ROUNDS: Final = 3
"""A list that changes while it is read is read again, this often in all."""
_WHOSE: Final = "Pax8"


class Named(Protocol):
    """A record with the id that Pax8 gave it."""

    @property
    def source_id(self) -> str: ...


Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T", bound=Named)
R = TypeVar("R")
Save = Callable[[Work], Awaitable[Tally]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sweep stands: in which round, at which page, and what the list said of itself.

    `is_steady` while no page of the round gave fewer records in all than a page before it.
    `read_before` counts the records of earlier rounds.
    """

    round: int = 1
    page: int = 0
    pages: int = 1
    total: int | None = None
    is_steady: bool = True
    read_before: int = 0
    is_done: bool = False

    def after(self, listing: Listing[Any]) -> "Place":
        total = listing.total_records
        return replace(
            self,
            page=listing.number + 1,
            pages=listing.total_pages,
            total=total,
            is_steady=self.is_steady and (self.total is None or self.total <= total),
        )

    @property
    def is_at_end(self) -> bool:
        return self.page >= self.pages

    def next_round(self, *, read: int) -> "Place":
        return Place(round=self.round + 1, read_before=self.read_before + read)


class Ending(Enum):
    """What comes after a batch."""

    MORE = auto()
    ANOTHER_ROUND = auto()
    COMPLETE = auto()
    INCOMPLETE = auto()


@dataclass(slots=True)
class SweepBatch:
    """Some pages of a list; the last one of a complete sweep also removes what was not met."""

    kind: str
    place: Place
    total: int | None
    ending: Ending
    save: Save
    readable: Sequence[str]
    unreadable: Sequence[Unreadable]
    sightings: Sightings
    notice: str | None = None

    @property
    def checkpoint(self) -> Checkpoint:
        return asdict(self.place)

    async def write(self, work: Work) -> Tally:
        tally = await self.save(work) + Tally(quarantined=len(self.unreadable))
        await self.sightings.note(work, readable=self.readable, unreadable=self.unreadable)
        match self.ending:
            case Ending.ANOTHER_ROUND:
                await self.sightings.begin_again(work)
            case Ending.INCOMPLETE:
                self.notice = _never_still(self.kind)
            case Ending.COMPLETE:
                removal = await self.sightings.remove_unmet(work)
                tally += Tally(gone=removal.gone)
                self.notice = removal.doubt(_WHOSE, self.kind)
        return tally


@dataclass(frozen=True, slots=True)
class Sweep(Generic[T]):
    """A step that reads one list from end to end; `name` is the list's, and the step's.

    Pages shift when rows come and go meanwhile. So the list counts as read when it never shrank
    and as many different records were met as its last page says there are; otherwise it is read
    again, and what was not met is removed only after a round that was complete.

    One that goes while another comes hides from that count, and a record between the two may have
    moved past us. So each that was not met is asked for by its id before it counts as gone.
    """

    name: str
    read: Callable[[int], Awaitable[Listing[T]]]
    find: Callable[[str], Awaitable[T | Unreadable | None]]
    """One record by its id; None where there is none any more."""
    saving: Callable[[Sequence[T]], Awaitable[Save]]
    """Fetches what the records need besides, and answers how to write both."""
    sightings: Sightings

    async def batches(self, checkpoint: Checkpoint | None) -> AsyncIterator[SweepBatch]:
        place = Place(**checkpoint or {})
        met = await self.sightings.met()
        while not place.is_done:
            ahead = PagesAhead(self.read, place)
            try:
                while not ahead.place.is_at_end:
                    batch = await self._batch(await ahead.take(PAGES_A_BATCH), ahead.place, met)
                    place = batch.place
                    yield batch
            finally:
                await ahead.close()
            if place.round != ahead.place.round:
                met = set()

    async def _batch(
        self, listings: Sequence[Listing[T]], place: Place, met: set[str]
    ) -> SweepBatch:
        records = {
            record.source_id: record
            for listing in listings
            for record in listing.records
            if record.source_id not in met
        }
        unreadable = {
            record.key: record
            for listing in listings
            for record in listing.unreadable
            if record.key not in met
        }
        met |= records.keys() | unreadable.keys()
        ending = _ending(place, met=len(met))
        if ending is Ending.COMPLETE:
            for found in await self._still_there(met):
                if isinstance(found, Unreadable):
                    unreadable[found.key] = found
                else:
                    records[found.source_id] = found
        return SweepBatch(
            kind=self.name,
            place=_following(place, ending, met=len(met)),
            total=None if place.total is None else place.read_before + place.total,
            ending=ending,
            save=await self.saving(tuple(records.values())),
            readable=tuple(records),
            unreadable=tuple(unreadable.values()),
            sightings=self.sightings,
        )

    async def _still_there(self, met: set[str]) -> list[T | Unreadable]:
        missing = await self.sightings.unmet(met, most=MOST_ASKED)
        found = await few_at_a_time(self.find, missing)
        return [one for one in found if one is not None]


class PagesAhead(Generic[R]):
    """Reads pages in order, and always a few ahead of whoever takes them."""

    def __init__(self, read: Callable[[int], Awaitable[Listing[R]]], place: Place) -> None:
        self._read = read
        self._pages: deque[asyncio.Future[Listing[R]]] = deque()
        self.place = place

    async def take(self, most: int) -> Sequence[Listing[R]]:
        """The next pages; fewer than asked for at the end. Raises ProviderErrors."""
        taken: list[Listing[R]] = []
        while len(taken) < most and not self.place.is_at_end:
            self._ask()
            listing = await self._pages.popleft()
            self.place = self.place.after(listing)
            taken.append(listing)
        if not self.place.is_at_end:
            self._ask()
        return taken

    async def close(self) -> None:
        for page in self._pages:
            page.cancel()
        await asyncio.gather(*self._pages, return_exceptions=True)

    def _ask(self) -> None:
        # Before the first answer nobody knows of a second page.
        last = min(self.place.page + AT_A_TIME, self.place.pages)
        for number in range(self.place.page + len(self._pages), last):
            self._pages.append(asyncio.ensure_future(self._read(number)))


async def few_at_a_time(ask: Callable[[Q], Awaitable[A]], about: Sequence[Q]) -> list[A]:
    """All answers in order; the first failure ends the rest."""
    places = asyncio.Semaphore(AT_A_TIME)

    async def one(question: Q) -> A:
        async with places:
            return await ask(question)

    tasks = [asyncio.ensure_future(one(question)) for question in about]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


def _ending(place: Place, *, met: int) -> Ending:
    if not place.is_at_end:
        return Ending.MORE
    if place.is_steady and met == place.total:
        return Ending.COMPLETE
    return Ending.ANOTHER_ROUND if place.round < MOST_ROUNDS else Ending.INCOMPLETE


def _following(place: Place, ending: Ending, *, met: int) -> Place:
    if ending is Ending.MORE:
        return place
    if ending is Ending.ANOTHER_ROUND:
        return place.next_round(read=met)
    return replace(place, is_done=True)


def _never_still(kind: str) -> str:
    return (
        f"{_WHOSE}'s list of {kind} changed each time it was read, {MOST_ROUNDS} times over. What "
        "it gave is up to date; what may have gone from it is removed by the next sync."
    )
