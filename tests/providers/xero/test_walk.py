"""The walk against a Xero of a few lines, whose records change while they are read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.providers.xero.conftest import wrapped

from billingone_api.providers.errors import MalformedAnswer
from billingone_api.providers.xero.errors import AnswerTooLarge
from billingone_api.providers.xero.pages import RawPage, Wanted
from billingone_api.providers.xero.walk import Walk

START = datetime(2026, 11, 24, tzinfo=UTC)


def nothing(server: "Server") -> None:
    """Nobody touches a record."""


@dataclass
class Server:
    """Records by id with the instant of their last change, listed as Xero lists them."""

    changed: dict[str, datetime]
    now: datetime
    meanwhile: Callable[["Server"], None] = nothing
    counts_pages: bool = True
    since_means_after: bool = False
    keeps_order: bool = True
    keeps_filter: bool = True
    largest_page: int = 1000
    largest_answer: int = 1000
    asked: list[Wanted] = field(default_factory=list)

    async def read(self, wanted: Wanted) -> RawPage:
        self.asked.append(wanted)
        rows = self._listed(wanted.since)
        size = min(wanted.size, self.largest_page)
        found = rows[(wanted.page - 1) * size : wanted.page * size]
        if len(found) > self.largest_answer:
            raise AnswerTooLarge("too large", provider="xero")
        counts = (-(-len(rows) // size), len(rows)) if self.counts_pages else (None, None)
        answer = RawPage([self._row(one) for one in found], *counts, answered_at=self.now)
        self.meanwhile(self)
        return answer

    def touch(self, one: str, *, after: timedelta) -> None:
        self.now += after
        self.changed[one] = self.now

    def _listed(self, since: datetime | None) -> list[str]:
        found = [one for one in self.changed if self._is_since(self.changed[one], since)]
        return sorted(found, key=lambda one: (self.changed[one] if self.keeps_order else 0, one))

    def _is_since(self, moment: datetime, since: datetime | None) -> bool:
        if since is None or not self.keeps_filter:
            return True
        return moment > since if self.since_means_after else moment >= since

    def _row(self, one: str) -> dict[str, Any]:
        return {"InvoiceID": one, "UpdatedDateUTC": wrapped(self.changed[one])}


def stored(count: int, *, every: timedelta) -> dict[str, datetime]:
    return {f"i{number:04d}": START + number * every for number in range(count)}


def server_of(count: int, *, every: timedelta = timedelta(seconds=40), **more: Any) -> Server:
    return Server(stored(count, every=every), now=START + count * every, **more)


async def walked(
    server: Server, *, since: datetime | None = None, size: int = 5
) -> tuple[list[tuple[str, str]], Walk]:
    walk = Walk("InvoiceID", since=since, size=size)
    read = [
        (row["InvoiceID"], row["UpdatedDateUTC"])
        async for rows in walk.pages(server.read)
        for row in rows
    ]
    return read, walk


def truth(server: Server) -> dict[str, str]:
    return {one: wrapped(moment) for one, moment in server.changed.items()}


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 23])
@pytest.mark.parametrize("counts_pages", [True, False])
@pytest.mark.parametrize("since_means_after", [True, False])
async def test_what_stands_still_is_read_once_and_in_order(
    *, count: int, counts_pages: bool, since_means_after: bool
) -> None:
    server = server_of(count, counts_pages=counts_pages, since_means_after=since_means_after)
    read, _ = await walked(server)
    assert read == list(truth(server).items())


async def test_each_question_begins_where_the_newest_change_was_and_none_is_for_a_second_page() -> (
    None
):
    server = server_of(12)
    _, walk = await walked(server)
    assert server.asked == [
        Wanted(None, 1, 5),
        # The fifth record changed 160 s after the start; the second before it is asked again.
        Wanted(START + timedelta(seconds=159), 1, 5),
        Wanted(START + timedelta(seconds=319), 1, 5),
    ]
    assert (walk.newest, walk.total) == (START + timedelta(seconds=440), 12)


async def test_a_delta_of_one_page_costs_one_call() -> None:
    server = server_of(100)
    read, _ = await walked(server, since=START + timedelta(seconds=40 * 97))
    assert [one for one, _ in read] == ["i0097", "i0098", "i0099"]
    assert len(server.asked) == 1


async def test_a_record_edited_in_mid_walk_pushes_none_through_the_gap() -> None:
    def edit_the_first(server: Server) -> None:
        if len(server.asked) == 1:
            server.touch("i0000", after=timedelta(seconds=1))

    server = server_of(12, meanwhile=edit_the_first)
    read, _ = await walked(server)
    # Pages by number would have skipped the sixth.
    assert {one for one, _ in read} == set(truth(server))
    assert dict(read) == truth(server)


async def test_an_edit_after_every_page_of_a_long_list_loses_nothing(
    figure: Callable[[str], None],
) -> None:
    def edit_the_oldest(server: Server) -> None:
        server.touch(
            min(server.changed, key=server.changed.__getitem__), after=timedelta(seconds=1)
        )

    server = server_of(5000, meanwhile=edit_the_oldest)
    at_first = set(server.changed)
    read, _ = await walked(server, size=100)
    assert at_first <= {one for one, _ in read}

    by_number = server_of(5000, meanwhile=edit_the_oldest)
    pages = [await by_number.read(Wanted(None, number, 100)) for number in range(1, 51)]
    skipped = at_first - {row["InvoiceID"] for page in pages for row in page.rows}
    assert len(skipped) == 49
    figure(
        f"12: 5,000 records, one edited after every page: 0 lost in {len(server.asked)} calls "
        f"({len(skipped)} lost in 50 calls by page numbers)"
    )


async def test_a_second_with_more_changes_than_a_page_is_read_until_nothing_is_new() -> None:
    server = server_of(13, every=timedelta(milliseconds=7))
    read, _ = await walked(server)
    assert read == list(truth(server).items())
    second_before = START - timedelta(seconds=1)
    assert [(wanted.since, wanted.page) for wanted in server.asked] == [
        (None, 1),
        (second_before, 1),
        (second_before, 2),
        (second_before, 3),
        (second_before, 1),
        (second_before, 2),
        (second_before, 3),
    ]


async def test_an_edit_in_a_crowded_second_is_met_on_the_way_back() -> None:
    def edit_one_read_already(server: Server) -> None:
        # The walk stands between its second and its third page.
        if len(server.asked) == 3:
            server.touch("i0001", after=timedelta(seconds=90))

    server = server_of(13, every=timedelta(milliseconds=7), meanwhile=edit_one_read_already)
    read, _ = await walked(server)
    assert {one for one, _ in read} == set(truth(server))


async def test_a_walk_cut_short_goes_on_behind_its_last_page() -> None:
    server = server_of(23)
    walk = Walk("InvoiceID", since=None, size=5)
    pages = walk.pages(server.read)
    first = [row["InvoiceID"] for row in await anext(pages)]
    await pages.aclose()  # type: ignore[attr-defined]  # a generator in fact
    rest, _ = await walked(server, since=walk.since)
    assert set(first) | {one for one, _ in rest} == set(truth(server))
    assert len(rest) == 19  # the one at the seam comes twice


async def test_where_the_order_is_left_aside_pages_are_numbered_to_the_end() -> None:
    server = server_of(23, keeps_order=False)
    names = list(server.changed)
    Random(7).shuffle(names)  # noqa: S311 - any order will do
    server.changed = dict(zip(sorted(names), [server.changed[one] for one in names], strict=True))
    read, walk = await walked(server)
    assert sorted(read) == sorted(truth(server).items())
    assert {wanted.since for wanted in server.asked} == {None}
    assert walk.newest == max(server.changed.values())


@pytest.mark.parametrize("counts_pages", [True, False])
async def test_where_the_filter_is_left_aside_the_walk_still_ends_with_all(
    *, counts_pages: bool
) -> None:
    server = server_of(23, keeps_filter=False, counts_pages=counts_pages)
    read, _ = await walked(server)
    assert dict(read) == truth(server)
    assert len(server.asked) < 25


async def test_a_page_smaller_than_asked_for_is_not_the_last() -> None:
    server = server_of(350, every=timedelta(milliseconds=1), counts_pages=False, largest_page=100)
    read, _ = await walked(server, size=500)
    assert read == list(truth(server).items())


async def test_a_page_beyond_what_we_read_is_asked_for_in_smaller_ones() -> None:
    server = server_of(12, largest_answer=2)
    read, _ = await walked(server, size=8)
    assert read == list(truth(server).items())
    assert [wanted.size for wanted in server.asked[:3]] == [8, 4, 2]


async def test_a_record_beyond_what_we_read_is_told() -> None:
    with pytest.raises(MalformedAnswer, match="a single record is larger"):
        await walked(server_of(3, largest_answer=0))


async def test_an_empty_page_where_records_should_be_is_no_end() -> None:
    async def read(wanted: Wanted) -> RawPage:
        return RawPage([], page_count=2, item_count=700, answered_at=None)

    with pytest.raises(MalformedAnswer, match="empty that should not be"):
        [rows async for rows in Walk("InvoiceID", since=None, size=5).pages(read)]


@pytest.mark.parametrize(("pages", "items"), [(0, 0), (1, 0), (None, None), (0, None), (1, None)])
async def test_an_empty_list_is_an_end(pages: int | None, items: int | None) -> None:
    asked: list[Wanted] = []

    async def read(wanted: Wanted) -> RawPage:
        asked.append(wanted)
        return RawPage([], page_count=pages, item_count=items, answered_at=None)

    assert [rows async for rows in Walk("InvoiceID", since=None, size=5).pages(read)] == []
    assert len(asked) == 1


async def test_pages_that_repeat_themselves_without_end_are_told() -> None:
    rows = [{"InvoiceID": f"i{number}", "UpdatedDateUTC": wrapped(START)} for number in range(5)]

    async def read(wanted: Wanted) -> RawPage:
        return RawPage(rows, page_count=10**6, item_count=None, answered_at=None)

    with pytest.raises(MalformedAnswer, match="repeat themselves"):
        [found async for found in Walk("InvoiceID", since=None, size=5).pages(read)]


async def test_a_change_in_the_far_future_leads_the_walk_nowhere() -> None:
    server = server_of(23)
    server.changed["i0004"] = datetime(9998, 1, 1, tzinfo=UTC)
    read, walk = await walked(server)
    assert dict(read) == truth(server)
    assert walk.newest == START + 22 * timedelta(seconds=40)


@pytest.mark.parametrize("told", [None, "", "soon", 7, "/Date(0+0000)/"])
async def test_records_that_do_not_say_when_they_changed_are_read_too(told: Any) -> None:
    rows = [{"InvoiceID": f"i{number}", "UpdatedDateUTC": told} for number in range(12)]

    async def read(wanted: Wanted) -> RawPage:
        start = (wanted.page - 1) * wanted.size
        found = rows[start : start + wanted.size]
        return RawPage(found, page_count=3, item_count=12, answered_at=None)

    walk = Walk("InvoiceID", since=None, size=5)
    found = [row async for page in walk.pages(read) for row in page]
    assert found == rows
    assert walk.newest is None


async def test_what_has_no_id_is_brought_once() -> None:
    rows: list[Any] = [{"Total": 1}, {"Total": 2}, None, "x", {"Total": 1}, {"InvoiceID": 7}]

    async def read(wanted: Wanted) -> RawPage:
        return RawPage(rows, page_count=1, item_count=6, answered_at=None)

    walk = Walk("InvoiceID", since=None, size=10)
    found = [row async for page in walk.pages(read) for row in page]
    assert found == [{"Total": 1}, {"Total": 2}, None, "x", {"InvoiceID": 7}]


@dataclass
class Edits:
    """Drawn by hypothesis: after each answer some records change, some are new."""

    drawn: Iterator[list[tuple[int, int]]]

    def __call__(self, server: Server) -> None:
        for which, milliseconds in next(self.drawn, []):
            one = sorted(server.changed)[which % len(server.changed)] if which >= 0 else "new"
            server.touch(one, after=timedelta(milliseconds=milliseconds))


EDITS = st.lists(
    st.lists(st.tuples(st.integers(-1, 40), st.sampled_from([0, 1, 300, 1000, 2500])), max_size=6),
    max_size=30,
)
SPACING = st.sampled_from([0, 1, 90, 250, 1000, 61000]).map(lambda ms: timedelta(milliseconds=ms))


@given(
    count=st.integers(1, 40),
    every=SPACING,
    edits=EDITS,
    size=st.integers(1, 9),
    counts_pages=st.booleans(),
    since_means_after=st.booleans(),
)
async def test_whatever_changes_meanwhile_no_record_is_lost_and_the_next_delta_has_the_rest(
    *,
    count: int,
    every: timedelta,
    edits: list[list[tuple[int, int]]],
    size: int,
    counts_pages: bool,
    since_means_after: bool,
) -> None:
    server = server_of(
        count,
        every=every,
        meanwhile=Edits(iter(edits)),
        counts_pages=counts_pages,
        since_means_after=since_means_after,
    )
    at_first = set(server.changed)
    read, walk = await walked(server, size=size)
    assert at_first <= {one for one, _ in read}

    server.meanwhile = nothing
    assert walk.newest is not None
    since = walk.newest.replace(microsecond=0) - timedelta(seconds=1)
    delta, _ = await walked(server, since=since, size=size)
    assert dict(read) | dict(delta) == truth(server)
