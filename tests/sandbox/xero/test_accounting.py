from datetime import UTC, datetime
from typing import Any

import pytest
from httpx import AsyncClient, Response
from tests.sandbox.xero.conftest import Caller

from billingone_api.sandbox.xero.room import Xero
from billingone_api.sandbox.xero.wire import milliseconds

INVOICE = {
    "Type", "InvoiceID", "InvoiceNumber", "Reference", "Payments", "CreditNotes", "Prepayments",
    "Overpayments", "AmountDue", "AmountPaid", "AmountCredited", "CurrencyRate", "IsDiscounted",
    "HasAttachments", "HasErrors", "Attachments", "Contact", "DateString", "Date", "DueDateString",
    "DueDate", "Status", "LineAmountTypes", "LineItems", "SubTotal", "TotalTax", "Total",
    "UpdatedDateUTC", "UpdatedDateUTCString", "CurrencyCode", "SentToContact", "FullyPaidOnDate",
}  # fmt: skip
LINE = {
    "ItemCode", "Description", "UnitAmount", "TaxType", "TaxAmount", "LineAmount", "AccountCode",
    "AccountID", "Item", "Tracking", "Quantity", "LineItemID", "ValidationErrors",
}  # fmt: skip


async def invoice(caller: Caller, xero: Xero, ordinal: int, **query: str | int) -> dict[str, Any]:
    key = xero.organisation.ledger.invoices.keys()[ordinal]
    [row] = (await caller.get(f"/Invoices/{key}", **query)).json()["Invoices"]
    found: dict[str, Any] = row
    return found


async def test_an_invoice_has_the_fields_of_an_invoice(caller: Caller, xero: Xero) -> None:
    row = await invoice(caller, xero, 250)
    assert set(row) == INVOICE
    assert set(row["LineItems"][0]) == LINE
    assert len(row["LineItems"]) == 5
    assert row["Contact"]["EmailAddress"].endswith(".example")


async def test_dates_are_in_milliseconds_with_escaped_slashes(caller: Caller, xero: Xero) -> None:
    key = xero.organisation.ledger.invoices.keys()[250]
    answer = await caller.get(f"/Invoices/{key}")
    row = answer.json()["Invoices"][0]
    day = datetime.fromisoformat(row["DateString"]).replace(tzinfo=UTC)
    assert row["Date"] == f"/Date({milliseconds(day)}+0000)/"
    assert f'"Date":"\\/Date({milliseconds(day)}+0000)\\/"'.encode() in answer.content
    assert b'"/Date(' not in answer.content
    assert answer.json()["DateTimeUTC"] == "/Date(1795478400000)/"


async def test_the_envelope_of_a_page(caller: Caller) -> None:
    body = (await caller.get("/Invoices", page=2, pageSize=50)).json()
    assert set(body) == {"Id", "Status", "ProviderName", "DateTimeUTC", "pagination", "Invoices"}
    assert body["Status"] == "OK"
    assert body["pagination"] == {"page": 2, "pageSize": 50, "pageCount": 10, "itemCount": 499}
    assert len(body["Invoices"]) == 50


async def test_a_page_holds_a_hundred_and_one_past_the_end_nothing(caller: Caller) -> None:
    assert len(await caller.rows("Invoices", page=1)) == 100
    body = (await caller.get("/Invoices", page=6)).json()
    assert body["Invoices"] == []
    assert body["pagination"] == {"page": 6, "pageSize": 100, "pageCount": 5, "itemCount": 499}


async def test_without_a_page_everything_comes_and_no_lines(caller: Caller) -> None:
    body = (await caller.get("/Invoices")).json()
    assert "pagination" not in body
    assert len(body["Invoices"]) == 499
    assert {str(row["LineItems"]) for row in body["Invoices"] if "Total" in row} == {"[]"}
    assert "EmailAddress" not in body["Invoices"][0]["Contact"]


