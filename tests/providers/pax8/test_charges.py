"""What Pax8 does to those who read its invoices; the traps by their number in its contract."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.providers.pax8.conftest import API, Pax8, answer, page

from billingone_api.providers.errors import MalformedAnswer, PermissionDenied, RecordNotFound
from billingone_api.providers.pax8.charges import InvoiceItem
from billingone_api.providers.pax8.client import Pax8Client

SINCE = date(2026, 8, 1)
INVOICE = {
    "id": "i1",
    "invoiceDate": "2026-11-01",
    "dueDate": "2026-11-15",
    "status": "Nothing Due",
    "total": Decimal("18422.67"),
    "balance": 0,
    "currencyCode": "AUD",
}
ITEM: dict[str, Any] = {
    "type": "subscription",
    "companyId": "c1",
    "startPeriod": "2026-11-01",
    "endPeriod": "2026-11-30",
    "quantity": 42,
    "term": "Monthly",
    "rateType": "Flat",
    "cost": Decimal("27.64"),
    "costTotal": Decimal("1160.88"),
    "currencyCode": "AUD",
}


async def only_item(client: Pax8Client, pax8: Pax8, **changed: Any) -> InvoiceItem:
    pax8.on("invoices/i1/items", page(ITEM | changed))
    found = await client.charges.items("i1", 0)
    assert found.rejects == ()
    return found.records[0]


async def test_traps_1_and_2_invoices_are_listed_by_page_from_a_day_on(
    client: Pax8Client, pax8: Pax8
) -> None:
    route = pax8.on("invoices", page(INVOICE, number=1, total=201, pages=2))
    found = await client.charges.invoices(1, since=SINCE)
    assert dict(route.calls.last.request.url.params) == {
        "page": "1",
        "size": "200",
        "sort": "invoiceDate,asc",
        "invoiceDateRangeStart": "2026-08-01",
    }
    [invoice] = found.records
    assert (invoice.invoice_date, invoice.status) == (date(2026, 11, 1), "Nothing Due")
    assert invoice.total == Decimal("18422.67")
    # Trap 11: it is the partner's own, and says of no client whose it is
    assert (invoice.company_id, found.total_records) == (None, 201)


async def test_drafts_say_which_month_and_have_no_id(client: Pax8Client, pax8: Pax8) -> None:
    route = pax8.on("invoices/draftItems", page(ITEM))
    found = await client.charges.drafts(0, months_ahead=0)
    sent = dict(route.calls.last.request.url.params)
    assert sent == {"page": "0", "size": "200", "monthOffset": "0"}
    assert [(one.id, one.quantity) for one in found.records] == [(None, 42)]


async def test_trap_4_what_the_document_demands_may_be_missing(
    client: Pax8Client, pax8: Pax8
) -> None:
    nulls = dict.fromkeys(ITEM, None) | {"subscriptionId": None, "vendorName": None, "new": {}}
    item = await only_item(client, pax8, **nulls)
    assert item == InvoiceItem()
    assert item.kind is None


@pytest.mark.parametrize("written", ["2026-10-18", "2026-10-18T23:30:00-0700", " 2026-10-18 "])
async def test_trap_5_a_period_is_of_the_days_that_are_written(
    written: str, client: Pax8Client, pax8: Pax8
) -> None:
    assert (await only_item(client, pax8, startPeriod=written)).start_period == date(2026, 10, 18)


@pytest.mark.parametrize("written", ["service-credit", "service_credit", "Service_Credit"])
async def test_types_are_met_in_other_spellings(
    written: str, client: Pax8Client, pax8: Pax8
) -> None:
    item = await only_item(client, pax8, type=written, costTotal=-15)
    assert (item.kind, item.cost_total) == ("service-credit", -15)


async def test_trap_15_money_is_exact_beyond_cents(client: Pax8Client, pax8: Pax8) -> None:
    item = await only_item(client, pax8, cost=Decimal("10.4125"), costTotal="86.4560")
    assert (item.cost, item.cost_total) == (Decimal("10.4125"), Decimal("86.4560"))


async def test_an_item_that_cannot_be_read_is_put_aside_with_its_reason(
    client: Pax8Client, pax8: Pax8
) -> None:
    pax8.on("invoices/i1/items", page(ITEM, ITEM | {"id": "x", "quantity": "many"}, "item"))
    found = await client.charges.items("i1", 0)
    assert len(found.records) == 1
    assert [(one.source_id, one.pointer) for one in found.rejects] == [
        ("x", "/quantity"),
        (None, ""),
    ]


async def test_who_may_not_read_them_is_told_so(client: Pax8Client, pax8: Pax8) -> None:
    refused = answer({"type": "FORBIDDEN", "status": 403}, 403)
    pax8.on("invoices/draftItems", refused)
    with pytest.raises(PermissionDenied):
        await client.charges.drafts(0, months_ahead=1)


async def test_only_a_single_invoice_can_be_unknown(client: Pax8Client, pax8: Pax8) -> None:
    unknown = answer({"type": "NOT_FOUND", "status": 404}, 404)
    for path in ("invoices", "invoices/i1", "invoices/i1/items", "invoices/draftItems"):
        pax8.on(path, unknown)
    with pytest.raises(RecordNotFound):
        await client.charges.invoice("i1")
    with pytest.raises(RecordNotFound):
        await client.charges.items("i1", 0)
    with pytest.raises(MalformedAnswer):
        await client.charges.invoices(0, since=SINCE)
    with pytest.raises(MalformedAnswer):
        await client.charges.drafts(0, months_ahead=0)


async def test_a_late_answer_408_is_asked_for_again(client: Pax8Client, pax8: Pax8) -> None:
    route = pax8.on("invoices/draftItems", answer({"status": 408}, 408), page(ITEM))
    assert len((await client.charges.drafts(0, months_ahead=0)).records) == 1
    assert route.call_count == 2
    assert str(route.calls.last.request.url).startswith(API)
