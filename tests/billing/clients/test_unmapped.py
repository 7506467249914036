from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.support.api import Api
from tests.support.books import Books
from tests.support.clock import NOW
from tests.support.databases import Database

from billingone_api.kit.ids import new_id

PATH = "/v1/clients/unmapped"
NOT_PAX8S = {"value": None, "reason": "not_of_this_source"}


@pytest.fixture
async def books(api: Api, database: Database) -> Books:
    made = Books(database, api.organisation_id)
    await made.connected()
    return made


async def push(api: Api, name: str, company: str | None = None) -> UUID:
    client_id = new_id()
    body = {"name": name, "external_ids": {"pax8_company_id": company}}
    answer = await api.service("clients:write").put(f"/v1/panelone/clients/{client_id}", json=body)
    assert answer.status_code == 201, answer.text
    return client_id


async def page(api: Api, **query: Any) -> dict[str, Any]:
    answer = await api.viewer.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def ids(api: Api, **query: Any) -> list[str]:
    return [record["source_id"] for record in (await page(api, **query))["items"]]


async def set_to_nobody(api: Api, company: str) -> None:
    answer = await api.finance.put(f"/v1/clients/links/pax8/{company}", json={"client_id": None})
    assert answer.status_code == 200


async def test_a_company_without_a_client_is_listed_with_its_money(api: Api, books: Books) -> None:
    await books.company("company-1", "Redgum Accounting")
    await books.subscription("company-1", price=Decimal(1200), billing_term="Annual")
    await books.subscription("company-1", price=Decimal("2.50"), currency="USD")
    await books.subscription("company-1", source_status="Cancelled")
    await books.rate("USD", "2", on=date(2026, 11, 1))
    found = await page(api, with_total="true")
    assert found["total"] == 1
    assert found["items"] == [
        {
            "source": "pax8",
            "source_id": "company-1",
            "name": "Redgum Accounting",
            "reason": "no_client_claims_it",
            "claimed_by": [],
            "mrr": {
                "value": {"amount": "105.00", "currency": "AUD"},
                "reason": None,
                "by_currency": [
                    {"amount": "100.00", "currency": "AUD"},
                    {"amount": "2.50", "currency": "USD"},
                ],
                "missing_rates": [],
                "excluded": 0,
            },
            "active_subscriptions": {"value": 2, "reason": None},
            "ignored_because": None,
            "outstanding": NOT_PAX8S | {"by_currency": [], "missing_rates": [], "excluded": []},
            "revenue": NOT_PAX8S | {"by_currency": [], "missing_rates": [], "excluded": []},
            "invoices": NOT_PAX8S,
        }
    ]


async def test_a_company_that_only_a_subscription_speaks_of_is_listed_too(
    api: Api, books: Books
) -> None:
    await books.subscription("hidden")
    await books.subscription(None)
    (record,) = (await page(api))["items"]
    assert (record["source_id"], record["name"]) == ("hidden", None)


async def test_what_is_gone_from_pax8_is_no_work_for_anybody(api: Api, books: Books) -> None:
    await books.company("gone", "Gone", gone_at=NOW)
    await books.subscription("gone-too", gone_at=NOW)
    await books.company("gone-but-billed", "Gone but billed", gone_at=NOW)
    await books.subscription("gone-but-billed")
    (record,) = (await page(api))["items"]
    assert (record["source_id"], record["name"]) == ("gone-but-billed", "Gone but billed")


async def test_what_belongs_to_a_client_is_not_listed(api: Api, books: Books) -> None:
    for company in ("by-id", "by-hand"):
        await books.company(company, company)
        await books.subscription(company)
    client = await push(api, "Acacia", "by-id")
    await api.finance.put("/v1/clients/links/pax8/by-hand", json={"client_id": str(client)})
    assert await ids(api) == []


