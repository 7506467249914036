"""Invoices and credits follow whose contact is whose, as subscriptions follow companies."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.support.api import Api
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.ledgers import Ledgers

from billingone_api.kit.ids import new_id

IDENTIFIER = {
    "pax8": "pax8_company_id",
    "xero": "xero_contact_id",
    "superops": "superops_client_id",
}


@pytest.fixture
def ledgers(api: Api, database: Database) -> Ledgers:
    return Ledgers(database, api.organisation_id)


async def push(api: Api, name: str, *, id_: UUID | None = None, **external: str) -> UUID:
    """PanelOne's push of a client with identifiers, by source."""
    client_id = id_ or new_id()
    ids = {IDENTIFIER[source]: value for source, value in external.items()}
    body = {"name": name, "external_ids": ids}
    answer = await api.service("clients:write").put(f"/v1/panelone/clients/{client_id}", json=body)
    assert answer.status_code in {200, 201}, answer.text
    return client_id


async def link(api: Api, source: str, record: str, client_id: UUID | None) -> httpx.Response:
    body = {"client_id": None if client_id is None else str(client_id)}
    return await api.finance.put(f"/v1/clients/links/{source}/{record}", json=body)


async def invoices(database: Database) -> dict[UUID, dict[str, Any]]:
    rows = await database.as_owner("SELECT * FROM invoices")
    return {row["id"]: dict(row) for row in rows}


async def contact(ledgers: Ledgers, ledger: UUID, source: str, source_id: str, name: str) -> None:
    table = {"xero": "xero_contacts", "superops": "superops_clients"}[source]
    await ledgers.database.insert(
        table,
        organisation_id=ledgers.organisation_id,
        ledger_id=ledger,
        source_id=source_id,
        name=name,
        first_seen_at=NOW,
        changed_at=NOW,
    )


@pytest.mark.parametrize("source", ["xero", "superops"])
async def test_a_pushed_identifier_gives_the_client_its_invoices_and_a_version(
    api: Api, ledgers: Ledgers, database: Database, source: str
) -> None:
    books = await ledgers.ledger(source)
    mine = await ledgers.invoice(books, source, "1", contact_id="c-1", contact_name="Acacia P/L")
    other = await ledgers.invoice(books, source, "2", contact_id="c-2")
    client = await push(api, "Acacia", **{source: "c-1"})
    found = await invoices(database)
    assert (found[mine]["client_id"], found[mine]["client_label"]) == (client, "Acacia")
    assert found[other]["client_id"] is None
    versions = await database.as_owner(
        "SELECT invoice_id, version, client_id FROM invoice_versions"
    )
    assert [tuple(row) for row in versions] == [(mine, 2, client)]
    await push(api, "Acacia", id_=client)
    found = await invoices(database)
    assert (found[mine]["client_id"], found[mine]["client_label"]) == (None, "Acacia P/L")


async def test_the_same_id_in_another_system_is_another_record(
    api: Api, ledgers: Ledgers, database: Database
) -> None:
    ours = {
        source: await ledgers.invoice(await ledgers.ledger(source), source, "1", contact_id="7")
        for source in ("xero", "superops")
    }
    of_xero = await push(api, "Acacia", xero="7", pax8="7")
    of_superops = await push(api, "Banksia", superops="7")
    found = await invoices(database)
    assert found[ours["xero"]]["client_id"] == of_xero
    assert found[ours["superops"]]["client_id"] == of_superops
    links = await database.as_owner("SELECT source, client_id FROM client_links ORDER BY source")
    assert [tuple(row) for row in links] == [
        ("pax8", of_xero),
        ("superops", of_superops),
        ("xero", of_xero),
    ]


async def test_two_clients_that_name_one_contact_get_neither(
    api: Api, ledgers: Ledgers, database: Database
) -> None:
    one = await ledgers.invoice(await ledgers.ledger("xero"), "xero", "1", contact_id="c-1")
    await push(api, "Acacia", xero="c-1")
    await push(api, "Banksia", xero="c-1")
    assert (await invoices(database))[one]["client_id"] is None


