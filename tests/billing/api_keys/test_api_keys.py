"""Keys that scripts come in with: made by admins, shown once, hashed, scoped, ended at once."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.support.api import Api
from tests.support.clock import NOW, SetClock
from tests.support.databases import Database
from tests.support.planting import id_of, plant

from billingone_api.billing.access.models import KEY_SCOPES, PERMISSIONS, Permission, Role
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

EXPORT = {"name": "Nightly export", "scopes": ["clients:read", "subscriptions:read"]}


async def made(api: Api, **more: Any) -> dict[str, Any]:
    answer = await api.as_role("Admin").post("/v1/api-keys", json=EXPORT | more)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_key_is_made_shown_once_and_listed_without_its_secret(api: Api) -> None:
    admin = api.as_role("Admin")
    answer = await admin.post("/v1/api-keys", json=EXPORT | {"expires_in_days": 30})
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    key = answer.json()
    assert answer.headers["location"] == f"/v1/api-keys/{key['id']}"
    secret = key.pop("key")
    assert secret.startswith("b1_" + UUID(key["id"]).hex + "_")
    assert len(secret) == 3 + 32 + 1 + 43
    assert key == {
        "id": key["id"],
        "name": "Nightly export",
        "scopes": ["clients:read", "subscriptions:read"],
        "created_by": "Farah Nair",
        "created_at": "2026-11-24T01:00:00Z",
        "expires_at": "2026-12-24T01:00:00Z",
        "last_used_at": None,
    }
    assert (await admin.get(answer.headers["location"])).json() == key
    assert (await admin.get("/v1/api-keys?with_total=true")).json() == {
        "items": [key],
        "next_cursor": None,
        "total": 1,
    }


async def test_a_key_lives_ninety_days_unless_told_otherwise(api: Api) -> None:
    assert (await made(api))["expires_at"] == "2027-02-22T01:00:00Z"


async def test_only_a_hash_is_kept(api: Api, database: Database) -> None:
    secret = (await made(api))["key"].split("_", 2)[2]
    (row,) = await database.as_owner("SELECT * FROM api_key_hashes JOIN api_keys USING (id)")
    kept = " ".join(str(value) for value in row.values())
    assert len(row["hash"]) == 32
    assert secret not in kept
    assert secret.encode() not in row["hash"]


async def test_a_key_comes_in_for_its_organisation_with_its_scopes(api: Api) -> None:
    script = api.caller((await made(api))["key"])
    assert (await script.get("/v1/clients")).status_code == 200
    refused = await script.get("/v1/syncs")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert refused.json()["detail"] == "The scope of this API key does not include syncs:read."


async def test_a_key_is_no_person(api: Api) -> None:
    answer = await api.caller((await made(api))["key"]).get("/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (403, "person_required")


@pytest.mark.parametrize("path", ["clients:batch", "sessions:revoke"])
async def test_a_key_is_no_service_of_panelones(api: Api, path: str) -> None:
    key = (await made(api, scopes=sorted(KEY_SCOPES)))["key"]
    body = {"clients": []} if path == "clients:batch" else {"session_id": "s"}
    answer = await api.caller(key).post(f"/v1/panelone/{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    introduced = await api.caller(key).put(
        f"/v1/panelone/organisations/{api.organisation_id}",
        json={"name": "x", "slug": "x", "time_zone": "Asia/Tokyo", "reporting_currency": "JPY"},
    )
    assert (introduced.status_code, introduced.json()["code"]) == (403, "forbidden")


async def test_what_a_key_asked_for_carries_its_name(api: Api, database: Database) -> None:
    key = (await made(api, scopes=["settings:read", "settings:write"]))["key"]
    answer = await api.caller(key).put(
        "/v1/settings/exchange-rates/USD/2026-11-01", json={"rate": "1.5"}
    )
    assert answer.json()["entered_by"] == "Nightly export"


def test_a_key_may_what_an_admin_may_and_never_make_keys() -> None:
    assert PERMISSIONS[Role.ADMIN] - KEY_SCOPES == {Permission.API_KEYS_WRITE}
    assert KEY_SCOPES - PERMISSIONS[Role.ADMIN] == set()


@pytest.mark.parametrize(
    "scope", ["api-keys:write", "organisations:write", "clients:write", "sessions:revoke"]
)
async def test_no_key_is_given_what_its_maker_lacks_or_what_makes_keys(
    api: Api, scope: str
) -> None:
    body = EXPORT | {"scopes": ["clients:read", scope]}
    answer = await api.as_role("Owner").post("/v1/api-keys", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/scopes/1", "scope_not_grantable")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["everything"]}, "/scopes/0"),
        ({"scopes": ["clients:read"] * 51}, "/scopes"),
        ({"name": " "}, "/name"),
        ({"name": "x" * 101}, "/name"),
        ({"name": "a\0b"}, "/name"),
        ({"name": "two\nlines"}, "/name"),
        ({"name": "drawrof\u202e"}, "/name"),
        ({"expires_in_days": 0}, "/expires_in_days"),
        ({"expires_in_days": 366}, "/expires_in_days"),
        ({"expires_in_days": None}, "/expires_in_days"),
        ({"key": "b1_mine"}, "/key"),
    ],
)
async def test_a_key_that_makes_no_sense_is_not_made(
    api: Api, database: Database, change: dict[str, Any], pointer: str
) -> None:
    answer = await api.as_role("Owner").post("/v1/api-keys", json=EXPORT | change)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert await database.as_owner("SELECT 1 FROM api_keys") == []


async def refusal(api: Api, key: str) -> httpx.Response:
    answer = await api.caller(key).get("/v1/clients")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    return answer


async def test_whatever_is_wrong_with_a_key_gets_one_and_the_same_answer(
    api: Api, clock: SetClock
) -> None:
    good, revoked, expired = [(await made(api, expires_in_days=days)) for days in (9, 9, 1)]
    await api.as_role("Admin").delete(f"/v1/api-keys/{revoked['id']}")
    clock.move(days=1)
    _, key_id, secret = good["key"].split("_", 2)
    other = good["key"][-1]
    bad = {
        "revoked": revoked["key"],
        "expired": expired["key"],
        "unknown": f"b1_{new_id().hex}_{secret}",
        "of another's secret": f"b1_{key_id}_{revoked['key'].split('_', 2)[2]}",
        "one letter changed": good["key"][:-1] + ("A" if other != "A" else "B"),
        "cut": good["key"][:-1],
        "lengthened": good["key"] + "A",
        "in capitals": f"b1_{key_id.upper()}_{secret}",
        "without a secret": f"b1_{key_id}_",
        "an id alone": f"b1_{key_id}",
        "the prefix": "b1_",
        "with an id that is none": f"b1_{'z' * 32}_{secret}",
        "its hash": f"b1_{key_id}_{'0' * 43}",
        "endless": "b1_" + "a" * 8_000,
    }
    answers = {name: await refusal(api, key) for name, key in bad.items()}
    assert {answer.status_code for answer in answers.values()} == {401}
    told = {
        str({k: v for k, v in answer.json().items() if k != "request_id"})
        for answer in answers.values()
    }
    assert len(told) == 1
    assert "api_key_invalid" in told.pop()
    assert (await api.caller(good["key"]).get("/v1/clients")).status_code == 200


async def test_a_key_expires_to_the_second(api: Api, clock: SetClock) -> None:
    script = api.caller((await made(api, expires_in_days=1))["key"])
    clock.move(days=1, seconds=-1)
    assert (await script.get("/v1/clients")).status_code == 200
    clock.move(seconds=1)
    assert (await script.get("/v1/clients")).status_code == 401


async def test_a_revoked_key_is_gone_with_the_very_next_request(
    api: Api, database: Database
) -> None:
    key, admin = await made(api), api.as_role("Admin")
    script = api.caller(key["key"])
    assert (await script.get("/v1/clients")).status_code == 200
    assert (await admin.delete(f"/v1/api-keys/{key['id']}")).status_code == 204
    assert (await script.get("/v1/clients")).status_code == 401
    assert (await admin.get(f"/v1/api-keys/{key['id']}")).status_code == 404
    assert (await admin.delete(f"/v1/api-keys/{key['id']}")).status_code == 404
    assert await database.as_owner("SELECT 1 FROM api_key_hashes") == []


async def test_a_key_revoked_between_the_directory_and_its_organisation_lets_nobody_in(
    api: Api, database: Database
) -> None:
    """The directory still answers, the organisation's own table no more: no constraint helps."""
    key = await made(api)
    await database.as_owner("ALTER TABLE api_key_hashes DROP CONSTRAINT fk_api_key_hashes_api_keys")
    try:
        await database.as_owner("DELETE FROM api_keys")
        assert (await refusal(api, key["key"])).json()["code"] == "api_key_invalid"
    finally:
        await database.as_owner("DELETE FROM api_key_hashes")
        await database.as_owner(
            "ALTER TABLE api_key_hashes ADD CONSTRAINT fk_api_key_hashes_api_keys FOREIGN KEY"
            " (organisation_id, id) REFERENCES api_keys (organisation_id, id) ON DELETE CASCADE"
        )


