"""Bodies from outside: read up to a limit, parsed without a float."""

import json
from decimal import Decimal
from typing import Any, Final, NoReturn

import httpx

_LONGEST_INT: Final = 4000
"""Python refuses to make an int of many more digits; Decimal takes them."""


class NotJson(ValueError):
    """The body is no JSON; the message holds nothing of it."""


async def read_up_to(limit: int, response: httpx.Response) -> bytes:
    """The body, or somewhat more than `limit` bytes of a longer one (counted after gunzip)."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limit:
            break
    return bytes(body)


def read_json(body: bytes) -> Any:
    """Exact JSON: fractions become Decimal; NaN, Infinity and bottomless nesting are refused.

    A number that even Decimal cannot hold stays text, so that it spoils its record and not the
    whole answer.
    """
    try:
        return json.loads(
            body, parse_float=_fraction, parse_int=_whole, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        # The cause would carry the body along.
        raise NotJson("not JSON") from None


def _fraction(literal: str) -> Decimal | str:
    try:
        return Decimal(literal)
    except ArithmeticError:
        return literal


def _whole(literal: str) -> int | Decimal:
    return int(literal) if len(literal) < _LONGEST_INT else Decimal(literal)


def _no_constant(literal: str) -> NoReturn:
    raise ValueError(f"{literal} is no number of JSON")
