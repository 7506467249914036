"""What is kept to sort clients by is what adding up all their subscriptions says."""

import asyncio
import importlib.util
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from types import ModuleType
from typing import Any
from uuid import UUID

from tests.support.api import Api
from tests.support.books import Books
from tests.support.databases import ROOT, Database
from tests.support.pax8 import Engine, company, subscription
from tests.support.totals import kept, reckon

from billingone_api.billing.definitions.adapters.totals import keep_totals
from billingone_api.kit.ids import new_id
from billingone_api.process import Process


def migration() -> ModuleType:
    path = ROOT / "migrations/versions/0014_clients.py"
    spec = importlib.util.spec_from_file_location("migration", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def push(api: Api, name: str, company_id: str) -> UUID:
    client_id = new_id()
    body = {"name": name, "external_ids": {"pax8_company_id": company_id}}
    answer = await api.service("clients:write").put(f"/v1/panelone/clients/{client_id}", json=body)
    assert answer.status_code == 201, answer.text
    return client_id


async def listed(api: Api) -> Sequence[tuple[str, Any]]:
    """In their order, and with figures that were added up for the page."""
    found = (await api.viewer.get("/v1/clients")).json()["items"]
    return [(one["name"], Decimal(one["mrr"]["value"]["amount"])) for one in found]


async def test_every_way_in_which_subscriptions_change_keeps_the_totals(
    api: Api, database: Database, process: Process
) -> None:
    """A sync, a link moved, usage found out, something gone, and days that pass."""
    engine, clock = Engine(process, api.organisation_id), api.mint.clock
    books = Books(database, api.organisation_id)
    await books.connected()
    await books.rate("USD", "2", on=date(2026, 11, 1))
    engine.pax8.companies_ = [company("c-1", "One"), company("c-2", "Two")]
    engine.pax8.subscriptions_ = [
        subscription("s1", company_id="c-1", price=Decimal(30), quantity=Decimal(1)),
        subscription("s2", company_id="c-2", price=Decimal("0.1"), billing_term="Annual"),
        subscription("s3", company_id="c-2", price=Decimal(7), quantity=Decimal(1), currency="USD"),
        subscription("s4", company_id="c-2", price=Decimal(5), billing_term="One-Time"),
        subscription("s5", company_id="c-1", price=Decimal(9), source_status="Trial"),
        subscription(
            "s6",
            company_id="c-1",
            price=Decimal(1),
            quantity=Decimal(1),
            source_status="PendingCancel",
            ends_on=date(2026, 11, 24),
        ),
        subscription(
            "s7",
            company_id="c-2",
            price=Decimal(50),
            quantity=Decimal(1),
            source_status="Activated",
            starts_on=date(2026, 11, 26),
        ),
    ]

    async def exact() -> Sequence[tuple[Any, ...]]:
        """Nothing changes by reckoning it all once more, nor by the migration's own way."""
        before = await kept(database, api.organisation_id)
        await reckon(database, api.organisation_id)
        assert await kept(database, api.organisation_id) == before
        await database.as_owner("DELETE FROM client_totals")
        await database.as_owner(migration().FILL)
        assert await kept(database, api.organisation_id) == before
        return before

    await engine.sync()
    assert await exact() == []
    first, second = await push(api, "One", "c-1"), await push(api, "Two", "c-2")
    always = [row for row in await exact() if row[2] == "-infinity"]
    assert {(row[0], row[1], row[3]) for row in always} == {
        (first, "AUD", 2),
        (second, "AUD", 1),
        (second, "USD", 1),
    }
    in_order = await listed(api)
    assert [name for name, _ in in_order] == ["One", "Two"]
    assert in_order == sorted(in_order, key=lambda one: -one[1])
    clock.move(days=2)  # one has ended, and one has begun
    in_order = await listed(api)
    assert [name for name, _ in in_order] == ["Two", "One"]
    assert dict(in_order)["One"] == 30
    engine.pax8.subscriptions_ = [
        subscription("s1", company_id="c-1", price=Decimal(300), quantity=Decimal(1)),
        *engine.pax8.subscriptions_[1:2],
        *engine.pax8.subscriptions_[3:],
    ]
    await engine.sync()  # dearer, and one is gone
    await exact()
    assert (await listed(api))[0] == ("One", Decimal(300))
    body = {"client_id": str(second)}
    assert (await api.finance.put("/v1/clients/links/pax8/c-1", json=body)).status_code == 200
    assert {row[0] for row in await exact()} == {second}
    (row,) = await database.as_owner("SELECT product_id FROM subscriptions WHERE source_id = 's1'")
    path = f"/v1/subscriptions/products/{row['product_id']}"
    answer = await api.finance.patch(path, json={"usage_billed": True}, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    assert await exact() == []


async def test_two_that_change_one_clients_subscriptions_at_once_both_count(
    api: Api, database: Database, process: Process
) -> None:
    books = Books(database, api.organisation_id)
    ids = [await books.subscription("c-1", price=Decimal(price)) for price in (1, 10)]
    client = await push(api, "One", "c-1")
    in_turn = asyncio.Barrier(2)

    async def dearer(id_: UUID) -> None:
        async with process.work(api.organisation_id) as work:
            beneath = (await work.connection.get_raw_connection()).driver_connection
            assert beneath is not None
            await beneath.execute("UPDATE subscriptions SET price = 2 * price WHERE id = $1", id_)
            await in_turn.wait()
            await keep_totals(work, [{"subscription_id": id_, "version": 2}])

    await asyncio.gather(*(dearer(id_) for id_ in ids))
    (row,) = await kept(database, api.organisation_id)
    assert row[:2] + row[3:] == (client, "AUD", 2, 72 * 22, 72 * 22)
