from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingone_api.sandbox.dates import SHAPES
from billingone_api.sandbox.wire import decode, encode


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4))
def test_money_of_four_decimals_leaves_and_returns_unchanged(amount: Decimal) -> None:
    assert Decimal(decode(encode(amount))) == amount


@pytest.mark.parametrize(
    ("amount", "wire"),
    [("32.90", b"32.9"), ("84.00", b"84"), ("86.4563", b"86.4563"), ("1E+2", b"100")],
)
def test_numbers_look_like_numbers_of_the_wire(amount: str, wire: bytes) -> None:
    assert encode(Decimal(amount)) == wire


def test_hostile_text_leaves_as_it_was_planted() -> None:
    assert encode({"name": "a\ud800"}) == b'{"name":"a\\ud800"}'


def test_what_has_no_json_form_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        encode(object())


def test_one_instant_has_four_shapes() -> None:
    instant = datetime(2020, 12, 1, 20, 20, 13, 153_000, tzinfo=UTC)
    assert [shape(instant) for shape in SHAPES] == [
        "2020-12-01T20:20:13Z",
        "2020-12-01T13:20:13.153-0700",
        "2020-12-01",
        "2020-12-01T15:20:13.153-05:00",
    ]
