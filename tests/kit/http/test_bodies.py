import json
from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingone_api.kit.http.bodies import NotJson, read_json, read_up_to

PLANTED = "sk-planted-7f3a"


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"86.456", Decimal("86.456")),
        (b"0.1", Decimal("0.1")),
        (b"-0.0000000000000000000001", Decimal("-0.0000000000000000000001")),
        (b"1.10", Decimal("1.10")),
        (b"1e2", Decimal(100)),
        (b"12345678901234567890.12345678901234567890",
         Decimal("12345678901234567890.12345678901234567890")),
        (b"9007199254740993", 9007199254740993),
        (b"42", 42),
        (b"null", None),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ('{"a": "é"}'.encode("utf-16"), {"a": "é"}),
        (b' \r\n["x"]\n', ["x"]),
    ],
)  # fmt: skip
def test_numbers_arrive_as_they_were_written(body: bytes, value: object) -> None:
    found = read_json(body)
    assert found == value
    assert type(found) is type(value)
    assert str(found) == str(value) or body == b"1e2"


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_no_decimal_loses_a_digit(number: Decimal) -> None:
    assert read_json(str(number).encode()) == number


@given(st.integers(min_value=0, max_value=9), st.integers(min_value=3990, max_value=20_000))
def test_a_huge_whole_number_is_read_and_kills_nobody(digit: int, length: int) -> None:
    literal = "1" + str(digit) * length
    assert Decimal(read_json(literal.encode())).adjusted() == length


@pytest.mark.parametrize("literal", ["1e1000000", "1E+99999999", "-1e-99999999", "1e400", "0e999"])
def test_a_number_beyond_every_float_spoils_no_answer(literal: str) -> None:
    assert read_json(f'{{"a": {literal}}}'.encode()) == {"a": Decimal(literal)}


def test_a_number_that_nothing_can_hold_stays_text() -> None:
    literal = "1e99999999999999999999999"
    assert read_json(f'[{literal}, "next"]'.encode()) == [literal, "next"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"NaN",
        b"[NaN]",
        b'{"price": Infinity}',
        b"-Infinity",
        b'{"a": 1',
        b'{"a": 1}{"a": 2}',
        b"[1,]",
        b"{'a': 1}",
        b"\xff\xfe\xfd",
        b'"\xff"',
        b"01",
        b"+1",
        b".5",
        b"1.",
        b'"\t"',
        b"<html><title>502 Bad Gateway</title></html>",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 200_000 + b"]" * 200_000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_no_json_is_one_error(body: bytes) -> None:
    with pytest.raises(NotJson):
        read_json(body)


@given(st.binary())
def test_no_bytes_whatever_raise_another_error(body: bytes) -> None:
    try:
        found = read_json(body)
    except NotJson:
        return
    assert found == json.loads(body, parse_float=Decimal)


def test_the_error_holds_nothing_of_the_body() -> None:
    with pytest.raises(NotJson) as caught:
        read_json(f'{{"client_secret": "{PLANTED}'.encode())
    error = caught.value
    assert PLANTED not in f"{error} {error!r} {error.__cause__!r}"
    assert error.__suppress_context__


@pytest.mark.parametrize(("limit", "least", "most"), [(0, 1, 4), (6, 7, 8), (12, 12, 12)])
async def test_reading_stops_soon_after_the_limit(limit: int, least: int, most: int) -> None:
    class Chunks(httpx.AsyncByteStream):
        sent = 0

        async def __aiter__(self):  # noqa: ANN204 - httpx's own signature
            for _ in range(3):
                self.sent += 1
                yield b"abcd"

    chunks = Chunks()
    body = await read_up_to(limit, httpx.Response(200, stream=chunks))
    assert least <= len(body) <= most
    assert chunks.sent == -(-most // 4)