async def test_two_that_name_it_are_told_by_name(api: Api, books: Books) -> None:
    await books.company("company-1", "Redgum")
    second = await push(api, "Redgum Tax", "company-1")
    first = await push(api, "Redgum Accounting", "company-1")
    (record,) = (await page(api))["items"]
    assert record["reason"] == "claimed_twice"
    assert record["claimed_by"] == [
        {"id": str(first), "name": "Redgum Accounting"},
        {"id": str(second), "name": "Redgum Tax"},
    ]


async def test_what_a_person_set_to_nobody_is_shown_when_asked_for(api: Api, books: Books) -> None:
    await books.company("company-1", "Our own tenant")
    await books.company("company-2", "Redgum")
    await set_to_nobody(api, "company-1")
    assert await ids(api) == ["company-2"]
    found = await page(api, include="nobody", with_total="true")
    assert {record["source_id"]: record["reason"] for record in found["items"]} == {
        "company-1": "set_to_nobody",
        "company-2": "no_client_claims_it",
    }
    assert found["total"] == 2


@pytest.fixture
async def six(api: Api, books: Books) -> None:
    await books.rate("USD", "2", on=date(2026, 11, 1))
    for company, price, currency in [
        ("a", "10", "AUD"),
        ("b", "30", "AUD"),
        ("c", "20", "USD"),
        ("d", "30", "AUD"),
        ("e", "999", "NZD"),
    ]:
        await books.company(company, f"Company {company}")
        await books.subscription(company, price=Decimal(price), currency=currency)
    await books.company("f", "Nothing bought")


async def test_most_money_comes_first_and_what_cannot_be_converted_last(
    api: Api, six: None
) -> None:
    assert await ids(api) == ["c", "d", "b", "a", "f", "e"]


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_pages_are_the_one_big_list(api: Api, six: None, limit: int) -> None:
    walked, query = [], {}
    while True:
        found = await page(api, limit=limit, **query)
        walked += [record["source_id"] for record in found["items"]]
        if found["next_cursor"] is None:
            break
        query = {"cursor": found["next_cursor"]}
    assert walked == ["c", "d", "b", "a", "f", "e"]


@pytest.mark.parametrize(
    ("q", "expected"),
    [("COMPANY B", ["b"]), ("nothing", ["f"]), ("%", []), (" ", ["c", "d", "b", "a", "f", "e"])],
)
async def test_names_and_ids_are_searched(api: Api, six: None, q: str, expected: list[str]) -> None:
    found = await page(api, q=q, with_total="true")
    assert [record["source_id"] for record in found["items"]] == expected
    assert found["total"] == len(expected)


async def test_where_the_sell_price_is_not_known_neither_is_the_money(
    api: Api, books: Books, database: Database
) -> None:
    await database.as_owner("UPDATE organisation_settings SET pax8_price_is = 'buy'")
    await books.company("company-1", "Redgum")
    await books.subscription("company-1")
    (record,) = (await page(api))["items"]
    assert (record["mrr"]["value"], record["mrr"]["reason"]) == (None, "sell_price_unknown")
    assert record["active_subscriptions"] == {"value": 1, "reason": None}


async def test_never_synced_and_nothing_unmapped_are_different_answers(
    api: Api, database: Database
) -> None:
    before = await page(api)
    await Books(database, api.organisation_id).connected()
    after = await page(api)
    assert before["items"] == after["items"] == []
    assert before["freshness"][0]["last_success_at"] is None
    assert after["freshness"][0]["last_success_at"] == "2026-11-24T01:00:00Z"


@pytest.mark.parametrize(
    "query", [{"include": "all"}, {"sort": "name"}, {"q": "\x00"}, {"limit": "x"}]
)
async def test_a_parameter_that_makes_no_sense_is_422(api: Api, query: dict[str, str]) -> None:
    assert (await api.viewer.get(PATH, params=query)).status_code == 422


async def test_another_organisations_companies_are_nowhere(
    api: Api, books: Books, database: Database
) -> None:
    other = Books(database, await database.add_organisation(new_id(), name="Other"))
    await other.company("theirs", "Theirs")
    await other.subscription("hidden")
    assert await ids(api, include="nobody") == []
