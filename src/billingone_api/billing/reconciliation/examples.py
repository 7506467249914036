"""Examples for the document, whole and consistent: one client with eight users too many."""

from typing import Any, Final


def _aud(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "AUD"}


_COVERAGE: Final[dict[str, Any]] = {
    "doubts": [],
    "rules": 1,
    "clients_compared": 1,
    "clients_without_data": 0,
    "clients_without_lines": 3,
    "clients_excluded": 0,
    "products_compared": 1,
    "products_unmapped": 1,
    "products_set_aside": 0,
    "subscriptions_unmapped": 2,
    "subscriptions_without_product": 0,
    "subscriptions_of_nobody": 0,
    "counts_used": 1,
    "counts_stale": 0,
    "devices_excluded": 0,
}
_STAKE: Final = {"under_licensed": _aud("149.60"), "over_licensed": _aud("0.00")}
SNAPSHOT: Final[dict[str, Any]] = {
    "id": "0192f0c1-7777-7000-8000-000000000001",
    "status": "done",
    "outcome": "discrepancies",
    "trigger": "person",
    "requested_by": "Farah Nair",
    "requested_at": "2026-11-24T01:00:00Z",
    "started_at": "2026-11-24T01:00:01Z",
    "finished_at": "2026-11-24T01:00:03Z",
    "as_of": "2026-11-24T01:00:01Z",
    "day": "2026-11-24",
    "problem": None,
    "detail": None,
    "basis": {
        "pax8_price_is": "sell",
        "annual_price_is": "year",
        "reporting_currency": "AUD",
        "stale_after_hours": 48,
        "count_sources": {"devices": "ninjaone"},
        "is_past": False,
    },
    "coverage": _COVERAGE,
    "summary": {
        "under_licensed": 1,
        "over_licensed": 0,
        "matched": 0,
        "no_data": 0,
        "units_under": "8",
        "units_over": "0",
        "at_stake": [_STAKE],
        "unpriced_lines": 0,
    },
}
_NUMBERS: Final = {
    "actual": "50",
    "required": "50",
    "licensed": "42",
    "trial": "0",
    "variance": "8",
}
ROW: Final[dict[str, Any]] = {
    "client_id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
    "client_name": "Acacia Dental",
    "client_active": True,
    **_NUMBERS,
    "status": "under_licensed",
    "lines": 1,
    "under_licensed": 1,
    "over_licensed": 0,
    "no_data": 0,
    "metrics": [{"metric": "users", **_NUMBERS}],
    "at_stake": [_STAKE],
}
ROWS: Final[dict[str, Any]] = {
    "items": [ROW | {"open_lines": 1}],
    "next_cursor": None,
    "total": None,
    "outcome": "discrepancies",
    "coverage": _COVERAGE,
}
_SEATS: Final = {
    "subscription_id": "0192f0c1-8888-7000-8000-000000000001",
    "version": 3,
    "product_id": "3fb20ae1-1a2c-4a0c-8e0b-000000000001",
    "product_name": "Microsoft 365 Business Standard",
    "badge": "active",
    "quantity": "42",
    "unit_price": _aud("18.70"),
    "is_usage_billed": False,
}
_LINE: Final[dict[str, Any]] = {
    "rule": {
        "id": "0192f0c1-6666-7000-8000-000000000001",
        "version": 1,
        "name": "Microsoft 365 suites",
        "metric": "users",
        "preset": "microsoft_365",
        "products": ["3fb20ae1-1a2c-4a0c-8e0b-000000000001"],
        "patterns": ["*365 business*"],
        "ratio": "1",
        "minimum": None,
        "tolerance": {"units": "1", "percent": None, "money": None},
        "exclusions": [],
        "is_active": True,
        "changed_by": "Farah Nair",
    },
    "metric": "users",
    **_NUMBERS,
    "status": "under_licensed",
    "reason": None,
    "is_tolerated": False,
    "unit_price": _aud("18.70"),
    "at_stake": _aud("149.60"),
    "at_stake_unknown": None,
    "count": {
        "source": "ninjaone",
        "count": 50,
        "excluded": 0,
        "counted_at": "2026-11-23T20:00:00Z",
        "is_stale": False,
    },
    "subscriptions": [_SEATS],
    "decisions": [],
}
CLIENT_LINES: Final[dict[str, Any]] = {
    "row": ROW,
    "lines": [_LINE],
    "uncovered": [],
    "outcome": "discrepancies",
    "coverage": _COVERAGE,
}
_BEFORE: Final = SNAPSHOT | {
    "id": "0192f0c1-7777-7000-8000-000000000000",
    "as_of": "2026-10-31T19:00:00Z",
    "day": "2026-11-01",
}
COMPARISON: Final[dict[str, Any]] = {
    "items": [
        {
            "client_id": ROW["client_id"],
            "client_name": ROW["client_name"],
            "before": None,
            "after": ROW,
            "changed_lines": 1,
        }
    ],
    "next_cursor": None,
    "total": None,
    "before": _BEFORE,
    "after": SNAPSHOT,
}
TREND: Final[dict[str, Any]] = {
    "items": [ROW | {"snapshot_id": SNAPSHOT["id"]} | {n: SNAPSHOT[n] for n in ("as_of", "day")}],
    "next_cursor": None,
    "total": None,
}
