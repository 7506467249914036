from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.support.api import Api
from tests.support.books import Books
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.totals import reckon

from billingone_api.kit.ids import new_id


@pytest.fixture
async def books(api: Api, database: Database) -> Books:
    return Books(database, api.organisation_id)


async def push(api: Api, name: str, company: str | None = None, **more: Any) -> UUID:
    client_id = new_id()
    body = {"name": name, "external_ids": {"pax8_company_id": company}, **more}
    answer = await api.service("clients:write").put(f"/v1/panelone/clients/{client_id}", json=body)
    assert answer.status_code == 201, answer.text
    return client_id


async def page(api: Api, **query: Any) -> dict[str, Any]:
    answer = await api.viewer.get("/v1/clients", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def names(api: Api, **query: Any) -> list[str]:
    return [client["name"] for client in (await page(api, **query))["items"]]


def money(amount: str, currency: str = "AUD") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


UNCONNECTED = {"value": None, "reason": "source_not_connected"}
NO_BOOKS = UNCONNECTED | {"by_currency": [], "missing_rates": [], "excluded": []}
BOOKS = [
    {"source": source, "is_connected": False, "last_success_at": None}
    for source in ("xero", "superops")
]


async def test_nothing_pushed_is_an_empty_page_that_says_what_it_rests_on(
    api: Api, books: Books
) -> None:
    assert await page(api, with_total="true") == {
        "items": [],
        "next_cursor": None,
        "total": 0,
        "freshness": [{"source": "pax8", "is_connected": False, "last_success_at": None}, *BOOKS],
        "basis": {"pax8_price_is": "sell", "annual_price_is": "year"},
    }


async def test_a_client_brings_in_the_months_share_of_every_term_in_each_currency(
    api: Api, books: Books
) -> None:
    """7 of 30.50 a month, 3 of 331.68 a year, 2 of 500 in 2 years, 1 of 100 in 3; USD 4 of 9.99.

    213.50 + 82.92 + 41.666… + 2.777… = 340.8644… AUD; 39.96 USD at 1.5233 are 60.871068 AUD.
    """
    await books.connected()
    await books.company("company-1", "Acacia Dental Pty Ltd")
    for price, quantity, term, currency in [
        ("30.50", 7, "Monthly", "AUD"),
        ("331.68", 3, "1-Year", "AUD"),
        ("500", 2, "2-Year", "AUD"),
        ("100", 1, "3-Year", "AUD"),
        ("9.99", 4, "Monthly", "USD"),
    ]:
        await books.subscription(
            "company-1",
            price=Decimal(price),
            quantity=Decimal(quantity),
            billing_term=term,
            currency=currency,
        )
    await books.subscription("company-1", source_status="Trial")
    await books.subscription("company-1", source_status="Cancelled")
    await books.subscription("company-1", billing_term="One-Time")
    await books.subscription("company-1", price=None)
    await books.rate("USD", "1.5233", on=date(2026, 11, 24))
    await books.rate("USD", "9", on=date(2026, 11, 25))
    await books.rate("USD", "8", on=date(2026, 11, 23))
    await books.rate("USD", "7", to="NZD", on=date(2026, 11, 24))
    client = await push(api, "Acacia", "company-1")
    (found,) = (await page(api))["items"]
    assert found == {
        "id": str(client),
        "name": "Acacia",
        "active": True,
        "linked_sources": ["pax8"],
        "mrr": {
            "value": money("401.74"),
            "reason": None,
            "by_currency": [money("340.86"), money("39.96", "USD")],
            "missing_rates": [],
            "excluded": 2,
        },
        "active_subscriptions": {"value": 7, "reason": None},
        "licences": {"value": None, "reason": "no_count_rule"},
        "devices": UNCONNECTED,
        "total_spend": NO_BOOKS,
        "outstanding": NO_BOOKS,
    }


async def test_parts_of_a_cent_are_added_before_anything_is_rounded(api: Api, books: Books) -> None:
    """Three times 0.10 a year are 0.025 a month, which is 0.03; rounded alone they were 0.01."""
    await books.connected()
    for _ in range(3):
        await books.subscription("company-1", price=Decimal("0.10"), billing_term="Annual")
    await push(api, "Acacia", "company-1")
    (found,) = (await page(api))["items"]
    assert found["mrr"]["value"] == money("0.03")


async def test_a_price_of_a_year_may_be_said_to_be_a_months(
    api: Api, books: Books, database: Database
) -> None:
    await books.connected()
    await books.subscription("company-1", price=Decimal(12), billing_term="Annual")
    await push(api, "Acacia", "company-1")
    await database.as_owner("UPDATE organisation_settings SET annual_price_is = 'month'")
    found = await page(api)
    assert found["items"][0]["mrr"]["value"] == money("12.00")
    assert found["basis"]["annual_price_is"] == "month"


async def test_without_a_rate_the_total_is_null_and_the_parts_are_told(
    api: Api, books: Books
) -> None:
    await books.connected()
    await books.subscription("company-1", price=Decimal(5))
    await books.subscription("company-1", price=Decimal(7), currency="USD")
    await push(api, "Acacia", "company-1")
    (found,) = (await page(api))["items"]
    assert found["mrr"] == {
        "value": None,
        "reason": "exchange_rate_missing",
        "by_currency": [money("5.00"), money("7.00", "USD")],
        "missing_rates": ["USD"],
        "excluded": 0,
    }


@pytest.mark.parametrize(
    ("is_connected", "price_is", "is_linked", "mrr", "count"),
    [
        (None, "sell", True, "source_not_connected", "source_not_connected"),
        (False, "sell", True, "never_synced", "never_synced"),
        (True, "sell", False, "not_linked", "not_linked"),
        (True, "buy", True, "sell_price_unknown", None),
    ],
)
async def test_what_is_not_known_is_null_with_the_reason_and_never_0(
    api: Api,
    books: Books,
    database: Database,
    *,
    is_connected: bool | None,
    price_is: str,
    is_linked: bool,
    mrr: str,
    count: str | None,
) -> None:
    await books.subscription("company-1")
    await push(api, "Acacia", "company-1" if is_linked else None)
    await database.as_owner("UPDATE organisation_settings SET pax8_price_is = $1", price_is)
    if is_connected is not None:
        await books.connected(last_success_at=NOW if is_connected else None)
    (found,) = (await page(api))["items"]
    assert (found["mrr"]["value"], found["mrr"]["reason"]) == (None, mrr)
    assert found["mrr"]["by_currency"] == []
    expected = {"value": 1, "reason": None} if count is None else {"value": None, "reason": count}
    assert found["active_subscriptions"] == expected


async def test_what_was_synced_stays_known_after_a_disconnection(api: Api, books: Books) -> None:
    await books.subscription("company-1")
    await push(api, "Acacia", "company-1")
    await books.synced(at=NOW)
    found = await page(api)
    assert found["items"][0]["mrr"]["value"] == money("10.00")
    assert found["freshness"] == [
        {"source": "pax8", "is_connected": False, "last_success_at": "2026-11-24T01:00:00Z"},
        *BOOKS,
    ]


async def test_a_client_whose_company_has_nothing_brings_in_nothing(api: Api, books: Books) -> None:
    await books.connected()
    await books.company("company-1", "Acacia")
    await push(api, "Acacia", "company-1")
    (found,) = (await page(api))["items"]
    assert found["mrr"]["value"] == money("0.00")
    assert found["active_subscriptions"] == {"value": 0, "reason": None}


async def test_a_currency_without_cents_has_none(api: Api, books: Books) -> None:
    await books.connected()
    await books.rate("JPY", "0.01", on=date(2026, 11, 1))
    await books.subscription("company-1", price=Decimal("100.5"), currency="JPY")
    await push(api, "Acacia", "company-1")
    (found,) = (await page(api))["items"]
    assert found["mrr"]["by_currency"] == [money("101", "JPY")]
    assert found["mrr"]["value"] == money("1.01")


@pytest.fixture
async def portfolio(api: Api, books: Books) -> list[str]:
    """Clients by MRR: 300, 200 in dollars of another country, 100, 100, none known."""
    await books.connected()
    await books.rate("USD", "2", on=date(2026, 11, 1))
    for name, price, currency in [
        ("acacia", "300", "AUD"),
        ("Banksia", "100", "USD"),
        ("Correa", "100", "AUD"),
        ("Dianella", "100", "AUD"),
        ("Eucalypt", "1000", "NZD"),
    ]:
        await books.subscription(f"c-{name}", price=Decimal(price), currency=currency)
        await push(api, name, f"c-{name}")
    await push(api, "Retired", "c-retired", active=False)
    return ["acacia", "Banksia", "Correa", "Dianella", "Eucalypt"]


async def test_most_money_comes_first_and_what_is_not_known_last(
    api: Api, portfolio: list[str]
) -> None:
    assert (await names(api))[:2] == ["acacia", "Banksia"]
    assert (await names(api))[-1] == "Eucalypt"
    assert (await names(api, sort="mrr"))[2:] == ["Banksia", "acacia", "Eucalypt"]


async def test_names_sort_both_ways(api: Api, portfolio: list[str]) -> None:
    forward = await names(api, sort="name")
    assert sorted(forward) == sorted(portfolio)
    assert await names(api, sort="-name") == forward[::-1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "ANKS"}, ["Banksia"]),
        ({"q": " banksia "}, ["Banksia"]),
        ({"q": "c-correa"}, ["Correa"]),
        ({"q": "%"}, []),
        ({"q": "_"}, []),
        ({"q": "\\"}, []),
        ({"q": "nothing"}, []),
        ({"active": "false"}, ["Retired"]),
        ({"active": "false", "q": "acacia"}, []),
        ({"active": "all", "q": "re"}, ["Correa", "Retired"]),
        ({"q": "  ", "active": "false"}, ["Retired"]),
    ],
)
async def test_filters_narrow_the_list_and_its_total(
    api: Api, portfolio: list[str], query: dict[str, str], expected: list[str]
) -> None:
    found = await page(api, sort="name", with_total="true", **query)
    assert [client["name"] for client in found["items"]] == expected
    assert found["total"] == len(expected)


