"""Xero's limits as its headers tell them: what is left, which one was hit, how long to wait."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from billingone_api.kit.http.retries import read_retry_after
from billingone_api.providers.xero.errors import Limit

_LONGEST_OF_A_MINUTE: Final = 120
"""Who is to wait longer has used up the day (contract page, 3.4)."""
_WHEN_THE_DAY_NAMES_NO_END: Final = 3600.0
"""The day is one of 24 rolling hours: after one of them there may be some calls again."""
_MOST_DIGITS: Final = 9


class XeroLimits:
    """Reads the headers of every answer of one organisation.

    `left_today` are the calls left, as of the newest answer that said so; None where none has.
    """

    def __init__(self) -> None:
        self.left_today: int | None = None

    def read_wait(self, headers: Mapping[str, str], now: datetime) -> float | None:
        """Seconds; a day's limit without an end is given one, so that nobody sleeps on it."""
        self.left_today = _count(headers.get("X-DayLimit-Remaining"), self.left_today)
        named = read_retry_after(headers.get("Retry-After"), now=now)
        if named is None and limit_hit(headers, retry_after=None) is Limit.DAY:
            return _WHEN_THE_DAY_NAMES_NO_END
        return named


def limit_hit(headers: Mapping[str, str], *, retry_after: float | None) -> Limit:
    """By its name, in any case; an unknown name is judged by the wait."""
    name = headers.get("X-Rate-Limit-Problem", "").strip().lower()
    if name in set(Limit):
        return Limit(name)
    lasts = retry_after is not None and retry_after > _LONGEST_OF_A_MINUTE
    return Limit.DAY if lasts else Limit.MINUTE


def _count(text: str | None, before: int | None) -> int | None:
    found = (text or "").strip()
    usable = found.isascii() and found.isdecimal() and len(found) <= _MOST_DIGITS
    return int(found) if usable else before
