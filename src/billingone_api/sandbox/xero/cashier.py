"""Writes payments, credit notes, overpayments and prepayments: the money around the invoices."""

from datetime import date
from decimal import Decimal
from typing import Final

from billingone_api.sandbox.wire import Record
from billingone_api.sandbox.xero import chart
from billingone_api.sandbox.xero.clerk import Clerk, credit_number
from billingone_api.sandbox.xero.rates import rate
from billingone_api.sandbox.xero.reckoning import Credited, Paid
from billingone_api.sandbox.xero.sales import Sale
from billingone_api.sandbox.xero.wire import (
    NOTHING,
    as_text,
    cents,
    day_fields,
    day_in_ms,
    written,
)

TURNS: Final = 4
REFUND: Final = 3
SEATS_BACK: Final = "Unused seats"
_CREDIT_TYPES: Final = {
    "CreditNotes": ("ACCRECCREDIT", "ACCPAYCREDIT"),
    "Overpayments": ("RECEIVE-OVERPAYMENT", "SPEND-OVERPAYMENT"),
    "Prepayments": ("RECEIVE-PREPAYMENT", "SPEND-PREPAYMENT"),
}
# What the payment is called that gives a credit back, and the document it names.
_REFUNDS: Final = {
    "CreditNotes": ("ARCREDITPAYMENT", "ACCRECCREDIT"),
    "Overpayments": ("AROVERPAYMENTPAYMENT", "AROVERPAYMENT"),
    "Prepayments": ("ARPREPAYMENTPAYMENT", "ARPREPAYMENT"),
}


def credit_type(sale: Sale, collection: str) -> str:
    """Ours, or the supplier's."""
    return _CREDIT_TYPES[collection][sale.bill]


def refund_type(collection: str) -> str:
    return _REFUNDS[collection][0]


_REFUNDCREDIT_TYPES: Final = {"CreditNotes": ("ARCREDITPAYMENT", "ACCRECCREDIT")}


