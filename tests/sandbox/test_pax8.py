import json
from collections.abc import Mapping
from typing import Any

import pytest
from httpx import AsyncClient
from tests.sandbox.conftest import Pax8Caller, pax8_token
from tests.support.clock import SetClock

from billingone_api.sandbox.app import Sandbox


async def everything(pax8: Pax8Caller, path: str, **query: str | int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    page, pages = 0, 1
    while page < pages:
        body = (await pax8.get(path, page=page, size=200, **query)).json()
        pages = body["page"]["totalPages"]
        rows += body["content"]
        page += 1
    return rows


async def test_a_token_is_given_for_json_credentials(http: AsyncClient, sandbox: Sandbox) -> None:
    answer = await pax8_token(http, sandbox)
    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"access_token", "expires_in", "token_type"}
    assert (body["expires_in"], body["token_type"]) == (86_400, "Bearer")


async def test_wrong_credentials_get_the_answer_of_auth0(
    http: AsyncClient, sandbox: Sandbox
) -> None:
    asked = {
        "client_id": sandbox.settings.client_id,
        "client_secret": "guess",
        "audience": "https://api.pax8.com",
        "grant_type": "client_credentials",
    }
    answer = await http.post("/pax8/v1/token", json=asked)
    assert answer.status_code == 401
    assert answer.json() == {"error": "access_denied", "error_description": "Unauthorized"}


