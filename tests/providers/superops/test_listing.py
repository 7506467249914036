"""The walk against a SuperOps of a few lines, whose records come and go while they are read."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingone_api.kit.http.bodies import read_json
from billingone_api.providers.records import RecordReader
from billingone_api.providers.superops import listing as walking
from billingone_api.providers.superops.listing import Listing, RawPage
from billingone_api.providers.superops.payloads import Client

SIZE = walking.PAGE_SIZE


def nothing(server: "Server") -> None:
    """Nobody touches a record."""


@dataclass
class Server:
    """Records listed by number, as SuperOps lists them."""

    rows: list[Any]
    size: int = SIZE
    total: Any = ...
    more: Any = ...
    meanwhile: Callable[["Server"], None] = nothing
    asked: list[int] = field(default_factory=list)

    async def read(self, number: int) -> RawPage:
        self.asked.append(number)
        start = (number - 1) * self.size
        found = self.rows[start : start + self.size]
        is_followed = start + self.size < len(self.rows)
        page = RawPage(
            found,
            has_more=is_followed if self.more is ... else self.more,
            total=len(self.rows) if self.total is ... else self.total,
        )
        self.meanwhile(self)
        return page

    def listing(self) -> Listing[Client]:
        return Listing(
            self.read, reader=RecordReader(Client, id_name="accountId"), id_name="accountId"
        )


def stored(count: int, *, first: int = 0) -> list[Any]:
    return [{"accountId": f"c{number:04d}"} for number in range(first, first + count)]


async def walked(server: Server) -> tuple[list[str], Listing[Client]]:
    listing = server.listing()
    found = [one.account_id async for batch in listing.batches() for one in batch.records]
    return found, listing


def ids(rows: list[Any]) -> list[str]:
    return [row["accountId"] for row in rows]


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250, 300])
async def test_what_stands_still_is_read_once_and_is_complete(count: int) -> None:
    server = Server(stored(count))
    found, listing = await walked(server)
    assert found == ids(server.rows)
    assert (listing.is_complete, listing.total) == (True, count)
    assert server.asked == list(range(1, max(1, math.ceil(count / SIZE)) + 1))


async def test_each_page_is_a_batch_and_nothing_is_known_before_the_end() -> None:
    listing = Server(stored(150)).listing()
    assert (listing.is_complete, listing.total) == (False, None)
    sizes = []
    async for batch in listing.batches():
        sizes.append(len(batch.records))
        assert not listing.is_complete
        assert listing.total == 150
    assert sizes == [100, 50]
    assert listing.is_complete


async def test_a_listing_that_is_left_early_is_not_complete() -> None:
    listing = Server(stored(150)).listing()
    async for _ in listing.batches():
        break
    assert not listing.is_complete


async def test_a_listing_that_is_read_again_begins_anew() -> None:
    server = Server(stored(2))
    listing = server.listing()
    for _ in range(2):
        found = [one async for batch in listing.batches() for one in batch.records]
        assert (len(found), listing.is_complete) == (2, True)
    server.total = 3
    assert len([batch async for batch in listing.batches()]) == 1
    assert not listing.is_complete


async def test_a_record_that_comes_on_two_pages_is_given_once() -> None:
    rows = stored(150)
    server = Server([*rows[:100], *rows[50:]], total=150)
    found, listing = await walked(server)
    assert found == ids(rows)
    assert listing.is_complete


async def test_an_id_is_the_same_as_text_and_as_a_number() -> None:
    rows = [{"accountId": 79288383727461662754}, {"accountId": "79288383727461662754"}]
    found, listing = await walked(Server(rows, total=1))
    assert found == ["79288383727461662754"]
    assert listing.is_complete


@pytest.mark.parametrize("total", [149, 151])
async def test_one_more_pass_is_made_where_the_count_is_another(total: int) -> None:
    server = Server(stored(150), total=total)
    found, listing = await walked(server)
    assert server.asked == [1, 2, 1, 2]
    assert found == ids(server.rows)
    assert (listing.is_complete, listing.total) == (False, total)


async def test_a_record_that_slips_through_is_found_by_the_second_pass() -> None:
    def take_one(server: Server) -> None:
        if len(server.asked) == 1:
            del server.rows[0]

    server = Server(stored(250), meanwhile=take_one)
    found, listing = await walked(server)
    # c0100 moved from the second page to the first, which had been read.
    assert found == [*(one for one in ids(stored(250)) if one != "c0100"), "c0100"]
    assert server.asked == [1, 2, 3, 1, 2, 3]
    assert (listing.is_complete, listing.total) == (True, 249)


async def test_a_count_that_is_right_at_last_does_not_hide_that_something_moved() -> None:
    """One was read and went, one slipped through: as many were met as there are now."""

    def take_one(server: Server) -> None:
        if server.asked[-1] == 1:
            del server.rows[0]

    server = Server(stored(150), meanwhile=take_one)
    _, listing = await walked(server)
    assert server.asked == [1, 2, 1, 2]
    assert not listing.is_complete


async def test_two_passes_together_are_not_one_complete_pass() -> None:
    """Each leaves out another record; together they hold as many as there are said to be."""

    def swap(server: Server) -> None:
        if len(server.asked) == 1:
            server.rows = stored(4, first=1)

    server = Server(stored(4), total=5, meanwhile=swap)
    found, listing = await walked(server)
    assert found == ids(stored(5))
    assert not listing.is_complete


async def test_who_does_not_say_how_many_there_are_is_never_complete_nor_asked_again() -> None:
    server = Server(stored(150), total=None)
    found, listing = await walked(server)
    assert (found, server.asked) == (ids(server.rows), [1, 2])
    assert (listing.is_complete, listing.total) == (False, None)


async def test_a_page_that_does_not_say_how_many_there_are_is_not_believed() -> None:
    def forget(server: Server) -> None:
        server.total = None if server.asked[-1] == 1 else 150

    server = Server(stored(150), meanwhile=forget)
    found, listing = await walked(server)
    assert (len(found), listing.is_complete, listing.total) == (150, False, 150)


async def test_nobodys_word_that_more_follows_is_no_end_while_some_are_missing() -> None:
    server = Server(stored(250), more=False)
    found, listing = await walked(server)
    assert (found, server.asked) == (ids(server.rows), [1, 2, 3])
    assert listing.is_complete


async def test_a_page_behind_the_last_is_not_asked_for() -> None:
    server = Server(stored(99), total=100, more=False)
    _, listing = await walked(server)
    assert (server.asked, listing.is_complete) == ([1, 1], False)


async def test_pages_that_are_smaller_than_asked_for_are_all_read() -> None:
    server = Server(stored(250), size=50)
    found, listing = await walked(server)
    assert (found, listing.is_complete) == (ids(server.rows), True)
    assert server.asked == [1, 2, 3, 4, 5]


async def test_a_page_without_records_ends_a_pass_and_proves_nothing() -> None:
    server = Server(stored(100), total=1000, more=True)
    found, listing = await walked(server)
    assert (len(found), server.asked) == (100, [1, 2, 1, 2])
    assert not listing.is_complete


async def test_pages_that_repeat_themselves_end_a_pass() -> None:
    rows = stored(100)
    server = Server(rows * 9, total=None)
    found, listing = await walked(server)
    assert (found, server.asked) == (ids(rows), [1, 2])
    assert not listing.is_complete


async def test_more_pages_than_the_count_allows_are_not_read() -> None:
    server = Server(stored(900), total=150)
    found, listing = await walked(server)
    assert (len(found), server.asked) == (300, [1, 2, 3, 1, 2, 3])
    assert not listing.is_complete


@pytest.mark.parametrize("total", [None, 10**9])
async def test_a_list_without_end_ends(total: int | None) -> None:
    async def read(number: int) -> RawPage:
        asked.append(number)
        return RawPage([{"accountId": str(number)}], has_more=True, total=total)

    asked: list[int] = []
    one_pass = walking.Pass("accountId")
    assert len([rows async for rows in one_pass.pages(read)]) == walking.MOST_PAGES == 5000
    assert asked[-1] == walking.MOST_PAGES
    assert not one_pass.is_complete


async def test_what_cannot_be_read_is_put_aside_and_met_all_the_same() -> None:
    rows = [{"accountId": "a"}, {"accountId": "b", "name": ["x"]}]
    listing = Server(rows).listing()
    (batch,) = [batch async for batch in listing.batches()]
    assert [one.account_id for one in batch.records] == ["a"]
    assert [(one.source_id, one.pointer) for one in batch.rejects] == [("b", "/name")]
    assert listing.is_complete


@pytest.mark.parametrize(
    "row",
    [
        None,
        "c0001",
        {},
        {"accountId": None},
        {"accountId": ""},
        {"accountId": True},
        {"accountId": "x" * 201},
        {"accountId": "a\x00"},
        read_json(b'{"accountId": 7.928838372746166e+19}'),
        read_json(b'{"accountId": 79288383727461662.0}'),
    ],
    ids=ascii,
)
async def test_nobody_is_gone_where_a_record_does_not_say_whose_it_is(row: Any) -> None:
    server = Server([*stored(2), row])
    listing = server.listing()
    batches = [batch async for batch in listing.batches()]
    assert [len(batch.rejects) for batch in batches] == [1]
    assert (server.asked, listing.is_complete) == ([1, 1], False)


@given(
    count=st.integers(0, 30),
    total=st.none() | st.integers(0, 40),
    doubles=st.lists(st.integers(0, 29), max_size=10),
    more=st.sampled_from([True, False, ...]),
)
async def test_complete_means_that_all_were_met(
    *, count: int, total: int | None, doubles: list[int], more: Any
) -> None:
    rows = stored(count)
    repeated = [rows[number] for number in doubles if number < count]
    server = Server(rows + repeated, total=total, more=more)
    found, listing = await walked(server)
    assert sorted(found) == ids(rows)
    assert listing.is_complete == (total == count)
