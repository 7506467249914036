"""What the dashboard says of licences: from the newest snapshot, or why nothing is known."""

from decimal import Decimal
from typing import Any

import pytest
from tests.support.api import Api
from tests.support.clock import SetClock
from tests.support.databases import Database
from tests.support.reconciled import House
from tests.support.sales import SalesBooks

from billingone_api.process import Process


@pytest.fixture
async def house(api: Api, database: Database, process: Process) -> House:
    made = House(api, database, process)
    await made.synced()
    return made


async def shown(house: House) -> tuple[dict[str, Any], Any]:
    page = (await house.api.viewer.get("/v1/dashboard")).json()
    return page["cards"]["under_licensed_clients"], page["under_licensed"]


async def client(house: House, name: str, *, seats: int, count: int, **more: Any) -> str:
    made = await house.client(name)
    await house.holds(made, "edr", quantity=Decimal(seats), **more)
    await house.counted(made, "devices", count)
    return str(made)


async def test_before_anything_was_counted_or_compared_it_is_null_with_the_reason(
    house: House,
) -> None:
    card, below = await shown(house)
    assert (card["value"], card["reason"], below) == (None, "source_not_connected", None)
    await house.product("edr")
    await client(house, "Acacia", seats=1, count=1)
    card, below = await shown(house)
    assert (card["value"], card["reason"], below) == (None, "never_synced", None)
    await house.snapshot()
    card, below = await shown(house)
    assert (card["value"], card["reason"]) == (None, "never_synced")
    assert (below["outcome"], below["all_properly_licensed"]) == ("not_reconcilable", False)


async def test_superops_counts_so_that_only_a_snapshot_is_missing(house: House) -> None:
    await SalesBooks(house.database, house.api.organisation_id).connected("superops")
    card, below = await shown(house)
    assert (card["value"], card["reason"], below) == (None, "never_synced", None)
    assert "snapshot" in card["detail"]


async def test_the_worst_clients_come_with_their_variance_and_money(
    house: House, clock: SetClock
) -> None:
    await house.product("edr")
    await house.rule("devices", "edr")
    small = await client(house, "Small", seats=10, count=40, price=Decimal("0.10"))
    large = await client(house, "Large", seats=10, count=15, price=Decimal(100))
    await client(house, "Fine", seats=10, count=10)
    snapshot = await house.snapshot()
    card, below = await shown(house)
    assert card == {"value": {"count": 2}, "reason": None, "detail": None}
    assert [(one["client_id"], one["variance"]) for one in below["clients"]] == [
        (large, "5"),
        (small, "30"),
    ]
    assert below["clients"][0]["at_stake"] == [{"amount": "500.00", "currency": "AUD"}]
    listed = await house.api.viewer.get(below["link"])
    assert {row["client_id"] for row in listed.json()["items"]} == {small, large}
    assert below["snapshot_id"] == snapshot["id"]
    clock.move(hours=1)
    await house.database.as_owner("UPDATE client_counts SET count = 10")
    await house.snapshot()
    card, below = await shown(house)
    assert (card["value"], below["all_properly_licensed"]) == ({"count": 0}, True)


async def test_where_something_was_not_compared_nobody_is_called_properly_licensed(
    house: House,
) -> None:
    await house.product("edr")
    await house.rule("devices", "edr")
    await client(house, "Fine", seats=10, count=10)
    await house.holds(await house.client("Uncounted"), "edr")
    await house.snapshot()
    card, below = await shown(house)
    assert card["value"] == {"count": 0}
    assert card["detail"]
    assert below["all_properly_licensed"] is False