async def test_a_ticket_for_a_stream_ends_with_the_key_that_asked_for_it(
    api: Api, database: Database
) -> None:
    await plant(database.owner_url, api.organisation_id, ["kurrajong"])
    key = await made(api, scopes=["syncs:read"])
    script = api.caller(key["key"])
    ticket = await script.post(f"/v1/syncs/{id_of('kurrajong')}/events/ticket")
    assert ticket.status_code == 201
    url = ticket.json()["url"]
    assert (await api.nobody.get(url)).status_code == 200
    await api.as_role("Admin").delete(f"/v1/api-keys/{key['id']}")
    answer = await api.nobody.get(url)
    assert (answer.status_code, answer.json()["code"]) == (401, "api_key_invalid")


async def test_a_key_of_an_ended_organisation_does_not_come_in(
    api: Api, database: Database
) -> None:
    key = (await made(api))["key"]
    await database.as_owner("UPDATE organisations SET ended_at = now()")
    answer = await api.caller(key).get("/v1/clients")
    assert (answer.status_code, answer.json()["code"]) == (403, "organisation_unknown")


async def test_a_key_speaks_for_no_other_organisation(api: Api, database: Database) -> None:
    key = (await made(api))["key"]
    other = await database.add_organisation(new_id(), name="Wattle IT")
    answer = await api.caller(key, **{"X-Organisation-Id": str(other)}).get("/v1/clients")
    assert (answer.status_code, answer.json()["code"]) == (403, "organisation_mismatch")


