"""Reconciliation once more, in plain Python and by other means than SQL.

Written from the definitions, not from the code under test, and sharing nothing with it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from tests.billing.definitions import reference

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Count:
    client_id: UUID
    metric: str
    source: str
    count: int
    hours_old: int


@dataclass(frozen=True)
class Rule:
    id: UUID
    metric: str
    products: frozenset[str]
    ratio: Decimal = Decimal(1)
    minimum: Decimal | None = None
    units: Decimal | None = None
    percent: Decimal | None = None
    amount: tuple[Decimal, str] | None = None
    without: frozenset[tuple[UUID, str | None]] = frozenset()


@dataclass
class Line:
    actual: Fraction | None = None
    required: Fraction | None = None
    licensed: Fraction | None = None
    trial: Fraction | None = None
    variance: Fraction | None = None
    status: str = "no_data"
    reason: str | None = None
    is_tolerated: bool = False
    stake: Fraction | None = None
    currency: str | None = None


@dataclass
class Books:
    """All that a comparison rests on."""

    today: date
    subscriptions: list[Row]
    counts: list[Count]
    rules: list[Rule]
    chosen: Mapping[str, str] = field(default_factory=dict)
    stale_after: int = 48

    def lines(self) -> dict[tuple[UUID, UUID], Line]:
        clients = {row["client_id"] for row in self.subscriptions if row["client_id"]}
        clients |= {count.client_id for count in self.counts}
        return {
            (client, rule.id): found
            for client in clients
            for rule in self.rules
            if (found := self._line(client, rule)) is not None
        }

    def _line(self, client: UUID, rule: Rule) -> Line | None:
        if (client, None) in rule.without:
            return None
        held = [row for row in self.subscriptions if self._is_held(row, client, rule)]
        count = self._count(client, rule.metric)
        if not held and not (count and count.count > 0):
            return None
        line = Line(reason=self._reason(held, count))
        if count and count.hours_old <= self.stale_after:
            line.actual = Fraction(count.count)
            line.required = max(line.actual, Fraction(rule.minimum or 0))
        if not any(row["quantity"] is None or row["usage_billed"] for row in held):
            line.licensed = Fraction(sum(row["quantity"] for row in held)) * Fraction(rule.ratio)
            on_trial = (row["quantity"] for row in held if self._badge(row) == "trial")
            line.trial = Fraction(sum(on_trial)) * Fraction(rule.ratio)
        unit = self._unit(held)
        line.currency = unit and unit[0]
        if line.reason is None:
            self._judge(line, rule, unit)
        return line

    def _judge(self, line: Line, rule: Rule, unit: tuple[str, Fraction] | None) -> None:
        assert line.required is not None
        assert line.licensed is not None
        line.variance = line.required - line.licensed
        size = abs(line.variance)
        line.stake = size * unit[1] if unit else None
        widths = [Fraction(rule.units)] if rule.units is not None else []
        if rule.percent is not None:
            widths.append(line.required * Fraction(rule.percent) / 100)
        is_small = any(size <= width for width in widths)
        if rule.amount and unit and rule.amount[1] == unit[0]:
            is_small |= size * unit[1] <= Fraction(rule.amount[0])
        line.is_tolerated = is_small and size != 0
        if is_small or size == 0:
            line.status = "matched"
        else:
            line.status = "under_licensed" if line.variance > 0 else "over_licensed"

    def _badge(self, row: Row) -> str:
        return reference.badge(row, self.today)

    def _is_held(self, row: Row, client: UUID, rule: Rule) -> bool:
        return (
            row["client_id"] == client
            and row["product_id"] in rule.products
            and (client, row["product_id"]) not in rule.without
            and self._badge(row) in {"active", "trial"}
        )

    def _count(self, client: UUID, metric: str) -> Count | None:
        wanted = self.chosen.get(metric)
        known = [
            count
            for count in self.counts
            if (count.client_id, count.metric) == (client, metric)
            and wanted in {None, count.source}
        ]
        return min(known, key=lambda count: (count.hours_old, count.source), default=None)

    def _reason(self, held: list[Row], count: Count | None) -> str | None:
        if count is None:
            return "no_count"
        if count.hours_old > self.stale_after:
            return "count_stale"
        if any(row["quantity"] is None for row in held):
            return "quantity_unknown"
        return "usage_billed" if any(row["usage_billed"] for row in held) else None

    def _unit(self, held: list[Row]) -> tuple[str, Fraction] | None:
        """The lowest month's price of one seat, in the currency that holds most seats."""
        priced: dict[str, list[tuple[Fraction | None, Fraction]]] = {}
        for row in held:
            one = {**row, "quantity": Decimal(1)}
            price = reference.sell(one, price_is="sell", annual_is="year")
            is_known = price is not None and row["currency"] and not row["usage_billed"]
            if self._badge(row) == "active" and is_known and price is not None:
                seats = None if row["quantity"] is None else Fraction(row["quantity"])
                priced.setdefault(row["currency"], []).append((seats, price))
        if not priced:
            return None

        def most(currency: str) -> tuple[bool, Fraction, str]:
            known = [seats for seats, _ in priced[currency] if seats is not None]
            return (not known, -sum(known, Fraction()), currency)

        chosen = min(priced, key=most)
        return chosen, min(price for _, price in priced[chosen])


def row_of(lines: Iterable[Line]) -> dict[str, Any]:
    """A client's lines added up, and the worst of what they say."""
    every = list(lines)
    good = [line for line in every if line.reason is None]
    statuses = {line.status for line in every}
    worst = [one for one in ("under_licensed", "over_licensed") if one in statuses]
    fallback = "matched" if good else "no_data"
    return {
        "variance": sum((line.variance or Fraction() for line in good), Fraction())
        if good
        else None,
        "status": worst[0] if worst else fallback,
        "lines": len(every),
        "no_data": len(every) - len(good),
    }
