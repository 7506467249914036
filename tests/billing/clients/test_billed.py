"""What clients and unmapped records were invoiced and owe, with what stands around it."""

from datetime import date, timedelta
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

TODAY = date(2026, 11, 24)


def money(amount: str, currency: str = "AUD") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


@pytest.fixture
async def ledger(api: Api, database: Database) -> UUID:
    sales = SalesBooks(database, api.organisation_id)
    await sales.connected()
    return await sales.open()


@pytest.fixture
def ledgers(api: Api, database: Database) -> Ledgers:
    return Ledgers(database, api.organisation_id)


async def contact(ledgers: Ledgers, ledger: UUID, source_id: str, name: str, **more: Any) -> None:
    await ledgers.database.insert(
        "xero_contacts",
        organisation_id=ledgers.organisation_id,
        ledger_id=ledger,
        source_id=source_id,
        name=name,
        first_seen_at=NOW,
        changed_at=NOW,
        **more,
    )


async def credit(ledgers: Ledgers, ledger: UUID, **facts: Any) -> None:
    row = {
        "organisation_id": ledgers.organisation_id,
        "id": new_id(),
        "source": "xero",
        "ledger_id": ledger,
        "source_id": str(new_id()),
        "kind": "credit_note",
        "state": "approved",
        "currency": "AUD",
        "issued_on": TODAY,
        "first_seen_at": NOW,
        "changed_at": NOW,
    }
    await ledgers.database.insert("client_credits", **(row | facts))


async def push(api: Api, name: str, **ids: Any) -> UUID:
    client_id = new_id()
    body = {"name": name, "external_ids": ids}
    answer = await api.service("clients:write").put(f"/v1/panelone/clients/{client_id}", json=body)
    assert answer.status_code == 201
    return client_id


async def one(api: Api, path: str = "/v1/clients", **query: str) -> dict[str, Any]:
    answer = await api.viewer.get(path, params=query)
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["items"]
    return dict(found)


async def test_total_spend_is_a_years_revenue_without_tax_less_credit_notes(
    api: Api, ledgers: Ledgers, ledger: UUID
) -> None:
    """100 + 40.50 - 20.25; not a draft, a void, one gone, one of tomorrow or of a year ago.

    What says too little of itself is counted beside it; 110 and 3 are owed.
    """
    client = await push(api, "Acacia", xero_contact_id="x-1")
    year_ago = date(2025, 11, 24)
    for number, facts in enumerate(
        [
            {"subtotal": Decimal(100), "total": Decimal(110)},
            {"subtotal": None, "total": Decimal(45), "tax": Decimal("4.50"), "state": "paid"},
            {"subtotal": Decimal(7), "state": "draft"},
            {"subtotal": Decimal(7), "state": "void"},
            {"subtotal": Decimal(7), "gone_at": NOW},
            {"subtotal": Decimal(7), "issued_on": TODAY + timedelta(days=1)},
            {"subtotal": Decimal(7), "issued_on": year_ago, "state": "paid"},
            {"subtotal": Decimal(7), "currency": None},
            {"total": Decimal(7), "amount_due": None},
            {"subtotal": Decimal(7), "state": "unknown", "amount_due": None},
            {"subtotal": Decimal(7), "issued_on": None, "amount_due": Decimal(3)},
            {"subtotal": Decimal(7), "state": "unknown", "amount_due": Decimal(0)},
        ]
    ):
        await ledgers.invoice(ledger, "xero", str(number), client_id=client, **facts)
    other = await ledgers.ledger("xero", is_current=False)
    await ledgers.invoice(other, "xero", "old", client_id=client, subtotal=Decimal(7))
    await credit(ledgers, ledger, client_id=client, subtotal=Decimal("20.25"))
    await credit(ledgers, ledger, client_id=client, total=Decimal(9))
    await credit(ledgers, ledger, client_id=client, subtotal=Decimal(9), kind="prepayment")
    found = await one(api)
    assert found["total_spend"] == {
        "value": money("120.25"),
        "reason": None,
        "by_currency": [money("120.25")],
        "missing_rates": [],
        "excluded": [
            {"reason": "status", "count": 2},
            {"reason": "currency", "count": 1},
            {"reason": "amount", "count": 2},
            {"reason": "date", "count": 1},
        ],
    }
    assert found["outstanding"] == {
        "value": money("113.00"),
        "reason": None,
        "by_currency": [money("113.00")],
        "missing_rates": [],
        "excluded": [
            {"reason": "status", "count": 1},
            {"reason": "currency", "count": 1},
            {"reason": "amount", "count": 1},
        ],
    }
    # the day after the same day a year ago counts
    first = year_ago + timedelta(days=1)
    await ledgers.invoice(
        ledger, "xero", "first", client_id=client, subtotal=Decimal(1), issued_on=first
    )
    assert (await one(api, sort="name"))["total_spend"]["value"] == money("121.25")