async def test_another_organisations_keys_are_neither_seen_nor_revoked(
    api: Api, database: Database
) -> None:
    key = await made(api)
    other = api.of(await database.add_organisation(new_id(), name="Wattle IT")).as_role("Owner")
    assert (await other.get("/v1/api-keys")).json()["items"] == []
    assert (await other.get(f"/v1/api-keys/{key['id']}")).status_code == 404
    assert (await other.delete(f"/v1/api-keys/{key['id']}")).status_code == 404
    assert (await api.caller(key["key"]).get("/v1/clients")).status_code == 200


async def test_a_flood_of_keys_leaves_connections_to_those_who_were_let_in(
    api: Api, process: Process
) -> None:
    """Whose a key is shows only once it is looked up: before that no limit can be anybody's."""
    flood = [api.caller(f"b1_{new_id().hex}_{'A' * 43}").get("/v1/clients") for _ in range(60)]
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, process.engine.pool.checkedout())  # type: ignore[attr-defined]  # of a QueuePool
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    answers = await asyncio.gather(*flood)
    watching.cancel()
    assert {answer.status_code for answer in answers} == {401}
    assert most == 2


async def last_used(api: Api) -> str | None:
    (key,) = (await api.as_role("Admin").get("/v1/api-keys")).json()["items"]
    used: str | None = key["last_used_at"]
    return used


async def test_the_last_use_is_recorded_once_a_minute(api: Api, clock: SetClock) -> None:
    script = api.caller((await made(api))["key"])
    assert await last_used(api) is None
    seen = []
    for seconds in (0, 30, 29, 1, 59):
        clock.move(seconds=seconds)
        assert (await script.get("/v1/clients")).status_code == 200
        seen.append(await last_used(api))
    assert seen == ["2026-11-24T01:00:00Z"] * 3 + ["2026-11-24T01:01:00Z"] * 2


async def test_a_use_is_recorded_where_the_request_itself_fails(api: Api) -> None:
    script = api.caller((await made(api))["key"])
    assert (await script.get(f"/v1/clients/{new_id()}")).status_code == 404
    assert await last_used(api) == "2026-11-24T01:00:00Z"


async def test_a_wrong_secret_is_no_use(api: Api) -> None:
    key = (await made(api))["key"]
    await refusal(api, key[:-43] + "A" * 43)
    assert await last_used(api) is None


async def test_nobody_waits_for_whoever_is_writing_the_same_key(
    api: Api, process: Process, database: Database
) -> None:
    """A revocation that is not committed yet holds the row."""
    key = await made(api)
    async with process.engine.connect() as other, other.begin():
        await other.exec_driver_sql("SELECT 1 FROM api_key_hashes FOR UPDATE")
        answer = await asyncio.wait_for(api.caller(key["key"]).get("/v1/clients"), 10)
    assert answer.status_code == 200
    assert await last_used(api) is None


async def test_a_use_that_cannot_be_recorded_fails_no_request(api: Api, database: Database) -> None:
    key = (await made(api))["key"]
    await database.as_owner("REVOKE UPDATE ON api_key_hashes FROM billingone_app")
    try:
        assert (await api.caller(key).get("/v1/clients")).status_code == 200
    finally:
        await database.as_owner("GRANT UPDATE ON api_key_hashes TO billingone_app")


async def test_keys_are_walked_newest_first_and_found_by_name(api: Api) -> None:
    names = [f"Key {number}" for number in range(5)]
    for name in names:
        await made(api, name=name)
    admin = api.as_role("Owner")
    walked, query = [], "/v1/api-keys?limit=2"
    cursor: str | None = ""
    while cursor is not None:
        page = (await admin.get(query + (f"&cursor={cursor}" if cursor else ""))).json()
        walked += [key["name"] for key in page["items"]]
        cursor = page["next_cursor"]
    assert walked == names[::-1]
    found = (await admin.get("/v1/api-keys?q=KEY%203&with_total=true")).json()
    assert ([key["name"] for key in found["items"]], found["total"]) == (["Key 3"], 1)


def test_the_clock_of_these_tests_is_the_one_written_out_above() -> None:
    assert NOW.isoformat() == "2026-11-24T01:00:00+00:00"
    assert NOW + timedelta(days=90) == NOW.replace(year=2027, month=2, day=22)
