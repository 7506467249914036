"""Records of one kind by their id, each written when somebody wants to see it."""

from collections.abc import Callable, Iterable, Iterator

from billingone_api.sandbox.wire import Record


class Collection:
    """Only what was changed since the beginning is kept whole.

    `kind` names its list on the wire, `id` the field that holds a record's id. Lists come in the
    order of the ids, which says nothing: SuperOps promises none.
    """

    def __init__(
        self, kind: str, id_field: str, *, keys: Iterable[str], write: Callable[[int], Record]
    ) -> None:
        self.kind = kind
        self.id = id_field
        self._ordinals = {key: ordinal for ordinal, key in enumerate(keys)}
        self._write = write
        self._order = sorted(self._ordinals)
        self._changed: dict[str, Record] = {}

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, key: object) -> bool:
        return key in self._ordinals or key in self._changed

    def __iter__(self) -> Iterator[str]:
        """The ids, in the order of the moment."""
        return iter(tuple(self._order))

    def get(self, key: str) -> Record:
        """Raises KeyError where there is no such record."""
        return self._changed.get(key) or self._write(self._ordinals[key])

    def records(self) -> Iterator[Record]:
        return map(self.get, self)

    def put(self, key: str, record: Record) -> str:
        """A record as it is from now on; a new one comes last."""
        if key not in self:
            self._order.append(key)
        self._changed[key] = record
        return key

    def remove(self, key: str) -> None:
        self._order.remove(key)
        self._changed.pop(key, None)
        self._ordinals.pop(key, None)

    def turn(self) -> None:
        """The first record becomes the last: every page that follows moves up by one."""
        self._order = self._order[1:] + self._order[:1]
