"""Xero's dates: milliseconds in a wrapper of text, or ISO; days, or instants."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_YEAR: Final = 1900
# The offset is there for show: the milliseconds are UTC's (contract page, 0.1 and 3.8).
_WRAPPED: Final = re.compile(r"/Date\((?P<ms>-?\d{1,18})(?:[+-]\d{4})?\)/", re.ASCII)
_ISO: Final = re.compile(
    r"\d{4}-\d\d-\d\d"
    r"(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)


def parse_instant(value: Any) -> datetime | None:
    """In UTC; a text without an offset is taken for UTC. ValueError for what is no date.

    Missing, blank, the epoch itself and years before 1900 are Xero's ways to say "none".
    """
    text = _text(value)
    if not text:
        return None
    try:
        moment = _from_milliseconds(text) or _from_iso(text)
    except (ValueError, OverflowError) as error:
        raise ValueError("It is not a date of the calendar.") from error
    return None if moment == _EPOCH or moment.year < _FIRST_YEAR else moment


def parse_moment(value: Any) -> datetime:
    """An instant that is there; ValueError where it is none."""
    moment = parse_instant(value)
    if moment is None:
        raise ValueError("It is no date.")
    return moment


def parse_day(value: Any) -> date | None:
    """A day of the calendar, which Xero writes as its midnight in UTC: never of a time zone."""
    text = _text(value)
    if text and _ISO.fullmatch(text):
        text = text[:10]
    moment = parse_instant(text)
    return None if moment is None else moment.date()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError("It is not a date.")  # noqa: TRY004 - pydantic lets a TypeError through
    return value.strip()


def _from_milliseconds(text: str) -> datetime | None:
    wrapped = _WRAPPED.fullmatch(text)
    return None if wrapped is None else _EPOCH + timedelta(milliseconds=int(wrapped["ms"]))


def _from_iso(text: str) -> datetime:
    if _ISO.fullmatch(text) is None:
        raise ValueError("It is not a date.")
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