class Cashier:
    """Writes what belongs to the sale of an ordinal.

    A payment's own is four times that, plus its turn; the last turn is the refund of a credit.
    """

    def __init__(self, clerk: Clerk) -> None:
        self._clerk = clerk
        self._named = clerk.named

    def payment(self, ordinal: int) -> Record:
        sale = self._clerk.sale(ordinal // TURNS)
        money = self._clerk.reckoned(sale)
        turn = ordinal % TURNS
        if turn == REFUND and money.credit is not None:
            return self._refund(sale, money.credit)
        return self._paid(sale, money.payments[turn])

    def credit(self, ordinal: int) -> Record:
        """A credit note, overpayment or prepayment, with what was applied of it."""
        sale = self._clerk.sale(ordinal)
        money = self._clerk.reckoned(sale)
        if money.credit is None:
            raise KeyError(ordinal)
        return self._credit(sale, money.credit)

    def _paid(self, sale: Sale, paid: Paid) -> Record:
        key = self._named("payment", sale.ordinal, paid.turn)
        record = self._base(sale, key, paid.amount, paid.day) | {
            "PaymentType": f"{sale.type}PAYMENT",
            "Status": "DELETED" if paid.deleted else "AUTHORISED",
            "Invoice": self._document(
                sale, sale.type, self._named("invoice", sale.ordinal), sale.number
            ),
        }
        return self._in_batch(sale, record) if sale.ordinal % 23 == 8 else record  # noqa: PLR2004 - one in 23

    def _refund(self, sale: Sale, credit: Credited) -> Record:
        """Money that went back: the credit stands under `Invoice` (contract, 4.5)."""
        kind, document = _REFUNDS[credit.collection]
        number = credit_number(sale) if credit.collection == "CreditNotes" else ""
        key = self._named(credit.collection, sale.ordinal)
        payment = self._named("payment", sale.ordinal, REFUND)
        return self._base(sale, payment, credit.refunded, sale.refund_day) | {
            "PaymentType": kind,
            "Status": "AUTHORISED",
            "Invoice": self._document(sale, document, key, number),
        }

    def _base(self, sale: Sale, key: str, amount: Decimal, day: date) -> Record:
        updated = self._clerk.sales.instant(sale, sale.last_day)
        return {
            "PaymentID": key,
            "Date": written(day_in_ms(day)),
            "BankAmount": float(self._in_base(sale, amount, day)),
            "Amount": float(amount),
            "Reference": "EFT",
            **self._clerk.rate(sale, day),
            "UpdatedDateUTC": written(updated),
            "UpdatedDateUTCString": as_text(updated),
            "HasAccount": True,
            "IsReconciled": sale.ordinal % 3 != 0,
            "Account": {
                "AccountID": self._named("account", chart.CHEQUE.name),
                "Code": chart.CHEQUE.code,
            },
            "HasValidationErrors": False,
        }

    def _in_base(self, sale: Sale, amount: Decimal, day: date) -> Decimal:
        known = rate(self._clerk.base_currency, sale.contact.currency, day)
        return amount if known is None else cents(amount / known)

    def _document(self, sale: Sale, kind: str, key: str, number: str) -> Record:
        return {
            "Type": kind,
            "InvoiceID": key,
            "InvoiceNumber": number,
            **_unread(),
            "Contact": sale.contact.summary() | {"ContactNumber": ""},
            "CurrencyCode": sale.contact.currency,
        }

    def _in_batch(self, sale: Sale, record: Record) -> Record:
        """A batch writes its numbers and its truths as text (contract, trap 15)."""
        key = self._named("batch", sale.ordinal)
        return record | {
            "BatchPaymentID": key,
            "BatchPayment": {
                "Account": {"AccountID": record["Account"]["AccountID"]},
                "BatchPaymentID": key,
                "Date": record["Date"],
                "Type": "PAYBATCH" if sale.bill else "RECBATCH",
                "Status": "AUTHORISED",
                "TotalAmount": f"{record['Amount']:.2f}",
                "UpdatedDateUTC": record["UpdatedDateUTC"],
                "IsReconciled": "true" if record["IsReconciled"] else "false",
            },
        }

    def _credit(self, sale: Sale, credit: Credited) -> Record:
        one = credit.collection.removesuffix("s")
        key = self._named(credit.collection, sale.ordinal)
        taxed = credit.tax > 0
        record: Record = {
            f"{one}ID": key,
            "ID": key,
            "Type": credit_type(sale, credit.collection),
            "Reference": "" if sale.ordinal % 2 else "Seat adjustment",
            **self._clerk.rate(sale, credit.day),
            "RemainingCredit": float(credit.remaining),
            "Allocations": self._allocations(sale, credit),
            "Payments": [],
            "HasAttachments": False,
            "Contact": sale.contact.summary(),
            **day_fields("Date", credit.day),
            "Status": credit.status,
            "LineAmountTypes": "Exclusive" if taxed else "NoTax",
            "LineItems": [self._line(sale, credit)],
            **self._clerk.totals(sale, credit.subtotal, credit.tax, sale.updated),
        }
        if one == "CreditNote":
            record["CreditNoteNumber"] = credit_number(sale)
            if credit.status == "PAID":
                record["FullyPaidOnDate"] = written(day_in_ms(sale.last_day))
        if one == "Prepayment":
            record |= {"Reference": sale.number, "InvoiceNumber": sale.number}
        return record

    def _allocations(self, sale: Sale, credit: Credited) -> list[Record]:
        if credit.applied == NOTHING:
            return []
        invoice = {
            "InvoiceID": self._named("invoice", sale.ordinal),
            "InvoiceNumber": sale.number,
            **_unread(),
        }
        return [
            {
                "AllocationID": self._named("allocation", sale.ordinal),
                "Amount": float(credit.applied),
                "Date": written(day_in_ms(max(sale.day, credit.day))),
                "Invoice": invoice,
                "ValidationErrors": [],
            }
        ]

    def _line(self, sale: Sale, credit: Credited) -> Record:
        overpaid = credit.collection == "Overpayments"
        account = chart.RECEIVABLE if overpaid else chart.MANAGED
        return {
            "Description": "Paid too much" if overpaid else SEATS_BACK,
            "UnitAmount": float(credit.subtotal),
            "TaxType": "OUTPUT" if credit.tax else "NONE",
            "TaxAmount": float(credit.tax),
            "LineAmount": float(credit.subtotal),
            "AccountCode": account.code,
            "AccountID": self._named("account", account.name),
            "Tracking": [],
            "Quantity": 1.0,
            "LineItemID": self._named("credit-line", sale.ordinal),
            "ValidationErrors": [],
        }


def _unread() -> Record:
    """What a document in another's shadow does not say."""
    return {
        "Payments": [],
        "CreditNotes": [],
        "Prepayments": [],
        "Overpayments": [],
        "IsDiscounted": False,
        "HasErrors": False,
        "LineItems": [],
    }
