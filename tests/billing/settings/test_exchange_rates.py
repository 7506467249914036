import asyncio
from decimal import Decimal
from typing import Any

import pytest
from tests.support.api import Api
from tests.support.databases import Database

from billingone_api.kit.ids import new_id

PATH = "/v1/settings/exchange-rates"
USD = f"{PATH}/USD/2026-11-01"


async def listed(api: Api, **query: Any) -> list[tuple[str, str, str]]:
    answer = await api.viewer.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    return [(row["currency"], row["valid_on"], row["rate"]) for row in answer.json()["items"]]


async def enter(api: Api, *rates: tuple[str, str, str]) -> None:
    for currency, day, rate in rates:
        answer = await api.finance.put(f"{PATH}/{currency}/{day}", json={"rate": rate})
        assert answer.status_code == 201, answer.text


async def test_a_rate_is_entered_with_who_and_when(api: Api) -> None:
    answer = await api.finance.put(USD, json={"rate": "1.5312"})
    assert answer.status_code == 201
    assert answer.json() == {
        "currency": "USD",
        "reporting_currency": "AUD",
        "valid_on": "2026-11-01",
        "rate": "1.5312",
        "entered_by": "Farah Nair",
        "entered_at": "2026-11-24T01:00:00Z",
    }
    assert (await api.viewer.get(PATH)).json() == {
        "items": [answer.json()],
        "next_cursor": None,
        "total": None,
    }


async def test_the_same_again_is_200_and_another_rate_replaces_it(api: Api) -> None:
    await enter(api, ("USD", "2026-11-01", "1.5312"))
    for rate in ("1.5312", "1.54"):
        assert (await api.finance.put(USD, json={"rate": rate})).status_code == 200
    assert await listed(api) == [("USD", "2026-11-01", "1.54")]


@pytest.mark.parametrize(
    ("rate", "served"),
    [
        ("0.000000000001", "0.000000000001"),
        ("999999999.999999999999", "999999999.999999999999"),
        ("1.50", "1.50"),
        ("100", "100"),
    ],
)
async def test_a_rate_is_served_as_it_was_entered(api: Api, rate: str, served: str) -> None:
    assert (await api.finance.put(USD, json={"rate": rate})).json()["rate"] == served
    assert await listed(api) == [("USD", "2026-11-01", served)]


