"""Reads the records of an answer one by one: what cannot be read is put aside with its reason."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, PlainValidator, StringConstraints, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

LONGEST_ID: Final = 200
LONGEST_TEXT: Final = 500
"""A name of 500 characters still fits into an index of PostgreSQL, whatever its script."""
LONGEST_PROSE: Final = 10_000
_LONGEST_EXCERPT: Final = 2000

# PostgreSQL keeps neither NUL nor unpaired surrogates; JSON can write both.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_WITHOUT_NUL: Final = r"^[^\x00]*$"
_TIDY_DEPTH: Final = 4

_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_LARGEST_NUMBER: Final = Decimal(10) ** 15
_FINEST_EXPONENT: Final = -20
_MOST_DIGITS: Final = 36
_SURELY_KEPT: Final = 15
_LARGEST_COUNT: Final = 10**9

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that cannot be used, and why: a JSON pointer into it and a sentence.

    `excerpt` is what the function of that name makes of it.
    """

    source_id: str | None
    pointer: str
    sentence: str
    excerpt: str

    @property
    def reason(self) -> str:
        return f"{self.pointer or '/'}: {self.sentence}"


class Payload(BaseModel):
    """A record as a third party sends it: camel or snake on the wire, ours by name in code.

    Fields we do not know are passed over; every field but the id may be missing or null.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        validate_by_name=True,
        str_strip_whitespace=True,
        coerce_numbers_to_str=True,
    )


Identifier = Annotated[
    str,
    StringConstraints(
        strip_whitespace=False, min_length=1, max_length=LONGEST_ID, pattern=_WITHOUT_NUL
    ),
]
Text = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_TEXT, pattern=_WITHOUT_NUL)
]

LongText = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_PROSE, pattern=_WITHOUT_NUL)
]
"""A description: up to 10,000 characters, line breaks and all."""


def exact_number(value: Any) -> Decimal | None:
    """A number as it was sent, also one in quotes; PydanticCustomError for what is none.

    Below 10^15 in size, no finer than 20 decimals and 36 digits long at most: beyond that it is
    a slip, and PostgreSQL's functions on it are no longer cheap.
    """
    if value is None:
        return None
    number = _as_decimal(value)
    if number is None:
        raise PydanticCustomError("number", "It is not a number.")
    if not number.is_finite():
        raise PydanticCustomError("number", "It is not a finite number.")
    if not _is_kept(number):
        raise PydanticCustomError("number", "It is beyond any amount we keep.")
    return number


def _is_kept(number: Decimal) -> bool:
    # Nearly every number is short, and taking one apart costs several times as much.
    text = str(number)
    if len(text) <= _SURELY_KEPT and "E" not in text:
        return True
    # abs() would round to 28 digits, and raise Overflow for 1e9999999, which JSON may well hold.
    if number.copy_abs() >= _LARGEST_NUMBER:
        return False
    _, digits, exponent = number.as_tuple()
    fits = isinstance(exponent, int) and _FINEST_EXPONENT <= exponent <= -_FINEST_EXPONENT
    return fits and len(digits) <= _MOST_DIGITS


def whole(value: Any) -> int | None:
    """A count (a JSON number of any spelling); None for what is no count."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    # The size comes first: as an int, 1e999999999 would fill the memory.
    if not 0 <= value <= _LARGEST_COUNT or value != int(value):
        return None
    return int(value)


Number = Annotated[Decimal | None, PlainValidator(exact_number)]


class RecordReader(Generic[T]):
    """Reads records of one kind; `id_name` is what the wire calls their id."""

    def __init__(self, model: type[T], *, id_name: str = "id") -> None:
        self._validate = model.__pydantic_validator__.validate_python
        self._id_name = id_name

    def read(self, rows: Iterable[Any]) -> tuple[tuple[T, ...], tuple[Reject, ...]]:
        """What could be read, and what could not, each in the order it came."""
        records: list[T] = []
        rejects: list[Reject] = []
        for row in rows:
            record = self.read_one(row)
            if isinstance(record, Reject):
                rejects.append(record)
            else:
                records.append(record)
        return tuple(records), tuple(rejects)

    def read_one(self, row: Any) -> T | Reject:
        try:
            return self._read(row)
        except ValidationError:
            # Rare, so that the usual record is never searched for what PostgreSQL cannot keep.
            pass
        try:
            return self._read(_tidied(row, self._id_name))
        except ValidationError as error:
            return _reject(row, error.errors(include_url=False)[0], self._id_name)

    def _read(self, row: Any) -> T:
        record: T = self._validate(row, by_alias=True, by_name=False)
        return record


def _as_decimal(value: Any) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str) and _NUMBER.fullmatch(text := value.strip()):
        return Decimal(text)
    return None


def _tidied(row: Any, id_name: str) -> Any:
    """The record with unstorable characters gone and blank text absent; its id as it came."""
    if not isinstance(row, dict):
        return row
    return {
        name: value if name == id_name else _tidied_value(value, _TIDY_DEPTH)
        for name, value in row.items()
    }


def _tidied_value(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _UNSTORABLE.sub("", value).strip() or None
    if depth and isinstance(value, dict):
        return {name: _tidied_value(item, depth - 1) for name, item in value.items()}
    if depth and isinstance(value, list):
        return [_tidied_value(item, depth - 1) for item in value]
    return value


def _reject(row: Any, problem: ErrorDetails, id_name: str) -> Reject:
    pointer = "".join(f"/{_escaped(str(part))}" for part in problem["loc"])
    return Reject(_source_id(row, id_name), pointer, _sentence(problem), excerpt(row))


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _source_id(row: Any, id_name: str) -> str | None:
    found = row.get(id_name) if isinstance(row, dict) else None
    if isinstance(found, bool) or not isinstance(found, str | int | Decimal):
        return None
    source_id = str(found)
    usable = 0 < len(source_id) <= LONGEST_ID and _UNSTORABLE.search(source_id) is None
    return source_id if usable else None


_SENTENCES: Final = {
    "missing": "It is missing.",
    "string_type": "It is not text.",
    "string_too_short": "It is empty.",
    "string_pattern_mismatch": "It holds characters that cannot be stored.",
    "string_unicode": "It holds characters that cannot be stored.",
    "model_type": "It is not an object.",
    "bool_type": "It is neither true nor false.",
    "bool_parsing": "It is neither true nor false.",
    "list_type": "It is not a list.",
    "tuple_type": "It is not a list.",
}


def _sentence(problem: ErrorDetails) -> str:
    kind = problem["type"]
    if kind == "string_too_long":
        return f"It is longer than {problem['ctx']['max_length']} characters."
    if kind in {"number", "date", "id"}:
        return problem["msg"]
    return _SENTENCES.get(kind, "It cannot be read.")


def excerpt(row: Any) -> str:
    """The beginning of a record as JSON in ASCII, decimals as strings."""
    try:
        return json.dumps(row, default=str)[:_LONGEST_EXCERPT]
    except (RecursionError, ValueError):
        return ""
