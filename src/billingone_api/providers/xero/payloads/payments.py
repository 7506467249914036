"""Payments, refunds among them."""

from typing import Final

from billingone_api.providers.records import Number
from billingone_api.providers.xero.payloads.documents import PAYABLES, DocumentName
from billingone_api.providers.xero.payloads.wire import (
    Dated,
    Flag,
    Guid,
    OtherGuid,
    Updated,
    Words,
    XeroPayload,
)

PAYMENTS_TO_SUPPLIERS: Final = frozenset(
    {"ACCPAYPAYMENT", "APCREDITPAYMENT", "APPREPAYMENTPAYMENT", "APOVERPAYMENTPAYMENT"}
)


class AccountName(XeroPayload):
    """The account a payment went to."""

    account_id: OtherGuid = None
    code: Words = None
    name: Words = None


class BatchPayment(Dated):
    """A sum paid at once for several invoices; Xero writes its numbers and flags in quotes."""

    batch_payment_id: OtherGuid = None
    type: Words = None
    status: Words = None
    total_amount: Number = None
    is_reconciled: Flag = None


class Payment(Dated, Updated):
    """A payment, or by its type a refund (ARCREDITPAYMENT and the like); DELETED ones come too.

    `amount` is in the currency of what is paid, `bank_amount` in that of the bank account. What
    is paid may stand under `invoice` although it is a credit note: its `type` says.
    """

    payment_id: Guid
    payment_type: Words = None
    status: Words = None
    amount: Number = None
    bank_amount: Number = None
    currency_rate: Number = None
    reference: Words = None
    is_reconciled: Flag = None
    account: AccountName | None = None
    invoice: DocumentName | None = None
    credit_note: DocumentName | None = None
    overpayment: DocumentName | None = None
    prepayment: DocumentName | None = None
    batch_payment_id: OtherGuid = None
    batch_payment: BatchPayment | None = None

    @property
    def is_of_supplier(self) -> bool:
        """By its own type or, since that may be missing or new, by that of what it pays."""
        paid = (self.invoice, self.credit_note, self.overpayment, self.prepayment)
        is_of_bill = any(one is not None and one.type in PAYABLES for one in paid)
        return is_of_bill or self.payment_type in PAYMENTS_TO_SUPPLIERS