async def test_a_summary_leaves_out_what_is_long(caller: Caller) -> None:
    [row] = await caller.rows("Invoices", page=1, pageSize=1, summaryOnly="true")
    assert not {"LineItems", "Payments", "CreditNotes"} & set(row)
    assert {"InvoiceID", "Total", "AmountDue", "UpdatedDateUTC"} <= set(row)


async def test_unit_amounts_have_two_places_unless_four_are_asked_for(caller: Caller) -> None:
    exact = await caller.rows("Invoices", page=1, unitdp=4, where='Type=="ACCREC"')
    rounded = await caller.rows("Invoices", page=1, where='Type=="ACCREC"')
    pairs = [
        (a["UnitAmount"], b["UnitAmount"], a["LineAmount"] == b["LineAmount"])
        for one, other in zip(exact, rounded, strict=True)
        for a, b in zip(one["LineItems"], other["LineItems"], strict=True)
        if "UnitAmount" in a
    ]
    assert (33.229, 33.23, True) in pairs
    assert all(same for _, _, same in pairs)
    assert all(round(shown, 2) == shown for _, shown, _ in pairs)


@pytest.mark.parametrize("page", ["0", "-1", "one", "1.5", ""])
async def test_a_page_is_a_number_from_one(caller: Caller, page: str) -> None:
    answer = await caller.get("/Invoices", page=page)
    assert answer.status_code == 400
    assert answer.json()["Type"] == "ValidationException"
    assert set(answer.json()) == {"ErrorNumber", "Type", "Message", "Elements"}


@pytest.mark.parametrize("size", ["0", "1001", "many"])
async def test_a_page_holds_at_most_a_thousand(caller: Caller, size: str) -> None:
    assert (await caller.get("/Invoices", page=1, pageSize=size)).status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        {"where": "Type=="},
        {"where": 'Colour=="red"'},
        {"where": 'Total=="much"'},
        {"order": "Colour ASC"},
        {"order": "Date SIDEWAYS"},
    ],
)
async def test_a_query_that_cannot_be_parsed(caller: Caller, query: dict[str, str]) -> None:
    answer = await caller.get("/Invoices", page=1, **query)
    assert answer.status_code == 400
    assert answer.json()["Type"] == "QueryParseException"


async def test_sales_and_bills_come_from_one_list(caller: Caller) -> None:
    everything = await caller.everything("Invoices")
    sales = await caller.everything("Invoices", where='Type=="ACCREC"')
    assert [row["Type"] for row in everything].count("ACCPAY") == 19
    assert len(sales) == 480
    assert {row["Type"] for row in sales} == {"ACCREC"}


async def test_several_values_are_joined_by_commas(caller: Caller, xero: Xero) -> None:
    rows = await caller.rows("Invoices", page=1, pageSize=1000, Statuses="DRAFT,SUBMITTED")
    assert {row["Status"] for row in rows} == {"DRAFT", "SUBMITTED"}
    first, second, *_ = xero.organisation.ledger.invoices.keys()
    rows = await caller.rows("Invoices", page=1, IDs=f"{first},{second}")
    assert {row["InvoiceID"] for row in rows} == {first, second}
    rows = await caller.rows("Invoices", page=1, InvoiceNumbers="INV-00010,INV-00011")
    assert {row["InvoiceNumber"] for row in rows} == {"INV-00010", "INV-00011"}
    contact = xero.organisation.ledger.contacts.keys()[4]
    rows = await caller.rows("Invoices", page=1, ContactIDs=contact)
    assert len(rows) == 24
    assert {row["Contact"]["ContactID"] for row in rows} == {contact}


async def test_an_address_holds_some_fifty_ids(caller: Caller, xero: Xero) -> None:
    keys = xero.organisation.ledger.invoices.keys()
    assert len(await caller.rows("Invoices", page=1, IDs=",".join(keys[:52]))) == 52
    assert (await caller.get("/Invoices", page=1, IDs=",".join(keys[:60]))).status_code == 414


