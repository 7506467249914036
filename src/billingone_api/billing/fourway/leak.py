"""The money that leaks between what Pax8 charges for a client and what the client is billed.

One client, product, month and currency. Amounts are without tax, in that one currency alone.

- **difference** = what the client should have been billed for what is charged, less what it was
  billed: above 0 the organisation loses it, below 0 the client paid for what is not charged.
- **agreed price** = what the client pays for one unit and billing term by Pax8's subscription; of
  several the lowest that is known. `at(units)` is what an invoice would say of so many: the
  product, rounded to the currency's minor unit. A charge is worth its own subscription's price.

The parts take what explains them, in this order, and add up to the difference exactly, because
each is one step on the way from what is charged to what is billed:

- **timing**: charges for another time than the month, and lines that are instalments of a term
  longer than a month, against as many units charged for the whole term;
- **currency**: units that were billed in another currency. What stands there is shown beside it,
  never added or set against it;
- **unmapped**: charges without a product or a client; and units of a product that no line is known
  to bill, where the client has lines of which nobody knows the product;
- **proration**: charges and lines that say so, at their own amounts;
- **quantity**: units that are charged and not billed, at the agreed price; where nothing is
  charged and nothing agreed, all that is billed;
- **price**: what was billed for less, or more, than the agreed price; here stands, too, what a
  credit or a rebate for the product changes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar


class _Added(Protocol):
    def __add__(self, other: Any, /) -> Any: ...

    def __sub__(self, other: Any, /) -> Any: ...


Number = TypeVar("Number", bound=_Added)
"""A Decimal, or a column of them: the rule is the same for one record and for a table."""


@dataclass(frozen=True, slots=True)
class Charged(Generic[Number]):
    """What Pax8 charges of a product for a client.

    `worth` is what `units` come to at the agreed price of each charge. The others are amounts:
    for another time, prorated, and of no known product or client.
    """

    units: Number
    worth: Number
    elsewhere: Number
    prorated: Number
    nameless: Number


@dataclass(frozen=True, slots=True)
class Billed(Generic[Number]):
    """What the client is billed for it, and units that were billed otherwise.

    `instalments` are units that lines spread over the term, no more of them than are charged;
    `abroad` those billed in another currency; `hidden` those that lines of no known product may
    bill. `spread` is the amount of the instalments.
    """

    units: Number
    amount: Number
    prorated: Number
    instalments: Number
    spread: Number
    abroad: Number
    hidden: Number


@dataclass(frozen=True, slots=True)
class Leak(Generic[Number]):
    """The difference and its parts, which add up to it exactly."""

    difference: Number
    quantity: Number
    price: Number
    proration: Number
    timing: Number
    currency: Number
    unmapped: Number


PARTS = ("quantity", "price", "proration", "timing", "currency", "unmapped")


def leak(
    charged: Charged[Number], billed: Billed[Number], at: Callable[[Number], Number]
) -> Leak[Number]:
    """Between these two; `at` is the worth of so many units at the agreed price."""
    spread = billed.units + billed.instalments
    anywhere = spread + billed.abroad
    perhaps = anywhere + billed.hidden
    owed = charged.worth + charged.elsewhere + charged.prorated + charged.nameless
    return Leak(
        difference=owed - billed.amount - billed.spread - billed.prorated,
        quantity=at(charged.units) - at(perhaps),
        price=charged.worth - at(charged.units) + at(billed.units) - billed.amount,
        proration=charged.prorated - billed.prorated,
        timing=charged.elsewhere + at(spread) - at(billed.units) - billed.spread,
        currency=at(anywhere) - at(spread),
        unmapped=charged.nameless + at(perhaps) - at(anywhere),
    )


@dataclass(frozen=True, slots=True)
class Overcharge(Generic[Number]):
    """What Pax8 charges above what is licensed costs; the two parts add up to it exactly."""

    difference: Number
    quantity: Number
    price: Number


def overcharge(cost: Number, fair: Number, due: Number) -> Overcharge[Number]:
    """What is charged costs `cost`; `fair` by its own subscriptions; what is licensed, `due`.

    Above 0 Pax8 charges more: for units that nobody holds (quantity), or at a higher cost of each
    (price).
    """
    return Overcharge(difference=cost - due, quantity=fair - due, price=cost - fair)
