from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs
from tests.providers.superops.conftest import (
    ASSET,
    BLOWN_UP,
    CLIENT,
    EU,
    INVOICE,
    LINE,
    MORE_OF_LINE,
    PLANTED,
    SUMMARY,
    US,
    USER,
    Clients,
    SuperOps,
    answer,
    asked,
    detail,
    invalid,
    page,
    refused,
    sent,
)
from tests.support.outside import Turns, Waits

from billingone_api.providers.errors import (
    CredentialsRejected,
    MalformedAnswer,
    PermissionDenied,
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
    RecordNotFound,
)
from billingone_api.providers.records import Reject
from billingone_api.providers.superops.account import Region
from billingone_api.providers.superops.client import (
    MOST_IN_A_ROW,
    Capability,
    SuperOpsClient,
)
from billingone_api.providers.superops.errors import (
    QueryFailed,
    SelectionRefused,
    SubdomainUnknown,
    SubscriptionEnded,
)
from billingone_api.providers.superops.listing import Listing
from billingone_api.providers.superops.payloads import Invoice, Line, Tax

ID = "350481346737401856"


async def records(listing: Listing[Any]) -> list[Any]:
    return [one async for batch in listing.batches() for one in batch.records]


def selected(document: str, name: str) -> set[str]:
    """What is selected under a name, its own selections left out."""
    depth, words = 0, []
    for word in document.split(f" {name} {{", 1)[1].replace("}", " } ").split():
        depth += {"{": 1, "}": -1}.get(word, 0)
        if depth < 0:
            break
        words += [word] if depth == 0 and word != "}" else []
    return set(words)


async def test_a_request_is_a_post_with_token_subdomain_and_variables(
    client: SuperOpsClient, superops: SuperOps, turns: Turns
) -> None:
    route = superops.on("getClientList", page("getClientList", CLIENT))
    await records(client.clients())
    request = route.calls.last.request
    assert (request.method, str(request.url)) == ("POST", US)
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Authorization"] == f"Bearer {PLANTED}"
    assert request.headers["CustomerSubDomain"] == "bluegum"
    assert sent(route) == {
        "query": "query getClientList($input: ListInfoInput!) { getClientList(input: $input) "
        "{ clients { accountId name stage status emailDomains } "
        "listInfo { hasMore totalCount } } }",
        "variables": {"input": {"page": 1, "pageSize": 100}},
    }
    assert turns.taken == 1