@pytest.mark.parametrize(
    "body",
    [b"client_id=a&client_secret=b", b"[]", b"", b'{"client_id": "a"}'],
)
async def test_a_token_request_that_is_no_complete_json_is_400(
    http: AsyncClient, body: bytes
) -> None:
    answer = await http.post("/pax8/v1/token", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize("header", [None, "Bearer guess", "Basic Z3Vlc3M="])
async def test_without_a_good_token_the_api_answers_401_in_its_envelope(
    http: AsyncClient, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = await http.get("/pax8/v1/companies", headers=headers)
    assert answer.status_code == 401
    assert answer.json() == {
        "type": "UNAUTHORIZED",
        "message": "Unauthorized",
        "instance": "/public/v1/companies",
        "status": 401,
        "details": [],
    }


async def test_a_token_expires(pax8: Pax8Caller, clock: SetClock) -> None:
    clock.move(hours=23, minutes=59)
    assert (await pax8.get("/companies")).status_code == 200
    clock.move(minutes=1)
    assert (await pax8.get("/companies")).status_code == 401


async def test_a_revoked_token_can_be_replaced(
    pax8: Pax8Caller, http: AsyncClient, sandbox: Sandbox
) -> None:
    sandbox.credentials.revoke_tokens()
    assert (await pax8.get("/companies")).status_code == 401
    pax8.token = (await pax8_token(http, sandbox)).json()["access_token"]
    assert (await pax8.get("/companies")).status_code == 200


async def test_revoked_credentials_buy_no_token_until_they_are_restored(
    pax8: Pax8Caller, http: AsyncClient, sandbox: Sandbox
) -> None:
    sandbox.credentials.revoke()
    assert (await pax8.get("/companies")).status_code == 401
    assert (await pax8_token(http, sandbox)).status_code == 401
    sandbox.credentials.restore()
    assert (await pax8_token(http, sandbox)).status_code == 200


async def test_pages_count_from_zero_and_hold_ten(pax8: Pax8Caller) -> None:
    body = (await pax8.get("/subscriptions")).json()
    assert len(body["content"]) == 10
    assert body["page"] == {"size": 10, "totalElements": 240, "totalPages": 24, "number": 0}


async def test_a_page_past_the_end_is_empty(pax8: Pax8Caller) -> None:
    body = (await pax8.get("/subscriptions", page=2, size=200)).json()
    assert body["content"] == []
    assert body["page"] == {"size": 200, "totalElements": 240, "totalPages": 2, "number": 2}


@pytest.mark.parametrize(
    "query",
    [
        {"size": 201},
        {"size": 0},
        {"page": -1},
        {"page": "first"},
        {"size": "9" * 5000},
        {"sort": "createdDate"},
        {"sort": "createdDate,up"},
        {"sort": "updatedDate,asc"},
        {"sort": "createdDate, asc"},
        {"status": "Suspended"},
        {"billingTerm": "2 Year"},
    ],
)
async def test_what_the_list_does_not_take_is_400(
    pax8: Pax8Caller, query: Mapping[str, str | int]
) -> None:
    answer = await pax8.get("/subscriptions", **query)
    assert answer.status_code == 400
    assert answer.json()["type"] == "BAD_REQUEST"
    assert answer.json()["instance"] == "/public/v1/subscriptions"


async def test_a_sweep_meets_every_subscription_once(pax8: Pax8Caller, sandbox: Sandbox) -> None:
    rows = await everything(pax8, "/subscriptions", sort="createdDate,asc")
    ids = [row["id"] for row in rows if "id" in row]
    assert len(rows) == 240
    assert len(set(ids)) == len(ids) == 239
    assert set(ids) <= set(sandbox.portfolio.subscriptions.keys())


@pytest.mark.parametrize("direction", ["asc", "desc"])
async def test_sorting_by_price_puts_numbers_in_order(pax8: Pax8Caller, direction: str) -> None:
    rows = await everything(pax8, "/subscriptions", sort=f"price,{direction}")
    prices = [row["price"] for row in rows if row.get("price") is not None]
    assert prices == sorted(prices, reverse=direction == "desc")


@pytest.mark.parametrize(("field", "value"), [("status", "Cancelled"), ("billingTerm", "Annual")])
async def test_a_filter_keeps_its_value_only(pax8: Pax8Caller, field: str, value: str) -> None:
    rows = await everything(pax8, "/subscriptions", **{field: value})
    assert rows
    assert {row[field] for row in rows} == {value}


async def test_filters_by_company_and_product_combine(pax8: Pax8Caller) -> None:
    first = (await pax8.get("/subscriptions")).json()["content"][0]
    query = {"companyId": first["companyId"], "productId": first["productId"]}
    rows = await everything(pax8, "/subscriptions", **query)
    assert first in rows
    assert {(row["companyId"], row["productId"]) for row in rows} == {tuple(query.values())}


@pytest.mark.parametrize("company", ["bad", "3d0617ac-57f6-40e3-951d-e91da47a326b", "hidden"])
async def test_a_bad_company_id_is_403_not_404(
    pax8: Pax8Caller, sandbox: Sandbox, company: str
) -> None:
    if company == "hidden":
        company = sandbox.portfolio.hidden_company_id
    answer = await pax8.get("/subscriptions", companyId=company)
    assert answer.status_code == 403
    assert answer.json()["message"].startswith("Invalid companyId")


async def test_numbers_are_numbers_on_the_wire(pax8: Pax8Caller) -> None:
    answer = await pax8.get("/subscriptions", size=200)
    assert answer.headers["content-type"] == "application/json"
    rows = json.loads(answer.text, parse_float=str)["content"]
    assert "27.64" in {row.get("partnerCost") for row in rows}
    assert not any(isinstance(row["quantity"], str) for row in rows)


async def test_one_subscription_equals_its_row_in_the_list(pax8: Pax8Caller) -> None:
    row = (await pax8.get("/subscriptions")).json()["content"][3]
    assert (await pax8.get(f"/subscriptions/{row['id']}")).json() == row


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/companies/x1", "Company Not Found: x1"),
        ("/companies/x1/contacts", "Company Not Found: x1"),
        ("/products/x1", "Product Not Found: x1"),
        ("/products/x1/pricing", "Product Not Found: x1"),
        ("/subscriptions/x1", "Subscription Not Found: x1"),
        ("/subscriptions/x1/history", "Subscription Not Found: x1"),
        ("/subscriptions/x1/usage-summaries", "Subscription Not Found: x1"),
        ("/nothing", "Not Found"),
    ],
)
async def test_what_is_not_there_is_404_in_the_envelope(
    pax8: Pax8Caller, path: str, message: str
) -> None:
    answer = await pax8.get(path)
    assert answer.status_code == 404
    assert answer.json() == {
        "type": "NOT_FOUND",
        "message": message,
        "instance": f"/public/v1{path}",
        "status": 404,
        "details": [],
    }


