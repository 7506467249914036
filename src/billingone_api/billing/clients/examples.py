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
_AMOUNT: Final[dict[str, Any]] = {
    "value": {"amount": "14814.00", "currency": "AUD"},
    "reason": None,
    "by_currency": [{"amount": "14814.00", "currency": "AUD"}],
    "missing_rates": [],
}
_TOTAL: Final = _AMOUNT | {"excluded": [{"reason": "amount", "count": 1}]}
_OTHERS: Final[dict[str, Any]] = {
    "value": None,
    "reason": "not_of_this_source",
    "by_currency": [],
    "missing_rates": [],
    "excluded": [],
}
SUMMARY: Final[dict[str, Any]] = {
    "id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
    "name": "Acacia Dental",
    "active": True,
    "linked_sources": ["pax8"],
    "mrr": _MRR,
    "active_subscriptions": {"value": 12, "reason": None},
    "licences": {"value": 30, "reason": None},
    "devices": {"value": None, "reason": "no_count"},
    "total_spend": _TOTAL,
    "outstanding": _TOTAL,
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
    "ignored_because": None,
    "mrr": _MRR,
    "active_subscriptions": {"value": 4, "reason": None},
    "outstanding": _OTHERS,
    "revenue": _OTHERS,
    "invoices": {"value": None, "reason": "not_of_this_source"},
}
_FRESH: Final[dict[str, Any]] = {
    "source": "pax8",
    "is_connected": True,
    "last_success_at": "2026-11-24T00:45:10Z",
}
UNMAPPED_COUNTS: Final[dict[str, Any]] = {
    "sources": [{"source": "pax8", "unmapped": 7, "ignored": 1, "freshness": _FRESH}]
}
SUGGESTION: Final[dict[str, Any]] = {
    **UNMAPPED,
    "candidates": [
        {
            "client_id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
            "client_name": "Redgum",
            "score": 99,
            "is_sure": True,
            "reasons": [
                {"kind": "tax_number", "value": "51824753556", "worth": 97},
                {"kind": "similar_name", "value": "redgum", "worth": 81},
            ],
        }
    ],
}
_RESTS_ON: Final[dict[str, Any]] = {
    "freshness": [
        {"source": "pax8", "is_connected": True, "last_success_at": "2026-11-24T00:45:10Z"}
    ],
    "basis": {"pax8_price_is": "sell", "annual_price_is": "year"},
}


def page_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"items": [item], "next_cursor": None, "total": None, **_RESTS_ON}


CONTACT: Final[dict[str, Any]] = {
    "source": "xero",
    "source_id": "bd2270c3-8706-4c11-9cfb-000b551c3f51",
    "name": "Acacia Dental Pty Ltd",
    "email": "accounts@acaciadental.example",
    "roles": [],
    "is_main": True,
    "is_primary": True,
}
_NIL: Final = {"amount": "0.00", "currency": "AUD"}
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
    "margin": {**_AMOUNT, "left_out": 0},
    "receivables": {
        "by_currency": [
            {
                "current": {"amount": "1100.00", "currency": "AUD"},
                "days_1_30": {"amount": "220.00", "currency": "AUD"},
                "days_31_60": _NIL,
                "days_61_90": _NIL,
                "days_over_90": _NIL,
            }
        ],
        "reason": None,
    },
    "latest_invoices": {
        "items": [
            {
                "id": "0192f0c1-7777-7000-8000-000000000001",
                "source": "xero",
                "number": "INV-1042",
                "badge": "submitted",
                "issued_on": "2026-11-01",
                "due_on": "2026-12-01",
                "amount": {"amount": "1100.00", "currency": "AUD"},
                "amount_due": {"amount": "1100.00", "currency": "AUD"},
            }
        ],
        "reason": None,
        "url": "/v1/invoices?client_id=6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
    },
    "domains": {"value": None, "reason": "source_not_connected"},
    "trend": [
        {
            "month": "2026-10-01",
            "as_of": "2026-10-31",
            "mrr": {"amounts": None, "reason": "never_synced", "excluded": 0},
            "invoiced": {
                "amounts": [{"amount": "1000.00", "currency": "AUD"}],
                "reason": None,
                "excluded": 0,
            },
        }
    ],
    "contacts": [CONTACT],
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
    "reason": None,
    "moved_subscriptions": 4,
    "moved_invoices": 0,
}
_MOVES: Final[dict[str, Any]] = {
    "subscriptions": 4,
    "invoices": 0,
    "mrr": [{"amount": "1080.00", "currency": "AUD"}],
    "outstanding": [],
    "revenue": [],
}
MAPPING_REPORT: Final[dict[str, Any]] = {
    "outcome": "dry_run",
    "deed_id": None,
    "changed": 1,
    "unchanged": 0,
    "refused": 0,
    "moves": _MOVES,
    "rows": [
        {
            "row": 0,
            "source": "pax8",
            "source_id": "9ba32659-d339-4539-be21-1f461dc1a415",
            "name": "Redgum Accounting",
            "status": "changed",
            "code": None,
            "detail": None,
            "before": None,
            "after": {
                "client_id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
                "client_name": "Redgum",
                "origin": "manual",
                "reason": None,
            },
            "moves": _MOVES,
        }
    ],
}
DEED: Final[dict[str, Any]] = {
    "id": "0192f0c1-6666-7000-8000-000000000001",
    "kind": "bulk",
    "done_at": "2026-11-24T01:00:00Z",
    "done_by": "Farah Nair",
    "from_client_id": None,
    "into_client_id": None,
    "undone_at": None,
    "undone_by": None,
    "records": 1,
}
UNDONE: Final[dict[str, Any]] = {
    "deeds": ["0192f0c1-6666-7000-8000-000000000001"],
    "subscriptions": 4,
    "invoices": 0,
}
IMPORT_REPORT: Final[dict[str, Any]] = {
    **{name: MAPPING_REPORT[name] for name in MAPPING_REPORT if name != "rows"},
    "rows": [{"line": 2, "status": "changed", "code": None, "detail": None}],
}
MAPPING_CSV: Final = (
    "source,source_id,client_id,reason\r\n"
    "pax8,9ba32659-d339-4539-be21-1f461dc1a415,6f9619ff-8b86-4d01-b42d-00cf4fc964ff,\r\n"
    "xero,bd2270c3-8706-4c11-9cfb-000b551c3f51,nobody,Our own company\r\n"
)
