"""When to ask again, and after how long: one policy for all that goes out."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_RETRY_AFTER: Final = 24 * 3600.0
"""A longer wait than a day is taken for one of a day: a slip must not park us for years."""

_MOST_DIGITS: Final = 9

Jitter = Callable[[], float]
"""A random number from 0 up to 1."""


def read_retry_after(value: str | None, *, now: datetime) -> float | None:
    """Seconds from `Retry-After` (RFC 9110, 10.2.3): a number or a date; None for anything else."""
    text = (value or "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:_MOST_DIGITS]), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = (moment - now).total_seconds()
    return min(seconds, LONGEST_RETRY_AFTER) if seconds > 0 else None


def wait_by_http(headers: Mapping[str, str], now: datetime) -> float | None:
    return read_retry_after(headers.get("Retry-After"), now=now)


ReadWait = Callable[[Mapping[str, str], datetime], float | None]
"""For how many seconds to leave somebody alone, by the headers of an answer."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often in all, and the waits in seconds.

    Waits double from `first_wait`, half of each left to chance. After a 429 that names no time
    they double from `first_wait_when_limited`, and chance only adds to them: together they
    outlast a limit per minute. Who asks us to wait longer than `patience` is not asked again:
    somebody with more time than a waiting call has to decide. `read_wait` is asked about every
    answer, good or bad.
    """

    attempts: int = 4
    first_wait: float = 0.5
    first_wait_when_limited: float = 10
    patience: float = 60
    jitter: Jitter = random.random
    read_wait: ReadWait = wait_by_http

    def wait(self, attempt: int, *, limited: bool, retry_after: float | None) -> float | None:
        """The wait after attempt number `attempt` (from 1) failed; None to give up."""
        if attempt >= self.attempts:
            return None
        if retry_after is not None:
            return None if retry_after > self.patience else retry_after + self.jitter()
        doublings = 2.0 ** (attempt - 1)
        if limited:
            wait = self.first_wait_when_limited * doublings * (1 + self.jitter() / 2)
        else:
            wait = self.first_wait * doublings * (0.5 + self.jitter() / 2)
        return min(wait, self.patience)
