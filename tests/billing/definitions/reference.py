"""The definitions of a subscription's figures once more, in plain Python and by other means.

Written from the definitions, not from the code under test, and sharing nothing with it.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

Row = Mapping[str, Any]


def badge(row: Row, today: date) -> str:
    if row["gone_at"] is not None:
        return "cancelled"
    word = row["source_status"]
    if word == "Activated":
        return "pending" if row["starts_on"] is not None and row["starts_on"] > today else "active"
    if word == "PendingCancel":
        return "cancelled" if row["ends_on"] is not None and today > row["ends_on"] else "active"
    return _undated(word or "")


def _undated(word: str) -> str:
    if word in ("Active", "Trial", "Cancelled"):
        return word.lower()
    if word in ("PendingManual", "PendingAutomated", "PendingActivation", "WaitingForDetails"):
        return "pending"
    return "suspended" if _says_suspended(word.lower()) else "unknown"


def _says_suspended(word: str) -> bool:
    told = word.replace("unsuspend", "").replace("unsuspens", "")
    return "suspend" in told or "suspens" in told


def exclusion(row: Row, today: date, *, counted: str) -> str | None:
    reasons = {
        "badge": badge(row, today) != counted,
        "term": _months(row["billing_term"]) is None,
        "usage": row["usage_billed"] is True,
        "currency": row["currency"] is None,
        "price": row["price"] is None,
        "quantity": row["quantity"] is None,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def sell(row: Row, *, price_is: str, annual_is: str) -> Fraction | None:
    """A month's money, not rounded; None where it is not known."""
    return None if price_is == "buy" else _monthly(row, row["price"], annual_is)


def cost(row: Row, *, price_is: str, annual_is: str) -> Fraction | None:
    unit = row["price"] if price_is == "buy" else row["partner_cost"]
    return _monthly(row, unit, annual_is)


def _monthly(row: Row, unit: Decimal | None, annual_is: str) -> Fraction | None:
    months = _months(row["billing_term"])
    if unit is None or row["quantity"] is None or months is None:
        return None
    return Fraction(unit) * Fraction(row["quantity"]) / (1 if annual_is == "month" else months)


def _months(term: str | None) -> int | None:
    if term == "Monthly":
        return 1
    if term in ("Annual", "1-Year"):
        return 12
    if term == "2-Year":
        return 24
    return 36 if term == "3-Year" else None
