"""What Pax8 does to its callers, one test each; the traps by their number in its contract."""

import json
import traceback
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs
from tests.providers.pax8.conftest import (
    API,
    AUDIENCE,
    COMPANY,
    PLANTED,
    SUBSCRIPTION,
    Pax8,
    answer,
    page,
    sold,
)
from tests.support.clock import NOW, SetClock
from tests.support.outside import Turns, Waits

from billingone_api.kit.cipher import Secret
from billingone_api.providers.errors import (
    CredentialsRejected,
    MalformedAnswer,
    PermissionDenied,
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
    RecordNotFound,
)
from billingone_api.providers.pax8.client import Pax8Client
from billingone_api.providers.pax8.payloads import (
    KNOWN_STATUSES,
    KNOWN_TERMS,
    Commitment,
    Company,
    Pricing,
    Product,
    Rate,
    Subscription,
)
from billingone_api.providers.pax8.tokens import ClientCredentials
from billingone_api.providers.tokens import MemoryTokenStore, StoredToken

BAD_GATEWAY = httpx.Response(502, text="<html><title>502 Bad Gateway</title></html>")


async def only_subscription(client: Pax8Client, pax8: Pax8, **changed: Any) -> Subscription:
    """The record read from a page of one row, changed as told; what is None goes out as null."""
    pax8.on("subscriptions", page(SUBSCRIPTION | changed))
    found = await client.subscriptions(0)
    assert found.rejects == ()
    return found.records[0]


# Trap 1: paging


@pytest.mark.parametrize(
    ("kind", "row", "sort"),
    [("companies", COMPANY, "name,asc"), ("subscriptions", SUBSCRIPTION, "createdDate,asc")],
)
@pytest.mark.parametrize("number", [0, 1, 7])
async def test_pages_count_from_0_and_always_hold_200_in_a_stable_order(
    kind: str, row: dict[str, Any], sort: str, number: int, client: Pax8Client, pax8: Pax8
) -> None:
    route = pax8.on(kind, page(row, number=number, total=1401, pages=8))
    found = await getattr(client, kind)(number)
    assert (found.number, found.total_pages, found.total_records) == (number, 8, 1401)
    assert [record.id for record in found.records] == [row["id"]]
    sent = route.calls.last.request
    assert str(sent.url.copy_with(query=None)) == f"{API}/{kind}"
    # Trap 2: nothing else can be asked for, and no "modified since"
    assert dict(sent.url.params) == {"page": str(number), "size": "200", "sort": sort}
    assert sent.headers["Accept"] == "application/json"
    assert sent.headers["Authorization"] == "Bearer eyJ.1.sig"
    assert sent.content == b""


async def test_a_list_of_nothing_has_0_pages(client: Pax8Client, pax8: Pax8) -> None:
    pax8.on("subscriptions", page(total=0, pages=0))
    found = await client.subscriptions(0)
    assert (found.records, found.rejects, found.total_pages, found.total_records) == ((), (), 0, 0)


async def test_the_paging_block_is_nested_and_nowhere_else(client: Pax8Client, pax8: Pax8) -> None:
    flat = {"content": [COMPANY], "size": 200, "totalElements": 237, "totalPages": 2, "number": 0}
    pax8.on("companies", answer(flat))
    with pytest.raises(MalformedAnswer, match="does not say which one it is"):
        await client.companies(0)


@pytest.mark.parametrize("written", [Decimal("2.0"), Decimal("2E+0"), 2])
async def test_counts_are_numbers_of_any_spelling(
    written: Any, client: Pax8Client, pax8: Pax8
) -> None:
    pax8.on("companies", page(COMPANY, number=Decimal("0.0"), total=written, pages=written))
    found = await client.companies(0)
    assert (found.number, found.total_pages, found.total_records) == (0, 2, 2)


