"""The words of invoices as they are read: what is wanted, what is said of them, account mapping."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from billingone_api.billing.definitions.figures import Card, ExcludedInvoices, Source
from billingone_api.billing.definitions.models import InvoiceBadge, RevenueCategory
from billingone_api.billing.definitions.receivables import Amounts


class InvoiceFlag(StrEnum):
    """What should be said of an invoice besides its badge."""

    NO_DUE_DATE = "no_due_date"
    POST_DATED = "post_dated"
    GONE = "gone"
    DUPLICATE = "duplicate"
    OTHER_TOTAL = "other_total"
    MATCHED_WITHOUT_CLIENT = "matched_without_client"
    VOID_IN_XERO_ONLY = "void_in_xero_only"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which invoices, in which order, how many; `filters` holds only those that were given."""

    filters: Mapping[str, Any]
    sort: str
    limit: int = 50
    cursor: str | None = None
    with_total: bool = False


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far a source's rows can be trusted: never copied, copied in part, or copied whole."""

    source: str
    is_connected: bool
    last_success_at: datetime | None
    is_partial: bool
    quarantined: int

    @property
    def never_synced(self) -> bool:
        return self.last_success_at is None

    @property
    def as_source(self) -> Source:
        return Source(self.source, self.is_connected, self.last_success_at)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many invoices have each badge, and where they come from."""

    badges: Mapping[InvoiceBadge, int]
    total: int
    freshness: Sequence[Freshness]


@dataclass(frozen=True, slots=True)
class Twins:
    """Invoices of SuperOps that are one of Xero once more: counted once, listed with Xero's."""

    counted_once: int
    other_total: int


@dataclass(frozen=True, slots=True)
class Cards:
    """The five figures above the list."""

    paid_this_month: Card[Amounts]
    outstanding: Card[Amounts]
    draft: Card[Amounts]
    pending: Card[Amounts]
    overdue: Card[Amounts]


class MappingState(StrEnum):
    """Whether an account is still what it was when somebody mapped it."""

    OK = "ok"
    ARCHIVED = "archived"
    GONE = "gone"
    NOT_REVENUE = "not_revenue"


@dataclass(frozen=True, slots=True)
class Account:
    """An account of Xero's chart, and what it earns money with, if anybody said so."""

    account_id: str
    code: str | None
    name: str
    type: str | None
    source_status: str | None
    category: RevenueCategory | None
    mapped_by: str | None
    mapped_at: datetime | None
    is_revenue: bool
    is_gone: bool

    @property
    def state(self) -> MappingState:
        if self.is_gone:
            return MappingState.GONE
        if not self.is_revenue:
            return MappingState.NOT_REVENUE
        return MappingState.ARCHIVED if self.source_status == "ARCHIVED" else MappingState.OK


@dataclass(frozen=True, slots=True)
class MappingCoverage:
    """How many revenue accounts are mapped, how many are not, and which mappings lead nowhere."""

    mapped: int
    unmapped: int
    archived: int
    gone: int
    not_revenue: int


@dataclass(frozen=True, slots=True)
class AccountMapping:
    """Every revenue account of the books that are read, and every other one that is mapped."""

    ledger_id: UUID | None
    organisation: str | None
    accounts: Sequence[Account]

    @property
    def coverage(self) -> MappingCoverage:
        mapped = [one for one in self.accounts if one.category is not None]
        states = [one.state for one in mapped]
        return MappingCoverage(
            mapped=len(mapped),
            unmapped=sum(
                one.category is None and one.state is MappingState.OK for one in self.accounts
            ),
            archived=states.count(MappingState.ARCHIVED),
            gone=states.count(MappingState.GONE),
            not_revenue=states.count(MappingState.NOT_REVENUE),
        )


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the cards rest on."""

    counted: int
    excluded: Sequence[ExcludedInvoices]
    unusable_payments: int
    undated_payments: int
    unmapped: Amounts
    duplicates: Twins
    accounts: MappingCoverage
    quarantined: int
    is_partial: bool


@dataclass(frozen=True, slots=True)
class Belonging:
    """Whose an invoice is, and whether a person said so; `version` counts its changes."""

    client_id: UUID | None
    client_by_hand: bool
    version: int
