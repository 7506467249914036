from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.support.api import Api
from tests.support.books import Books
from tests.support.databases import Database

from billingone_api.kit.ids import new_id


@pytest.fixture
async def books(api: Api, database: Database) -> Books:
    return Books(database, api.organisation_id)


async def push(api: Api, client_id: UUID, **body: Any) -> None:
    answer = await api.service("clients:write").put(f"/v1/panelone/clients/{client_id}", json=body)
    assert answer.status_code in {200, 201}, answer.text


async def test_one_client_with_everything_known_of_it(api: Api, books: Books) -> None:
    await books.connected()
    await books.rate("USD", "1.5", on=date(2026, 11, 1))
    await books.company("company-1", "Acacia Dental Pty Ltd")
    await books.subscription("company-1", price=Decimal(120), billing_term="Annual")
    await books.subscription("hidden", price=Decimal(4), currency="USD")
    await books.subscription("company-1", billing_term="One-Time")
    await books.subscription("company-1", source_status="Trial")
    await books.subscription("company-1", source_status="Cancelled")
    await books.subscription("company-1", source_status="Converted")
    client = new_id()
    ids = {"pax8_company_id": "company-1", "tax_number": "518", "domains": ["acacia.example"]}
    await push(api, client, name="Acacia", external_ids=ids)
    api.mint.clock.move(minutes=5)
    await api.finance.put("/v1/clients/links/pax8/hidden", json={"client_id": str(client)})
    answer = await api.service("clients:read").get(f"/v1/clients/{client}")
    assert answer.status_code == 200
    unconnected = {"value": None, "reason": "source_not_connected"}
    no_books = unconnected | {"by_currency": [], "missing_rates": [], "excluded": []}
    found = answer.json()
    trend = found.pop("trend")
    assert [one["as_of"] for one in trend][-2:] == ["2026-10-31", "2026-11-24"]
    assert found == {
        "id": str(client),
        "name": "Acacia",
        "active": True,
        "external_ids": {
            "pax8_company_id": "company-1",
            "xero_contact_id": None,
            "superops_client_id": None,
            "tax_number": "518",
            "domains": ["acacia.example"],
        },
        "links": [
            {
                "source": "pax8",
                "source_id": "company-1",
                "name": "Acacia Dental Pty Ltd",
                "origin": "exact",
                "linked_by": None,
                "linked_at": "2026-11-24T01:00:00Z",
            },
            {
                "source": "pax8",
                "source_id": "hidden",
                "name": None,
                "origin": "manual",
                "linked_by": "Farah Nair",
                "linked_at": "2026-11-24T01:05:00Z",
            },
        ],
        "mrr": {
            "value": {"amount": "16.00", "currency": "AUD"},
            "reason": None,
            "by_currency": [
                {"amount": "10.00", "currency": "AUD"},
                {"amount": "4.00", "currency": "USD"},
            ],
            "missing_rates": [],
            "excluded": 1,
        },
        "active_subscriptions": {"value": 3, "reason": None},
        "licences": {"value": None, "reason": "no_count_rule"},
        "devices": unconnected,
        "total_spend": no_books,
        "outstanding": no_books,
        "margin": {
            "value": None,
            "reason": "cost_unknown",
            "by_currency": [],
            "missing_rates": [],
            "left_out": 2,
        },
        "receivables": {"by_currency": None, "reason": "source_not_connected"},
        "domains": unconnected,
        "latest_invoices": {
            "items": None,
            "reason": "source_not_connected",
            "url": f"/v1/invoices?client_id={client}",
        },
        "contacts": [],
        "subscriptions": {
            "badges": {
                "active": 3,
                "trial": 1,
                "pending": 0,
                "suspended": 0,
                "cancelled": 1,
                "unknown": 1,
            },
            "reason": None,
            "excluded": [{"reason": "term", "subscriptions": 1}],
            "url": f"/v1/subscriptions?client_id={client}",
        },
        "freshness": [
            {"source": "pax8", "is_connected": True, "last_success_at": "2026-11-24T01:00:00Z"},
            {"source": "xero", "is_connected": False, "last_success_at": None},
            {"source": "superops", "is_connected": False, "last_success_at": None},
        ],
        "basis": {"pax8_price_is": "sell", "annual_price_is": "year"},
        "created_at": "2026-11-24T01:00:00Z",
        "updated_at": "2026-11-24T01:00:00Z",
    }


async def test_it_brings_in_what_the_list_says(api: Api, books: Books) -> None:
    await books.connected()
    for number in range(7):
        await books.subscription("company-1", price=Decimal(number), billing_term="3-Year")
    client = new_id()
    await push(api, client, name="Acacia", external_ids={"pax8_company_id": "company-1"})
    (listed,) = (await api.viewer.get("/v1/clients")).json()["items"]
    detail = (await api.viewer.get(f"/v1/clients/{client}")).json()
    assert detail["mrr"] == listed["mrr"]
    assert detail["mrr"]["value"] == {"amount": "0.58", "currency": "AUD"}  # 21 / 36


async def test_before_the_first_sync_nothing_is_counted(api: Api, books: Books) -> None:
    await books.subscription("company-1")
    client = new_id()
    await push(api, client, name="Acacia", external_ids={"pax8_company_id": "company-1"})
    found = (await api.viewer.get(f"/v1/clients/{client}")).json()
    assert found["subscriptions"]["badges"] is None
    assert found["subscriptions"]["reason"] == "source_not_connected"
    assert found["mrr"]["reason"] == "source_not_connected"


async def test_its_etag_changes_with_whatever_it_shows_and_answers_304_else(
    api: Api, books: Books
) -> None:
    await books.connected()
    here = await books.subscription("company-1")
    client = new_id()
    await push(api, client, name="Acacia", external_ids={"pax8_company_id": "company-1"})
    path = f"/v1/clients/{client}"
    first = await api.viewer.get(path)
    assert first.headers["cache-control"] == "private, no-cache"
    tag = first.headers["etag"]
    unchanged = await api.viewer.get(path, headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.headers["etag"]) == (304, tag)
    await books.database.as_owner("UPDATE subscriptions SET quantity = 2 WHERE id = $1", here)
    changed = await api.viewer.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_another_organisations_client_answers_like_an_absent_one(
    api: Api, database: Database
) -> None:
    theirs = new_id()
    other = api.of(await database.add_organisation(new_id(), name="Other"))
    await push(other, theirs, name="Theirs")
    answers = [await api.viewer.get(f"/v1/clients/{id_}") for id_ in (theirs, new_id())]
    told = [(answer.status_code, answer.json() | {"request_id": ""}) for answer in answers]
    assert told[0] == told[1]
    assert told[0][0] == 404


@pytest.mark.parametrize("id_", ["acacia", "links", "%00", "1"])
async def test_an_id_that_is_none_is_422(api: Api, id_: str) -> None:
    assert (await api.viewer.get(f"/v1/clients/{id_}")).status_code == 422


async def test_who_may_not_read_clients_is_refused(api: Api) -> None:
    path = f"/v1/clients/{new_id()}"
    assert (await api.nobody.get(path)).status_code == 401
    assert (await api.service("dashboard:read").get(path)).status_code == 403
