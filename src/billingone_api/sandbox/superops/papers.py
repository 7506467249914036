"""Writes an invoice as SuperOps shows it: its lines, its tax and its payment."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Final

from billingone_api.sandbox.superops.customers import Customer
from billingone_api.sandbox.superops.wire import reference, text
from billingone_api.sandbox.wire import Record
from billingone_api.sandbox.xero.wire import NOTHING

TAX: Final = Decimal(10)
LESS: Final = Decimal(5)


@dataclass(frozen=True, slots=True)
class Item:
    """One line: `amount` is after the discount (a percentage), and before tax."""

    details: str
    quantity: Decimal
    unit: Decimal
    discount: Decimal
    off: Decimal
    amount: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice before it is written; `less` is the discount on the whole of it."""

    number: str
    day: date
    due: date | None
    status: str
    paid: date | None
    items: tuple[Item, ...]
    less: Decimal = NOTHING

    @property
    def subtotal(self) -> Decimal:
        return sum((item.amount for item in self.items), NOTHING)

    @property
    def tax(self) -> Decimal:
        return sum((item.tax for item in self.items), NOTHING)

    @property
    def total(self) -> Decimal:
        return self.subtotal + self.tax - self.less


def invoice_record(ordinal: int, customer: Customer, bill: Bill) -> Record:
    named = partial(customer.named, "invoice", ordinal)
    off = sum((item.off for item in bill.items), NOTHING)
    record: Record = {
        "invoiceId": named(),
        "displayId": bill.number,
        "client": customer.reference(bare=ordinal % 3 == 1),
        "site": customer.site if ordinal % 7 else None,
        "invoiceDate": bill.day.isoformat(),
        "dueDate": bill.due.isoformat() if bill.due else None,
        "statusEnum": bill.status,
        "sentToClient": bill.status != "DRAFT",
        "discountAmount": text(off) if off else None,
        "additionalDiscount": text(bill.less) if bill.less else None,
        "additionalDiscountRate": text(LESS) if bill.less else None,
        "totalAmount": text(bill.total),
        "notes": "Thank you for your business" if ordinal % 2 else None,
        **_payment(ordinal, bill, named),
        "invoicePaymentTerm": _term(bill, customer.named),
        "taxes": [_taxes(bill, named)],
        "items": [_item(place, item, bill, named) for place, item in enumerate(bill.items)],
    }
    for item in record["items"]:
        item["invoice"] = record
    return record


def _payment(ordinal: int, bill: Bill, named: Callable[..., str]) -> Record:
    """A payment's date comes as a day or as an instant."""
    if bill.paid is None:
        return {"paymentDate": None, "paymentMethod": None, "paymentReference": None}
    time = "T02:15:30.000" if ordinal % 4 == 2 else ""  # noqa: PLR2004 - any fourth
    return {
        "paymentDate": bill.paid.isoformat() + time,
        "paymentMethod": {"paymentMethodId": "2", "paymentMethodName": "Bank transfer"},
        "paymentReference": f"EFT {named('payment')[:6]}",
    }


def _term(bill: Bill, named: Callable[..., str]) -> Record | None:
    if bill.due is None:
        return None
    days = (bill.due - bill.day).days
    return {
        "paymentTermId": named("term", days),
        "paymentTermName": f"Net {days}",
        "paymentTermValue": days,
    }


def _gst(named: Callable[..., str]) -> Record:
    return reference("taxId", named("gst"), "GST")


def _taxes(bill: Bill, named: Callable[..., str]) -> Record:
    return {
        "id": named("tax"),
        "tax": _gst(named),
        "taxRate": text(TAX),
        "taxableAmount": text(bill.subtotal),
        "taxAmount": text(bill.tax),
        "rate": {"rateId": named("rate"), "name": "GST", "rate": text(TAX)},
    }


def _item(place: int, item: Item, bill: Bill, named: Callable[..., str]) -> Record:
    return {
        "itemId": named("item", place),
        "billedDate": bill.day.isoformat(),
        "details": item.details,
        "quantity": text(item.quantity),
        "unitPrice": text(item.unit),
        "discountRate": text(item.discount) if item.discount else None,
        "amount": text(item.amount),
        "taxable": True,
        "tax": _gst(named),
        "serviceItem": reference("itemId", named("service", place), item.details)
        | {"quantityType": "UNITS"},
        "taxAmount": text(item.tax),
        "totalAmount": text(item.amount + item.tax),
    }


def spoilt(record: Record, turn: int) -> Record:
    """A record that cannot be read: it belongs into a quarantine, not away."""
    return record | ({"totalAmount": "to be agreed"} if turn % 2 else {"invoiceDate": "30/02/2026"})
