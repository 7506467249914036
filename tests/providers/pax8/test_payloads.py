from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingone_api.providers.records import whole


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (0, 0),
        (237, 237),
        (Decimal("2.0"), 2),
        (Decimal("2E+2"), 200),
        (Decimal("-0.0"), 0),
        (10**9, 10**9),
        (10**9 + 1, None),
        (-1, None),
        (Decimal("1.5"), None),
        (Decimal("1E-9999999"), None),
        (Decimal("1E+999999999"), None),
        (Decimal("1E+999999999999999999"), None),
        (10**3999, None),
        (True, None),
        (None, None),
        ("2", None),
        ([], None),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_count_is_a_whole_number_of_a_size_that_can_be(value: object, count: int | None) -> None:
    found = whole(value)
    assert found == count
    assert found is None or type(found) is int


@given(st.decimals(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_count_is_what_was_sent_or_nothing(value: Decimal | int) -> None:
    assert whole(value) in {value, None}
