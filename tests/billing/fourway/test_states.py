"""What is not known is null with its reason, and never 0."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.support.clock import NOW
from tests.support.month_end import MonthEnd, leak_of, line
from tests.support.portfolio import add_run

from billingone_api.kit.ids import new_id

DECEMBER = date(2026, 12, 1)
FACTS = ("source_status", "product_id", "price", "partner_cost", "currency", "billing_term",
         "client_id", "quantity")  # fmt: skip


async def stands(month_end: MonthEnd, **query: Any) -> tuple[Any, Any, Any]:
    standing = (await month_end.read("/summary", **query))["standing"]
    return standing["charged_by"], standing["charges_reason"], standing["books_reason"]


async def only(month_end: MonthEnd, **query: Any) -> dict[str, Any]:
    (record,) = await month_end.records(**query)
    return record


async def test_each_side_says_that_it_is_not_known_and_why(untouched: MonthEnd) -> None:
    month_end, house = untouched, untouched.house
    nothing = await month_end.read("/summary")
    assert (nothing["currencies"], nothing["coverage"]["records"]) == ([], 0)
    unconnected = "source_not_connected"
    assert await stands(month_end) == (None, unconnected, unconnected)
    assert [one["last_success_at"] for one in nothing["standing"]["freshness"]] == [None] * 3

    await house.synced(last_success_at=None)
    await month_end.books.connected(last_success_at=None)
    await month_end.books.open()
    assert await stands(month_end) == (None, "never_synced", "never_synced")

    await house.database.as_owner("UPDATE integrations SET last_success_at = $1", NOW)
    assert await stands(month_end) == (None, "not_read", None)
    await house.product("edr", sku="SKU-EDR")
    client = await month_end.client("Acacia")
    await month_end.holds(client, "edr", 10)
    await month_end.billed(client, line(10))
    record = await only(month_end)
    assert (record["licensed"], record["billed"]["units"]) == ("10", "10")
    unknown = {name: record[name] for name in ("charged", "leak", "margin", "overcharge")}
    assert unknown == dict.fromkeys(unknown)
    assert record["leak_reason"] == "charges_unknown"
    (aud,) = (await month_end.read("/summary"))["currencies"]
    silent = ("charged", "cost", "margin", "leak", "lost", "billed_too_much", "overcharge")
    assert [aud[name] for name in silent] == [None] * 7

    run = new_id()
    await add_run(house.database, house.organisation_id, "partial", id=run)
    step = {"run_id": run, "position": 3, "name": "invoices", "status": "partial"}
    await house.database.insert(
        "sync_steps",
        organisation_id=house.organisation_id,
        checkpoint='{"is_denied": true}',
        **step,
    )
    assert await stands(month_end) == (None, "denied", None)

    await month_end.bill("draft:2026-11", is_draft=True)
    await month_end.charged("Acacia", "edr", 10, bill="draft:2026-11")
    assert await stands(month_end) == ("drafts", None, None)
    record = await only(month_end)
    assert (record["charged"]["is_draft"], leak_of(record)) == (True, {})
    # An invoice stands in its draft's place, and is unknown until its charges are read.
    await month_end.bill(is_due=True, read_at=None)
    assert await stands(month_end) == (None, "denied", None)
    await house.database.as_owner(
        "UPDATE pax8_bills SET is_due = false, read_at = $1 WHERE NOT is_draft", NOW
    )
    await month_end.charged("Acacia", "edr", 12)
    await month_end.bill("credited", source_status="Credited")
    await month_end.charged("Acacia", "edr", 99, bill="credited")
    assert leak_of(await only(month_end)) == {"quantity": "20.00"}
    assert await stands(month_end, month="2026-10") == (None, "denied", None)

    await month_end.bill("draft:2026-12", is_draft=True, month=DECEMBER)
    await month_end.charged("Acacia", "edr", 13, bill="draft:2026-12", period_from=DECEMBER,
                            period_to=date(2026, 12, 31))  # fmt: skip
    record = await only(month_end, month="2026-12")
    assert (record["month"], leak_of(record)) == ("2026-12-01", {"quantity": "130.00"})

    await house.database.as_owner("UPDATE integrations SET last_success_at = NULL"
                                  " WHERE provider = 'xero'")  # fmt: skip
    record = await only(month_end)
    assert (record["billed"], record["leak_reason"]) == (None, "books_unknown")


async def test_a_leak_is_not_known_where_something_of_it_is_not(month_end: MonthEnd) -> None:
    house = month_end.house
    await house.product("edr", sku="SKU-EDR")
    await month_end.bill()
    for name, reason in (
        ("usage", "usage_billed"), ("quantity", "quantity_unknown"), ("price", "price_unknown"),
        ("arrears", "usage_billed"), ("tax", "price_unknown"),
    ):  # fmt: skip
        client = await month_end.client(name)
        facts = {"usage_billed": True} if name == "usage" else {}
        facts |= {"price": None} if name == "price" else {}
        await month_end.holds(client, "edr", 5, **facts)
        more: dict[str, Any] = {"term": "Arrears"} if name == "arrears" else {}
        await month_end.charged(name, "edr", 5, **more)
        billed = line(5) | ({"quantity": None} if name == "quantity" else {})
        inclusive = {"line_amounts_are": "Inclusive"} if name == "tax" else {}
        await month_end.billed(client, billed, **inclusive)
        record = await only(month_end, q=name)
        assert (record["leak"], record["leak_reason"]) == (None, reason)
    stranger = await house.client("stranger")
    await month_end.books.link("company of stranger", stranger, "pax8")
    await month_end.holds(stranger, "edr", 5)
    await month_end.charged("stranger", "edr", 5)
    record = await only(month_end, q="stranger")
    assert (record["billed"], record["leak_reason"]) == (None, "client_not_linked")

    # Of nobody, of no product, and of a company that a person said is nobody's.
    await month_end.charged("unknown", "edr", 2)
    await month_end.charged("price", None, 1, kind="service-credit", price="-15.00", cost="-15.00")
    await month_end.books.link("company of ours", None, "pax8")
    await month_end.charged("ours", "edr", 7)
    nobody = await only(month_end, q="company of unknown")
    assert (nobody["client_id"], nobody["billed"]) == (None, None)
    assert leak_of(nobody) == {"unmapped": "20.00"}
    records = await month_end.records(client_id=str(await only_client(month_end, "price")))
    assert sorted(str(one["leak_reason"]) for one in records) == ["None", "price_unknown"]
    coverage = (await month_end.read("/summary"))["coverage"]
    assert {one["reason"]: one["count"] for one in coverage["excluded"]} == {
        "client_not_linked": 1, "price_unknown": 2, "quantity_unknown": 1, "usage_billed": 2,
    }  # fmt: skip
    named = ("records", "known", "without_client", "without_product")
    assert [coverage[name] for name in named] == [8, 2, 1, 1]


async def only_client(month_end: MonthEnd, name: str) -> Any:
    (row,) = await month_end.house.database.as_owner("SELECT id FROM clients WHERE name = $1", name)
    return row["id"]


async def test_a_month_that_is_over_is_seen_as_it_was(month_end: MonthEnd) -> None:
    house = month_end.house
    await house.product("edr", sku="SKU-EDR")
    client = await month_end.client("Acacia")
    held = await month_end.holds(client, "edr", 10)
    (row,) = await house.database.as_owner("SELECT * FROM subscriptions")
    at = NOW.replace(month=9, day=2)
    await house.database.as_owner("UPDATE subscriptions SET first_seen_at = $1", at)
    # Then it belonged to nobody: whose it is, is what is known now, as of charges and lines.
    await seen(month_end, row, 1, at, quantity=Decimal(7), client_id=None)
    await seen(month_end, row, 2, NOW.replace(day=3), quantity=Decimal(10))
    october = {"month": date(2026, 10, 1), "invoiced_on": date(2026, 10, 1)}
    await month_end.bill("october", **october)
    period = {"period_from": date(2026, 10, 1), "period_to": date(2026, 10, 31)}
    await month_end.charged("Acacia", "edr", 7, bill="october", subscription_id=held, **period)
    await month_end.billed(client, line(7), issued_on=date(2026, 10, 31))
    record = await only(month_end, month="2026-10")
    assert (record["licensed"], leak_of(record)) == ("7", {})
    assert record["overcharge"]["difference"]["amount"] == "0.00"
    assert (await only(month_end))["licensed"] == "10"
    # Before anything was known of it there is no licence and no price, and nothing is made up.
    await month_end.bill("august", month=date(2026, 8, 1))
    august = {"period_from": date(2026, 8, 1), "period_to": date(2026, 8, 31)}
    await month_end.charged("Acacia", "edr", 7, bill="august", **august)
    record = await only(month_end, month="2026-08")
    assert [record[name] for name in ("licensed", "trial", "overcharge")] == [None] * 3
    assert (record["charged"]["units"], record["leak_reason"]) == ("7", "price_unknown")
    # Nor is what is billed and not charged too much: it may be an instalment.
    other = await month_end.client("Banksia")
    await month_end.billed(other, line(3), issued_on=date(2026, 8, 31))
    assert (await only(month_end, month="2026-08", q="Banksia"))["leak_reason"] == "price_unknown"
    standing = (await month_end.read("/summary", month="2026-08"))["standing"]
    assert standing["licences_reason"] == "not_yet_known"


async def seen(month_end: MonthEnd, row: Any, version: int, at: datetime, **facts: Any) -> None:
    """A version of a subscription."""
    held = {name: row[name] for name in FACTS} | facts
    await month_end.house.database.insert(
        "subscription_versions", organisation_id=month_end.house.organisation_id,
        version=version, subscription_id=row["id"], seen_at=at, **held,
    )  # fmt: skip


async def test_what_was_given_up_within_the_month_was_charged_in_advance(
    month_end: MonthEnd,
) -> None:
    house = month_end.house
    await month_end.bill()
    for name, now in (
        ("fewer", {"quantity": 8}), ("cancelled", {"source_status": "Cancelled"}),
        ("more", {"quantity": 14}),
    ):  # fmt: skip
        await house.product(name)
        client = await month_end.client(name)
        held = await month_end.holds(client, name, **{"quantity": 10} | now)
        (row,) = await house.database.as_owner(
            "SELECT * FROM subscriptions WHERE product_id = $1", name
        )
        active = {"quantity": Decimal(10), "source_status": "Active"}
        await seen(month_end, row, 1, NOW.replace(month=9), **active)
        await seen(month_end, row, 2, NOW.replace(day=20))
        await month_end.charged(name, name, 10, subscription_id=held)
    assert await overcharged(month_end) == {"cancelled": "0.00", "fewer": "0.00", "more": "0.00"}
    # What was given up before the month began, and more than there ever was, is none of it.
    await house.database.as_owner(
        "UPDATE subscription_versions SET seen_at = $1 WHERE version = 2"
        " AND source_status = 'Active'", NOW.replace(month=10, day=20),
    )  # fmt: skip
    await house.database.as_owner(
        "UPDATE pax8_charges SET quantity = 11, cost_total = 88 WHERE product_id = 'cancelled'"
    )
    assert await overcharged(month_end) == {"cancelled": "8.00", "fewer": "16.00", "more": "-32.00"}


async def overcharged(month_end: MonthEnd) -> dict[str, str]:
    return {
        one["client_name"]: one["overcharge"]["difference"]["amount"]
        for one in await month_end.records()
    }


async def test_what_somebody_does_not_say_is_null_and_no_part_of_it_is_told_as_the_whole(
    month_end: MonthEnd,
) -> None:
    house = month_end.house
    await house.product("edr", sku="SKU-EDR")
    await month_end.bill()
    lines = {"billed": line(5) | {"quantity": None}, "abroad": line(5) | {"quantity": None}}
    for name in ("tax", "charged", "held", "billed", "abroad", "abroad tax"):
        client = await month_end.client(name)
        held = await month_end.holds(client, "edr", 5)
        await month_end.charged(name, "edr", 5, subscription_id=held)
        facts = {"currency": "USD"} if name.startswith("abroad") else {}
        facts |= {"line_amounts_are": "Inclusive"} if name.endswith("tax") else {}
        await month_end.billed(client, lines.get(name, line(5)), line(1, tax_amount=Decimal(1)),
                               **facts)  # fmt: skip
    await house.database.as_owner(
        "UPDATE pax8_charges SET quantity = NULL WHERE company_id = 'company of charged'"
    )
    held_by = await only_client(month_end, "held")
    await house.database.as_owner(
        "UPDATE subscriptions SET quantity = NULL WHERE client_id = $1", held_by
    )
    of = {one["client_name"]: one for one in await month_end.records()}
    assert (of["tax"]["billed"]["amount"], of["tax"]["margin"]) == (None, None)
    assert of["tax"]["billed"]["units"] == "6"
    assert (of["charged"]["charged"]["units"], of["charged"]["leak"]) == (None, None)
    assert (of["held"]["licensed"], of["held"]["overcharge"]) == (None, None)
    assert of["billed"]["billed"]["units"] is None
    for name, missing in (("abroad", "units"), ("abroad tax", "amount")):
        (abroad,) = of[name]["billed"]["in_other_currencies"]
        assert (abroad[missing], of[name]["margin"]) == (None, None)
    (aud,) = (await month_end.read("/summary"))["currencies"]
    known = sum(Decimal(one["margin"]["amount"]) for one in of.values() if one["margin"])
    assert Decimal(aud["margin"]["amount"]) == known


async def test_what_nobody_holds_and_pax8_does_not_charge_is_billed_too_much(
    month_end: MonthEnd,
) -> None:
    house = month_end.house
    # One that is sold no more has the SKU of another that is.
    for product, gone in (("edr", None), ("old edr", NOW)):
        await house.product(product, sku="SKU-EDR", gone_at=gone)
    await month_end.bill()
    client = await month_end.client("Acacia")
    await month_end.holds(client, "edr", 5, source_status="Cancelled", usage_billed=True)
    await month_end.billed(client, line(5))
    record = await only(month_end)
    assert (record["product_id"], record["status"]) == ("edr", "overbilled")
    assert leak_of(record) == {"quantity": "-50.00"}
    # But of whom nobody knows the company nobody knows what is charged: it may be unmapped.
    stranger = await house.client("Banksia")
    await month_end.books.link("contact of Banksia", stranger)
    await month_end.billed(stranger, line(5))
    record = await only(month_end, q="Banksia")
    assert (record["leak_reason"], record["billed"]["units"]) == ("client_not_linked", "5")
    unknown = ("charged", "licensed", "leak", "margin", "overcharge")
    assert [record[name] for name in unknown] == [None] * 5


async def test_a_count_of_a_product_that_is_held_in_two_currencies_is_of_both(
    month_end: MonthEnd,
) -> None:
    house = month_end.house
    await house.product("edr", sku="SKU-EDR")
    client = await month_end.client("Acacia")
    await month_end.holds(client, "edr", 10)
    await month_end.holds(client, "edr", 5, currency="USD")
    await house.counted(client, "devices", 15)
    await house.rule("devices", "edr")
    await house.snapshot()
    assert [one["used"]["is_shared"] for one in await month_end.records()] == [True, True]


async def test_what_is_in_no_record_is_counted_by_why(month_end: MonthEnd) -> None:
    house = month_end.house
    await house.product("edr", sku="SKU-EDR")
    client = await month_end.client("Acacia")
    held = await month_end.holds(client, "edr", 10)
    await month_end.holds(client, "edr", 1, currency=None)
    await month_end.bill(currency=None, is_due=True)
    await month_end.bill("undated", month=None)
    of = {"subscription_id": held}
    await month_end.charged("Acacia", "edr", 10, **of)
    await month_end.charged("Acacia", "edr", 1, currency=None)
    await month_end.charged("Acacia", None, 1, kind="payment-credit", cost="-500.00")
    # A fee to set it up is no seat of it.
    await month_end.charged("Acacia", "edr", 1, kind="one-time", price="50.00", cost="40.00", **of)
    await month_end.books.link("company of ours", None, "pax8")
    await month_end.charged("ours", "edr", 7)
    await month_end.billed(client, line(10))
    for whose, facts in ((None, {}), (client, {"currency": None}), (client, {"issued_on": None})):
        await month_end.billed(whose, line(1), **facts)
    await month_end.billed(client)
    record = await only(month_end)
    assert leak_of(record) == {"price": "50.00"}
    assert record["charged"] == {
        "units": "10", "amount": {"amount": "150.00", "currency": "AUD"},
        "cost": {"amount": "120.00", "currency": "AUD"}, "is_draft": False,
    }  # fmt: skip
    assert record["overcharge"]["difference"]["amount"] == "0.00"
    summary = await month_end.read("/summary")
    assert {one["reason"]: one["count"] for one in summary["coverage"]["unrecorded"]} == {
        "bill_without_month": 1, "charge_of_nobodys_company": 1, "charge_without_currency": 1,
        "invoice_without_client": 1, "invoice_without_currency": 1, "invoice_without_date": 1,
        "invoice_without_lines": 1, "licence_without_currency": 1, "payment_on_a_bill": 1,
    }  # fmt: skip
    # A bill that was paid meanwhile is read again; until then its charges stand.
    told = summary["standing"]
    named = ("charges_reason", "changed_invoices", "unread_invoices")
    assert [told[name] for name in named] == [None, 1, 0]


@pytest.mark.parametrize("month", ["2026-13", "26-11", "2026-11-01"])
async def test_a_month_is_a_year_and_a_month(month_end: MonthEnd, month: str) -> None:
    answer = await month_end.house.api.viewer.get(
        "/v1/reconciliation/four-way", params={"month": month}
    )
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/month")
