import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingone_api.kit.auth.strict import DEEPEST, Malformed, base64url, json_object

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(min_size=1))
def test_what_an_encoder_writes_is_read_back(data: bytes) -> None:
    assert base64url(urlsafe_b64encode(data).rstrip(b"=").decode()) == data


@given(st.text(alphabet="AQgw_-+/= \n", max_size=12))
def test_bytes_have_one_spelling(text: str) -> None:
    try:
        decoded = base64url(text)
    except Malformed:
        return
    assert urlsafe_b64encode(decoded).rstrip(b"=").decode() == text


@given(st.dictionaries(st.text(), PLAIN))
def test_what_json_writes_is_read_back(value: dict[str, object]) -> None:
    assert json_object(json.dumps(value).encode()) == value


def test_depth_is_counted_to_the_level() -> None:
    def nested(levels: int) -> bytes:
        return b'{"a": ' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"

    assert json_object(nested(DEEPEST))
    with pytest.raises(Malformed, match="deeply"):
        json_object(nested(DEEPEST + 1))


@pytest.mark.parametrize("text", ['{"a": "' + "[{" * 99 + '"}', '{"a": "\\"' + "[" * 99 + '"}'])
def test_brackets_in_text_are_no_depth(text: str) -> None:
    assert json_object(text.encode()) == json.loads(text)


def test_many_shallow_lists_are_no_depth() -> None:
    assert json_object(b'{"a": [' + b"[], " * 500 + b"[]]}")
