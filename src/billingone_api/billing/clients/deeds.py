"""The words of the workbench: what is wished of the mapping, what becomes of it, what it moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar
from uuid import UUID

from billingone_api.billing.clients.models import Link, MadeLink, Moved, Origin, Record

Number = TypeVar("Number", Decimal, Fraction)


class Do(StrEnum):
    """What a person wishes for a record.

    `assign`: it is that client's. `ignore`: it is nobody's. `release`: it is left to identifiers
    again. `reject`: it is not that client's, which is remembered. `leave`: nothing.
    """

    ASSIGN = "assign"
    IGNORE = "ignore"
    RELEASE = "release"
    REJECT = "reject"
    LEAVE = "leave"


class Flaw(StrEnum):
    """Why a wish is not granted."""

    RECORD_NOT_FOUND = "record_not_found"
    CLIENT_NOT_FOUND = "client_not_found"
    CLIENT_RETIRED = "client_retired"
    NAMED_TWICE = "named_twice"
    NOT_THIS_CLIENTS = "not_this_clients"
    NAMED_BY_CLIENT = "named_by_client"
    LINKED_TO_IT = "linked_to_it"
    SOURCE_UNKNOWN = "source_unknown"
    CLIENT_ID_INVALID = "client_id_invalid"
    REASON_INVALID = "reason_invalid"


@dataclass(frozen=True, slots=True)
class Wish:
    """`client_id` with assign and reject; `of` where the record has to be that client's now.

    One that `keeps_reason` says nothing of why: what was said before stands. One with a flaw was
    none when it was read.
    """

    record: Record
    do: Do
    client_id: UUID | None = None
    reason: str | None = None
    of: UUID | None = None
    keeps_reason: bool = False
    flaw: Flaw | None = None


class Kind(StrEnum):
    """How a deed came about."""

    LINK = "link"
    BULK = "bulk"
    SUGGESTIONS = "suggestions"
    MERGE = "merge"
    SPLIT = "split"
    IMPORT = "import"
    IDENTIFIERS = "identifiers"


FLAWS = {
    Flaw.RECORD_NOT_FOUND: "There is no such record of that source; take its id from the list.",
    Flaw.CLIENT_NOT_FOUND: "There is no such client in this organisation.",
    Flaw.CLIENT_RETIRED: "PanelOne has retired this client; name one that is active.",
    Flaw.NAMED_TWICE: "The same record is named again with another wish; say one.",
    Flaw.NOT_THIS_CLIENTS: "The record is not that client's now; read the client again.",
    Flaw.NAMED_BY_CLIENT: "The client's own identifier names the record: say whose it is instead.",
    Flaw.SOURCE_UNKNOWN: "The source is pax8, xero or superops.",
    Flaw.CLIENT_ID_INVALID: "Write a client's id, `nobody`, `unmapped`, or nothing.",
    Flaw.REASON_INVALID: "A reason has 500 characters at most, and no NUL.",
    Flaw.LINKED_TO_IT: "The record is linked to this client; split it off, or assign it anew.",
}
"""What to do about each, as a sentence."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How wishes are carried out."""

    kind: Kind
    dry_run: bool = False
    all_or_nothing: bool = False
    merge: tuple[UUID, UUID] | None = None

    @property
    def origin(self) -> Origin:
        """Of the links that are made so."""
        return Origin.IDENTIFIER if self.kind is Kind.IDENTIFIERS else Origin.MANUAL


class Status(StrEnum):
    """What becomes of a wish; in a dry run, what would."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Moves:
    """What changes hands: how many, and exact sums by currency.

    `mrr` in 72nds of a month; `outstanding` is owed now, `revenue` of the trailing twelve months.
    """

    subscriptions: int = 0
    invoices: int = 0
    mrr: Mapping[str, Fraction] = field(default_factory=dict)
    outstanding: Mapping[str, Decimal] = field(default_factory=dict)
    revenue: Mapping[str, Decimal] = field(default_factory=dict)

    def __add__(self, other: "Moves") -> "Moves":
        return Moves(
            self.subscriptions + other.subscriptions,
            self.invoices + other.invoices,
            _added(self.mrr, other.mrr),
            _added(self.outstanding, other.outstanding),
            _added(self.revenue, other.revenue),
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """One wish and what becomes of it."""

    wish: Wish
    status: Status
    flaw: Flaw | None = None
    before: Link | None = None
    after: Link | None = None
    refuses: UUID | None = None
    moves: Moves = field(default_factory=Moves)

    @property
    def is_link_changed(self) -> bool:
        return self.status is Status.CHANGED and self.before != self.after


class DeedOutcome(StrEnum):
    """`refused`: something was wrong, and all or nothing was asked for."""

    APPLIED = "applied"
    DRY_RUN = "dry_run"
    NOTHING = "nothing"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Report:
    """What became of every wish, in their order; `names` of the records and clients in it.

    `moved` is what changed hands; a dry run moves nothing, and its verdicts say what would.
    """

    outcome: DeedOutcome
    deed_id: UUID | None
    verdicts: Sequence[Verdict]
    names: Mapping[Record | UUID, str | None]
    moved: Moved = field(default_factory=Moved)

    def count(self, status: Status) -> int:
        return sum(verdict.status is status for verdict in self.verdicts)

    @property
    def moves(self) -> Moves:
        total = Moves()
        for verdict in self.verdicts:
            if verdict.is_link_changed:
                total += verdict.moves
        return total


@dataclass(frozen=True, slots=True)
class Change:
    """What a deed did to one record; `refused` is the client that it refused for it."""

    record: Record
    before: MadeLink | None
    after: Link | None
    is_link_changed: bool
    refused: UUID | None


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done to the mapping at once, and can be undone at once."""

    id: UUID
    kind: Kind
    done_at: datetime
    done_by: str | None
    from_client_id: UUID | None
    into_client_id: UUID | None
    undone_at: datetime | None
    undone_by: str | None
    records: int


@dataclass(frozen=True, slots=True)
class Undone:
    """The deeds that were undone, newest first, and what went back."""

    deeds: Sequence[UUID]
    subscriptions: int
    invoices: int


def _added(one: Mapping[str, Number], other: Mapping[str, Number]) -> dict[str, Number]:
    return dict(one) | {
        name: one[name] + amount if name in one else amount for name, amount in other.items()
    }
