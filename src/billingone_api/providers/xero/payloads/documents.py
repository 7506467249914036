"""Sales invoices and what is set against them: credit notes, overpayments, prepayments.

Money is in the document's own currency; `currency_rate` is foreign units per unit of the
organisation's base currency (contract page, 3.7, which has it from general knowledge).
"""

from datetime import date
from typing import Final

from pydantic import Field

from billingone_api.providers.records import Number
from billingone_api.providers.xero.payloads.wire import (
    Dated,
    Day,
    Flag,
    Guid,
    Many,
    OtherGuid,
    Prose,
    Updated,
    Words,
    XeroPayload,
)

PAYABLES: Final = frozenset(
    {
        "ACCPAY", "ACCPAYCREDIT", "APOVERPAYMENT", "APPREPAYMENT",
        "SPEND-OVERPAYMENT", "SPEND-PREPAYMENT",
    }
)  # fmt: skip
"""Types of documents of suppliers, which share the lists with those of clients."""


class ContactName(XeroPayload):
    """Whom a document is for; the rest of the contact is in its own list."""

    contact_id: OtherGuid = None
    name: Words = None


class Item(XeroPayload):
    """What an item code stands for."""

    item_id: OtherGuid = None
    code: Words = None
    name: Words = None


class LineItem(XeroPayload):
    """A line; one of a description alone has no quantity, no price and no account.

    Ids of lines may change when an invoice is edited: a new set replaces the old one.
    `line_amount` is after the discount, and with tax if the document's amounts are Inclusive.
    """

    line_item_id: OtherGuid = None
    description: Prose = None
    quantity: Number = None
    unit_amount: Number = None
    item_code: Words = None
    item: Item | None = None
    account_code: Words = None
    account_id: OtherGuid = None
    tax_type: Words = None
    tax_amount: Number = None
    line_amount: Number = None
    discount_rate: Number = None
    discount_amount: Number = None


class DocumentName(XeroPayload):
    """A document as others mention it; which id it has depends on what it is."""

    type: Words = None
    invoice_id: OtherGuid = None
    credit_note_id: OtherGuid = None
    overpayment_id: OtherGuid = None
    prepayment_id: OtherGuid = None
    invoice_number: Words = None
    credit_note_number: Words = None
    currency_code: Words = None
    contact: ContactName | None = None


class AppliedCredit(DocumentName, Dated):
    """A credit note, overpayment or prepayment as the invoice it is set against lists it."""

    applied_amount: Number = None
    total: Number = None


class InvoicePayment(Dated):
    """A payment as the document it pays lists it."""

    payment_id: OtherGuid = None
    amount: Number = None
    reference: Words = None
    currency_rate: Number = None


class Allocation(Dated):
    """How much of a credit is set against which invoice; a deleted one says so."""

    allocation_id: OtherGuid = None
    amount: Number = None
    invoice: DocumentName | None = None
    is_deleted: Flag = None


class Document(Dated, Updated):
    """What invoices and credits have in common."""

    type: Words = None
    status: Words = None
    reference: Words = None
    contact: ContactName | None = None
    line_amount_types: Words = None
    line_items: Many[LineItem] = ()
    sub_total: Number = None
    total_tax: Number = None
    total: Number = None
    currency_code: Words = None
    currency_rate: Number = None
    payments: Many[InvoicePayment] = ()
    has_attachments: Flag = None

    @property
    def is_of_supplier(self) -> bool:
        return self.type in PAYABLES


class Invoice(Document):
    """A sales invoice, all its lines with it; a bill where `is_of_supplier`.

    `amount_due` = total - `amount_paid` - `amount_credited` (credit notes, overpayments and
    prepayments); a voided one keeps its total and has nothing due.
    """

    invoice_id: Guid
    invoice_number: Words = None
    due_date_string: Day = None
    wrapped_due_date: Day = Field(default=None, validation_alias="DueDate")
    fully_paid_on_date: Day = None
    expected_payment_date: Day = None
    amount_due: Number = None
    amount_paid: Number = None
    amount_credited: Number = None
    total_discount: Number = None
    sent_to_contact: Flag = None
    repeating_invoice_id: OtherGuid = None
    credit_notes: Many[AppliedCredit] = ()
    overpayments: Many[AppliedCredit] = ()
    prepayments: Many[AppliedCredit] = ()

    @property
    def due_date(self) -> date | None:
        """Drafts may have none."""
        return self.due_date_string or self.wrapped_due_date


class Credit(Document):
    """What a client has to its credit, and the invoices it is set against."""

    remaining_credit: Number = None
    applied_amount: Number = None
    allocations: Many[Allocation] = ()


class CreditNote(Credit):
    """A credit note to a client, or from a supplier where `is_of_supplier`."""

    credit_note_id: Guid
    credit_note_number: Words = None
    fully_paid_on_date: Day = None


class Overpayment(Credit):
    """What a client paid beyond an invoice."""

    overpayment_id: Guid


class Prepayment(Credit):
    """What a client paid before there was an invoice."""

    prepayment_id: Guid
    invoice_number: Words = None