async def test_a_search_finds_numbers_and_references(caller: Caller) -> None:
    rows = await caller.rows("Invoices", page=1, searchTerm="inv-0004")
    assert all(row["InvoiceNumber"].startswith("INV-0004") for row in rows)
    assert len(rows) == 10


async def test_the_usual_order_is_by_update_and_another_can_be_asked_for(caller: Caller) -> None:
    rows = await caller.everything("Invoices")
    instants = [int(row["UpdatedDateUTC"][6:19]) for row in rows]
    assert instants == sorted(instants)
    rows = await caller.everything("Invoices", order="InvoiceNumber DESC")
    numbers = [row["InvoiceNumber"] for row in rows]
    assert numbers == sorted(numbers, reverse=True)
    rows = await caller.everything("Contacts", order="Name", includeArchived="true")
    names = [row["Name"].casefold() for row in rows]
    assert names == sorted(names)


async def test_since_when_is_a_filter_and_no_condition(caller: Caller) -> None:
    everything = await caller.everything("Invoices")
    third_last = everything[-3]["UpdatedDateUTCString"].rstrip("Z")
    answer = await caller.get("/Invoices", since=third_last, page=1)
    assert (answer.status_code, answer.json()["pagination"]["itemCount"]) == (200, 3)
    late = await caller.get("/Invoices", since="2026-11-24T00:00:00", page=1)
    assert (late.status_code, late.json()["Invoices"]) == (200, [])
    assert len(await caller.rows("Invoices", since="last week")) == 499


async def test_a_batch_was_imported_within_one_second(caller: Caller) -> None:
    rows = await caller.everything("Invoices", order="UpdatedDateUTC ASC")
    seconds = [row.get("UpdatedDateUTCString", "") for row in rows]
    assert max(seconds.count(one) for one in set(seconds) - {""}) > 35


async def test_an_invoice_is_found_by_its_number_too(caller: Caller, xero: Xero) -> None:
    key = xero.organisation.ledger.invoices.keys()[250]
    by_number = (await caller.get("/Invoices/INV-00251")).json()["Invoices"]
    assert [row["InvoiceID"] for row in by_number] == [key]
    answer = await caller.get("/Invoices/INV-99999")
    assert (answer.status_code, answer.headers["content-type"][:10]) == (404, "text/plain")


async def test_what_a_customer_sees_of_an_invoice(caller: Caller, xero: Xero) -> None:
    ledger = xero.organisation.ledger
    statuses = {row["Status"]: row.get("InvoiceID") for row in ledger.invoices.records()}
    seen = await caller.get(f"/Invoices/{statuses['AUTHORISED']}/OnlineInvoice")
    assert seen.json()["OnlineInvoices"][0]["OnlineInvoiceUrl"].startswith("https://in.xero.com/")
    draft = await caller.get(f"/Invoices/{statuses['DRAFT']}/OnlineInvoice")
    assert draft.status_code == 404


async def test_accounts_come_all_at_once(caller: Caller) -> None:
    body = (await caller.get("/Accounts", page=2, pageSize=1)).json()
    assert "pagination" not in body
    assert len(body["Accounts"]) == 11
    codes = {row["Name"]: row.get("Code") for row in body["Accounts"]}
    assert codes["Sales - Cloud Subscriptions"] == "205"
    assert codes["Business Savings"] is None
    revenue = await caller.rows("Accounts", where='Class=="REVENUE" AND Status=="ARCHIVED"')
    assert [row["Name"] for row in revenue] == ["Sales - On-premises Support"]