async def test_an_invoice_that_a_person_gave_to_a_client_stays(
    api: Api, ledgers: Ledgers, database: Database
) -> None:
    books = await ledgers.ledger("xero")
    by_hand = await push(api, "Banksia")
    one = await ledgers.invoice(
        books, "xero", "1", contact_id="c-1", client_id=by_hand, client_by_hand=True
    )
    await push(api, "Acacia", xero="c-1")
    assert (await invoices(database))[one]["client_id"] == by_hand
    await push(api, "Banksia & Sons", id_=by_hand)
    assert (await invoices(database))[one]["client_label"] == "Banksia & Sons"


async def test_credits_follow_too(api: Api, ledgers: Ledgers, database: Database) -> None:
    books = await ledgers.ledger("xero")
    await database.insert(
        "client_credits",
        organisation_id=api.organisation_id,
        id=new_id(),
        source="xero",
        ledger_id=books,
        source_id="credit-1",
        kind="credit_note",
        state="approved",
        contact_id="c-1",
        first_seen_at=NOW,
        changed_at=NOW,
    )
    client = await push(api, "Acacia", xero="c-1")
    (credit,) = await database.as_owner("SELECT client_id, version FROM client_credits")
    (version,) = await database.as_owner("SELECT client_id, version FROM credit_versions")
    assert tuple(credit) == tuple(version) == (client, 2)


async def test_mapping_tells_which_invoices_are_one(
    api: Api, ledgers: Ledgers, database: Database
) -> None:
    xero, superops = await ledgers.ledger("xero"), await ledgers.ledger("superops")
    one = await ledgers.invoice(xero, "xero", "INV-1", contact_id="c-1")
    other = await ledgers.invoice(superops, "superops", "INV1", contact_id="s-1")
    client = await push(api, "Acacia", xero="c-1")
    assert (await invoices(database))[other]["twin_by"] == "unmapped"
    await push(api, "Acacia", id_=client, xero="c-1", superops="s-1")
    found = (await invoices(database))[other]
    assert (found["twin_id"], found["twin_by"]) == (one, "exact")
    somebody_else = await push(api, "Banksia")
    answer = await link(api, "superops", "s-1", somebody_else)
    assert answer.json()["moved_invoices"] == 1
    assert (await invoices(database))[other]["twin_id"] is None


@pytest.mark.parametrize("source", ["xero", "superops"])
async def test_a_person_links_a_record_and_is_told_its_name_and_what_moved(
    api: Api, ledgers: Ledgers, source: str
) -> None:
    books = await ledgers.ledger(source)
    await contact(ledgers, books, source, "c-1", "Acacia Dental Pty Ltd")
    await ledgers.invoice(books, source, "1", contact_id="c-1")
    client = await push(api, "Acacia")
    answer = (await link(api, source, "c-1", client)).json()
    assert (answer["source"], answer["name"]) == (source, "Acacia Dental Pty Ltd")
    assert (answer["moved_invoices"], answer["moved_subscriptions"]) == (1, 0)
    (shown,) = (await api.finance.get(f"/v1/clients/{client}")).json()["links"]
    assert (shown["source"], shown["name"]) == (source, "Acacia Dental Pty Ltd")
    undone = await api.finance.delete(f"/v1/clients/links/{source}/c-1")
    assert (undone.json()["client_id"], undone.json()["moved_invoices"]) == (None, 1)


async def test_a_contact_of_books_that_are_not_read_is_not_known(
    api: Api, ledgers: Ledgers
) -> None:
    books = await ledgers.ledger("xero", is_current=False)
    await contact(ledgers, books, "xero", "c-1", "Acacia Dental Pty Ltd")
    client = await push(api, "Acacia")
    answer = await link(api, "xero", "c-1", client)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_client_known_in_xero_alone_has_no_mrr_and_says_why(
    api: Api, ledgers: Ledgers, database: Database
) -> None:
    await database.insert(
        "integrations",
        organisation_id=api.organisation_id,
        provider="pax8",
        connection_id=new_id(),
        auth_mode="client_credentials",
        account="client-1",
        secret=b"sealed",
        connected_by="Farah Nair",
        connected_at=NOW,
        last_success_at=NOW,
    )
    client = await push(api, "Acacia", xero="c-1")
    (row,) = (await api.finance.get("/v1/clients")).json()["items"]
    assert (row["linked_sources"], row["mrr"]["reason"]) == (["xero"], "not_linked")
    shown = (await api.finance.get(f"/v1/clients/{client}")).json()
    assert shown["mrr"]["reason"] == "not_linked"
    file = (await api.finance.get("/v1/clients/export.csv")).text
    assert "not_linked" in file
