"""What Xero sends is read for what it says, also where it says it oddly."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.providers.xero.conftest import INVOICE, ORGANISATION, TENANT, invoice

from billingone_api.kit.http.bodies import read_json
from billingone_api.providers.records import Reject
from billingone_api.providers.xero.lists import (
    ACCOUNTS,
    CONTACTS,
    CREDIT_NOTES,
    INVOICES,
    ORGANISATIONS,
    OVERPAYMENTS,
    PAYMENTS,
    PREPAYMENTS,
)
from billingone_api.providers.xero.payloads.documents import Invoice


def only(**changed: Any) -> Invoice:
    found = INVOICES.readable([INVOICE | changed])
    assert found.rejects == ()
    return found.records[0]


def refused(**changed: Any) -> Reject:
    found = INVOICES.readable([INVOICE | changed])
    assert found.records == ()
    return found.rejects[0]


def test_an_invoice_is_read_with_all_that_it_says() -> None:
    found = only()
    assert (found.invoice_id, found.invoice_number) == (INVOICE["InvoiceID"], "INV-0107")
    assert (found.type, found.status, found.line_amount_types) == (
        "ACCREC",
        "AUTHORISED",
        "Exclusive",
    )
    assert found.reference is None
    assert (found.day, found.due_date) == (date(2026, 10, 31), date(2026, 11, 14))
    assert (found.sub_total, found.total_tax, found.total) == (
        Decimal("559.51"),
        Decimal("55.95"),
        Decimal("615.46"),
    )
    assert (found.amount_due, found.currency_code) == (Decimal("615.46"), "AUD")
    assert found.updated_at == datetime(2026, 11, 1, 2, 26, 40, 373000, UTC)
    assert found.contact is not None
    assert found.contact.name == "Wattle Physio"
    (line,) = found.line_items
    assert (line.quantity, line.unit_amount) == (Decimal("17.0"), Decimal("32.9125"))
    assert (line.account_code, line.item) == ("200", None)


def test_all_but_the_id_may_be_missing() -> None:
    found = INVOICES.readable([{"InvoiceID": INVOICE["InvoiceID"]}])
    assert found.rejects == ()
    (record,) = found.records
    assert (record.type, record.total, record.day, record.due_date, record.updated_at) == (
        (None,) * 5
    )
    assert (record.line_items, record.payments, record.contact) == ((), (), None)


def test_all_but_the_id_may_be_null() -> None:
    names = [name for name in INVOICE if name != "InvoiceID"]
    found = only(**dict.fromkeys(names), Payments=None, CreditNotes=None, FullyPaidOnDate=None)
    assert (found.status, found.line_items, found.payments, found.credit_notes) == (
        None,
        (),
        (),
        (),
    )


def test_all_text_may_be_blank() -> None:
    names = [name for name, value in INVOICE.items() if isinstance(value, str)]
    found = only(**{name: " " for name in names if name != "InvoiceID"}, SentToContact="")
    assert (found.invoice_number, found.currency_code, found.day) == (None, None, None)
    assert (found.updated_at, found.sent_to_contact) == (None, None)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"InvoiceID": None}, "/InvoiceID: It is not text."),
        ({"InvoiceID": ""}, "/InvoiceID: It is empty."),
        ({"InvoiceID": "x" * 201}, "/InvoiceID: It is longer than 200 characters."),
        ({"Total": "lots"}, "/Total: It is not a number."),
        ({"Total": "NaN"}, "/Total: It is not a number."),
        ({"Date": "soon", "DateString": None}, "/Date: It is not a date of the calendar."),
        ({"DateString": "31/10/2026"}, "/DateString: It is not a date of the calendar."),
        ({"UpdatedDateUTC": 7}, "/UpdatedDateUTC: It is not a date."),
        ({"LineItems": {}}, "/LineItems: It is not a list."),
        ({"LineItems": [{"Quantity": "many"}]}, "/LineItems/0/Quantity: It is not a number."),
        ({"LineItems": [None]}, "/LineItems/0: It is not an object."),
        ({"Contact": "Wattle"}, "/Contact: It is not an object."),
        ({"InvoiceNumber": "x" * 501}, "/InvoiceNumber: It is longer than 500 characters."),
        ({"SentToContact": "maybe"}, "/SentToContact: It is neither true nor false."),
    ],
)
def test_what_cannot_be_read_is_put_aside_with_its_reason(
    changed: dict[str, Any], reason: str
) -> None:
    assert refused(**changed).reason == reason


def test_a_record_put_aside_is_named_by_its_own_id_and_spoils_no_other() -> None:
    found = INVOICES.readable([invoice(1), invoice(2, Total="lots"), "x", invoice(3)])
    assert [one.invoice_id[-1] for one in found.records] == ["1", "3"]
    assert [reject.source_id for reject in found.rejects] == [invoice(2)["InvoiceID"], None]
    assert '"Total": "lots"' in found.rejects[0].excerpt


def test_characters_that_cannot_be_kept_are_dropped_and_nothing_else() -> None:
    found = only(Reference="PO\x00 77", LineItems=[{"Description": "one\ntwo \ud800three"}])
    assert found.reference == "PO 77"
    assert found.line_items[0].description == "one\ntwo three"


def test_a_long_description_is_kept_whole() -> None:
    assert only(LineItems=[{"Description": "x" * 9_000}]).line_items[0].description == "x" * 9_000


def test_an_id_is_the_same_in_capitals() -> None:
    assert only(InvoiceID="5AD1C5D5-AAAA").invoice_id == "5ad1c5d5-aaaa"


def test_an_id_of_zeros_is_none() -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    assert only(RepeatingInvoiceID=nobody).repeating_invoice_id is None


def test_a_line_of_words_alone_has_no_amounts() -> None:
    (line,) = only(LineItems=[{"Description": "Thanks for your business"}]).line_items
    assert (line.quantity, line.unit_amount, line.account_code) == (None, None, None)


def test_a_rate_is_kept_to_ten_places() -> None:
    found = INVOICES.readable([read_json(b'{"InvoiceID": "a", "CurrencyRate": 0.6571234567}')])
    assert found.records[0].currency_rate == Decimal("0.6571234567")


def test_what_changed_when_is_read_from_the_text_where_the_milliseconds_are_missing() -> None:
    found = only(UpdatedDateUTC=None, UpdatedDateUTCString="2026-11-18T22:01:44Z")
    assert found.updated_at == datetime(2026, 11, 18, 22, 1, 44, tzinfo=UTC)


def test_credits_set_against_an_invoice_are_read_with_it() -> None:
    applied = {
        "CreditNoteID": "c1",
        "CreditNoteNumber": "CN-1",
        "AppliedAmount": Decimal("27.5"),
        "Date": "/Date(1793491200000+0000)/",
    }
    found = only(
        CreditNotes=[applied],
        Overpayments=[{"OverpaymentID": "o1", "AppliedAmount": 3}],
        Prepayments=[{"PrepaymentID": "p1", "AppliedAmount": 4}],
        Payments=[{"PaymentID": "m1", "Amount": 5, "Date": "/Date(1793491200000+0000)/"}],
    )
    (note,) = found.credit_notes
    assert (note.credit_note_id, note.applied_amount, note.day) == (
        "c1",
        Decimal("27.5"),
        date(2026, 11, 1),
    )
    assert (found.overpayments[0].overpayment_id, found.prepayments[0].prepayment_id) == (
        "o1",
        "p1",
    )
    assert (found.payments[0].payment_id, found.payments[0].amount) == ("m1", 5)


def test_a_credit_note_tells_what_it_is_set_against_and_what_is_left() -> None:
    found = CREDIT_NOTES.readable(
        [
            {
                "CreditNoteID": "c1",
                "ID": "c1",
                "CreditNoteNumber": "CN-0005",
                "Type": "ACCRECCREDIT",
                "RemainingCredit": Decimal("1.5"),
                "Allocations": [
                    {
                        "AllocationID": "a1",
                        "Amount": Decimal("27.5"),
                        "Date": "/Date(1793491200000+0000)/",
                        "Invoice": {"InvoiceID": "i1", "InvoiceNumber": "INV-0038"},
                        "IsDeleted": False,
                    }
                ],
            }
        ]
    )
    (note,) = found.records
    (allocation,) = note.allocations
    assert (note.credit_note_id, note.remaining_credit) == ("c1", Decimal("1.5"))
    assert allocation.invoice is not None
    assert (allocation.amount, allocation.day, allocation.invoice.invoice_id) == (
        Decimal("27.5"),
        date(2026, 11, 1),
        "i1",
    )
    assert allocation.is_deleted is False


@pytest.mark.parametrize(
    ("kind", "id_name", "types"),
    [
        (OVERPAYMENTS, "OverpaymentID", ["RECEIVE-OVERPAYMENT", "AROVERPAYMENT", None, "NEW"]),
        (PREPAYMENTS, "PrepaymentID", ["RECEIVE-PREPAYMENT", "ARPREPAYMENT", None, "NEW"]),
        (CREDIT_NOTES, "CreditNoteID", ["ACCRECCREDIT", None, "NEW"]),
    ],
)
def test_credits_of_suppliers_are_passed_over_and_words_we_do_not_know_are_kept(
    kind: Any, id_name: str, types: list[str | None]
) -> None:
    of_suppliers = ["SPEND-OVERPAYMENT", "SPEND-PREPAYMENT", "APPREPAYMENT", "ACCPAYCREDIT"]
    rows = [{id_name: f"c{n}", "Type": one} for n, one in enumerate([*types, *of_suppliers])]
    found = kind.readable(rows)
    assert [record.type for record in found.records] == types
    assert found.rejects == ()


def test_payments_to_suppliers_are_passed_over_and_refunds_are_not() -> None:
    kept = ["ACCRECPAYMENT", "ARCREDITPAYMENT", "AROVERPAYMENTPAYMENT", "ARPREPAYMENTPAYMENT"]
    left = ["ACCPAYPAYMENT", "APCREDITPAYMENT", "APPREPAYMENTPAYMENT", "APOVERPAYMENTPAYMENT"]
    rows = [{"PaymentID": f"p{n}", "PaymentType": one} for n, one in enumerate([*kept, *left])]
    assert [record.payment_type for record in PAYMENTS.readable(rows).records] == kept


@pytest.mark.parametrize("payment_type", [None, "NEW"])
@pytest.mark.parametrize(
    "paid",
    [
        {"Invoice": {"InvoiceID": "b1", "Type": "ACCPAY"}},
        {"Invoice": {"InvoiceID": "b1", "Type": "ACCPAYCREDIT"}},
        {"CreditNote": {"CreditNoteID": "b1", "Type": "ACCPAYCREDIT"}},
        {"Overpayment": {"OverpaymentID": "b1", "Type": "SPEND-OVERPAYMENT"}},
        {"Prepayment": {"PrepaymentID": "b1", "Type": "SPEND-PREPAYMENT"}},
    ],
)
def test_a_payment_of_a_word_we_do_not_know_is_a_suppliers_where_it_pays_a_suppliers_document(
    payment_type: str | None, paid: dict[str, Any]
) -> None:
    """Taken for a client's, it would be a refund."""
    told = {"PaymentID": "p1", "PaymentType": payment_type}
    ours = {"Invoice": {"InvoiceID": "i1", "Type": "ACCREC"}}
    assert PAYMENTS.readable([told | paid]).records == ()
    assert [one.payment_id for one in PAYMENTS.readable([told | ours]).records] == ["p1"]


