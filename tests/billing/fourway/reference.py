"""The four-way line once more, from single charges and lines, in plain Python.

Written from the definitions; it shares nothing with the SQL that it is held against but the rule
of `leak` itself, which has tests of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from billingone_api.billing.fourway.leak import Billed, Charged, Leak, leak

NONE = Decimal(0)


@dataclass(frozen=True)
class Charge:
    """An item of Pax8's; `amount` is what it says the client pays."""

    units: Decimal
    amount: Decimal
    kind: str = "subscription"
    is_in_month: bool = True
    is_named: bool = True
    price: Decimal | None = None


@dataclass(frozen=True)
class Line:
    """A line of the client's invoices that bills the product."""

    units: Decimal
    amount: Decimal
    unit_amount: Decimal
    currency: str = "AUD"
    is_prorated: bool = False


@dataclass(frozen=True)
class Agreed:
    """By Pax8's subscriptions: what a unit is sold for, and whether for longer than a month."""

    price: Decimal
    is_long: bool = False
    currency: str = "AUD"

    def at(self, units: Decimal) -> Decimal:
        return cents(units * self.price)


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def added(rows: Sequence[Decimal]) -> Decimal:
    return sum(rows, NONE)


def reckoned(
    charges: Sequence[Charge],
    lines: Sequence[Line],
    agreed: Agreed,
    *,
    others_unknown: bool = False,
) -> Leak[Decimal]:
    """`others_unknown`: the client has lines as well of which nobody knows the product."""
    charged = _charged(charges, agreed)
    return leak(charged, _billed(lines, charged, agreed, others_unknown=others_unknown), agreed.at)


def _charged(charges: Sequence[Charge], agreed: Agreed) -> Charged[Decimal]:
    of: dict[str, list[Charge]] = {}
    for one in charges:
        of.setdefault(_sort(one), []).append(one)
    seats, changed = of.get("seats", []), of.get("changed", [])
    worth = [cents(one.units * (one.price or agreed.price)) for one in seats]
    rest = {name: added([one.amount for one in of.get(name, [])]) for name in _AMOUNTS}
    amounts = added(worth) + added([one.amount for one in changed])
    return Charged(units=added([one.units for one in seats]), worth=amounts, **rest)


_AMOUNTS = ("elsewhere", "prorated", "nameless")


def _sort(charge: Charge) -> str:
    if not charge.is_named:
        return "nameless"
    if charge.kind == "prorate":
        return "prorated"
    if not charge.is_in_month:
        return "elsewhere"
    return "seats" if charge.kind in {"subscription", "one-time"} else "changed"


def _billed(
    lines: Sequence[Line], charged: Charged[Decimal], agreed: Agreed, *, others_unknown: bool
) -> Billed[Decimal]:
    here = [one for one in lines if one.currency == agreed.currency]
    prorated = [one for one in here if one.is_prorated]
    is_spread = _spread_by(charged, agreed)
    spread = [one for one in here if not one.is_prorated and is_spread(one)]
    whole = [one for one in here if not one.is_prorated and not is_spread(one)]
    return Billed(
        units=added([one.units for one in whole]),
        amount=added([one.amount for one in whole]),
        prorated=added([one.amount for one in prorated]),
        instalments=min(added([one.units for one in spread]), charged.units),
        spread=added([one.amount for one in spread]),
        abroad=added([one.units for one in lines if one.currency != agreed.currency]),
        hidden=charged.units if others_unknown and not lines else NONE,
    )


def _spread_by(charged: Charged[Decimal], agreed: Agreed) -> Callable[[Line], bool]:
    """Of a term longer than a month: less than half its price, or with nothing charged now."""
    return lambda line: (
        agreed.is_long and (charged.units == 0 or line.unit_amount * 2 < agreed.price)
    )
