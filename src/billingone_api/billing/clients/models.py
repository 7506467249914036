"""The words of clients: PanelOne's master record, links to third parties, figures with reasons."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from billingone_api.billing.definitions.figures import Count, Mrr
from billingone_api.billing.definitions.models import Badge, Exclusion

PAX8: Final = "pax8"
XERO: Final = "xero"
SUPEROPS: Final = "superops"


@dataclass(frozen=True, slots=True, order=True)
class Record:
    """What may be a client's: a company of Pax8, a contact of Xero, a client of SuperOps."""

    source: str
    source_id: str


IDENTIFIERS: Final = {
    PAX8: "pax8_company_id",
    XERO: "xero_contact_id",
    SUPEROPS: "superops_client_id",
}
"""By source, which of a client's identifiers names its record."""


@dataclass(frozen=True, slots=True)
class MasterRecord:
    """A client as PanelOne keeps it; ids are those of other tools, None where it names none."""

    id: UUID
    name: str
    active: bool
    pax8_company_id: str | None
    xero_contact_id: str | None
    superops_client_id: str | None
    tax_number: str | None
    domains: tuple[str, ...]

    @property
    def named(self) -> frozenset[Record]:
        """The records that it says are its own."""
        ids = {source: getattr(self, name) for source, name in IDENTIFIERS.items()}
        return frozenset(Record(source, id_) for source, id_ in ids.items() if id_)


class PushStatus(StrEnum):
    """What a pushed record did here."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class Origin(StrEnum):
    """`exact`: the client's own identifier names the record. `manual`: a person said so."""

    EXACT = "exact"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Link:
    """Whose a record is; no client means that a person said that it is nobody's."""

    client_id: UUID | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a record: its link, and the clients whose identifiers name it."""

    link: Link | None
    claimants: tuple[UUID, ...]


def settled(situation: Situation) -> Link | None:
    """A person's word stands; else the one client that names the record has it."""
    if situation.link is not None and situation.link.origin is Origin.MANUAL:
        return situation.link
    return automatic(situation.claimants)


def automatic(claimants: Collection[UUID]) -> Link | None:
    """Two clients that name the same record get neither: one of them is mistaken."""
    if len(claimants) != 1:
        return None
    (client_id,) = claimants
    return Link(client_id, Origin.EXACT)


@dataclass(frozen=True, slots=True)
class Moved:
    """How many of a record's subscriptions and invoices became another client's."""

    subscriptions: int = 0
    invoices: int = 0


@dataclass(frozen=True, slots=True)
class Holding:
    """A link as people see it: the record's name (None while its list does not show it)."""

    source: str
    source_id: str
    name: str | None
    client_id: UUID | None
    client_name: str | None
    origin: Origin | None
    linked_by: str | None
    linked_at: datetime | None

    @property
    def record(self) -> Record:
        return Record(self.source, self.source_id)

    def unlinked(self) -> "Holding":
        return Holding(self.source, self.source_id, self.name, None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class PageWanted:
    """Which page of a list; a cursor of None is the first."""

    limit: int
    cursor: str | None
    with_total: bool


@dataclass(frozen=True, slots=True)
class ClientsWanted:
    """Which clients; `active` None means both. Sorts: mrr and name, reversed with a minus."""

    q: str | None
    active: bool | None
    sort: str


@dataclass(frozen=True, slots=True)
class ClientSummary:
    """A row of the list of clients."""

    id: UUID
    name: str
    active: bool
    linked_sources: tuple[str, ...]
    mrr: Mrr
    active_subscriptions: Count


@dataclass(frozen=True, slots=True)
class ClientDetail:
    """One client with everything known of it; `badges` and `excluded` count subscriptions."""

    record: MasterRecord
    created_at: datetime
    updated_at: datetime
    links: tuple[Holding, ...]
    mrr: Mrr
    active_subscriptions: Count
    badges: Mapping[Badge, int]
    excluded: Mapping[Exclusion, int]


@dataclass(frozen=True, slots=True)
class UnmappedWanted:
    """Which records; `with_nobodys` also those that a person set to nobody."""

    q: str | None
    with_nobodys: bool


class UnmappedReason(StrEnum):
    """Why a record belongs to no client."""

    NO_CLIENT_CLAIMS_IT = "no_client_claims_it"
    CLAIMED_TWICE = "claimed_twice"
    SET_TO_NOBODY = "set_to_nobody"


@dataclass(frozen=True, slots=True)
class Claimant:
    """A client whose identifier names a record."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class UnmappedRecord:
    """A third party's record without a client; a name of None: it stands in no list we read."""

    source: str
    source_id: str
    name: str | None
    reason: UnmappedReason
    claimed_by: Sequence[Claimant]
    mrr: Mrr
    active_subscriptions: Count