BLOCK = {"size": 200, "totalElements": 1, "totalPages": 1, "number": 0}


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        [COMPANY],
        "companies",
        {},
        {"content": None, "page": BLOCK},
        {"content": {"0": COMPANY}, "page": BLOCK},
        {"content": [COMPANY]},
        {"content": [COMPANY], "page": None},
        {"content": [COMPANY], "page": [BLOCK]},
        {"content": [COMPANY], "page": {}},
        {"content": [COMPANY], "page": BLOCK | {"number": 1}},
        {"content": [COMPANY], "page": BLOCK | {"number": None}},
        {"content": [COMPANY], "page": BLOCK | {"number": "0"}},
        {"content": [COMPANY], "page": BLOCK | {"totalPages": None}},
        {"content": [COMPANY], "page": BLOCK | {"totalPages": -1}},
        {"content": [COMPANY], "page": BLOCK | {"totalPages": True}},
        {"content": [COMPANY], "page": BLOCK | {"totalPages": Decimal("1.5")}},
        {"content": [COMPANY], "page": BLOCK | {"totalPages": Decimal("1E+999999999")}},
        {"content": [COMPANY], "page": BLOCK | {"totalElements": None}},
        {"content": [COMPANY], "page": BLOCK | {"totalElements": "1"}},
        {"type": "NOT_FOUND", "message": "no", "status": 404, "details": []},
    ],
    ids=lambda body: str(body)[-70:],
)
async def test_what_is_not_the_page_asked_for_is_not_used(
    body: Any, client: Pax8Client, pax8: Pax8
) -> None:
    pax8.on("companies", answer(body))
    with pytest.raises(MalformedAnswer):
        await client.companies(0)


@pytest.mark.parametrize(("number", "total"), [(0, 1), (0, 5000), (1, 201), (24, 5000)])
async def test_an_empty_page_where_rows_should_be_is_no_end(
    number: int, total: int, client: Pax8Client, pax8: Pax8
) -> None:
    pax8.on("subscriptions", page(number=number, total=total, pages=25))
    with pytest.raises(MalformedAnswer, match="empty that should not be"):
        await client.subscriptions(number)


@pytest.mark.parametrize(("number", "total"), [(0, 0), (1, 200), (2, 201), (25, 5000)])
async def test_an_empty_page_behind_the_last_row_is_the_end(
    number: int, total: int, client: Pax8Client, pax8: Pax8
) -> None:
    pax8.on("subscriptions", page(number=number, total=total, pages=number))
    assert (await client.subscriptions(number)).records == ()


async def test_a_page_of_another_size_than_asked_for_is_judged_by_its_own(
    client: Pax8Client, pax8: Pax8
) -> None:
    block = {"size": 100, "totalElements": 150, "totalPages": 2, "number": 1}
    pax8.on("companies", answer({"content": [], "page": block}))
    with pytest.raises(MalformedAnswer, match="empty that should not be"):
        await client.companies(1)


async def test_a_page_with_too_few_rows_still_says_how_many_there_are(
    client: Pax8Client, pax8: Pax8
) -> None:
    pax8.on("subscriptions", page(SUBSCRIPTION, total=5000, pages=25))
    found = await client.subscriptions(0)
    assert (len(found.records), found.total_records) == (1, 5000)


