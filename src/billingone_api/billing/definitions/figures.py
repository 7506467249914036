"""Figures that may be unknown: null with a reason, never 0, until their source has come through."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Generic, TypeVar

from billingone_api.billing.definitions.models import (
    SUPEROPS,
    InvoiceExclusion,
    PriceBasis,
    RecurringSums,
    monthly,
)
from billingone_api.kit.money import Money, rounded

Value = TypeVar("Value")


class Unknown(StrEnum):
    """Why a figure is null."""

    SOURCE_NOT_CONNECTED = "source_not_connected"
    NEVER_SYNCED = "never_synced"
    NOT_LINKED = "not_linked"
    NOT_OF_THIS_SOURCE = "not_of_this_source"
    SELL_PRICE_UNKNOWN = "sell_price_unknown"
    COST_UNKNOWN = "cost_unknown"
    EXCHANGE_RATE_MISSING = "exchange_rate_missing"
    NO_COUNT = "no_count"
    COUNT_STALE = "count_stale"
    NO_COUNT_RULE = "no_count_rule"
    QUANTITY_UNKNOWN = "quantity_unknown"


@dataclass(frozen=True, slots=True)
class Source:
    """Where figures come from, and when it last came through, if only before a disconnection."""

    source: str
    is_connected: bool
    last_success_at: datetime | None

    @property
    def unknown(self) -> Unknown | None:
        """Why nothing of it is known. Rows of a first sync under way make no figure yet."""
        if self.last_success_at is not None:
            return None
        return Unknown.NEVER_SYNCED if self.is_connected else Unknown.SOURCE_NOT_CONNECTED


def unknown_of(sources: Sequence[Source]) -> Unknown | None:
    """Why nothing is known of what several sources tell; one that came through is enough."""
    if any(source.unknown is None for source in sources):
        return None
    is_connected = any(source.is_connected for source in sources)
    return Unknown.NEVER_SYNCED if is_connected else Unknown.SOURCE_NOT_CONNECTED


@dataclass(frozen=True, slots=True)
class Card(Generic[Value]):
    """A figure, or why there is none; `detail` is for people."""

    value: Value | None
    reason: Unknown | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class Rate:
    """From `valid_on` on, `per` units of `currency` are worth `rate` in the reporting currency.

    As it was told: one of the two is 1.
    """

    currency: str
    rate: Decimal
    per: Decimal
    valid_on: date
    source: str


@dataclass(frozen=True, slots=True)
class InReportingCurrency:
    """Everything converted; `amount` is None as long as a rate is missing."""

    amount: Money | None
    missing_rates: tuple[str, ...]
    rates_used: tuple[Rate, ...]

    @classmethod
    def of(
        cls, sums: Mapping[str, Fraction], *, rates: Iterable[Rate], currency: str
    ) -> "InReportingCurrency":
        """Of exact sums by currency: rates multiply them exactly, one rounding comes after."""
        known = {rate.currency: rate for rate in rates}
        foreign = sorted(sums.keys() - {currency})
        missing = tuple(name for name in foreign if name not in known)
        used = tuple(known[name] for name in foreign if name in known)
        if missing:
            return cls(None, missing, used)
        worth = {one.currency: Fraction(one.rate) / Fraction(one.per) for one in used}
        total = sum((sums[name] * worth.get(name, 1) for name in sums), Fraction())
        return cls(rounded(total, currency=currency), (), used)

    def missing(self, currency: str) -> str | None:
        """Why there is no amount, for people."""
        if not self.missing_rates:
            return None
        return f"No total in {currency}: a rate is missing for {', '.join(self.missing_rates)}."


@dataclass(frozen=True, slots=True)
class Mrr:
    """Monthly recurring revenue: exact sums, each divided and rounded once.

    `value` is in the reporting currency; it is None with a reason, never 0, where it is not known.
    `missing_rates` lists the currencies of `by_currency` that cannot be converted today.
    `excluded` counts active subscriptions that add nothing.
    """

    value: Money | None
    reason: Unknown | None
    by_currency: tuple[Money, ...]
    missing_rates: tuple[str, ...]
    excluded: int


@dataclass(frozen=True, slots=True)
class Count:
    """A number of things, or why it is not known."""

    value: int | None
    reason: Unknown | None


@dataclass(frozen=True, slots=True)
class ExcludedInvoices:
    """How many invoices, or credit notes, add nothing for this reason, each counted once."""

    reason: InvoiceExclusion
    count: int


@dataclass(frozen=True, slots=True)
class Billed:
    """Exact sums of invoices; `total` is None while one of the rates is missing."""

    by_currency: Sequence[tuple[str, Decimal]]
    total: Decimal | None
    missing_rates: tuple[str, ...]
    excluded: tuple[ExcludedInvoices, ...]


@dataclass(frozen=True, slots=True)
class Total:
    """Money that was added up: in the reporting currency, or why not, and by currency.

    `excluded` counts invoices that should be in it and add nothing.
    """

    value: Money | None
    reason: Unknown | None
    by_currency: tuple[Money, ...] = ()
    missing_rates: tuple[str, ...] = ()
    excluded: tuple[ExcludedInvoices, ...] = ()


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What figures rest on: how far their source has come, what the organisation chose, its day."""

    source: Source
    basis: PriceBasis
    reporting_currency: str
    today: date
    now: datetime
    time_zone: str
    books: tuple[Source, ...] = ()
    has_counts: bool = False
    has_count_rules: bool = False

    def mrr(self, sums: RecurringSums, *, linked: bool = True) -> Mrr:
        unknown = self.subscriptions_unknown(linked=linked)
        if unknown is not None:
            return Mrr(None, unknown, (), (), 0)
        by_currency = tuple(_month(parts, currency) for currency, parts in sums.by_currency)
        if sums.reporting is None:
            missing = Unknown.EXCHANGE_RATE_MISSING
            return Mrr(None, missing, by_currency, sums.missing_rates, sums.excluded)
        value = _month(sums.reporting, self.reporting_currency)
        return Mrr(value, None, by_currency, (), sums.excluded)

    def count(self, number: int, *, linked: bool = True) -> Count:
        unknown = self._unknown(linked=linked)
        return Count(number if unknown is None else None, unknown)

    def billed(self, money: Billed, *, linked: bool = True) -> Total:
        unknown = self.books_unknown_of(linked=linked)
        if unknown is not None:
            return Total(None, unknown)
        parts = tuple(
            rounded(Fraction(amount), currency=currency)
            for currency, amount in money.by_currency
            if amount
        )
        if money.total is None:
            lacks = Unknown.EXCHANGE_RATE_MISSING
            return Total(None, lacks, parts, money.missing_rates, money.excluded)
        value = rounded(Fraction(money.total), currency=self.reporting_currency)
        return Total(value, None, parts, (), money.excluded)

    def margin(
        self,
        by_currency: Sequence[tuple[str, Fraction]],
        total: Fraction | None,
        missing_rates: tuple[str, ...],
        *,
        left_out: int,
        linked: bool = True,
    ) -> Total:
        """Of sums in 72nds of a month, in each currency that has price and cost of anything."""
        unknown = self.subscriptions_unknown(linked=linked)
        if unknown is None and left_out and not by_currency:
            unknown = Unknown.COST_UNKNOWN
        if unknown is not None:
            return Total(None, unknown)
        parts = tuple(_month(amount, currency) for currency, amount in sorted(by_currency))
        if total is None:
            return Total(None, Unknown.EXCHANGE_RATE_MISSING, parts, missing_rates)
        return Total(_month(total, self.reporting_currency), None, parts)

    def subscriptions_unknown(self, *, linked: bool) -> Unknown | None:
        """Why nothing is known of what one client pays a month."""
        unknown = self._unknown(linked=linked)
        if unknown is None and not self.basis.knows_sell_price:
            return Unknown.SELL_PRICE_UNKNOWN
        return unknown

    def devices(self, number: int | None, unknown: Unknown | None) -> Count:
        """As they are counted; None without a reason is no count of this one."""
        no_count = Unknown.NO_COUNT if number is None else None
        return Count(number, self.devices_unknown or unknown or no_count)

    def licences(
        self, seats: Decimal | None, unknown: Unknown | None, *, linked: bool = True
    ) -> Count:
        """Whole seats of products that count rules cover; None without a reason is none at all."""
        reason = self._unknown(linked=linked)
        if reason is None and not self.has_count_rules:
            reason = Unknown.NO_COUNT_RULE
        reason = reason or unknown
        return Count(int(seats or 0) if reason is None else None, reason)

    @property
    def devices_unknown(self) -> Unknown | None:
        """Why nobody's devices are known; SuperOps is one that counts by itself."""
        if self.has_counts:
            return None
        is_connected = any(one.source == SUPEROPS and one.is_connected for one in self.books)
        return Unknown.NEVER_SYNCED if is_connected else Unknown.SOURCE_NOT_CONNECTED

    @property
    def books_unknown(self) -> Unknown | None:
        """Why nothing is known of invoices; one source that came through is enough."""
        return unknown_of(self.books)

    def books_unknown_of(self, *, linked: bool) -> Unknown | None:
        """Why nothing is known of the invoices of one client."""
        return self.books_unknown or (None if linked else Unknown.NOT_LINKED)

    def _unknown(self, *, linked: bool) -> Unknown | None:
        return self.source.unknown or (None if linked else Unknown.NOT_LINKED)


def _month(parts: Fraction, currency: str) -> Money:
    return rounded(monthly(parts), currency=currency)
