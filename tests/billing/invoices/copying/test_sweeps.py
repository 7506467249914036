# ruff: noqa: ARG002 - stand-ins take what the ports give them
"""A list that is read by its changes, without a database: what is asked, kept, removed and when."""

from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support.clock import NOW, SetClock

from billingone_api.billing.invoices.books import Account, Page
from billingone_api.billing.invoices.following import Following, Invoices
from billingone_api.billing.invoices.sweeps import Copying, Keeping, Place, Whole
from billingone_api.billing.syncs.models import Cursor, Mode, Removal, Tally, Unreadable
from billingone_api.billing.syncs.ports import Checkpoint
from billingone_api.request import Work

NO_WORK: Work = None  # type: ignore[assignment]  # nothing here opens a transaction
T0 = datetime(2026, 11, 1, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return T0 + timedelta(minutes=minutes)


def named(source_id: str) -> Account:
    return Account(source_id, None, source_id, None, None, None, None)


@dataclass
class Memory:
    """Rows, what was met of them, and the cursor: all that is kept, in memory."""

    rows: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    cursor: Cursor | None = None
    put_aside: list[str] = field(default_factory=list)
    believes: bool = True

    async def write(self, work: Work, records: Sequence[Account]) -> Tally:
        new = {one.source_id for one in records} - self.rows
        self.rows |= new
        return Tally(created=len(new), unchanged=len(records) - len(new))

    async def met(self) -> set[str]:
        return set(self.seen)

    async def unmet(self, met: Collection[str], *, most: int) -> Sequence[str]:
        return sorted(self.rows - set(met))[:most]

    async def note(
        self,
        work: Work,
        *,
        readable: Collection[str],
        unreadable: Sequence[Unreadable],
    ) -> None:
        self.seen |= {*readable, *(one.key for one in unreadable)}
        self.put_aside += [one.key for one in unreadable]

    async def begin_again(self, work: Work) -> None:
        self.seen.clear()

    async def remove_unmet(self, work: Work) -> Removal:
        missing, known = self.rows - self.seen, len(self.rows)
        gone = len(missing) if self.believes else 0
        self.rows -= missing if self.believes else set()
        return Removal(known=known, missing=len(missing), gone=gone)

    async def load(self, step: str) -> Cursor | None:
        return self.cursor

    async def advance(
        self,
        work: Work,
        step: str,
        *,
        since: datetime | None,
        is_swept: bool,
    ) -> None:
        before = self.cursor.swept_at if self.cursor else None
        self.cursor = Cursor(since, NOW if is_swept else before)


@dataclass
class Listed:
    """A list of Xero's: pages, what was asked of it, and what answers to its id."""

    pages: list[Page[Account]]
    by_id: set[str] = field(default_factory=set)
    asked: list[datetime | None] = field(default_factory=list)
    looked_for: list[str] = field(default_factory=list)
    fails_after: int | None = None

    async def read(self, since: datetime | None) -> AsyncGenerator[Page[Account]]:
        self.asked.append(since)
        for number, page in enumerate(self.pages):
            if number == self.fails_after:
                raise ConnectionError
            yield page

    async def find(self, source_ids: Sequence[str]) -> Page[Account]:
        self.looked_for += source_ids
        return Page([named(one) for one in source_ids if one in self.by_id])

    def copying(self, memory: Memory, mode: Mode = Mode.DELTA) -> Copying[Account]:
        keeping = Keeping("accounts", memory, memory, memory, "Xero")
        return Copying(keeping, self.read, self.find, mode)


def page(*names: str, since: int = 0, cursor: int | None = None, **more: Any) -> Page[Account]:
    told = None if cursor is None else at(cursor)
    return Page([named(one) for one in names], since=at(since), cursor=told, **more)


async def copied(
    copying: Any, checkpoint: Checkpoint | None = None, *, most: int | None = None
) -> tuple[Tally, list[Any]]:
    tally, written = Tally(), []
    async for batch in copying.batches(checkpoint):
        if most is not None and len(written) == most:
            break
        tally += await batch.write(NO_WORK)
        written.append(batch)
    return tally, written


TWO_PAGES = (page("a", "b", since=1, cursor=1, total=3), page("c", since=2, cursor=2, total=1))


@pytest.mark.parametrize("mode", list(Mode))
async def test_the_first_run_reads_all_and_whatever_was_there_before_has_gone(mode: Mode) -> None:
    listed, memory = Listed(list(TWO_PAGES)), Memory({"old"})
    tally, batches = await copied(listed.copying(memory, mode))
    assert (listed.asked, listed.looked_for) == ([None], ["old"])
    assert (tally, memory.rows) == (Tally(created=3, gone=1), {"a", "b", "c"})
    assert memory.cursor == Cursor(at(2), NOW)
    assert {batch.total for batch in batches} == {3}


async def test_a_delta_begins_at_its_cursor_removes_nothing_and_never_goes_back() -> None:
    memory = Memory({"a", "b", "c"}, cursor=Cursor(at(9), T0))
    listed = Listed([page("c", since=9, cursor=8)])
    tally, _ = await copied(listed.copying(memory))
    assert (listed.asked, listed.looked_for) == ([at(9)], [])
    assert (tally, memory.rows) == (Tally(unchanged=1), {"a", "b", "c"})
    assert memory.cursor == Cursor(at(9), T0)
    assert (await copied(Listed([]).copying(memory)))[0] == Tally()
    assert memory.cursor == Cursor(at(9), T0)


async def test_a_full_run_reads_all_although_there_is_a_cursor() -> None:
    memory = Memory({"a", "b", "c", "gone"}, cursor=Cursor(at(9), T0))
    listed = Listed(list(TWO_PAGES))
    tally, _ = await copied(listed.copying(memory, Mode.FULL))
    assert listed.asked == [None]
    assert tally == Tally(unchanged=3, gone=1)
    assert memory.cursor == Cursor(at(2), NOW)


async def test_what_was_not_met_and_answers_to_its_id_stays() -> None:
    memory = Memory({"a", "slipped past", "gone"}, cursor=Cursor(at(9), T0))
    listed = Listed([page("a")], by_id={"slipped past"})
    tally, _ = await copied(listed.copying(memory, Mode.FULL))
    assert listed.looked_for == ["gone", "slipped past"]
    assert (tally, memory.rows) == (Tally(unchanged=2, gone=1), {"a", "slipped past"})


async def test_the_cursor_waits_for_the_end_and_a_crash_goes_on_where_it_was() -> None:
    memory, listed = Memory({"old"}), Listed(list(TWO_PAGES), fails_after=1)
    with pytest.raises(ConnectionError):
        await copied(listed.copying(memory))
    assert memory.cursor is None
    _, [first] = await copied(Listed(list(TWO_PAGES)).copying(memory), most=1)
    assert memory.cursor is None
    again = Listed([TWO_PAGES[1]])
    tally, batches = await copied(again.copying(memory), first.checkpoint)
    assert again.asked == [at(1)], "behind the page that was written"
    assert again.looked_for == ["old"], "a and b were met before the crash"
    assert (tally, memory.rows) == (Tally(created=1, gone=1), {"a", "b", "c"})
    assert memory.cursor == Cursor(at(2), NOW)
    assert {batch.total for batch in batches} == {3}
    done = Listed([])
    assert await copied(done.copying(memory), batches[-1].checkpoint) == (Tally(), [])
    assert done.asked == []


async def test_a_record_that_cannot_be_read_was_met_all_the_same() -> None:
    memory = Memory({"a", "b"}, cursor=Cursor(at(9), T0))
    listed = Listed([page("a", unreadable=[Unreadable("b", "No.", "{}")])])
    tally, _ = await copied(listed.copying(memory, Mode.FULL))
    assert (tally, memory.put_aside) == (Tally(unchanged=1, quarantined=1), ["b"])
    assert memory.rows == {"a", "b"}


async def test_what_is_too_much_to_believe_is_said() -> None:
    memory = Memory({"a", "b"}, cursor=Cursor(at(9), T0), believes=False)
    _, batches = await copied(Listed([page("a")]).copying(memory, Mode.FULL))
    assert batches[-1].notice.startswith("Xero no longer lists 1 of 2 accounts.")
    assert [batch.notice for batch in batches[:-1]] == [None]


async def test_a_list_without_deltas_is_read_again_after_a_day_or_when_all_is_asked_for() -> None:
    memory, clock, reads = Memory({"old"}), SetClock(), []

    async def read() -> Page[Account]:
        reads.append(clock.now())
        return Page([named("a")])

    def whole(mode: Mode) -> Whole[Account]:
        return Whole(Keeping("accounts", memory, memory, memory, "Xero"), read, mode, clock)

    tally, [batch] = await copied(whole(Mode.DELTA))
    assert (tally, batch.total) == (Tally(created=1, gone=1), 1)
    assert await copied(whole(Mode.DELTA), batch.checkpoint) == (Tally(), [])
    clock.move(hours=23)
    assert await copied(whole(Mode.DELTA)) == (Tally(), [])
    assert (await copied(whole(Mode.FULL)))[0] == Tally(unchanged=1)
    clock.move(hours=1)
    assert (await copied(whole(Mode.DELTA)))[0] == Tally(unchanged=1)
    assert len(reads) == 3


@dataclass
class Behind:
    """Of the invoices that are told of, those that are called so are behind."""

    names: set[str]

    async def behind(self, told: Collection[str]) -> Collection[str]:
        return self.names.intersection(told)


async def test_an_invoice_asked_for_since_it_was_paid_is_put_aside_where_it_cannot_be_read() -> (
    None
):
    invoices, payments = Memory({"read", "unread"}), Memory(cursor=Cursor(at(9), T0))
    answer = page("read", unreadable=[Unreadable("unread", "No.", "{}")])

    async def find(source_ids: Sequence[str]) -> Page[Any]:
        assert source_ids == ["read", "unread"]
        return answer

    following = Following(
        Listed([page("payment")]).copying(payments),
        lambda _: {"read": at(9), "unread": at(9), "not behind": at(9)},
        Invoices(Listed([]).copying(invoices), find, Behind({"read", "unread"})),  # type: ignore[arg-type]  # records are records
    )
    tally, _ = await copied(following)
    assert invoices.put_aside == ["unread"]
    assert tally == Tally(created=1, quarantined=1), "invoices are counted in their own step"
    assert (invoices.seen, invoices.cursor) == ({"read", "unread"}, None)
    assert (payments.rows, payments.put_aside) == ({"payment"}, [])


def test_a_place_is_written_down_and_found_again() -> None:
    place = Place(is_full=True, since=at(3), cursor=at(2), total=7)
    assert Place.at(place.checkpoint) == place
    assert Place.at(Place(is_full=False).checkpoint) == Place(is_full=False)
