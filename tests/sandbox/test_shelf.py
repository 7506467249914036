from decimal import Decimal
from typing import Any

import pytest

from billingone_api.sandbox.shelf import Shelf


def shelf(field: str, **values: Any) -> Shelf:
    filled = Shelf()
    for key, value in values.items():
        filled.put(key, {} if value is None else {field: value})
    return filled


@pytest.mark.parametrize(
    ("field", "values", "order"),
    [
        ("price", {"a": Decimal("9.5"), "b": 10, "c": None, "d": "call us"}, "abdc"),
        ("name", {"a": "beta", "b": "Alpha", "c": "Gamma"}, "bac"),
        (
            "createdDate",
            {"a": "2026-01-02", "b": "2026-01-01T23:00:00.000-0700", "c": "2026-01-01T12:00:00Z"},
            "cab",
        ),
        ("createdDate", {"a": "yesterday", "b": "2026-01-01", "c": None}, "bac"),
    ],
)
def test_a_list_is_sorted_by_value_not_by_notation(
    field: str, values: dict[str, Any], order: str
) -> None:
    rows = shelf(field, **values)
    assert "".join(rows.select(sort=(field, False))) == order


def test_a_filter_reads_nested_fields() -> None:
    rows = shelf("address", a={"city": "Perth"}, b={"city": "Sydney"}, c="nowhere")
    assert rows.select(where={"address.city": "Perth"}) == ["a"]


def test_a_change_is_seen_by_lists_that_were_asked_for_before() -> None:
    rows = shelf("price", a=1, b=2)
    assert rows.select(sort=("price", True)) == ["b", "a"]
    rows.put("c", {"price": 3})
    rows.remove("b")
    assert rows.select(sort=("price", True)) == ["c", "a"]
    assert rows.select(where={"price": 3}) == ["c"]
