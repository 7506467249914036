"""What each figure means, for people: terms, badges and reasons come from the models."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from billingone_api.billing.definitions.models import (
    INVOICE_STATES,
    MONTHS,
    STATUS_RULES,
    Badge,
    Exclusion,
    InvoiceBadge,
    InvoiceExclusion,
    InvoiceState,
    MatchedBy,
    RevenueCategory,
    StatusRule,
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as people should read it; `excludes` says which reasons keep something out."""

    key: str
    name: str
    meaning: str
    formula: str
    unit: str
    excludes: tuple[Exclusion, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Status:
    """A word of Pax8's that leads to a badge, `when` it does; None: always."""

    source_status: str
    when: str | None


@dataclass(frozen=True, slots=True)
class BadgeMeaning:
    """What a badge says, and the words of Pax8's that lead to it."""

    badge: Badge
    meaning: str
    statuses: tuple[Status, ...]


@dataclass(frozen=True, slots=True)
class InvoiceStatus:
    """A word of Xero's or SuperOps's that leads to a badge, `when` it does; None: always."""

    source: str
    source_status: str
    when: str | None


@dataclass(frozen=True, slots=True)
class InvoiceBadgeMeaning:
    """What a badge of an invoice says, and the words that lead to it."""

    badge: InvoiceBadge
    meaning: str
    statuses: tuple[InvoiceStatus, ...]


@dataclass(frozen=True, slots=True)
class Meaning:
    """A word, and what it means."""

    word: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Term:
    """A billing term and the months its price covers."""

    billing_term: str
    months: int


@dataclass(frozen=True, slots=True)
class Choice:
    """A setting that figures depend on, and what each of its values does."""

    setting: str
    values: tuple[Meaning, ...]


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What becomes of an invoice that two systems tell of; `ways` in the order they are tried."""

    meaning: str
    ways: tuple[Meaning, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every definition there is; `exclusions` stand in the order in which they are looked for."""

    figures: tuple[Figure, ...]
    badges: tuple[BadgeMeaning, ...]
    exclusions: tuple[Meaning, ...]
    billing_terms: tuple[Term, ...]
    price_basis: tuple[Choice, ...]
    invoice_badges: tuple[InvoiceBadgeMeaning, ...]
    invoice_exclusions: tuple[Meaning, ...]
    invoice_duplicates: Duplicates
    revenue_categories: tuple[Meaning, ...]


_ALL: Final = tuple(Exclusion)
_PER_CURRENCY: Final = "money a month, one figure for each currency"
_SUBSCRIPTIONS: Final = "Pax8, subscriptions"
_INVOICES: Final = (
    "Xero and SuperOps, sales invoices; one that both have counts once, with Xero's money"
)
_INVOICES_AND_MONEY: Final = "invoices; money, one figure for each currency"

FIGURES: Final = (
    Figure(
        key="mrr",
        name="Monthly recurring revenue",
        meaning="What the active subscriptions bring in during a month, at the price the client "
        "pays. How long somebody is committed has no influence. Null where the settings say that "
        "Pax8's price is what the organisation pays.",
        formula="sum of price x quantity / months of the billing term",
        unit=_PER_CURRENCY,
        excludes=_ALL,
        source=f"{_SUBSCRIPTIONS}: price, quantity, billingTerm, currencyCode",
    ),
    Figure(
        key="trial_mrr",
        name="Trial MRR",
        meaning="What subscriptions on trial would bring in if all of them stayed. No other "
        "figure holds any of it.",
        formula="the same as for mrr, over the badge trial",
        unit=_PER_CURRENCY,
        excludes=_ALL,
        source=f"{_SUBSCRIPTIONS}: price, quantity, billingTerm, currencyCode",
    ),
    Figure(
        key="cost",
        name="Monthly cost",
        meaning="What the active subscriptions are bought for during a month, where Pax8 says so. "
        "A subscription whose sell price is missing is in it all the same.",
        formula="sum of partner cost x quantity / months of the billing term; with pax8_price_is "
        "= buy the price takes the place of the partner cost",
        unit=_PER_CURRENCY,
        excludes=tuple(reason for reason in Exclusion if reason is not Exclusion.PRICE),
        source=f"{_SUBSCRIPTIONS}: partnerCost (or price), quantity, billingTerm, currencyCode",
    ),
    Figure(
        key="margin",
        name="Monthly margin",
        meaning="What is left of a month's money after the cost, over the subscriptions for which "
        "both are known; how many these are stands beside it.",
        formula="mrr - cost, over subscriptions that have a price and a partner cost",
        unit=_PER_CURRENCY,
        excludes=_ALL,
        source=f"{_SUBSCRIPTIONS}: price and partnerCost",
    ),
    Figure(
        key="reporting",
        name="Total in the reporting currency",
        meaning="The figures of all currencies in one, at the newest rate of each that is valid "
        "today. Null as long as one currency has no rate; that currency is then listed.",
        formula="sum of (exact figure x rate), rounded once at the end",
        unit="money a month, in the reporting currency",
        excludes=_ALL,
        source="Exchange rates that people entered under /v1/settings/exchange-rates, and "
        "those that Xero's invoices tell where its books are kept in the reporting currency; of "
        "one day, a person's",
    ),
    Figure(
        key="active_subscriptions",
        name="Active subscriptions",
        meaning="How many subscriptions have the badge active today, whether or not they add to "
        "MRR.",
        formula="count of the badge active",
        unit="subscriptions",
        excludes=(Exclusion.BADGE,),
        source=f"{_SUBSCRIPTIONS}: status, startDate, endDate",
    ),
    Figure(
        key="unmapped",
        name="Unmapped",
        meaning="Companies of Pax8 that nobody has linked to a client or set aside, and the active "
        "subscriptions that therefore belong to no client. Totals hold them, no client's figure "
        "does. The same is told of open invoices that belong to no client.",
        formula="count of companies without a link; count and mrr of active subscriptions without "
        "a client; count and amount due of open invoices without a client",
        unit="companies; subscriptions; money a month; invoices; money",
        excludes=_ALL,
        source="Pax8, companies and subscriptions; Xero and SuperOps, sales invoices; the links "
        "under /v1/clients",
    ),
    Figure(
        key="is_stale",
        name="Stale",
        meaning="A source is read less often than its schedule promises, or not any more.",
        formula="more than two intervals of the schedule have passed since the last success, or "
        "the source was disconnected",
        unit="yes or no",
        excludes=(),
        source="Syncs and schedules",
    ),
    Figure(
        key="pending_invoices",
        name="Pending invoices",
        meaning="Sales invoices still being written, awaiting approval, or sent and neither paid "
        "nor overdue; post-dated ones too.",
        formula="count and sum of the amount due, over the badges draft and submitted",
        unit=_INVOICES_AND_MONEY,
        excludes=(),
        source=_INVOICES,
    ),
    Figure(
        key="draft",
        name="Draft invoices",
        meaning="Sales invoices still being written.",
        formula="count and sum of the amount due, over the badge draft",
        unit=_INVOICES_AND_MONEY,
        excludes=(),
        source=_INVOICES,
    ),
    Figure(
        key="outstanding",
        name="Outstanding",
        meaning="What clients owe today, overdue or not. What awaits approval is not owed yet, "
        "nor is a post-dated invoice before its date.",
        formula="count and sum of the amount due, over approved invoices with something due",
        unit=_INVOICES_AND_MONEY,
        excludes=(),
        source=_INVOICES,
    ),
    Figure(
        key="overdue",
        name="Overdue",
        meaning="What should have been paid by now. It is reckoned when it is read, since nobody "
        "tells when a day has passed.",
        formula="count and sum of the amount due, over the badge overdue",
        unit=_INVOICES_AND_MONEY,
        excludes=(),
        source=_INVOICES,
    ),
    Figure(
        key="paid_this_month",
        name="Paid this month",
        meaning="What came in during the organisation's calendar month, less what went back. "
        "SuperOps tells of no payments: its paid invoices count by the day they were paid. What "
        "has no day that is known is in no month; how many these are stands beside it.",
        formula="sum of payments dated this month - refunds dated this month; count of payments",
        unit="payments; money, one figure for each currency",
        excludes=(),
        source="Xero: payments; SuperOps: invoices, totalAmount and paymentDate",
    ),
    Figure(
        key="under_licensed_clients",
        name="Under-licensed clients",
        meaning="Clients that use more devices or seats than they hold licences for, by the newest "
        "snapshot. Not known until one has compared something.",
        formula="count of clients with a line whose required less licensed exceeds its tolerance",
        unit="clients",
        excludes=(),
        source="Counts that PanelOne pushes or that are made of SuperOps' lists; Pax8, "
        "subscriptions; the rules under /v1/reconciliation/rules",
    ),
    Figure(
        key="leak",
        name="Leak of a month",
        meaning="What a client should have been billed for what Pax8 charges for it, less what it "
        "was billed: above 0 the organisation loses it. One figure for each client, product and "
        "currency. It falls into timing, currency, unmapped, proration, quantity and price, which "
        "add up to it exactly.",
        formula="charged units x agreed price + charges for another time, prorated and of no known "
        "product or client - billed lines; the agreed price is what the client pays by Pax8's "
        "subscription",
        unit="money, one figure for each currency",
        excludes=(),
        source="Pax8: invoice items, draft items while there is no invoice, subscriptions; lines "
        "of invoices and credit notes of Xero and SuperOps",
    ),
)

BADGE_MEANINGS: Final = {
    Badge.ACTIVE: "It is in use and is billed.",
    Badge.TRIAL: "It is tried out.",
    Badge.PENDING: "It was ordered and is not in use yet.",
    Badge.SUSPENDED: "It is stopped for a while: any spelling of suspended counts, since Pax8 "
    "documents none.",
    Badge.CANCELLED: "It is over, or has vanished from Pax8's list.",
    Badge.UNKNOWN: "Pax8 uses a word that we cannot place, Converted among them; its word is kept "
    "and no figure counts it.",
}

EXCLUSION_MEANINGS: Final = {
    Exclusion.BADGE: "Its badge is another than the one counted.",
    Exclusion.TERM: "Its billing term does not recur, or is missing or unknown.",
    Exclusion.USAGE: "It is billed by usage, so that price and quantity say nothing of a month.",
    Exclusion.CURRENCY: "Pax8 gives no currency.",
    Exclusion.PRICE: "Pax8 gives no price.",
    Exclusion.QUANTITY: "Pax8 gives no quantity.",
}

INVOICE_BADGE_MEANINGS: Final = {
    InvoiceBadge.DRAFT: "It is still being written.",
    InvoiceBadge.SUBMITTED: "It awaits approval, or it awaits payment and is not past due. Before "
    "its own date it is owed by nobody yet.",
    InvoiceBadge.OVERDUE: "It awaits payment and its due date, or without one its date, is before "
    "today in the organisation's time zone. One that awaits approval is never overdue.",
    InvoiceBadge.PAID: "It is paid or credited in full.",
    InvoiceBadge.VOID: "It counts for nothing, or has vanished from its books. Lists hide it "
    "unless it is asked for.",
    InvoiceBadge.UNKNOWN: "Its source uses a word that we cannot place, or none; the word is kept "
    "and no figure counts it.",
}

INVOICE_EXCLUSION_MEANINGS: Final = {
    InvoiceExclusion.STATUS: "Its status is unknown.",
    InvoiceExclusion.CURRENCY: "Its source gives no currency.",
    InvoiceExclusion.AMOUNT: "Its source gives no amount, or none of what is due.",
    InvoiceExclusion.DATE: "It has no date, so that it is in no period.",
}

DUPLICATES_MEANING: Final = (
    "The same invoice in Xero and in SuperOps is listed and counted once, as Xero's: its money and "
    "its status hold, so that it is void where Xero's is, and SuperOps's stands beside it. Numbers "
    "are the same when their letters and digits are, in capitals or not; without a number nothing "
    "is paired. An invoice is paired with one other at most, in the first of these ways that fits."
)
MATCHED_BY_MEANINGS: Final = {
    MatchedBy.EXACT: "Client, number, currency and total are the same.",
    MatchedBy.OTHER_TOTAL: "Client and number are the same; total or currency is another, or not "
    "known. It needs a person's attention.",
    MatchedBy.UNMAPPED: "Number, currency and total are the same, and one of the two, or both, "
    "belongs to no client yet.",
}

CATEGORY_MEANINGS: Final = {
    RevenueCategory.RECURRING_SERVICES: "Managed services and other agreements, billed each term.",
    RevenueCategory.LICENCES: "Subscriptions that are bought from a distributor and resold.",
    RevenueCategory.DOMAINS_AND_HOSTING: "Domains, hosting and certificates.",
    RevenueCategory.PROJECTS: "Work by the hour or by the job.",
    RevenueCategory.HARDWARE: "Devices and parts.",
    RevenueCategory.OTHER: "Anything else that is earned.",
}

PRICE_BASIS: Final = (
    Choice(
        "pax8_price_is",
        (
            Meaning("sell", "Pax8's price is what the client pays; partnerCost is the cost."),
            Meaning("buy", "Pax8's price is the cost; what the client pays is not known."),
        ),
    ),
    Choice(
        "annual_price_is",
        (
            Meaning("year", "A price covers its whole term and is divided by the term's months."),
            Meaning("month", "A price of whatever term covers one month and is not divided."),
        ),
    ),
)


def catalogue() -> Catalogue:
    return Catalogue(
        figures=FIGURES,
        badges=tuple(
            BadgeMeaning(badge, BADGE_MEANINGS[badge], tuple(_statuses(badge))) for badge in Badge
        ),
        exclusions=tuple(Meaning(reason, EXCLUSION_MEANINGS[reason]) for reason in Exclusion),
        billing_terms=tuple(Term(term, months) for term, months in MONTHS.items()),
        price_basis=PRICE_BASIS,
        invoice_badges=tuple(
            InvoiceBadgeMeaning(badge, meaning, tuple(_invoice_statuses(badge)))
            for badge, meaning in INVOICE_BADGE_MEANINGS.items()
        ),
        invoice_exclusions=_meanings(INVOICE_EXCLUSION_MEANINGS),
        invoice_duplicates=Duplicates(DUPLICATES_MEANING, _meanings(MATCHED_BY_MEANINGS)),
        revenue_categories=_meanings(CATEGORY_MEANINGS),
    )


_WHEN: Final[Mapping[InvoiceState, Mapping[InvoiceBadge, str | None]]] = {
    InvoiceState.DRAFT: {InvoiceBadge.DRAFT: None},
    InvoiceState.AWAITING_APPROVAL: {InvoiceBadge.SUBMITTED: None},
    InvoiceState.APPROVED: {
        InvoiceBadge.SUBMITTED: "with an amount due, until the day on which it is due, that day "
        "included, and before its own date",
        InvoiceBadge.OVERDUE: "with an amount due, from the day after the one on which it is due",
        InvoiceBadge.PAID: "with nothing due",
    },
    InvoiceState.PAID: {InvoiceBadge.PAID: None},
    InvoiceState.VOID: {InvoiceBadge.VOID: None},
}


def _invoice_statuses(badge: InvoiceBadge) -> Iterator[InvoiceStatus]:
    for source, words in INVOICE_STATES.items():
        for word, state in words.items():
            if badge in _WHEN[state]:
                yield InvoiceStatus(source, word, _WHEN[state][badge])


def _meanings(meanings: Mapping[Any, str]) -> tuple[Meaning, ...]:
    return tuple(Meaning(str(word), meaning) for word, meaning in meanings.items())


def _statuses(badge: Badge) -> Iterator[Status]:
    for rule in STATUS_RULES:
        if rule.badge is badge:
            yield Status(rule.word, _usually(rule))
        if rule.before_start is badge:
            yield Status(rule.word, "before the day on which it starts")
        if rule.after_end is badge:
            yield Status(rule.word, "from the day after the one on which it ends")


def _usually(rule: StatusRule) -> str | None:
    if rule.before_start:
        return "from the day on which it starts"
    return "until the day on which it ends, that day included" if rule.after_end else None
