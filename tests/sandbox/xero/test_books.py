"""The books against themselves: every figure of an answer follows from other answers."""

import re
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from tests.sandbox.conftest import NOW

from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.portfolio import Portfolio
from billingone_api.sandbox.xero.book import Selection
from billingone_api.sandbox.xero.ledger import Ledger
from billingone_api.sandbox.xero.tenants import Size, tenants
from billingone_api.sandbox.xero.wire import milliseconds, read

Rows = list[dict[str, Any]]
CENT = Decimal("0.01")


def books(*, clients: int = 60, invoices: int | None = None, bad: int = 2) -> Ledger:
    size = Size(clients, invoices, 5, bad)
    return tenants(size, ids=Identifiers(7), seed=7, today=NOW.date())[0].ledger


@pytest.fixture(scope="module")
def demo() -> Ledger:
    """The books of the demo; nobody changes them here."""
    return books()


@pytest.fixture(scope="module")
def readable(demo: Ledger) -> Rows:
    """Its invoices without the two that nobody can read."""
    return [
        row
        for row in demo.invoices.records()
        if isinstance(row.get("Total"), float) and "InvoiceID" in row
    ]


def exact(number: float) -> Decimal:
    return Decimal(str(number))


def total(rows: Rows, field: str) -> Decimal:
    return sum((exact(row[field]) for row in rows), Decimal(0))


def test_the_same_seed_writes_the_same_books(demo: Ledger) -> None:
    again = books()
    for name, book in demo.books.items():
        assert list(again.books[name].records()) == list(book.records())


def test_the_portfolio_has_invoices_of_every_kind(demo: Ledger) -> None:
    statuses = Counter(row["Status"] for row in demo.invoices.records())
    assert set(statuses) == {
        "DRAFT", "SUBMITTED", "DELETED", "AUTHORISED", "PAID", "VOIDED", "ARCHIVED",
    }  # fmt: skip
    assert statuses.most_common(1)[0][0] == "PAID"
    currencies = Counter(row["CurrencyCode"] for row in demo.invoices.records())
    assert set(currencies) == {"AUD", "USD", "NZD", "SGD"}


def test_contacts_are_those_that_panelone_knows(demo: Ledger) -> None:
    portfolio = Portfolio.generate(seed=7, clients=60, now=NOW)
    linked = {
        row["external_ids"]["xero_contact_id"]: row["name"]
        for row in portfolio.clients.rows()
        if "xero_contact_id" in row["external_ids"]
    }
    assert len(linked) == 51
    for key, name in linked.items():
        assert demo.contacts.record(key)["Name"].startswith(name)


def test_every_client_is_invoiced_and_every_invoice_has_a_contact(
    demo: Ledger, readable: Rows
) -> None:
    invoiced = Counter(row["Contact"]["ContactID"] for row in readable if row["Type"] == "ACCREC")
    assert len(invoiced) == 60
    assert set(invoiced) <= set(demo.contacts.keys())
    assert min(invoiced.values()) >= 23


def test_totals_follow_from_lines(readable: Rows) -> None:
    for row in readable:
        amount, tax = (
            total(row["LineItems"], "LineAmount"),
            sum((exact(line.get("TaxAmount", 0)) for line in row["LineItems"]), Decimal(0)),
        )
        net = amount - tax if row["LineAmountTypes"] == "Inclusive" else amount
        assert (exact(row["SubTotal"]), exact(row["TotalTax"])) == (net, tax)
        assert exact(row["Total"]) == net + tax


def test_line_amounts_follow_from_quantity_price_and_discount(readable: Rows) -> None:
    lines = [line for row in readable for line in row["LineItems"] if "Quantity" in line]
    for line in lines:
        full = (exact(line["Quantity"]) * exact(line["UnitAmount"])).quantize(CENT, ROUND_HALF_UP)
        assert exact(line["LineAmount"]) == full - exact(line.get("DiscountAmount", 0))
    assert sum("DiscountRate" in line for line in lines) > 50
    assert {2.2222} < {line["Quantity"] for line in lines}
    assert any(exact(line["UnitAmount"]) % CENT for line in lines)


def test_what_is_due_follows_from_total_payments_and_credits(readable: Rows) -> None:
    for row in readable:
        credited = sum(
            (
                total(row[name], "AppliedAmount")
                for name in ("CreditNotes", "Overpayments", "Prepayments")
            ),
            Decimal(0),
        )
        assert exact(row["AmountPaid"]) == total(row["Payments"], "Amount")
        assert exact(row["AmountCredited"]) == credited
        due = exact(row["Total"]) - exact(row["AmountPaid"]) - credited
        gone = row["Status"] in {"VOIDED", "DELETED"}
        assert exact(row["AmountDue"]) == (0 if gone else due)
        assert (row["Status"] == "PAID") is ("FullyPaidOnDate" in row)
        assert row["Status"] != "PAID" or exact(row["AmountDue"]) == 0
        assert row["Status"] != "AUTHORISED" or exact(row["AmountDue"]) > 0


