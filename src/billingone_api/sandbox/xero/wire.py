"""JSON as Xero writes it: .NET's dates with escaped slashes, money as floats, one envelope."""

import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from starlette.responses import Response

from billingone_api.sandbox.wire import Record, encode

CENT: Final = Decimal("0.01")
DAY_IN_MS: Final = 86_400_000
NOTHING: Final = Decimal(0)

_EPOCH: Final = date(1970, 1, 1)
_WRITTEN: Final = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/")


def xero_json(value: Any) -> bytes:
    """Slashes are escaped in dates, and in nothing else."""
    raw = encode(value)
    return raw.replace(b'"/Date(', b'"\\/Date(').replace(b')/"', b')\\/"')


def milliseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def day_in_ms(day: date) -> int:
    return (day - _EPOCH).days * DAY_IN_MS


def written(ms: int) -> str:
    return f"/Date({ms}+0000)/"


def read(text: str) -> int | None:
    """The milliseconds of a written date; None where it is none."""
    found = _WRITTEN.fullmatch(text)
    return int(found[1]) if found else None


def as_text(ms: int) -> str:
    """`2026-11-18T22:01:44Z`, as in `UpdatedDateUTCString`."""
    return datetime.fromtimestamp(ms // 1000, UTC).isoformat()[:19] + "Z"


def day_fields(name: str, day: date | None) -> Record:
    """A calendar day twice: as text and as the midnight of UTC; nothing where there is none."""
    if day is None:
        return {}
    return {f"{name}String": f"{day.isoformat()}T00:00:00", name: written(day_in_ms(day))}


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def exactly(number: float) -> Decimal:
    """The decimal that a float on the wire shows."""
    return Decimal(str(number))


def enveloped(
    collection: str, rows: bytes, *, now: datetime, answer_id: str, pagination: Record
) -> Response:
    """An answer of the accounting API around rows that are JSON already."""
    head = {
        "Id": answer_id,
        "Status": "OK",
        "ProviderName": "BillingOne",
        "DateTimeUTC": f"/Date({milliseconds(now)})/",
        **pagination,
    }
    body = xero_json(head)[:-1] + f',"{collection}":'.encode() + rows + b"}"
    return Response(body, media_type="application/json; charset=utf-8")
