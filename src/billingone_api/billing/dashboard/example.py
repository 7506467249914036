"""A dashboard for the document: 48 active subscriptions in two currencies."""

from typing import Any, Final

_RATE: Final = {
    "currency": "USD",
    "rate": "1.5312",
    "per": "1",
    "valid_on": "2026-11-01",
    "source": "entered",
}


def _money(amount: str, currency: str) -> dict[str, str]:
    return {"amount": amount, "currency": currency}


def _amounts(count: int, amount: str) -> dict[str, Any]:
    total = _money(amount, "AUD")
    reporting = {"amount": total, "missing_rates": [], "rates_used": []}
    return {"count": count, "amounts": [total], "reporting": reporting}


def _card(count: int, amount: str) -> dict[str, Any]:
    return {"value": _amounts(count, amount), "reason": None, "detail": None}


_AUD: Final[dict[str, Any]] = {
    "currency": "AUD",
    "mrr": _money("1381.80", "AUD"),
    "subscriptions": 42,
    "cost": _money("1160.88", "AUD"),
    "cost_subscriptions": 42,
    "margin": _money("220.92", "AUD"),
    "margin_subscriptions": 42,
}
_USD: Final[dict[str, Any]] = {
    "currency": "USD",
    "mrr": _money("100.00", "USD"),
    "subscriptions": 5,
    "cost": None,
    "cost_subscriptions": 0,
    "margin": None,
    "margin_subscriptions": 0,
}

EXAMPLE: Final[dict[str, Any]] = {
    "as_of": "2026-11-24T01:00:00Z",
    "day": "2026-11-24",
    "basis": {"pax8_price_is": "sell", "annual_price_is": "year"},
    "reporting_currency": "AUD",
    "cards": {
        "mrr": {
            "value": {
                "currencies": [_AUD, _USD],
                "trial_mrr": [],
                "reporting": {
                    "amount": _money("1534.92", "AUD"),
                    "missing_rates": [],
                    "rates_used": [_RATE],
                },
            },
            "reason": None,
            "detail": None,
        },
        "active_subscriptions": {
            "value": {
                "count": 48,
                "badges": {
                    "active": 48,
                    "trial": 1,
                    "pending": 0,
                    "suspended": 0,
                    "cancelled": 3,
                    "unknown": 0,
                },
            },
            "reason": None,
            "detail": None,
        },
        "pending_invoices": _card(35, "37110.25"),
        "under_licensed_clients": {"value": {"count": 1}, "reason": None, "detail": None},
    },
    "cost": {
        "value": {
            "currencies": [
                {
                    "currency": "AUD",
                    "cost": _money("1160.88", "AUD"),
                    "subscriptions": 42,
                }
            ],
            "reporting": {
                "amount": _money("1160.88", "AUD"),
                "missing_rates": [],
                "rates_used": [],
            },
        },
        "reason": None,
        "detail": None,
    },
    "receivables": {"outstanding": _card(40, "48210.75"), "overdue": _card(12, "14400.50")},
    "latest_invoices": {
        "value": [
            {
                "id": "0192f0c1-2222-7000-8000-000000000301",
                "source": "xero",
                "number": "INV-1042",
                "client_id": "0192f0c1-2222-7000-8000-000000000201",
                "client_name": "Harbour Dental Group",
                "badge": "submitted",
                "issued_on": "2026-11-23",
                "due_on": "2026-12-07",
                "amount": _money("1234.50", "AUD"),
                "amount_due": _money("1234.50", "AUD"),
            }
        ],
        "reason": None,
        "detail": None,
    },
    "freshness": [
        {
            "source": "pax8",
            "status": "connected",
            "last_success_at": "2026-11-24T00:30:10Z",
            "schedule_minutes": 60,
            "is_stale": False,
            "never_synced": False,
            "last_run": {
                "status": "succeeded",
                "finished_at": "2026-11-24T00:30:10Z",
                "detail": None,
            },
        }
    ],
    "coverage": {
        "counted": 47,
        "excluded": [
            {"reason": "badge", "count": 4},
            {"reason": "usage", "count": 1},
        ],
        "unmapped": {
            "companies": 1,
            "subscriptions": 2,
            "mrr": [_money("65.80", "AUD")],
        },
        "invoices": {
            "counted": 47,
            "excluded": [],
            "unmapped": _amounts(0, "0.00") | {"amounts": []},
            "other_totals": 0,
        },
        "quarantined": 0,
        "is_partial": False,
    },
    "under_licensed": {
        "snapshot_id": "0192f0c1-7777-7000-8000-000000000001",
        "as_of": "2026-11-24T00:40:00Z",
        "outcome": "discrepancies",
        "all_properly_licensed": False,
        "clients": [
            {
                "client_id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
                "client_name": "Acacia Dental",
                "variance": "8",
                "at_stake": [{"amount": "149.60", "currency": "AUD"}],
            }
        ],
        "link": "/v1/reconciliation/snapshots/0192f0c1-7777-7000-8000-000000000001/rows"
        "?status=under_licensed",
    },
    "needs_attention": [
        {
            "kind": "unmapped_clients",
            "source": "pax8",
            "count": 1,
            "detail": "Companies in Pax8 that are linked to no client.",
            "link": "/v1/clients/unmapped",
        }
    ],
}
