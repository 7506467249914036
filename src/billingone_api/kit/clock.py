"""The time, injected: production reads the system, tests choose."""

from datetime import UTC, date, datetime
from functools import cache
from typing import Protocol
from zoneinfo import ZoneInfo, available_timezones


class Clock(Protocol):
    """Tells the current instant, always in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def day_of(instant: datetime, time_zone: str) -> date:
    """The calendar day on which an instant falls in an organisation's time zone."""
    return instant.astimezone(ZoneInfo(time_zone)).date()


@cache
def time_zones() -> frozenset[str]:
    """The names of the IANA database: asking ZoneInfo instead would open files of any name."""
    return frozenset(available_timezones())


def known_time_zone(name: str) -> str:
    """The same name; raises ValueError where it is none."""
    if name not in time_zones():
        raise ValueError("Should be a time zone of the IANA database, such as Australia/Sydney.")
    return name
