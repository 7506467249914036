"""Ranks whose a record may be, says why, and which of it is sure enough to apply itself."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Generic, TypeAlias, TypeVar

from billingone_api.billing.clients.matching.identifiers import domain, external_id, tax_number
from billingone_api.billing.clients.matching.likeness import SAME, SIMILAR, Likeness
from billingone_api.billing.clients.matching.names import Name, names_of

Key = TypeVar("Key", bound=Hashable)

MOST: Final = 5
"""So many are suggested for a record."""
LOWEST: Final = 60
_RIVAL: Final = 84
_MOST_BY_SIMILARITY: Final = 89
_COMMON: Final = 60
"""A piece of a name that more than so many clients have finds none of them."""
_PIECE: Final = 3


class ReasonKind(StrEnum):
    """Why a record may be a client's, the surest first."""

    EXTERNAL_ID = "external_id"
    TAX_NUMBER = "tax_number"
    DOMAIN = "domain"
    SHARED_DOMAIN = "shared_domain"
    EXACT_NAME = "exact_name"
    SIMILAR_NAME = "similar_name"


IDENTIFYING: Final = {ReasonKind.EXTERNAL_ID, ReasonKind.TAX_NUMBER, ReasonKind.DOMAIN}
"""What may apply itself where it names one record and one client; a name never does."""

_WORTH: Final = {
    ReasonKind.EXTERNAL_ID: 99,
    ReasonKind.TAX_NUMBER: 97,
    ReasonKind.DOMAIN: 94,
    ReasonKind.SHARED_DOMAIN: 45,
    ReasonKind.EXACT_NAME: 93,
}


Identifier: TypeAlias = tuple[ReasonKind, str]


@dataclass(frozen=True, slots=True)
class Reason:
    """`value` is what both have: a number, a domain, a name. `worth` is of 100, taken alone."""

    kind: ReasonKind
    value: str
    worth: int


@dataclass(frozen=True, slots=True)
class Party(Generic[Key]):
    """A client, or a record of one third party, with what it says of itself.

    `ids` of a client are its own and those that name records; of a record, what it calls the
    client. `addresses` are web and e-mail addresses or bare domains.
    """

    key: Key
    name: str | None
    tax: str | None = None
    addresses: tuple[str | None, ...] = ()
    ids: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate(Generic[Key]):
    """A client that a record may belong to; `is_sure` where it may apply itself."""

    client: Key
    score: int
    reasons: tuple[Reason, ...]
    is_sure: bool


@dataclass(slots=True)
class _Index(Generic[Key]):
    """By each identifier, who has it, and the other way round."""

    having: dict[Identifier, set[Key]] = field(default_factory=lambda: defaultdict(set))
    said: dict[Key, tuple[Identifier, ...]] = field(default_factory=dict)
    pieces: dict[str, set[Key]] = field(default_factory=lambda: defaultdict(set))
    names: dict[Key, tuple[Name, ...]] = field(default_factory=dict)
    numbers: dict[Key, str] = field(default_factory=dict)

    def add(self, party: Party[Key]) -> None:
        if (number := tax_number(party.tax)) is not None:
            self.numbers[party.key] = number
        self.said[party.key] = tuple(identifiers_of(party))
        for identifier in self.said[party.key]:
            self.having[identifier].add(party.key)
        self.names[party.key] = names_of(party.name or "")
        for name in self.names[party.key]:
            for piece in pieces_of(name):
                self.pieces[piece].add(party.key)

    def alike(self, names: Iterable[Name]) -> set[Key]:
        """Who shares a piece of a name that is not everybody's."""
        found: set[Key] = set()
        for name in names:
            for piece in pieces_of(name):
                keys = self.pieces.get(piece, set())
                if len(keys) <= _COMMON:
                    found |= keys
        return found


def identifiers_of(party: Party[Key]) -> Iterator[Identifier]:
    """The surest first, each once."""
    yield from sorted({(ReasonKind.EXTERNAL_ID, id_) for id_ in map(external_id, party.ids) if id_})
    if (number := tax_number(party.tax)) is not None:
        yield ReasonKind.TAX_NUMBER, number
    hosts = map(domain, party.addresses)
    yield from sorted({(ReasonKind.DOMAIN, host) for host in hosts if host})


def pieces_of(name: Name) -> Iterator[str]:
    """Beginnings and ends of words, so that one typo leaves a piece whole; initials and the lot."""
    for word in name.words:
        yield f"^{word[:_PIECE]}"
        yield f"{word[-_PIECE:]}$"
    yield f"={name.joined[:8]}"
    yield f"*{name.initials or name.joined}"


