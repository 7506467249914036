"""What a sync of SuperOps leaves behind, and what the next one makes of it."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.support.clock import NOW, SetClock
from tests.support.sales import SalesBooks
from tests.support.sources import work_off
from tests.support.superops import EUROPES
from tests.support.superops_copied import CopiedSuperOps, steps_of

from billingone_api.billing.integrations.models import Region
from billingone_api.kit.ids import new_id

TABLES = (
    "ledgers",
    "superops_clients",
    "invoices",
    "invoice_versions",
    "invoice_lines",
    "superops_assets",
    "superops_users",
)


async def writings(copied: CopiedSuperOps) -> dict[str, list[tuple[str, str]]]:
    """Which transaction wrote each row, and where it lies."""
    return {
        table: [
            (row["xmin"], row["ctid"])
            for row in await copied.rows(
                f"SELECT xmin::text, ctid::text FROM {table} ORDER BY ctid"  # noqa: S608 - a test's own words
            )
        ]
        for table in TABLES
    }


def readable(copied: CopiedSuperOps) -> list[str]:
    home = copied.there.home
    bad = {key for key in home.invoices if not home.invoices.get(key)["totalAmount"][0].isdigit()}
    return [
        key
        for key in home.invoices
        if key not in bad and "/" not in home.invoices.get(key)["invoiceDate"]
    ]


async def test_an_unchanged_account_writes_no_row_and_asks_for_no_invoice(
    copied: CopiedSuperOps,
) -> None:
    due = "SELECT count(*) FROM due_work WHERE kind = 'superops_counts'"
    first = await copied.sync()
    assert await copied.one(due) == 1, "what it lists is counted"
    before = await writings(copied)
    assert all(before.values())
    calls = copied.watched()
    delta = await copied.sync()
    await work_off(copied.process)
    assert await copied.one(due) == 0
    assert calls.seen == 0
    assert delta["counts"] == first["counts"] | {
        "created": 0,
        "unchanged": first["counts"]["created"],
    }
    assert await writings(copied) == before
    full = await copied.sync(mode="full")
    assert calls.seen == len(readable(copied))
    assert full["counts"] == delta["counts"]
    assert await writings(copied) == before


async def test_the_lines_are_asked_for_of_what_is_new_or_changed_alone(
    copied: CopiedSuperOps, clock: SetClock
) -> None:
    await copied.sync()
    changed, voided, *_ = [one for one in readable(copied) if not await is_settled(copied, one)]
    clock.move(days=1)
    await copied.change(changed, totalAmount="4321.00")
    await copied.change(voided, statusEnum="VOID")
    new = await copied.add(displayId="NEW-1")
    calls = copied.watched()
    run = await copied.sync()
    assert calls.seen == 3
    counts = steps_of(run)["invoices"]["counts"]
    assert (counts["created"], counts["changed"]) == (1, 2)
    row = await copied.kept(changed)
    assert (row["total"], row["amount_due"], row["version"]) == (4321, 4321, 2)
    row = await copied.kept(voided)
    assert (row["state"], row["amount_due"], row["fully_paid_on"]) == ("void", 0, None)
    for source_id in (new, changed):
        assert len(await copied.lines(source_id)) == len(copied.items(source_id)) > 0


async def is_settled(copied: CopiedSuperOps, source_id: str) -> bool:
    return (await copied.kept(source_id))["state"] in {"paid", "void"}


# What is kept


async def test_an_invoice_is_kept_as_superops_tells_it(copied: CopiedSuperOps) -> None:
    client = copied.there.home.clients.get(copied.ids("clients")[0])
    item = {
        "itemId": "79288383727461662754",
        "billedDate": "2026-11-01",
        "details": "On-site visit",
        "quantity": "1.25",
        "unitPrice": "12.4375",
        "discountRate": "12.75",
        "amount": "13.56",
        "taxable": True,
        "taxAmount": "1.36",
        "totalAmount": "14.92",
        "serviceItem": {"itemId": "7", "name": "Visit", "quantityType": "HOURS"},
        "tax": None,
    }
    tax = {"id": "1", "tax": {}, "taxRate": "10", "taxableAmount": "13.56", "taxAmount": "1.36"}
    source_id = await copied.add(
        displayId="061426-0001",
        client={"accountId": int(client["accountId"]), "name": client["name"]},
        invoiceDate="2026-11-20",
        dueDate="2026-12-04",
        statusEnum="PAID",
        totalAmount="14.42",
        additionalDiscount="0.50",
        paymentDate="2026-11-22T20:00:00.000",
        paymentReference="EFT 12",
        taxes=[tax | {"rate": {}}],
        items=[item],
    )
    await copied.sync()
    row = await copied.kept(source_id)
    assert {name: row[name] for name in EXPECTED} == EXPECTED | {
        "contact_id": client["accountId"],
        "contact_name": client["name"],
        "client_label": client["name"],
    }
    [line, discount] = await copied.lines(source_id)
    assert {name: line[name] for name in LINE} == LINE
    assert (discount["description"], discount["line_amount"], discount["position"]) == (
        "Discount on the whole invoice", Decimal("-0.50"), 2,
    )  # fmt: skip


EXPECTED: dict[str, Any] = {
    "source": "superops",
    "number": "061426-0001",
    "reference": None,
    "contact_id": None,
    "contact_name": None,
    "client_label": None,
    "source_status": "PAID",
    "state": "paid",
    "issued_on": date(2026, 11, 20),
    "due_on": date(2026, 12, 4),
    # eight in the evening in UTC is the next day in Sydney
    "fully_paid_on": date(2026, 11, 23),
    "currency": "AUD",
    "subtotal": Decimal("13.06"),
    "tax": Decimal("1.36"),
    "total": Decimal("14.42"),
    "amount_due": Decimal(0),
    "amount_paid": None,
    "line_amounts_are": "Exclusive",
    "gone_at": None,
}
LINE: dict[str, Any] = {
    "position": 1,
    "source_id": "79288383727461662754",
    "description": "On-site visit",
    "quantity": Decimal("1.25"),
    "unit_amount": Decimal("12.4375"),
    "discount_rate": Decimal("12.75"),
    "line_amount": Decimal("13.56"),
    "tax_amount": Decimal("1.36"),
    "item_name": "Visit",
}


@pytest.mark.parametrize(
    ("word", "state", "due"),
    [
        ("DRAFT", "draft", 10),
        ("APPROVED", "approved", 10),
        ("OVERDUE", "approved", 10),
        ("PAID", "paid", 0),
        ("VOID", "void", 0),
    ],
)
async def test_a_status_becomes_a_state_and_what_is_due(
    copied: CopiedSuperOps, word: str, state: str, due: int
) -> None:
    source_id = await copied.add(statusEnum=word, totalAmount="10")
    await copied.sync()
    row = await copied.kept(source_id)
    assert (row["source_status"], row["state"], row["amount_due"]) == (word, state, due)


async def test_where_an_account_does_not_answer_more_lines_are_kept_without_it(
    copied: CopiedSuperOps,
) -> None:
    await copied.control("/fields", {"undefined": ["InvoiceItem.taxAmount"]})
    await copied.sync()
    lines = await copied.lines(readable(copied)[0])
    assert lines
    assert {line["tax_amount"] for line in lines} == {None}
    assert (await copied.kept(readable(copied)[0]))["tax"] is not None, "the invoice tells it"


async def test_a_technician_sees_fewer_devices_and_that_is_not_believed_at_once(
    copied: CopiedSuperOps,
) -> None:
    await copied.sync()
    count = await copied.one("SELECT count(*) FROM superops_assets WHERE gone_at IS NULL")
    await copied.connect("bluegum-superops-technician")
    run = await copied.sync()
    step = steps_of(run)["assets"]
    assert step["status"] == "partial"
    assert "SuperOps no longer lists" in step["notice"]
    kept = "SELECT count(*) FROM superops_assets WHERE gone_at IS NULL"
    assert await copied.one(kept) == count
    run = await copied.sync(confirm_removals=True)
    assert await copied.one(kept) < count


# What is gone


async def test_what_is_not_listed_any_more_gets_a_tombstone_and_what_comes_back_loses_it(
    copied: CopiedSuperOps, clock: SetClock
) -> None:
    await copied.sync()
    source_id = readable(copied)[0]
    whole = dict(copied.there.home.invoices.get(source_id))
    clock.move(days=1)
    await copied.remove(source_id)
    run = await copied.sync()
    assert run["counts"]["gone"] == 1
    gone = await copied.kept(source_id)
    assert gone["gone_at"] == clock.now()
    assert (await copied.sync())["counts"]["gone"] == 0
    copied.there.home.invoices.put(source_id, whole)
    await copied.sync()
    back = await copied.kept(source_id)
    assert (back["gone_at"], back["version"]) == (None, gone["version"] + 1)


async def test_many_do_not_go_at_once_unless_a_person_confirms(copied: CopiedSuperOps) -> None:
    await copied.sync()
    await copied.remove(*readable(copied)[:20])
    run = await copied.sync()
    step = steps_of(run)["invoices"]
    assert (run["status"], step["counts"]["gone"]) == ("partial", 0)
    assert "SuperOps no longer lists 20 of 58 invoices" in step["notice"]
    run = await copied.sync(confirm_removals=True)
    assert steps_of(run)["invoices"]["counts"]["gone"] == 20


async def test_nothing_goes_while_a_list_does_not_hold_still(copied: CopiedSuperOps) -> None:
    await copied.sync()
    source_id = copied.ids("assets")[0]
    gone = f"SELECT gone_at IS NOT NULL FROM superops_assets WHERE source_id = '{source_id}'"  # noqa: S608 - a test's own words
    await copied.remove(source_id, kind="asset")
    await copied.control("/manners", {"order_moves": True})
    run = await copied.sync()
    step = steps_of(run)["assets"]
    assert (run["status"], step["status"], step["counts"]["gone"]) == ("partial", "partial", 0)
    assert "changed while it was read" in step["notice"]
    assert not await copied.one(gone)
    await copied.control("/manners", {"order_moves": False})
    assert (await copied.sync())["counts"]["gone"] == 1
    assert await copied.one(gone)


# Whose it is


async def test_an_invoice_is_its_clients_once_that_is_linked(
    copied: CopiedSuperOps, clock: SetClock
) -> None:
    client_id, source_id = new_id(), readable(copied)[0]
    owner = copied.there.home.invoices.get(source_id)["client"]["accountId"]
    await copied.database.insert(
        "clients", organisation_id=copied.organisation_id, id=client_id, name="Wattle", active=True
    )
    await copied.database.insert(
        "client_links",
        organisation_id=copied.organisation_id,
        source="superops",
        source_id=str(owner),
        client_id=client_id,
        origin="manual",
    )
    await copied.sync()
    row = await copied.kept(source_id)
    assert (row["client_id"], row["client_label"]) == (client_id, "Wattle")


async def test_another_account_is_another_ledger_and_the_old_one_is_kept_apart(
    copied: CopiedSuperOps,
) -> None:
    await copied.sync()
    count = await copied.one("SELECT count(*) FROM invoices")
    subdomain, value = EUROPES
    await copied.connect(value, subdomain=subdomain, region=Region.EU, currency="EUR")
    await copied.sync()
    ledgers = await copied.rows("SELECT * FROM ledgers ORDER BY source_id")
    assert [(one["source_id"], one["is_current"], one["base_currency"]) for one in ledgers] == [
        ("bluegum-europe", True, "EUR"),
        ("bluegumit", False, "AUD"),
    ]
    assert await copied.one("SELECT count(*) FROM invoices WHERE gone_at IS NULL") == count + 9
    shown = (await copied.api.viewer.get("/v1/invoices?limit=200")).json()["items"]
    assert {one["amount"]["currency"] for one in shown} == {"EUR"}
    assert len(shown) == 9
    await copied.connect()
    calls = copied.watched()
    await copied.sync()
    assert calls.seen == 0, "the first account is known still"
    assert await copied.one("SELECT source_id FROM ledgers WHERE is_current") == "bluegumit"


async def test_an_account_that_cannot_be_read_does_not_take_the_place_of_another(
    copied: CopiedSuperOps,
) -> None:
    await copied.sync()
    await copied.connect(subdomain="nobodys")
    run = await copied.sync()
    assert (run["status"], run["problem"]["code"]) == ("failed", "subdomain_unknown")
    assert await copied.one("SELECT source_id FROM ledgers WHERE is_current") == "bluegumit"


async def test_another_currency_makes_other_invoices_of_all(
    copied: CopiedSuperOps, clock: SetClock
) -> None:
    await copied.sync()
    clock.move(days=1)
    await copied.connect(currency="NZD")
    run = await copied.sync()
    assert steps_of(run)["invoices"]["counts"]["changed"] == len(readable(copied))
    assert await copied.one("SELECT DISTINCT currency FROM invoices") == "NZD"
    assert await copied.one("SELECT base_currency FROM ledgers") == "NZD"


async def test_the_same_invoice_in_xero_counts_once(copied: CopiedSuperOps) -> None:
    books = SalesBooks(copied.database, copied.organisation_id)
    await books.open("xero")
    source_id = await copied.add(displayId="INV/00-4711", totalAmount="110", statusEnum="APPROVED")
    xeros = await books.invoice("xero", number="INV-004711")
    await copied.sync()
    row = await copied.kept(source_id)
    assert (row["twin_id"], row["twin_by"]) == (xeros, "unmapped")
    await copied.change(source_id, displayId="another")
    await copied.sync()
    assert (await copied.kept(source_id))["twin_id"] is None
    await copied.change(source_id, displayId="INV 004711")
    await copied.sync()
    await copied.remove(source_id)
    await copied.sync()
    assert (await copied.kept(source_id))["twin_id"] is None, "what is gone is nobody's twin"


# What cannot be read


async def test_what_cannot_be_read_waits_aside_until_it_can(
    copied: CopiedSuperOps, clock: SetClock
) -> None:
    run = await copied.sync()
    assert (run["status"], run["counts"]["quarantined"]) == ("partial", 2)
    rows = await copied.rows("SELECT * FROM quarantined_records WHERE source = 'superops'")
    assert {row["kind"] for row in rows} == {"invoices"}
    assert any("/invoiceDate" in row["reason"] for row in rows)
    for row in rows:
        fields = {"invoiceDate": "2026-11-20", "totalAmount": "10"}
        await copied.change(row["record_key"], **fields)
    run = await copied.sync()
    assert (run["status"], run["counts"]["created"]) == ("succeeded", 2)
    assert await copied.rows("SELECT * FROM quarantined_records") == []


async def test_one_line_that_cannot_be_read_spoils_its_invoice_and_keeps_what_was_there(
    copied: CopiedSuperOps,
) -> None:
    await copied.sync()
    source_id = readable(copied)[0]
    before = await copied.kept(source_id)
    items = copied.items(source_id)
    spoilt = [items[0] | {"quantity": "a few"}]
    await copied.change(source_id, items=spoilt, totalAmount="9")
    run = await copied.sync()
    assert run["counts"]["quarantined"] == 3
    assert await copied.kept(source_id) == before
    reason = await copied.one(
        "SELECT reason FROM quarantined_records WHERE record_key = $1", source_id
    )
    assert reason.startswith("/items/0/quantity")
    await copied.change(source_id, items=items)
    await copied.sync()
    assert (await copied.kept(source_id))["total"] == 9


# Never synced, and empty


async def test_never_synced_and_empty_are_two_answers(copied: CopiedSuperOps) -> None:
    async def fresh() -> dict[str, Any]:
        summary = (await copied.api.viewer.get("/v1/invoices/summary")).json()
        [one] = [one for one in summary["freshness"] if one["source"] == "superops"]
        return dict(one)

    assert (await fresh())["last_success_at"] is None
    for kind, name in (("invoice", "invoices"), ("asset", "assets"), ("client", "clients")):
        await copied.remove(*copied.ids(name), kind=kind)
    await copied.remove(*copied.ids("associations"), kind="association")
    run = await copied.sync()
    assert (run["status"], run["counts"]["created"]) == ("succeeded", 1), "the ledger alone"
    assert (await fresh())["last_success_at"] == NOW.isoformat().replace("+00:00", "Z")
    swept = await copied.rows("SELECT step, swept_at FROM sync_cursors ORDER BY step")
    assert [(row["step"], row["swept_at"]) for row in swept] == [
        (name, NOW) for name in ("assets", "clients", "invoices", "users")
    ]
