"""Adds up slices of subscriptions: exact until each figure is divided and rounded, once, last."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billingone_api.billing.dashboard.models import (
    ActiveSubscriptions,
    Cost,
    CostOfCurrency,
    Excluded,
    Mrr,
    MrrOfCurrency,
    Slice,
)
from billingone_api.billing.definitions.figures import InReportingCurrency, Rate
from billingone_api.billing.definitions.models import Badge, Exclusion, monthly
from billingone_api.kit.money import Money, rounded


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of an organisation's subscriptions."""

    slices: Sequence[Slice]
    reporting_currency: str

    def mrr(self) -> Mrr:
        earning = _by_currency(self._earning(Badge.ACTIVE))
        costing = _by_currency(self._costing())
        return Mrr(
            currencies=tuple(
                _mrr(currency, earning[currency], costing[currency]) for currency in earning
            ),
            trial_mrr=_monthly_of(self._earning(Badge.TRIAL)),
            reporting=self._converted({name: _sell(of) for name, of in earning.items()}),
        )

    def cost(self) -> Cost:
        costing = _by_currency(self._costing())
        return Cost(
            currencies=tuple(
                CostOfCurrency(currency, _month(_cost(of), currency), _costed(of))
                for currency, of in costing.items()
            ),
            reporting=self._converted({name: _cost(of) for name, of in costing.items()}),
        )

    def active_subscriptions(self) -> ActiveSubscriptions:
        badges = dict.fromkeys(Badge, 0)
        for part in self.slices:
            badges[part.badge] += part.subscriptions
        return ActiveSubscriptions(count=badges[Badge.ACTIVE], badges=badges)

    def counted(self) -> int:
        return _count(self._earning(Badge.ACTIVE))

    def excluded(self) -> tuple[Excluded, ...]:
        counts = dict.fromkeys(Exclusion, 0)
        for part in self.slices:
            if reason := _exclusion(part):
                counts[reason] += part.subscriptions
        return tuple(Excluded(reason, count) for reason, count in counts.items() if count)

    def unmapped(self) -> tuple[int, tuple[Money, ...]]:
        """Active subscriptions of no client: how many, and their MRR in each currency."""
        active = [part for part in self.slices if part.badge is Badge.ACTIVE and not part.is_mapped]
        earning = [part for part in self._earning(Badge.ACTIVE) if not part.is_mapped]
        return _count(active), _monthly_of(earning)

    def _earning(self, badge: Badge) -> list[Slice]:
        return [part for part in self.slices if part.badge is badge and part.obstacle is None]

    def _costing(self) -> list[Slice]:
        """A missing sell price keeps nobody's cost out."""
        known = {None, Exclusion.PRICE}
        return [
            part
            for part in self.slices
            if part.badge is Badge.ACTIVE and part.obstacle in known and part.costed
        ]

    def _converted(self, sums: Mapping[str, Fraction]) -> InReportingCurrency:
        """Of sums in 72nds; the one division comes last."""
        months = {currency: monthly(parts) for currency, parts in sums.items()}
        return InReportingCurrency.of(months, rates=self._rates(), currency=self.reporting_currency)

    def _rates(self) -> list[Rate]:
        return [part.rate for part in self.slices if part.rate]


def _mrr(currency: str, earning: Sequence[Slice], costing: Sequence[Slice]) -> MrrOfCurrency:
    both = [part for part in earning if part.costed]
    margin = _total(part.sell_of_costed for part in both) - _cost(both)
    return MrrOfCurrency(
        currency=currency,
        mrr=_month(_sell(earning), currency),
        subscriptions=_count(earning),
        cost=_month(_cost(costing), currency) if costing else None,
        cost_subscriptions=_costed(costing),
        margin=_month(margin, currency) if both else None,
        margin_subscriptions=_costed(both),
    )


def _exclusion(part: Slice) -> Exclusion | None:
    return part.obstacle if part.badge is Badge.ACTIVE else Exclusion.BADGE


def _by_currency(slices: Iterable[Slice]) -> defaultdict[str, list[Slice]]:
    """In the order of the currencies' codes; those without a currency are in no figure."""
    grouped: defaultdict[str, list[Slice]] = defaultdict(list)
    for part in sorted(slices, key=lambda part: part.currency or ""):
        if part.currency:
            grouped[part.currency].append(part)
    return grouped


def _monthly_of(slices: Iterable[Slice]) -> tuple[Money, ...]:
    return tuple(_month(_sell(of), currency) for currency, of in _by_currency(slices).items())


def _month(parts: Fraction, currency: str) -> Money:
    return rounded(monthly(parts), currency=currency)


def _sell(slices: Iterable[Slice]) -> Fraction:
    return _total(part.sell for part in slices)


def _cost(slices: Iterable[Slice]) -> Fraction:
    return _total(part.cost for part in slices)


def _total(sums: Iterable[Decimal | None]) -> Fraction:
    return sum((Fraction(known) for known in sums if known is not None), Fraction())


def _count(slices: Iterable[Slice]) -> int:
    return sum(part.subscriptions for part in slices)


def _costed(slices: Iterable[Slice]) -> int:
    return sum(part.costed for part in slices)
