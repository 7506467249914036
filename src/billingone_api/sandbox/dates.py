"""The shapes in which Pax8 writes one and the same date (pax8 contract, trap 5)."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

Shape = Callable[[datetime], str]

_DENVER = timezone(timedelta(hours=-7))
_CHICAGO = timezone(timedelta(hours=-5))


def zulu(instant: datetime) -> str:
    """`2021-01-01T08:30:00Z`."""
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")


def bare_offset(instant: datetime) -> str:
    """`2020-12-01T13:20:13.153-0700`: an offset without its colon."""
    text = instant.astimezone(_DENVER).isoformat(timespec="milliseconds")
    return text[:-3] + text[-2:]


def day(instant: datetime) -> str:
    """`2020-12-03`, also in fields that are meant for an instant."""
    return instant.date().isoformat()


def full_offset(instant: datetime) -> str:
    """`2000-10-31T01:30:00.000-05:00`."""
    return instant.astimezone(_CHICAGO).isoformat(timespec="milliseconds")


SHAPES: tuple[Shape, ...] = (zulu, bare_offset, day, full_offset)


def shaped(instant: datetime, *, usual: Shape, ordinal: int) -> str:
    """The field's usual shape; every seventh row takes one of the four in turn."""
    return SHAPES[ordinal // 7 % 4](instant) if ordinal % 7 == 3 else usual(instant)  # noqa: PLR2004 - any phase would do
