"""Devices and licences of a client, or why they are not known."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.support.api import Api
from tests.support.books import Books
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.sales import SalesBooks

from billingone_api.kit.ids import new_id

RULES = "/v1/reconciliation/rules"


@pytest.fixture
async def books(api: Api, database: Database) -> Books:
    books = Books(database, api.organisation_id)
    await books.connected()
    for product in ("basic", "premium", "other"):
        row = {"source": "pax8", "source_id": product, "fetched_at": NOW}
        await database.insert("products", organisation_id=api.organisation_id, **row)
    return books


async def push(api: Api, company: str | None = "c-1") -> UUID:
    client_id = new_id()
    body = {"name": "Acacia", "external_ids": {"pax8_company_id": company}}
    answer = await api.service("clients:write").put(f"/v1/panelone/clients/{client_id}", json=body)
    assert answer.status_code == 201, answer.text
    return client_id


async def shown(api: Api, client: UUID) -> tuple[Any, Any]:
    """Devices and licences, of which list and detail say the same."""
    (listed,) = (await api.viewer.get("/v1/clients")).json()["items"]
    detail = (await api.viewer.get(f"/v1/clients/{client}")).json()
    found = [(one["devices"], one["licences"]) for one in (listed, detail)]
    assert found[0] == found[1]
    return tuple(one["reason"] or one["value"] for one in found[0])


async def test_devices_are_those_of_the_chosen_source_while_its_count_is_fresh(
    api: Api, books: Books, database: Database
) -> None:
    client = await push(api)
    assert (await shown(api, client))[0] == "source_not_connected"
    await SalesBooks(database, api.organisation_id).connected("superops")
    assert (await shown(api, client))[0] == "never_synced"

    async def counted(metric: str, source: str, count: int, *, hours: int) -> None:
        at = NOW - timedelta(hours=hours)
        facts = {"metric": metric, "source": source, "count": count}
        dated = {"counted_at": at, "received_at": at}
        whose = {"organisation_id": api.organisation_id, "client_id": client}
        await database.insert("client_counts", **whose, **facts, **dated)

    await counted("users", "superops", 9, hours=1)
    assert (await shown(api, client))[0] == "no_count"
    await counted("devices", "superops", 20, hours=49)
    assert (await shown(api, client))[0] == "count_stale"
    await counted("devices", "ninjaone", 25, hours=2)
    assert (await shown(api, client))[0] == 25
    row = {"organisation_id": api.organisation_id, "count_sources": '{"devices": "superops"}'}
    await database.insert("reconciliation_settings", **row, stale_after_hours=72)
    assert (await shown(api, client))[0] == 20


async def test_licences_are_seats_of_what_rules_cover_each_once(
    api: Api, books: Books, database: Database
) -> None:
    """5 + 2 + 1; not what is cancelled, what no rule covers, or what a rule passes over."""
    client = await push(api)
    for product, quantity, status in [
        ("basic", 5, "Active"),
        ("basic", 2, "Trial"),
        ("basic", 3, "Cancelled"),
        ("premium", 1, "Active"),
        ("other", 7, "Active"),
    ]:
        facts = {"product_id": product, "quantity": Decimal(quantity), "source_status": status}
        await books.subscription("c-1", client_id=client, **facts)
    assert (await shown(api, client))[1] == "no_count_rule"
    for metric, products, exclusions in [
        ("users", ["basic", "premium"], []),
        ("devices", ["basic"], []),
        ("servers", ["other"], [{"client_id": str(client), "product_id": None}]),
    ]:
        rule = {"name": metric, "metric": metric, "products": products, "exclusions": exclusions}
        answer = await api.finance.post(RULES, json=rule)
        assert answer.status_code == 201, answer.text
    assert (await shown(api, client))[1] == 8
    await books.subscription("c-1", client_id=client, product_id="premium", quantity=None)
    assert (await shown(api, client))[1] == "quantity_unknown"
    await database.as_owner("UPDATE integrations SET last_success_at = NULL")
    assert (await shown(api, client))[1] == "never_synced"


async def test_a_client_without_a_contact_owes_nothing_that_is_known(
    api: Api, database: Database
) -> None:
    """That it owes nothing would be another answer."""
    client = await push(api, company=None)
    sales = SalesBooks(database, api.organisation_id)
    await sales.connected()
    detail = (await api.viewer.get(f"/v1/clients/{client}")).json()
    assert detail["receivables"] == {"by_currency": None, "reason": "not_linked"}
    assert (detail["latest_invoices"]["items"], detail["latest_invoices"]["reason"]) == (
        None,
        "not_linked",
    )
    await sales.open()
    await sales.link("x-1", client)
    detail = (await api.viewer.get(f"/v1/clients/{client}")).json()
    assert detail["receivables"] == {"by_currency": [], "reason": None}
    assert detail["latest_invoices"]["items"] == []
