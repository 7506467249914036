"""What an MSP invoices at the end of a month: what its clients hold, at the price of Pax8.

Only for the clients at whose companies Pax8 makes a mistake, so that each of the mistakes shows.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from billingone_api.sandbox.charges import (
    CANCELLED,
    DEARER,
    FORGOTTEN,
    OVERCHARGED,
    Charges,
    month_of,
)
from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.portfolio import Portfolio
from billingone_api.sandbox.wire import Record
from billingone_api.sandbox.xero.book import value_at
from billingone_api.sandbox.xero.changes import Changes
from billingone_api.sandbox.xero.room import Xero
from billingone_api.sandbox.xero.tenants import Tenant
from billingone_api.sandbox.xero.wire import cents, day_fields, day_in_ms

BILLED: Final = (OVERCHARGED, DEARER, FORGOTTEN, CANCELLED)
_DEAD: Final = frozenset({"VOIDED", "DELETED"})
_TAX: Final = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class _Morning:
    """Whoever writes the invoices does so at one instant, the same at each start of a day."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def bill_month_end(portfolio: Portfolio, xero: Xero) -> list[str]:
    """The ids of the invoices; others of the month to those clients are void from then on."""
    today, charges = portfolio.now.date(), Charges(portfolio)
    month, tenant = month_of(today), xero.organisation
    clerk = Changes(ids=Identifiers(month.year * 100 + month.month), clock=_Morning(portfolio.now))
    made: list[str] = []
    for number in BILLED:
        if number >= len(tenant.clerk.sales.clients):
            continue
        contact = tenant.clerk.sales.clients[number]
        _void(clerk, tenant, contact.key, month)
        by_currency: dict[str, list[Record]] = defaultdict(list)
        for item in charges.due(month, portfolio.ids("company", number)):
            by_currency[item["currencyCode"]].append(item)
        for currency, items in sorted(by_currency.items()):
            fields = _invoice(items, currency, today) | {
                "Contact": contact.summary(),
                "InvoiceNumber": f"INV-{month:%y%m}-{number}{currency}",
            }
            made.append(clerk.add_invoice(tenant, **fields))
    return made


def _void(clerk: Changes, tenant: Tenant, contact: str, month: date) -> None:
    book = tenant.ledger.invoices
    for key in book.keys():  # noqa: SIM118 - a book is no dict
        record = book.record(key)
        if record["Contact"]["ContactID"] != contact or record["Status"] in _DEAD:
            continue
        day = value_at(record, "Date")
        if day is not None and day_in_ms(month) <= day < day_in_ms(month_of(month, months=1)):
            clerk.void(tenant, key)


def _invoice(items: Sequence[Record], currency: str, today: date) -> Record:
    lines = [_line(item, place) for place, item in enumerate(items)]
    net = sum((Decimal(str(one["LineAmount"])) for one in lines), Decimal(0))
    tax = sum((Decimal(str(one["TaxAmount"])) for one in lines), Decimal(0))
    return {
        "Reference": f"{today:%b %Y} licences",
        "CurrencyCode": currency,
        "LineItems": lines,
        "SubTotal": float(net),
        "TotalTax": float(tax),
        "Total": float(net + tax),
        "AmountDue": float(net + tax),
        **day_fields("Date", today),
    }


def _line(item: Record, place: int) -> Record:
    price, quantity = Decimal(item["price"]), Decimal(item["quantity"])
    amount = cents(price * quantity)
    return {
        "ItemCode": item["sku"],
        "Description": item["productName"],
        "UnitAmount": float(price),
        "Quantity": float(quantity),
        "LineAmount": float(amount),
        "TaxType": "OUTPUT",
        "TaxAmount": float(cents(amount * _TAX)),
        "AccountCode": "200",
        "Tracking": [],
        "LineItemID": f"{item['subscriptionId'][:-4]}{place:04x}",
        "ValidationErrors": [],
    }