async def test_a_page_cut_short_is_asked_for_again(
    client: Pax8Client, pax8: Pax8, waits: Waits
) -> None:
    whole = page(COMPANY)
    cut = httpx.Response(200, content=whole.content[: len(whole.content) // 2])
    route = pax8.on("companies", cut, cut, whole)
    assert len((await client.companies(0)).records) == 1
    assert route.call_count == 3
    assert len(waits.seconds) == 2


async def test_a_page_that_stays_cut_short_is_not_used_in_part(
    client: Pax8Client, pax8: Pax8
) -> None:
    whole = page(COMPANY, COMPANY, COMPANY)
    pax8.on("companies", httpx.Response(200, content=whole.content[:-10]))
    with pytest.raises(MalformedAnswer, match="not the JSON asked for"):
        await client.companies(0)


async def test_a_list_that_is_not_at_its_address_is_not_a_missing_record(
    client: Pax8Client, pax8: Pax8
) -> None:
    pax8.on("companies", httpx.Response(404))
    with pytest.raises(MalformedAnswer, match="no companies at its address"):
        await client.companies(0)


# Trap 3: commitment


BOUND = {"id": "0f0d9a51", "term": "1-Year", "endDate": "2027-01-31T23:59:59Z"}
END = datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "sent",
    [
        {"commitmentTerm": BOUND},
        {"commitment": BOUND},
        {"commitmentTerm": None, "commitment": BOUND},
        {"commitmentTerm": BOUND, "commitment": None},
        {"commitmentTerm": {}, "commitment": BOUND},
        {"commitmentTerm": BOUND, "commitment": {"term": None}},
    ],
)
async def test_a_commitment_is_read_under_both_names(
    sent: dict[str, Any], client: Pax8Client, pax8: Pax8
) -> None:
    found = (await only_subscription(client, pax8, **sent)).commitment
    assert found is not None
    assert (found.id, found.term, found.end_date) == ("0f0d9a51", "1-Year", END)


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"commitmentTerm": None},
        {"commitment": None},
        {"commitmentTerm": None, "commitment": None},
        {"commitment": {}},
        {"commitment": {"id": None, "term": "", "endDate": None}},
    ],
)
async def test_who_is_bound_to_nothing_has_no_commitment(
    sent: dict[str, Any], client: Pax8Client, pax8: Pax8
) -> None:
    assert (await only_subscription(client, pax8, **sent)).commitment is None


async def test_a_commitment_need_not_say_all(client: Pax8Client, pax8: Pax8) -> None:
    found = await only_subscription(client, pax8, commitment={"term": "3-Year"})
    assert found.commitment == Commitment(term="3-Year")


# Trap 4: the document's own examples


@pytest.mark.parametrize(
    "row",
    [
        {"id": "c1"},
        {"id": "c1", "name": "No Phone Pty Ltd", "address": {"city": "Hobart", "country": "AU"}},
        {"id": "c1", "name": None, "status": None, "website": None, "externalId": None},
        {"id": "c1", "name": "N", "orderApprovalRequired": "yes", "contacts": [{"types": None}]},
        {"id": "c1", "name": "N", "newField": {"deep": [1, {"er": None}]}},
        {"id": "c1", "website": "", "externalId": "  "},
    ],
)
async def test_a_company_needs_nothing_but_its_id(
    row: dict[str, Any], client: Pax8Client, pax8: Pax8
) -> None:
    pax8.on("companies", page(row))
    found = await client.companies(0)
    assert found.rejects == ()
    assert found.records[0].id == "c1"
    assert found.records[0].website is None


async def test_a_subscription_needs_nothing_but_its_id(client: Pax8Client, pax8: Pax8) -> None:
    pax8.on("subscriptions", page({"id": "s1"}))
    assert (await client.subscriptions(0)).records == (Subscription(id="s1"),)


async def test_every_field_of_a_subscription_may_be_null(client: Pax8Client, pax8: Pax8) -> None:
    names = [found.validation_alias for found in Subscription.model_fields.values()]
    nulls = dict.fromkeys(str(name) for name in names)
    pax8.on("subscriptions", page(nulls | {"id": "s1"}))
    assert (await client.subscriptions(0)).records == (Subscription(id="s1"),)


async def test_a_record_that_cannot_be_read_spoils_no_other(client: Pax8Client, pax8: Pax8) -> None:
    rows = [
        SUBSCRIPTION,
        SUBSCRIPTION | {"id": "s2", "quantity": "a few"},
        SUBSCRIPTION | {"id": None},
        "s4",
        SUBSCRIPTION | {"id": "s5", "startDate": "soon"},
        SUBSCRIPTION | {"id": "s6", "price": Decimal("1E+9999999")},
        SUBSCRIPTION | {"id": "s7"},
    ]
    pax8.on("subscriptions", page(*rows))
    found = await client.subscriptions(0)
    assert [record.id for record in found.records] == [SUBSCRIPTION["id"], "s7"]
    assert [(reject.source_id, reject.reason) for reject in found.rejects] == [
        ("s2", "/quantity: It is not a number."),
        (None, "/id: It is not text."),
        (None, "/: It is not an object."),
        ("s5", "/startDate: It is not a date."),
        ("s6", "/price: It is beyond any amount we keep."),
    ]
    assert found.total_records == 7


