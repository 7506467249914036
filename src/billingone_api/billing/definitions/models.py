"""The words behind the figures: badges, terms, price basis, reasons, revenue categories."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final


class Badge(StrEnum):
    """What a subscription is today, from Pax8's status and the organisation's calendar."""

    ACTIVE = "active"
    TRIAL = "trial"
    PENDING = "pending"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class StatusRule:
    """What one of Pax8's words means; case matters, as Pax8 writes each word one way.

    `before_start` is the badge until the day on which the subscription starts, `after_end` the
    badge from the day after the one on which it ends. Without that date `badge` holds.
    """

    word: str
    badge: Badge
    before_start: Badge | None = None
    after_end: Badge | None = None


STATUS_RULES: Final = (
    StatusRule("Active", Badge.ACTIVE),
    StatusRule("Activated", Badge.ACTIVE, before_start=Badge.PENDING),
    StatusRule("PendingCancel", Badge.ACTIVE, after_end=Badge.CANCELLED),
    StatusRule("Trial", Badge.TRIAL),
    StatusRule("PendingManual", Badge.PENDING),
    StatusRule("PendingAutomated", Badge.PENDING),
    StatusRule("PendingActivation", Badge.PENDING),
    StatusRule("WaitingForDetails", Badge.PENDING),
    StatusRule("Cancelled", Badge.CANCELLED),
)
"""Words that are here mean what their rule says; `SUSPENDED_SPELLING` and then unknown follow."""

SUSPENDED_SPELLING: Final = r"(?<!un)suspen(d|s)"
"""Found in a word in lower case, it is suspended: Pax8 documents no word for it, so every
spelling counts. One regular expression, read alike by PostgreSQL and Python."""


class Exclusion(StrEnum):
    """Why a subscription adds nothing to MRR; where several hold, the first in this order."""

    BADGE = "badge"
    TERM = "term"
    USAGE = "usage"
    CURRENCY = "currency"
    PRICE = "price"
    QUANTITY = "quantity"


MONTHS: Final = {"Monthly": 1, "Annual": 12, "1-Year": 12, "2-Year": 24, "3-Year": 36}
"""Months of a billing term; One-Time, Trial, Activation and words we do not know have none."""

PARTS: Final = 72
"""Sums are kept in 72nds of a month's money, the least that every term divides, so that the one
division of a figure comes last."""


@dataclass(frozen=True, slots=True)
class PriceBasis:
    """How an organisation says Pax8's prices are meant, since Pax8's own sources disagree.

    `pax8_price_is`: `sell` (what the client pays) or `buy` (what the MSP pays, so that nothing
    is known of what it earns). `annual_price_is`: per `year`, or per `month` for every longer term.
    """

    pax8_price_is: str
    annual_price_is: str

    @property
    def knows_sell_price(self) -> bool:
        return self.pax8_price_is == "sell"

    def parts_of(self, term: str) -> int | None:
        """How many 72nds of price times quantity are one month's; None for no recurring term."""
        months = MONTHS.get(term)
        if months is None:
            return None
        return PARTS if self.annual_price_is == "month" else PARTS // months


def monthly(parts: Decimal | Fraction | int) -> Fraction:
    """A month's money from its sum in 72nds."""
    return Fraction(parts) / PARTS


@dataclass(frozen=True, slots=True)
class RecurringSums:
    """MRR of a group of subscriptions before any division: exact sums in 72nds of a month.

    `reporting` is in the reporting currency; None while one of `missing_rates` is not known.
    `active` counts subscriptions of that badge, `excluded` those of them that add nothing.
    """

    by_currency: tuple[tuple[str, Fraction], ...]
    reporting: Fraction | None
    missing_rates: tuple[str, ...]
    active: int
    excluded: int

    @classmethod
    def nothing(cls) -> "RecurringSums":
        """Of no subscription at all."""
        return cls((), Fraction(0), (), 0, 0)


XERO: Final = "xero"
SUPEROPS: Final = "superops"
INVOICE_SOURCES: Final = (XERO, SUPEROPS)
"""Where invoices come from; where both tell of the same one, the first wins."""


class InvoiceState(StrEnum):
    """How far an invoice or a credit is in our word, whatever the day: a column of the tables."""

    DRAFT = "draft"
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    PAID = "paid"
    VOID = "void"
    UNKNOWN = "unknown"


INVOICE_STATES: Final[Mapping[str, Mapping[str, InvoiceState]]] = {
    XERO: {
        "DRAFT": InvoiceState.DRAFT,
        "SUBMITTED": InvoiceState.AWAITING_APPROVAL,
        "AUTHORISED": InvoiceState.APPROVED,
        "PAID": InvoiceState.PAID,
        "VOIDED": InvoiceState.VOID,
        "DELETED": InvoiceState.VOID,
    },
    SUPEROPS: {
        "DRAFT": InvoiceState.DRAFT,
        "APPROVED": InvoiceState.APPROVED,
        "OVERDUE": InvoiceState.APPROVED,
        "PAID": InvoiceState.PAID,
        "VOID": InvoiceState.VOID,
    },
}
"""What each system's words mean; a word that is not here is unknown."""


class MatchedBy(StrEnum):
    """By what an invoice of SuperOps was taken for one of Xero: a column of the table.

    All but `exact` are listed under what needs attention.
    """

    EXACT = "exact"
    OTHER_TOTAL = "other_total"
    UNMAPPED = "unmapped"


class InvoiceBadge(StrEnum):
    """What an invoice is today, from its state, its dates and what is still due on it."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    OVERDUE = "overdue"
    PAID = "paid"
    VOID = "void"
    UNKNOWN = "unknown"


class InvoiceExclusion(StrEnum):
    """Why an invoice's money is in no figure; where several hold, the first in this order."""

    STATUS = "status"
    CURRENCY = "currency"
    AMOUNT = "amount"
    DATE = "date"


class RevenueCategory(StrEnum):
    """What an account of Xero's earns money with: what reports tell apart."""

    RECURRING_SERVICES = "recurring_services"
    LICENCES = "licences"
    DOMAINS_AND_HOSTING = "domains_and_hosting"
    PROJECTS = "projects"
    HARDWARE = "hardware"
    OTHER = "other"
