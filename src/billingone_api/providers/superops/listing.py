"""Walks a list by its pages, and says afterwards whether all of it was met.

Pages are numbered over an order that nobody promises: a record that goes moves all behind it,
and one slips through the gap between two pages. So what was met is compared with what SuperOps
says there is, and the list is walked once more where the two differ (contract page, 4).
"""

import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from billingone_api.providers.records import RecordReader, Reject, excerpt
from billingone_api.providers.superops.payloads import SuperOpsId, SuperOpsPayload

PAGE_SIZE: Final = 100
"""The largest that SuperOps answers."""
MOST_PAGES: Final = 5000
"""Nobody has half a million records; a list that goes on for ever does."""
_PASSES: Final = 2

_ID: Final = TypeAdapter[str](SuperOpsId)

T = TypeVar("T", bound=SuperOpsPayload)


@dataclass(frozen=True, slots=True)
class RawPage:
    """A page as it came; `total` where SuperOps says how many records there are in all."""

    rows: list[Any]
    has_more: bool
    total: int | None


ReadPage = Callable[[int], Awaitable[RawPage]]
"""Reads a page by its number, from 1."""


@dataclass(frozen=True, slots=True)
class Batch(Generic[T]):
    """Records of a page that no earlier batch held, and those of them that cannot be read."""

    records: tuple[T, ...]
    rejects: tuple[Reject, ...]


class Listing(Generic[T]):
    """A list that is read by `async for batch in listing.batches()`; raises ProviderErrors.

    When that has ended, `is_complete` says whether one pass alone met as many ids as there are
    records: only then is a record that was not met gone. `total` is what SuperOps says there is.
    """

    def __init__(self, read: ReadPage, *, reader: RecordReader[T], id_name: str) -> None:
        self._read = read
        self._reader = reader
        self._id_name = id_name
        self.is_complete = False
        self.total: int | None = None

    async def batches(self) -> AsyncGenerator[Batch[T]]:
        self.is_complete, given = False, set[str]()
        for _ in range(_PASSES):
            walk = Pass(self._id_name)
            async for rows in walk.pages(self._read):
                self.total = walk.total
                if batch := self._batch(rows, given):
                    yield batch
            self.is_complete = walk.is_complete
            if self.is_complete or self.total is None:
                return

    def _batch(self, rows: dict[str, Any], given: set[str]) -> Batch[T] | None:
        fresh = [row for key, row in rows.items() if key not in given]
        given.update(rows)
        return Batch(*self._reader.read(fresh)) if fresh else None


@dataclass
class Pass:
    """One walk from the first page to the last."""

    id_name: str
    page: int = 0
    total: int | None = None
    _ids: set[str] = field(default_factory=set)
    _keys: set[str] = field(default_factory=set)
    _claims: set[int | None] = field(default_factory=set)
    _fullest: int = 0

    @property
    def is_complete(self) -> bool:
        """As many ids as every page said there are; where that changed, something moved."""
        return self._claims == {len(self._ids)}

    async def pages(self, read: ReadPage) -> AsyncGenerator[dict[str, Any]]:
        """The rows of each page that are new in this pass, by what tells them apart."""
        goes_on = True
        while goes_on:
            self.page += 1
            found = await read(self.page)
            fresh = self._take(found)
            yield fresh
            goes_on = bool(fresh) and self._is_followed(found)

    def _take(self, page: RawPage) -> dict[str, Any]:
        self._claims.add(page.total)
        self.total = self.total if page.total is None else page.total
        self._fullest = max(self._fullest, len(page.rows))
        fresh: dict[str, Any] = {}
        for row in page.rows:
            found = _id(row, self.id_name)
            key = f"={found}" if found else excerpt(row)
            if key not in self._keys:
                self._keys.add(key)
                fresh[key] = row
            self._ids |= {found} if found else set()
        return fresh

    def _is_followed(self, page: RawPage) -> bool:
        """Their word for it is missing on the last page, and may be missing on others."""
        if self.total is None:
            return page.has_more and self.page < MOST_PAGES
        # Pages may be smaller than asked for.
        last = math.ceil(self.total / self._fullest) + 1
        is_followed = page.has_more or self.page * PAGE_SIZE < self.total
        return is_followed and self.page < min(last, MOST_PAGES)


def _id(row: Any, name: str) -> str | None:
    """None for a row whose id cannot be read: nobody can tell whose it is."""
    try:
        return _ID.validate_python(_as_text(row.get(name))) if isinstance(row, dict) else None
    except ValidationError:
        return None


def _as_text(value: Any) -> Any:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_whole else value
