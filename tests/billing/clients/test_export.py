import csv
import io
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.support.api import Api
from tests.support.books import Books
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.ledgers import Ledgers
from tests.support.sales import SalesBooks

from billingone_api.kit.ids import new_id

URL = "/v1/clients/export.csv"


@pytest.fixture
async def books(api: Api, database: Database) -> Books:
    return Books(database, api.organisation_id)


async def push(api: Api, name: str, company: str | None = None, **more: Any) -> UUID:
    client_id = new_id()
    body = {"name": name, "external_ids": {"pax8_company_id": company}, **more}
    answer = await api.service("clients:write").put(f"/v1/panelone/clients/{client_id}", json=body)
    assert answer.status_code == 201, answer.text
    return client_id


async def exported(api: Api, **query: str) -> list[dict[str, str]]:
    answer = await api.viewer.get(URL, params=query)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def counted(books: Books, client: UUID, count: int, *, at: datetime = NOW) -> None:
    await books.database.insert(
        "client_counts",
        organisation_id=books.organisation_id,
        client_id=client,
        metric="devices",
        source="ninjaone",
        counted_at=at,
        received_at=at,
        count=count,
    )


@pytest.fixture
async def five(api: Api, books: Books) -> None:
    """Two currencies, a missing rate, nothing bought, nothing linked, and one that is retired."""
    await books.connected()
    await books.rate("USD", "1.5", on=date(2026, 11, 1))
    await books.database.insert(
        "products",
        organisation_id=api.organisation_id,
        source="pax8",
        source_id="p-seat",
        fetched_at=NOW,
    )
    for company, price, currency, term in [
        ("c-acacia", "100", "AUD", "Annual"),
        ("c-acacia", "7.77", "USD", "Monthly"),
        ("c-acacia", "1", "AUD", "One-Time"),
        ("c-banksia", "5", "NZD", "Monthly"),
        ("c-retired", "3", "AUD", "Monthly"),
    ]:
        await books.subscription(
            company,
            price=Decimal(price),
            currency=currency,
            billing_term=term,
            product_id="p-seat" if currency == "AUD" else "p-other",
        )
    acacia = await push(api, "Acacia", "c-acacia")
    sales = SalesBooks(books.database, api.organisation_id)
    await sales.connected()
    ledger = await sales.open()
    facts = {"client_id": acacia, "subtotal": Decimal(110), "amount_due": Decimal("60.50")}
    ledgers = Ledgers(books.database, api.organisation_id)
    await ledgers.invoice(ledger, "xero", "1", **facts)
    # its total says nothing of what is without tax, and what is due has no rate
    euros = {"currency": "EUR", "amount_due": Decimal(3)}
    await ledgers.invoice(ledger, "xero", "2", client_id=acacia, **euros)
    banksia = await push(api, "Banksia", "c-banksia")
    correa = await push(api, "Correa", "c-correa")
    await counted(books, banksia, 4)
    await counted(books, correa, 5, at=NOW - timedelta(hours=49))
    rule = {"name": "Seats", "metric": "devices", "products": ["p-seat"]}
    assert (await api.finance.post("/v1/reconciliation/rules", json=rule)).status_code == 201
    await push(api, "Dianella")
    await push(api, "Retired", "c-retired", active=False)


