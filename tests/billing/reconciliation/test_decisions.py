"""What people say of lines: bound to their facts, and open again by themselves."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.support.clock import SetClock
from tests.support.reconciled import BASE, House, made

from billingone_api.kit.ids import new_id

SPARE = {"kind": "ignore", "reason": "Spare machines."}


async def planted(house: House) -> tuple[UUID, dict[str, Any], dict[str, Any]]:
    """A client with two devices too many; its rule and its snapshot."""
    client = await house.client("Acacia")
    await house.product("edr")
    await house.holds(client, "edr", quantity=Decimal(10))
    await house.counted(client, "devices", 12)
    rule = await house.rule("devices", "edr")
    return client, rule, await house.snapshot()


async def decide(house: House, snapshot: dict[str, Any], client: UUID, **said: Any) -> Any:
    body = {"snapshot_id": snapshot["id"], "lines": [{"client_id": str(client)}]} | said
    return made(await house.api.finance.post(f"{BASE}/decisions", json=body), 201)


async def open_lines(house: House, snapshot: dict[str, Any]) -> int:
    (row,) = await house.rows(snapshot)
    is_open = await house.rows(snapshot, is_open="true")
    assert bool(is_open) is (row["open_lines"] > 0)
    number: int = row["open_lines"]
    return number


async def states(house: House) -> list[str]:
    return [one["state"] for one in (await house.read("/decisions"))["items"]]


@pytest.mark.parametrize(
    ("said", "settles"),
    [
        (SPARE, True),
        ({"kind": "acknowledge", "reason": "Known."}, True),
        ({"kind": "expected", "reason": "They leave.", "until": "2026-11-30"}, True),
        ({"kind": "note", "reason": "Asked them."}, False),
        ({"kind": "assign", "reason": "Look.", "assignee": "Mika"}, False),
    ],
)
async def test_a_decision_stands_on_its_line(
    house: House,
    said: dict[str, Any],
    settles: bool,  # noqa: FBT001 - a column of a table of cases
) -> None:
    client, rule, snapshot = await planted(house)
    assert await open_lines(house, snapshot) == 1
    answer = await decide(house, snapshot, client, **said)
    (line,) = answer["lines"]
    assert (line["rule_id"], line["status"]) == (rule["id"], "under_licensed")
    assert await open_lines(house, snapshot) == (0 if settles else 1)
    (shown,) = await house.lines(snapshot, client)
    (decision,) = shown["decisions"]
    assert {name: decision[name] for name in said} == said
    assert decision["made_by"] == "Farah Nair"
    (listed,) = (await house.read("/decisions"))["items"]
    assert (listed["state"], listed["client_name"]) == ("standing", "Acacia")


Move = Callable[[House, UUID, dict[str, Any]], Awaitable[Any]]


async def count_moves(house: House, client: UUID, _: dict[str, Any]) -> None:
    await house.database.as_owner("UPDATE client_counts SET count = 13")


async def quantity_moves(house: House, client: UUID, _: dict[str, Any]) -> None:
    await house.database.as_owner("UPDATE subscriptions SET quantity = 11")


async def price_moves(house: House, client: UUID, _: dict[str, Any]) -> None:
    await house.database.as_owner("UPDATE subscriptions SET price = 11")


async def rule_moves(house: House, client: UUID, rule: dict[str, Any]) -> None:
    body = {"name": "Other", "metric": "devices", "products": ["edr"]}
    path = f"{BASE}/rules/{rule['id']}"
    made(await house.api.finance.put(path, json=body, headers={"If-Match": "*"}), 200)


@pytest.mark.parametrize("move", [count_moves, quantity_moves, price_moves, rule_moves])
async def test_it_is_open_again_once_a_fact_moves(
    house: House, clock: SetClock, move: Move
) -> None:
    client, rule, first = await planted(house)
    await decide(house, first, client, **SPARE)
    clock.move(hours=1)
    same = await house.snapshot()
    assert await open_lines(house, same) == 0
    await move(house, client, rule)
    clock.move(hours=1)
    later = await house.snapshot()
    assert await open_lines(house, later) == 1
    assert await states(house) == ["moved"]
    # what was said of the facts of then stays said of them
    assert await open_lines(house, first) == 0


async def test_a_name_that_changes_is_no_fact(house: House, clock: SetClock) -> None:
    client, _, first = await planted(house)
    await decide(house, first, client, **SPARE)
    await house.database.as_owner("UPDATE clients SET name = 'Renamed'")
    await house.database.as_owner("UPDATE subscriptions SET quantity = 10.000")
    clock.move(hours=1)
    assert await open_lines(house, await house.snapshot()) == 0


async def test_what_is_expected_is_open_again_the_day_after(house: House, clock: SetClock) -> None:
    client, _, snapshot = await planted(house)
    said = {"kind": "expected", "reason": "They leave.", "until": "2026-11-25"}
    await decide(house, snapshot, client, **said)
    clock.move(days=1)
    assert (await open_lines(house, snapshot), await states(house)) == (0, ["standing"])
    clock.move(days=1)
    assert (await open_lines(house, snapshot), await states(house)) == (1, ["expired"])


async def test_what_is_taken_back_is_kept_and_settles_nothing(
    house: House, clock: SetClock
) -> None:
    client, _, snapshot = await planted(house)
    (line,) = (await decide(house, snapshot, client, **SPARE))["lines"]
    path = f"{BASE}/decisions/{line['decision_id']}"
    first = made(await house.api.finance.delete(path), 200)
    assert (first["state"], first["withdrawn_by"]) == ("withdrawn", "Farah Nair")
    clock.move(hours=1)
    assert made(await house.api.finance.delete(path), 200) == first
    assert await open_lines(house, snapshot) == 1
    assert (await house.api.finance.delete(f"{BASE}/decisions/{new_id()}")).status_code == 404


async def test_a_dry_run_says_which_lines_and_keeps_nothing(house: House) -> None:
    client, rule, snapshot = await planted(house)
    answer = await decide(house, snapshot, client, **SPARE, dry_run=True)
    assert answer == {
        "dry_run": True,
        "lines": [
            {
                "client_id": str(client),
                "rule_id": rule["id"],
                "status": "under_licensed",
                "decision_id": None,
            }
        ],
    }
    assert await states(house) == []
    assert await open_lines(house, snapshot) == 1


async def test_in_bulk_all_are_decided_or_none(house: House) -> None:
    client, rule, snapshot = await planted(house)
    lines = [
        {"client_id": str(client), "rule_id": rule["id"]},
        {"client_id": str(client), "rule_id": str(new_id())},
        {"client_id": str(new_id())},
    ]
    body = SPARE | {"snapshot_id": snapshot["id"], "lines": lines}
    answer = await house.api.finance.post(f"{BASE}/decisions", json=body)
    assert answer.status_code == 422
    assert [at["pointer"] for at in answer.json()["errors"]] == ["/lines/1", "/lines/2"]
    assert await states(house) == []


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"kind": "ignore"}, "/reason"),
        ({"kind": "ignore", "reason": " "}, "/reason"),
        ({"kind": "forget", "reason": "x"}, "/kind"),
        ({"kind": "expected", "reason": "x"}, ""),
        ({"kind": "ignore", "reason": "x", "until": "2026-12-01"}, ""),
        ({"kind": "assign", "reason": "x"}, ""),
        ({"kind": "note", "reason": "x", "assignee": "Mika"}, ""),
        ({"kind": "expected", "reason": "x", "until": "2026-11-23"}, "/until"),
        ({"kind": "ignore", "reason": "x", "lines": []}, "/lines"),
    ],
)
async def test_a_decision_that_makes_no_sense_is_422(
    house: House, said: dict[str, Any], pointer: str
) -> None:
    client, _, snapshot = await planted(house)
    body = {"snapshot_id": snapshot["id"], "lines": [{"client_id": str(client)}]} | said
    answer: httpx.Response = await house.api.finance.post(f"{BASE}/decisions", json=body)
    assert answer.status_code == 422
    assert [at["pointer"] for at in answer.json()["errors"]] == [pointer]


async def test_who_said_what_of_how_many_lines_is_in_the_audit_log(house: House) -> None:
    client, _, snapshot = await planted(house)
    await decide(house, snapshot, client, **SPARE)
    audit = made(await house.api.finance.get("/v1/audit"), 200)["items"]
    (entry,) = [one for one in audit if one["action"] == "line_decision.made"]
    assert entry["after"]["reason"] == "Spare machines."
