"""Pending and latest invoices, what is owed, and what in invoices needs a person."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.support.api import Api
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.sales import SalesBooks

from billingone_api.kit.ids import new_id

TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)


@pytest.fixture
async def books(database: Database, organisation_id: UUID) -> SalesBooks:
    """Xero is connected and synced; SuperOps has books, and no connection any more."""
    made = SalesBooks(database, organisation_id)
    await made.open()
    await made.open("superops")
    return made


async def shown(api: Api) -> Any:
    answer = await api.viewer.get("/v1/dashboard")
    assert answer.status_code == 200, answer.text
    return answer.json()


def money(amount: str, currency: str = "AUD") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


async def test_pending_and_owed_invoices_are_counted_and_added_up_per_currency(
    api: Api, books: SalesBooks
) -> None:
    await books.connected()
    await books.invoice(state="draft", total=Decimal("10.005"))
    await books.invoice(state="awaiting_approval", total=Decimal(20), due_on=TODAY - DAY)
    await books.invoice(total=Decimal(40), due_on=TODAY)
    await books.invoice(total=Decimal(80), due_on=TODAY - DAY)
    await books.invoice(total=Decimal(160), issued_on=TODAY + DAY)
    await books.invoice(total=Decimal(320), amount_due=Decimal(0))
    await books.invoice(total=Decimal(640), currency="NZD", due_on=TODAY - DAY)
    await books.invoice(state="void", total=Decimal(1280))
    page = await shown(api)
    pending = page["cards"]["pending_invoices"]["value"]
    assert (pending["count"], pending["amounts"]) == (4, [money("230.01")])
    outstanding = page["receivables"]["outstanding"]["value"]
    assert (outstanding["count"], outstanding["amounts"]) == (
        3,
        [money("120.00"), money("640.00", "NZD")],
    )
    assert outstanding["reporting"] == {"amount": None, "missing_rates": ["NZD"], "rates_used": []}
    assert "NZD" in page["receivables"]["outstanding"]["detail"]
    overdue = page["receivables"]["overdue"]["value"]
    assert (overdue["count"], overdue["amounts"]) == (2, [money("80.00"), money("640.00", "NZD")])


async def test_the_newest_ten_are_shown_by_their_date(api: Api, books: SalesBooks) -> None:
    await books.connected()
    client = await books.client("Harbour Dental")
    for number in range(12):
        await books.invoice(number=f"INV-{number}", issued_on=TODAY - number * DAY)
    await books.invoice(number="INV-void", issued_on=TODAY, state="void")
    top = await books.invoice(
        number="INV-top", issued_on=TODAY + DAY, client_id=client, client_label="Harbour Dental"
    )
    await books.twin(top, number="INV-top")
    latest = (await shown(api))["latest_invoices"]["value"]
    assert [one["number"] for one in latest] == ["INV-top", *(f"INV-{n}" for n in range(9))]
    assert latest[0] == {
        "id": str(top),
        "source": "xero",
        "number": "INV-top",
        "client_id": str(client),
        "client_name": "Harbour Dental",
        "badge": "submitted",
        "issued_on": "2026-11-25",
        "due_on": "2026-12-01",
        "amount": money("110.00"),
        "amount_due": money("110.00"),
    }


async def test_before_the_first_sync_nothing_is_zero(api: Api, books: SalesBooks) -> None:
    await books.connected(last_success_at=None)
    await books.run("xero", "running")
    await books.invoice()
    page = await shown(api)
    for card in (
        page["cards"]["pending_invoices"],
        page["latest_invoices"],
        *page["receivables"].values(),
    ):
        assert (card["value"], card["reason"]) == (None, "never_synced")
        assert card["detail"] == "The first sync of Xero is under way."
    assert page["coverage"]["is_partial"] is True
    assert page["needs_attention"] == []


async def test_of_other_books_nothing_is_known_before_all_of_them_came_through(
    api: Api, books: SalesBooks
) -> None:
    await books.connected(last_success_at=NOW - timedelta(minutes=5))
    await books.invoice()
    await books.opened(NOW - timedelta(minutes=4))
    page = await shown(api)
    for card in (page["cards"]["pending_invoices"], page["latest_invoices"]):
        assert (card["value"], card["reason"]) == (None, "never_synced")


async def test_books_without_invoices_are_zero(api: Api, books: SalesBooks) -> None:
    await books.connected()
    page = await shown(api)
    assert page["cards"]["pending_invoices"]["value"]["count"] == 0
    assert page["latest_invoices"] == {"value": [], "reason": None, "detail": None}
    assert page["coverage"]["is_partial"] is False


async def test_one_source_is_enough_and_the_one_that_is_missing_is_named(
    api: Api, books: SalesBooks
) -> None:
    await books.connected()
    await books.connected("superops", last_success_at=None)
    await books.invoice()
    page = await shown(api)
    card = page["cards"]["pending_invoices"]
    assert card["value"]["count"] == 1
    assert page["coverage"]["is_partial"] is True
    assert card["detail"] == "SuperOps has not been synced yet."


async def test_each_source_has_its_freshness_and_its_failures(api: Api, books: SalesBooks) -> None:
    await books.connected(last_success_at=NOW - timedelta(minutes=31))
    await books.run("xero", "failed")
    page = await shown(api)
    _, xero, superops = page["freshness"]
    assert (xero["source"], xero["status"], xero["is_stale"]) == ("xero", "connected", True)
    assert (superops["status"], superops["never_synced"]) == ("not_connected", True)
    (one,) = page["needs_attention"]
    assert (one["kind"], one["link"]) == ("sync_failed", "/v1/syncs?source=xero")
    assert one["detail"] == "The last sync of Xero failed."


async def test_a_sync_that_left_something_out_makes_it_partial(api: Api, books: SalesBooks) -> None:
    await books.connected()
    await books.run("xero", "partial")
    assert (await shown(api))["coverage"]["is_partial"] is True


async def test_what_needs_a_person(api: Api, books: SalesBooks) -> None:
    await books.connected()
    client = await books.client("Harbour Dental")
    late = await books.invoice(due_on=TODAY - DAY, client_id=client)
    await books.twin(late, by="other_total", total=Decimal(99))
    await books.invoice(total=Decimal(5))
    await books.invoice(state="paid", amount_due=Decimal(0))
    await books.invoice(currency=None, total=Decimal(7), client_id=client)
    page = await shown(api)
    found = {one["kind"]: (one["source"], one["count"]) for one in page["needs_attention"]}
    assert found == {
        "overdue_invoices": ("xero", 1),
        "invoice_totals_differ": ("superops", 1),
        "unmapped_invoices": ("xero", 1),
    }
    coverage = page["coverage"]["invoices"]
    assert coverage["unmapped"]["amounts"] == [money("5.00")]
    assert coverage["excluded"] == [{"reason": "currency", "count": 1}]
    assert (coverage["counted"], coverage["other_totals"]) == (2, 1)
    for one in page["needs_attention"]:
        listed = (await api.viewer.get(one["link"])).json()["items"]
        assert len(listed) == one["count"], one


async def test_ten_thousand_paid_invoices_are_none_of_what_is_open(
    api: Api, books: SalesBooks, database: Database
) -> None:
    await books.connected()
    seen: datetime = NOW
    await database.as_owner(
        "INSERT INTO invoices (organisation_id, id, source, ledger_id, source_id, state, currency,"
        " total, amount_due, issued_on, first_seen_at, changed_at)"
        " SELECT $1, gen_random_uuid(), 'xero', $2, 's' || n, 'paid', 'AUD', 10, 0,"
        " date '2025-01-01' + n % 500, $3, $3 FROM generate_series(1, 10000) n",
        books.organisation_id,
        books.ledgers["xero"],
        seen,
    )
    page = await shown(api)
    assert page["cards"]["pending_invoices"]["value"]["count"] == 0
    assert len(page["latest_invoices"]["value"]) == 10


async def test_another_organisation_sees_nothing_of_it(
    api: Api, books: SalesBooks, database: Database
) -> None:
    await books.connected()
    await books.invoice(due_on=TODAY - DAY)
    other = api.of(await database.add_organisation(new_id()))
    page = await shown(other)
    assert page["latest_invoices"]["reason"] == "source_not_connected"
    assert page["coverage"]["invoices"]["counted"] == 0
    assert page["needs_attention"] == []
