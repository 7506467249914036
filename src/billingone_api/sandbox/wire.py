"""JSON as the third parties write it: exact numbers, compact, read back without floats."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from starlette.responses import Response

Record = dict[str, Any]


def encode(value: Any) -> bytes:
    """Compact ASCII JSON; a lone surrogate or a NaN planted by a test leaves as it came."""
    return _ENCODER.encode(value).encode("ascii")


def decode(raw: bytes | str) -> Any:
    return json.loads(raw, parse_float=Decimal)


def json_response(value: Any, *, status: int = 200) -> Response:
    return Response(encode(value), status_code=status, media_type="application/json")


def page_response(rows: Sequence[bytes], *, number: int, size: int, total: int) -> Response:
    """A page of Pax8: `content` and the nested `page` block, whose pages count from 0."""
    page = {
        "size": size,
        "totalElements": total,
        "totalPages": -(-total // size),
        "number": number,
    }
    body = b'{"content":[' + b",".join(rows) + b'],"page":' + encode(page) + b"}"
    return Response(body, media_type="application/json")


def _number(value: object) -> int | float:
    # Shortest float notation gives a decimal of up to 15 digits back unchanged, so that the
    # wire shows 27.64 and 86.4563 exactly as they were planned.
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here")


_ENCODER = json.JSONEncoder(separators=(",", ":"), default=_number)
