"""The dates of Pax8, which come in four shapes, in one and the same field too."""

import re
from datetime import UTC, date, datetime
from typing import Any, Final

# The hour ends at 23 here because Python 3.13 began to take 24 for the next day.
_SHAPE: Final = re.compile(
    r"\d{4}-\d\d-\d\d"
    r"(?P<time>[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?"
    r"(?:Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)


def parse_pax8_datetime(value: Any) -> datetime | date | None:
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


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
