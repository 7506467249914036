"""A shelf of records of one kind: encoded once, sorted and filtered like a third party's list."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from billingone_api.sandbox.wire import Record, decode, encode

Rank = tuple[int, Decimal | int | datetime | str]

_DATES = frozenset({"startDate", "endDate", "createdDate", "updatedDate", "billingStart"})


class Shelf:
    """Records by key, kept as bytes: a page is a join, and 100,000 rows stay small.

    A column holds one field of all rows; it is built when a sort or filter first asks for it,
    or filled from the start for the fields named in `ready`. `revision` counts changes.
    """

    def __init__(self, *, ready: Iterable[str] = ()) -> None:
        self._rows: dict[str, bytes] = {}
        self._columns: dict[str, dict[str, Any]] = {field: {} for field in ready}
        self._selections: dict[object, list[str]] = {}
        self.revision = 0

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def keys(self) -> list[str]:
        return list(self._rows)

    def rows(self) -> Iterator[Record]:
        """Every record, decoded, in the order in which they were put."""
        return (decode(raw) for raw in self._rows.values())

    def get(self, key: str) -> Record | None:
        raw = self._rows.get(key)
        return None if raw is None else decode(raw)

    def raw(self, keys: Iterable[str]) -> list[bytes]:
        return [self._rows[key] for key in keys]

    def put(self, key: str, row: Record) -> None:
        self._rows[key] = encode(row)
        for field, column in self._columns.items():
            column[key] = _value(row, field)
        self._changed()

    def remove(self, key: str) -> None:
        del self._rows[key]
        for column in self._columns.values():
            column.pop(key, None)
        self._changed()

    def _changed(self) -> None:
        self._selections.clear()
        self.revision += 1

    def select(
        self, *, sort: tuple[str, bool] | None = None, where: Mapping[str, Any] | None = None
    ) -> Sequence[str]:
        """The keys of a list: `where` fields equal, sorted by (field, descending).

        Remembered until the shelf changes: a sweep of 500 pages sorts once.
        """
        wanted = where or {}
        name = (sort, tuple(sorted(wanted.items())))
        if name not in self._selections:
            self._selections[name] = self._sorted(self._filtered(wanted), sort)
        return self._selections[name]

    def _filtered(self, wanted: Mapping[str, Any]) -> list[str]:
        keys = list(self._rows)
        for field, value in wanted.items():
            column = self._column(field)
            keys = [key for key in keys if column[key] == value]
        return keys

    def _sorted(self, keys: list[str], sort: tuple[str, bool] | None) -> list[str]:
        if sort is None:
            return keys
        field, descending = sort
        column = self._column(field)
        dated = field in _DATES
        return sorted(keys, key=lambda key: _rank(column[key], dated=dated), reverse=descending)

    def _column(self, field: str) -> dict[str, Any]:
        if field not in self._columns:
            self._columns[field] = {
                key: _value(decode(raw), field) for key, raw in self._rows.items()
            }
        return self._columns[field]


def _value(row: Record, path: str) -> Any:
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _rank(value: Any, *, dated: bool) -> Rank:
    """A sort value that never fails: numbers, then dates or text, then what is missing."""
    if isinstance(value, (int, Decimal)):
        return (0, value)
    if not isinstance(value, str):
        return (2, "")
    return (1, _instant(value)) if dated else (1, value.casefold())


@lru_cache(maxsize=50_000)
def _instant(text: str) -> datetime:
    # The same field comes as a date, with Z and with offsets: text would sort by notation.
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