async def test_a_failure_is_logged_without_what_was_sent(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    superops.on("getInvoice", refused("forbidden", message=PLANTED))
    with capture_logs() as logged, pytest.raises(PermissionDenied):
        await client.invoice(ID)
    assert [(one["event"], one["operation"], one["failure"]) for one in logged] == [
        ("superops_call_failed", "getInvoice", "PermissionDenied")
    ] * 2
    assert PLANTED not in f"{logged}"


async def test_an_account_of_the_eu_is_asked_there(clients: Clients, superops: SuperOps) -> None:
    route = superops.on("getClientList", page("getClientList", CLIENT), url=EU)
    client = clients.client(subdomain="lindengrund", region=Region.EU)
    assert len(await records(client.clients())) == 1
    assert route.calls.last.request.headers["CustomerSubDomain"] == "lindengrund"


async def test_clients(client: SuperOpsClient, superops: SuperOps) -> None:
    superops.on("getClientList", page("getClientList", CLIENT))
    listing = client.clients()
    (found,) = await records(listing)
    assert found.account_id == "7929754851606401024"
    assert (found.name, found.stage, found.status) == ("Wattle Physio", "Active", "Paid")
    assert found.email_domains == ("wattle.example",)
    assert (listing.is_complete, listing.total) == (True, 1)


async def test_invoices_are_listed_without_their_lines(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    route = superops.on("getInvoiceList", page("getInvoiceList", SUMMARY))
    listing = client.invoices()
    (found,) = await records(listing)
    assert (found.invoice_id, found.display_id) == (ID, "061426-0001")
    assert found.client.account_id == "7929754851606401024"
    assert found.client.name == "Wattle Physio"
    assert (found.invoice_date, found.due_date) == (date(2026, 6, 14), date(2026, 6, 28))
    assert (found.status, found.sent_to_client) == ("APPROVED", True)
    assert (found.total_amount, found.payment_date) == (Decimal("1206.89"), None)
    assert listing.is_complete
    assert selected(sent(route)["query"], "invoices") == {
        "invoiceId", "displayId", "client", "invoiceDate", "dueDate", "statusEnum",
        "sentToClient", "totalAmount", "paymentDate",
    }  # fmt: skip
    assert asked(route) == [{"page": 1, "pageSize": 100}]


async def test_assets(client: SuperOpsClient, superops: SuperOps) -> None:
    route = superops.on("getAssetList", page("getAssetList", ASSET))
    listing = client.assets()
    (found,) = await records(listing)
    assert (found.asset_id, found.name) == ("9001114136934215681", "DESKTOP-I9")
    assert found.asset_class.name == "Windows Machine"
    assert found.device_category.name == "Windows Workstation"
    assert found.client.account_id == "7929754851606401024"
    assert (found.host_name, found.serial_number) == ("DESKTOP-I9", "15CD10509R721")
    assert (found.status, found.platform) == ("ONLINE", "Microsoft Windows 11 Pro")
    assert found.last_communicated_time == datetime(2026, 11, 23, 15, 54, 16, 270000, UTC)
    assert listing.is_complete
    assert selected(sent(route)["query"], "assets") == {
        "assetId", "name", "assetClass", "client", "status", "platform", "lastCommunicatedTime",
        "deviceCategory", "hostName", "serialNumber",
    }  # fmt: skip


async def test_users_are_read_from_the_associations(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    route = superops.on("getClientUserAssociationList", page("getClientUserAssociationList", USER))
    listing = client.users()
    (found,) = await records(listing)
    assert found.id == "500000000000000001"
    assert found.client.account_id == "7929754851606401024"
    assert (found.user.user_id, found.user.name) == ("2054960186819178496", "Ada Quince")
    assert listing.is_complete
    query = sent(route)["query"]
    # Objects here, as they are leaves elsewhere.
    assert "associations { id client { accountId name } user { userId name } }" in query


async def test_an_invoice_comes_with_its_lines(client: SuperOpsClient, superops: SuperOps) -> None:
    route = superops.on("getInvoice", detail(INVOICE | {"items": [LINE | MORE_OF_LINE]}))
    found = await client.invoice(ID)
    assert isinstance(found, Invoice)
    assert (found.invoice_id, found.total_amount) == (ID, Decimal("1206.89"))
    assert found.discount_amount == Decimal("160.33")
    assert (found.additional_discount, found.additional_discount_rate) == (Decimal(0), None)
    assert found.taxes == (
        Tax(tax_rate=Decimal(10), taxable_amount=Decimal("1097.17"), tax_amount=Decimal("109.72")),
    )
    assert found.items is not None
    (line,) = found.items
    assert isinstance(line, Line)
    assert (line.item_id, line.details, line.taxable) == ("4", "Drives", True)
    assert (line.quantity, line.unit_price) == (Decimal(10), Decimal("125.75"))
    assert (line.discount_rate, line.amount) == (Decimal("12.75"), Decimal("1097.17"))
    assert line.tax_amount == Decimal("109.72")
    assert line.service_item is not None
    assert line.service_item.name == "Drive 2 TB"
    query = sent(route)["query"]
    assert query.startswith("query getInvoice($input: InvoiceIdentifierInput!) {")
    assert asked(route) == [{"invoiceId": ID}]
    assert selected(query, "items") == {
        "itemId", "details", "quantity", "unitPrice", "discountRate", "amount", "taxable",
        "taxAmount", "serviceItem",
    }  # fmt: skip
    assert selected(query, "taxes") == {"taxRate", "taxableAmount", "taxAmount"}


@pytest.mark.parametrize(
    "gone",
    [detail(None), refused("entity_does_not_exist"), refused("entity_does_not_exist", data=None)],
)
async def test_an_invoice_that_is_not_there_is_not_found(
    gone: httpx.Response, client: SuperOpsClient, superops: SuperOps
) -> None:
    route = superops.on("getInvoice", gone)
    with pytest.raises(RecordNotFound):
        await client.invoice(ID)
    assert route.call_count == 1


async def test_an_invoice_that_is_not_there_does_not_cost_the_fuller_query(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    route = superops.on("getInvoice", refused("entity_does_not_exist"), detail(INVOICE))
    with pytest.raises(RecordNotFound):
        await client.invoice(ID)
    await client.invoice(ID)
    assert "serviceItem" in sent(route)["query"]


async def test_another_invoice_than_the_one_asked_for_is_not_taken(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    superops.on("getInvoice", detail(INVOICE))
    with pytest.raises(MalformedAnswer, match="not the invoice asked for"):
        await client.invoice("350481346737401857")


FAILURES: list[tuple[httpx.Response, type[ProviderError], str]] = [
    (answer({"error": "no"}, 401), CredentialsRejected, "Create a new API token"),
    (httpx.Response(401, text="<html>"), CredentialsRejected, "Create a new API token"),
    (answer(refused("forbidden").json(), 401), CredentialsRejected, "Create a new API token"),
    (httpx.Response(400), SubdomainUnknown, "does not know this subdomain"),
    (httpx.Response(400, text="\r\n"), SubdomainUnknown, "does not know this subdomain"),
    (httpx.Response(400, text="<html>Bad request"), MalformedAnswer, "HTTP 400"),
    (httpx.Response(400, text="Bad request"), MalformedAnswer, "HTTP 400"),
    (answer({"message": "Bad request"}, 400), MalformedAnswer, "HTTP 400"),
    (httpx.Response(403), PermissionDenied, "does not let us read clients"),
    (httpx.Response(404), MalformedAnswer, "no API at its address"),
    (httpx.Response(405), MalformedAnswer, "HTTP 405"),
    (httpx.Response(302), MalformedAnswer, "not the JSON"),
    (refused("forbidden"), PermissionDenied, "does not let us read clients. Give the user"),
    (refused("FORBIDDEN "), PermissionDenied, "does not let us read clients"),
    (refused("subscription_trial_expired"), SubscriptionEnded, "The trial of SuperOps has ended."),
    (refused("subscription_paused"), SubscriptionEnded, "is paused. Renew it there."),
    (refused("subscription_cancelled"), SubscriptionEnded, "is cancelled"),
    (refused("forbidden", "subscription_paused"), SubscriptionEnded, "is paused"),
    (refused("entity_does_not_exist"), MalformedAnswer, "there are no clients in it"),
    (refused("type_validation_failed"), SelectionRefused, "clients: type_validation_failed"),
    (refused("mandatory_validation_failed", "value_length_exceeds_limit"), SelectionRefused,
     "mandatory_validation_failed, value_length_exceeds_limit"),
    (refused("unheard_of"), SelectionRefused, "unheard_of"),
    (refused(f"{PLANTED} é"), SelectionRefused, "no reason given"),
    (invalid(), SelectionRefused, "clients: SubSelectionNotAllowed"),
    (answer({"errors": [{"message": "Field 'x' in type 'Y' is undefined (FieldUndefined)"}]}),
     SelectionRefused, "FieldUndefined"),
    (invalid(None), SelectionRefused, "validationerror"),
    (answer({"errors": [{"message": None}], "data": None}), SelectionRefused, "no reason given"),
    (answer({"errors": [{}]}), SelectionRefused, "no reason given"),
    (answer({"errors": [None, 7, "no"]}), SelectionRefused, "no reason given"),
    (answer({"errors": "no"}), SelectionRefused, "no reason given"),
    (answer({"errors": {"extensions": {"clientError": {"code": "forbidden"}}}}),
     PermissionDenied, "does not let us"),
    (answer({"errors": [{"extensions": {"clientError": [None, {"code": 7}]}}]}),
     SelectionRefused, "no reason given"),
    (answer({"errors": [{"extensions": {"code": "forbidden"}}]}),
     PermissionDenied, "does not let us"),
    (answer({"errors": [{"extensions": "forbidden"}]}), SelectionRefused, "no reason given"),
    (answer({"errors": [{"extensions": {"classification": {"type": "X"}}}]}),
     SelectionRefused, "no reason given"),
    (answer(refused("type_validation_failed").json(), 400), SelectionRefused, "type_validation"),
    (answer(refused("forbidden").json(), 400), PermissionDenied, "does not let us"),
    (answer({"data": {}}), MalformedAnswer, "nothing of what was asked"),
    (answer({"data": None}), MalformedAnswer, "nothing of what was asked"),
    (answer({"data": [], "errors": []}), MalformedAnswer, "nothing of what was asked"),
    (answer([]), MalformedAnswer, "nothing of what was asked"),
    (answer(None), MalformedAnswer, "nothing of what was asked"),
    (answer({"data": {"getClientList": None}}), MalformedAnswer, "no list of clients"),
    (answer({"data": {"getClientList": []}}), MalformedAnswer, "no list of clients"),
    (answer({"data": {"getClientList": {"clients": None}}}), MalformedAnswer, "no list of clients"),
    (answer({"data": {"getClientList": {"clients": None, "listInfo": {"totalCount": 1}}}}),
     MalformedAnswer, "no list of clients"),
    (answer({"data": {"getClientList": {"clients": {}}}}), MalformedAnswer, "no list of clients"),
]  # fmt: skip


@pytest.mark.parametrize(("outcome", "kind", "sentence"), FAILURES)
async def test_each_refusal_is_told_in_our_words_and_not_tried_again(
    outcome: httpx.Response,
    kind: type[ProviderError],
    sentence: str,
    client: SuperOpsClient,
    superops: SuperOps,
    waits: Waits,
) -> None:
    route = superops.on("getClientList", outcome)
    with pytest.raises(ProviderError) as caught:
        await records(client.clients())
    assert type(caught.value) is kind
    assert sentence in caught.value.sentence
    assert caught.value.provider == "superops"
    assert PLANTED not in f"{caught.value} {caught.value!r}"
    assert (route.call_count, waits.seconds) == (1, [])


PASSING: list[tuple[httpx.Response | Exception, type[ProviderError], list[float]]] = [
    (refused("rate_limit_exceeded"), ProviderRateLimited, [60.5, 60.5, 60.5]),
    (httpx.Response(429), ProviderRateLimited, [12.5, 25, 50]),
    (answer(BLOWN_UP), QueryFailed, [0.375, 0.75, 1.5]),
    (answer(BLOWN_UP | {"data": {"getClientList": None}}), QueryFailed, [0.375, 0.75, 1.5]),
    (answer({"errors": [{"extensions": {"classification": "DataFetchingException"}}]}),
     QueryFailed, [0.375, 0.75, 1.5]),
    (httpx.Response(503), ProviderUnavailable, [0.375, 0.75, 1.5]),
    (httpx.ReadTimeout("slow"), ProviderUnavailable, [0.375, 0.75, 1.5]),
    (httpx.Response(200), MalformedAnswer, [0.375, 0.75, 1.5]),
    (httpx.Response(200, text="<html>"), MalformedAnswer, [0.375, 0.75, 1.5]),
]  # fmt: skip


@pytest.mark.parametrize(("outcome", "kind", "waited"), PASSING)
async def test_what_may_pass_is_tried_four_times_in_all(
    outcome: Any,
    kind: type[ProviderError],
    waited: list[float],
    client: SuperOpsClient,
    superops: SuperOps,
    waits: Waits,
) -> None:
    route = superops.on("getClientList", *[outcome] * 4)
    with pytest.raises(ProviderError) as caught:
        await records(client.clients())
    assert type(caught.value) is kind
    assert (route.call_count, waits.seconds) == (4, waited)


@pytest.mark.parametrize(("outcome", "kind", "waited"), PASSING)
async def test_what_passes_is_forgotten(
    outcome: Any,
    kind: type[ProviderError],
    waited: list[float],
    client: SuperOpsClient,
    superops: SuperOps,
    turns: Turns,
) -> None:
    superops.on("getClientList", outcome, page("getClientList", CLIENT))
    assert len(await records(client.clients())) == 1
    assert turns.taken == 2
    # Whoever keeps the turns for all hears of it, unless they were there and failed at this.
    assert [error is None for error in turns.outcomes] == [kind is QueryFailed, True]


REFUSALS_OF_THE_FULLER = [
    invalid(),
    refused("forbidden"),
    refused("unheard_of"),
    answer({"errors": [{"message": "x"}], "data": {"getInvoice": INVOICE}}),
    answer(refused("type_validation_failed").json(), 400),
]


@pytest.mark.parametrize("refusal", REFUSALS_OF_THE_FULLER)
async def test_a_fuller_query_that_was_refused_is_not_asked_again(
    refusal: httpx.Response, client: SuperOpsClient, superops: SuperOps, waits: Waits
) -> None:
    route = superops.on("getInvoice", refusal, *[detail(INVOICE)] * 3)
    for _ in range(3):
        found = await client.invoice(ID)
        assert isinstance(found, Invoice)
        assert found.items is not None
        assert (found.items[0].amount, found.items[0].tax_amount) == (Decimal("1097.17"), None)
    fuller, *plain = (sent(route, number)["query"] for number in range(route.call_count))
    assert len(plain) == 3
    assert selected(fuller, "items") - selected(plain[0], "items") == {"taxAmount", "serviceItem"}
    assert set(plain) == {plain[0]}
    assert waits.seconds == []


async def test_an_invoice_they_fail_at_is_asked_for_less_and_the_next_for_all(
    client: SuperOpsClient, superops: SuperOps, waits: Waits
) -> None:
    whole = INVOICE | {"items": [LINE | MORE_OF_LINE]}
    failing = [answer(BLOWN_UP), detail(INVOICE)]
    route = superops.on("getInvoice", *failing, *failing, detail(whole), *failing, detail(whole))
    found = [await client.invoice(ID) for _ in range(5)]
    amounts = [one.items[0].tax_amount for one in found if isinstance(one, Invoice) and one.items]
    assert amounts == [None, None, Decimal("109.72"), None, Decimal("109.72")]
    assert "serviceItem" in sent(route)["query"]
    assert waits.seconds == []


async def test_where_they_fail_at_every_invoice_it_is_no_invoices_fault(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    failing = [answer(BLOWN_UP), detail(INVOICE)] * MOST_IN_A_ROW
    route = superops.on("getInvoice", *failing, detail(INVOICE))
    for _ in range(MOST_IN_A_ROW + 1):
        await client.invoice(ID)
    assert route.call_count == 2 * MOST_IN_A_ROW + 1
    assert "serviceItem" not in sent(route)["query"]


async def test_another_client_asks_for_more_again(clients: Clients, superops: SuperOps) -> None:
    route = superops.on("getInvoice", invalid(), detail(INVOICE), detail(INVOICE))
    await clients.client().invoice(ID)
    await clients.client().invoice(ID)
    assert "serviceItem" in sent(route)["query"]


@pytest.mark.parametrize(
    ("outcome", "kind", "calls"),
    [
        (refused("subscription_paused"), SubscriptionEnded, 1),
        (httpx.Response(401), CredentialsRejected, 1),
        (refused("rate_limit_exceeded"), ProviderRateLimited, 4),
        (httpx.Response(503), ProviderUnavailable, 4),
    ],
)
async def test_what_is_not_about_the_fields_does_not_cost_the_fuller_query(
    outcome: httpx.Response,
    kind: type[ProviderError],
    calls: int,
    client: SuperOpsClient,
    superops: SuperOps,
) -> None:
    route = superops.on("getInvoice", *[outcome] * calls, detail(INVOICE))
    with pytest.raises(kind):
        await client.invoice(ID)
    assert route.call_count == calls
    await client.invoice(ID)
    assert "serviceItem" in sent(route)["query"]


@pytest.mark.parametrize(
    ("refusal", "kind", "plain_calls"),
    [
        (refused("forbidden"), PermissionDenied, 1),
        (invalid(), SelectionRefused, 1),
        (answer(BLOWN_UP), QueryFailed, 4),
    ],
)
async def test_where_the_plain_query_is_refused_too_that_is_told(
    refusal: httpx.Response,
    kind: type[ProviderError],
    plain_calls: int,
    client: SuperOpsClient,
    superops: SuperOps,
) -> None:
    route = superops.on("getInvoice", refusal)
    with pytest.raises(kind, match="invoices"):
        await client.invoice(ID)
    assert route.call_count == 1 + plain_calls


async def test_a_check_asks_for_one_record_of_each_in_ways_that_are_confirmed(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    routes = {name: superops.on(name, page(name)) for name in (*CHECKED,)}
    assert await client.check() == frozenset()
    for name, route in routes.items():
        assert asked(route) == [{"page": 1, "pageSize": 1}]
        assert sent(route)["query"].startswith(f"query {name}(")


CHECKED = {
    "getClientList": Capability.CLIENTS,
    "getInvoiceList": Capability.INVOICES,
    "getAssetList": Capability.ASSETS,
}


@pytest.mark.parametrize("denied", [{"getInvoiceList"}, {"getAssetList"}, set(CHECKED)])
async def test_a_check_says_for_itself_what_each_may_not_be_read(
    denied: set[str], client: SuperOpsClient, superops: SuperOps
) -> None:
    for name in CHECKED:
        superops.on(name, refused("forbidden") if name in denied else page(name))
    assert await client.check() == {CHECKED[name] for name in denied}


@pytest.mark.parametrize(
    ("operation", "outcome", "kind"),
    [
        ("getClientList", httpx.Response(401), CredentialsRejected),
        ("getClientList", httpx.Response(400), SubdomainUnknown),
        ("getInvoiceList", refused("subscription_cancelled"), SubscriptionEnded),
        ("getAssetList", invalid(), SelectionRefused),
        ("getAssetList", answer({"data": {"getAssetList": {}}}), MalformedAnswer),
    ],
)
async def test_a_check_that_fails_otherwise_fails(
    operation: str,
    outcome: httpx.Response,
    kind: type[ProviderError],
    client: SuperOpsClient,
    superops: SuperOps,
) -> None:
    for name in CHECKED:
        superops.on(name, outcome if name == operation else page(name))
    with pytest.raises(kind):
        await client.check()


async def test_one_unreadable_line_puts_its_invoice_aside(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    superops.on("getInvoice", detail(INVOICE | {"items": [LINE, LINE | {"amount": "ten"}]}))
    found = await client.invoice(ID)
    assert isinstance(found, Reject)
    assert (found.source_id, found.pointer) == (ID, "/items/1/amount")
    assert found.sentence == "It is not a number."


async def test_a_list_is_walked_page_by_page(client: SuperOpsClient, superops: SuperOps) -> None:
    rows = [CLIENT | {"accountId": str(number)} for number in range(150)]
    route = superops.on(
        "getClientList",
        page("getClientList", *rows[:100], more=True, total=150),
        page("getClientList", *rows[100:], total=150),
    )
    listing = client.clients()
    assert [one.account_id for one in await records(listing)] == [row["accountId"] for row in rows]
    assert [one["page"] for one in asked(route)] == [1, 2]
    assert (listing.is_complete, listing.total) == (True, 150)


async def test_a_list_that_breaks_off_is_not_complete(
    client: SuperOpsClient, superops: SuperOps
) -> None:
    rows = [CLIENT | {"accountId": str(number)} for number in range(100)]
    superops.on(
        "getClientList",
        page("getClientList", *rows, more=True, total=150),
        refused("forbidden"),
    )
    listing = client.clients()
    batches = listing.batches()
    assert len((await anext(batches)).records) == 100
    with pytest.raises(PermissionDenied):
        await anext(batches)
    assert not listing.is_complete
