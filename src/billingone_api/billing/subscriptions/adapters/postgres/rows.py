"""Rows as they are shown: what belongs together stands together."""

from typing import Any

from billingone_api.billing.subscriptions.adapters.postgres.columns import FLAGS
from billingone_api.database.fast import Row


def listed(row: Row) -> dict[str, Any]:
    """One subscription of a list, in the shape of its schema."""
    currency = row["currency"]
    return {
        **row,
        "client": client(row),
        "company": party(row["company_id"], row["company_name"]),
        "product": {"source_id": row["product_id"], "name": row["product_name"]},
        "vendor": row["vendor_name"] or None,
        "unit_price": money(row["unit_price"], currency),
        "total": money(row["total"], currency),
        "partner_unit_cost": money(row["partner_unit_cost"], currency),
        "mrr": money(row["mrr"], currency),
        "commitment": commitment(row),
        "flags": [flag for name, flag in FLAGS.items() if row[name]],
    }


def money(amount: Any, currency: str) -> dict[str, Any] | None:
    return None if amount is None else {"amount": amount, "currency": currency}


def client(row: Row) -> dict[str, Any] | None:
    if row["client_id"] is None:
        return None
    return {"id": row["client_id"], "name": row["client_label"]}


def party(source_id: str | None, name: str | None) -> dict[str, Any] | None:
    return None if source_id is None else {"source_id": source_id, "name": name or None}


def commitment(row: Row) -> dict[str, Any] | None:
    term, ends_on = row["commitment_term"], row["commitment_ends_on"]
    return None if term is None and ends_on is None else {"term": term, "ends_on": ends_on}