def test_payments_in_their_list_are_those_of_the_invoices(demo: Ledger, readable: Rows) -> None:
    listed: dict[str, Decimal] = defaultdict(Decimal)
    for row in demo.payments.records():
        if row["Status"] == "AUTHORISED" and row["PaymentType"] in {
            "ACCRECPAYMENT",
            "ACCPAYPAYMENT",
        }:
            listed[row["Invoice"]["InvoiceID"]] += exact(row["Amount"])
    owed = {row["InvoiceID"]: exact(row["AmountPaid"]) for row in readable if row["AmountPaid"]}
    assert dict(listed) == owed


def test_payments_come_in_all_their_kinds(demo: Ledger) -> None:
    rows = list(demo.payments.records())
    kinds = Counter((row["PaymentType"], row["Status"]) for row in rows)
    assert set(kinds) == {
        ("ACCRECPAYMENT", "AUTHORISED"),
        ("ACCRECPAYMENT", "DELETED"),
        ("ACCPAYPAYMENT", "AUTHORISED"),
        ("ARCREDITPAYMENT", "AUTHORISED"),
        ("AROVERPAYMENTPAYMENT", "AUTHORISED"),
        ("ARPREPAYMENTPAYMENT", "AUTHORISED"),
    }
    refund = next(row for row in rows if row["PaymentType"] == "ARCREDITPAYMENT")
    assert refund["Invoice"]["Type"] == "ACCRECCREDIT"
    batch = next(row["BatchPayment"] for row in rows if "BatchPayment" in row)
    assert re.fullmatch(r"\d+\.\d\d", batch["TotalAmount"])
    assert batch["IsReconciled"] in {"true", "false"}


def test_credits_are_applied_as_the_invoices_say(demo: Ledger, readable: Rows) -> None:
    said = {
        (credit["ID"], row["InvoiceID"]): exact(credit["AppliedAmount"])
        for row in readable
        for name in ("CreditNotes", "Overpayments", "Prepayments")
        for credit in row[name]
    }
    rows = [
        row
        for name in ("CreditNotes", "Overpayments", "Prepayments")
        for row in demo.books[name].records()
    ]
    allocated = {
        (row["ID"], one["Invoice"]["InvoiceID"]): exact(one["Amount"])
        for row in rows
        for one in row["Allocations"]
    }
    assert allocated == said
    refunds = {
        row["Invoice"]["InvoiceID"]: exact(row["Amount"])
        for row in demo.payments.records()
        if row["Invoice"]["Type"] not in {"ACCREC", "ACCPAY"}
    }
    assert len(refunds) > 50
    for row in rows:
        spent = total(row["Allocations"], "Amount") + refunds.get(row["ID"], 0)
        void = row["Status"] == "VOIDED"
        assert exact(row["RemainingCredit"]) == (0 if void else exact(row["Total"]) - spent)
        assert void or (row["Status"] == "PAID") is (exact(row["RemainingCredit"]) == 0)
        assert exact(row["Total"]) == exact(row["SubTotal"]) + exact(row["TotalTax"])
        settled_note = row["Status"] == "PAID" and "CreditNoteID" in row
        assert ("FullyPaidOnDate" in row) is settled_note


def test_a_credit_note_can_be_larger_than_its_invoice(demo: Ledger) -> None:
    larger = 0
    for row in demo.credit_notes.records():
        for one in row["Allocations"]:
            invoice = demo.invoices.record(one["Invoice"]["InvoiceID"])
            larger += exact(row["Total"]) > exact(invoice["Total"])
    assert larger > 20


def test_some_credits_count_for_nothing_and_some_are_the_suppliers(demo: Ledger) -> None:
    kinds = {
        name: {(row["Type"], row["Status"]) for row in demo.books[name].records()}
        for name in ("CreditNotes", "Overpayments", "Prepayments")
    }
    assert kinds["CreditNotes"] == {
        ("ACCRECCREDIT", "AUTHORISED"),
        ("ACCRECCREDIT", "PAID"),
        ("ACCRECCREDIT", "DRAFT"),
        ("ACCRECCREDIT", "VOIDED"),
        ("ACCPAYCREDIT", "PAID"),
    }
    assert kinds["Overpayments"] == {
        ("RECEIVE-OVERPAYMENT", "AUTHORISED"),
        ("RECEIVE-OVERPAYMENT", "PAID"),
        ("SPEND-OVERPAYMENT", "AUTHORISED"),
    }
    assert kinds["Prepayments"] == {
        ("RECEIVE-PREPAYMENT", "AUTHORISED"),
        ("RECEIVE-PREPAYMENT", "PAID"),
        ("SPEND-PREPAYMENT", "PAID"),
    }