async def test_an_id_need_not_be_a_uuid(client: Pax8Client, pax8: Pax8) -> None:
    odd = "e73f3a55-f1da-4efd-88eb-bf3je60ad5lq"
    assert (await only_subscription(client, pax8, id=odd)).id == odd


# Trap 5: dates


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("2021-01-01T08:30:00Z", datetime(2021, 1, 1, 8, 30, tzinfo=UTC)),
        ("2020-12-01T13:20:13.153-0700", datetime(2020, 12, 1, 20, 20, 13, 153000, UTC)),
        ("2020-12-03", date(2020, 12, 3)),
        ("2000-10-31T01:30:00.000-05:00", datetime(2000, 10, 31, 6, 30, tzinfo=UTC)),
        ("", None),
        (None, None),
    ],
)
@pytest.mark.parametrize(
    "name", ["startDate", "endDate", "createdDate", "updatedDate", "billingStart"]
)
async def test_every_date_may_come_in_each_shape(
    name: str, sent: str | None, meant: object, client: Pax8Client, pax8: Pax8
) -> None:
    record = await only_subscription(client, pax8, **{name: sent})
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    found = getattr(record, snake)
    assert (found, type(found)) == (meant, type(meant))


# Traps 6 and 15: money


@pytest.mark.parametrize("amount", ["86.456", "1412.5874", "0.0001", "32.90", "250", "0", "-15.5"])
async def test_price_and_partner_cost_stay_apart_and_exact(
    amount: str, client: Pax8Client, pax8: Pax8
) -> None:
    record = await only_subscription(client, pax8, price=Decimal(amount), partnerCost=None)
    assert (str(record.price), record.partner_cost) == (amount, None)
    record = await only_subscription(client, pax8, price=None, partnerCost=Decimal(amount))
    assert (record.price, str(record.partner_cost)) == (None, amount)


@pytest.mark.parametrize("quantity", ["17", "17.0", "0.5", "1E+2"])
async def test_a_quantity_is_a_number_and_not_always_whole(
    quantity: str, client: Pax8Client, pax8: Pax8
) -> None:
    record = await only_subscription(client, pax8, quantity=Decimal(quantity))
    assert record.quantity == Decimal(quantity)


# Trap 7: terms


async def test_a_year_bound_and_billed_monthly_is_both(client: Pax8Client, pax8: Pax8) -> None:
    record = await only_subscription(client, pax8, billingTerm="Monthly", commitment=BOUND)
    assert record.billing_term == "Monthly"
    assert record.commitment is not None
    assert record.commitment.term == "1-Year"


@pytest.mark.parametrize("term", [*sorted(KNOWN_TERMS), "1-Year", "5-Year", "Quarterly", "2 Year"])
async def test_a_term_nobody_knows_survives_as_it_is(
    term: str, client: Pax8Client, pax8: Pax8
) -> None:
    assert (await only_subscription(client, pax8, billingTerm=term)).billing_term == term


def test_the_terms_known_today() -> None:
    assert sorted(KNOWN_TERMS) == [
        "2-Year", "3-Year", "Activation", "Annual", "Monthly", "One-Time", "Trial",
    ]  # fmt: skip


# Trap 8: usage


@pytest.mark.parametrize(("rows", "billed"), [([], False), ([{"id": "u1"}], True), ([None], True)])
async def test_usage_is_told_by_its_summaries(
    *, rows: list[Any], billed: bool, client: Pax8Client, pax8: Pax8
) -> None:
    route = pax8.on("subscriptions/s1/usage-summaries", page(*rows))
    assert await client.has_usage("s1") is billed
    assert dict(route.calls.last.request.url.params) == {"page": "0", "size": "1"}


