"""An API behind a socket, with something in every list."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import pytest
from tests.support.api import Api
from tests.support.books import Books
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.sales import SalesBooks
from tests.support.server import serving
from tests.support.totals import reckon

from billingone_api.kit.ids import new_id


@dataclass(frozen=True)
class Practice:
    """Bluegum and Kauri are linked to companies of theirs, Rimu is not; NZD has no rate."""

    api: Api
    port: int
    clients: dict[str, UUID]
    invoice: UUID

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
async def practice(api: Api, database: Database) -> AsyncIterator[Practice]:
    books = Books(database, api.organisation_id)
    await books.connected()
    clients = {name: new_id() for name in ("Bluegum", "Kauri", "Rimu")}
    for name, client_id in clients.items():
        company = await books.company(f"company-{name}", f"{name} Pty Ltd")
        claimed = {"pax8_company_id": company} if name != "Rimu" else {}
        body = {"name": name, "external_ids": claimed}
        told = await api.service("clients:write").put(
            f"/v1/panelone/clients/{client_id}", json=body
        )
        assert told.status_code == 201
    for name, price, currency in (
        ("Bluegum", "1234567890123.45", "AUD"),
        ("Bluegum", "0.01", "AUD"),
        ("Kauri", "80.00", "NZD"),
        ("Rimu", "7.30", "AUD"),
    ):
        await books.subscription(
            f"company-{name}",
            client_id=clients[name] if name != "Rimu" else None,
            price=Decimal(price),
            currency=currency,
        )
    await reckon(database, api.organisation_id)
    await database.insert(
        "products",
        organisation_id=api.organisation_id,
        source="pax8",
        source_id="product-1",
        name="Microsoft 365",
        vendor_name="Microsoft",
        fetched_at=NOW,
    )
    sales = SalesBooks(database, api.organisation_id)
    await sales.open()
    await sales.account("account-1")
    invoice = await sales.invoice(client_id=clients["Bluegum"])
    async with serving(api.app) as port:
        yield Practice(api, port, clients, invoice)
