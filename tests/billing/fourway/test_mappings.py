"""Descriptions: proposed, confirmed by a person, refused for good, and taken back."""

from typing import Any

import pytest
from tests.support.databases import Database
from tests.support.month_end import BASE, MonthEnd, leak_of, line

from billingone_api.billing.fourway.models import Product
from billingone_api.billing.fourway.proposing import proposals_for

SAID = "Endpoint Detection licences - November 2026"
PRODUCTS = [
    Product("bpr", "Microsoft 365 Business Premium", "microsoft 365 business premium", "CFQ7-BPR"),
    Product("bsc", "Microsoft 365 Business Basic", "microsoft 365 business basic", "CFQ7-BSC"),
    Product("kpr", "Keeper Business", "keeper business", None),
    Product("s1", "SentinelOne Control", "sentinelone control", "S1"),
]


@pytest.mark.parametrize(
    ("key", "proposed"),
    [
        ("microsoft 365 business premium", ["bpr", "bsc"]),
        ("m365 business premium licences per user", ["bpr", "bsc"]),
        ("seats of cfq7 bsc", ["bsc"]),
        ("keeper password manager business", ["kpr"]),
        ("labour onsite s1", []),
        ("managed backup", []),
    ],
)
def test_what_is_proposed_for_a_description(key: str, proposed: list[str]) -> None:
    (found,) = proposals_for([key], PRODUCTS, {})
    assert [one.product.product_id for one in found] == proposed
    assert all(65 <= one.score <= 100 for one in found)
    (left,) = proposals_for([key], PRODUCTS, {key: set(proposed[:1])})
    assert [one.product.product_id for one in left] == proposed[1:]


async def told(month_end: MonthEnd, path: str, **body: Any) -> Any:
    answer = await month_end.house.api.finance.post(f"{BASE}{path}", json=body)
    return answer.status_code, answer.json()


async def test_a_description_bills_a_product_once_a_person_says_so(month_end: MonthEnd) -> None:
    house = month_end.house
    await house.product("edr", "Endpoint Detection", sku="SKU-EDR")
    for twin in ("twin", "other twin"):
        await house.product(twin, sku="TWICE")
    await month_end.bill()
    lines = [
        line(10, item_code="LIC", description=SAID),
        line(1, item_code="twice", description="A code of two products"),
        line(1, item_code=None, description="Nov 2026"),
        {"description": "A text alone"},
    ]
    for name in ("Acacia", "Banksia"):
        client = await month_end.client(name)
        await month_end.holds(client, "edr", 10)
        await month_end.charged(name, "edr", 10)
        await month_end.billed(client, *lines)
    records = await month_end.records()
    assert [leak_of(one) for one in records] == [{"unmapped": "100.00"}] * 2

    first, *others = (await month_end.read("/descriptions", with_total=True))["items"]
    (proposed,) = first.pop("proposals")
    assert first == {
        "description": SAID, "lines": 2, "clients": 2,
        "amounts": [{"amount": "200.00", "currency": "AUD"}], "without_amount": 0,
    }  # fmt: skip
    assert (proposed["product_id"], proposed["reason"]) == ("edr", "similar_name")
    unlike = ["A code of two products", "Nov 2026"]
    assert sorted(one["description"] for one in others) == unlike
    assert [one["proposals"] for one in others] == [[], []]

    # The same but for its month; no figure moves before that.
    pair = {"description": "ENDPOINT detection: licences, Dec. 2026", "product_id": "edr"}
    status, done = await told(month_end, "/mappings", **pair, verdict="confirmed")
    assert (status, done["verdict"]) == (200, "confirmed")
    records = await month_end.records()
    assert [leak_of(one) for one in records] == [{}, {}]
    shown = (await month_end.read("/descriptions"))["items"]
    assert sorted(one["description"] for one in shown) == unlike
    (kept,) = (await month_end.read("/mappings", verdict="confirmed"))["items"]
    assert (kept["product_name"], kept["said_by"]) == ("Endpoint Detection", "Farah Nair")

    other = pair | {"product_id": "twin", "verdict": "confirmed"}
    status, problem = await told(month_end, "/mappings", **other)
    assert (status, problem["code"]) == (409, "description_confirmed")
    status, _ = await told(month_end, "/mappings/undo", **pair)
    assert status == 200
    assert leak_of((await month_end.records())[0]) == {"unmapped": "100.00"}
    assert (await told(month_end, "/mappings/undo", **pair))[0] == 200

    await told(month_end, "/mappings", **pair, verdict="refused")
    first = (await month_end.read("/descriptions"))["items"][0]
    assert (first["description"], first["proposals"]) == (SAID, [])
    # None of Pax8's: then nothing of the product is billed, and that is known.
    for description in (SAID, *unlike):
        nothing = {"description": description, "product_id": None, "verdict": "confirmed"}
        assert (await told(month_end, "/mappings", **nothing))[0] == 200
    assert (await month_end.read("/descriptions"))["items"] == []
    record = (await month_end.records())[0]
    assert (leak_of(record), record["unmatched_lines"]) == ({"quantity": "100.00"}, 0)

    audited = await house.database.as_owner(
        "SELECT action FROM audit WHERE resource = 'line_mapping' ORDER BY at, id"
    )
    assert [row["action"] for row in audited] == [
        "line_mapping.confirmed", "line_mapping.undone", "line_mapping.refused",
        *["line_mapping.confirmed"] * 3,
    ]  # fmt: skip


async def test_a_product_that_nobody_knows_is_not_found(month_end: MonthEnd) -> None:
    body = {"description": SAID, "product_id": "nobody", "verdict": "confirmed"}
    status, problem = await told(month_end, "/mappings", **body)
    assert (status, problem["code"]) == (404, "product_not_found")


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("Licences - November 2026", "licences"),
        ("Licences, 1 Nov - 30 Nov 2026", "licences"),
        ("Licences Nov. 30th, 2026", "licences"),
        ("Licences 2026-11", "licences"),
        ("Licences 01/11/26 to 30/11/2026", "licences to"),
        ("Licences 11.2026", "licences"),
        # What tells two things apart stays.
        ("Backup 0.5 TB", "backup 0 5 tb"),
        ("Backup 1.5 TB", "backup 1 5 tb"),
        ("24/7 Support", "24 7 support"),
        ("Veeam 12.1, tier 1-10", "veeam 12 1 tier 1 10"),
        ("Nov 2026", "nov 2026"),
    ],
)
async def test_a_description_is_compared_without_its_dates(
    database: Database, said: str, key: str
) -> None:
    (row,) = await database.as_owner("SELECT description_key($1) AS key", said)
    assert row["key"] == key


@pytest.mark.parametrize(
    ("said", "is_prorated"),
    [
        ("Pro-rata from 18 Oct", True), ("pro  rata", True), ("Prorated", True),
        ("EDR pro\u2011rated", True), ("Professional ratio", False), ("Proration", True),
    ],
)  # fmt: skip
async def test_a_line_says_that_it_is_prorated(
    database: Database, said: str, *, is_prorated: bool
) -> None:
    (row,) = await database.as_owner("SELECT says_prorated($1) AS is_prorated", said)
    assert row["is_prorated"] is is_prorated