async def test_tax_numbers_and_domains_are_found(api: Api) -> None:
    ids = {"tax_number": "51824753556", "domains": ["acacia.example"]}
    await push(api, "Acacia", external_ids=ids)
    assert await names(api, q="518247") == ["Acacia"]
    assert await names(api, q="Acacia.Example") == ["Acacia"]


async def test_an_id_is_found_as_a_whole_and_never_by_letters_that_occur_in_it(api: Api) -> None:
    company = "ACA0ACA0-ACA0-4CA0-8CA0-ACA0ACA0ACA0"
    await push(api, "Dianella", external_ids={"pax8_company_id": company})
    assert await names(api, q="aca") == []
    assert await names(api, q=company.lower()) == ["Dianella"]
    (client,) = (await page(api))["items"]
    assert await names(api, q=client["id"].upper()) == ["Dianella"]


@pytest.mark.parametrize("sort", ["-mrr", "mrr", "name", "-name"])
@pytest.mark.parametrize("limit", [1, 2, 4])
async def test_pages_are_the_one_big_list(
    api: Api, portfolio: list[str], sort: str, limit: int
) -> None:
    whole = await names(api, sort=sort, active="all")
    assert len(whole) == 6
    walked, cursor = [], None
    while True:
        query = {"cursor": cursor} if cursor else {}
        found = await page(api, sort=sort, active="all", limit=limit, **query)
        walked += [client["name"] for client in found["items"]]
        cursor = found["next_cursor"]
        if cursor is None:
            break
        assert len(found["items"]) == limit
    assert walked == whole