# Trap 9: statuses


@pytest.mark.parametrize("status", [*sorted(KNOWN_STATUSES), "Suspended", "suspended by vendor"])
async def test_a_status_nobody_knows_survives_as_it_is(
    status: str, client: Pax8Client, pax8: Pax8
) -> None:
    assert (await only_subscription(client, pax8, status=status)).status == status


def test_the_statuses_known_today_hold_no_suspension() -> None:
    assert sorted(KNOWN_STATUSES) == [
        "Activated", "Active", "Cancelled", "Converted", "PendingActivation", "PendingAutomated",
        "PendingCancel", "PendingManual", "Trial", "WaitingForDetails",
    ]  # fmt: skip


# Trap 10: what a subscription does not say


async def test_a_product_names_its_vendor(client: Pax8Client, pax8: Pax8) -> None:
    row = {
        "id": "p1",
        "name": "Mail Guard",
        "vendorName": "Fenced Ltd",
        "shortDescription": None,
        "vendorSku": "MG-1",
        "requiresCommitment": True,
    }
    route = pax8.on("products/p1", answer(row))
    assert await client.product("p1") == Product(
        id="p1",
        name="Mail Guard",
        vendor_name="Fenced Ltd",
        vendor_sku="MG-1",
        requires_commitment=True,
    )
    assert str(route.calls.last.request.url) == f"{API}/products/p1"


async def test_a_price_list_has_no_page_block_and_open_ranges(
    client: Pax8Client, pax8: Pax8
) -> None:
    listed = {
        "productId": "p1",
        "billingTerm": "Annual",
        "commitmentTerm": "1-Year",
        "commitmentTermInMonths": 12,
        "type": "Mark-Up",
        "rates": [
            {
                "partnerBuyRate": Decimal("331.6812"),
                "startQuantityRange": 1,
                "chargeType": "per_unit",
            }
        ],
    }
    pax8.on("products/p1/pricing", answer({"content": [listed, {"rates": None}, {"rates": 7}]}))
    with capture_logs() as logs:
        found = await client.pricing("p1")
    rate = Rate(
        partner_buy_rate=Decimal("331.6812"),
        start_quantity_range=Decimal(1),
        charge_type="per_unit",
    )
    assert found == (
        Pricing(
            product_id="p1",
            billing_term="Annual",
            commitment_term="1-Year",
            commitment_term_in_months=Decimal(12),
            type="Mark-Up",
            rates=(rate,),
        ),
        Pricing(),
    )
    assert logs == [
        {
            "event": "pax8_records_unreadable",
            "count": 1,
            "first_pointer": "/rates",
            "log_level": "warning",
        }
    ]


async def test_history_is_whole_snapshots_in_their_order(client: Pax8Client, pax8: Pax8) -> None:
    snapshots = [SUBSCRIPTION | {"quantity": quantity} for quantity in (42, 40, 35)]
    route = pax8.on("subscriptions/s1/history", answer({"content": snapshots}))
    found = await client.history("s1")
    assert [snapshot.quantity for snapshot in found] == [42, 40, 35]
    assert str(route.calls.last.request.url) == f"{API}/subscriptions/s1/history"


async def test_single_records_are_asked_for_by_id(client: Pax8Client, pax8: Pax8) -> None:
    company = pax8.on("companies/c1", answer(COMPANY | {"id": "c1"}))
    subscription = pax8.on("subscriptions/s1", answer(SUBSCRIPTION | {"id": "s1"}))
    assert await client.company("c1") == Company(
        id="c1", name="Wattle Physio Pty Ltd", status="Active"
    )
    assert (await client.subscription("s1")).price == Decimal("32.9")
    assert company.calls.last.request.url.query == b""
    assert subscription.calls.last.request.url.query == b""


