"""A page of a list, as it is asked for and as it comes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Wanted:
    """One page: of what changed since, from 1, of at most so many records."""

    since: datetime | None
    page: int
    size: int


@dataclass(frozen=True, slots=True)
class RawPage:
    """A page as it came; `page_count` and `item_count` where Xero says how many there are."""

    rows: list[Any]
    page_count: int | None
    item_count: int | None
    answered_at: datetime | None


ReadPage = Callable[[Wanted], Awaitable[RawPage]]