async def test_archived_contacts_vanish_unless_they_are_asked_for(caller: Caller) -> None:
    shown = await caller.everything("Contacts")
    everybody = await caller.everything("Contacts", includeArchived="true")
    assert (len(shown), len(everybody)) == (19, 22)
    archived = [row for row in everybody if row["ContactStatus"] == "ARCHIVED"]
    [merged] = [row for row in archived if "MergedToContactID" in row]
    assert merged["MergedToContactID"] in {row["ContactID"] for row in shown}
    by_id = await caller.rows("Contacts", IDs=merged["ContactID"])
    assert [row["ContactID"] for row in by_id] == [merged["ContactID"]]


async def test_the_organisation_has_what_links_and_days_need(caller: Caller) -> None:
    [row] = (await caller.get("/Organisation")).json()["Organisations"]
    assert row["OrganisationID"] == caller.tenant
    assert (row["ShortCode"], row["BaseCurrency"], row["CountryCode"]) == ("!1lqVQ", "AUD", "AU")


async def test_a_large_organisation_refuses_what_costs_too_much(
    caller: Caller, http: AsyncClient
) -> None:
    await http.post("/_sandbox/xero/manners", json={"high_volume": True})

    async def asked(**query: str) -> Response:
        return await caller.get("/Invoices", page=1, **query)

    for where in ("AmountDue>0", 'Status=="DRAFT" OR Status=="PAID"', 'Reference.Contains("x")'):
        refused = await asked(where=where)
        assert (refused.status_code, refused.json()["Type"]) == (400, "HighVolumeException")
    assert (await asked(order="Total DESC")).status_code == 400
    cheap = 'Type=="ACCREC" AND Date>=DateTime(2026,01,01)'
    assert (await asked(where=cheap, order="UpdatedDateUTC ASC")).status_code == 200
    await http.post("/_sandbox/xero/manners", json={"high_volume": False})
    assert (await asked(where="AmountDue>0")).status_code == 200


async def test_deleted_invoices_can_be_hidden_from_lists(caller: Caller, http: AsyncClient) -> None:
    assert "DELETED" in {row["Status"] for row in await caller.everything("Invoices")}
    await http.post("/_sandbox/xero/manners", json={"deleted_hidden": True})
    assert "DELETED" not in {row["Status"] for row in await caller.everything("Invoices")}
    rows = await caller.everything("Invoices", Statuses="DELETED")
    assert {row["Status"] for row in rows} == {"DELETED"}


async def test_answers_are_compressed_for_those_who_can_read_it(caller: Caller) -> None:
    packed = await caller.get("/Invoices", page=1)
    assert packed.headers["content-encoding"] == "gzip"
    caller.headers = {"Accept-Encoding": "identity"}
    plain = await caller.get("/Invoices", page=1)
    assert "content-encoding" not in plain.headers
    assert plain.json()["Invoices"] == packed.json()["Invoices"]


async def test_faults_speak_in_xeros_words(caller: Caller) -> None:
    async def struck(fault: str) -> Response:
        caller.headers = {"X-Sandbox-Fault": fault}
        return await caller.get("/Invoices", page=1)

    away = await struck("503")
    assert away.headers["content-type"].startswith("text/plain")
    assert "offline for maintenance" in away.text
    many = await struck("429:66975")
    assert (many.status_code, many.content, many.headers["retry-after"]) == (429, b"", "66975")
    assert "TokenExpired" in (await struck("401")).json()["Detail"]
    assert (await struck("403")).json()["Detail"] == "AuthenticationUnsuccessful"
    empty = (await struck("empty_list")).json()
    assert (empty["Invoices"], empty["pagination"]["itemCount"]) == ([], 0)
    with pytest.raises(ValueError, match=r".+"):
        (await struck("half_body")).json()


async def test_faults_of_the_token_endpoint_have_one_word(http: AsyncClient) -> None:
    answer = await http.post("/xero/connect/token", headers={"X-Sandbox-Fault": "400"})
    assert answer.json() == {"error": "invalid_grant"}
    answer = await http.post("/xero/connect/token", headers={"X-Sandbox-Fault": "500"})
    assert answer.json() == {"error": "server_error"}
