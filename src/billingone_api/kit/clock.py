"""The time, injected: production reads the system, tests choose."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final, Protocol
from zoneinfo import ZoneInfo, available_timezones

MONTHS_A_YEAR: Final = 12


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


def end_of(day: date, time_zone: str) -> datetime:
    """The last instant of a calendar day in an organisation's time zone."""
    next_day = datetime.combine(day + timedelta(days=1), time(), tzinfo=ZoneInfo(time_zone))
    return next_day.astimezone(UTC) - datetime.resolution


@cache
def time_zones() -> frozenset[str]:
    """The names of the IANA database: asking ZoneInfo instead would open files of any name."""
    return frozenset(available_timezones())


def known_time_zone(name: str) -> str:
    """The same name; raises ValueError where it is none."""
    if name not in time_zones():
        raise ValueError("Should be a time zone of the IANA database, such as Australia/Sydney.")
    return name


def next_monthly(after: datetime, *, day: int, minute: int, time_zone: str) -> datetime:
    """The first instant after this that is so many minutes into such a day of a month there.

    A month without that day has its last one; a time that the clocks skip is the one they jump to.
    """
    zone = ZoneInfo(time_zone)
    local = after.astimezone(zone)
    year, month = local.year, local.month
    while True:
        last = monthrange(year, month)[1]
        wall = datetime(year, month, min(day, last), minute // 60, minute % 60, tzinfo=zone)
        found = wall.astimezone(UTC)
        if found > after:
            return found
        year, month = (year + 1, 1) if month == MONTHS_A_YEAR else (year, month + 1)
