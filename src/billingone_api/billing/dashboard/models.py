"""The words of the dashboard: facts as they are counted, and figures as they are shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from billingone_api.billing.definitions.figures import (
    Card,
    ExcludedInvoices,
    InReportingCurrency,
    Rate,
    Source,
)
from billingone_api.billing.definitions.models import (
    Badge,
    Exclusion,
    InvoiceBadge,
    PriceBasis,
)
from billingone_api.billing.definitions.receivables import Amounts, Receivables
from billingone_api.billing.integrations.models import PROVIDERS, IntegrationStatus
from billingone_api.billing.syncs.models import RunStatus
from billingone_api.kit.money import Money


@dataclass(frozen=True, slots=True)
class Slice:
    """Subscriptions alike in badge, obstacle, currency and whether a client holds them.

    `obstacle` is why they would add nothing even with the right badge. `sell` and `cost` are
    exact sums in 72nds of a month, over those where it is known: `costed` of them for the cost,
    whose `sell` alone is `sell_of_costed`. `rate` is today's, None where there is none.
    """

    badge: Badge
    obstacle: Exclusion | None
    currency: str | None
    is_mapped: bool
    subscriptions: int
    costed: int
    sell: Decimal | None
    cost: Decimal | None
    sell_of_costed: Decimal | None
    rate: Rate | None


@dataclass(frozen=True, slots=True)
class Run:
    """One sync of one source; `finished_at` is None while it is under way."""

    status: RunStatus
    finished_at: datetime | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """A third party as its data are now.

    `latest` is the newest run, `ended` the newest that is over, which may have `left_out` something
    that figures rest on. `unmapped_companies` have no
    client and nobody said that they should have none; only Pax8 has companies.
    """

    source: Source
    attention: str | None
    schedule_minutes: int | None
    latest: Run | None
    ended: Run | None
    left_out: bool
    quarantined: int
    unmapped_companies: int
    has_rows: bool

    @property
    def name(self) -> str:
        return PROVIDERS[self.source.source]

    @property
    def is_partial(self) -> bool:
        """Rows without any success are what an unfinished first sync has left."""
        return self.left_out or (self.source.last_success_at is None and self.has_rows)


@dataclass(frozen=True, slots=True)
class LatestInvoice:
    """One of the newest invoices; a client of None: it belongs to none, and has its contact's name.

    `due_on` is its date where it has no due date.
    """

    id: UUID
    source: str
    number: str | None
    client_id: UUID | None
    client_name: str | None
    badge: InvoiceBadge
    issued_on: date | None
    due_on: date | None
    amount: Money | None
    amount_due: Money | None


@dataclass(frozen=True, slots=True)
class UnderLicensedClient:
    """A client that uses more than it holds, and what that is worth a month, by currency."""

    client_id: str
    client_name: str
    variance: Decimal
    at_stake: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Licences:
    """What the newest snapshot says; `clients` are the worst of those `under_licensed`."""

    snapshot_id: UUID
    as_of: datetime
    outcome: str
    under_licensed: int
    clients: tuple[UnderLicensedClient, ...]

    @property
    def all_properly_licensed(self) -> bool:
        """Never said where something could not be compared."""
        return self.under_licensed == 0 and self.outcome in {"clean", "discrepancies"}

    @property
    def link(self) -> str:
        return f"/v1/reconciliation/snapshots/{self.snapshot_id}/rows?status=under_licensed"


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a dashboard rests on."""

    basis: PriceBasis
    slices: tuple[Slice, ...]
    pax8: SourceFacts
    invoices: tuple[SourceFacts, ...]
    receivables: Receivables
    latest: Sequence[LatestInvoice]
    other_totals: int
    has_counts: bool
    licences: Licences | None


@dataclass(frozen=True, slots=True)
class MrrOfCurrency:
    """A month's money in one currency; cost and margin over those where they are known."""

    currency: str
    mrr: Money
    subscriptions: int
    cost: Money | None
    cost_subscriptions: int
    margin: Money | None
    margin_subscriptions: int


