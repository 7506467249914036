"""Xero's records in our words, oddity by oddity."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billingone_api.billing.definitions.models import InvoiceState
from billingone_api.billing.invoices.adapters.xero import documents
from billingone_api.billing.invoices.books import CreditKind
from billingone_api.providers.records import RecordReader
from billingone_api.providers.xero.payloads import documents as wire
from billingone_api.providers.xero.payloads.payments import Payment
from billingone_api.providers.xero.payloads.wire import XeroPayload

ID = "5AD1C5D5-2B1C-4F6C-8F6E-000000000001"
LINE = {"Description": "Premium", "Quantity": Decimal("2.2222"), "UnitAmount": Decimal("32.9125")}


def read(model: type[XeroPayload], id_name: str, **fields: Any) -> Any:
    found = RecordReader(model, id_name=id_name).read_one({id_name: ID, **fields})
    assert isinstance(found, model), found
    return found


def invoice(**fields: Any) -> Any:
    return documents.invoice(read(wire.Invoice, "InvoiceID", **fields))


def payment(**fields: Any) -> Any:
    return documents.payment(read(Payment, "PaymentID", **fields))


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("DRAFT", InvoiceState.DRAFT),
        ("SUBMITTED", InvoiceState.AWAITING_APPROVAL),
        ("AUTHORISED", InvoiceState.APPROVED),
        ("PAID", InvoiceState.PAID),
        ("VOIDED", InvoiceState.VOID),
        ("DELETED", InvoiceState.VOID),
        ("ARCHIVED", InvoiceState.UNKNOWN),
        ("paid", InvoiceState.UNKNOWN),
        ("", InvoiceState.UNKNOWN),
        (None, InvoiceState.UNKNOWN),
    ],
)
def test_each_of_their_words_has_one_of_ours(status: str | None, state: InvoiceState) -> None:
    assert invoice(Status=status).state is state


def test_a_record_of_nothing_but_its_id_can_be_kept() -> None:
    one = invoice()
    assert (one.source_id, one.state, one.lines) == (ID.lower(), InvoiceState.UNKNOWN, ())
    assert {one.number, one.contact_id, one.currency, one.total, one.issued_on} == {None}


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        ({"LineItems": [LINE]}, 1),
        ({"LineItems": [], "SubTotal": Decimal(10)}, None),
        ({"LineItems": [], "SubTotal": Decimal(-10)}, None),
        ({"LineItems": None, "SubTotal": Decimal(10)}, None),
        ({"LineItems": [], "SubTotal": None}, 0),
        ({"SubTotal": Decimal(10)}, None),
        ({"LineItems": [], "SubTotal": Decimal(0), "Status": "VOIDED"}, None),
        ({"LineItems": [], "SubTotal": Decimal(0), "Status": "DRAFT"}, 0),
        ({"LineItems": []}, 0),
    ],
)
def test_a_summary_says_nothing_of_lines(fields: dict[str, Any], lines: int | None) -> None:
    one = invoice(**fields)
    assert (None if one.lines is None else len(one.lines)) == lines
    assert (one.lines_digest is None) is (lines is None)


def test_lines_that_say_the_same_have_one_digest() -> None:
    digests = {
        invoice(LineItems=[LINE, LINE]).lines_digest,
        invoice(LineItems=[LINE, dict(reversed(LINE.items()))]).lines_digest,
    }
    assert len(digests) == 1
    other = LINE | {"UnitAmount": Decimal("32.9126")}
    assert invoice(LineItems=[LINE, other]).lines_digest not in digests
    assert invoice(LineItems=[LINE]).lines_digest not in digests


@pytest.mark.parametrize(
    ("code", "currency"), [("AUD", "AUD"), ("aud", "AUD"), ("Dollar", None), ("", None), (7, None)]
)
def test_what_is_no_code_of_a_currency_is_none(code: Any, currency: str | None) -> None:
    assert invoice(CurrencyCode=code).currency == currency


def test_dates_are_days_of_the_calendar_and_changes_are_instants() -> None:
    one = invoice(
        Date="/Date(1793404800000+0000)/",
        DueDateString="2026-11-14T00:00:00",
        FullyPaidOnDate="/Date(0+0000)/",
        UpdatedDateUTC="/Date(1793500000373)/",
    )
    assert (one.issued_on, one.due_on, one.fully_paid_on) == (
        date(2026, 10, 31),
        date(2026, 11, 14),
        None,
    )
    assert one.source_updated_at == datetime(2026, 11, 1, 2, 26, 40, 373000, tzinfo=UTC)


def test_each_credit_says_what_it_is_and_what_it_is_set_against() -> None:
    allocated = {
        "AllocationID": ID,
        "Amount": Decimal("27.50"),
        "Date": "/Date(1793491200000+0000)/",
        "Invoice": {"InvoiceID": ID, "InvoiceNumber": "INV-7"},
    }
    fields = {"RemainingCredit": Decimal("2.5"), "Allocations": [allocated]}
    note = documents.credit_note(
        read(wire.CreditNote, "CreditNoteID", CreditNoteNumber="CN-1", **fields)
    )
    over = documents.overpayment(read(wire.Overpayment, "OverpaymentID", **fields))
    pre = documents.prepayment(
        read(wire.Prepayment, "PrepaymentID", InvoiceNumber="INV-9", **fields)
    )
    assert [(one.kind, one.number) for one in (note, over, pre)] == [
        (CreditKind.CREDIT_NOTE, "CN-1"),
        (CreditKind.OVERPAYMENT, None),
        (CreditKind.PREPAYMENT, "INV-9"),
    ]
    for one in (note, over, pre):
        [allocation] = one.allocations
        assert one.remaining == Decimal("2.5")
        assert (allocation.amount, allocation.invoice_source_id) == (Decimal("27.50"), ID.lower())
        assert (allocation.allocated_on, allocation.is_deleted) == (date(2026, 11, 1), False)


def test_an_allocation_that_was_deleted_changes_the_digest() -> None:
    def note(*, is_deleted: bool) -> Any:
        allocated = [{"AllocationID": ID, "Amount": Decimal(1), "IsDeleted": is_deleted}]
        return documents.credit_note(read(wire.CreditNote, "CreditNoteID", Allocations=allocated))

    assert note(is_deleted=True).lines_digest != note(is_deleted=False).lines_digest


OTHER = "8b3c1f8e-0000-4000-8000-000000000002"


@pytest.mark.parametrize(
    ("fields", "invoice_id", "credit_id", "is_refund"),
    [
        ({"Invoice": {"InvoiceID": OTHER, "Type": "ACCREC"}}, OTHER, None, False),
        ({"Invoice": {"InvoiceID": OTHER}}, OTHER, None, False),
        ({"Invoice": {"InvoiceID": OTHER, "Type": "ACCRECCREDIT"}}, None, OTHER, True),
        ({"Invoice": {"InvoiceID": OTHER, "Type": "AROVERPAYMENT"}}, None, OTHER, True),
        ({"CreditNote": {"CreditNoteID": OTHER, "CreditNoteNumber": "CN-1"}}, None, OTHER, True),
        ({"Overpayment": {"OverpaymentID": OTHER}}, None, OTHER, True),
        ({"Prepayment": {"PrepaymentID": OTHER}}, None, OTHER, True),
        ({"PaymentType": "ARCREDITPAYMENT"}, None, None, True),
        ({"PaymentType": "ACCRECPAYMENT"}, None, None, False),
        ({}, None, None, False),
    ],
)
def test_a_payment_names_what_it_pays_and_a_refund_what_it_pays_back(
    fields: dict[str, Any],
    invoice_id: str | None,
    credit_id: str | None,
    is_refund: bool,  # noqa: FBT001 - pytest draws it
) -> None:
    one = payment(**fields)
    assert (one.invoice_source_id, one.credit_source_id, one.is_refund) == (
        invoice_id,
        credit_id,
        is_refund,
    )


@pytest.mark.parametrize(
    ("status", "is_deleted"), [("AUTHORISED", False), ("DELETED", True), (None, False)]
)
def test_a_payment_that_was_deleted_stays_and_says_so(status: str | None, is_deleted: bool) -> None:  # noqa: FBT001 - pytest draws it
    assert payment(Status=status).is_deleted is is_deleted
