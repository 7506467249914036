"""Whom a client's invoices go to: people of its records in Xero and Pax8, and the chosen one."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.support.api import Api
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.pax8 import Engine, people
from tests.support.sales import SalesBooks

from billingone_api.billing.syncs.models import Mode
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

PEOPLE = (
    '[{"name": "Wu Li", "email": "Wu@Acacia.example"}, {"name": "No address"},'
    ' {"email": 7}, "nonsense", {"name": "Main again", "email": "ap@acacia.example"}]'
)


@pytest.fixture
async def acacia(api: Api, database: Database) -> UUID:
    sales = SalesBooks(database, api.organisation_id)
    await sales.connected()
    ledger = await sales.open()
    await database.insert(
        "xero_contacts",
        organisation_id=api.organisation_id,
        ledger_id=ledger,
        source_id="x-1",
        name="Acacia Dental",
        email="AP@acacia.example",
        people=PEOPLE,
        first_seen_at=NOW,
        changed_at=NOW,
    )
    client_id = new_id()
    body = {"name": "Acacia", "external_ids": {"xero_contact_id": "x-1"}}
    await api.service("clients:write").put(f"/v1/panelone/clients/{client_id}", json=body)
    return client_id


def entry(name: str, email: str, *, main: bool, primary: bool) -> dict[str, Any]:
    return {
        "source": "xero",
        "source_id": "x-1",
        "name": name,
        "email": email,
        "roles": [],
        "is_main": main,
        "is_primary": primary,
    }


async def shown(api: Api, client_id: UUID) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.viewer.get(f"/v1/clients/{client_id}")).json()[
        "contacts"
    ]
    return found


async def choose(api: Api, client_id: UUID, email: str) -> httpx.Response:
    body = {"source": "xero", "source_id": "x-1", "email": email}
    return await api.finance.put(f"/v1/clients/{client_id}/billing-contact", json=body)


async def test_each_address_is_told_once_with_where_it_comes_from(api: Api, acacia: UUID) -> None:
    assert await shown(api, acacia) == [
        entry("Acacia Dental", "ap@acacia.example", main=True, primary=True),
        entry("Wu Li", "wu@acacia.example", main=False, primary=False),
    ]


async def test_a_person_chooses_the_primary_one_and_may_take_it_back(
    api: Api, acacia: UUID, database: Database
) -> None:
    answer = await choose(api, acacia, " WU@acacia.example ")
    assert [one["is_primary"] for one in answer.json()["contacts"]] == [False, True]
    assert [one["is_primary"] for one in await shown(api, acacia)] == [False, True]
    await choose(api, acacia, "wu@acacia.example")
    answer = await api.finance.delete(f"/v1/clients/{acacia}/billing-contact")
    assert [one["is_primary"] for one in answer.json()["contacts"]] == [True, False]
    await api.finance.delete(f"/v1/clients/{acacia}/billing-contact")
    rows = await database.as_owner("SELECT action FROM audit WHERE resource = 'client' ORDER BY id")
    assert [row["action"] for row in rows] == [
        "client.created",
        "client.contact_chosen",
        "client.contact_released",
    ]


async def test_a_chosen_address_that_is_gone_gives_way_to_the_first(
    api: Api, acacia: UUID, database: Database
) -> None:
    await choose(api, acacia, "wu@acacia.example")
    await database.as_owner("UPDATE xero_contacts SET people = '[]'")
    assert [one["is_primary"] for one in await shown(api, acacia)] == [True]


async def test_people_of_pax8_stand_beside_those_of_xero_and_the_choice_outlives_a_sync(
    api: Api, acacia: UUID, database: Database, process: Process
) -> None:
    await database.insert(
        "client_links",
        organisation_id=api.organisation_id,
        source="pax8",
        source_id="harbour",
        client_id=acacia,
        origin="manual",
    )
    engine = Engine(process, api.organisation_id)
    devices = people("harbour", "k1", email="wu@acacia.example", name="Wu Li", types=("Admin",))
    bills = people("harbour", "k2", "k3", primary_types=("Billing",))
    more = people("harbour", "k4", name="Zoe")
    listed = [*devices.contacts, bills.contacts[0], *more.contacts]
    engine.pax8.people = {"harbour": replace(bills, contacts=listed)}
    await engine.sync()
    found = await shown(api, acacia)
    assert [(one["source"], one["email"], one["roles"], one["is_main"]) for one in found] == [
        ("xero", "ap@acacia.example", [], True),
        ("pax8", "k2@harbour.example", ["Billing"], True),
        ("xero", "wu@acacia.example", [], False),
        ("pax8", "k4@harbour.example", ["Billing"], False),
        ("pax8", "wu@acacia.example", ["Admin"], False),
    ]
    body = {"source": "pax8", "source_id": "harbour", "email": "wu@acacia.example"}
    answer = await api.finance.put(f"/v1/clients/{acacia}/billing-contact", json=body)
    assert [one["is_primary"] for one in answer.json()["contacts"]] == [False] * 4 + [True]
    await engine.sync(mode=Mode.FULL)
    assert [one["is_primary"] for one in await shown(api, acacia)] == [False] * 4 + [True]
    await database.as_owner("UPDATE xero_contacts SET gone_at = now()")
    engine.pax8.companies_ = []
    await engine.sync()
    assert await shown(api, acacia) == []


async def test_an_address_of_nobody_is_404_and_so_is_no_client(api: Api, acacia: UUID) -> None:
    answer = await choose(api, acacia, "else@acacia.example")
    assert (answer.status_code, answer.json()["code"]) == (404, "contact_not_found")
    answer = await choose(api, new_id(), "ap@acacia.example")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await api.viewer.delete(f"/v1/clients/{acacia}/billing-contact")).status_code == 403


async def test_a_client_without_contacts_has_none(api: Api) -> None:
    client_id = new_id()
    await api.service("clients:write").put(
        f"/v1/panelone/clients/{client_id}", json={"name": "Banksia"}
    )
    assert await shown(api, client_id) == []
    answer = await api.finance.delete(f"/v1/clients/{client_id}/billing-contact")
    assert answer.json() == {"contacts": []}
