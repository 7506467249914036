"""Answers as the document shows them."""

from typing import Any, Final


def _aud(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "AUD"}


CLIENT: Final = {"id": "0192f0c1-2222-7000-8000-000000000201", "name": "Harbour Dental Group"}
INVOICE: Final[dict[str, Any]] = {
    "id": "0192f0c1-2222-7000-8000-000000000301",
    "source": "xero",
    "source_id": "5ad1c5d5-2b1c-4f6c-8f6e-9f1f0a7d1e01",
    "source_status": "AUTHORISED",
    "source_url": "https://go.xero.com/organisationlogin/default.aspx?shortcode=!9kQx2"
    "&redirecturl=%2FAccountsReceivable%2FView.aspx%3FInvoiceID%3D"
    "5ad1c5d5-2b1c-4f6c-8f6e-9f1f0a7d1e01",
    "badge": "overdue",
    "flags": ["duplicate"],
    "number": "INV-1042",
    "reference": "Managed services, November",
    "client": CLIENT,
    "client_by_hand": False,
    "contact": {
        "source_id": "bd2270c3-8706-4c11-9cfb-000b551c3f51",
        "name": "Harbour Dental Group Pty Ltd",
    },
    "amount": _aud("1234.50"),
    "amount_due": _aud("1234.50"),
    "issued_on": "2026-11-01",
    "due_on": "2026-11-15",
    "paid_on": None,
    "also_in": [
        {
            "id": "0192f0c1-2222-7000-8000-000000000302",
            "source": "superops",
            "source_id": "6194875036",
            "source_status": "APPROVED",
            "source_url": None,
            "number": "INV-1042",
            "amount": _aud("1234.50"),
            "matched_by": "exact",
        }
    ],
    "changed_at": "2026-11-02T00:30:10Z",
}
INVOICE_PAGE: Final[dict[str, Any]] = {"items": [INVOICE], "next_cursor": None, "total": None}
INVOICE_DETAIL: Final[dict[str, Any]] = INVOICE | {
    "counted_as": None,
    "subtotal": _aud("1122.27"),
    "tax": _aud("112.23"),
    "amount_paid": _aud("0.00"),
    "amount_credited": _aud("0.00"),
    "currency_rate": "1",
    "line_amounts_are": "Exclusive",
    "sent_to_contact": True,
    "source_updated_at": "2026-11-01T23:15:44.120000Z",
    "gone_at": None,
    "first_seen_at": "2026-11-01T23:30:00Z",
    "lines": [
        {
            "position": 1,
            "source_id": "b3f6b1b7-3d2c-4c8e-9d0f-2b1f6a1f0a01",
            "description": "Managed workplace",
            "quantity": "21",
            "unit_amount": _aud("53.4414"),
            "discount_rate": None,
            "discount_amount": None,
            "line_amount": _aud("1122.27"),
            "tax_amount": _aud("112.23"),
            "tax_type": "OUTPUT",
            "item_code": "MW",
            "item_name": "Managed workplace",
            "account_id": "ebd06280-af70-4bed-97c6-7451a454ad85",
            "account_code": "200",
            "account_name": "Managed services",
            "category": "recurring_services",
        }
    ],
    "payments": [],
    "credits": [],
    "history": [
        {
            "version": 2,
            "seen_at": "2026-11-02T00:30:10Z",
            "changes": [{"fact": "source_status", "before": "DRAFT", "after": "AUTHORISED"}],
        },
        {"version": 1, "seen_at": "2026-11-01T23:30:00Z", "changes": []},
    ],
    "history_is_complete": True,
}
_FRESHNESS: Final[list[dict[str, Any]]] = [
    {
        "source": "xero",
        "is_connected": True,
        "last_success_at": "2026-11-24T00:45:10Z",
        "never_synced": False,
        "is_partial": False,
    },
    {
        "source": "superops",
        "is_connected": False,
        "last_success_at": None,
        "never_synced": True,
        "is_partial": False,
    },
]
COUNTS: Final[dict[str, Any]] = {
    "badges": {
        "draft": 4,
        "submitted": 31,
        "overdue": 12,
        "paid": 960,
        "void": 18,
        "unknown": 0,
    },
    "total": 1025,
    "freshness": _FRESHNESS,
}


def _card(count: int, amount: str) -> dict[str, Any]:
    reporting = {"amount": _aud(amount), "missing_rates": [], "rates_used": []}
    value = {"count": count, "amounts": [_aud(amount)], "reporting": reporting}
    return {"value": value, "reason": None, "detail": None}


_ACCOUNTS: Final = {"mapped": 1, "unmapped": 1, "archived": 0, "gone": 0, "not_revenue": 0}
SUMMARY: Final[dict[str, Any]] = {
    "as_of": "2026-11-24T01:00:00Z",
    "day": "2026-11-24",
    "month_from": "2026-11-01",
    "month_to": "2026-11-30",
    "reporting_currency": "AUD",
    "cards": {
        "paid_this_month": _card(27, "31020.00"),
        "outstanding": _card(40, "48210.75"),
        "draft": _card(4, "3300.00"),
        "pending": _card(35, "37110.25"),
        "overdue": _card(12, "14400.50"),
    },
    "freshness": _FRESHNESS,
    "coverage": {
        "counted": 47,
        "excluded": [],
        "unusable_payments": 0,
        "undated_payments": 0,
        "unmapped": {"count": 2, "amounts": [_aud("330.00")]},
        "duplicates": {"counted_once": 3, "other_total": 0},
        "accounts": _ACCOUNTS,
        "quarantined": 0,
        "is_partial": False,
    },
}
ACCOUNTS: Final[dict[str, Any]] = {
    "source": "xero",
    "organisation": "Bluegum IT",
    "accounts": [
        {
            "account_id": "ebd06280-af70-4bed-97c6-7451a454ad85",
            "code": "200",
            "name": "Managed services",
            "type": "REVENUE",
            "source_status": "ACTIVE",
            "category": "recurring_services",
            "state": "ok",
            "mapped_by": "Farah Nair",
            "mapped_at": "2026-11-20T01:00:00Z",
        },
        {
            "account_id": "f1d7c9a4-5a0f-4b3c-8b0e-0d9a5f2f3b11",
            "code": "220",
            "name": "Licence resale",
            "type": "REVENUE",
            "source_status": "ACTIVE",
            "category": None,
            "state": "ok",
            "mapped_by": None,
            "mapped_at": None,
        },
    ],
    "coverage": _ACCOUNTS,
    "freshness": _FRESHNESS[0],
}
MAPPINGS: Final[dict[str, Any]] = {
    "mappings": [
        {"account_id": "ebd06280-af70-4bed-97c6-7451a454ad85", "category": "recurring_services"},
        {"account_id": "f1d7c9a4-5a0f-4b3c-8b0e-0d9a5f2f3b11", "category": "licences"},
    ]
}
