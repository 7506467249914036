"""Rules as people confirm them: presets, trials, versions, and what makes no sense."""

from decimal import Decimal
from typing import Any

import pytest
from tests.support.reconciled import BASE, House, made
from tests.support.superops_lists import SuperOps

RULES = f"{BASE}/rules"
EDR = {"name": "Protection", "metric": "devices", "products": ["edr"]}


async def refused(house: House, body: dict[str, Any], *, path: str = RULES) -> tuple[int, Any]:
    answer = await house.api.finance.post(path, json=body)
    problem = answer.json()
    return answer.status_code, [at["pointer"] for at in problem.get("errors", ())] or problem[
        "code"
    ]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"ratio": "0"}, "/ratio"),
    ({"ratio": "-1"}, "/ratio"),
    ({"ratio": 1}, "/ratio"),
    ({"ratio": "1e3"}, "/ratio"),
    ({"minimum": "-1"}, "/minimum"),
    ({"metric": "Devices"}, "/metric"),
    ({"name": " "}, "/name"),
    ({"products": []}, "/products"),
    ({"products": ["edr", "edr"]}, "/products/1"),
    ({"products": ["edr", "unheard-of"]}, "/products/1"),
    ({"patterns": ["**"]}, "/patterns/0"),
    ({"tolerance": {"money": {"amount": "5"}}}, "/tolerance/money/currency"),
    (
        {"tolerance": {"money": {"amount": "5", "currency": "XXX"}}},
        "/tolerance/money/currency",
    ),
    ({"tolerance": {"percent": "-1"}}, "/tolerance/percent"),
    ({"exclusions": [{"client_id": "0192f0c1-9999-7000-8000-000000000009"}]},
     "/exclusions/0/client_id"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "pointer"), BAD)
async def test_a_rule_that_makes_no_sense_is_pointed_at(
    house: House, change: dict[str, Any], pointer: str
) -> None:
    await house.product("edr")
    for path in (RULES, f"{RULES}:dry-run"):
        assert await refused(house, EDR | change, path=path) == (422, [pointer])
    assert (await house.read("/rules"))["items"] == []


async def test_a_product_counts_once_against_a_metric(house: House) -> None:
    await house.product("edr")
    rule = made(await house.api.finance.post(RULES, json=EDR), 201)
    again = EDR | {"name": "Again"}
    assert await refused(house, again) == (409, "product_counted_twice")
    made(await house.api.finance.post(RULES, json=again | {"metric": "servers"}), 201)
    made(await house.api.finance.delete(f"{RULES}/{rule['id']}"), 200)
    made(await house.api.finance.post(RULES, json=again), 201)
    back = await house.api.finance.put(f"{RULES}/{rule['id']}", json=EDR, headers={"If-Match": "*"})
    assert (back.status_code, back.json()["code"]) == (409, "product_counted_twice")