async def test_each_invoice_is_worth_its_own_days_rate_and_what_is_owed_todays(
    api: Api, ledgers: Ledgers, ledger: UUID, database: Database
) -> None:
    """10 USD at 1.5 in October, 10 at 2 in November; NZD has no rate before its invoice."""
    client = await push(api, "Acacia", xero_contact_id="x-1")
    books = Books(database, api.organisation_id)
    await books.rate("USD", "1.5", on=date(2026, 10, 1))
    await books.rate("USD", "2", on=date(2026, 11, 1))
    for day in (date(2026, 10, 31), date(2026, 11, 2)):
        await ledgers.invoice(
            ledger,
            "xero",
            str(day),
            client_id=client,
            currency="USD",
            subtotal=Decimal(10),
            amount_due=Decimal(11),
            issued_on=day,
        )
    shown = await one(api)
    assert shown["total_spend"] == {
        "value": money("35.00"),
        "reason": None,
        "by_currency": [money("20.00", "USD")],
        "missing_rates": [],
        "excluded": [],
    }
    assert shown["outstanding"]["value"] == money("44.00")  # 22 at 2
    await ledgers.invoice(
        ledger, "xero", "NZ", client_id=client, currency="NZD", subtotal=Decimal(1)
    )
    await books.rate("NZD", "0.9", on=TODAY)
    await ledgers.invoice(ledger, "xero", "PLN", client_id=client, currency="PLN", state="draft")
    owed = {"currency": "EUR", "issued_on": date(2024, 1, 1), "amount_due": Decimal(1)}
    await ledgers.invoice(ledger, "xero", "old", client_id=client, **owed)
    shown = await one(api)
    told = [
        (shown[name]["value"], shown[name]["reason"], shown[name]["missing_rates"])
        for name in ("total_spend", "outstanding")
    ]
    assert told == [
        (None, "exchange_rate_missing", ["NZD"]),
        (None, "exchange_rate_missing", ["EUR"]),
    ]


async def test_an_invoice_that_is_one_of_xeros_once_more_counts_once(
    api: Api, ledgers: Ledgers, ledger: UUID
) -> None:
    client = await push(api, "Acacia", xero_contact_id="x-1")
    superops = await ledgers.ledger("superops")
    facts = {"client_id": client, "subtotal": Decimal(100)}
    xeros = await ledgers.invoice(ledger, "xero", "INV-1", **facts)
    await ledgers.invoice(superops, "superops", "INV1", **facts, twin_id=xeros, twin_by="exact")
    assert (await one(api))["total_spend"]["value"] == money("100.00")


async def test_without_books_or_a_link_nothing_is_known_and_it_says_why(
    api: Api, database: Database
) -> None:
    await push(api, "Acacia")
    assert (await one(api))["total_spend"]["reason"] == "source_not_connected"
    sales = SalesBooks(database, api.organisation_id)
    await sales.connected(last_success_at=None)
    assert (await one(api))["total_spend"]["reason"] == "never_synced"
    await database.as_owner("UPDATE integrations SET last_success_at = now()")
    assert (await one(api))["total_spend"]["reason"] == "not_linked"