async def test_a_cursor_is_for_one_list_sort_filter_and_organisation(
    api: Api, portfolio: list[str], database: Database
) -> None:
    cursor = (await page(api, limit=1))["next_cursor"]
    other = api.of(await database.add_organisation(new_id(), name="Other"))
    for caller, query in [
        (api.viewer, {"sort": "mrr"}),
        (api.viewer, {"active": "all"}),
        (api.viewer, {"q": "a"}),
        (other.viewer, {}),
    ]:
        answer = await caller.get("/v1/clients", params={"cursor": cursor, **query})
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")
    answer = await api.viewer.get("/v1/clients/unmapped", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "active"},
        {"active": "maybe"},
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "NaN"},
        {"client_id": "1"},
        {"q": "\x00"},
        {"q": "q" * 201},
        {"cursor": "no cursor"},
    ],
)
async def test_a_parameter_that_makes_no_sense_is_422(api: Api, query: dict[str, str]) -> None:
    assert (await api.viewer.get("/v1/clients", params=query)).status_code == 422


async def test_ten_thousand_clients_are_walked_in_order(
    api: Api, books: Books, database: Database
) -> None:
    await books.connected()
    await database.as_owner(
        "INSERT INTO clients (organisation_id, id, name, active)"
        " SELECT $1, gen_random_uuid(), 'Client ' || n, true FROM generate_series(1, 10000) n",
        api.organisation_id,
    )
    await database.as_owner(
        "INSERT INTO client_links (organisation_id, source, source_id, client_id, origin)"
        " SELECT organisation_id, 'pax8', id::text, id, 'exact' FROM clients"
    )
    await database.as_owner(
        "INSERT INTO subscriptions (organisation_id, id, source, source_id, source_status,"
        " company_id, client_id, quantity, price, currency, billing_term, first_seen_at,"
        " changed_at) SELECT organisation_id, id, 'pax8', id::text, 'Active', id::text, id, 1,"
        " substr(name, 8)::int % 100, 'AUD', 'Monthly', now(), now() FROM clients"
    )
    await reckon(database, api.organisation_id)
    await database.as_owner("ANALYZE clients, client_links, subscriptions, client_totals")
    seen: list[tuple[Decimal, str]] = []
    cursor = None
    while True:
        found = await page(api, limit=200, **({"cursor": cursor} if cursor else {}))
        seen += [
            (Decimal(client["mrr"]["value"]["amount"]), client["id"]) for client in found["items"]
        ]
        cursor = found["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 10_000
    assert seen == sorted(seen, reverse=True)


async def test_another_organisations_clients_are_nowhere(
    api: Api, books: Books, database: Database
) -> None:
    await books.connected()
    other = api.of(await database.add_organisation(new_id(), name="Other"))
    await push(other, "Theirs", "company-1")
    await books.subscription("company-1")
    assert await page(api, with_total="true", active="all") | {"basis": 0, "freshness": 0} == {
        "items": [],
        "next_cursor": None,
        "total": 0,
        "freshness": 0,
        "basis": 0,
    }


@pytest.mark.parametrize("path", ["/v1/clients", "/v1/clients/unmapped"])
async def test_who_may_not_read_clients_is_refused(api: Api, path: str) -> None:
    assert (await api.nobody.get(path)).status_code == 401
    answer = await api.service("clients:write").get(path)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await api.service("clients:read").get(path)).status_code == 200
