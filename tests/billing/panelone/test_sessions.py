from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.support.api import Api
from tests.support.clock import NOW
from tests.support.databases import Database

from billingone_api.kit.ids import new_id

PATH = "/v1/panelone/sessions:revoke"


async def revoke(api: Api, **body: Any) -> httpx.Response:
    return await api.service("sessions:revoke").post(PATH, json=body)


async def status_of_me(api: Api, **token: str) -> int:
    person = api.mint.person(api.organisation_id, **token)
    return (await api.caller(person).get("/v1/me")).status_code


async def test_an_ended_session_is_refused_on_the_very_next_request(api: Api) -> None:
    token = api.mint.person(api.organisation_id, session_id="s-1")
    assert (await api.caller(token).get("/v1/me")).status_code == 200
    assert (await revoke(api, session_id="s-1")).status_code == 204
    answer = await api.caller(token).get("/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "session_revoked")
    assert await status_of_me(api, session_id="s-2") == 200


async def test_a_later_token_of_an_ended_session_is_no_good_either(api: Api) -> None:
    await revoke(api, session_id="s-1")
    api.mint.clock.move(days=30)
    assert await status_of_me(api, session_id="s-1") == 401


async def test_a_user_is_refused_until_they_sign_in_again(api: Api) -> None:
    answer = await revoke(api, user_id="person-1", issued_before=NOW.isoformat())
    assert answer.status_code == 204
    assert await status_of_me(api, session_id="any") == 401
    assert await status_of_me(api, subject="person-2") == 200
    api.mint.clock.move(seconds=1)
    assert await status_of_me(api, session_id="new") == 200


async def test_an_earlier_instant_does_not_weaken_what_stands(api: Api, database: Database) -> None:
    await revoke(api, user_id="person-1", issued_before="2026-11-24T12:00:00+11:00")
    await revoke(api, user_id="person-1", issued_before="2026-11-01T00:00:00Z")
    rows = await database.as_owner("SELECT subject, issued_before FROM revocations")
    assert [(row["subject"], row["issued_before"]) for row in rows] == [("user:person-1", NOW)]


async def test_clocks_that_differ_by_a_minute_are_forgiven_and_no_more(api: Api) -> None:
    ahead = (NOW + timedelta(seconds=60)).isoformat()
    assert (await revoke(api, user_id="person-2", issued_before=ahead)).status_code == 204
    beyond = (NOW + timedelta(seconds=61)).isoformat()
    answer = await revoke(api, user_id="person-1", issued_before=beyond)
    assert (answer.status_code, answer.json()["code"]) == (422, "issued_before_in_future")
    assert await status_of_me(api) == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"session_id": None},
        {"session_id": ""},
        {"session_id": "s", "user_id": "u", "issued_before": "2026-11-24T00:00:00Z"},
        {"session_id": "s", "issued_before": "2026-11-24T00:00:00Z"},
        {"user_id": "u"},
        {"issued_before": "2026-11-24T00:00:00Z"},
        {"user_id": "u", "issued_before": "2026-11-24T00:00:00"},
        {"user_id": "u", "issued_before": "2026-11-24"},
        {"user_id": "u", "issued_before": "yesterday"},
        {"user_id": "u", "issued_before": 1_700_000_000},
        {"user_id": "u", "issued_before": "0001-01-01T00:00:00+14:00"},
        {"user_id": "u", "issued_before": "9999-12-31T23:59:59-14:00"},
        {"user_id": 7, "issued_before": "2026-11-24T00:00:00Z"},
        {"session_id": "s\x00"},
        {"session_id": "s" * 201},
        {"session_id": "s", "reason": "left"},
        [],
        "s",
    ],
)
async def test_what_names_neither_a_session_nor_a_user_is_422(
    api: Api, database: Database, body: Any
) -> None:
    answer = await api.service("sessions:revoke").post(PATH, json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert await database.as_owner("SELECT FROM revocations") == []


@pytest.mark.parametrize("body", ['{"session_id": "\\ud800"}', '{"session_id": NaN}', "{"])
async def test_a_body_that_no_database_could_keep_is_422(api: Api, body: str) -> None:
    answer = await api.service("sessions:revoke").post(
        PATH, content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422


async def test_only_services_with_the_scope_may(api: Api) -> None:
    for caller in (api.as_role("Owner"), api.service("clients:write")):
        answer = await caller.post(PATH, json={"session_id": "session-1"})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert await status_of_me(api) == 200


async def test_a_session_of_another_organisation_is_not_touched(
    api: Api, database: Database
) -> None:
    other = await database.add_organisation(new_id(), name="Other")
    service = api.caller(
        api.mint.service("*", "sessions:revoke"), **{"X-Organisation-Id": str(other)}
    )
    assert (await service.post(PATH, json={"session_id": "session-1"})).status_code == 204
    assert await status_of_me(api) == 200
    assert await status_of_me(api.of(other)) == 401
