"""The months of a client's trend: up to when each is reckoned, and what is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from billingone_api.billing.definitions.figures import Unknown
from billingone_api.kit.money import Money

MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month of the organisation's, as at the end of `day`: its last, or today."""

    first: date
    day: date
    until: datetime


@dataclass(frozen=True, slots=True)
class Monthly:
    """What a month came to in each currency; None with the reason where that is not known.

    `excluded` counts subscriptions, or invoices and credit notes, that should be in it and say too
    little of themselves.
    """

    amounts: tuple[Money, ...] | None
    reason: Unknown | None
    excluded: int


@dataclass(frozen=True, slots=True)
class TrendMonth:
    """MRR as it was known at the end of the month, and what was invoiced in it, without tax."""

    month: Month
    mrr: Monthly
    invoiced: Monthly


def months_until(today: date, *, time_zone: str) -> Sequence[Month]:
    """The last twelve, this one among them; the oldest first."""
    zone, found = ZoneInfo(time_zone), list[Month]()
    first, day = today.replace(day=1), today
    for _ in range(MONTHS):
        until = datetime.combine(day + timedelta(days=1), time(), zone)
        found.append(Month(first, day, until))
        day = first - timedelta(days=1)
        first = day.replace(day=1)
    return found[::-1]
