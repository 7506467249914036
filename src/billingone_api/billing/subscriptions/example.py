"""Answers as the document shows them."""

from typing import Any, Final

SUBSCRIPTION: Final[dict[str, Any]] = {
    "id": "0192f0c1-2222-7000-8000-000000000101",
    "source": "pax8",
    "source_id": "05c587df-9e7d-4ef9-8218-0262198e36c9",
    "source_status": "Active",
    "badge": "active",
    "flags": [],
    "client": {"id": "0192f0c1-2222-7000-8000-000000000201", "name": "Harbour Dental Group"},
    "company": {
        "source_id": "a4dfc6bf-f02e-4a79-9844-66ba6c02ec3a",
        "name": "Harbour Dental Group Pty Ltd",
    },
    "product": {
        "source_id": "e91bba5e-a9a3-483f-b036-f80165d410e3",
        "name": "Microsoft 365 Business Premium",
    },
    "vendor": "Microsoft",
    "quantity": "42",
    "unit_price": {"amount": "32.9", "currency": "AUD"},
    "unit_price_unknown": None,
    "total": {"amount": "1381.80", "currency": "AUD"},
    "partner_unit_cost": {"amount": "27.64", "currency": "AUD"},
    "mrr": {"amount": "1381.80", "currency": "AUD"},
    "mrr_excluded": None,
    "billing_term": "Monthly",
    "starts_on": "2026-02-01",
    "ends_on": None,
    "commitment": {"term": "1-Year", "ends_on": "2027-01-31"},
    "changed_at": "2026-11-24T00:30:10Z",
}
SUBSCRIPTION_PAGE: Final[dict[str, Any]] = {
    "items": [SUBSCRIPTION],
    "next_cursor": None,
    "total": None,
    "basis": {"pax8_price_is": "sell", "annual_price_is": "year"},
}
SUBSCRIPTION_DETAIL: Final[dict[str, Any]] = SUBSCRIPTION | {
    "basis": {"pax8_price_is": "sell", "annual_price_is": "year"},
    "sku": "MST-NCE-BPR-C100",
    "vendor_sku": "CFQ7TTC0LCHC",
    "vendor_subscription_id": "7b1c0a54-7d5d-4ab2-8a4e-0f2f0d1f7a11",
    "vendor_sku_id": "CFQ7TTC0LCHC:0002",
    "parent": None,
    "billing_starts_on": "2026-02-01",
    "created_on": "2026-01-29",
    "source_updated_at": "2026-11-03T16:15:44.120000Z",
    "monthly_cost": {"amount": "1160.88", "currency": "AUD"},
    "margin": {"amount": "220.92", "currency": "AUD"},
    "gone_at": None,
    "first_seen_at": "2026-06-01T02:00:00Z",
    "history": [
        {
            "version": 2,
            "seen_at": "2026-11-24T00:30:10Z",
            "changes": [{"fact": "quantity", "before": "40", "after": "42"}],
        },
        {"version": 1, "seen_at": "2026-06-01T02:00:00Z", "changes": []},
    ],
    "history_is_complete": True,
}
COUNTS: Final[dict[str, Any]] = {
    "badges": {
        "active": 640,
        "trial": 12,
        "pending": 9,
        "suspended": 0,
        "cancelled": 55,
        "unknown": 4,
    },
    "total": 720,
    "freshness": [
        {
            "source": "pax8",
            "last_success_at": "2026-11-24T00:30:10Z",
            "never_synced": False,
            "is_partial": False,
        }
    ],
}
PRODUCT: Final[dict[str, Any]] = {
    "source": "pax8",
    "source_id": "b3bb9455-c454-4efa-9be8-15b86caf6933",
    "name": "Microsoft Azure Plan",
    "vendor": "Microsoft",
    "sku": "MST-AZR-PLAN",
    "vendor_sku": "DZH318Z0BPS6",
    "is_usage_billed": True,
    "usage_billed_by_hand": None,
    "usage_evidence": "usage_summaries",
    "is_gone": False,
    "fetched_at": "2026-11-20T00:30:10Z",
}
