"""One subscription with everything that is known of it, and its history."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.support.api import Api
from tests.support.clock import NOW, SetClock
from tests.support.databases import Database
from tests.support.pax8 import PREMIUM, Engine, subscription
from tests.support.queries import queries_of

from billingone_api.kit.ids import new_id
from billingone_api.process import Process

URL = "/v1/subscriptions"


async def id_of(database: Database, source_id: str = "s1") -> UUID:
    (row,) = await database.as_owner("SELECT id FROM subscriptions WHERE source_id = $1", source_id)
    found: UUID = row["id"]
    return found


async def detail(api: Api, database: Database, source_id: str = "s1") -> dict[str, Any]:
    answer = await api.viewer.get(f"{URL}/{await id_of(database, source_id)}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def money(amount: str, currency: str = "AUD") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


async def test_a_detail_is_the_row_of_the_list_and_more(
    api: Api, engine: Engine, database: Database
) -> None:
    engine.pax8.subscriptions_ = [
        subscription("base"),
        subscription(
            "s1",
            parent_id="base",
            vendor_subscription_id="7b1c0a54",
            vendor_sku_id="CFQ7TTC0LCHC:0002",
            source_updated_at=NOW - timedelta(days=3),
        ),
    ]
    await engine.sync()
    found = await detail(api, database)
    (row,) = [
        item for item in (await api.viewer.get(URL)).json()["items"] if item["source_id"] == "s1"
    ]
    assert {name: found[name] for name in row} == row
    more = {name: value for name, value in found.items() if name not in row}
    assert more == {
        "basis": {"pax8_price_is": "sell", "annual_price_is": "year"},
        "sku": "MST-BPR",
        "vendor_sku": None,
        "vendor_subscription_id": "7b1c0a54",
        "vendor_sku_id": "CFQ7TTC0LCHC:0002",
        "parent": {"id": str(await id_of(database, "base")), "source_id": "base"},
        "billing_starts_on": "2026-02-01",
        "created_on": "2026-01-29",
        "source_updated_at": "2026-11-21T01:00:00Z",
        "monthly_cost": money("1160.88"),
        "margin": money("220.92"),
        "gone_at": None,
        "first_seen_at": "2026-11-24T01:00:00Z",
        "history": [{"version": 1, "seen_at": "2026-11-24T01:00:00Z", "changes": []}],
        "history_is_complete": True,
    }


async def test_a_parent_that_pax8_does_not_list_has_no_id_of_ours(
    api: Api, engine: Engine, database: Database
) -> None:
    engine.pax8.subscriptions_ = [subscription("s1", parent_id="elsewhere")]
    await engine.sync()
    assert (await detail(api, database))["parent"] == {"id": None, "source_id": "elsewhere"}


@pytest.mark.parametrize(
    ("basis", "facts", "cost", "margin"),
    [
        ("sell", {}, money("1160.88"), money("220.92")),
        ("sell", {"billing_term": "Annual"}, money("96.74"), money("18.41")),
        ("sell", {"partner_cost": None}, None, None),
        # the price not being known says nothing of the cost
        ("sell", {"price": None}, money("1160.88"), None),
        ("sell", {"currency": None}, None, None),
        ("sell", {"quantity": None}, None, None),
        ("sell", {"source_status": "Cancelled"}, None, None),
        ("sell", {"billing_term": "One-Time"}, None, None),
        ("buy", {}, money("1381.80"), None),
        ("buy", {"price": None}, None, None),
    ],
)
async def test_cost_and_margin_where_both_are_known(
    api: Api,
    engine: Engine,
    database: Database,
    basis: str,
    facts: dict[str, Any],
    cost: Any,
    margin: Any,
) -> None:
    await database.as_owner("UPDATE organisation_settings SET pax8_price_is = $1", basis)
    engine.pax8.subscriptions_ = [subscription("s1", **facts)]
    await engine.sync()
    found = await detail(api, database)
    assert (found["monthly_cost"], found["margin"]) == (cost, margin)


async def test_the_history_tells_what_changed_when(
    api: Api, engine: Engine, database: Database, clock: SetClock
) -> None:
    engine.pax8.subscriptions_ = [subscription("s1"), subscription("s2")]
    await engine.sync()
    clock.move(days=1)
    engine.pax8.subscriptions_[0] = subscription(
        "s1", quantity=Decimal("45.5"), ends_on=date(2027, 1, 31), source_status="PendingCancel"
    )
    await engine.sync()
    clock.move(days=1)
    gone = engine.pax8.subscriptions_.pop(0)
    await engine.sync()
    clock.move(days=1)
    engine.pax8.subscriptions_.insert(0, gone)
    engine.pax8.used = {"s1": True}
    await database.as_owner("UPDATE products SET usage_billed_by_hand = true")
    await engine.sync()
    found = await detail(api, database)
    assert found["history"] == [
        {
            "version": 4,
            "seen_at": "2026-11-27T01:00:00Z",
            "changes": [
                {"fact": "gone_at", "before": "2026-11-26T01:00:00Z", "after": None},
                {"fact": "usage_billed", "before": "false", "after": "true"},
            ],
        },
        {
            "version": 3,
            "seen_at": "2026-11-26T01:00:00Z",
            "changes": [{"fact": "gone_at", "before": None, "after": "2026-11-26T01:00:00Z"}],
        },
        {
            "version": 2,
            "seen_at": "2026-11-25T01:00:00Z",
            "changes": [
                {"fact": "source_status", "before": "Active", "after": "PendingCancel"},
                {"fact": "quantity", "before": "42", "after": "45.5"},
                {"fact": "ends_on", "before": None, "after": "2027-01-31"},
            ],
        },
        {"version": 1, "seen_at": "2026-11-24T01:00:00Z", "changes": []},
    ]
    assert found["changed_at"] == "2026-11-27T01:00:00Z"


async def test_a_very_long_history_is_told_from_its_newest_end(
    api: Api, engine: Engine, database: Database
) -> None:
    engine.pax8.subscriptions_ = [subscription("s1")]
    await engine.sync()
    await database.as_owner(
        "INSERT INTO subscription_versions (organisation_id, subscription_id, version, seen_at, "
        "quantity) SELECT organisation_id, id, n, changed_at, n FROM subscriptions, "
        "generate_series(2, 250) AS n"
    )
    found = await detail(api, database)
    assert found["history_is_complete"] is False
    assert [version["version"] for version in found["history"]] == list(range(250, 50, -1))
    assert found["history"][-1]["changes"] == [{"fact": "quantity", "before": "50", "after": "51"}]


async def test_a_detail_costs_two_statements(
    api: Api, engine: Engine, database: Database, process: Process
) -> None:
    engine.pax8.subscriptions_ = [subscription("s1")]
    await engine.sync()
    url = f"{URL}/{await id_of(database)}"
    async with queries_of(process) as queries:
        await api.viewer.get(url)
    assert len([query for query in queries if "subscription" in query]) == 2


async def test_its_tag_changes_with_whatever_it_shows(
    api: Api, engine: Engine, database: Database, clock: SetClock
) -> None:
    engine.pax8.subscriptions_ = [
        subscription("s1", source_status="PendingCancel", ends_on=date(2026, 11, 25))
    ]
    await engine.sync()
    url = f"{URL}/{await id_of(database)}"
    first = await api.viewer.get(url)
    tags = [first.headers["etag"]]
    assert first.headers["cache-control"] == "private, no-cache"

    async def news() -> None:
        known = await api.viewer.get(url, headers={"If-None-Match": tags[-1]})
        assert known.status_code == 200
        assert known.headers["etag"] not in tags
        tags.append(known.headers["etag"])

    unchanged = await api.viewer.get(url, headers={"If-None-Match": tags[0]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == tags[0]
    await engine.sync()
    assert (await api.viewer.get(url, headers={"If-None-Match": tags[0]})).status_code == 304
    # a label, a setting, a day, a fact
    await database.as_owner("UPDATE subscriptions SET product_name = 'Renamed'")
    await news()
    await database.as_owner("UPDATE organisation_settings SET annual_price_is = 'month'")
    await news()
    clock.move(days=2)
    await news()
    engine.pax8.subscriptions_ = [subscription("s1")]
    await engine.sync()
    await news()


@pytest.mark.parametrize("wrong", ["42", "s1", "undefined", "%00", "..%2Fcounts", "a" * 300])
async def test_an_id_that_is_no_id_is_422(api: Api, wrong: str) -> None:
    answer = await api.viewer.get(f"{URL}/{wrong}")
    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_another_organisations_is_like_one_that_does_not_exist(
    api: Api, engine: Engine, database: Database
) -> None:
    engine.pax8.subscriptions_ = [subscription("s1")]
    await engine.sync()
    other = api.of(await database.add_organisation(new_id()))
    theirs = await other.viewer.get(f"{URL}/{await id_of(database)}")
    nobodys = await other.viewer.get(f"{URL}/{new_id()}")
    assert (theirs.status_code, theirs.json()["code"]) == (404, "not_found")
    assert theirs.json() | {"request_id": ""} == nobodys.json() | {"request_id": ""}
    assert "etag" not in theirs.headers


# Products


async def product(api: Api, source_id: str = "premium") -> Any:
    return await api.viewer.get(f"{URL}/products/{source_id}")


async def test_products_tell_how_they_are_billed(api: Api, engine: Engine) -> None:
    engine.pax8.subscriptions_ = [
        subscription("s1"),
        subscription("s2", product_id="withdrawn", price=Decimal(0)),
    ]
    engine.pax8.used = {"s2": True}
    await engine.sync()
    page = (await api.viewer.get(f"{URL}/products")).json()
    assert page["items"] == [
        {
            "source": "pax8",
            "source_id": "withdrawn",
            "name": None,
            "vendor": None,
            "sku": None,
            "vendor_sku": None,
            "is_usage_billed": True,
            "usage_billed_by_hand": None,
            "usage_evidence": "usage_summaries",
            "is_gone": True,
            "fetched_at": "2026-11-24T01:00:00Z",
        },
        {
            "source": "pax8",
            "source_id": "premium",
            "name": "Business Premium",
            "vendor": "Microsoft",
            "sku": "MST-BPR",
            "vendor_sku": None,
            "is_usage_billed": False,
            "usage_billed_by_hand": None,
            "usage_evidence": None,
            "is_gone": False,
            "fetched_at": "2026-11-24T01:00:00Z",
        },
    ]


async def many_products(api: Api, database: Database) -> None:
    await database.as_owner(
        "INSERT INTO products (organisation_id, source, source_id, name, vendor_name, "
        "usage_billed_by_hand, fetched_at) SELECT $1, 'pax8', 'p' || n, "
        "CASE WHEN n % 4 > 0 THEN 'Name ' || n % 5 END, 'Vendor ' || n % 2, n % 3 = 0, now() "
        "FROM generate_series(1, 23) AS n",
        api.organisation_id,
    )


@pytest.mark.parametrize("sort", ["name", "-name"])
async def test_products_by_pages_are_the_one_big_list(
    api: Api, database: Database, sort: str
) -> None:
    await many_products(api, database)
    whole = (await api.viewer.get(f"{URL}/products?sort={sort}&limit=200&with_total=true")).json()
    assert (whole["total"], len(whole["items"])) == (23, 23)
    for limit in (1, 3, 7):
        found, cursor = [], ""
        while cursor is not None:
            url = f"{URL}/products?sort={sort}&limit={limit}{cursor}"
            page = (await api.viewer.get(url)).json()
            found += page["items"]
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        assert found == whole["items"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("q=name", 18),
        ("q=name%203%20vendor", 4),
        ("q=p1", 11),
        ("q=%25", 0),
        ("vendor=Vendor%200", 11),
        ("usage_billed=true", 7),
        ("usage_billed=false", 16),
    ],
)
async def test_products_are_searched_and_filtered(
    api: Api, database: Database, query: str, count: int
) -> None:
    await many_products(api, database)
    page = (await api.viewer.get(f"{URL}/products?{query}&with_total=true")).json()
    assert (page["total"], len(page["items"])) == (count, count)


async def test_a_person_marks_a_product_and_its_subscriptions_follow_at_once(
    api: Api, engine: Engine, database: Database, clock: SetClock
) -> None:
    engine.pax8.products["basic"] = PREMIUM
    engine.pax8.subscriptions_ = [
        subscription("s1"),
        subscription("s2"),
        subscription("s3", product_id="basic"),
    ]
    await engine.sync()
    clock.move(hours=1)
    tag = (await product(api)).headers["etag"]
    answer = await api.finance.patch(
        f"{URL}/products/premium", json={"usage_billed": True}, headers={"If-Match": tag}
    )
    assert answer.status_code == 200, answer.text
    assert (answer.json()["is_usage_billed"], answer.json()["usage_billed_by_hand"]) == (True, True)
    assert answer.headers["etag"] == (await product(api)).headers["etag"] != tag
    rows = await database.as_owner(
        "SELECT s.source_id, v.usage_billed, v.seen_at FROM subscription_versions v "
        "JOIN subscriptions s ON s.id = v.subscription_id WHERE v.version = 2 ORDER BY source_id"
    )
    assert [tuple(row) for row in rows] == [("s1", True, clock.now()), ("s2", True, clock.now())]
    found = await detail(api, database)
    assert (found["mrr"], found["mrr_excluded"]) == (None, "usage")
    report = await engine.sync()
    assert report["subscriptions"].unchanged == 3


async def test_null_leaves_it_to_the_evidence_again(
    api: Api, engine: Engine, database: Database
) -> None:
    engine.pax8.subscriptions_ = [subscription("s1", price=Decimal(0))]
    engine.pax8.used = {"s1": True}
    await engine.sync()
    flags = []
    for said in (False, None, True, True):
        answer = await api.finance.patch(
            f"{URL}/products/premium", json={"usage_billed": said}, headers={"If-Match": "*"}
        )
        flags.append(answer.json()["is_usage_billed"])
    assert flags == [False, True, True, True]
    rows = await database.as_owner(
        "SELECT usage_billed FROM subscription_versions ORDER BY version"
    )
    assert [row["usage_billed"] for row in rows] == [True, False, True]


async def test_what_was_said_of_an_older_version_is_refused(
    api: Api, engine: Engine, database: Database
) -> None:
    engine.pax8.subscriptions_ = [subscription("s1")]
    await engine.sync()
    url = f"{URL}/products/premium"
    tag = (await product(api)).headers["etag"]
    body = {"usage_billed": True}
    assert (await api.finance.patch(url, json=body)).status_code == 428
    first = await api.finance.patch(url, json=body, headers={"If-Match": tag})
    second = await api.finance.patch(url, json={"usage_billed": False}, headers={"If-Match": tag})
    assert (first.status_code, second.status_code) == (200, 412)
    assert second.json()["code"] == "etag_mismatch"
    assert (await product(api)).json()["usage_billed_by_hand"] is True
    unknown = await api.finance.patch(
        f"{URL}/products/nobody", json=body, headers={"If-Match": tag}
    )
    assert unknown.status_code == 404


async def test_reading_again_what_did_not_change_is_304_and_no_conflict(
    api: Api, engine: Engine, clock: SetClock
) -> None:
    engine.pax8.subscriptions_ = [subscription("s1")]
    await engine.sync()
    read = await product(api)
    tag = read.headers["etag"]
    url = f"{URL}/products/premium"
    again = await api.viewer.get(url, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    # asking Pax8 once more is news to who reads and none to who writes
    clock.move(days=8)
    await engine.sync()
    assert (await api.viewer.get(url, headers={"If-None-Match": tag})).status_code == 200
    answer = await api.finance.patch(url, json={"usage_billed": None}, headers={"If-Match": tag})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/usage_billed"),
        ({"usage_billed": "true"}, "/usage_billed"),
        ({"usage_billed": 1}, "/usage_billed"),
        ({"usage_billed": []}, "/usage_billed"),
        ([], ""),
        (None, ""),
    ],
)
async def test_a_body_that_says_nothing_clear_changes_nothing(
    api: Api, engine: Engine, body: Any, pointer: str
) -> None:
    engine.pax8.subscriptions_ = [subscription("s1")]
    await engine.sync()
    answer = await api.finance.patch(
        f"{URL}/products/premium", json=body, headers={"If-Match": "*"}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await product(api)).json()["usage_billed_by_hand"] is None


@pytest.mark.parametrize("role", ["Engineer", "Viewer"])
async def test_who_only_reads_marks_nothing(api: Api, engine: Engine, role: str) -> None:
    engine.pax8.subscriptions_ = [subscription("s1")]
    await engine.sync()
    answer = await api.as_role(role).patch(
        f"{URL}/products/premium", json={"usage_billed": True}, headers={"If-Match": "*"}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_product_of_another_organisation_is_none(
    api: Api, engine: Engine, database: Database
) -> None:
    engine.pax8.subscriptions_ = [subscription("s1")]
    await engine.sync()
    other = api.of(await database.add_organisation(new_id()))
    assert (await product(other)).status_code == 404
    answer = await other.finance.patch(
        f"{URL}/products/premium", json={"usage_billed": True}, headers={"If-Match": "*"}
    )
    assert answer.status_code == 404
    assert (await product(api)).json()["usage_billed_by_hand"] is None


@pytest.mark.parametrize("wrong", ["%00", "a" * 201])
async def test_a_product_id_that_cannot_be_one_is_422(api: Api, wrong: str) -> None:
    assert (await product(api, wrong)).status_code == 422