class Matcher(Generic[Key]):
    """Clients, and all records of one third party: whether a thing is one's alone is asked of both.

    `holders` already have a record there, so that none comes to them by itself; `hidden` ones are
    not suggested, though what they have is not another's alone; nor is what a person `refused`.
    """

    def __init__(
        self,
        clients: Sequence[Party[Key]],
        records: Sequence[Party[str]],
        *,
        holders: Collection[Key] = (),
        hidden: Collection[Key] = (),
        refused: Mapping[str, Collection[Key]] | None = None,
    ) -> None:
        self._clients: _Index[Key] = _Index()
        self._records: _Index[str] = _Index()
        self._holders = set(holders)
        self._hidden = set(hidden)
        self._refused = refused or {}
        for client in clients:
            self._clients.add(client)
        for record in records:
            self._records.add(record)
        self._likeness = Likeness(name for each in self._clients.names.values() for name in each)

    def candidates(self, record: Party[str]) -> tuple[Candidate[Key], ...]:
        """The likeliest first; equally likely ones in a lasting order."""
        reasons = self._reasons(record)
        unwanted = self._hidden.union(self._refused.get(record.key, ()))
        scored = [
            (score_of(found), client, found)
            for client, found in reasons.items()
            if client not in unwanted
        ]
        ranked = sorted(scored, key=lambda one: (-one[0], str(one[1])))
        return tuple(
            Candidate(client, score, tuple(found), self._is_sure(record, client, reasons))
            for score, client, found in ranked[:MOST]
            if score >= LOWEST
        )

    def sure(self, record: Party[str]) -> Key | None:
        """The client that the record may go to by itself; most have no identifier to compare."""
        if next(self._identified(record), None) is None:
            return None
        return next((one.client for one in self.candidates(record) if one.is_sure), None)

    def _reasons(self, record: Party[str]) -> dict[Key, list[Reason]]:
        found: dict[Key, list[Reason]] = defaultdict(list)
        for kind, value, clients in self._identified(record):
            for client in clients:
                found[client].append(Reason(kind, value, _WORTH[kind]))
        names = names_of(record.name or "")
        for client in self._clients.alike(names) | set(found):
            reason = _by_name(names, self._clients.names[client], self._likeness)
            if reason is not None:
                found[client].append(reason)
        return found

    def _identified(self, record: Party[str]) -> Iterator[tuple[ReasonKind, str, set[Key]]]:
        for kind, value in identifiers_of(record):
            clients = self._clients.having.get((kind, value))
            if clients is None:
                continue
            is_shared = kind is ReasonKind.DOMAIN and not self._names_two((kind, value))
            yield ReasonKind.SHARED_DOMAIN if is_shared else kind, value, clients

    def _is_sure(
        self, record: Party[str], client: Key, reasons: Mapping[Key, Sequence[Reason]]
    ) -> bool:
        """An identifier names these two alone, and nothing that is known speaks for another."""
        names_two = any(self._names_two((each.kind, each.value)) for each in reasons[client])
        if client in self._holders or not names_two:
            return False
        number = tax_number(record.tax)
        if number is not None and self._clients.numbers.get(client, number) != number:
            return False
        others = [found for other, found in reasons.items() if other != client]
        if any(reason.kind in IDENTIFYING for found in others for reason in found):
            return False
        if self._has_other_records(record, client):
            return False
        own = _likeness(reasons[client])
        rivals = [_likeness(found) for found in others]
        return all(rival < _RIVAL or rival <= own for rival in rivals) and not self._is_taken(
            record, client, own
        )

    def _names_two(self, identifier: Identifier) -> bool:
        sides = (self._clients.having, self._records.having)
        return all(len(side.get(identifier, ())) == 1 for side in sides)

    def _has_other_records(self, record: Party[str], client: Key) -> bool:
        """Something names another record and the client alone: both are its, or one is not."""
        return any(
            self._names_two(identifier) and record.key not in self._records.having[identifier]
            for identifier in self._clients.said[client]
        )

    def _is_taken(self, record: Party[str], client: Key, own: int) -> bool:
        """Another record of that third party is more like the client by its name."""
        names = self._clients.names[client]
        rivals = (
            _by_name(self._records.names[other], names, self._likeness)
            for other in self._records.alike(names)
            if other != record.key
        )
        return any(rival and rival.worth >= _RIVAL and rival.worth > own for rival in rivals)


def score_of(reasons: Iterable[Reason]) -> int:
    """Of 100: what is left to doubt is the product of what each reason leaves."""
    doubt = 1.0
    for reason in reasons:
        doubt *= (100 - reason.worth) / 100
    return min(100, round(100 * (1 - doubt)))


def _likeness(reasons: Iterable[Reason]) -> int:
    by_name = {ReasonKind.EXACT_NAME, ReasonKind.SIMILAR_NAME}
    return max((reason.worth for reason in reasons if reason.kind in by_name), default=0)


def _by_name(ours: Iterable[Name], theirs: Iterable[Name], likeness: Likeness) -> Reason | None:
    best = max(
        [(likeness.of(one, other), other.text) for one in ours for other in theirs],
        default=(0.0, ""),
    )
    if best[0] >= SAME:
        return Reason(ReasonKind.EXACT_NAME, best[1], _WORTH[ReasonKind.EXACT_NAME])
    if best[0] < SIMILAR:
        return None
    return Reason(ReasonKind.SIMILAR_NAME, best[1], min(round(best[0]), _MOST_BY_SIMILARITY))
