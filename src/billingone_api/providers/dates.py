"""Dates in the shapes that third parties write, in one and the same field too."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from pydantic import PlainValidator
from pydantic_core import PydanticCustomError

# The hour ends at 23 here because Python 3.13 began to take 24 for the next day.
_SHAPE: Final = re.compile(
    r"\d{4}-\d\d-\d\d"
    r"(?P<time>[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?"
    r"(?:Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)


def parse_moment(value: Any) -> datetime | date | None:
    """A day stays a `date`, an instant is in UTC, and one without an offset is taken for UTC.

    Known shapes: `2021-01-01T08:30:00Z`, `2020-12-01T13:20:13.153-0700`, `2020-12-03`,
    `2000-10-31T01:30:00.000-05:00`. Missing or blank is None; ValueError for anything else.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("It is not a date.")  # noqa: TRY004 - pydantic lets a TypeError through
    text = value.strip()
    if not text:
        return None
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise ValueError("It is not a date.")
    try:
        return _instant(text) if shape["time"] else date.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise ValueError("It is not a date of the calendar.") from error


def parse_day(value: Any) -> date | None:
    """The day of the calendar as it is written there, whatever instant follows it."""
    if parse_moment(value) is None:
        return None
    return date.fromisoformat(value.strip()[:10])


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _moment(value: Any) -> datetime | date | None:
    try:
        return parse_moment(value)
    except ValueError as error:
        raise PydanticCustomError("date", str(error)) from error


def _day(value: Any) -> date | None:
    try:
        return parse_day(value)
    except ValueError as error:
        raise PydanticCustomError("date", str(error)) from error


Moment = Annotated[datetime | date | None, PlainValidator(_moment)]
Day = Annotated[date | None, PlainValidator(_day)]
