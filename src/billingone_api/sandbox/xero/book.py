"""A book of documents of one kind: a small entry for each, its record written when asked for."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from zlib import compress, decompress

from billingone_api.sandbox.wire import Record
from billingone_api.sandbox.xero.where import Where
from billingone_api.sandbox.xero.wire import read, xero_json

UPDATED: Final = "UpdatedDateUTC"


@dataclass(frozen=True, slots=True)
class Kind:
    """One collection of the accounting API.

    `indexed` are the fields that an entry holds, in their order; `others` may be asked for too,
    at the price of writing every record. `scopes` are those of which one must be granted.
    """

    collection: str
    name: str
    id: str
    indexed: tuple[str, ...]
    others: frozenset[str]
    scopes: frozenset[str]
    number: str | None = None
    searched: tuple[str, ...] = ()
    lines: bool = False
    paged: bool = True
    summary_leaves_out: frozenset[str] = frozenset()

    def knows(self, path: str) -> bool:
        return path in {UPDATED, self.id} or path in self.indexed or path in self.others


@dataclass(slots=True)
class Entry:
    """A document's place in its book: when it was updated (ms), and its indexed fields."""

    key: str
    ordinal: int
    updated: int
    facts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """What a list is narrowed to, and its order: (field, descending)."""

    where: Where | None = None
    among: frozenset[tuple[str, frozenset[str]]] = frozenset()
    without: frozenset[tuple[str, str]] = frozenset()
    term: str = ""
    order: tuple[str, bool] = (UPDATED, False)


@dataclass(frozen=True, slots=True)
class _Selected:
    keys: list[str] = field(default_factory=list)
    updated: list[int] = field(default_factory=list)


class Book:
    """Entries by key; only what was changed since the beginning is kept whole.

    A list is remembered until something changes, so that a sweep of 1,000 pages sorts once.
    """

    def __init__(self, kind: Kind, write: Callable[[int], Record]) -> None:
        self.kind = kind
        self._write = write
        self._entries: dict[str, Entry] = {}
        self._changed: dict[str, Record] = {}
        self._selected: dict[Selection, _Selected] = {}
        self._squeezed: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def keys(self) -> list[str]:
        return list(self._entries)

    def enter(self, key: str, ordinal: int, updated: int, facts: tuple[Any, ...]) -> None:
        """A document that is written from its ordinal when somebody wants to see it."""
        self._entries[key] = Entry(key, ordinal, updated, facts)

    def put(self, key: str, record: Record, *, updated: int) -> None:
        """A document as it is from now on."""
        facts = tuple(value_at(record, path) for path in self.kind.indexed)
        old = self._entries.get(key)
        self._entries[key] = Entry(key, old.ordinal if old else -1, updated, facts)
        self._changed[key] = record
        self._selected.clear()
        self._squeezed.pop(key, None)

    def raw(self, key: str) -> bytes:
        """A record as JSON, kept squeezed: a second sweep costs a tenth of the first."""
        if key not in self._squeezed:
            self._squeezed[key] = compress(xero_json(self.record(key)), 1)
        return decompress(self._squeezed[key])

    def record(self, key: str) -> Record:
        """Raises KeyError where there is no such document."""
        entry = self._entries[key]
        return self._changed.get(key) or self._write(entry.ordinal)

    def records(self) -> Iterator[Record]:
        return (self.record(key) for key in tuple(self._entries))

    def facts(self, key: str) -> Mapping[str, Any]:
        """The indexed fields of a document, which need no record."""
        return dict(zip(self.kind.indexed, self._entries[key].facts, strict=True))

    def updated(self, key: str) -> int:
        return self._entries[key].updated

    def numbered(self, number: str) -> str | None:
        """The key of the document with that number; the newest where several have it."""
        if self.kind.number is None:
            return None
        place = self.kind.indexed.index(self.kind.number)
        found = [entry.key for entry in self._entries.values() if entry.facts[place] == number]
        return found[-1] if found else None

    def select(self, selection: Selection, *, since: int | None = None) -> Sequence[str]:
        """The keys of a list, from an instant on (ms)."""
        if selection not in self._selected:
            self._selected[selection] = self._select(selection)
        chosen = self._selected[selection]
        if since is None:
            return chosen.keys
        if selection.order == (UPDATED, False):
            return chosen.keys[bisect_left(chosen.updated, since) :]
        pairs = zip(chosen.keys, chosen.updated, strict=True)
        return [key for key, updated in pairs if updated >= since]

    def _select(self, selection: Selection) -> _Selected:
        path, descending = selection.order
        entries = [entry for entry in self._entries.values() if self._matches(entry, selection)]
        values = {entry.key: _rank(self._value(entry, path)) for entry in entries}
        entries.sort(key=lambda entry: values[entry.key], reverse=descending)
        return _Selected([one.key for one in entries], [one.updated for one in entries])

    def _matches(self, entry: Entry, selection: Selection) -> bool:
        def get(path: str) -> Any:
            return self._value(entry, path)

        return (
            all(get(path) in wanted for path, wanted in selection.among)
            and all(get(path) != unwanted for path, unwanted in selection.without)
            and (selection.where is None or selection.where.test(get))
            and (not selection.term or self._contains(entry, selection.term))
        )

    def _contains(self, entry: Entry, term: str) -> bool:
        values = (self._value(entry, path) for path in self.kind.searched)
        return any(term.casefold() in str(value).casefold() for value in values if value)

    def _value(self, entry: Entry, path: str) -> Any:
        if path in self.kind.indexed:
            return entry.facts[self.kind.indexed.index(path)]
        if path == UPDATED:
            return entry.updated
        return entry.key if path == self.kind.id else value_at(self.record(entry.key), path)


def value_at(record: Mapping[str, Any], path: str) -> Any:
    """A field, dates in milliseconds; None where it is missing."""
    value: Any = record
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, str) and value.startswith("/Date("):
        return read(value)
    return value


def _rank(value: Any) -> tuple[int, Any]:
    if isinstance(value, str):
        return (2, value.casefold())
    return (1, value) if isinstance(value, (int, float, Decimal)) else (0, 0)
