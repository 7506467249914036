"""The words of settings: what figures are reckoned by, and what currencies are worth."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class BillingSettings:
    """An organisation's choices; `name` and `slug` are PanelOne's and cannot be changed here."""

    name: str
    slug: str
    time_zone: str
    reporting_currency: str
    pax8_price_is: str
    annual_price_is: str
    version: int
    updated_at: datetime


OF_THE_ORGANISATION: Final = frozenset({"time_zone", "reporting_currency"})
"""Choices that say what the organisation is; the others say how Pax8's prices are read."""


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """From the day `valid_on` on, one unit of `currency` is worth `rate` reporting currency."""

    currency: str
    reporting_currency: str
    valid_on: date
    rate: Decimal
    entered_by: str
    entered_at: datetime

    @property
    def told(self) -> dict[str, Any]:
        """What the audit log shows of it."""
        return {"rate": self.rate, "entered_by": self.entered_by}


@dataclass(frozen=True, slots=True)
class RatesWanted:
    """Which rates, in which order; `sort` is `currency` or `valid_on`, descending after `-`."""

    reporting_currency: str
    currency: str | None
    q: str | None
    sort: str
    limit: int
    cursor: str | None
    with_total: bool

    @property
    def order(self) -> tuple[str, str]:
        is_by_day = self.sort.removeprefix("-") == "valid_on"
        return ("valid_on", "currency") if is_by_day else ("currency", "valid_on")