async def test_contacts_without_a_client_are_listed_by_what_they_were_invoiced_or_owe(
    api: Api, ledgers: Ledgers, ledger: UUID
) -> None:
    for source_id, name, more in [
        ("x-1", "Most in a year", {}),
        ("x-2", "Old debt", {}),
        ("x-3", "Nothing yet", {}),
        ("x-4", "Supplier", {"is_customer": False}),
        ("x-5", "Archived", {"source_status": "ARCHIVED"}),
        ("x-6", "Archived but invoiced", {"source_status": "ARCHIVED"}),
        ("x-7", "Merged", {"merged_into": "x-1"}),
        ("x-8", "Gone", {"gone_at": NOW}),
    ]:
        await contact(ledgers, ledger, source_id, name, **more)
    paid = {"state": "paid", "amount_due": Decimal(0)}
    await ledgers.invoice(ledger, "xero", "1", contact_id="x-1", subtotal=Decimal(500), **paid)
    await ledgers.invoice(
        ledger,
        "xero",
        "2",
        contact_id="x-2",
        subtotal=Decimal(280),
        amount_due=Decimal(300),
        issued_on=date(2024, 1, 1),
    )
    await ledgers.invoice(ledger, "xero", "3", contact_id="x-6", subtotal=Decimal(20), **paid)
    await ledgers.invoice(ledger, "xero", "4", contact_id="unlisted", tax=Decimal(0), **paid)
    found = (
        await api.viewer.get(
            "/v1/clients/unmapped", params={"source": "xero", "with_total": "true"}
        )
    ).json()
    listed = [record["source_id"] for record in found["items"]]
    assert listed == ["x-1", "x-2", "unlisted", "x-6", "x-3"]
    assert found["total"] == 5
    assert [one["source"] for one in found["freshness"]] == ["xero"]
    first, second = found["items"][:2]
    assert (first["revenue"]["value"], first["outstanding"]["value"]) == (
        money("500.00"),
        money("0.00"),
    )
    assert (second["revenue"]["value"], second["outstanding"]["value"]) == (
        money("0.00"),
        money("300.00"),
    )
    assert (second["invoices"], second["mrr"]["reason"]) == (
        {"value": 1, "reason": None},
        "not_of_this_source",
    )


async def test_how_much_is_left_is_counted_by_source(
    api: Api, ledgers: Ledgers, ledger: UUID, database: Database
) -> None:
    await contact(ledgers, ledger, "x-1", "One")
    await contact(ledgers, ledger, "x-2", "Ours")
    await contact(ledgers, ledger, "x-3", "Mapped")
    await push(api, "Mapped", xero_contact_id="x-3")
    body = {"client_id": None, "reason": "Our own"}
    await api.finance.put("/v1/clients/links/xero/x-2", json=body)
    found = (await api.viewer.get("/v1/clients/unmapped/counts")).json()["sources"]
    assert [(one["source"], one["unmapped"], one["ignored"]) for one in found] == [
        ("pax8", None, None),
        ("xero", 1, 1),
        ("superops", None, None),
    ]
    query = {"source": "xero", "include": "nobody"}
    listed = (await api.viewer.get("/v1/clients/unmapped", params=query)).json()["items"]
    assert {one["source_id"]: one["ignored_because"] for one in listed} == {
        "x-1": None,
        "x-2": "Our own",
    }


async def test_what_a_client_owes_is_shown_by_how_late_it_is(
    api: Api, ledgers: Ledgers, ledger: UUID
) -> None:
    client = await push(api, "Acacia", xero_contact_id="x-1")
    for late in (-1, 0, 1, 30, 31, 60, 61, 90, 91, 400):
        due = TODAY - timedelta(days=late)
        await ledgers.invoice(
            ledger,
            "xero",
            f"L{late}",
            client_id=client,
            due_on=due,
            issued_on=min(due, TODAY),
            amount_due=Decimal(10),
        )
    shown = (await api.viewer.get(f"/v1/clients/{client}")).json()
    assert shown["receivables"] == {
        "by_currency": [
            {
                name: money("20.00")
                for name in (
                    "current",
                    "days_1_30",
                    "days_31_60",
                    "days_61_90",
                    "days_over_90",
                )
            }
        ],
        "reason": None,
    }
    assert shown["outstanding"]["value"] == money("100.00")
    assert [one["number"] for one in shown["latest_invoices"]["items"]][:2] == ["L0", "L-1"] or [
        one["number"] for one in shown["latest_invoices"]["items"]
    ][:2] == ["L-1", "L0"]
    assert len(shown["latest_invoices"]["items"]) == 5


async def test_the_margin_is_of_what_has_both_price_and_cost(api: Api, database: Database) -> None:
    """(12 - 10) x 3 a month and (24 - 12) a year of AUD are 6 + 1; one has no cost."""
    books = Books(database, api.organisation_id)
    await books.connected()
    for facts in (
        {"price": Decimal(12), "partner_cost": Decimal(10), "quantity": Decimal(3)},
        {"price": Decimal(24), "partner_cost": Decimal(12), "billing_term": "Annual"},
        {"price": Decimal(5)},
        {"price": Decimal(5), "partner_cost": Decimal(1), "source_status": "Cancelled"},
    ):
        await books.subscription("c-1", **facts)
    client = await push(api, "Acacia", pax8_company_id="c-1")
    shown = (await api.viewer.get(f"/v1/clients/{client}")).json()
    assert (shown["margin"]["value"], shown["margin"]["left_out"]) == (money("7.00"), 1)