def test_rates_are_on_documents_except_where_nobody_knows_one(readable: Rows) -> None:
    rates = defaultdict(set)
    for row in readable:
        rates[row["CurrencyCode"]].add(row.get("CurrencyRate"))
    assert rates["AUD"] == {1.0}
    assert rates["SGD"] == {None}
    assert len(rates["USD"]) == 7
    assert 0.6571234567 in rates["USD"]


def test_payments_in_foreign_money_reach_the_bank_converted(demo: Ledger) -> None:
    for row in demo.payments.records():
        rate = exact(row.get("CurrencyRate", 1))
        in_base = (exact(row["Amount"]) / rate).quantize(CENT, ROUND_HALF_UP)
        assert exact(row["BankAmount"]) == in_base


def test_some_invoices_have_no_due_date_and_some_are_of_tomorrow(readable: Rows) -> None:
    waiting = [row for row in readable if row["Status"] == "AUTHORISED"]
    assert any("DueDate" not in row for row in waiting)
    today = milliseconds(NOW)
    assert any((read(row["Date"]) or 0) > today for row in waiting)
    assert any(0 < (read(row.get("DueDate", "")) or 0) < today for row in waiting)
    assert any(not row["InvoiceNumber"] for row in readable if row["Status"] == "DRAFT")


def test_dates_come_in_every_manner_that_was_met(readable: Rows) -> None:
    assert any(row["Date"] == "/Date(0+0000)/" and "DateString" not in row for row in readable)
    assert any("DateString" not in row and read(row["Date"]) for row in readable)
    assert any(re.fullmatch(r"/Date\(\d+\)/", row["UpdatedDateUTC"]) for row in readable)
    assert any("UpdatedDateUTCString" not in row for row in readable)
    assert any(row.get("PlannedPaymentDate") == "/Date(-62135596800000+0000)/" for row in readable)


def test_nothing_was_updated_after_the_beginning(demo: Ledger) -> None:
    for book in demo.books.values():
        keys = book.keys()
        assert max(map(book.updated, keys)) < milliseconds(NOW)


def test_an_entry_says_the_same_as_its_record(demo: Ledger, readable: Rows) -> None:
    known = {row["InvoiceID"] for row in readable}
    for book in demo.books.values():
        readable_keys = [key for key in book._entries if book is not demo.invoices or key in known]
        for key in readable_keys:
            record, entry = book.record(key), book._entries[key]
            facts = dict(zip(book.kind.indexed, entry.facts, strict=True))
            assert record[book.kind.id] == key
            assert read(record["UpdatedDateUTC"]) == entry.updated
            for path in ("Status", "Type", "PaymentType", "Name", "ContactStatus"):
                assert path not in facts or facts[path] == record[path]


def test_bad_records_cannot_be_read_and_are_planted_as_many_as_wanted() -> None:
    rows = list(books(clients=10, invoices=200, bad=4).invoices.records())
    bad = [
        row
        for row in rows
        if "InvoiceID" not in row
        or not isinstance(row["Total"], float)
        or not isinstance(row["AmountDue"], float)
        or read(row["Date"]) is None
    ]
    assert len(bad) == 4
    assert len(rows) == 208


def test_a_small_book_is_possible() -> None:
    for invoices in (0, 1, 3):
        ledger = books(clients=1, invoices=invoices)
        assert len(ledger.invoices) == invoices
        assert len(list(ledger.invoices.records())) == invoices


def test_the_sister_organisation_has_books_of_its_own() -> None:
    home, abroad, practice = tenants(
        Size(60, None, 5, 2), ids=Identifiers(7), seed=7, today=NOW.date()
    )
    assert len(abroad.ledger.invoices) == 41
    assert not set(abroad.ledger.invoices.keys()) & set(home.ledger.invoices.keys())
    assert not set(abroad.ledger.contacts.keys()) & set(home.ledger.contacts.keys())
    with pytest.raises(KeyError):
        practice.ledger  # noqa: B018 - the books are opened by looking at them


def test_a_hundred_thousand_invoices_are_entries_until_they_are_read() -> None:
    size = Size(60, 100_000, 5, 2)
    tenant = tenants(size, ids=Identifiers(7), seed=7, today=NOW.date())[0]
    assert tenant.manners.high_volume
    ledger = tenant.ledger
    assert len(ledger.invoices) == 104_000
    assert len(set(ledger.payments.keys())) > 80_000
    last = ledger.invoices.select(Selection())[-1]
    assert len(ledger.invoices.record(last)["LineItems"]) >= 5
