"""Reads what Pax8 charges: the partner's own invoices, their items, and items still in draft.

One invoice a month covers every client; whose an item is, its company says. Items are read of all
companies at once, for asking company by company would cost a call for each.
"""

from datetime import date
from typing import Final

from billingone_api.kit.http.calls import Query
from billingone_api.providers.bearer import BearerApi
from billingone_api.providers.dates import Day
from billingone_api.providers.errors import RecordNotFound
from billingone_api.providers.pax8.pages import page
from billingone_api.providers.pax8.payloads import Page, Pax8Payload
from billingone_api.providers.pax8.tokens import PAX8
from billingone_api.providers.records import (
    Identifier,
    LongText,
    Number,
    RecordReader,
    Reject,
    Text,
)

PAGE_SIZE: Final = 200
_OLDEST_FIRST: Final = "invoiceDate,asc"

KNOWN_INVOICE_STATUSES: Final = frozenset(
    {"Unpaid", "Paid", "Void", "Carried", "Nothing Due", "Credited"}
)
KNOWN_ITEM_TYPES: Final = frozenset(
    {
        "rebate", "prorate", "subscription", "payment-credit", "one-time", "service-charge",
        "service-credit", "invoice-credit",
    }
)  # fmt: skip


class Invoice(Pax8Payload):
    """A month's bill of the partner, over all clients; it has no number. Approved, it stays."""

    id: Identifier
    invoice_date: Day = None
    due_date: Day = None
    status: Text | None = None
    total: Number = None
    balance: Number = None
    carried_balance: Number = None
    currency_code: Text | None = None
    company_id: Identifier | None = None


class InvoiceItem(Pax8Payload):
    """One charge, or one credit with its sign; an item still in draft has no id.

    `price`, `sub_total` and `total` are the customer's side, `cost` and `cost_total` the
    partner's. `details` and `description` are prose.
    """

    id: Identifier | None = None
    type: Text | None = None
    company_id: Identifier | None = None
    subscription_id: Identifier | None = None
    product_id: Identifier | None = None
    product_name: Text | None = None
    vendor_name: Text | None = None
    sku: Text | None = None
    description: LongText | None = None
    details: LongText | None = None
    start_period: Day = None
    end_period: Day = None
    term: Text | None = None
    rate_type: Text | None = None
    charge_type: Text | None = None
    unit_of_measure: Text | None = None
    quantity: Number = None
    price: Number = None
    sub_total: Number = None
    total: Number = None
    cost: Number = None
    cost_total: Number = None
    amount_due: Number = None
    sales_tax: Number = None
    currency_code: Text | None = None

    @property
    def kind(self) -> str | None:
        """The type as the contract spells it: underscores have been met for hyphens."""
        return None if self.type is None else self.type.lower().replace("_", "-")


_INVOICES: Final = RecordReader(Invoice)
_ITEMS: Final = RecordReader(InvoiceItem)


class Pax8Charges:
    """The invoices of one connection. Every method raises ProviderErrors and nothing else."""

    def __init__(self, api: BearerApi) -> None:
        self._api = api

    async def invoices(self, number: int, *, since: date) -> Page[Invoice]:
        """Dated on that day or later, of every status, the oldest first."""
        query: Query = {
            "page": number,
            "size": PAGE_SIZE,
            "sort": _OLDEST_FIRST,
            "invoiceDateRangeStart": since.isoformat(),
        }
        try:
            answer = await self._api.get("invoices", query=query)
        except RecordNotFound as error:
            raise PAX8.malformed("there are no invoices at its address") from error
        return page(answer, _INVOICES, number=number, size=PAGE_SIZE)

    async def invoice(self, invoice_id: str) -> Invoice:
        """Raises RecordNotFound."""
        found = _INVOICES.read_one(await self._api.get("invoices", invoice_id))
        if isinstance(found, Reject):
            raise PAX8.malformed(f"a record cannot be read at {found.pointer or 'all'}")
        return found

    async def items(self, invoice_id: str, number: int) -> Page[InvoiceItem]:
        """Raises RecordNotFound."""
        query: Query = {"page": number, "size": PAGE_SIZE}
        answer = await self._api.get("invoices", invoice_id, "items", query=query)
        return page(answer, _ITEMS, number=number, size=PAGE_SIZE)

    async def drafts(self, number: int, *, months_ahead: int) -> Page[InvoiceItem]:
        """What the next invoice is going to hold: 0 for this month's, 1 for the next one's.

        A forecast, from which whatever is billed by usage is missing.
        """
        query: Query = {"page": number, "size": PAGE_SIZE, "monthOffset": months_ahead}
        try:
            answer = await self._api.get("invoices", "draftItems", query=query)
        except RecordNotFound as error:
            raise PAX8.malformed("there are no draft items at their address") from error
        return page(answer, _ITEMS, number=number, size=PAGE_SIZE)
