"""Examples for the document, whole and consistent."""

from typing import Any, Final

_MRR: Final[dict[str, Any]] = {
    "value": {"amount": "1234.50", "currency": "AUD"},
    "reason": None,
    "by_currency": [
        {"amount": "1080.00", "currency": "AUD"},
        {"amount": "100.00", "currency": "USD"},
    ],
    "missing_rates": [],
    "excluded": 1,
}
_UNCONNECTED: Final = {"value": None, "reason": "source_not_connected"}
SUMMARY: Final[dict[str, Any]] = {
    "id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
    "name": "Acacia Dental",
    "active": True,
    "linked_sources": ["pax8"],
    "mrr": _MRR,
    "active_subscriptions": {"value": 12, "reason": None},
    "licences": _UNCONNECTED,
    "devices": _UNCONNECTED,
    "total_spend": _UNCONNECTED,
}


UNMAPPED: Final[dict[str, Any]] = {
    "source": "pax8",
    "source_id": "9ba32659-d339-4539-be21-1f461dc1a415",
    "name": "Redgum Accounting",
    "reason": "claimed_twice",
    "claimed_by": [
        {"id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "name": "Redgum"},
        {"id": "0192f0c1-5555-7000-8000-000000000002", "name": "Redgum Tax"},
    ],
    "mrr": _MRR,
    "active_subscriptions": {"value": 4, "reason": None},
}
_RESTS_ON: Final[dict[str, Any]] = {
    "freshness": [
        {"source": "pax8", "is_connected": True, "last_success_at": "2026-11-24T00:45:10Z"}
    ],
    "basis": {"pax8_price_is": "sell", "annual_price_is": "year"},
}


def page_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"items": [item], "next_cursor": None, "total": None, **_RESTS_ON}


DETAIL: Final[dict[str, Any]] = {
    **{name: SUMMARY[name] for name in SUMMARY if name != "linked_sources"},
    "external_ids": {
        "pax8_company_id": "a4dfc6bf-f02e-4a79-9844-66ba6c02ec3a",
        "xero_contact_id": None,
        "superops_client_id": None,
        "tax_number": "51824753556",
        "domains": ["acaciadental.example"],
    },
    "links": [
        {
            "source": "pax8",
            "source_id": "a4dfc6bf-f02e-4a79-9844-66ba6c02ec3a",
            "name": "Acacia Dental Pty Ltd",
            "origin": "exact",
            "linked_by": None,
            "linked_at": "2026-11-24T01:00:00Z",
        }
    ],
    "subscriptions": {
        "badges": {
            "active": 12,
            "trial": 0,
            "pending": 0,
            "suspended": 0,
            "cancelled": 3,
            "unknown": 0,
        },
        "reason": None,
        "excluded": [{"reason": "price", "subscriptions": 1}],
        "url": "/v1/subscriptions?client_id=6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
    },
    **_RESTS_ON,
    "created_at": "2026-11-20T03:12:00Z",
    "updated_at": "2026-11-24T01:00:00Z",
}
HOLDING: Final[dict[str, Any]] = {
    "source": "pax8",
    "source_id": "9ba32659-d339-4539-be21-1f461dc1a415",
    "name": "Redgum Accounting",
    "client_id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
    "client_name": "Redgum",
    "origin": "manual",
    "linked_by": "Farah Nair",
    "linked_at": "2026-11-24T01:00:00Z",
    "moved_subscriptions": 4,
    "moved_invoices": 0,
}