async def test_every_change_is_a_version_and_the_same_again_is_none(house: House) -> None:
    await house.product("edr")
    rule = made(await house.api.finance.post(RULES, json=EDR), 201)
    path = f"{RULES}/{rule['id']}"
    change = EDR | {"ratio": "2.50"}
    for _ in range(2):
        made(await house.api.finance.put(path, json=change, headers={"If-Match": "*"}), 200)
    stale = await house.api.finance.put(path, json=EDR, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    for _ in range(2):
        retired = made(await house.api.finance.delete(path), 200)
    assert (retired["version"], retired["is_active"]) == (3, False)
    found = made(await house.api.viewer.get(path), 200)
    told = [(one["version"], one["ratio"], one["is_active"]) for one in found["versions"]]
    assert told == [(3, "2.50", False), (2, "2.50", True), (1, "1", True)]
    assert (await house.read("/rules"))["items"] == []
    assert len((await house.read("/rules", with_retired="true"))["items"]) == 1


async def test_presets_propose_what_clients_hold_until_a_rule_has_it(house: House) -> None:
    client = await house.client("Acacia")
    names = {
        "bp": "Microsoft 365 Business Premium [New Commerce Experience]",
        "e3": "Microsoft 365 E3",
        "s1": "SentinelOne Singularity Control",
        "kp": "Keeper Business",
        "vs": "Visio Plan 2",
    }
    for product, name in names.items():
        await house.product(product, name)
        await house.holds(client, product, quantity=Decimal(3))
    await house.product("nobody", "Microsoft 365 E5")

    async def proposals() -> dict[str, set[str]]:
        found = (await house.read("/presets"))["presets"]
        return {
            one["key"]: {each["source_id"] for each in one["products"]}
            for one in found
            if one["products"]
        }

    assert await proposals() == {
        "microsoft_365": {"bp", "e3"},
        "endpoint_protection": {"s1"},
        "password_manager": {"kp"},
    }
    body = {"name": "Suites", "metric": "users", "preset": "microsoft_365", "products": ["bp"]}
    rule = made(await house.api.finance.post(RULES, json=body | {"patterns": ["*365 e3*"]}), 201)
    assert (await proposals())["microsoft_365"] == {"e3"}
    (proposed,) = made(await house.api.viewer.get(f"{RULES}/{rule['id']}"), 200)["proposed"]
    assert (proposed["source_id"], proposed["pattern"]) == ("e3", "*365 e3*")


async def test_a_trial_says_what_would_change_and_keeps_nothing(house: House) -> None:
    await house.product("edr")
    await house.product("mdr")
    for name, edr, mdr, count in (("One", 10, 0, 10), ("Two", 5, 5, 10), ("Three", 4, 0, None)):
        client = await house.client(name)
        await house.holds(client, "edr", quantity=Decimal(edr))
        if mdr:
            await house.holds(client, "mdr", quantity=Decimal(mdr))
        if count is not None:
            await house.counted(client, "devices", count)
    rule = made(await house.api.finance.post(RULES, json=EDR), 201)
    before = await house.database.as_owner("SELECT * FROM count_rules")
    body = EDR | {"products": ["edr", "mdr"], "rule_id": rule["id"]}
    found = made(await house.api.finance.post(f"{RULES}:dry-run", json=body), 200)
    statuses = ("matched", "under_licensed", "no_data")
    assert [found["before"][name] for name in statuses] == [1, 1, 1]
    assert [found["after"][name] for name in statuses] == [2, 0, 1]
    assert found["changed"] == 1
    (line,) = found["lines"]
    assert (line["client_name"], line["before"]["variance"], line["after"]["variance"]) == (
        "Two",
        "5",
        "0",
    )
    assert await house.database.as_owner("SELECT * FROM count_rules") == before


async def test_a_trial_goes_by_what_superops_lists_now_as_a_snapshot_does(house: House) -> None:
    superops = SuperOps(house.database, house.process, house.organisation_id)
    books = await superops.ledger()
    client = await superops.client("acme", books=books)
    await superops.asset("acme", books=books)
    await superops.walked()
    await house.product("edr")
    await house.holds(client, "edr", quantity=Decimal(5))
    found = made(await house.api.finance.post(f"{RULES}:dry-run", json=EDR), 200)
    (line,) = found["lines"]
    assert (line["after"]["actual"], line["after"]["status"]) == ("1", "over_licensed")
    await house.rule("devices", "edr")
    (frozen,) = await house.lines(await house.snapshot(), client)
    assert frozen["actual"] == "1"


async def test_products_in_no_rule_are_listed_with_their_money_until_set_aside(
    house: House,
) -> None:
    client = await house.client("Acacia")
    for product, price, currency in (
        ("visio", "20", "AUD"),
        ("visio", "3", "NZD"),
        ("azure", "1", "AUD"),
        ("edr", "99", "AUD"),
    ):
        if product not in {one["source_id"] for one in await known(house)}:
            await house.product(product)
        await house.holds(
            client, product, quantity=Decimal(2), price=Decimal(price), currency=currency
        )
    await house.rule("devices", "edr")
    page = await house.read("/products/unmapped", with_total="true")
    assert [(one["source_id"], one["monthly"]) for one in page["items"]] == [
        (
            "visio",
            [
                {"amount": "40.00", "currency": "AUD"},
                {"amount": "6.00", "currency": "NZD"},
            ],
        ),
        ("azure", [{"amount": "2.00", "currency": "AUD"}]),
    ]
    assert page["total"] == 2
    path = f"{BASE}/products/visio/set-aside"
    made(await house.api.finance.put(path, json={"reason": "Counted nowhere."}), 200)
    left = (await house.read("/products/unmapped"))["items"]
    assert [one["source_id"] for one in left] == ["azure"]
    both = (await house.read("/products/unmapped", with_set_aside="true"))["items"]
    assert both[0]["set_aside"]["reason"] == "Counted nowhere."
    assert (await house.api.finance.delete(path)).status_code == 204
    assert len((await house.read("/products/unmapped"))["items"]) == 2
    assert (await house.api.finance.delete(path)).status_code == 404


async def known(house: House) -> list[dict[str, Any]]:
    rows = await house.database.as_owner("SELECT source_id FROM products")
    return [dict(row) for row in rows]


async def test_a_source_that_never_counted_a_metric_cannot_be_chosen(house: House) -> None:
    client = await house.client("Acacia")
    await house.counted(client, "devices", 1, source="syncro")
    for chosen, status in (
        ({"devices": "syncro"}, 200),
        ({"devices": "superops", "users": "superops"}, 200),
        ({"devices": "ninjaone"}, 422),
        ({"backups": "syncro"}, 422),
    ):
        answer = await house.api.finance.patch(
            f"{BASE}/settings", headers={"If-Match": "*"}, json={"count_sources": chosen}
        )
        assert answer.status_code == status, answer.text
    (at,) = answer.json()["errors"]
    assert (at["pointer"], at["code"]) == ("/count_sources/backups", "source_never_counted")
