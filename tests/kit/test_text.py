import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingone_api.kit.text import storable


@pytest.mark.parametrize(
    "value",
    [None, "", "Acacia", "Zoë 牙科 🦷", "\x01\x7f\n", "%\\_'\"", "\ufffe\uffff", "\U0010ffff"],
)
def test_what_postgresql_keeps_is_left_as_it_is(value: str | None) -> None:
    assert storable(value) == value


@pytest.mark.parametrize(
    "value", ["\x00", "a\x00b", "\ud800", chr(0xDFFF), "\ude00\ud83d", "a\udc80"]
)
def test_what_it_cannot_keep_is_refused_without_repeating_it(value: str) -> None:
    with pytest.raises(ValueError, match=r"^Must not contain NUL or unpaired surrogates\.$"):
        storable(value)


@given(st.text(st.characters()))
def test_what_passes_can_be_written_as_utf_8_without_nul(value: str) -> None:
    try:
        kept = storable(value)
    except ValueError:
        assert "\x00" in value or any(0xD800 <= ord(character) <= 0xDFFF for character in value)
    else:
        assert kept == value
        assert b"\x00" not in value.encode()
