"""What clients owe and have paid: exact sums per currency, each rounded once at the end."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from billingone_api.billing.definitions.figures import (
    ExcludedInvoices,
    InReportingCurrency,
    Rate,
)
from billingone_api.billing.definitions.models import InvoiceBadge, InvoiceExclusion
from billingone_api.kit.money import Money, rounded


@dataclass(frozen=True, slots=True)
class OpenSlice:
    """Open invoices alike in badge, in whether they are owed and have a client, and in currency.

    `exclusion` is why what is due on them is in no sum; `due` is the exact sum of it.
    """

    badge: InvoiceBadge
    exclusion: InvoiceExclusion | None
    currency: str | None
    is_owed: bool
    is_mapped: bool
    invoices: int
    due: Decimal | None


@dataclass(frozen=True, slots=True)
class PaidSlice:
    """Payments of one currency, refunds taken off; `unusable` ones lack an amount or a currency.

    `undated` ones lack a day that is known: they are in no month, and in no other number here.
    """

    currency: str | None
    payments: int
    unusable: int
    undated: int
    paid: Decimal | None


@dataclass(frozen=True, slots=True)
class Amounts:
    """How many there are, and what they come to in each currency; currencies are never added."""

    count: int
    amounts: tuple[Money, ...]
    reporting: InReportingCurrency


@dataclass(frozen=True, slots=True)
class Receivables:
    """The figures of an organisation's open invoices and of a month's payments."""

    open: Sequence[OpenSlice]
    paid: Sequence[PaidSlice]
    rates: Sequence[Rate]
    reporting_currency: str

    def draft(self) -> Amounts:
        return self._due(lambda one: one.badge is InvoiceBadge.DRAFT)

    def pending(self) -> Amounts:
        """Draft and submitted, by their status: post-dated ones too, and not those past due."""
        return self._due(lambda one: one.badge in {InvoiceBadge.DRAFT, InvoiceBadge.SUBMITTED})

    def outstanding(self) -> Amounts:
        return self._due(lambda one: one.is_owed)

    def overdue(self) -> Amounts:
        return self._due(lambda one: one.badge is InvoiceBadge.OVERDUE)

    def unmapped(self) -> Amounts:
        """What is open and belongs to no client."""
        return self._due(lambda one: not one.is_mapped and _is_shown_as_open(one))

    def paid_this_month(self) -> Amounts:
        sums = [(one.currency, one.paid) for one in self.paid]
        return self._amounts(sum(one.payments for one in self.paid), sums)

    def unusable_payments(self) -> int:
        return sum(one.unusable for one in self.paid)

    def undated_payments(self) -> int:
        return sum(one.undated for one in self.paid)

    def counted(self) -> int:
        return _count(one for one in self.open if one.exclusion is None and _is_shown_as_open(one))

    def excluded(self) -> tuple[ExcludedInvoices, ...]:
        counts = dict.fromkeys(InvoiceExclusion, 0)
        for one in self.open:
            if one.exclusion is not None:
                counts[one.exclusion] += one.invoices
        return tuple(ExcludedInvoices(reason, count) for reason, count in counts.items() if count)

    def _due(self, wanted: Callable[[OpenSlice], bool]) -> Amounts:
        found = [one for one in self.open if wanted(one)]
        sums = [(one.currency, one.due) for one in found if one.exclusion is None]
        return self._amounts(_count(found), sums)

    def _amounts(self, count: int, sums: Iterable[tuple[str | None, Decimal | None]]) -> Amounts:
        exact: defaultdict[str, Fraction] = defaultdict(Fraction)
        for currency, amount in sums:
            if currency is not None and amount is not None:
                exact[currency] += Fraction(amount)
        return Amounts(
            count=count,
            amounts=tuple(rounded(exact[name], currency=name) for name in sorted(exact)),
            reporting=InReportingCurrency.of(
                exact, rates=self.rates, currency=self.reporting_currency
            ),
        )


def month_of(day: date) -> tuple[date, date]:
    """The first and the last day of the calendar month."""
    first = day.replace(day=1)
    after = (first + timedelta(days=31)).replace(day=1)
    return first, after - timedelta(days=1)


def _is_shown_as_open(one: OpenSlice) -> bool:
    """An approved invoice on which nothing is due is paid."""
    return one.badge is not InvoiceBadge.PAID


def _count(slices: Iterable[OpenSlice]) -> int:
    return sum(one.invoices for one in slices)
