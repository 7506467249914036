"""What a record says, case by case, reckoned by hand."""

from datetime import date
from decimal import Decimal
from typing import Any

from tests.support.month_end import MonthEnd, leak_of, line

CLEAN: dict[str, str] = {}
IN_TAX = line(10, tax_amount=Decimal("9.09")) | {"line_amount": Decimal("109.09")}
OCTOBER = {"period_from": date(2026, 10, 1), "period_to": date(2026, 10, 31)}
CASES: tuple[tuple[str, dict[str, str], list[dict[str, Any]], dict[str, Any]], ...] = (
    # the client, its leak, its lines; what its invoice and its charge say otherwise
    ("clean", CLEAN, [line(10)], {}),
    ("clean in two", CLEAN, [line(4), line(6)], {}),
    ("clean with tax", CLEAN, [IN_TAX], {"invoice": {"line_amounts_are": "Inclusive"}}),
    ("clean draft", CLEAN, [line(10)], {"invoice": {"state": "draft"}}),
    ("forgotten", {"quantity": "100.00"}, [], {}),
    ("void", {"quantity": "100.00"}, [line(10)], {"invoice": {"state": "void"}}),
    ("last month", {"quantity": "100.00"}, [line(10)],
     {"invoice": {"issued_on": date(2026, 10, 31)}}),
    ("too few", {"quantity": "30.00"}, [line(10)], {"charged": 13}),
    ("too many", {"quantity": "-20.00"}, [line(12)], {}),
    ("not charged", {"quantity": "-100.00"}, [line(10)], {"charged": None}),
    ("too cheap", {"price": "10.00"}, [line(10, "9.00")], {}),
    ("dollars", {"currency": "100.00"}, [line(10, "6.50")], {"invoice": {"currency": "USD"}}),
    ("prorated", {"proration": "80.00"}, [line(2, description="Pro rata, edr")],
     {"kind": "prorate"}),
    ("in arrears", {"timing": "100.00"}, [], OCTOBER),
    ("hidden", {"unmapped": "100.00"}, [line(1, item_code="LABOUR")], {}),
)  # fmt: skip


async def plant(
    month_end: MonthEnd, name: str, lines: list[dict[str, Any]], more: dict[str, Any]
) -> None:
    """A client with ten seats, which are charged unless said otherwise, and an invoice."""
    client = await month_end.client(name)
    held = await month_end.holds(client, "edr", 10)
    said = dict(more)
    invoice, charged = said.pop("invoice", {}), said.pop("charged", 10)
    if charged is not None:
        await month_end.charged(name, "edr", charged, subscription_id=held, **said)
    if lines:
        await month_end.billed(client, *lines, **invoice)


async def plant_years(month_end: MonthEnd) -> dict[str, dict[str, str]]:
    """Ten seats for a year, billed by the month: charged long ago, and charged now."""
    for name in ("yearly", "yearly now"):
        client = await month_end.client(name)
        held = await month_end.holds(
            client, "year", 10, billing_term="Annual", price=Decimal(120),
            partner_cost=Decimal(96),
        )  # fmt: skip
        seats = 9 if name == "yearly now" else 10
        await month_end.billed(client, line(seats, item_code="sku-year "))
    await month_end.charged(
        "yearly now", "year", 10, subscription_id=held, price="120.00", cost="96.00",
        period_to=date(2027, 10, 31), term="Annual",
    )  # fmt: skip
    return {
        "yearly": {"timing": "-100.00"},
        "yearly now": {"quantity": "120.00", "timing": "990.00"},
    }


async def test_each_leak_is_found_in_its_own_part_and_a_clean_client_has_none(
    month_end: MonthEnd,
) -> None:
    await month_end.house.product("edr", sku="SKU-EDR")
    await month_end.house.product("year", sku="SKU-YEAR")
    await month_end.bill()
    for name, _, lines, more in CASES:
        await plant(month_end, name, lines, more)
    expected = {name: parts for name, parts, *_ in CASES} | await plant_years(month_end)

    records = await month_end.records(sort="client")
    assert {one["client_name"]: leak_of(one) for one in records} == expected
    leaking = await month_end.records(has_leak=True)
    assert {one["client_name"] for one in leaking} == {name for name in expected if expected[name]}
    page = await month_end.read(part="price", with_total=True, q="CHEAP")
    assert (page["total"], page["items"][0]["client_name"]) == (1, "too cheap")
    # counted along with the first page, and by itself for others and where there is none
    page = await month_end.read(limit=5, with_total=True)
    other = await month_end.read(limit=5, with_total=True, cursor=page["next_cursor"])
    nothing = await month_end.read(q="nobody", with_total=True)
    assert [one["total"] for one in (page, other, nothing)] == [len(expected), len(expected), 0]
    ordered = await month_end.records()
    by_leak = [Decimal(one["leak"]["difference"]["amount"]) for one in ordered]
    assert by_leak == sorted(by_leak, reverse=True)
    assert await walked(month_end, limit=5) == ordered


async def walked(month_end: MonthEnd, **query: Any) -> list[dict[str, Any]]:
    page = await month_end.read(**query)
    found: list[dict[str, Any]] = page["items"]
    while page["next_cursor"] is not None:
        page = await month_end.read(cursor=page["next_cursor"], **query)
        found += page["items"]
    return found


def money(amount: str, currency: str = "AUD") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


