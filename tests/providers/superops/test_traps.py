"""The traps of SuperOps's contract page: a test for each, by its section and name."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.providers.superops.conftest import (
    ASSET,
    CLIENT,
    INVOICE,
    LINE,
    PLANTED,
    SUMMARY,
    USER,
    SuperOps,
    answer,
    asked,
    detail,
    page,
    sent,
)
from tests.support.outside import Waits

from billingone_api.providers.errors import ProviderError, ProviderRateLimited
from billingone_api.providers.records import Reject
from billingone_api.providers.superops import queries
from billingone_api.providers.superops.client import SuperOpsClient
from billingone_api.providers.superops.errors import SelectionRefused, SubdomainUnknown
from billingone_api.providers.superops.payloads import Invoice, InvoiceSummary

ID = SUMMARY["invoiceId"]
LISTS = (queries.CLIENTS, queries.INVOICES, queries.ASSETS, queries.USERS)
ALL = (*(kind.query for kind in LISTS), queries.INVOICE)


async def only_summary(
    reader: SuperOpsClient, superops: SuperOps, **changed: Any
) -> InvoiceSummary:
    superops.on("getInvoiceList", page("getInvoiceList", SUMMARY | changed))
    (batch,) = [one async for one in reader.invoices().batches()]
    assert batch.rejects == ()
    (found,) = batch.records
    return found


async def only_reject(reader: SuperOpsClient, superops: SuperOps, **changed: Any) -> Reject:
    superops.on("getInvoiceList", page("getInvoiceList", SUMMARY | changed))
    (batch, *_) = [one async for one in reader.invoices().batches()]
    assert batch.records == ()
    (found,) = batch.rejects
    return found


async def test_section_2_a_wrong_subdomain_is_an_empty_answer(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    route = superops.on("getInvoice", httpx.Response(400, content=b""))
    with pytest.raises(SubdomainUnknown):
        await client.invoice(ID)
    assert route.call_count == 1


async def test_section_2_a_limit_may_be_wrapped_in_an_exception_of_another_kind(
    client: SuperOpsClient, superops: SuperOps, waits: Waits
) -> None:
    wrapped = {
        "message": None,
        "extensions": {
            "classification": "DataFetchingException",
            "clientError": [{"code": "rate_limit_exceeded", "param": {}}],
        },
    }
    superops.on("getInvoice", answer({"errors": [wrapped], "data": {}}), detail(INVOICE))
    assert isinstance(await client.invoice(ID), Invoice)
    assert waits.seconds == [60.5]


@pytest.mark.parametrize(
    "error",
    [
        {"extensions": {"classification": "RATE_LIMITED"}},
        {"message": "Exception while fetching data (/getInvoice) : rate_limit_exceeded"},
    ],
)
async def test_section_2_a_limit_is_known_by_each_of_its_words(
    error: dict[str, Any], client: SuperOpsClient, superops: SuperOps, waits: Waits
) -> None:
    superops.on("getInvoice", answer({"errors": [error]}))
    with pytest.raises(ProviderRateLimited) as caught:
        await client.invoice(ID)
    # Within a minute it would only be refused again.
    assert (caught.value.retry_after, waits.seconds) == (60, [60.5, 60.5, 60.5])


async def test_section_2_data_beside_errors_is_no_page(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    whole = json.loads(page("getInvoiceList", SUMMARY).content)
    broken = {"message": "boom", "path": ["getInvoiceList", "invoices", 0, "client"]}
    superops.on("getInvoiceList", answer(whole | {"errors": [broken]}))
    listing = client.invoices()
    with pytest.raises(SelectionRefused):
        assert not [batch async for batch in listing.batches()]
    assert not listing.is_complete


@pytest.mark.parametrize("errors", [[], None])
async def test_section_2_no_errors_are_none(
    errors: Any, client: SuperOpsClient, superops: SuperOps
) -> None:
    superops.on("getInvoice", answer({"errors": errors, "data": {"getInvoice": INVOICE}}))
    assert isinstance(await client.invoice(ID), Invoice)


async def test_section_2_what_they_say_is_not_repeated(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    said = {"message": f"Variable 'input' has an invalid value: {PLANTED}"}
    superops.on("getClientList", answer({"errors": [said]}))
    with pytest.raises(ProviderError) as caught:
        assert not [batch async for batch in client.clients().batches()]
    assert PLANTED not in caught.value.sentence


@pytest.mark.parametrize(
    ("wire", "meant"),
    [
        ("79288383727461662754", "79288383727461662754"),
        (79288383727461662754, "79288383727461662754"),
        (9007199254740993, "9007199254740993"),
        ("7.9e+19", "7.9e+19"),
        ("0061", "0061"),
        ("not-a-number", "not-a-number"),
    ],
)
async def test_section_3_an_id_is_text_whatever_it_looks_like(
    wire: Any, meant: str, client: SuperOpsClient, superops: SuperOps
) -> None:
    found = await only_summary(
        client, superops, invoiceId=wire, client={"accountId": wire, "name": "x"}
    )
    assert found.client is not None
    assert (found.invoice_id, found.client.account_id) == (meant, meant)
    superops.on("getInvoice", detail(INVOICE | {"invoiceId": wire}))
    detailed = await client.invoice(meant)
    assert isinstance(detailed, Invoice)


@pytest.mark.parametrize("wire", [Decimal("7.928838372746166E+19"), Decimal("79288383727461662.0")])
async def test_section_3_an_id_that_was_rounded_is_put_aside(
    wire: Decimal, client: SuperOpsClient, superops: SuperOps
) -> None:
    found = await only_reject(client, superops, invoiceId=wire)
    assert found.pointer == "/invoiceId"
    assert found.sentence == "It is not a whole number, as the ids of SuperOps are."
    found = await only_reject(client, superops, client={"accountId": wire})
    assert (found.source_id, found.pointer) == (ID, "/client/accountId")
    superops.on("getInvoice", detail(INVOICE | {"invoiceId": wire}))
    assert isinstance(await client.invoice(ID), Reject)


@pytest.mark.parametrize(
    ("wire", "meant"),
    [
        ("1250.25", Decimal("1250.25")),
        ("10000", Decimal(10000)),
        ("0.1", Decimal("0.1")),
        ("-12.5", Decimal("-12.5")),
        ("", None),
        (None, None),
        (Decimal("0.30000000000000004"), Decimal("0.30000000000000004")),
        (7, Decimal(7)),
    ],
)
async def test_section_3_money_is_text_and_exact(
    wire: Any, meant: Decimal | None, client: SuperOpsClient, superops: SuperOps
) -> None:
    found = await only_summary(client, superops, totalAmount=wire)
    assert str(found.total_amount) == str(meant)


@pytest.mark.parametrize("wire", ["1,250.25", "$5", "NaN", "Infinity", True, [], "1e400"])
async def test_section_3_money_that_is_none_puts_its_invoice_aside(
    wire: Any, client: SuperOpsClient, superops: SuperOps
) -> None:
    assert (await only_reject(client, superops, totalAmount=wire)).pointer == "/totalAmount"


@pytest.mark.parametrize(
    ("wire", "meant"),
    [
        ("2022-11-29T15:54:16.270", datetime(2022, 11, 29, 15, 54, 16, 270000, UTC)),
        ("2022-04-10T10:15:30", datetime(2022, 4, 10, 10, 15, 30, tzinfo=UTC)),
        ("2022-04-10", date(2022, 4, 10)),
        ("abc123", None),
        ("10/04/2022", None),
        (1669737256270, None),
        ("", None),
        (None, None),
    ],
)
async def test_section_3_a_payment_date_is_in_no_promised_form(
    wire: Any, meant: datetime | date | None, client: SuperOpsClient, superops: SuperOps
) -> None:
    found = await only_summary(client, superops, paymentDate=wire, statusEnum="PAID")
    assert (found.status, found.payment_date) == ("PAID", meant)
    # What could not be read can still be looked at.
    assert found.payment_date_as_sent == (str(wire) if wire else None)


async def test_section_3_an_instant_without_an_offset_is_utc(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    rows = [
        ASSET | {"assetId": "1", "lastCommunicatedTime": "2022-11-29T15:54:16.270"},
        ASSET | {"assetId": "2", "lastCommunicatedTime": ""},
    ]
    superops.on("getAssetList", page("getAssetList", *rows))
    (batch,) = [one async for one in client.assets().batches()]
    assert [one.last_communicated_time for one in batch.records] == [
        datetime(2022, 11, 29, 15, 54, 16, 270000, UTC),
        None,
    ]


@pytest.mark.parametrize("wire", ["2026-06-14T23:59:00", "2026-06-14T23:59:00-10:00", "2026-06-14"])
async def test_section_3_the_day_of_an_invoice_is_the_one_written(
    wire: str, client: SuperOpsClient, superops: SuperOps
) -> None:
    found = await only_summary(client, superops, invoiceDate=wire, dueDate=None)
    assert (found.invoice_date, found.due_date) == (date(2026, 6, 14), None)


@pytest.mark.parametrize("name", ["invoiceDate", "dueDate"])
async def test_section_3_a_day_that_is_none_puts_its_invoice_aside(
    name: str, client: SuperOpsClient, superops: SuperOps
) -> None:
    assert (await only_reject(client, superops, **{name: "14/06/2026"})).pointer == f"/{name}"


async def test_section_3_more_follows_only_where_they_say_true(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    route = superops.on("getInvoiceList", page("getInvoiceList", SUMMARY, more="yes", total=None))
    assert len([one async for one in client.invoices().batches()]) == 1
    assert route.call_count == 1


@pytest.mark.parametrize("count", [1, "1", Decimal("1.0")])
async def test_section_3_a_count_is_a_number_or_text(
    count: Any, client: SuperOpsClient, superops: SuperOps
) -> None:
    superops.on("getInvoiceList", page("getInvoiceList", SUMMARY, total=count))
    listing = client.invoices()
    assert len([one async for one in listing.batches()]) == 1
    assert (listing.is_complete, listing.total) == (True, 1)


@pytest.mark.parametrize("count", ["many", "-1", -1, True, "1" * 5000, "\u0661", [], None])
async def test_section_3_what_is_no_count_completes_nothing(
    count: Any, client: SuperOpsClient, superops: SuperOps
) -> None:
    superops.on("getInvoiceList", page("getInvoiceList", SUMMARY, total=count))
    listing = client.invoices()
    assert len([one async for one in listing.batches()]) == 1
    assert (listing.is_complete, listing.total) == (False, None)


@pytest.mark.parametrize("info", [None, {}, [], "x"])
async def test_section_3_a_list_without_its_info_is_read_and_not_complete(
    info: Any, client: SuperOpsClient, superops: SuperOps
) -> None:
    block = {"invoices": [SUMMARY], "listInfo": info}
    superops.on("getInvoiceList", answer({"data": {"getInvoiceList": block}}))
    listing = client.invoices()
    assert len([one async for one in listing.batches()]) == 1
    assert not listing.is_complete


@pytest.mark.parametrize("rows", [[], None])
async def test_section_3_an_empty_account_is_complete_where_they_say_that_it_is_empty(
    rows: Any, client: SuperOpsClient, superops: SuperOps
) -> None:
    block = {"invoices": rows, "listInfo": {"hasMore": None, "totalCount": 0}}
    superops.on("getInvoiceList", answer({"data": {"getInvoiceList": block}}))
    listing = client.invoices()
    assert [one async for one in listing.batches()] == []
    assert (listing.is_complete, listing.total) == (True, 0)


def test_section_3_json_is_a_leaf_and_objects_are_opened() -> None:
    documents = [one for query in ALL for one in (query.plain, query.fuller) if one]
    for document in documents:
        for leaf in ("assetClass", "deviceCategory", "serviceItem", "site", "emailDomains"):
            assert f"{leaf} {{" not in document
        # An association's ends are objects, those of all others are JSON.
        assert ("client {" in document) == ("getClientUserAssociationList" in document)
        assert document.count("{") == document.count("}")
    assert "taxes {" in queries.INVOICE.plain
    assert "items {" in queries.INVOICE.plain


CONFIRMED = {
    "getClientList": "accountId name stage status emailDomains accountManager primaryContact "
    "hqSite clients",
    "getInvoiceList": "invoiceId displayId client site invoiceDate dueDate statusEnum "
    "sentToClient totalAmount paymentDate invoices",
    "getInvoice": "invoiceId displayId client site invoiceDate dueDate statusEnum sentToClient "
    "discountAmount additionalDiscount additionalDiscountRate totalAmount notes paymentDate "
    "paymentMethod paymentReference invoicePaymentTerm taxes id tax taxRate taxableAmount "
    "taxAmount rate items itemId billedDate details quantity unitPrice discountRate amount "
    "taxable InvoiceIdentifierInput",
    "getAssetList": "assetId name assetClass client site status platform lastCommunicatedTime "
    "patchStatus deviceCategory hostName serialNumber agentVersion assets",
    "getClientUserAssociationList": "id client accountId name site user userId associations",
}


@pytest.mark.parametrize("query", ALL, ids=lambda query: query.operation)
def test_section_3_what_is_asked_for_by_default_was_seen_to_be_answered(
    query: queries.Query,
) -> None:
    punctuation = str.maketrans("(){}:!$", "       ")
    words = set(query.plain.translate(punctuation).split())
    rest = {"query", "input", query.operation, "ListInfoInput", "listInfo", "hasMore", "totalCount"}
    assert words - rest <= set(CONFIRMED[query.operation].split())


async def test_section_4_lists_are_neither_filtered_nor_sorted(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    reads = {
        "getClientList": (client.clients, CLIENT),
        "getInvoiceList": (client.invoices, SUMMARY),
        "getAssetList": (client.assets, ASSET),
        "getClientUserAssociationList": (client.users, USER),
    }
    for operation, (listing, row) in reads.items():
        route = superops.on(operation, page(operation, row))
        assert len([one async for one in listing().batches()]) == 1
        assert asked(route) == [{"page": 1, "pageSize": 100}]
        assert "ListInfoInput!" in sent(route)["query"]


@pytest.mark.parametrize("status", ["DRAFT", "APPROVED", "PAID", "OVERDUE", "VOID", "HELD", None])
async def test_section_5_a_new_status_survives(
    status: str | None, client: SuperOpsClient, superops: SuperOps
) -> None:
    found = await only_summary(client, superops, statusEnum=status)
    assert found.status == status


async def test_section_5_a_number_that_looks_like_a_date_is_text(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    assert (await only_summary(client, superops, displayId="061422-0001")).display_id == (
        "061422-0001"
    )


async def test_section_5_each_field_but_the_id_may_be_missing(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    superops.on("getInvoice", detail({"invoiceId": ID}))
    found = await client.invoice(ID)
    assert isinstance(found, Invoice)
    assert found.model_dump(exclude_none=True) == {"invoice_id": ID}
    superops.on("getInvoice", detail(dict.fromkeys(INVOICE) | {"invoiceId": ID, "items": [{}]}))
    found = await client.invoice(ID)
    assert isinstance(found, Invoice)
    assert found.items is not None
    assert found.items[0].model_dump(exclude_none=True) == {}


async def test_section_5_no_lines_and_unknown_lines_are_two_things(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    superops.on("getInvoice", detail(INVOICE | {"items": [], "taxes": None}))
    found = await client.invoice(ID)
    assert isinstance(found, Invoice)
    assert (found.items, found.taxes) == ((), None)


@pytest.mark.parametrize(
    ("lines", "pointer"),
    [
        ([LINE, None], "/items/1"),
        ([LINE | {"quantity": "ten"}, LINE], "/items/0/quantity"),
        ([LINE | {"details": "x" * 10_001}], "/items/0/details"),
        ([LINE | {"itemId": Decimal("4.5")}], "/items/0/itemId"),
        ({}, "/items"),
    ],
)
async def test_section_5_one_unreadable_line_rejects_its_invoice(
    lines: Any, pointer: str, client: SuperOpsClient, superops: SuperOps
) -> None:
    superops.on("getInvoice", detail(INVOICE | {"items": lines}))
    found = await client.invoice(ID)
    assert isinstance(found, Reject)
    assert (found.source_id, found.pointer) == (ID, pointer)


async def test_section_5_a_long_description_is_kept(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    details = "Seat\n" * 2000
    superops.on("getInvoice", detail(INVOICE | {"items": [LINE | {"details": details}]}))
    found = await client.invoice(ID)
    assert isinstance(found, Invoice)
    assert found.items is not None
    assert found.items[0].details == details.strip()


async def test_section_6_gaps_among_domains_are_passed_over(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    rows = [
        CLIENT | {"accountId": str(number), "emailDomains": domains}
        for number, domains in enumerate([["a.example", None, ""], [], None])
    ]
    superops.on("getClientList", page("getClientList", *rows))
    (batch,) = [one async for one in client.clients().batches()]
    assert batch.rejects == ()
    assert [one.email_domains for one in batch.records] == [("a.example",), (), None]


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"client": None}, "/client"),
        ({"user": None}, "/user"),
        ({"client": {"name": "x"}}, "/client/accountId"),
        ({"user": {"userId": None}}, "/user/userId"),
        ({"user": {"userId": Decimal("2.05E+18")}}, "/user/userId"),
    ],
)
async def test_section_7_an_association_without_one_of_its_ends_is_put_aside(
    changed: dict[str, Any], pointer: str, client: SuperOpsClient, superops: SuperOps
) -> None:
    operation = "getClientUserAssociationList"
    superops.on(operation, page(operation, USER | changed))
    (batch,) = [one async for one in client.users().batches()]
    assert [(one.source_id, one.pointer) for one in batch.rejects] == [(USER["id"], pointer)]


async def test_section_7_one_person_may_belong_to_several_clients(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    operation = "getClientUserAssociationList"
    other = USER | {"id": "2", "client": {"accountId": 7, "name": "Other"}}
    superops.on(operation, page(operation, USER, other))
    (batch,) = [one async for one in client.users().batches()]
    assert [(one.client.account_id, one.user.user_id) for one in batch.records] == [
        ("7929754851606401024", "2054960186819178496"),
        ("7", "2054960186819178496"),
    ]


async def test_section_8_devices_that_are_offline_or_strange_stay_in_the_list(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    rows = [
        ASSET | {"assetId": "1", "status": "OFFLINE"},
        ASSET | {"assetId": "2", "status": "ASLEEP"},
        {"assetId": 3, "client": {}, "assetClass": None},
    ]
    superops.on("getAssetList", page("getAssetList", *rows))
    (batch,) = [one async for one in client.assets().batches()]
    assert [(one.asset_id, one.status) for one in batch.records] == [
        ("1", "OFFLINE"),
        ("2", "ASLEEP"),
        ("3", None),
    ]
    assert batch.rejects == ()
