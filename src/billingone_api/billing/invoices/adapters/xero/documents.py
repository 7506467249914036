"""Invoices, credits and payments of Xero in our words."""

import re
from collections.abc import Sequence
from typing import Any, Final

from billingone_api.billing.definitions.models import INVOICE_STATES, XERO, InvoiceState
from billingone_api.billing.invoices.books import (
    Allocation,
    Credit,
    CreditKind,
    Invoice,
    Line,
    Payment,
)
from billingone_api.providers.xero.payloads import documents as wire
from billingone_api.providers.xero.payloads.payments import Payment as WirePayment

_STATES: Final = INVOICE_STATES[XERO]
_DELETED: Final = "DELETED"
_REFUNDS: Final = frozenset({"ARCREDITPAYMENT", "AROVERPAYMENTPAYMENT", "ARPREPAYMENTPAYMENT"})
_SALES_INVOICE: Final = "ACCREC"
_CURRENCY: Final = re.compile(r"[A-Za-z]{3}", re.ASCII)


def invoice(found: wire.Invoice) -> Invoice:
    return Invoice(
        source_id=found.invoice_id,
        number=found.invoice_number,
        due_on=found.due_date,
        fully_paid_on=found.fully_paid_on_date,
        amount_due=found.amount_due,
        amount_paid=found.amount_paid,
        amount_credited=found.amount_credited,
        sent_to_contact=found.sent_to_contact,
        **_document(found),
    )


def credit_note(found: wire.CreditNote) -> Credit:
    return _credit(
        found,
        CreditKind.CREDIT_NOTE,
        source_id=found.credit_note_id,
        number=found.credit_note_number,
    )


def overpayment(found: wire.Overpayment) -> Credit:
    return _credit(found, CreditKind.OVERPAYMENT, source_id=found.overpayment_id, number=None)


def prepayment(found: wire.Prepayment) -> Credit:
    return _credit(
        found, CreditKind.PREPAYMENT, source_id=found.prepayment_id, number=found.invoice_number
    )


def payment(found: WirePayment) -> Payment:
    paid = found.invoice or found.credit_note or found.overpayment or found.prepayment
    named = paid or wire.DocumentName()
    invoice_id = named.invoice_id if named.type in {None, _SALES_INVOICE} else None
    credit_id = None if invoice_id else _credit_id(named)
    return Payment(
        source_id=found.payment_id,
        source_status=found.status,
        is_deleted=found.status == _DELETED,
        is_refund=found.payment_type in _REFUNDS or credit_id is not None,
        paid_on=found.day,
        currency=_currency(named.currency_code),
        amount=found.amount,
        currency_rate=found.currency_rate,
        reference=found.reference,
        invoice_source_id=invoice_id,
        credit_source_id=credit_id,
        contact_id=named.contact.contact_id if named.contact else None,
        kind=found.payment_type,
        document_number=named.invoice_number or named.credit_note_number,
        batch_id=found.batch_payment_id,
        source_updated_at=found.updated_at,
    )


def _credit(found: wire.Credit, kind: CreditKind, *, source_id: str, number: str | None) -> Credit:
    return Credit(
        source_id=source_id,
        kind=kind,
        number=number,
        remaining=found.remaining_credit,
        allocations=tuple(map(_allocation, found.allocations)),
        **_document(found),
    )


def _document(found: wire.Document) -> dict[str, Any]:
    contact = found.contact or wire.ContactName()
    return {
        "reference": found.reference,
        "contact_id": contact.contact_id,
        "contact_name": contact.name,
        "source_status": found.status,
        "state": _state(found),
        "issued_on": found.day,
        "currency": _currency(found.currency_code),
        "currency_rate": found.currency_rate,
        "subtotal": found.sub_total,
        "tax": found.total_tax,
        "total": found.total,
        "line_amounts_are": found.line_amount_types,
        "source_updated_at": found.updated_at,
        "lines": _lines(found),
    }


def _state(found: wire.Document) -> InvoiceState:
    return _STATES.get(found.status or "", InvoiceState.UNKNOWN)


def _lines(found: wire.Document) -> Sequence[Line] | None:
    """None for a summary, and for what became void: it had lines, and they are not told here."""
    if not found.line_items and (found.sub_total or _state(found) is InvoiceState.VOID):
        return None
    return tuple(map(_line, found.line_items))


def _line(found: wire.LineItem) -> Line:
    item = found.item or wire.Item()
    return Line(
        source_id=found.line_item_id,
        description=found.description,
        quantity=found.quantity,
        unit_amount=found.unit_amount,
        discount_rate=found.discount_rate,
        discount_amount=found.discount_amount,
        line_amount=found.line_amount,
        tax_amount=found.tax_amount,
        tax_type=found.tax_type,
        item_code=found.item_code or item.code,
        item_name=item.name,
        account_id=found.account_id,
        account_code=found.account_code,
    )


def _allocation(found: wire.Allocation) -> Allocation:
    against = found.invoice or wire.DocumentName()
    return Allocation(
        source_id=found.allocation_id,
        invoice_source_id=against.invoice_id,
        invoice_number=against.invoice_number,
        amount=found.amount,
        allocated_on=found.day,
        is_deleted=bool(found.is_deleted),
    )


def _credit_id(named: wire.DocumentName) -> str | None:
    """A credit may be called an invoice where only its type says that it is none."""
    return named.credit_note_id or named.overpayment_id or named.prepayment_id or named.invoice_id


def _currency(code: str | None) -> str | None:
    """The code in capitals; what is no code at all is as good as missing."""
    return code.upper() if code is not None and _CURRENCY.fullmatch(code) else None
