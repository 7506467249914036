"""The words of clients: PanelOne's master record, links to third parties, figures with reasons."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from billingone_api.billing.clients.matching.suggesting import Candidate
from billingone_api.billing.clients.trend import TrendMonth
from billingone_api.billing.definitions.figures import Count, Mrr, Total, Unknown
from billingone_api.billing.definitions.models import Badge, Exclusion, InvoiceBadge
from billingone_api.kit.money import Money

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
    """`exact`: the client's own identifier names the record. `manual`: a person said so.

    `identifier`: a tax number, a domain or another system's id that only these two have.
    """

    EXACT = "exact"
    IDENTIFIER = "identifier"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Link:
    """Whose a record is; no client means that a person said that it is nobody's, and why."""

    client_id: UUID | None
    origin: Origin
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A link with who made it, None for identifiers, and when."""

    link: Link
    by: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a record: its link with who made it, and the clients that name it."""

    link: Link | None
    claimants: tuple[UUID, ...]
    linked_by: str | None = None
    linked_at: datetime | None = None

    @property
    def made(self) -> MadeLink | None:
        if self.link is None or self.linked_at is None:
            return None
        return MadeLink(self.link, self.linked_by, self.linked_at)


def settled(situation: Situation) -> Link | None:
    """A person's word stands; else the one client that names the record has it.

    What an identifier linked stays until a client names the record itself, or a person decides:
    that two have the same domain is no less true because one of them leaves it.
    """
    link = situation.link
    if link is not None and link.origin is Origin.MANUAL:
        return link
    if link is not None and link.origin is Origin.IDENTIFIER and not situation.claimants:
        return link
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

    def __add__(self, other: "Moved") -> "Moved":
        return Moved(self.subscriptions + other.subscriptions, self.invoices + other.invoices)


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
    reason: str | None

    @property
    def record(self) -> Record:
        return Record(self.source, self.source_id)

    def unlinked(self) -> "Holding":
        return replace(
            self,
            client_id=None,
            client_name=None,
            origin=None,
            linked_by=None,
            linked_at=None,
            reason=None,
        )


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
    devices: Count
    licences: Count
    total_spend: Total
    outstanding: Total


@dataclass(frozen=True, slots=True)
class Primary:
    """An address of a record: what a person chose."""

    source: str
    source_id: str
    email: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom invoices may go to; `is_main` where it is the record's own address for bills.

    `roles` are Pax8's words for what a person is there for.
    """

    source: str
    source_id: str
    name: str | None
    email: str
    roles: tuple[str, ...]
    is_main: bool
    is_primary: bool

    def marked(self, *, primary: bool) -> "Contact":
        return replace(self, is_primary=primary)

    @property
    def primary(self) -> Primary:
        return Primary(self.source, self.source_id, self.email)


@dataclass(frozen=True, slots=True)
class Aged:
    """What is owed in one currency: current, then 1-30, 31-60, 61-90 and more days late."""

    currency: str
    parts: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class LatestInvoice:
    """An invoice as the client's page shows it."""

    id: UUID
    source: str
    number: str | None
    badge: InvoiceBadge
    issued_on: date | None
    due_on: date | None
    amount: Money | None
    amount_due: Money | None


@dataclass(frozen=True, slots=True)
class Margin:
    """A month's price less cost; `left_out` counts subscriptions whose cost is not known."""

    total: Total
    left_out: int


@dataclass(frozen=True, slots=True)
class ClientDetail:
    """One client with everything known of it; `badges` and `excluded` count subscriptions."""

    record: MasterRecord
    created_at: datetime
    updated_at: datetime
    links: tuple[Holding, ...]
    mrr: Mrr
    active_subscriptions: Count
    devices: Count
    licences: Count
    badges: Mapping[Badge, int]
    excluded: Mapping[Exclusion, int]
    margin: Margin
    total_spend: Total
    outstanding: Total
    receivables: tuple[Aged, ...]
    latest_invoices: tuple[LatestInvoice, ...]
    books_unknown: Unknown | None
    trend: Sequence[TrendMonth]
    contacts: Sequence[Contact]


@dataclass(frozen=True, slots=True)
class UnmappedWanted:
    """Which records; `with_nobodys` also those that a person set to nobody."""

    source: str
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
    """A third party's record without a client; a name of None: it stands in no list we read.

    Pax8 tells of subscriptions, Xero and SuperOps of invoices; the other figures say so.
    """

    source: str
    source_id: str
    name: str | None
    reason: UnmappedReason
    claimed_by: Sequence[Claimant]
    ignored_because: str | None
    mrr: Mrr
    active_subscriptions: Count
    outstanding: Total
    revenue: Total
    invoices: Count


@dataclass(frozen=True, slots=True)
class UnmappedCount:
    """How many records of a source belong to no client, and how many a person set to nobody."""

    source: str
    unmapped: int
    ignored: int


@dataclass(frozen=True, slots=True)
class Suggested:
    """A client that a record may belong to, with its name; the likeliest first."""

    client_id: UUID
    client_name: str
    candidate: Candidate[UUID]


@dataclass(frozen=True, slots=True)
class SuggestedRecord:
    """An unmapped record and whose it may be; none where nothing is alike."""

    record: UnmappedRecord
    candidates: Sequence[Suggested]