@pytest.mark.parametrize("method", ["company", "subscription", "product", "history", "pricing"])
async def test_a_record_that_is_not_there_is_not_found(
    method: str, client: Pax8Client, pax8: Pax8
) -> None:
    gone = {"type": "NOT_FOUND", "message": "Company Not Found: x", "status": 404, "details": []}
    pax8.router.get(url__startswith=API).mock(return_value=answer(gone, status=404))
    with pytest.raises(RecordNotFound, match="Pax8 has no such record"):
        await getattr(client, method)("x")


@pytest.mark.parametrize("body", [None, [], {}, {"id": None}, {"content": [COMPANY]}])
async def test_a_record_that_is_none_is_an_answer_that_cannot_be_used(
    body: Any, client: Pax8Client, pax8: Pax8
) -> None:
    pax8.on("companies/c1", answer(body))
    with pytest.raises(MalformedAnswer):
        await client.company("c1")


@pytest.mark.parametrize("company_id", ["..", ".", ""])
async def test_an_id_that_would_climb_is_not_asked_for(
    company_id: str, client: Pax8Client, pax8: Pax8
) -> None:
    anything = pax8.router.get(url__startswith=API).mock(return_value=answer({}))
    with pytest.raises(RecordNotFound):
        await client.company(company_id)
    assert not anything.called


# Trap 13, and the token


def test_credentials_say_which_way_in_they_are() -> None:
    assert ClientCredentials("id", Secret("s")).auth_mode == "client_credentials"
    assert PLANTED not in repr(ClientCredentials("id", Secret(PLANTED)))


async def test_a_token_is_bought_with_json_and_not_with_a_form(
    client: Pax8Client, pax8: Pax8
) -> None:
    pax8.on("companies", page(COMPANY))
    await client.companies(0)
    sent = pax8.token.calls.last.request
    assert (sent.method, str(sent.url)) == ("POST", f"{API}/token")
    assert sent.headers["Content-Type"] == "application/json"
    assert sent.headers["Accept"] == "application/json"
    assert "Authorization" not in sent.headers
    assert json.loads(sent.content) == {
        "client_id": "kH3exampleId",
        "client_secret": PLANTED,
        "audience": AUDIENCE,
        "grant_type": "client_credentials",
    }


async def test_one_token_serves_a_whole_sweep_and_the_next(
    client: Pax8Client, pax8: Pax8, store: MemoryTokenStore, clock: SetClock
) -> None:
    pax8.on("companies", page(COMPANY))
    for _ in range(5):
        await client.companies(0)
    clock.move(hours=22, minutes=59)
    await client.companies(0)
    assert pax8.token.call_count == 1
    assert await store.load() == StoredToken(Secret("eyJ.1.sig"), NOW + timedelta(hours=23))


async def test_a_token_refused_by_the_api_is_replaced_once_and_the_request_repeated(
    client: Pax8Client, pax8: Pax8
) -> None:
    route = pax8.on("companies", httpx.Response(401), page(COMPANY), page(COMPANY))
    assert len((await client.companies(0)).records) == 1
    await client.companies(0)
    bearers = [call.request.headers["Authorization"] for call in route.calls]
    assert bearers == ["Bearer eyJ.1.sig", "Bearer eyJ.2.sig", "Bearer eyJ.2.sig"]
    assert pax8.token.call_count == 2


async def test_a_second_refusal_in_a_row_means_that_the_credentials_are_not_good(
    client: Pax8Client, pax8: Pax8, store: MemoryTokenStore, waits: Waits
) -> None:
    route = pax8.on("companies", httpx.Response(401))
    with pytest.raises(CredentialsRejected) as caught:
        await client.companies(0)
    assert (route.call_count, pax8.token.call_count) == (2, 2)
    assert waits.seconds == []
    assert await store.load() is None
    assert str(caught.value) == (
        "Pax8 does not accept the credentials. "
        "Check the client id and the client secret in Pax8 and save them here again."
    )


