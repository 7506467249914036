import base64
import string
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from billingone_api.kit.pagination import MAX_CURSOR, CursorInvalid, Cursors, ListQuery

KEY = bytes.fromhex("3f5e0c9a71d2b84416e7a05bc8932fd1664a7e0db1c5f32890ab4d17e25c6f88")
OTHER_KEY = bytes.fromhex("a81c4e7702f9d35b6e10cb84973ad52f0e61b3c87d4952fa18e6037bdc95a241")
CURSORS = Cursors(KEY)
SCOPE = "018f7a52/subscriptions/status=active/-mrr"
ROW = ("Acacia Dental", Decimal("1234.50"), UUID("018f7a52-4c1e-7000-9d3b-2a5c8e6f1b07"))
ALPHABET = string.ascii_letters + string.digits + "-_"

texts = st.text(st.characters())
zones = st.sampled_from([UTC, timezone(timedelta(hours=10, minutes=30))])
values = (
    st.none()
    | st.booleans()
    | st.integers()
    | texts
    | st.decimals(allow_nan=False)
    | st.dates()
    | st.datetimes()
    | st.datetimes(timezones=zones)
    | st.uuids()
)


@given(st.lists(values, max_size=4).map(tuple), texts)
def test_what_is_sealed_is_opened_again_for_the_same_list(row: tuple[Any, ...], scope: str) -> None:
    opened = CURSORS.open(CURSORS.seal(row, scope=scope), scope=scope)
    assert opened == row
    assert [type(value) for value in opened] == [type(value) for value in row]
    assert [str(value) for value in opened] == [str(value) for value in row]


def test_an_instant_in_a_time_zone_stays_the_same_instant() -> None:
    instant = datetime(2026, 11, 24, 12, 0, 0, 1, tzinfo=timezone(timedelta(hours=11)))
    (opened,) = CURSORS.open(CURSORS.seal((instant,), scope=SCOPE), scope=SCOPE)
    assert opened == datetime(2026, 11, 24, 1, 0, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize("value", [1.5, b"a", [], {}, object(), timedelta(1)])
def test_what_no_row_is_sorted_by_is_not_sealed(value: object) -> None:
    with pytest.raises(TypeError):
        CURSORS.seal((value,), scope=SCOPE)


def test_a_cursor_is_fit_for_a_query_and_shows_no_padding() -> None:
    for length in range(8):
        assert set(CURSORS.seal(("a" * length,), scope=SCOPE)) <= set(ALPHABET)


@given(texts.filter(lambda scope: scope != SCOPE))
def test_a_cursor_of_another_list_is_refused(scope: str) -> None:
    with pytest.raises(CursorInvalid):
        CURSORS.open(CURSORS.seal(ROW, scope=SCOPE), scope=scope)


@given(texts, texts)
def test_the_boundary_between_list_and_row_cannot_be_moved(scope: str, more: str) -> None:
    cursor = CURSORS.seal((more,), scope=scope)
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    seal, payload = raw[:16], raw[16:]
    moved = base64.urlsafe_b64encode(seal + payload[1:]).rstrip(b"=").decode()
    with pytest.raises(CursorInvalid):
        CURSORS.open(moved, scope=scope + payload[:1].decode())


def test_a_cursor_under_another_key_is_refused() -> None:
    with pytest.raises(CursorInvalid):
        Cursors(OTHER_KEY).open(CURSORS.seal(ROW, scope=SCOPE), scope=SCOPE)


def test_no_byte_of_a_cursor_can_be_changed() -> None:
    cursor = CURSORS.seal(ROW, scope=SCOPE)
    for place, other in product(range(len(cursor)), ALPHABET):
        changed = cursor[:place] + other + cursor[place + 1 :]
        if changed != cursor:
            with pytest.raises(CursorInvalid):
                CURSORS.open(changed, scope=SCOPE)


@pytest.mark.parametrize("length", range(1, 9))
def test_the_spare_bits_of_the_last_character_are_no_way_to_write_it_otherwise(
    length: int,
) -> None:
    cursor = CURSORS.seal(("a" * length,), scope=SCOPE)
    for other in set(ALPHABET) - {cursor[-1]}:
        with pytest.raises(CursorInvalid):
            CURSORS.open(cursor[:-1] + other, scope=SCOPE)


@pytest.mark.parametrize(
    "change",
    [
        lambda cursor: cursor[:-1],
        lambda cursor: cursor[1:],
        lambda cursor: cursor + "A",
        lambda cursor: cursor + "=",
        lambda cursor: cursor + "\n",
        lambda cursor: " " + cursor,
        lambda cursor: cursor[:9] + "!" + cursor[9:],
        lambda cursor: cursor[:9] + "\x00" + cursor[9:],
        lambda cursor: cursor[:9] + "é" + cursor[9:],
        lambda cursor: cursor * 2,
        lambda cursor: cursor.swapcase(),
        lambda _: "",
        lambda _: "A",
        lambda _: "=",
        lambda _: "====",
        lambda _: "\ud800",
        lambda _: "A" * 10_000,
    ],
)
def test_a_cursor_is_taken_as_it_came_or_not_at_all(change: Any) -> None:
    with pytest.raises(CursorInvalid) as caught:
        CURSORS.open(change(CURSORS.seal(ROW, scope=SCOPE)), scope=SCOPE)
    assert caught.value.status == 422
    assert caught.value.code == "cursor_invalid"


@given(
    texts | st.text(ALPHABET + "+/=") | st.binary().map(lambda raw: base64.b64encode(raw).decode())
)
def test_nothing_made_elsewhere_is_opened(cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        CURSORS.open(cursor, scope=SCOPE)


@pytest.mark.parametrize("character", ["a", "é", "牙", "🦷", '"', "\\", "\x01", "\x7f"])
def test_the_longest_name_fits_into_a_cursor_that_we_take(character: str) -> None:
    cursor = CURSORS.seal((character * 500, *ROW[1:]), scope=SCOPE)
    assert ListQuery(cursor=cursor).cursor == cursor
    assert len(cursor) <= MAX_CURSOR


def test_what_every_list_takes_unless_told_otherwise() -> None:
    query = ListQuery()
    assert (query.q, query.limit, query.cursor, query.with_total) == (None, 50, None, False)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 201},
        {"limit": -1},
        {"limit": "1e400"},
        {"limit": "٣x"},
        {"q": "a" * 201},
        {"q": "a\x00"},
        {"q": "\ud800"},
        {"cursor": "a" * (MAX_CURSOR + 1)},
        {"with_total": "perhaps"},
        {"colour": "red"},
    ],
)
def test_a_query_that_breaks_the_rules_is_refused(query: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ListQuery.model_validate(query)
