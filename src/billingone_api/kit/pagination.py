"""Lists are walked by keyset: a cursor names the last row read, and nobody can forge one."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import NoneType
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from billingone_api.kit.errors import InvalidRequest
from billingone_api.kit.text import storable

Item = TypeVar("Item")
MOST_ON_A_PAGE = 200
_SEAL = 16
# A name of 500 characters, each of them escaped, in base64, beside a number and an id.
MAX_CURSOR = 5_000


class CursorInvalid(InvalidRequest):
    """The cursor was not made here, or for another list, filter, sort or organisation."""

    code = "cursor_invalid"


class SearchQuery(BaseModel):
    """What searches, without being walked. A parameter that is not in the model is an error."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[
        str | None,
        Field(max_length=200, description="Search words."),
        AfterValidator(storable),
    ] = None


class ListQuery(SearchQuery):
    """What every list takes."""

    limit: Annotated[int, Field(ge=1, le=MOST_ON_A_PAGE, description="Rows on a page.")] = 50
    cursor: Annotated[
        str | None,
        Field(max_length=MAX_CURSOR, description="`next_cursor` of the page before."),
    ] = None
    with_total: Annotated[bool, Field(description="Also count all rows that match.")] = False


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rows of a list, in which order, and which page of them."""

    filters: Mapping[str, Any]
    sort: str
    limit: int
    cursor: str | None
    with_total: bool


class PageOf(BaseModel, Generic[Item]):
    """One page of a list; each list has a class of its own, so that clients can name it."""

    model_config = ConfigDict(from_attributes=True)

    items: list[Item]
    next_cursor: Annotated[
        str | None, Field(description="Send it back as `cursor`; null on the last page.")
    ]
    total: Annotated[
        int | None, Field(description="All rows that match; null unless `with_total=true`.")
    ]


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """What a repository answers."""

    items: list[Item]
    next_cursor: str | None
    total: int | None = None


class Cursors:
    """Seals and opens cursors, bound to who reads which list with which filters and sort."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, values: tuple[Any, ...], *, scope: str) -> str:
        payload = _bytes(json.dumps([_encode(value) for value in values], ensure_ascii=False))
        return _written(self._mac(payload, scope) + payload)

    def open(self, cursor: str, *, scope: str) -> tuple[Any, ...]:
        raw = _read(cursor)
        seal, payload = raw[:_SEAL], raw[_SEAL:]
        if not hmac.compare_digest(seal, self._mac(payload, scope)):
            raise CursorInvalid(
                "This cursor belongs to another list, or its filters or sort have changed; "
                "start again without it."
            )
        return tuple(_decode(kind, text) for kind, text in json.loads(payload))

    def _mac(self, payload: bytes, scope: str) -> bytes:
        place = _bytes(scope)
        message = len(place).to_bytes(4, "big") + place + payload
        return hmac.new(self._key, message, hashlib.sha256).digest()[:_SEAL]


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _read(cursor: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        raw = b""
    # base64 is read loosely: foreign characters are skipped, the last one's spare bits ignored.
    if _written(raw) != cursor:
        raise CursorInvalid("Take `next_cursor` as it came, from the same list.")
    return raw


_CODECS: dict[str, tuple[type, Any]] = {
    "s": (str, str),
    "z": (NoneType, lambda _: None),
    "b": (bool, "True".__eq__),  # before int, which a bool is too
    "i": (int, int),
    "n": (Decimal, Decimal),
    "t": (datetime, datetime.fromisoformat),  # before date, which a datetime is too
    "d": (date, date.fromisoformat),
    "u": (UUID, UUID),
}


def _encode(value: Any) -> tuple[str, str]:
    for tag, (kind, _) in _CODECS.items():
        if isinstance(value, kind):
            return tag, value.isoformat() if isinstance(value, date) else str(value)
    raise TypeError(f"A cursor cannot carry a {type(value).__name__}.")


def _decode(tag: str, text: str) -> Any:
    return _CODECS[tag][1](text)