@dataclass(frozen=True, slots=True)
class CostOfCurrency:
    """What a month costs the organisation in one currency."""

    currency: str
    cost: Money
    subscriptions: int


@dataclass(frozen=True, slots=True)
class Mrr:
    """What is earned a month, and apart from it what trials would bring."""

    currencies: tuple[MrrOfCurrency, ...]
    trial_mrr: tuple[Money, ...]
    reporting: InReportingCurrency


@dataclass(frozen=True, slots=True)
class Cost:
    """What is paid a month for active subscriptions."""

    currencies: tuple[CostOfCurrency, ...]
    reporting: InReportingCurrency


@dataclass(frozen=True, slots=True)
class Counted:
    """A number of things."""

    count: int


@dataclass(frozen=True, slots=True)
class ActiveSubscriptions:
    """How many are active, and how many have each badge."""

    count: int
    badges: dict[Badge, int]


@dataclass(frozen=True, slots=True)
class Cards:
    """The four figures on top."""

    mrr: Card[Mrr]
    active_subscriptions: Card[ActiveSubscriptions]
    pending_invoices: Card[Amounts]
    under_licensed_clients: Card[Counted]


@dataclass(frozen=True, slots=True)
class ReceivablesStrip:
    """What clients owe today, and how much of it is late."""

    outstanding: Card[Amounts]
    overdue: Card[Amounts]


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old a source's data are. Without a schedule no slot is missed."""

    source: str
    status: IntegrationStatus
    last_success_at: datetime | None
    schedule_minutes: int | None
    is_stale: bool
    never_synced: bool
    last_run: Run | None


@dataclass(frozen=True, slots=True)
class Excluded:
    """How many subscriptions add nothing to MRR for this reason, each counted once."""

    reason: Exclusion
    count: int


@dataclass(frozen=True, slots=True)
class Unmapped:
    """What belongs to no client: companies to map, and active subscriptions with their MRR.

    `mrr` is None where no sell price is known.
    """

    companies: int
    subscriptions: int
    mrr: tuple[Money, ...] | None


@dataclass(frozen=True, slots=True)
class InvoiceCoverage:
    """What the figures of invoices rest on: open ones alone."""

    counted: int
    excluded: tuple[ExcludedInvoices, ...]
    unmapped: Amounts
    other_totals: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the figures rest on. `is_partial`: the last sync left something out."""

    counted: int
    excluded: tuple[Excluded, ...]
    unmapped: Unmapped
    invoices: InvoiceCoverage
    quarantined: int
    is_partial: bool


class AttentionKind(StrEnum):
    """What a person should look at."""

    SYNC_FAILED = "sync_failed"
    INTEGRATION_NEEDS_ATTENTION = "integration_needs_attention"
    UNMAPPED_CLIENTS = "unmapped_clients"
    QUARANTINED_RECORDS = "quarantined_records"
    OVERDUE_INVOICES = "overdue_invoices"
    INVOICE_TOTALS_DIFFER = "invoice_totals_differ"
    UNMAPPED_INVOICES = "unmapped_invoices"


@dataclass(frozen=True, slots=True)
class NeedsAttention:
    """One thing to do; `link` is the path of this API that tells more."""

    kind: AttentionKind
    source: str
    count: int
    detail: str
    link: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything on one page, as of one instant of one day of the organisation's."""

    as_of: datetime
    day: date
    basis: PriceBasis
    reporting_currency: str
    cards: Cards
    cost: Card[Cost]
    receivables: ReceivablesStrip
    latest_invoices: Card[Sequence[LatestInvoice]]
    freshness: tuple[Freshness, ...]
    coverage: Coverage
    under_licensed: Licences | None
    needs_attention: tuple[NeedsAttention, ...]