def test_a_payment_tells_both_its_currencies_and_what_it_paid() -> None:
    found = PAYMENTS.readable(
        [
            {
                "PaymentID": "p1",
                "Date": "/Date(1794614400000+0000)/",
                "Amount": Decimal("500.0"),
                "BankAmount": Decimal("760.92"),
                "CurrencyRate": Decimal("0.6571"),
                "PaymentType": "ACCRECPAYMENT",
                "Status": "DELETED",
                "IsReconciled": True,
                "Account": {"AccountID": "b1", "Code": "091"},
                "Invoice": {"InvoiceID": "i1", "Type": "ACCREC", "CurrencyCode": "USD"},
            }
        ]
    )
    (payment,) = found.records
    assert (payment.amount, payment.bank_amount) == (Decimal("500.0"), Decimal("760.92"))
    assert (payment.status, payment.day, payment.is_reconciled) == (
        "DELETED",
        date(2026, 11, 14),
        True,
    )
    assert payment.invoice is not None
    assert (payment.invoice.invoice_id, payment.invoice.currency_code) == ("i1", "USD")
    assert payment.account is not None
    assert payment.account.code == "091"


def test_a_contact_tells_who_it_is_and_into_whom_it_was_merged() -> None:
    found = CONTACTS.readable(
        [
            {
                "ContactID": "c1",
                "ContactNumber": "",
                "AccountNumber": "CW-10021",
                "ContactStatus": "ARCHIVED",
                "Name": "Wattle Physio",
                "EmailAddress": "accounts@wattle.example",
                "MergedToContactID": "c2",
                "IsCustomer": True,
                "ContactPersons": [{"FirstName": "Mel", "IncludeInEmails": True}],
                "Addresses": [{"AddressType": "STREET", "AddressLine1": "1 High St", "City": ""}],
                "Phones": [{"PhoneType": "DDI", "PhoneNumber": ""}],
                "PaymentTerms": {"Sales": {"Day": 14, "Type": "DAYSAFTERBILLDATE"}},
            }
        ]
    )
    (contact,) = found.records
    assert (contact.contact_number, contact.account_number) == (None, "CW-10021")
    assert (contact.contact_status, contact.merged_to_contact_id) == ("ARCHIVED", "c2")
    assert (contact.contact_persons[0].first_name, contact.phones[0].phone_number) == ("Mel", None)
    assert (contact.addresses[0].address_line1, contact.addresses[0].city) == ("1 High St", None)
    assert contact.payment_terms is not None
    assert contact.payment_terms.sales is not None
    assert (contact.payment_terms.sales.day, contact.payment_terms.bills) == (14, None)


def test_an_account_tells_its_class_and_may_have_no_code() -> None:
    found = ACCOUNTS.readable(
        [
            {"AccountID": "a1", "Code": "200", "Class": "REVENUE", "Status": "ACTIVE"},
            {"AccountID": "a2", "Class": "ASSET", "Type": "BANK", "SystemAccount": ""},
        ]
    )
    assert [(one.code, one.class_, one.type) for one in found.records] == [
        ("200", "REVENUE", None),
        (None, "ASSET", "BANK"),
    ]


def test_an_organisation_tells_its_currency_its_zone_and_its_short_code() -> None:
    (found,) = ORGANISATIONS.readable([ORGANISATION | {"Class": "NEWER_THAN_US"}]).records
    assert (found.organisation_id, found.base_currency, found.timezone, found.short_code) == (
        TENANT,
        "AUD",
        "AUSEASTERNSTANDARDTIME",
        "!9kQx2",
    )
