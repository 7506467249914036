import asyncio
import json
from typing import Any

import pytest
from tests.support.api import Api
from tests.support.databases import Database

from billingone_api.kit.ids import new_id

PATH = "/v1/settings/billing"
TAG = {"If-Match": '"1"'}


async def test_settings_say_what_figures_are_reckoned_by(api: Api) -> None:
    answer = await api.viewer.get(PATH)
    assert answer.status_code == 200
    assert (answer.headers["etag"], answer.headers["cache-control"]) == (
        '"1"',
        "private, no-cache",
    )
    known = answer.json()
    assert known.pop("updated_at").endswith("Z")
    assert known == {
        "name": "Bluegum IT",
        "slug": "bluegum-it",
        "time_zone": "Australia/Sydney",
        "reporting_currency": "AUD",
        "pax8_price_is": "sell",
        "annual_price_is": "year",
    }


async def test_settings_the_caller_has_already_are_304(api: Api) -> None:
    answer = await api.viewer.get(PATH, headers={"If-None-Match": '"1"'})
    assert (answer.status_code, answer.headers["etag"], answer.content) == (304, '"1"', b"")


async def test_a_change_makes_a_new_version_and_leaves_the_rest(api: Api) -> None:
    answer = await api.finance.patch(PATH, headers=TAG, json={"annual_price_is": "month"})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    again = await api.finance.get(PATH)
    assert again.json() == answer.json()
    assert again.headers["etag"] == '"2"'
    assert (again.json()["annual_price_is"], again.json()["pax8_price_is"]) == ("month", "sell")
    assert again.json()["updated_at"] == "2026-11-24T01:00:00Z"


@pytest.mark.parametrize(
    "change",
    [{}, {"pax8_price_is": "sell"}, {"pax8_price_is": "sell", "annual_price_is": "year"}],
)
async def test_a_change_that_changes_nothing_keeps_the_version(
    api: Api, change: dict[str, Any]
) -> None:
    answer = await api.finance.patch(PATH, headers=TAG, json=change)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')


async def test_a_star_changes_whatever_version_there_is(api: Api) -> None:
    for price_is, tag in (("buy", '"2"'), ("sell", '"3"')):
        answer = await api.finance.patch(
            PATH, headers={"If-Match": "*"}, json={"pax8_price_is": price_is}
        )
        assert answer.headers["etag"] == tag


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 428, "if_match_required"),
        ({"If-Match": '"2"'}, 412, "etag_mismatch"),
        ({"If-Match": "1"}, 412, "etag_mismatch"),
        ({"If-Match": '"99999999999999999999"'}, 412, "etag_mismatch"),
    ],
)
async def test_a_change_names_the_version_it_was_read_from(
    api: Api, headers: dict[str, str], status: int, code: str
) -> None:
    answer = await api.finance.patch(PATH, headers=headers, json={"pax8_price_is": "buy"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await api.finance.get(PATH)).json()["pax8_price_is"] == "sell"


@pytest.mark.parametrize("role", ["Owner", "Admin"])
async def test_an_admin_or_owner_moves_the_organisations_days_and_currency(
    api: Api, role: str
) -> None:
    change = {"time_zone": "Asia/Tokyo", "reporting_currency": "JPY"}
    answer = await api.as_role(role).patch(PATH, headers=TAG, json=change)
    assert answer.status_code == 200
    me = (await api.viewer.get("/v1/me")).json()["organisation"]
    assert (me["time_zone"], me["reporting_currency"]) == ("Asia/Tokyo", "JPY")


@pytest.mark.parametrize(
    ("role", "change"),
    [
        ("Finance", {"time_zone": "Asia/Tokyo"}),
        ("Finance", {"reporting_currency": "AUD"}),
        ("Finance", {"reporting_currency": "USD", "pax8_price_is": "buy"}),
        ("Engineer", {"pax8_price_is": "buy"}),
        ("Viewer", {"annual_price_is": "month"}),
        ("Viewer", {}),
    ],
)
async def test_who_may_not_changes_nothing(api: Api, role: str, change: dict[str, str]) -> None:
    answer = await api.as_role(role).patch(PATH, headers=TAG, json=change)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await api.viewer.get(PATH)).headers["etag"] == '"1"'


async def test_a_service_reads_no_settings(api: Api) -> None:
    answer = await api.service("dashboard:read", "settings:read").get(PATH)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"time_zone": "../../etc/passwd"}, "/time_zone"),
        ({"time_zone": "australia/sydney"}, "/time_zone"),
        ({"time_zone": None}, "/time_zone"),
        ({"time_zone": 10}, "/time_zone"),
        ({"time_zone": "\ud800"}, "/time_zone"),
        ({"time_zone": "Asia/Tokyo\x00"}, "/time_zone"),
        ({"reporting_currency": "QQQ"}, "/reporting_currency"),
        ({"reporting_currency": "aud"}, "/reporting_currency"),
        ({"reporting_currency": ["AUD"]}, "/reporting_currency"),
        ({"pax8_price_is": "both"}, "/pax8_price_is"),
        ({"pax8_price_is": None}, "/pax8_price_is"),
        ({"annual_price_is": "week"}, "/annual_price_is"),
        ({"name": "Another"}, "/name"),
        ({"version": 7}, "/version"),
        ({"updated_at": "2026-01-01T00:00:00Z"}, "/updated_at"),
        ([], ""),
        ("sell", ""),
        (None, ""),
    ],
)
async def test_nonsense_is_422_with_a_pointer_and_changes_nothing(
    api: Api, change: Any, pointer: str
) -> None:
    answer = await api.as_role("Owner").patch(
        PATH, headers=TAG | {"Content-Type": "application/json"}, content=json.dumps(change)
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert (await api.viewer.get(PATH)).headers["etag"] == '"1"'


async def test_of_eight_who_change_one_version_one_wins(api: Api) -> None:
    currencies = ("USD", "NZD", "EUR", "GBP", "JPY", "KWD", "CAD", "SGD")
    owner = api.as_role("Owner")
    answers = await asyncio.gather(
        *(owner.patch(PATH, headers=TAG, json={"reporting_currency": one}) for one in currencies)
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    (won,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert (await owner.get(PATH)).json() == won


async def test_another_organisation_keeps_its_own(api: Api, database: Database) -> None:
    other = api.of(await database.add_organisation(new_id(), reporting_currency="NZD"))
    await other.finance.patch(PATH, headers=TAG, json={"pax8_price_is": "buy"})
    assert (await other.viewer.get(PATH)).json()["pax8_price_is"] == "buy"
    assert (await api.viewer.get(PATH)).json()["pax8_price_is"] == "sell"
