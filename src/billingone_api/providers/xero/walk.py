"""Walks a list in the order of its changes, and loses no record that changes meanwhile.

Pages by number are not safe: a record that was read and is edited jumps to the end, all behind
it move up, and one of them slips through the gap between two pages. So the walk asks for the
first page of what changed since the newest change it has seen, again and again, and passes over
what it knows (contract page, 3.1). Pages are numbered only

- where one second holds more changes than a page does, and
- where Xero leaves the order asked for, or the filter by time, aside;

and then they are read backwards once more, so that what moves up is met on the way; at the very
end of a list in order, forwards until nothing new comes.
"""

import math
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from billingone_api.providers.records import excerpt
from billingone_api.providers.xero.dates import parse_instant
from billingone_api.providers.xero.errors import AnswerTooLarge
from billingone_api.providers.xero.pages import RawPage, ReadPage, Wanted
from billingone_api.providers.xero.provider import XERO

_A_SECOND: Final = timedelta(seconds=1)
_LONGEST_LEAD: Final = timedelta(days=1)
"""A change that far ahead of Xero's own clock is a slip: following it would skip all others."""
_SIZE_BY_DEFAULT: Final = 100

Key = tuple[str, str]


@dataclass
class Walk:
    """Where a walk is, and what it has to ask next."""

    id_name: str
    since: datetime | None
    size: int
    page: int = 1
    newest: datetime | None = None
    total: int | None = None
    is_done: bool = False
    _seen: dict[Key, datetime | None] = field(default_factory=dict)
    _is_in_order: bool = True
    _repeated: int = 0
    _fullest: int = 0
    _is_clean: bool = True
    _is_backwards: bool = False
    _target: datetime | None = None

    async def pages(self, read: ReadPage) -> AsyncIterator[list[Any]]:
        """Each page's records that were not read before; the walk stands behind them then."""
        while not self.is_done:
            try:
                page = await read(Wanted(self.since, self.page, self.size))
            except AnswerTooLarge:
                self._ask_for_less()
                continue
            if fresh := self._take(page):
                yield fresh

    def _ask_for_less(self) -> None:
        if self.size == 1:
            raise XERO.malformed("a single record is larger than we read")
        self.size = math.ceil(self.size / 2)
        # Pages of another size are other pages.
        self.page, self._is_backwards, self._is_clean = 1, False, True
        self._fullest, self._repeated = 0, 0

    def _take(self, page: RawPage) -> list[Any]:
        self._doubt_emptiness(page)
        if self.total is None:
            self.total = page.item_count
        changes = [_changed_at(row, page.answered_at) for row in page.rows]
        fresh = self._fresh(page.rows, changes)
        known = [moment for moment in changes if moment is not None]
        self._is_in_order = self._is_in_order and self._follows(known)
        self._note(known)
        self._move(page, self._next_since(known), has_fresh=bool(fresh))
        return fresh

    def _doubt_emptiness(self, page: RawPage) -> None:
        if not page.rows and page.item_count and self.page <= (page.page_count or 0):
            raise XERO.malformed("a page is empty that should not be")

    def _fresh(self, rows: list[Any], changes: list[datetime | None]) -> list[Any]:
        fresh = []
        for row, moment in zip(rows, changes, strict=True):
            key = self._key(row)
            if key not in self._seen:
                self._seen[key] = moment
                fresh.append(row)
        self._repeated = 0 if fresh else self._repeated + len(rows)
        if self._repeated > len(self._seen) + len(rows):
            raise XERO.malformed("its pages repeat themselves without end")
        return fresh

    def _key(self, row: Any) -> Key:
        found = row.get(self.id_name) if isinstance(row, dict) else None
        if isinstance(found, str):
            return found, str(row.get("UpdatedDateUTC"))
        return "", excerpt(row)

    def _follows(self, changes: list[datetime]) -> bool:
        """Whether they are in order, and none is older than what was asked for."""
        starts_well = not changes or self.since is None or changes[0] >= self.since
        return starts_well and all(one <= other for one, other in pairwise(changes))

    def _note(self, changes: list[datetime]) -> None:
        known = changes if self.newest is None else [*changes, self.newest]
        self.newest = max(known, default=None)

    def _move(self, page: RawPage, target: datetime | None, *, has_fresh: bool) -> None:
        if not self._is_backwards:
            self._target, ends = target, self._ends(page, has_fresh=has_fresh)
            self._is_clean = self._is_clean and not has_fresh
            if self._target is None and not ends:
                self.page += 1
            elif self.page == 1:
                self._go_on(is_done=ends)
            elif self._target is None and self._is_in_order:
                self._end_in_a_crowd()
            else:
                self._is_backwards, self._repeated = True, 0
        if self._is_backwards:
            self._step_back()

    def _step_back(self) -> None:
        self.page -= 1
        if self.page == 0:
            self._go_on(is_done=self._target is None)

    def _end_in_a_crowd(self) -> None:
        """Done once all its pages brought nothing new: then nothing moved between them either."""
        if self._is_clean:
            self.is_done = True
        self.page, self._is_clean, self._repeated = 1, True, 0

    def _go_on(self, *, is_done: bool) -> None:
        self.is_done = is_done
        self.page, self._is_backwards, self._is_clean, self._repeated = 1, False, True, 0
        since = self._target
        if since is not None and not is_done:
            self.since = since
            self._seen = {
                key: moment
                for key, moment in self._seen.items()
                if moment is None or moment >= since
            }

    def _next_since(self, changes: list[datetime]) -> datetime | None:
        """A second before a page's last change, in case "since" means "after"; None: no further."""
        if not changes or not self._is_in_order:
            return None
        since = changes[-1].replace(microsecond=0) - _A_SECOND
        return since if self.since is None or since > self.since else None

    def _ends(self, page: RawPage, *, has_fresh: bool) -> bool:
        """Where Xero does not say, only a page that brings nothing new and is not full.

        What is full is judged by the pages that came: they may be smaller than asked for.
        """
        if page.page_count:
            return self.page >= page.page_count
        self._fullest = max(self._fullest, len(page.rows))
        full = max(self._fullest, min(self.size, _SIZE_BY_DEFAULT))
        return not page.rows or (not has_fresh and len(page.rows) < full)


def _changed_at(row: Any, answered_at: datetime | None) -> datetime | None:
    try:
        moment = parse_instant(row.get("UpdatedDateUTC")) if isinstance(row, dict) else None
    except ValueError:
        return None
    if moment is None or answered_at is None:
        return moment
    return moment if moment <= answered_at + _LONGEST_LEAD else None
