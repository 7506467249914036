"""A sweep of a list that changes under it, thousands of times over, without a database."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billingone_api.billing.subscriptions.models import Company, Listing
from billingone_api.billing.subscriptions.sweeps import AT_A_TIME, MOST_ROUNDS, Place, Save, Sweep
from billingone_api.billing.syncs.models import Removal, Tally, Unreadable
from billingone_api.request import Work

NO_WORK: Work = None  # type: ignore[assignment]  # nothing here opens a transaction


def named(source_id: str) -> Company:
    return Company(source_id, source_id, None, None, None)


@dataclass
class MemorySightings:
    """Rows and what was met of them, in memory."""

    rows: set[str]
    ids: set[str] = field(default_factory=set)

    async def met(self) -> set[str]:
        return set(self.ids)

    async def unmet(self, met: Collection[str], *, most: int) -> Sequence[str]:
        return sorted(self.rows - set(met))[:most]

    async def note(
        self,
        work: Work,  # noqa: ARG002 - the port's
        *,
        readable: Collection[str],
        unreadable: Sequence[Unreadable],
    ) -> None:
        self.ids |= {*readable, *(record.key for record in unreadable)}
        self.rows |= set(readable)

    async def begin_again(self, work: Work) -> None:  # noqa: ARG002 - the port's
        self.ids.clear()

    async def remove_unmet(self, work: Work) -> Removal:  # noqa: ARG002 - the port's
        missing = self.rows - self.ids
        self.rows -= missing
        return Removal(known=len(self.rows) + len(missing), missing=len(missing), gone=len(missing))


async def nothing_more(records: Sequence[Company]) -> Save:
    async def save(work: Work) -> Tally:
        return Tally(unchanged=len(records))

    return save


@dataclass
class ShiftingList:
    """A list in which `changes[n]` happens before its n-th page is read."""

    rows: list[str]
    changes: Sequence[tuple[bool, int]]
    size: int = 3
    reads: int = 0
    at_once: int = 0
    most_at_once: int = 0
    asked: list[str] = field(default_factory=list)

    async def read(self, page: int) -> Listing[Company]:
        if self.reads < len(self.changes):
            self._change(*self.changes[self.reads])
        self.reads += 1
        shown = self.rows[page * self.size : (page + 1) * self.size]
        answer = Listing(
            [named(row) for row in shown], (), page, -(-len(self.rows) // self.size), len(self.rows)
        )
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        return answer

    async def find(self, source_id: str) -> Company | Unreadable | None:
        self.asked.append(source_id)
        return named(source_id) if source_id in self.rows else None

    def _change(self, is_new: bool, where: int) -> None:  # noqa: FBT001 - hypothesis draws it
        if is_new:
            self.rows.append(f"new-{self.reads}")
        elif self.rows:
            del self.rows[where % len(self.rows)]


async def swept(source: ShiftingList, sightings: MemorySightings) -> tuple[Tally, str | None]:
    sweep = Sweep("companies", source.read, source.find, nothing_more, sightings)
    tally, notice = Tally(), None
    async for batch in sweep.batches(None):
        tally += await batch.write(NO_WORK)
        notice = batch.notice
    return tally, notice


@settings(max_examples=2000, deadline=None)
@given(
    size=st.integers(0, 40),
    changes=st.lists(
        # One goes and another comes at once: what the list says of its length stays the same.
        st.lists(st.tuples(st.booleans(), st.integers(0, 1000)), max_size=2),
        max_size=40,
    ),
    strangers=st.integers(0, 3),
)
def test_whatever_was_listed_all_along_is_met_and_never_removed(
    size: int, changes: list[list[tuple[bool, int]]], strangers: int
) -> None:
    rows = [f"row-{number:03}" for number in range(size)]
    source = ShiftingList(list(rows), [])
    steps = iter(changes)
    change = source._change

    async def read(page: int) -> Listing[Company]:
        for happens in next(steps, ()):
            change(*happens)
        return await ShiftingList.read(source, page)

    sightings = MemorySightings({*rows, *(f"stranger-{number}" for number in range(strangers))})
    sweep = Sweep("companies", read, source.find, nothing_more, sightings)

    async def run() -> str | None:
        notice = None
        async for batch in sweep.batches(None):
            await batch.write(NO_WORK)
            notice = batch.notice
        return notice

    notice = asyncio.run(run())
    listed_all_along = set(rows) & set(source.rows)
    assert listed_all_along <= sightings.rows
    if notice is None:
        assert not any(row.startswith("stranger") for row in sightings.rows)
        assert source.reads <= MOST_ROUNDS * (len(rows) + 41)


async def test_a_row_that_a_swap_moved_past_us_is_asked_for_and_kept() -> None:
    source = ShiftingList([f"row-{number}" for number in range(6)], [])
    source.size = 2
    read = source.read

    async def swapping(page: int) -> Listing[Company]:
        if source.reads == 1:
            source.rows = [*source.rows[1:], "new"]  # before the second page is read
        return await read(page)

    sightings = MemorySightings({f"row-{number}" for number in range(6)} | {"gone"})
    sweep = Sweep("companies", swapping, source.find, nothing_more, sightings)
    batches = [batch async for batch in sweep.batches(None)]
    tallies = [await batch.write(NO_WORK) for batch in batches]
    assert sorted(source.asked) == ["gone", "row-2"]
    assert sightings.rows == {f"row-{number}" for number in range(6)} | {"new"}
    assert sum(tally.gone for tally in tallies) == 1


async def test_pages_are_read_ahead_a_few_at_a_time_and_each_once() -> None:
    source = ShiftingList([f"row-{number}" for number in range(60)], [])
    tally, notice = await swept(source, MemorySightings(set()))
    assert (tally.read, notice, source.reads) == (60, None, 20)
    assert source.most_at_once == AT_A_TIME


async def test_a_failing_page_ends_the_sweep_and_the_pages_ahead_of_it() -> None:
    source = ShiftingList([f"row-{number}" for number in range(60)], [])

    async def read(page: int) -> Listing[Company]:
        if page >= 6:
            raise ConnectionError(page)
        return await source.read(page)

    others = asyncio.all_tasks()
    sweep = Sweep("companies", read, source.find, nothing_more, MemorySightings(set()))
    batches = sweep.batches(None)
    first = await anext(batches)
    assert first.checkpoint == {
        "round": 1,
        "page": 5,
        "pages": 20,
        "total": 60,
        "is_steady": True,
        "read_before": 0,
        "is_done": False,
    }
    with pytest.raises(ConnectionError):
        await anext(batches)
    assert asyncio.all_tasks() <= others


async def test_a_step_that_is_done_does_nothing_more() -> None:
    source = ShiftingList(["row"], [])
    sightings = MemorySightings({"row", "gone"})
    sweep = Sweep("companies", source.read, source.find, nothing_more, sightings)
    (batch,) = [batch async for batch in sweep.batches(None)]
    assert (await batch.write(NO_WORK)).gone == 1
    assert [batch async for batch in sweep.batches(batch.checkpoint)] == []
    assert source.reads == 1


async def test_a_list_of_nothing_is_one_page_read() -> None:
    source = ShiftingList([], [])
    tally, notice = await swept(source, MemorySightings(set()))
    assert (tally, notice, source.reads) == (Tally(), None, 1)


def test_a_place_goes_on_from_its_checkpoint() -> None:
    place = Place(round=2, page=7, pages=9, total=1700, is_steady=False, read_before=1699)
    listing: Listing[Company] = Listing((), (), 7, 9, 1701)
    assert place.after(listing) == Place(2, 8, 9, 1701, is_steady=False, read_before=1699)
