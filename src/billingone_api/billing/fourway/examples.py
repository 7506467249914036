"""What answers of the four-way line look like."""

from typing import Any, Final


def _aud(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "AUD"}


_STANDING: Final[dict[str, Any]] = {
    "month": "2026-11-01",
    "day": "2026-11-29",
    "licences_reason": None,
    "charged_by": "invoices",
    "charges_reason": None,
    "unread_invoices": 0,
    "changed_invoices": 0,
    "unreadable_charges": 0,
    "books_reason": None,
    "used_on": "2026-11-01",
    "freshness": [
        {"source": "pax8", "is_connected": True, "last_success_at": "2026-11-29T01:00:00Z"},
        {"source": "xero", "is_connected": True, "last_success_at": "2026-11-29T01:15:00Z"},
        {"source": "superops", "is_connected": False, "last_success_at": None},
    ],
}
_PARTS: Final = ("quantity", "price", "proration", "timing", "currency", "unmapped")


def _leak(**parts: str) -> dict[str, Any]:
    return {name: _aud(parts.get(name, "0.00")) for name in ("difference", *_PARTS)}


PAGE: Final[dict[str, Any]] = {
    "items": [
        {
            "month": "2026-11-01",
            "client_id": "0192f0c1-0000-7000-8000-0000000000aa",
            "client_name": "Harbour Dental",
            "company_id": None,
            "company_name": None,
            "product_id": "3fb20ae1-1a2c-4a0c-8e0b-000000000001",
            "product_name": "Microsoft 365 Business Premium",
            "sku": "MST-NCE-BPR-C100",
            "vendor_name": "Microsoft",
            "currency": "AUD",
            "status": "leaking",
            "used": {
                "units": "12",
                "metric": "users",
                "rule_id": "0192f0c1-0000-7000-8000-0000000000bb",
                "is_shared": False,
            },
            "licensed": "10",
            "trial": "0",
            "unit_price": "32.90",
            "unit_cost": "27.10",
            "charged": {
                "units": "13",
                "amount": _aud("427.70"),
                "cost": _aud("352.30"),
                "is_draft": False,
            },
            "billed": {"units": "10", "amount": _aud("329.00"), "in_other_currencies": []},
            "unmatched_lines": 1,
            "margin": _aud("-23.30"),
            "leak": _leak(difference="98.70", quantity="98.70"),
            "leak_reason": None,
            "overcharge": {
                "difference": _aud("81.30"),
                "quantity": _aud("81.30"),
                "price": _aud("0.00"),
            },
        }
    ],
    "next_cursor": None,
    "total": 1,
    "standing": _STANDING,
}
SUMMARY: Final[dict[str, Any]] = {
    "standing": _STANDING,
    "currencies": [
        {
            "currency": "AUD",
            "records": 1,
            "known": 1,
            "leaking": 1,
            "overbilled": 0,
            "overcharged": 1,
            "charged": _aud("427.70"),
            "cost": _aud("352.30"),
            "billed": _aud("329.00"),
            "margin": _aud("-23.30"),
            "leak": _leak(difference="98.70", quantity="98.70"),
            "lost": _aud("98.70"),
            "billed_too_much": _aud("0.00"),
            "overcharge": _aud("81.30"),
        }
    ],
    "coverage": {
        "records": 1,
        "known": 1,
        "excluded": [],
        "without_client": 0,
        "without_product": 0,
        "unmatched_lines": [
            {"lines": 1, "clients": 1, "amount": _aud("450.00"), "without_amount": 0}
        ],
        "unrecorded": [{"reason": "invoice_without_client", "count": 2}],
    },
}
DESCRIPTIONS: Final[dict[str, Any]] = {
    "items": [
        {
            "description": "M365 Business Premium licences - November 2026",
            "lines": 14,
            "clients": 12,
            "amounts": [_aud("4606.00")],
            "without_amount": 0,
            "proposals": [
                {
                    "product_id": "3fb20ae1-1a2c-4a0c-8e0b-000000000001",
                    "product_name": "Microsoft 365 Business Premium",
                    "sku": "MST-NCE-BPR-C100",
                    "score": 84,
                    "reason": "similar_name",
                }
            ],
        }
    ],
    "next_cursor": None,
    "total": 1,
}
VERDICT: Final[dict[str, Any]] = {
    "description": "M365 Business Premium licences - November 2026",
    "product_id": "3fb20ae1-1a2c-4a0c-8e0b-000000000001",
    "product_name": "Microsoft 365 Business Premium",
    "verdict": "confirmed",
    "said_by": "Farah Nair",
    "said_at": "2026-11-29T01:00:00Z",
}
VERDICTS: Final[dict[str, Any]] = {"items": [VERDICT], "next_cursor": None, "total": 1}
DONE: Final[dict[str, Any]] = {
    name: VERDICT[name] for name in ("description", "product_id", "verdict")
}
