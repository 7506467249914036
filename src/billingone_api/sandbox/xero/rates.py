"""Rates of exchange as Xero writes them onto documents: another each month, up to ten decimals."""

from datetime import date
from decimal import Decimal
from typing import Final

# Foreign for one of AUD or NZD, whichever is the base; the rate of SGD has been lost.
_RATES: Final = {
    ("AUD", "USD"): "0.6571234567", ("AUD", "NZD"): "1.0912",
    ("NZD", "USD"): "0.6012", ("NZD", "AUD"): "0.9164",
}  # fmt: skip
_STEP: Final = Decimal("0.0043")


def rate(base: str, currency: str, day: date) -> Decimal | None:
    """Foreign units for one of the base currency, another each month; None where nobody knows."""
    if currency == base:
        return Decimal(1)
    known = _RATES.get((base, currency))
    turn = (day.year * 12 + day.month) % 7 - 3
    return None if known is None else Decimal(known) + _STEP * turn