@pytest.mark.parametrize(
    "body",
    [
        '{"rate": NaN}',
        '{"rate": 1e400}',
        '{"rate": 1.5}',
        '{"rate": 2}',
        '{"rate": true}',
        '{"rate": null}',
        '{"rate": ["1"]}',
        '{"rate": "NaN"}',
        '{"rate": "Infinity"}',
        '{"rate": "1e400"}',
        '{"rate": "1E2"}',
        '{"rate": "-1"}',
        '{"rate": "+1"}',
        '{"rate": "0"}',
        '{"rate": "0.000000000000"}',
        '{"rate": "01"}',
        '{"rate": ".5"}',
        '{"rate": "1."}',
        '{"rate": "1,5"}',
        '{"rate": " 1"}',
        '{"rate": "1\\n"}',
        '{"rate": "1_000"}',
        '{"rate": "\\u0661"}',
        '{"rate": "1000000000"}',
        '{"rate": "1.0000000000001"}',
        '{"rate": "1234567890123456789012345678901234567890"}',
        '{"rate": "\\ud800"}',
        '{"rate": "1\\u0000"}',
        '{"rate": ""}',
        '{"rate": "1", "currency": "USD"}',
        "{}",
        "[]",
        "1.5",
        '{"rate":',
    ],
)
async def test_what_is_no_rate_is_422_and_changes_nothing(api: Api, body: str) -> None:
    answer = await api.finance.put(USD, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert await listed(api) == []


@pytest.mark.parametrize(
    ("place", "pointer"),
    [
        ("QQQ/2026-11-01", "/currency"),
        ("usd/2026-11-01", "/currency"),
        ("USDX/2026-11-01", "/currency"),
        ("%00SD/2026-11-01", "/currency"),
        ("%F0%9F%92%B0/2026-11-01", "/currency"),
        ("AUD/2026-11-01", "/currency"),
        ("USD/2026-02-30", "/valid_on"),
        ("USD/0000-01-01", "/valid_on"),
        ("USD/2026-1-1", "/valid_on"),
        ("USD/20261101", "/valid_on"),
        ("USD/1700000000", "/valid_on"),
        ("USD/86400", "/valid_on"),
        ("USD/2026-11-01T00:00:00Z", "/valid_on"),
        ("USD/today", "/valid_on"),
        ("USD/2026-11-25", "/valid_on"),
        ("USD/9999-12-31", "/valid_on"),
    ],
)
async def test_a_place_where_no_rate_can_stand_is_422(api: Api, place: str, pointer: str) -> None:
    answer = await api.finance.put(f"{PATH}/{place}", json={"rate": "1.5"})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert [(error["in"], error["pointer"]) for error in answer.json()["errors"]] == [
        ("path", pointer)
    ]
    assert await listed(api) == []


async def test_today_is_the_organisations_day(api: Api, database: Database) -> None:
    """It is 1 o'clock in UTC on the 24th: still the 23rd in Los Angeles."""
    west = api.of(await database.add_organisation(new_id(), time_zone="America/Los_Angeles"))
    today = f"{PATH}/USD/2026-11-24"
    assert (await api.finance.put(today, json={"rate": "1.5"})).status_code == 201
    assert (await west.finance.put(today, json={"rate": "1.5"})).status_code == 422


async def test_a_rate_is_removed_once(api: Api) -> None:
    await enter(api, ("USD", "2026-11-01", "1.5"), ("USD", "2026-11-02", "1.6"))
    answer = await api.finance.delete(USD)
    assert (answer.status_code, answer.content) == (204, b"")
    assert await listed(api) == [("USD", "2026-11-02", "1.6")]
    again = await api.finance.delete(USD)
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


async def test_rates_of_a_former_reporting_currency_wait_for_its_return(api: Api) -> None:
    await enter(api, ("USD", "2026-11-01", "1.5"))
    owner = api.as_role("Owner")
    for currency, expected in (("NZD", []), ("AUD", [("USD", "2026-11-01", "1.5")])):
        await owner.patch(
            "/v1/settings/billing",
            headers={"If-Match": "*"},
            json={"reporting_currency": currency},
        )
        assert await listed(api) == expected


async def test_rates_are_filtered_searched_and_counted(api: Api) -> None:
    await enter(
        api,
        ("USD", "2026-11-01", "1.5"),
        ("USD", "2026-10-01", "1.4"),
        ("NZD", "2026-11-01", "0.9"),
        ("EUR", "2026-11-02", "1.7"),
    )
    assert await listed(api) == [
        ("EUR", "2026-11-02", "1.7"),
        ("USD", "2026-11-01", "1.5"),
        ("NZD", "2026-11-01", "0.9"),
        ("USD", "2026-10-01", "1.4"),
    ]
    by_currency = [row[0] for row in await listed(api, sort="currency")]
    assert by_currency == ["EUR", "NZD", "USD", "USD"]
    assert await listed(api, currency="USD", sort="valid_on") == [
        ("USD", "2026-10-01", "1.4"),
        ("USD", "2026-11-01", "1.5"),
    ]
    assert [row[0] for row in await listed(api, q="zd")] == ["NZD"]
    assert await listed(api, q="%") == []
    counted = await api.viewer.get(
        PATH, params={"q": "USD", "limit": 1, "with_total": True, "currency": "USD"}
    )
    assert (counted.json()["total"], len(counted.json()["items"])) == (2, 1)


async def test_walking_by_pages_equals_the_one_big_list(api: Api) -> None:
    days = [f"2026-11-0{day}" for day in range(1, 5)]
    await enter(
        api, *((currency, day, "1.5") for currency in ("USD", "NZD", "EUR") for day in days)
    )
    for sort in ("valid_on", "-valid_on", "currency", "-currency"):
        whole = await listed(api, sort=sort)
        assert len(whole) == 12
        for limit in (1, 3, 7):
            assert await walked(api, limit=limit, sort=sort) == whole


async def walked(api: Api, **query: Any) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    while True:
        page = (await api.viewer.get(PATH, params=query)).json()
        found += [(row["currency"], row["valid_on"], row["rate"]) for row in page["items"]]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


@pytest.mark.parametrize(
    "query",
    [
        {"currency": "QQQ"},
        {"currency": "usd"},
        {"sort": "rate"},
        {"limit": 0},
        {"limit": 201},
        {"page": 2},
        {"cursor": "forged"},
        {"q": "\x00"},
    ],
)
async def test_a_query_nobody_knows_is_422(api: Api, query: dict[str, Any]) -> None:
    answer = await api.viewer.get(PATH, params=query)
    assert answer.status_code == 422
    assert answer.json()["code"] in {"validation_failed", "cursor_invalid"}


async def test_a_cursor_is_good_for_its_own_list_only(api: Api, database: Database) -> None:
    await enter(api, ("USD", "2026-11-01", "1.5"), ("NZD", "2026-11-01", "0.9"))
    cursor = (await api.viewer.get(PATH, params={"limit": 1})).json()["next_cursor"]
    other = api.of(await database.add_organisation(new_id()))
    for reader, more in ((api, {"sort": "currency"}), (api, {"currency": "NZD"}), (other, {})):
        answer = await reader.viewer.get(PATH, params={"cursor": cursor, **more})
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


@pytest.mark.parametrize("role", ["Engineer", "Viewer"])
async def test_who_may_only_read_enters_and_removes_nothing(api: Api, role: str) -> None:
    await enter(api, ("USD", "2026-11-01", "1.5"))
    caller = api.as_role(role)
    for answer in (await caller.put(USD, json={"rate": "2"}), await caller.delete(USD)):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert await listed(api) == [("USD", "2026-11-01", "1.5")]


async def test_another_organisations_rate_is_not_there(api: Api, database: Database) -> None:
    other = api.of(await database.add_organisation(new_id()))
    await enter(other, ("USD", "2026-11-01", "1.5"))
    assert await listed(api) == []
    missing = await api.finance.delete(f"{PATH}/USD/2026-10-31")
    theirs = await api.finance.delete(USD)
    assert (theirs.status_code, missing.status_code) == (404, 404)
    assert theirs.json() | {"request_id": ""} == missing.json() | {"request_id": ""}
    assert await listed(other) == [("USD", "2026-11-01", "1.5")]


async def test_many_who_enter_one_rate_leave_one(api: Api) -> None:
    answers = await asyncio.gather(
        *(api.finance.put(USD, json={"rate": f"1.{number}"}) for number in range(1, 9))
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    ((_, _, rate),) = await listed(api)
    assert Decimal(rate) in {Decimal(answer.json()["rate"]) for answer in answers}