async def test_a_file_has_a_name_a_header_and_every_client(api: Api, five: None) -> None:
    """100 a year are 8.333… AUD; 7.77 USD at 1.5 are 11.655; together 19.98833…"""
    answer = await api.viewer.get(URL, params={"sort": "name"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="clients-2026-11-24.csv"'
    )
    header, *rows, end = answer.text.split("\r\n")
    assert header == (
        "id,name,active,linked_sources,mrr,currency,mrr_unknown,mrr_by_currency,mrr_excluded,"
        "active_subscriptions,devices,devices_unknown,licences,licences_unknown,total_spend,total_spend_unknown,total_spend_by_currency,"
        "total_spend_excluded,outstanding,outstanding_unknown,outstanding_by_currency,"
        "outstanding_excluded"
    )
    billed = "110.00,,AUD 110.00,1,,exchange_rate_missing,AUD 60.50; EUR 3.00,0"
    assert [row.partition(",")[2] for row in rows] == [
        "Acacia,true,pax8,19.99,AUD,,AUD 8.33; USD 7.77,1,3,,no_count,2,," + billed,
        "Banksia,true,pax8,,,exchange_rate_missing,NZD 5.00,0,1,4,,0,,,not_linked,,,,not_linked,,",
        "Correa,true,pax8,0.00,AUD,,,0,0,,count_stale,0,,,not_linked,,,,not_linked,,",
        "Dianella,true,,,,not_linked,,,,,no_count,,not_linked,,not_linked,,,,not_linked,,",
    ]
    assert end == ""


@pytest.mark.parametrize(
    ("connected", "price_is"), [(True, "sell"), (True, "buy"), (False, "sell"), (None, "buy")]
)
async def test_a_file_says_what_the_list_says(
    api: Api, books: Books, database: Database, five: None, *, connected: bool | None, price_is: str
) -> None:
    await database.as_owner("UPDATE organisation_settings SET pax8_price_is = $1", price_is)
    await database.as_owner("DELETE FROM integrations WHERE provider = 'pax8'")
    if connected is not None:
        await books.connected(last_success_at=NOW if connected else None)
    for sort in ("-mrr", "mrr", "name", "-name"):
        query = {"active": "all", "sort": sort}
        listed = (await api.viewer.get("/v1/clients", params=query)).json()["items"]
        assert await exported(api, **query) == [as_row(client) for client in listed]


def as_row(client: dict[str, Any]) -> dict[str, str]:
    """A client of the list, in the file's words."""
    mrr, count = client["mrr"], client["active_subscriptions"]["value"]
    value = mrr["value"] or {"amount": "", "currency": ""}
    has_parts = mrr["reason"] in {None, "exchange_rate_missing"}
    parts = [f"{part['currency']} {part['amount']}" for part in mrr["by_currency"]]
    return {
        "id": client["id"],
        "name": client["name"],
        "active": str(client["active"]).lower(),
        "linked_sources": " ".join(client["linked_sources"]),
        "mrr": value["amount"],
        "currency": value["currency"],
        "mrr_unknown": mrr["reason"] or "",
        "mrr_by_currency": "; ".join(parts),
        "mrr_excluded": str(mrr["excluded"]) if has_parts else "",
        "active_subscriptions": "" if count is None else str(count),
        **_counted("devices", client),
        **_counted("licences", client),
        **_billed("total_spend", client["total_spend"]),
        **_billed("outstanding", client["outstanding"]),
    }


def _counted(name: str, client: dict[str, Any]) -> dict[str, str]:
    value, reason = client[name]["value"], client[name]["reason"]
    return {name: "" if value is None else str(value), f"{name}_unknown": reason or ""}


def _billed(name: str, total: dict[str, Any]) -> dict[str, str]:
    has_parts = total["reason"] in {None, "exchange_rate_missing"}
    parts = [f"{part['currency']} {part['amount']}" for part in total["by_currency"]]
    return {
        name: (total["value"] or {"amount": ""})["amount"],
        f"{name}_unknown": total["reason"] or "",
        f"{name}_by_currency": "; ".join(parts),
        f"{name}_excluded": str(sum(one["count"] for one in total["excluded"]))
        if has_parts
        else "",
    }


async def test_the_lists_filters_are_the_files(api: Api, five: None) -> None:
    assert [row["name"] for row in await exported(api, q="ACA")] == ["Acacia"]
    assert [row["name"] for row in await exported(api, active="false")] == ["Retired"]


async def test_no_name_becomes_a_formula(api: Api) -> None:
    await push(api, '=HYPERLINK("x")')
    await push(api, 'Two\nlines, and "quotes"')
    names = sorted(row["name"] for row in await exported(api))
    assert names == ['\'=HYPERLINK("x")', 'Two lines, and "quotes"']


async def test_a_file_of_nothing_is_its_header(api: Api) -> None:
    answer = await api.viewer.get(URL)
    assert answer.text.count("\r\n") == 1


@pytest.mark.parametrize(
    "query", [{"limit": "5"}, {"cursor": "x"}, {"with_total": "true"}, {"sort": "id"}, {"x": "1"}]
)
async def test_what_a_file_does_not_take_is_422(api: Api, query: dict[str, str]) -> None:
    assert (await api.viewer.get(URL, params=query)).status_code == 422


async def test_who_may_not_read_clients_gets_no_file(api: Api, database: Database) -> None:
    await push(api, "Ours")
    assert (await api.nobody.get(URL)).status_code == 401
    assert (await api.service("clients:write").get(URL)).status_code == 403
    other = api.of(await database.add_organisation(new_id(), name="Other"))
    assert await exported(other) == []
