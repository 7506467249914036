import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.support.api import Api
from tests.support.databases import Database

from billingone_api.kit.ids import new_id

BLUEGUM = {
    "name": "Bluegum IT",
    "slug": "bluegum-it",
    "time_zone": "Australia/Sydney",
    "reporting_currency": "AUD",
}


def panelone(api: Api, *scopes: str, **headers: str) -> httpx.AsyncClient:
    """PanelOne's service that speaks for every organisation."""
    return api.caller(api.mint.service("*", *scopes or ("organisations:write",)), **headers)


async def push(api: Api, organisation_id: UUID, **changes: Any) -> httpx.Response:
    path = f"/v1/panelone/organisations/{organisation_id}"
    return await panelone(api).put(path, json=BLUEGUM | changes)


async def settings(database: Database, organisation_id: UUID) -> dict[str, Any]:
    (row,) = await database.as_owner(
        "SELECT name, slug, time_zone, reporting_currency, version FROM organisation_settings"
        " WHERE organisation_id = $1",
        organisation_id,
    )
    return dict(row)


async def choose(database: Database, organisation_id: UUID, **values: str) -> None:
    """As a person would, in the settings."""
    for name, value in values.items():
        await database.as_owner(
            f"UPDATE organisation_settings SET {name} = $2 WHERE organisation_id = $1",  # noqa: S608 - a test's own words
            organisation_id,
            value,
        )


async def test_a_new_organisation_is_201_and_its_people_may_come_in(api: Api) -> None:
    made = new_id()
    answer = await push(api, made)
    assert answer.status_code == 201
    assert answer.json() == {"id": str(made), "status": "created", **BLUEGUM}
    me = (await api.of(made).finance.get("/v1/me")).json()
    assert me["organisation"] == {"id": str(made), **BLUEGUM}


async def test_pushed_again_it_is_unchanged_and_writes_nothing(
    api: Api, database: Database
) -> None:
    made = new_id()
    await push(api, made)
    before = await database.as_owner("SELECT xmin::text, * FROM organisation_settings")
    answer = await push(api, made)
    assert (answer.status_code, answer.json()["status"]) == (200, "unchanged")
    assert await database.as_owner("SELECT xmin::text, * FROM organisation_settings") == before


async def test_a_change_counts_the_version_that_people_compare_with(
    api: Api, database: Database
) -> None:
    made = new_id()
    await push(api, made)
    answer = await push(api, made, name="Bluegum Group", reporting_currency="NZD")
    assert (answer.status_code, answer.json()["status"]) == (200, "updated")
    assert await settings(database, made) == {
        "name": "Bluegum Group",
        "slug": "bluegum-it",
        "time_zone": "Australia/Sydney",
        "reporting_currency": "NZD",
        "version": 2,
    }


async def test_what_people_chose_survives_pushes_that_only_repeat_themselves(
    api: Api, database: Database
) -> None:
    made = new_id()
    await push(api, made)
    await choose(database, made, time_zone="Australia/Perth", reporting_currency="USD")
    answer = await push(api, made, name="Bluegum Group")
    assert (answer.json()["time_zone"], answer.json()["reporting_currency"]) == (
        "Australia/Perth",
        "USD",
    )
    assert answer.json()["name"] == "Bluegum Group"


async def test_news_from_panelone_replaces_the_choice_it_is_about_and_no_other(
    api: Api, database: Database
) -> None:
    made = new_id()
    await push(api, made)
    await choose(database, made, time_zone="Australia/Perth", reporting_currency="USD")
    answer = await push(api, made, time_zone="Pacific/Auckland")
    assert answer.json()["time_zone"] == "Pacific/Auckland"
    assert answer.json()["reporting_currency"] == "USD"
    again = await push(api, made, time_zone="Pacific/Auckland")
    assert again.json()["status"] == "unchanged"


async def test_two_first_pushes_at_once_make_one_organisation(api: Api) -> None:
    made = new_id()
    answers = await asyncio.gather(*(push(api, made) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 200, 201]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("time_zone", "Mars/Olympus", "value_error"),
        ("time_zone", "../../etc/passwd", "value_error"),
        ("time_zone", "America", "value_error"),
        ("time_zone", "", "value_error"),
        ("time_zone", 10, "string_type"),
        ("time_zone", "Australia/Sydney\x00", "value_error"),
        ("reporting_currency", "aud", "value_error"),
        ("reporting_currency", "XQZ", "value_error"),
        ("reporting_currency", None, "string_type"),
        ("name", " ", "string_too_short"),
        ("name", "n" * 501, "string_too_long"),
        ("name", "a\x00b", "value_error"),
        ("slug", {}, "string_type"),
        ("ended", True, "extra_forbidden"),
    ],
)
async def test_a_bad_field_is_pointed_at_and_nothing_is_kept(
    api: Api, database: Database, field: str, value: Any, code: str
) -> None:
    made = new_id()
    answer = await push(api, made, **{field: value})
    assert answer.status_code == 422
    assert [(at["pointer"], at["code"]) for at in answer.json()["errors"]] == [(f"/{field}", code)]
    assert await database.as_owner("SELECT FROM organisations WHERE id = $1", made) == []


@pytest.mark.parametrize("id_", ["bluegum", "1", "0192f0c1", "%00"])
async def test_an_id_that_is_none_is_422(api: Api, id_: str) -> None:
    answer = await panelone(api).put(f"/v1/panelone/organisations/{id_}", json=BLUEGUM)
    assert answer.status_code == 422


async def test_a_service_of_one_organisation_pushes_that_one_only(api: Api) -> None:
    own = api.service("organisations:write")
    path = "/v1/panelone/organisations/"
    assert (await own.put(f"{path}{api.organisation_id}", json=BLUEGUM)).status_code == 200
    other = await own.put(f"{path}{new_id()}", json=BLUEGUM)
    assert (other.status_code, other.json()["code"]) == (403, "organisation_mismatch")


async def test_a_header_that_names_another_than_the_path_is_a_mismatch(api: Api) -> None:
    service = panelone(api, **{"X-Organisation-Id": str(new_id())})
    answer = await service.put(f"/v1/panelone/organisations/{new_id()}", json=BLUEGUM)
    assert (answer.status_code, answer.json()["code"]) == (403, "organisation_mismatch")


@pytest.mark.parametrize("role", ["Owner", "Admin", "Finance", "Viewer"])
async def test_people_may_not_push(api: Api, role: str) -> None:
    path = f"/v1/panelone/organisations/{api.organisation_id}"
    answer = await api.as_role(role).put(path, json=BLUEGUM)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_scope_that_does_not_say_so_may_not_push(api: Api, database: Database) -> None:
    made = new_id()
    service = panelone(api, "clients:write")
    answer = await service.put(f"/v1/panelone/organisations/{made}", json=BLUEGUM)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert await database.as_owner("SELECT FROM organisations WHERE id = $1", made) == []


async def test_an_ended_organisation_is_not_brought_back(api: Api, database: Database) -> None:
    await database.as_owner("UPDATE organisations SET ended_at = now()")
    answer = await push(api, api.organisation_id, name="Back again")
    assert (answer.status_code, answer.json()["code"]) == (403, "organisation_unknown")
    assert (await settings(database, api.organisation_id))["name"] == "Bluegum IT"
