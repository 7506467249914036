"""What an MSP invoices at the end of a month: what its clients hold, at the price of Pax8.

Each client of Xero gets one invoice a currency beside those for services, which lose the products
that they would name by chance. Where something goes wrong stands in `leaks`.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
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
from billingone_api.sandbox.companies import invoiced_under_its_id, linked
from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.leaks import plant
from billingone_api.sandbox.portfolio import Portfolio
from billingone_api.sandbox.superops.bills import SERVICES
from billingone_api.sandbox.wire import Record
from billingone_api.sandbox.xero.cashier import SEATS_BACK
from billingone_api.sandbox.xero.changes import Changes
from billingone_api.sandbox.xero.contacts import Contact
from billingone_api.sandbox.xero.rates import rate
from billingone_api.sandbox.xero.room import Xero
from billingone_api.sandbox.xero.tenants import Tenant
from billingone_api.sandbox.xero.wire import NOTHING, cents, day_fields, day_in_ms

WORK: Final = "Managed services"
MISTAKEN: Final = frozenset({OVERCHARGED, DEARER, FORGOTTEN, CANCELLED})
"""Clients at whose companies Pax8 makes a mistake: no other is planted there."""
_TAX: Final = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class _Morning:
    """Whoever writes the invoices does so at one instant, the same at each start of a day."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def bill_month_end(portfolio: Portfolio, xero: Xero) -> Record:
    """The month, the ids of its invoices, what went wrong, and the words for the MSP's own work."""
    today, tenant = portfolio.now.date(), xero.organisation
    month = month_of(today)
    clerk = Changes(ids=Identifiers(month.year * 100 + month.month), clock=_Morning(portfolio.now))
    for key in tuple(_of_month(tenant, month)):
        clerk.change(tenant, "Invoices", key, LineItems=[_work(tenant.ledger.invoices.record(key))])
    contacts = tenant.clerk.sales.clients
    due = _due(portfolio, month, clients=len(contacts))
    sound = [
        one for one in due if one not in MISTAKEN and linked(one) and invoiced_under_its_id(one)
    ]
    billed, planted = plant({one: due[one] for one in sound})
    made = [
        clerk.add_invoice(tenant, **fields)
        for client, items in (due | billed).items()
        for fields in _invoices(items, contacts[client], today)
    ]
    services = [WORK, SEATS_BACK, *(details for details, _ in SERVICES)]
    leaks = [asdict(one) | {"name": contacts[one.client].name} for one in planted]
    return {"month": f"{month:%Y-%m}", "invoices": made, "leaks": leaks, "services": services}


def _due(portfolio: Portfolio, month: date, *, clients: int) -> dict[int, list[Record]]:
    numbers = {portfolio.ids("company", number): number for number in range(clients)}
    due: dict[int, list[Record]] = defaultdict(list)
    for item in Charges(portfolio).due(month):
        if item["companyId"] in numbers:
            due[numbers[item["companyId"]]].append(item)
    return dict(sorted(due.items()))


def _of_month(tenant: Tenant, month: date) -> Iterator[str]:
    """Invoices to clients; those that cannot be read stay so."""
    book = tenant.ledger.invoices
    unreadable = {tenant.clerk.named("invoice", ordinal) for ordinal in tenant.clerk.bad}
    begin, end = day_in_ms(month), day_in_ms(month_of(month, months=1))
    for key in book.keys():  # noqa: SIM118 - a book is no dict
        facts = book.facts(key)
        if key not in unreadable and facts["Type"] == "ACCREC" and begin <= facts["Date"] < end:
            yield key


def _work(invoice: Record) -> Record:
    """The whole of an invoice on one line, which leaves its money as it is."""
    tax = invoice["TotalTax"]
    amount = invoice["Total"] if invoice["LineAmountTypes"] == "Inclusive" else invoice["SubTotal"]
    return {
        "Description": WORK,
        "UnitAmount": amount,
        "TaxType": "OUTPUT" if tax else "NONE",
        "TaxAmount": tax,
        "LineAmount": amount,
        "AccountCode": "200",
        "Tracking": [],
        "Quantity": 1.0,
        "LineItemID": invoice["LineItems"][0]["LineItemID"],
        "ValidationErrors": [],
    }


def _invoices(items: Sequence[Record], contact: Contact, today: date) -> Iterator[Record]:
    by_currency: dict[str, list[Record]] = defaultdict(list)
    for item in items:
        by_currency[item["currencyCode"]].append(item)
    for currency, each in sorted(by_currency.items()):
        yield _invoice(each, currency, today) | {
            "Contact": contact.summary(),
            "InvoiceNumber": f"INV-{today:%y%m}-{contact.number}{currency}",
            **day_fields("DueDate", today + timedelta(days=contact.terms)),
        }


def _invoice(items: Sequence[Record], currency: str, today: date) -> Record:
    known = rate("AUD", currency, today)
    lines = [
        _line(item, place, today, _TAX if currency == "AUD" else NOTHING)
        for place, item in enumerate(items)
    ]
    net = sum((Decimal(str(one["LineAmount"])) for one in lines), Decimal(0))
    tax = sum((Decimal(str(one["TaxAmount"])) for one in lines), Decimal(0))
    return {
        "Reference": f"{today:%b %Y} licences",
        "CurrencyCode": currency,
        **({} if known is None else {"CurrencyRate": float(known)}),
        "LineAmountTypes": "Exclusive" if currency == "AUD" else "NoTax",
        "LineItems": lines,
        "SubTotal": float(net),
        "TotalTax": float(tax),
        "Total": float(net + tax),
        "AmountDue": float(net + tax),
        **day_fields("Date", today),
    }


def _line(item: Record, place: int, today: date, tax: Decimal) -> Record:
    price, quantity = Decimal(item["price"]), Decimal(item["quantity"])
    amount = cents(price * quantity)
    code = {} if item["sku"] is None else {"ItemCode": item["sku"]}
    return code | {
        "Description": _words(item, today),
        "UnitAmount": float(price),
        "Quantity": float(quantity),
        "LineAmount": float(amount),
        "TaxType": "OUTPUT" if tax else "NONE",
        "TaxAmount": float(cents(amount * tax)),
        "AccountCode": "200",
        "Tracking": [],
        "LineItemID": f"{item['subscriptionId'][:-4]}{place:04x}",
        "ValidationErrors": [],
    }


def _words(item: Record, today: date) -> str:
    """The name of the product and the time that it is billed for."""
    name = item["productName"]
    if item["type"] == "prorate":
        begun = date.fromisoformat(item["startPeriod"])
        return f"{name}, pro rata from {begun.day} {begun:%b %Y}"
    if item["term"] == "Arrears":
        return f"{name}, used in {date.fromisoformat(item['startPeriod']):%b %Y}"
    return f"{name}, {today:%b %Y}"
