"""Connecting, scheduling and disconnecting, over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.support.api import Api, RecordingBell
from tests.support.clock import NOW, SetClock
from tests.support.connections import CLIENT_ID, CLIENT_SECRET, connect_pax8
from tests.support.databases import Database

from billingone_api.kit.ids import new_id
from billingone_api.process import Process

CREDENTIALS = {
    "auth_mode": "client_credentials",
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
}
BODY = {"credentials": CREDENTIALS}
OTHERS = {"credentials": CREDENTIALS | {"client_secret": "another-secret"}}
PAX8 = "/v1/integrations/pax8"

NEVER_CONNECTED: dict[str, Any] = {
    "provider": "pax8",
    "name": "Pax8",
    "status": "not_connected",
    "attention": None,
    "auth_mode": None,
    "account": None,
    "connected_by": None,
    "connected_at": None,
    "schedule_minutes": None,
    "next_sync_at": None,
    "last_success_at": None,
    "last_run": None,
}


async def _rows(database: Database, table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await database.as_owner(f"SELECT * FROM {table}")]  # noqa: S608 - a test's own words


async def _dump(database: Database) -> str:
    """Everything of the tables that connecting writes, as PostgreSQL would write it out."""
    rows = await database.as_owner(
        "SELECT integrations::text AS found FROM integrations "
        "UNION ALL SELECT provider_tokens::text FROM provider_tokens "
        "UNION ALL SELECT due_work::text FROM due_work"
    )
    return "\n".join(row["found"] for row in rows)


async def _add_limit(database: Database, api: Api, provider: str = "pax8") -> None:
    """They asked to be left alone for a day."""
    await database.as_owner(
        "INSERT INTO provider_limits (organisation_id, provider, next_at, not_before)"
        " VALUES ($1, $2, now(), now() + interval '1 day')",
        api.organisation_id,
        provider,
    )


async def _add_run(database: Database, api: Api, **more: Any) -> None:
    known = {
        "organisation_id": api.organisation_id,
        "id": new_id(),
        "source": "pax8",
        "mode": "full",
        "connection_id": new_id(),
        "status": "running",
        "queued_at": NOW,
    }
    await database.insert("sync_runs", **(known | more))


# what there is


async def test_never_connected_is_a_normal_answer(api: Api) -> None:
    listed = await api.viewer.get("/v1/integrations")
    others = (("xero", "Xero"), ("superops", "SuperOps"))
    items = [
        NEVER_CONNECTED,
        *(NEVER_CONNECTED | {"provider": key, "name": name} for key, name in others),
    ]
    assert (listed.status_code, listed.json()) == (200, {"items": items})
    one = await api.viewer.get(PAX8)
    assert (one.status_code, one.json()) == (200, NEVER_CONNECTED)
    assert one.headers["etag"].startswith('"0-')
    assert one.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("provider", ["synergy", "PAX8", "pax8%00", "%ED%A0%80", "x" * 10_000])
async def test_a_provider_nobody_knows_is_404(api: Api, provider: str) -> None:
    answer = await api.finance.get(f"/v1/integrations/{provider}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_an_unknown_parameter_of_the_list_is_422(api: Api) -> None:
    answer = await api.finance.get("/v1/integrations", params={"status": "connected"})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_the_latest_run_is_shown_whatever_became_of_it(api: Api, database: Database) -> None:
    finished = NOW - timedelta(hours=1)
    await _add_run(
        database, api, status="succeeded", queued_at=NOW - timedelta(hours=2), finished_at=finished
    )
    run_id = new_id()
    await _add_run(
        database,
        api,
        id=run_id,
        status="failed",
        finished_at=NOW,
        detail="Pax8 does not answer at the moment; try again later.",
    )
    await _add_run(database, api, source="xero", queued_at=NOW + timedelta(hours=1))
    answer = await api.viewer.get(PAX8)
    assert answer.json()["last_run"] == {
        "id": str(run_id),
        "status": "failed",
        "finished_at": "2026-11-24T01:00:00Z",
        "detail": "Pax8 does not answer at the moment; try again later.",
    }


async def test_what_the_engine_notes_is_shown(
    api: Api, database: Database, process: Process
) -> None:
    await connect_pax8(
        database,
        process,
        api.organisation_id,
        attention="Pax8 does not accept the credentials.",
        attention_code="credentials_rejected",
        attention_since=NOW,
        last_success_at=NOW - timedelta(days=1),
    )
    pax8 = (await api.viewer.get(PAX8)).json()
    assert pax8["status"] == "needs_attention"
    assert pax8["attention"] == {
        "code": "credentials_rejected",
        "detail": "Pax8 does not accept the credentials.",
        "since": "2026-11-24T01:00:00Z",
    }
    assert pax8["last_success_at"] == "2026-11-23T01:00:00Z"


async def test_what_is_unchanged_is_304_and_what_moved_by_itself_is_not(
    api: Api, database: Database, process: Process
) -> None:
    await connect_pax8(database, process, api.organisation_id)
    tag = (await api.viewer.get(PAX8)).headers["etag"]
    unchanged = await api.viewer.get(PAX8, headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == tag

    await database.as_owner("UPDATE integrations SET last_success_at = now()")
    moved = await api.viewer.get(PAX8, headers={"If-None-Match": tag})
    assert moved.status_code == 200
    changed = await api.finance.patch(
        PAX8, json={"schedule_minutes": 30}, headers={"If-Match": tag}
    )
    assert changed.status_code == 200
    stale = await api.finance.patch(
        PAX8, json={"schedule_minutes": 15}, headers={"If-Match": moved.headers["etag"]}
    )
    assert stale.status_code == 412


# saving credentials


async def test_saving_credentials_connects_and_schedules_hourly(
    api: Api, database: Database
) -> None:
    before = datetime.now(UTC)
    saved = await api.finance.put(PAX8, json=BODY)
    assert saved.status_code == 201
    shown = saved.json()
    first_slot = datetime.fromisoformat(shown["next_sync_at"])
    assert timedelta(0) < first_slot - before < timedelta(minutes=5)
    assert shown == NEVER_CONNECTED | {
        "status": "connected",
        "auth_mode": "client_credentials",
        "account": CLIENT_ID,
        "connected_by": "Farah Nair",
        "connected_at": "2026-11-24T01:00:00Z",
        "schedule_minutes": 60,
        "next_sync_at": shown["next_sync_at"],
    }
    read = await api.viewer.get(PAX8)
    assert read.json() == saved.json()
    assert read.headers["etag"] == saved.headers["etag"]
    assert await _rows(database, "sync_runs") == []
    [due] = await _rows(database, "due_work")
    assert (due["organisation_id"], due["kind"], due["key"], due["lease"]) == (
        api.organisation_id,
        "schedule",
        "pax8",
        None,
    )


async def test_the_same_credentials_once_more_change_nothing(
    api: Api, database: Database, clock: SetClock
) -> None:
    first = await api.finance.put(PAX8, json=BODY)
    before = await _dump(database)
    clock.move(minutes=30)
    blanks = CREDENTIALS | {"client_id": f" {CLIENT_ID}", "client_secret": f"{CLIENT_SECRET}\n"}
    again = await api.finance.put(PAX8, json={"credentials": blanks})
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["etag"] == first.headers["etag"]
    assert await _dump(database) == before


@pytest.mark.parametrize("other", [{"client_id": "another-id"}, {"client_secret": "another"}])
async def test_other_credentials_make_another_connection_and_end_the_old_ones_work(
    api: Api, database: Database, process: Process, clock: SetClock, other: dict[str, str]
) -> None:
    old = await connect_pax8(
        database,
        process,
        api.organisation_id,
        attention="Pax8 does not accept the credentials.",
        attention_code="credentials_rejected",
        attention_since=NOW,
        last_success_at=NOW,
        schedule_minutes=15,
    )
    await database.insert(
        "provider_tokens",
        organisation_id=api.organisation_id,
        provider="pax8",
        connection_id=old,
        token=b"sealed",
    )
    await _add_run(database, api, connection_id=old)
    await _add_limit(database, api)
    await _add_limit(database, api, "xero")
    clock.move(minutes=5)
    tag = (await api.viewer.get(PAX8)).headers["etag"]
    saved = await api.finance.put(PAX8, json={"credentials": CREDENTIALS | other})
    assert saved.status_code == 200
    assert saved.headers["etag"] != tag
    shown = saved.json()
    assert (shown["status"], shown["attention"]) == ("connected", None)
    assert shown["account"] == other.get("client_id", CLIENT_ID)
    assert shown["connected_at"] == "2026-11-24T01:05:00Z"
    assert shown["last_success_at"] == "2026-11-24T01:00:00Z"
    assert shown["schedule_minutes"] == 15
    assert shown["next_sync_at"] is not None
    [row] = await _rows(database, "integrations")
    assert row["connection_id"] != old
    assert await _rows(database, "provider_tokens") == []
    assert [row["provider"] for row in await _rows(database, "provider_limits")] == ["xero"]
    [run] = await _rows(database, "sync_runs")
    assert (run["status"], run["cancel_requested"], run["revision"]) == ("running", True, 2)
    assert isinstance(process.bell, RecordingBell)
    assert process.bell.rings == 1


async def test_other_credentials_do_not_bring_back_a_schedule_that_was_put_off(
    api: Api, database: Database, process: Process
) -> None:
    await connect_pax8(database, process, api.organisation_id, schedule_minutes=None)
    saved = await api.finance.put(PAX8, json=OTHERS)
    assert (saved.json()["schedule_minutes"], saved.json()["next_sync_at"]) == (None, None)
    assert await _rows(database, "due_work") == []


async def test_credentials_that_cannot_be_read_any_more_are_replaced_by_the_same(
    api: Api, database: Database, process: Process
) -> None:
    old = await connect_pax8(
        database, process, api.organisation_id, secret=b"\x01\x02k9" + b"x" * 40
    )
    saved = await api.finance.put(PAX8, json=BODY)
    assert saved.status_code == 200
    [row] = await _rows(database, "integrations")
    assert row["connection_id"] != old


async def test_a_stale_if_match_saves_nothing_and_a_good_one_saves(
    api: Api, database: Database
) -> None:
    tag = (await api.finance.put(PAX8, json=BODY, headers={"If-Match": '"0"'})).headers["etag"]
    before = await _dump(database)
    for stale in ('"0"', '"2147483648"', "no tag"):
        refused = await api.finance.put(PAX8, json=OTHERS, headers={"If-Match": stale})
        assert (refused.status_code, refused.json()["code"]) == (412, "etag_mismatch")
    assert await _dump(database) == before
    saved = await api.finance.put(PAX8, json=OTHERS, headers={"If-Match": tag})
    assert saved.status_code == 200


async def test_of_eight_who_connect_at_once_with_one_version_one_does(
    api: Api, database: Database
) -> None:
    async def save(number: int) -> int:
        credentials = CREDENTIALS | {"client_id": f"client-{number}"}
        answer = await api.finance.put(
            PAX8, json={"credentials": credentials}, headers={"If-Match": '"0"'}
        )
        return answer.status_code

    answers = await asyncio.gather(*(save(number) for number in range(8)))
    assert sorted(answers) == [201] + [412] * 7


async def test_of_eight_who_connect_at_once_all_are_heard_and_one_connection_is_left(
    api: Api, database: Database
) -> None:
    async def save(number: int) -> int:
        credentials = CREDENTIALS | {"client_id": f"client-{number}"}
        answer = await api.finance.put(PAX8, json={"credentials": credentials})
        return answer.status_code

    answers = await asyncio.gather(*(save(number) for number in range(8)))
    assert sorted(answers) == [200] * 7 + [201]
    assert len(await _rows(database, "integrations")) == 1


BAD_CREDENTIALS: list[tuple[Any, str]] = [
    (None, "/credentials"),
    ("kH3x", "/credentials"),
    ([], "/credentials"),
    ({}, "/credentials"),
    ({"auth_mode": None}, "/credentials"),
    ({"auth_mode": "delegated_oauth"}, "/credentials"),
    ({"auth_mode": "planted-s3cr3t-0f-pax8"}, "/credentials"),
    ({"client_id": ""}, "/client_id"),
    ({"client_id": "   "}, "/client_id"),
    ({"client_id": "two words"}, "/client_id"),
    ({"client_id": "x" * 10_000}, "/client_id"),
    ({"client_id": "nul\x00"}, "/client_id"),
    ({"client_id": "ключ"}, "/client_id"),
    ({"client_id": 7}, "/client_id"),
    ({"client_id": None}, "/client_id"),
    ({"client_secret": ""}, "/client_secret"),
    ({"client_secret": "\t\n"}, "/client_secret"),
    ({"client_secret": "planted-s3cr3t-0f-pax8" * 500}, "/client_secret"),
    ({"client_secret": "planted-s3cr3t-0f-pax8\x00"}, "/client_secret"),
    ({"client_secret": ["planted-s3cr3t-0f-pax8"]}, "/client_secret"),
    ({"client_secret": True}, "/client_secret"),
    ({"refresh_token": "planted-s3cr3t-0f-pax8"}, "/refresh_token"),
]


@pytest.mark.parametrize("credentials", [{}, {"auth_mode": "delegated_oauth"}])
async def test_whoever_does_not_say_which_kind_of_credentials_is_told_how(
    api: Api, credentials: dict[str, str]
) -> None:
    answer = await api.finance.put(PAX8, json={"credentials": credentials})
    (error,) = answer.json()["errors"]
    assert "'auth_mode'" in error["detail"]
    assert ("'client_credentials'" in error["detail"]) is bool(credentials)


async def test_credentials_that_are_none_are_422_and_are_not_repeated(
    api: Api, database: Database
) -> None:
    for wrong, pointer in BAD_CREDENTIALS:
        sent = CREDENTIALS | wrong if isinstance(wrong, dict) and wrong else wrong
        for method, path in (("PUT", PAX8), ("POST", f"{PAX8}/test")):
            if method == "POST" and sent is None:
                continue  # nothing to try means the saved ones
            answer = await api.finance.request(method, path, json={"credentials": sent})
            problem = answer.json()
            assert (answer.status_code, problem["code"]) == (422, "validation_failed"), wrong
            assert problem["errors"][0]["pointer"].endswith(pointer), wrong
            assert CLIENT_SECRET not in answer.text
    assert await _rows(database, "integrations") == []


def _written(**members: str) -> bytes:
    """JSON as no library of ours would write it."""
    known = {"auth_mode": '"client_credentials"', "client_id": '"i"', "client_secret": '"s"'}
    written = ", ".join(f'"{name}": {value}' for name, value in (known | members).items())
    return f'{{"credentials": {{{written}}}}}'.encode()


BAD_BODIES = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"NaN",
    b"not json",
    b"\xff\xfe",
    _written(client_id='"\\ud800"'),
    _written(client_secret='"\\udfff"'),
    _written(auth_mode='"\\ud800"'),
    _written(client_secret='"s", "\\ud800": 1'),
    _written()[:-1] + b', "schedule_minutes": 60}',
    b"[" * 100_000,
]


async def test_a_body_of_another_shape_is_422(api: Api, database: Database) -> None:
    for body in BAD_BODIES:
        answer = await api.finance.put(
            PAX8, content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422, body[:80]
        assert answer.headers["content-type"] == "application/problem+json"
    assert await _rows(database, "integrations") == []


# the schedule


@pytest.mark.parametrize("minutes", [5, 15, 10_080])
async def test_a_schedule_is_chosen_and_counts_from_now(
    api: Api, database: Database, minutes: int
) -> None:
    tag = (await api.finance.put(PAX8, json=BODY)).headers["etag"]
    before = datetime.now(UTC)
    changed = await api.finance.patch(
        PAX8, json={"schedule_minutes": minutes}, headers={"If-Match": tag}
    )
    assert (changed.status_code, changed.json()["schedule_minutes"]) == (200, minutes)
    next_slot = datetime.fromisoformat(changed.json()["next_sync_at"])
    assert abs(next_slot - before - timedelta(minutes=minutes)) < timedelta(minutes=1)
    assert changed.headers["etag"] != tag


async def test_a_schedule_is_put_off_and_on_again(api: Api, database: Database) -> None:
    tag = (await api.finance.put(PAX8, json=BODY)).headers["etag"]
    off = await api.finance.patch(PAX8, json={"schedule_minutes": None}, headers={"If-Match": tag})
    assert (off.json()["schedule_minutes"], off.json()["next_sync_at"]) == (None, None)
    assert await _rows(database, "due_work") == []
    on = await api.finance.patch(
        PAX8, json={"schedule_minutes": 30}, headers={"If-Match": off.headers["etag"]}
    )
    assert on.json()["schedule_minutes"] == 30
    assert len(await _rows(database, "due_work")) == 1


async def test_the_same_schedule_once_more_changes_nothing(api: Api, database: Database) -> None:
    tag = (await api.finance.put(PAX8, json=BODY)).headers["etag"]
    before = await _dump(database)
    again = await api.finance.patch(PAX8, json={"schedule_minutes": 60}, headers={"If-Match": tag})
    assert (again.status_code, again.headers["etag"]) == (200, tag)
    assert await _dump(database) == before


async def test_a_schedule_needs_the_version_it_changes(api: Api, database: Database) -> None:
    await api.finance.put(PAX8, json=BODY)
    before = await _dump(database)
    missing = await api.finance.patch(PAX8, json={"schedule_minutes": 30})
    assert (missing.status_code, missing.json()["code"]) == (428, "if_match_required")
    stale = await api.finance.patch(
        PAX8, json={"schedule_minutes": 30}, headers={"If-Match": '"0"'}
    )
    assert (stale.status_code, stale.json()["code"]) == (412, "etag_mismatch")
    assert await _dump(database) == before


async def test_of_eight_who_reschedule_with_one_version_one_does(api: Api) -> None:
    tag = (await api.finance.put(PAX8, json=BODY)).headers["etag"]

    async def choose(minutes: int) -> int:
        answer = await api.finance.patch(
            PAX8, json={"schedule_minutes": minutes}, headers={"If-Match": tag}
        )
        return answer.status_code

    answers = await asyncio.gather(*(choose(minutes) for minutes in range(10, 18)))
    assert sorted(answers) == [200] + [412] * 7


async def test_what_is_not_connected_has_no_schedule(api: Api) -> None:
    for tag in ('"0"', "*"):
        answer = await api.finance.patch(
            PAX8, json={"schedule_minutes": 60}, headers={"If-Match": tag}
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "not_connected")


BAD_SCHEDULES: list[dict[str, Any]] = [
    {},
    {"schedule_minutes": 4},
    {"schedule_minutes": 10_081},
    {"schedule_minutes": -60},
    {"schedule_minutes": 10**30},
    {"schedule_minutes": 60.5},
    {"schedule_minutes": 60.0},
    {"schedule_minutes": "60"},
    {"schedule_minutes": True},
    {"schedule_minutes": [60]},
    {"schedule_minutes": 30, "status": "connected"},
]


async def test_a_schedule_that_is_none_is_422_and_changes_nothing(
    api: Api, database: Database
) -> None:
    tag = (await api.finance.put(PAX8, json=BODY)).headers["etag"]
    before = await _dump(database)
    for body in BAD_SCHEDULES:
        answer = await api.finance.patch(PAX8, json=body, headers={"If-Match": tag})
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), body
    assert await _dump(database) == before


# disconnecting


async def test_disconnecting_removes_secret_token_and_schedule_and_stops_runs(
    api: Api, database: Database, process: Process
) -> None:
    await api.finance.put(PAX8, json=BODY)
    [row] = await _rows(database, "integrations")
    await database.insert(
        "provider_tokens",
        organisation_id=api.organisation_id,
        provider="pax8",
        connection_id=row["connection_id"],
        token=b"sealed",
    )
    await _add_limit(database, api)
    await _add_run(database, api, status="succeeded", finished_at=NOW)
    await _add_run(database, api, status="queued", queued_at=NOW + timedelta(minutes=1))
    await _add_run(database, api, source="xero", status="queued")
    gone = await api.finance.delete(PAX8)
    assert (gone.status_code, gone.content) == (204, b"")
    for table in ("integrations", "provider_tokens", "provider_limits", "due_work"):
        assert await _rows(database, table) == []
    runs = await _rows(database, "sync_runs")
    assert {(run["source"], run["status"]): run["cancel_requested"] for run in runs} == {
        ("pax8", "succeeded"): False,
        ("pax8", "queued"): True,
        ("xero", "queued"): False,
    }
    assert isinstance(process.bell, RecordingBell)
    assert process.bell.rings == 1
    shown = (await api.viewer.get(PAX8)).json()
    assert (shown["status"], shown["account"]) == ("not_connected", None)


async def test_disconnecting_again_is_the_same_answer(api: Api, process: Process) -> None:
    await api.finance.put(PAX8, json=BODY)
    answers = [(await api.finance.delete(PAX8)).status_code for _ in range(2)]
    assert answers == [204, 204]
    assert isinstance(process.bell, RecordingBell)
    assert process.bell.rings == 0


async def test_a_version_from_before_a_disconnection_does_not_fit_the_next_connection(
    api: Api,
) -> None:
    old = (await api.finance.put(PAX8, json=BODY)).headers["etag"]
    await api.finance.delete(PAX8)
    connected = await api.finance.put(PAX8, json=BODY)
    assert connected.status_code == 201
    answer = await api.finance.patch(PAX8, json={"schedule_minutes": 5}, headers={"If-Match": old})
    assert answer.status_code == 412


# who may


@pytest.mark.parametrize("role", ["Owner", "Admin", "Finance"])
async def test_those_who_handle_money_may_connect(api: Api, role: str) -> None:
    assert (await api.as_role(role).put(PAX8, json=BODY)).status_code == 201


@pytest.mark.parametrize("role", ["Engineer", "Viewer"])
async def test_others_may_look_and_not_touch(api: Api, database: Database, role: str) -> None:
    await api.finance.put(PAX8, json=BODY)
    before = await _dump(database)
    person = api.as_role(role)
    assert (await person.get("/v1/integrations")).status_code == 200
    assert (await person.get(PAX8)).status_code == 200
    refused = [
        await person.put(PAX8, json=OTHERS),
        await person.patch(PAX8, json={"schedule_minutes": 5}, headers={"If-Match": "*"}),
        await person.post(f"{PAX8}/test", json=BODY),
        await person.delete(PAX8),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {
        (403, "forbidden")
    }
    assert await _dump(database) == before


async def test_nobody_is_let_in_without_a_token(api: Api) -> None:
    answers: list[httpx.Response] = [
        await api.nobody.get("/v1/integrations"),
        await api.nobody.get(PAX8),
        await api.nobody.put(PAX8, json=BODY),
        await api.nobody.patch(PAX8, json={"schedule_minutes": 5}),
        await api.nobody.post(f"{PAX8}/test"),
        await api.nobody.delete(PAX8),
    ]
    assert {answer.status_code for answer in answers} == {401}


async def test_another_organisation_sees_and_changes_nothing_of_it(
    api: Api, database: Database
) -> None:
    connected = (await api.finance.put(PAX8, json=BODY)).json()
    others = api.of(await database.add_organisation(new_id(), name="Redgum"))
    assert (await others.finance.get(PAX8)).json() == NEVER_CONNECTED
    assert (await others.finance.put(PAX8, json=OTHERS)).status_code == 201
    assert (await api.finance.get(PAX8)).json() == connected
    assert (await others.finance.delete(PAX8)).status_code == 204
    assert (await api.finance.get(PAX8)).json() == connected


# secrets


async def test_a_secret_is_found_nowhere(
    api: Api, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = await api.finance.put(PAX8, json=BODY)
    seen = [saved.text, (await api.finance.get("/v1/integrations")).text]
    [row] = await database.as_owner("SELECT secret FROM integrations")
    assert CLIENT_SECRET.encode() not in row["secret"]
    seen += [await _dump(database), *capsys.readouterr()]
    assert all(CLIENT_SECRET not in text for text in seen)
    assert all(CLIENT_SECRET.encode().hex() not in text for text in seen)
