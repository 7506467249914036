"""Days and instants on the wire: written out, never a number of seconds; instants kept in UTC."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(value: Any) -> Any:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("Should be a date, YYYY-MM-DD.")
    return value


def _instant(value: Any) -> Any:
    """Without this, a bare number would be read as seconds since 1970."""
    if not isinstance(value, str) or not _DAY.match(value):
        raise ValueError("Should be an instant, RFC 3339.")
    return value


def _in_utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("Should be an instant within the years 1 to 9999 in UTC.") from None


Day = Annotated[date, BeforeValidator(_day)]
Instant = Annotated[AwareDatetime, BeforeValidator(_instant), AfterValidator(_in_utc)]