async def test_nothing_can_be_written(http: AsyncClient, pax8: Pax8Caller) -> None:
    headers = {"Authorization": f"Bearer {pax8.token}"}
    answer = await http.post("/pax8/v1/subscriptions", headers=headers, json={})
    assert answer.status_code == 405
    assert answer.json()["type"] == "METHOD_NOT_ALLOWED"


async def test_companies_come_with_their_gaps(pax8: Pax8Caller) -> None:
    rows = await everything(pax8, "/companies", sort="name,asc")
    names = [row["name"].casefold() for row in rows]
    assert names == sorted(names)
    for field in ("phone", "website", "externalId", "orderApprovalRequired"):
        assert 0 < sum(field in row for row in rows) < len(rows)
    assert {row["status"] for row in rows} == {"Active", "Inactive"}


async def test_companies_are_filtered_by_status_city_and_switch(pax8: Pax8Caller) -> None:
    for query in ({"status": "Inactive"}, {"city": "Perth"}, {"selfServiceAllowed": "true"}):
        rows = await everything(pax8, "/companies", **query)
        assert 0 < len(rows) < 20


async def test_companies_have_contacts_newest_first_some_none_and_some_odd_ones(
    pax8: Pax8Caller,
) -> None:
    sizes, people = set(), []
    for company in await everything(pax8, "/companies"):
        contacts = await everything(pax8, f"/companies/{company['id']}/contacts")
        sizes.add(len(contacts))
        people += contacts
        dates = [row["createdDate"] for row in contacts]
        assert dates == sorted(dates, reverse=True)
        # an inactive company is one without a primary contact
        if company["status"] == "Inactive" or not contacts:
            assert not any(_is_primary(row) for row in contacts)
        else:
            assert any(_is_primary(row) for row in contacts)
    assert {0, 1, 2, 3} <= sizes
    assert len({row["id"] for row in people}) == len(people)
    assert any(str(row.get("email")).endswith("@GMail.com") for row in people)
    assert any(row["types"] is None and "email" not in row for row in people)


def _is_primary(contact: dict[str, Any]) -> bool:
    return any(kind["primary"] for kind in contact["types"] or ())


async def test_every_product_sold_can_be_looked_up(pax8: Pax8Caller) -> None:
    sold = {row["productId"] for row in await everything(pax8, "/subscriptions")}
    for product in sold:
        body = (await pax8.get(f"/products/{product}")).json()
        assert body["id"] == product
        assert body["vendorName"]


async def test_products_are_found_by_vendor_and_by_word(pax8: Pax8Caller) -> None:
    vendor = await everything(pax8, "/products", vendorName="SentinelOne", sort="vendor")
    assert {row["vendorName"] for row in vendor} == {"SentinelOne"}
    found = await everything(pax8, "/products", search="azure")
    assert [row["name"] for row in found] == ["Microsoft Azure Plan"]


async def test_only_a_product_on_its_own_shows_its_description(pax8: Pax8Caller) -> None:
    listed = await everything(pax8, "/products")
    assert [row for row in listed if "description" in row] == []
    alone = (await pax8.get(f"/products/{listed[0]['id']}")).json()
    assert alone == listed[0] | {"description": alone["description"]}


async def test_usage_billed_products_are_priced_by_mark_up(pax8: Pax8Caller) -> None:
    azure = (await everything(pax8, "/products", search="azure"))[0]
    body = (await pax8.get(f"/products/{azure['id']}/pricing")).json()
    assert set(body) == {"content"}
    assert [entry["type"] for entry in body["content"]] == ["Mark-Up"]


