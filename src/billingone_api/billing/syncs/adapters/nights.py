"""Nightfall in an organisation's zone: when what takes long is begun by itself."""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, Interval, Text, cast, func, literal, select

from billingone_api.database.tables.settings import organisation_settings

_AT_TWO: Final = literal(timedelta(hours=2), Interval)
_A_MINUTE: Final = literal(timedelta(minutes=1), Interval)
_SPREAD: Final = 60
"""Minutes over which the organisations of a zone are spread, each at a minute of its own."""


def nightfall(
    instant: ColumnElement[Any],
    organisation_id: ColumnElement[Any],
    *,
    later: ColumnElement[Any] | None = None,
) -> ColumnElement[Any]:
    """The last one before an instant; with `later`, so many whole days after that one."""
    zone = func.coalesce(
        select(organisation_settings.c.time_zone)
        .where(organisation_settings.c.organisation_id == organisation_id)
        .scalar_subquery(),
        "UTC",
    )
    minute = func.abs(func.hashtext(cast(organisation_id, Text)) % _SPREAD)
    shift = _AT_TWO + cast(minute, Integer) * _A_MINUTE
    night: ColumnElement[Any] = func.date_trunc("day", func.timezone(zone, instant) - shift) + shift
    fallen: ColumnElement[Any] = func.timezone(zone, night if later is None else night + later)
    return fallen
