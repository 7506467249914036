import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingone_api.kit.bodies import judge
from billingone_api.kit.errors import InvalidRequest
from billingone_api.kit.structure import is_deeper


def pointers(body: str) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as caught:
        judge(body.encode())
    return [(at.pointer, at.code) for at in caught.value.errors]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("NaN", [("", "finite_number")]),
        ('{"a": -Infinity}', [("/a", "finite_number")]),
        ('{"a": [1, 1e400]}', [("/a/1", "finite_number")]),
        ('{"a": {"b/c": 1E+999}}', [("/a/b~1c", "finite_number")]),
        ('{"a": "\\ud800"}', [("/a", "value_error")]),
        ('{"a": "\\uDFFF"}', [("/a", "value_error")]),
        ('{"a": "x\\u0000"}', [("/a", "value_error")]),
        ('{"\\u0000": 1}', [("/\0", "value_error")]),
        ('["\\ud83d", "\\ude00"]', [("/0", "value_error"), ("/1", "value_error")]),
        ("[" + "9" * 400 + ".5]", [("/0", "finite_number")]),
    ],
)
def test_a_flaw_is_pointed_at(body: str, found: list[tuple[str, str]]) -> None:
    assert pointers(body) == found


@pytest.mark.parametrize(
    "body",
    [
        '{"name": "NaN", "other": "Infinity and 1e400"}',
        '"\\ud83d\\ude00"',
        '{"a": 1e300, "b": -1e-400}',
        '{"a": "\\\\u0000 is written so"}',
        '"' + "[{" * 500 + '"',
        "[" * 32 + "]" * 32,
        "[" + ",".join(["{}"] * 1000) + "]",
        "",
        "{",
        "9" * 250,
    ],
)
def test_what_any_reader_understands_passes(body: str) -> None:
    judge(body.encode())


@pytest.mark.parametrize(
    "body", ["[" * 33 + "]" * 33, "[" * 1_000_000, '{"a":' * 33 + "1" + "}" * 33]
)
def test_depth_is_refused_unparsed(body: str) -> None:
    assert pointers(body) == []


@pytest.mark.parametrize("body", ["{}".encode("utf-16"), "{}".encode("utf-32"), b'{"a": "\0"}'])
def test_other_encodings_are_no_json(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        judge(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(is_plain(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return all(map(is_plain, value))
    if isinstance(value, float):
        return value - value == 0
    if isinstance(value, str):
        return "\0" not in value and value.encode("utf-8", "replace").decode() == value
    return True


@given(JSON)
def test_exactly_what_is_not_plain_is_refused(value: Any) -> None:
    body = json.dumps(value).encode()
    if is_plain(value):
        judge(body)
    else:
        with pytest.raises(InvalidRequest):
            judge(body)


@given(st.binary())
def test_any_bytes_get_a_verdict(body: bytes) -> None:
    with contextlib.suppress(InvalidRequest):
        judge(body)


@given(st.recursive(st.text(max_size=5), lambda inner: st.lists(inner, max_size=2)))
def test_depth_is_counted_outside_of_text(value: Any) -> None:
    def depth(item: Any) -> int:
        return 1 + max(map(depth, item), default=0) if isinstance(item, list) else 0

    found = depth(value)
    text = json.dumps(value).encode()
    assert not is_deeper(text, than=found)
    assert found == 0 or is_deeper(text, than=found - 1)
