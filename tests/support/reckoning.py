"""A second computation of somebody's money: plain Python over Xero's raw answers, and SQL.

Nothing here knows how we read Xero: what stands in the answers is added up as it is, by the rules
of the definitions alone.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
from tests.support.databases import Database

RAW_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
STATE = {
    "DRAFT": "draft",
    "SUBMITTED": "awaiting_approval",
    "AUTHORISED": "approved",
    "PAID": "paid",
    "VOIDED": "void",
    "DELETED": "void",
}
LISTS = ("Invoices", "CreditNotes", "Overpayments", "Prepayments", "Payments")
LIVE = "JOIN ledgers b ON b.id = r.ledger_id AND b.is_current WHERE r.gone_at IS NULL "
Sums = dict[tuple[Any, ...], tuple[Any, ...]]


@dataclass(frozen=True)
class Money:
    """Sums by contact, currency and state; each document's lines; what each day's rates were."""

    invoices: Sums
    credits: Sums
    payments: Sums
    lines: Sums
    allocations: Sums
    rates: Sums


async def raw_lists(
    http: httpx.AsyncClient, api_url: str, *, token: str, tenant: str
) -> dict[str, list[dict[str, Any]]]:
    """Everything Xero has, page by page, as it stands there: no number becomes a float."""
    found: dict[str, list[dict[str, Any]]] = {}
    headers = {
        "Authorization": f"Bearer {token}",
        "xero-tenant-id": tenant,
        "Accept": "application/json",
    }
    for name in LISTS:
        rows: list[dict[str, Any]] = []
        page, pages = 1, 1
        while page <= pages:
            query = {"page": page, "pageSize": 100, "unitdp": 4, "order": "UpdatedDateUTC ASC"}
            answer = await http.get(f"{api_url}/{name}", params=query, headers=headers)
            body = json.loads(answer.text, parse_float=Decimal)
            pages = body["pagination"]["pageCount"]
            rows += body[name]
            page += 1
        found[name] = rows
    return found


def is_readable(row: dict[str, Any], own_id: str) -> bool:
    amounts = ("Total", "AmountDue", "AmountPaid", "AmountCredited", "SubTotal", "TotalTax")
    return (
        isinstance(row.get(own_id), str)
        and all(isinstance(row[name], int | Decimal) for name in amounts if name in row)
        and ("Date" not in row or RAW_DATE.fullmatch(row["Date"]) is not None)
    )


def day(row: dict[str, Any], name: str = "Date") -> date | None:
    text = row.get(f"{name}String")
    if text:
        return date.fromisoformat(text[:10])
    told = RAW_DATE.fullmatch(row.get(name, ""))
    if told is None or int(told[1]) == 0:
        return None
    return datetime.fromtimestamp(int(told[1]) / 1000, UTC).date()


def instant(row: dict[str, Any]) -> int:
    told = RAW_DATE.fullmatch(row["UpdatedDateUTC"])
    assert told
    return int(told[1])


def money_of(raw: dict[str, list[dict[str, Any]]], *, base_currency: str) -> Money:
    """By the raw answers."""
    invoices = [
        one for one in raw["Invoices"] if one["Type"] == "ACCREC" and is_readable(one, "InvoiceID")
    ]
    given = [
        (kind, one[own_id], one)
        for name, kind, own_id, ours in (
            ("CreditNotes", "credit_note", "CreditNoteID", "ACCRECCREDIT"),
            ("Overpayments", "overpayment", "OverpaymentID", "RECEIVE-OVERPAYMENT"),
            ("Prepayments", "prepayment", "PrepaymentID", "RECEIVE-PREPAYMENT"),
        )
        for one in raw[name]
        if one["Type"] == ours
    ]
    payments = [
        one for one in raw["Payments"] if not one["PaymentType"].startswith(("ACCPAY", "AP"))
    ]
    return Money(
        invoices=_added(
            (
                _owner(one),
                [one[name] for name in ("SubTotal", "TotalTax", "Total", *_SETTLED)],
            )
            for one in invoices
        ),
        credits=_added(
            ((kind, *_owner(one)), [one["SubTotal"], one["Total"], one["RemainingCredit"]])
            for kind, _, one in given
        ),
        payments=_added(
            (
                (
                    one["Invoice"]["Contact"]["ContactID"],
                    one["Invoice"]["CurrencyCode"],
                    one["Status"] == "DELETED",
                    one["PaymentType"] != "ACCRECPAYMENT",
                ),
                [one["Amount"]],
            )
            for one in payments
        ),
        lines={
            (key, place): tuple(line.get(name) for name in _OF_LINE)
            for key, one in [
                *((one["InvoiceID"], one) for one in invoices),
                *((key, one) for _, key, one in given),
            ]
            for place, line in enumerate(one["LineItems"], 1)
        },
        allocations={
            (key, place): (one["Amount"], one["Invoice"]["InvoiceID"], day(one))
            for _, key, credit in given
            for place, one in enumerate(credit["Allocations"], 1)
        },
        rates=_rates(invoices, base_currency),
    )


_SETTLED = ("AmountDue", "AmountPaid", "AmountCredited")
_OF_LINE = ("LineItemID", "Quantity", "UnitAmount", "LineAmount", "TaxAmount", "AccountCode")


def _owner(one: dict[str, Any]) -> tuple[Any, ...]:
    return one["Contact"]["ContactID"], one["CurrencyCode"], STATE.get(one["Status"], "unknown")


def _added(items: Iterable[tuple[tuple[Any, ...], list[Any]]]) -> Sums:
    groups: defaultdict[tuple[Any, ...], list[list[Any]]] = defaultdict(list)
    for key, amounts in items:
        groups[key].append(amounts)
    return {
        key: (len(found), *(sum(map(Decimal, column)) for column in zip(*found, strict=True)))
        for key, found in groups.items()
    }


def _rates(invoices: list[dict[str, Any]], base_currency: str) -> Sums:
    """Of each currency and day the rate of the invoice that was touched last."""
    newest: dict[tuple[Any, ...], tuple[int, Decimal]] = {}
    for one in invoices:
        when, currency = day(one), one["CurrencyCode"]
        if when is None or currency == base_currency or "CurrencyRate" not in one:
            continue
        told = instant(one), Decimal(one["CurrencyRate"])
        newest[currency, when] = max(told, newest.get((currency, when), told))
    return {key: (Decimal(1), per) for key, (_, per) in newest.items()}


async def money_kept(database: Database) -> Money:
    """By our tables."""

    async def sums(sql: str, keys: int) -> Sums:
        rows = await database.as_owner(sql.replace("LIVE", LIVE))
        return {tuple(row)[:keys]: tuple(row)[keys:] for row in rows}

    lines = (
        "SELECT r.source_id, position, l.source_id, quantity, unit_amount, line_amount, "
        "l.tax_amount, account_code FROM {lines} l JOIN {table} r ON r.id = l.{key} LIVE"
    )
    return Money(
        invoices=await sums(
            "SELECT contact_id, currency, state, count(*), sum(subtotal), sum(tax), sum(total), "
            "sum(amount_due), sum(amount_paid), sum(amount_credited) "
            "FROM invoices r LIVE GROUP BY 1, 2, 3",
            3,
        ),
        credits=await sums(
            "SELECT kind, contact_id, currency, state, count(*), sum(subtotal), sum(total), "
            "sum(remaining) FROM client_credits r LIVE GROUP BY 1, 2, 3, 4",
            4,
        ),
        payments=await sums(
            "SELECT contact_id, currency, is_deleted, is_refund, count(*), sum(amount) "
            "FROM payments r LIVE GROUP BY 1, 2, 3, 4",
            4,
        ),
        lines=await sums(
            " UNION ALL ".join(
                lines.format(lines=attached, table=table, key=key)
                for attached, table, key in (
                    ("invoice_lines", "invoices", "invoice_id"),
                    ("credit_lines", "client_credits", "credit_id"),
                )
            ),
            2,
        ),
        allocations=await sums(
            "SELECT r.source_id, position, amount, invoice_source_id, allocated_on "
            "FROM credit_allocations a JOIN client_credits r ON r.id = a.credit_id LIVE",
            2,
        ),
        rates=await sums(
            "SELECT currency, valid_on, rate, per FROM source_rates s "
            "JOIN ledgers b ON b.id = s.ledger_id AND b.is_current",
            2,
        ),
    )
