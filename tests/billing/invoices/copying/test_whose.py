"""Whose a document is, which one is the same, and whose books are read."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.support.clock import LONG_AGO, SetClock
from tests.support.copied import Copied
from tests.support.reckoning import money_kept

from billingone_api.billing.definitions.models import XERO
from billingone_api.kit.ids import new_id


async def client(copied: Copied, name: str) -> UUID:
    client_id = new_id()
    row = {"organisation_id": copied.organisation_id, "id": client_id, "name": name}
    await copied.database.insert("clients", **row, active=True)
    return client_id


async def link(copied: Copied, contact_id: str, client_id: UUID) -> None:
    row = {"organisation_id": copied.organisation_id, "client_id": client_id, "origin": "exact"}
    await copied.database.insert("client_links", source=XERO, source_id=contact_id, **row)


async def test_a_document_is_its_contacts_clients_or_whose_a_person_said(
    copied: Copied, clock: SetClock
) -> None:
    contact_id, other_id = copied.tenant.ledger.contacts.keys()[:2]
    harbour, another = await client(copied, "Harbour"), await client(copied, "Another")
    await link(copied, contact_id, harbour)
    mine, by_hand = await copied.add(), await copied.add()
    await copied.sync()
    row = await copied.kept(mine)
    assert (row["contact_id"], row["client_id"], row["client_label"]) == (
        contact_id,
        harbour,
        "Harbour",
    )
    [unlinked, *_] = await copied.rows("SELECT * FROM invoices WHERE contact_id = $1", other_id)
    assert (unlinked["client_id"], unlinked["client_label"]) == (None, unlinked["contact_name"])
    [credit, *_] = await copied.rows(
        "SELECT * FROM client_credits WHERE contact_id = $1", contact_id
    )
    assert credit["client_id"] == harbour
    await copied.database.as_owner(
        "UPDATE invoices SET client_id = $1, client_label = 'Another', client_by_hand = true "
        "WHERE source_id = $2",
        another,
        by_hand,
    )
    clock.move(hours=2)
    await copied.mutate({"do": "pay", "id": by_hand})
    await copied.change(mine, Reference="Seen again")
    await copied.sync()
    row = await copied.kept(by_hand)
    assert (row["client_id"], row["client_label"], row["state"]) == (another, "Another", "paid")
    assert (await copied.kept(mine))["client_id"] == harbour


async def test_the_same_invoice_of_superops_becomes_a_twin_and_ceases_to_be_one(
    copied: Copied, clock: SetClock
) -> None:
    ledger_id, invoice_id = new_id(), new_id()
    books = {"source": "superops", "first_seen_at": clock.now(), "changed_at": clock.now()}
    await copied.database.insert(
        "ledgers",
        organisation_id=copied.organisation_id,
        id=ledger_id,
        source_id="bluegum",
        is_current=True,
        opened_at=LONG_AGO,
        **books,
    )
    await copied.database.insert(
        "invoices",
        organisation_id=copied.organisation_id,
        id=invoice_id,
        ledger_id=ledger_id,
        source_id="7",
        number="S 77",
        currency="AUD",
        total=Decimal(110),
        state="approved",
        **books,
    )
    source_id = await copied.add(InvoiceNumber="s-77")

    async def twin() -> Any:
        [row] = await copied.rows("SELECT twin_id, twin_by FROM invoices WHERE id = $1", invoice_id)
        return row["twin_id"], row["twin_by"]

    await copied.sync()
    assert await twin() == ((await copied.kept(source_id))["id"], "unmapped")
    clock.move(hours=2)
    await copied.change(source_id, InvoiceNumber="s-78")
    await copied.sync()
    assert await twin() == (None, None)
    clock.move(hours=2)
    await copied.change(source_id, InvoiceNumber="s-77")
    await copied.sync()
    assert (await twin())[1] == "unmapped"
    clock.move(hours=2)
    copied.remove(source_id)
    await copied.sync(mode="full")
    assert await twin() == (None, None), "a tombstone has no twin"


# Other books


async def test_another_organisations_books_are_kept_apart_from_those_before_them(
    copied: Copied, clock: SetClock
) -> None:
    await copied.sync()
    at_home, abroad = copied.sandbox.xero.tenants[:2]
    money = await copied.money_told()
    [before] = await copied.rows("SELECT count(*) FROM invoices")
    await copied.disconnect()
    await copied.connect(abroad)
    run = await copied.sync()
    assert (run["status"], run["counts"]["gone"]) == ("succeeded", 0)
    ledgers = await copied.rows("SELECT source_id, is_current FROM ledgers ORDER BY first_seen_at")
    assert [tuple(one.values()) for one in ledgers] == [(at_home.id, False), (abroad.id, True)]
    [after] = await copied.rows("SELECT count(*) FROM invoices")
    assert after["count"] == before["count"] + 40
    assert await money_kept(copied.database) == await copied.money_told() != money
    clock.move(hours=2)
    await copied.disconnect()
    await copied.connect(at_home)
    run = await copied.sync()
    assert run["counts"]["created"] == 0
    assert run["counts"]["unchanged"] < 100, "where its delta was left off"
    assert await money_kept(copied.database) == money
