"""What people do in Xero while somebody reads it: pay, void, delete, edit; and who hears of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from billingone_api.kit.clock import Clock
from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.wire import Record
from billingone_api.sandbox.xero import chart
from billingone_api.sandbox.xero.book import UPDATED, Book, Selection
from billingone_api.sandbox.xero.tenants import Tenant
from billingone_api.sandbox.xero.wire import (
    as_text,
    cents,
    day_fields,
    day_in_ms,
    exactly,
    milliseconds,
    written,
)

KINDS: Final[Mapping[str, str]] = {
    "invoice": "Invoices",
    "credit_note": "CreditNotes",
    "payment": "Payments",
    "overpayment": "Overpayments",
    "prepayment": "Prepayments",
    "contact": "Contacts",
    "account": "Accounts",
}
_HEARD_OF: Final = {"Invoices": "INVOICE", "Contacts": "CONTACT", "CreditNotes": "CREDITNOTE"}


@dataclass(frozen=True, slots=True)
class Event:
    """Something a webhook tells of: payments and accounts are not among it (contract, 5)."""

    tenant: str
    category: str
    resource: str
    type: str
    at: int
    data: Record | None = None


class Changes:
    """Changes the books of any tenant; `events` collects what webhooks have to tell."""

    def __init__(self, *, ids: Identifiers, clock: Clock) -> None:
        self._ids = ids
        self._clock = clock
        self._made = 0
        self._last = 0
        self.events: list[Event] = []

    def add_invoice(self, tenant: Tenant, **fields: Any) -> str:
        """A new invoice of 110.00 for the first contact, awaiting payment; `fields` differ."""
        key = self._new("invoice")
        contact = tenant.ledger.contacts.record(tenant.ledger.contacts.keys()[0])
        today = self._clock.now().date()
        named = {name: contact[name] for name in ("ContactID", "Name")}
        record = _plain_invoice(key, f"INV-N{self._made:04d}", named, today)
        record["CurrencyCode"] = tenant.ledger.base_currency
        return self._put(tenant, tenant.ledger.invoices, record | fields, "CREATE")

    def change(self, tenant: Tenant, collection: str, key: str, **fields: Any) -> str:
        """Any fields, as they are to stand on the wire; None takes one away."""
        book = tenant.ledger.books[collection]
        merged = book.record(key) | fields
        kept = {name: value for name, value in merged.items() if value is not None}
        return self._put(tenant, book, kept, "UPDATE", key=key)

    def touch(self, tenant: Tenant, count: int = 1) -> list[str]:
        """So many invoices, those untouched for longest, are edited without any difference."""
        book = tenant.ledger.invoices
        keys = list(islice(book.select(Selection()), count))
        return [self.change(tenant, book.kind.collection, key) for key in keys]

    def pay(
        self, tenant: Tenant, key: str, *, amount: Decimal | None = None, day: date | None = None
    ) -> str:
        """A payment of what is due, or of part of it. Gives the payment's id."""
        ledger = tenant.ledger
        invoice = ledger.invoices.record(key)
        paid = exactly(invoice["AmountDue"]) if amount is None else amount
        when = day or self._clock.now().date()
        payment = self._payment(tenant, invoice, paid, when)
        self._put(tenant, ledger.payments, payment, "CREATE")
        reference = {name: payment[name] for name in ("PaymentID", "Date", "Amount", "Reference")}
        payments = [*invoice["Payments"], reference]
        self._settle(tenant, invoice | {"Payments": payments}, paid, when)
        return str(payment["PaymentID"])

    def delete_payment(self, tenant: Tenant, key: str) -> str:
        """The payment stays in its list as DELETED, and the invoice is owed again."""
        ledger = tenant.ledger
        payment = ledger.payments.record(key)
        invoice = ledger.invoices.record(payment["Invoice"]["InvoiceID"])
        self._put(tenant, ledger.payments, payment | {"Status": "DELETED"}, "UPDATE")
        left = [one for one in invoice["Payments"] if one["PaymentID"] != key]
        open_again = {k: v for k, v in invoice.items() if k != "FullyPaidOnDate"}
        amount = exactly(payment["Amount"])
        self._settle(tenant, open_again | {"Payments": left, "Status": "AUTHORISED"}, -amount, None)
        return key

    def void(self, tenant: Tenant, key: str) -> str:
        """VOIDED where it was approved, DELETED where it was not; nothing is due any more."""
        status = tenant.ledger.invoices.record(key)["Status"]
        gone = "DELETED" if status in {"DRAFT", "SUBMITTED"} else "VOIDED"
        return self.change(tenant, "Invoices", key, Status=gone, AmountDue=0.0)

    def _settle(self, tenant: Tenant, invoice: Record, paid: Decimal, day: date | None) -> None:
        due = exactly(invoice["AmountDue"]) - paid
        settled: Record = {
            "AmountDue": float(due),
            "AmountPaid": float(exactly(invoice["AmountPaid"]) + paid),
        }
        if due <= 0 and day is not None:
            settled |= {"Status": "PAID", "FullyPaidOnDate": written(day_in_ms(day))}
        if tenant.manners.silent_payments:
            book, key = tenant.ledger.invoices, invoice["InvoiceID"]
            book.put(key, invoice | settled, updated=book.updated(key))
        else:
            self._put(tenant, tenant.ledger.invoices, invoice | settled, "UPDATE")

    def _payment(self, tenant: Tenant, invoice: Record, amount: Decimal, day: date) -> Record:
        shown = ("Type", "InvoiceID", "InvoiceNumber", "Contact", "CurrencyCode")
        account = next(
            one for one in tenant.ledger.accounts.records() if one["Name"] == chart.CHEQUE.name
        )
        return {
            "PaymentID": self._new("payment"),
            "Date": written(day_in_ms(day)),
            "BankAmount": float(cents(amount / exactly(invoice.get("CurrencyRate") or 1))),
            "Amount": float(amount),
            "Reference": "",
            "CurrencyRate": invoice.get("CurrencyRate", 1.0),
            "PaymentType": f"{invoice['Type']}PAYMENT",
            "Status": "AUTHORISED",
            "HasAccount": True,
            "IsReconciled": False,
            "Account": {"AccountID": account["AccountID"], "Code": account["Code"]},
            "Invoice": {name: invoice[name] for name in shown} | {"LineItems": []},
            "HasValidationErrors": False,
        }

    def _put(
        self, tenant: Tenant, book: Book, record: Record, kind: str, *, key: str | None = None
    ) -> str:
        at = self.moment()
        dated = record | {UPDATED: written(at), "UpdatedDateUTCString": as_text(at)}
        name = key or str(record[book.kind.id])
        book.put(name, dated, updated=at)
        category = _HEARD_OF.get(book.kind.collection)
        if category is not None:
            credit = {k: record.get(k) for k in ("Type", "Status")}
            data = credit if category == "CREDITNOTE" else None
            self.events.append(Event(tenant.id, category, name, kind, at, data))
        return name

    def moment(self) -> int:
        """Changes follow each other by a millisecond at least, however still the clock stands."""
        self._last = max(milliseconds(self._clock.now()), self._last + 1)
        return self._last

    def _new(self, what: str) -> str:
        self._made += 1
        return self._ids("xero-added", what, self._made)


def _plain_invoice(key: str, number: str, contact: Record, day: date) -> Record:
    line = {
        "Description": "Support",
        "UnitAmount": 100.0,
        "TaxType": "OUTPUT",
        "TaxAmount": 10.0,
        "LineAmount": 100.0,
        "AccountCode": "200",
        "Tracking": [],
        "Quantity": 1.0,
        "LineItemID": key,
        "ValidationErrors": [],
    }
    return {
        "Type": "ACCREC",
        "InvoiceID": key,
        "InvoiceNumber": number,
        "Reference": "",
        **{name: [] for name in ("Payments", "CreditNotes", "Prepayments", "Overpayments")},
        "AmountDue": 110.0,
        "AmountPaid": 0.0,
        "AmountCredited": 0.0,
        "SentToContact": False,
        "CurrencyRate": 1.0,
        "IsDiscounted": False,
        "HasAttachments": False,
        "HasErrors": False,
        "Contact": contact,
        **day_fields("Date", day),
        **day_fields("DueDate", day),
        "Status": "AUTHORISED",
        "LineAmountTypes": "Exclusive",
        "LineItems": [line],
        "SubTotal": 100.0,
        "TotalTax": 10.0,
        "Total": 110.0,
    }