async def test_volume_prices_have_an_open_end(pax8: Pax8Caller) -> None:
    product = (await everything(pax8, "/products", search="Singularity Complete"))[0]
    entry = (await pax8.get(f"/products/{product['id']}/pricing")).json()["content"][0]
    assert entry["type"] == "Volume"
    assert [rate["endQuantityRange"] for rate in entry["rates"]] == [50, None]


async def test_usage_summaries_exist_for_usage_billed_subscriptions_only(
    pax8: Pax8Caller,
) -> None:
    azure = (await everything(pax8, "/products", search="azure"))[0]
    billed = (await everything(pax8, "/subscriptions", productId=azure["id"]))[0]
    summaries = await everything(pax8, f"/subscriptions/{billed['id']}/usage-summaries")
    assert summaries
    assert all(row["subscriptionId"] == billed["id"] for row in summaries)
    assert all("companyId" not in row and row["currentCharges"] > 0 for row in summaries)
    plain = (await everything(pax8, "/subscriptions", billingTerm="Annual"))[0]
    body = (await pax8.get(f"/subscriptions/{plain['id']}/usage-summaries")).json()
    assert body == {
        "content": [],
        "page": {"size": 10, "totalElements": 0, "totalPages": 0, "number": 0},
    }


async def test_history_is_whole_snapshots_newest_first(pax8: Pax8Caller, sandbox: Sandbox) -> None:
    key = sandbox.portfolio.subscriptions.keys()[0]
    before = (await pax8.get(f"/subscriptions/{key}")).json()
    sandbox.portfolio.change_subscription(key, quantity=77)
    body = (await pax8.get(f"/subscriptions/{key}/history")).json()
    assert set(body) == {"content"}
    assert body["content"][0]["quantity"] == 77
    assert body["content"][1] == before
    assert body["content"][-1]["status"] == "PendingAutomated"


async def test_the_limit_of_a_minute_answers_429_without_a_hint(
    pax8: Pax8Caller, clock: SetClock
) -> None:
    for _ in range(1000):
        assert (await pax8.get("/products/none")).status_code == 404
    answer = await pax8.get("/products/none")
    assert answer.status_code == 429
    assert answer.json()["type"] == "TOO_MANY_REQUESTS"
    assert "retry-after" not in answer.headers
    clock.move(seconds=60)
    assert (await pax8.get("/products/none")).status_code == 404


async def test_charges_follow_the_subscriptions_but_for_what_is_planted(
    pax8: Pax8Caller, sandbox: Sandbox
) -> None:
    invoices = await everything(pax8, "/invoices", sort="invoiceDate,asc")
    assert {"Paid", "Unpaid", "Credited"} == {one["status"] for one in invoices}
    later = await everything(pax8, "/invoices", invoiceDateRangeStart="2026-11-01")
    assert {one["invoiceDate"] for one in later} == {"2026-11-01"}
    newest = next(one for one in later if one["status"] == "Unpaid")
    items = await everything(pax8, f"/invoices/{newest['id']}/items")
    total = sum(round(one["amountDue"] * 10_000) for one in items)
    assert total == round(newest["total"] * 10_000)
    assert {"subscription", "prorate", "service-credit"} <= {one["type"] for one in items}
    assert "Arrears" in {one["term"] for one in items}

    ids = sandbox.portfolio.ids
    held = {one["id"]: one for one in await everything(pax8, "/subscriptions") if "id" in one}
    differing = {
        one["companyId"]
        for one in items
        if one["type"] == "subscription" and one["term"] != "Arrears"
        if one["quantity"] != held[one["subscriptionId"]]["quantity"]
    }
    assert differing == {ids("company", 3)}

    drafts = await everything(pax8, "/invoices/draftItems", monthOffset=1)
    assert all("id" not in one and one["term"] != "Arrears" for one in drafts)
    assert {one["startPeriod"][:7] for one in drafts if one["type"] == "subscription"} == {
        "2026-12"
    }
    assert (await pax8.get("/invoices/draftItems", monthOffset=2)).status_code == 422
    assert (await pax8.get("/invoices/none/items")).status_code == 404
