"""What a line and a row say, case by case, reckoned by hand."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.support.clock import NOW
from tests.support.reconciled import House

HOUR = timedelta(hours=1)


async def one_line(house: House, *, count: int | None, **more: Any) -> dict[str, Any]:
    """A client with so many devices and the seats of `holds`, against a rule."""
    client = await house.client("Acacia")
    await house.product("edr")
    for facts in more.pop("holds", ()):
        await house.holds(client, "edr", **facts)
    at = more.pop("at", NOW)
    if count is not None:
        await house.counted(client, "devices", count, at=at)
    await house.rule("devices", "edr", **more)
    snapshot = await house.snapshot()
    (line,) = await house.lines(snapshot, client)
    return line


def seats(quantity: int | str, **more: Any) -> dict[str, Any]:
    return {"quantity": Decimal(quantity), **more}


CASES: list[tuple[int, list[dict[str, Any]], dict[str, Any], tuple[str, str, str | None]]] = [
    # counted, held, the rule; variance, status, money at stake
    (12, [seats(10)], {}, ("2", "under_licensed", "20.00")),
    (10, [seats(12)], {}, ("-2", "over_licensed", "20.00")),
    (10, [seats(10)], {}, ("0", "matched", "0.00")),
    (10, [seats(4), seats(6)], {}, ("0", "matched", "0.00")),
    (10, [seats(4), seats(6, source_status="Trial")], {}, ("0", "matched", "0.00")),
    (10, [seats(10, source_status="Suspended")], {}, ("10", "under_licensed", None)),
    (10, [seats(10, source_status="Cancelled")], {}, ("10", "under_licensed", None)),
    (10, [seats(2)], {"ratio": "5"}, ("0", "matched", "0.00")),
    (11, [seats(2)], {"ratio": "5"}, ("1", "under_licensed", "10.00")),
    (3, [seats(5)], {"minimum": "5"}, ("0", "matched", "0.00")),
    (3, [seats(4)], {"minimum": "5"}, ("1", "under_licensed", "10.00")),
    (7, [seats(5)], {"minimum": "5"}, ("2", "under_licensed", "20.00")),
    (12, [seats(10)], {"tolerance": {"units": "2"}}, ("2", "matched", "20.00")),
    (13, [seats(10)], {"tolerance": {"units": "2"}}, ("3", "under_licensed", "30.00")),
    (8, [seats(10)], {"tolerance": {"units": "2"}}, ("-2", "matched", "20.00")),
    (7, [seats(10)], {"tolerance": {"units": "2"}}, ("-3", "over_licensed", "30.00")),
    (100, [seats(95)], {"tolerance": {"percent": "5"}}, ("5", "matched", "50.00")),
    (100, [seats(94)], {"tolerance": {"percent": "5"}}, ("6", "under_licensed", "60.00")),
    (
        12,
        [seats(10)],
        {"tolerance": {"money": {"amount": "20", "currency": "AUD"}}},
        ("2", "matched", "20.00"),
    ),
    (
        12,
        [seats(10)],
        {"tolerance": {"money": {"amount": "19.99", "currency": "AUD"}}},
        ("2", "under_licensed", "20.00"),
    ),
    (
        12,
        [seats(10)],
        {"tolerance": {"money": {"amount": "20", "currency": "NZD"}}},
        ("2", "under_licensed", "20.00"),
    ),
    (
        13,
        [seats(10)],
        {"tolerance": {"units": "1", "percent": "30"}},
        ("3", "matched", "30.00"),
    ),
    # the lowest price that is known, a year's divided by its months
    (
        13,
        [seats(5), seats(5, price=Decimal(60), billing_term="Annual")],
        {},
        ("3", "under_licensed", "15.00"),
    ),
    (12, [seats(10, price=None)], {}, ("2", "under_licensed", None)),
    (12, [seats(10, price=Decimal(9), billing_term="One-Time")], {}, ("2", "under_licensed", None)),
    # a price on trial is none that is paid
    (12, [seats(10, source_status="Trial")], {}, ("2", "under_licensed", None)),
    # the currency that holds most seats, however low another is
    (
        12,
        [seats(3, price=Decimal(1), currency="NZD"), seats(7)],
        {},
        ("2", "under_licensed", "20.00"),
    ),
    (5, [], {}, ("5", "under_licensed", None)),
]


@pytest.mark.parametrize(("count", "holds", "rule", "expected"), CASES)
async def test_a_line(
    house: House,
    count: int,
    holds: list[dict[str, Any]],
    rule: dict[str, Any],
    expected: tuple[str, str, str | None],
) -> None:
    line = await one_line(house, count=count, holds=holds, **rule)
    variance, status, stake = expected
    assert (line["variance"], line["status"]) == (variance, status)
    shown = line["at_stake"] and line["at_stake"]["amount"]
    assert shown == stake
    assert line["at_stake_unknown"] == (None if stake else "price_unknown")
    assert line["is_tolerated"] is (status == "matched" and variance != "0")


NO_DATA: list[tuple[int | None, Any, list[dict[str, Any]], str]] = [
    (None, NOW, [seats(10)], "no_count"),
    (10, NOW - 49 * HOUR, [seats(10)], "count_stale"),
    (10, NOW - 49 * HOUR, [], "count_stale"),
    (10, NOW, [seats(10), {"quantity": None}], "quantity_unknown"),
    (10, NOW, [seats(10), seats(1, usage_billed=True)], "usage_billed"),
]


@pytest.mark.parametrize(("count", "at", "holds", "reason"), NO_DATA)
async def test_what_cannot_be_compared_is_no_data_and_never_0(
    house: House, count: int | None, at: Any, holds: list[dict[str, Any]], reason: str
) -> None:
    line = await one_line(house, count=count, at=at, holds=holds)
    assert (line["status"], line["reason"], line["variance"]) == ("no_data", reason, None)
    assert (line["at_stake"], line["at_stake_unknown"]) == (None, "no_data")


async def test_a_count_of_48_hours_is_good_and_a_second_older_is_not(house: House) -> None:
    line = await one_line(house, count=10, at=NOW - 48 * HOUR, holds=[seats(10)])
    assert line["status"] == "matched"


async def test_a_count_of_0_is_a_count(house: House) -> None:
    line = await one_line(house, count=0, holds=[seats(3)])
    assert (line["actual"], line["variance"], line["status"]) == ("0", "-3", "over_licensed")


async def test_without_seats_and_with_nothing_counted_there_is_no_line(house: House) -> None:
    client = await house.client("Acacia")
    await house.product("edr")
    await house.counted(client, "devices", 0)
    await house.rule("devices", "edr")
    snapshot = await house.snapshot()
    assert await house.rows(snapshot) == []
    assert snapshot["outcome"] == "not_reconcilable"
    assert snapshot["coverage"]["doubts"] == ["nothing_compared"]


async def test_substitutes_add_up_and_other_products_do_not(house: House) -> None:
    client = await house.client("Acacia")
    for product in ("basic", "premium", "visio"):
        await house.product(product)
        await house.holds(client, product, quantity=Decimal(5))
    await house.counted(client, "users", 10)
    await house.rule("users", "basic", "premium")
    snapshot = await house.snapshot()
    (line,) = await house.lines(snapshot, client)
    assert (line["licensed"], line["status"]) == ("10", "matched")
    assert [one["product_name"] for one in line["subscriptions"]] == ["", ""]
    assert snapshot["coverage"]["products_unmapped"] == 1


async def test_a_row_adds_up_its_lines_and_takes_the_worst_status(house: House) -> None:
    client = await house.client("Acacia")
    for product, metric, quantity, count in (
        ("edr", "devices", 10, 12),
        ("m365", "users", 9, 4),
        ("veeam", "servers", 2, None),
    ):
        await house.product(product)
        await house.holds(client, product, quantity=Decimal(quantity))
        if count is not None:
            await house.counted(client, metric, count)
        await house.rule(metric, product)
    snapshot = await house.snapshot()
    (row,) = await house.rows(snapshot)
    numbers = {name: row[name] for name in ("actual", "required", "licensed", "variance")}
    assert numbers == {"actual": "16", "required": "16", "licensed": "19", "variance": "-3"}
    assert row["status"] == "under_licensed"
    counted = ("lines", "under_licensed", "over_licensed", "no_data")
    assert [row[name] for name in counted] == [3, 1, 1, 1]
    assert [(one["metric"], one["variance"]) for one in row["metrics"]] == [
        ("devices", "2"),
        ("users", "-5"),
    ]
    assert row["at_stake"] == [
        {
            "under_licensed": {"amount": "20.00", "currency": "AUD"},
            "over_licensed": {"amount": "50.00", "currency": "AUD"},
        }
    ]
    assert snapshot["outcome"] == "partial"
    assert snapshot["coverage"]["doubts"] == ["counts_missing"]
    assert snapshot["summary"]["units_under"] == "2"
    assert snapshot["summary"]["units_over"] == "5"


async def test_exclusions_pass_over_a_client_or_one_product_of_it(house: House) -> None:
    whole, part, other = [await house.client(name) for name in ("Whole", "Part", "Other")]
    for product in ("edr", "spare"):
        await house.product(product)
        for client in (whole, part, other):
            await house.holds(client, product, quantity=Decimal(5))
    for client in (whole, part, other):
        await house.counted(client, "devices", 10)
    exclusions = [
        {"client_id": str(whole)},
        {"client_id": str(part), "product_id": "spare"},
    ]
    await house.rule("devices", "edr", "spare", exclusions=exclusions)
    snapshot = await house.snapshot()
    assert {row["client_name"]: row["variance"] for row in await house.rows(snapshot)} == {
        "Part": "5",
        "Other": "0",
    }
    assert snapshot["coverage"]["clients_excluded"] == 1
    (line,) = await house.lines(snapshot, part)
    assert [one["product_id"] for one in line["subscriptions"]] == ["edr"]


async def test_with_a_buying_price_nothing_is_said_of_what_is_at_stake(house: House) -> None:
    settings = "/v1/settings/billing"
    headers = {"If-Match": "*"}
    await house.api.finance.patch(settings, headers=headers, json={"pax8_price_is": "buy"})
    line = await one_line(house, count=12, holds=[seats(10)])
    assert line["status"] == "under_licensed"
    assert (line["at_stake"], line["at_stake_unknown"]) == (None, "sell_price_unknown")


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [({}, ("ninjaone", 11)), ({"devices": "syncro"}, ("syncro", 10))],
)
async def test_the_chosen_source_speaks_and_where_there_is_none_the_newest(
    house: House, chosen: dict[str, str], expected: tuple[str, int]
) -> None:
    client = await house.client("Acacia")
    await house.product("edr")
    await house.holds(client, "edr", quantity=Decimal(10))
    await house.counted(client, "devices", 10, source="syncro", at=NOW - 2 * HOUR)
    await house.counted(client, "devices", 11, source="ninjaone", at=NOW - HOUR, excluded=3)
    await house.rule("devices", "edr")
    answer = await house.api.finance.patch(
        "/v1/reconciliation/settings",
        headers={"If-Match": "*"},
        json={"count_sources": chosen},
    )
    assert answer.status_code == 200, answer.text
    snapshot = await house.snapshot()
    (line,) = await house.lines(snapshot, client)
    assert (line["count"]["source"], line["count"]["count"]) == expected
    assert snapshot["coverage"]["devices_excluded"] == (3 if not chosen else 0)


async def test_a_chosen_source_that_is_silent_is_no_data_though_another_has_counted(
    house: House,
) -> None:
    one, two = await house.client("One"), await house.client("Two")
    await house.product("edr")
    for client in (one, two):
        await house.holds(client, "edr", quantity=Decimal(10))
    await house.counted(one, "devices", 10, source="syncro")
    await house.counted(two, "devices", 10, source="ninjaone")
    await house.rule("devices", "edr")
    await house.api.finance.patch(
        "/v1/reconciliation/settings",
        headers={"If-Match": "*"},
        json={"count_sources": {"devices": "syncro"}},
    )
    snapshot = await house.snapshot()
    assert {row["client_name"]: row["status"] for row in await house.rows(snapshot)} == {
        "One": "matched",
        "Two": "no_data",
    }