async def test_a_record_shows_its_four_sides_with_margin_and_overcharge(
    month_end: MonthEnd,
) -> None:
    house = month_end.house
    await house.product("edr", "EDR", sku="SKU-EDR", vendor_name="Huntress")
    client = await month_end.client("Acacia")
    held = await month_end.holds(client, "edr", 8)
    await month_end.holds(client, "edr", 2, source_status="Trial")
    await house.counted(client, "devices", 12)
    rule = await house.rule("devices", "edr")
    await house.snapshot()
    await month_end.bill()
    await month_end.charged("Acacia", "edr", 11, cost="9.00", subscription_id=held)
    credit = {"kind": "credit_note", "client_id": client, "issued_on": date(2026, 11, 29)}
    await month_end.billed(client, line(10), line(1, "50.00", item_code=None))
    note = await month_end.books.credit("nothing", "10.00", state="approved", **credit)
    given = {"quantity": Decimal(1), "line_amount": Decimal(10), "item_code": "SKU-EDR"}
    await house.database.insert(
        "credit_lines", organisation_id=house.organisation_id, credit_id=note, position=0, **given
    )
    (record,) = await month_end.records()
    shown = {name: record[name] for name in ("licensed", "trial", "unit_price", "unit_cost")}
    assert shown == {"licensed": "10", "trial": "2", "unit_price": "10.00", "unit_cost": "8.00"}
    assert record["used"] == {
        "units": "12", "metric": "devices", "rule_id": rule["id"], "is_shared": False,
    }  # fmt: skip
    assert record["charged"] == {
        "units": "11", "amount": money("110.00"), "cost": money("99.00"), "is_draft": False,
    }  # fmt: skip
    assert record["billed"] == {
        "units": "9", "amount": money("90.00"), "in_other_currencies": [],
    }  # fmt: skip
    assert (record["margin"], record["unmatched_lines"]) == (money("-9.00"), 1)
    assert leak_of(record) == {"quantity": "20.00"}
    assert record["overcharge"] == {
        "difference": money("35.00"), "quantity": money("24.00"), "price": money("11.00"),
    }  # fmt: skip

    summary = await month_end.read("/summary")
    (aud,) = summary["currencies"]
    assert (aud["lost"], aud["overcharge"], aud["margin"]) == (
        money("20.00"), money("35.00"), money("-9.00"),
    )  # fmt: skip
    assert aud["leak"]["quantity"] == aud["leak"]["difference"] == money("20.00")
    assert summary["coverage"]["unmatched_lines"] == [
        {"lines": 1, "clients": 1, "amount": money("50.00"), "without_amount": 0}
    ]
    assert summary["standing"]["charged_by"] == "invoices"
    assert summary["standing"]["used_on"] == "2026-11-24"


async def test_currencies_are_never_added_and_what_stands_in_another_is_only_said_to_be_worth(
    month_end: MonthEnd,
) -> None:
    house = month_end.house
    await house.product("edr", sku="SKU-EDR")
    await month_end.bill()
    client = await month_end.client("Acacia")
    usd = {"currency": "USD", "price": Decimal("6.00"), "partner_cost": Decimal("5.00")}
    await month_end.holds(client, "edr", 5, **usd)
    await month_end.holds(client, "edr", 10)
    await month_end.charged("Acacia", "edr", 10)
    await month_end.charged("Acacia", "edr", 5, price="6.00", cost="5.00", currency="USD")
    await month_end.billed(client, line(10))
    await month_end.billed(client, line(4, "6.00"), currency="USD")
    await month_end.billed(client, line(1, "11.00"), currency="NZD")
    await house.database.insert(
        "exchange_rates", organisation_id=house.organisation_id, currency="NZD",
        reporting_currency="AUD", valid_on=date(2026, 11, 1), rate=Decimal("0.9"),
        entered_by="Farah Nair", entered_at=house.process.clock.now(),
    )  # fmt: skip
    records = {one["currency"]: one for one in await month_end.records()}
    assert records.keys() == {"AUD", "USD"}
    assert leak_of(records["USD"]) == {"quantity": "6.00"}
    assert leak_of(records["AUD"]) == {"quantity": "-10.00", "currency": "10.00"}
    assert records["AUD"]["billed"]["in_other_currencies"] == [
        {"units": "1", "amount": money("11.00", "NZD"), "worth": money("9.90")}
    ]
    assert records["AUD"]["margin"] is None
    totals = (await month_end.read("/summary"))["currencies"]
    assert [(one["currency"], one["lost"]["amount"]) for one in totals] == [
        ("AUD", "0.00"), ("USD", "6.00"),
    ]  # fmt: skip


async def test_what_is_not_due_and_what_is_only_rounded_is_no_overcharge(
    month_end: MonthEnd,
) -> None:
    await month_end.bill()
    client = await month_end.client("Acacia")
    for product, more in (
        ("rounded", {"partner_cost": Decimal("10.4125")}),
        ("once", {"billing_term": "One-Time"}),
        ("begun", {"starts_on": date(2026, 11, 20)}),
        ("missing", {}),
    ):
        await month_end.house.product(product)
        await month_end.holds(client, product, 26, **more)
    # 270.725, which Pax8 may round either way.
    await month_end.charged("Acacia", "rounded", 26, cost_total=Decimal("270.72"))
    found = {one["product_id"]: one["overcharge"] for one in await month_end.records()}
    differences = {name: one["difference"]["amount"] for name, one in found.items()}
    nothing = dict.fromkeys(("rounded", "once", "begun"), "0.00")
    assert differences == nothing | {"missing": "-208.00"}
