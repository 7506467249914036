"""The source as the worker opens it: saved credentials, HTTP, translation and rows together."""

import json
from typing import Any
from uuid import UUID

import httpx
import pytest
import respx
from tests.support.connections import API, TOKEN_URL, connect_pax8
from tests.support.databases import Database

from billingone_api.billing.subscriptions.jobs import Pax8Source
from billingone_api.billing.syncs.models import Mode, RunContext, Tally
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

ROWS: list[dict[str, Any]] = [
    {
        "id": f"sub-{number}",
        "companyId": "c1",
        "productId": "p1",
        "status": "Active",
        "quantity": number,
        "price": 32.9,
        "billingTerm": "Monthly",
        "currencyCode": "AUD",
        "startDate": "2026-02-01T14:00:00Z",
        "createdDate": f"2026-01-{number:02}",
    }
    for number in range(1, 6)
]

INVOICE = {"id": "i1", "invoiceDate": "2026-11-01", "status": "Unpaid", "total": 20}
ITEMS: list[dict[str, Any]] = [{"type": "subscription", "costTotal": 20}]


def page(rows: list[dict[str, Any]], number: int, *, size: int = 2) -> httpx.Response:
    block = {
        "size": size,
        "totalElements": len(rows),
        "totalPages": -(-len(rows) // size),
        "number": number,
    }
    shown = rows[number * size : (number + 1) * size]
    return httpx.Response(200, text=json.dumps({"content": shown, "page": block}))


@pytest.fixture
def pax8() -> Any:
    with respx.mock() as router:
        bought = {"access_token": "eyJ.a.b", "expires_in": 86400, "token_type": "Bearer"}
        router.post(TOKEN_URL).respond(json=bought)
        router.get(f"{API}/companies").mock(
            return_value=page([{"id": "c1", "name": "Harbour Dental"}], 0)
        )
        router.get(f"{API}/companies/c1/contacts").mock(
            return_value=page([{"id": "k1", "firstName": "Tom", "email": "Tom@harbour.example"}], 0)
        )
        router.get(f"{API}/products/p1").respond(
            json={"id": "p1", "name": "Premium", "vendorName": "Microsoft"}
        )
        router.get(f"{API}/invoices").mock(return_value=page([INVOICE], 0))
        router.get(f"{API}/invoices/i1/items").mock(return_value=page(ITEMS, 0))
        router.get(f"{API}/invoices/draftItems").respond(403, json={"status": 403})
        yield router


async def test_trap_1_a_list_of_three_pages_is_walked_from_page_0(
    process: Process, database: Database, organisation_id: UUID, pax8: respx.MockRouter
) -> None:
    connection_id = await connect_pax8(database, process, organisation_id)
    listed = pax8.get(f"{API}/subscriptions").mock(
        side_effect=lambda request: page(ROWS, int(request.url.params["page"]))
    )
    source = Pax8Source()
    run = RunContext(organisation_id, new_id(), source.key, connection_id, Mode.FULL)
    tallies: dict[str, Tally] = {}
    notices: dict[str, str] = {}
    async with source.steps(process, run) as steps:
        assert [step.name for step in steps] == list(source.step_names)
        for step in steps:
            async for batch in step.batches(None):
                async with process.work(organisation_id) as work:
                    tallies[step.name] = await batch.write(work)
                if batch.notice:
                    notices[step.name] = batch.notice
    assert tallies == {
        "companies": Tally(created=1),
        "subscriptions": Tally(created=5),
        "contacts": Tally(created=1),
        "invoices": Tally(created=1),
        "invoice_items": Tally(created=1),
        "draft_items": Tally(),
    }
    # what the credentials may not read is said, and the rest stands
    assert notices.keys() == {"draft_items"}
    assert "Give the API credentials access to invoices" in notices["draft_items"]
    [somebody] = await database.as_owner("SELECT company_id, name, email FROM pax8_contacts")
    assert tuple(somebody) == ("c1", "Tom", "tom@harbour.example")
    assert [call.request.url.params["page"] for call in listed.calls] == ["0", "1", "2"]
    rows = await database.as_owner(
        "SELECT source_id, quantity, starts_on::text, client_label, product_name, vendor_name "
        "FROM subscriptions ORDER BY source_id"
    )
    # an instant in the evening of Greenwich is the next morning in Sydney
    assert [tuple(map(str, row)) for row in rows] == [
        (f"sub-{number}", str(number), "2026-02-02", "Harbour Dental", "Premium", "Microsoft")
        for number in range(1, 6)
    ]
