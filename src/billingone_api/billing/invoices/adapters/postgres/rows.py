"""Rows as they are shown: what belongs together stands together, with the links to open it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billingone_api.billing.definitions.models import XERO, InvoiceBadge, MatchedBy
from billingone_api.billing.invoices.adapters.postgres.columns import FLAGS
from billingone_api.billing.invoices.models import InvoiceFlag
from billingone_api.database.fast import Row
from billingone_api.kit.money import rounded
from billingone_api.providers.xero.links import invoice_link

_FLAG_OF: dict[str, InvoiceFlag] = {
    MatchedBy.OTHER_TOTAL: InvoiceFlag.OTHER_TOTAL,
    MatchedBy.UNMAPPED: InvoiceFlag.MATCHED_WITHOUT_CLIENT,
}


@dataclass(frozen=True, slots=True)
class Rows:
    """Shapes rows; `xero_web_url` is where links open. SuperOps has no links to an invoice."""

    xero_web_url: str

    def listed(self, row: Row) -> dict[str, Any]:
        """One invoice of a list, in the shape of its schema."""
        currency = row["currency"]
        twins = row["also_in"] or []
        return {
            **row,
            "client": client(row),
            "contact": contact(row),
            "amount": money(row["amount"], currency),
            "amount_due": money(row["amount_due"], currency),
            "source_url": self.link(row["source"], row["source_id"], row["short_code"]),
            "flags": [*_flags(row, twins)],
            "also_in": [_other(twin) for twin in twins],
        }

    def link(self, source: str, source_id: str, short_code: str | None) -> str | None:
        if source != XERO:
            return None
        return invoice_link(source_id, web_url=self.xero_web_url, short_code=short_code)


def money(amount: Decimal | None, currency: str | None) -> dict[str, Any] | None:
    return None if amount is None or currency is None else {"amount": amount, "currency": currency}


def client(row: Row) -> dict[str, Any] | None:
    if row["client_id"] is None:
        return None
    return {"id": row["client_id"], "name": row["client_label"]}


def contact(row: Row) -> dict[str, Any] | None:
    if row["contact_id"] is None and row["contact_name"] is None:
        return None
    return {"source_id": row["contact_id"], "name": row["contact_name"]}


def _other(twin: dict[str, Any]) -> dict[str, Any]:
    total, currency = twin["total"], twin["currency"]
    known = total is not None and currency is not None
    amount = rounded(Decimal(total), currency=currency) if known else None
    return {**twin, "amount": amount, "source_url": None}


def _flags(row: Row, twins: Sequence[dict[str, Any]]) -> Iterator[InvoiceFlag]:
    yield from (flag for name, flag in FLAGS.items() if row[name])
    if twins:
        yield InvoiceFlag.DUPLICATE
    yield from sorted(
        {_FLAG_OF[one["matched_by"]] for one in twins if one["matched_by"] in _FLAG_OF}
    )
    if row["badge"] == InvoiceBadge.VOID and not all(twin["is_void"] for twin in twins):
        yield InvoiceFlag.VOID_IN_XERO_ONLY