async def test_wrong_credentials_are_told_from_the_identity_services_own_words(
    client: Pax8Client, pax8: Pax8
) -> None:
    auth0 = {"error": "access_denied", "error_description": f"Unauthorized {PLANTED}"}
    pax8.token.mock(side_effect=[answer(auth0, status=401)])
    with pytest.raises(CredentialsRejected) as caught:
        await client.check()
    assert pax8.token.call_count == 1
    assert PLANTED not in "".join(traceback.format_exception(caught.value))


async def test_a_check_proves_that_companies_may_be_read(client: Pax8Client, pax8: Pax8) -> None:
    route = pax8.on("companies", page(COMPANY, total=237, pages=237))
    await client.check()
    assert dict(route.calls.last.request.url.params) == {"page": "0", "size": "1"}


async def test_credentials_without_permission_say_so_in_the_check(
    client: Pax8Client, pax8: Pax8
) -> None:
    pax8.on("companies", answer({"type": "FORBIDDEN", "status": 403}, status=403))
    with pytest.raises(PermissionDenied, match="Give the API credentials access to companies"):
        await client.check()


# Limits and bad days


async def test_a_429_that_names_no_time_is_waited_out(
    client: Pax8Client, pax8: Pax8, waits: Waits, turns: Turns
) -> None:
    busy = httpx.Response(429)
    pax8.on("companies", busy, busy, busy, page(COMPANY))
    assert len((await client.companies(0)).records) == 1
    assert waits.seconds == [12.5, 25.0, 50.0]
    assert turns.taken == 5


async def test_a_429_that_does_not_end_is_told_without_a_time(
    client: Pax8Client, pax8: Pax8
) -> None:
    route = pax8.on("companies", httpx.Response(429))
    with pytest.raises(ProviderRateLimited) as caught:
        await client.companies(0)
    assert caught.value.retry_after is None
    assert route.call_count == 4


async def test_html_from_a_gateway_means_that_nobody_answers(
    client: Pax8Client, pax8: Pax8
) -> None:
    route = pax8.on("companies", BAD_GATEWAY)
    with pytest.raises(ProviderUnavailable):
        await client.companies(0)
    assert route.call_count == 4


async def test_html_that_passes_is_got_over(client: Pax8Client, pax8: Pax8) -> None:
    pax8.on("companies", BAD_GATEWAY, httpx.Response(500), httpx.ReadTimeout(""), page(COMPANY))
    assert len((await client.companies(0)).records) == 1


async def test_the_token_is_not_asked_for_twice_when_its_address_is_unwell(
    client: Pax8Client, pax8: Pax8
) -> None:
    pax8.token.mock(side_effect=[BAD_GATEWAY, sold(1)])
    pax8.on("companies", page(COMPANY))
    with pytest.raises(ProviderUnavailable):
        await client.companies(0)
    assert pax8.token.call_count == 1
    assert len((await client.companies(0)).records) == 1


# Nothing is written


EVERY_METHOD: dict[str, tuple[Any, ...]] = {
    "check": (),
    "companies": (0,),
    "subscriptions": (0,),
    "company": ("a",),
    "contacts": ("a",),
    "subscription": ("a",),
    "product": ("a",),
    "pricing": ("a",),
    "history": ("a",),
    "has_usage": ("a",),
}


def test_the_client_has_no_other_methods_than_these() -> None:
    assert {name for name in vars(Pax8Client) if not name.startswith("_")} == set(EVERY_METHOD)


@pytest.mark.parametrize("method", EVERY_METHOD)
async def test_nothing_is_ever_written(method: str, client: Pax8Client, pax8: Pax8) -> None:
    anything = pax8.router.route(url__startswith=API).mock(return_value=answer({}))
    with pytest.raises(ProviderError):
        await getattr(client, method)(*EVERY_METHOD[method])
    assert {call.request.method for call in anything.calls} == {"GET"}
    assert [call.request.method for call in pax8.token.calls] == ["POST"]
