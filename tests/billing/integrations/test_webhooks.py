"""Xero's webhooks: answered by their signature alone, recorded once, and ringing the bell."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

import httpx
import pytest
from structlog.testing import capture_logs
from tests.support.api import Api, RecordingBell, made_process, running_app, settings_for
from tests.support.clock import NOW, SetClock
from tests.support.databases import Database
from tests.support.figures import Figure
from tests.support.people import Mint
from tests.support.server import serving
from tests.support.sources import FakeSource, work_off
from tests.support.xero import TENANT, connect_xero

from billingone_api.kit.ids import new_id
from billingone_api.kit.metrics import UNREADABLE_WEBHOOKS
from billingone_api.process import Process
from billingone_api.sandbox.app import SandboxSettings, create_sandbox
from billingone_api.sandbox.xero.changes import Event
from billingone_api.sandbox.xero.webhooks import SIGNING_KEY, Webhooks

HOOK = "/v1/webhooks/xero"
# The contract page's own vectors (section 5).
INTENT = (
    b'{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, '
    b'"entropy": "FXNGWLCCGVANWHKILRUB"}'
)
INTENT_SIGNED = "Mec7v8AE3BKy2fjvJQ2F3Y/vJEdV5kmrofPspzvXiZ8="


def signed(body: bytes, key: str = SIGNING_KEY) -> str:
    return base64.b64encode(hmac.digest(key.encode(), body, hashlib.sha256)).decode()


def delivery(*resources: str, tenant_id: str = TENANT) -> bytes:
    events = [
        {
            "resourceId": resource,
            "tenantId": tenant_id,
            "tenantType": "ORGANISATION",
            "eventCategory": "INVOICE",
            "eventType": "UPDATE",
            "eventDateUtc": "2026-11-24T01:14:07.221",
        }
        for resource in resources
    ]
    return json.dumps({"events": events, "firstEventSequence": 1, "entropy": "A"}).encode()


async def send(api: Api, body: bytes, signature: str | None = None) -> httpx.Response:
    headers = {"x-xero-signature": signed(body) if signature is None else signature}
    async with api.nobody as xero:
        return await xero.post(
            HOOK, content=body, headers=headers | {"Content-Type": "application/json"}
        )


def accepted(answer: httpx.Response, status: int = 200) -> None:
    """As Xero wants it: the status alone, no body and no cookies."""
    assert (answer.status_code, answer.content) == (status, b"")
    assert "set-cookie" not in answer.headers


@pytest.fixture
def source() -> FakeSource:
    return FakeSource("xero")


@pytest.fixture
async def api(
    process: Process, mint: Mint, organisation_id: UUID, source: FakeSource
) -> AsyncIterator[Api]:
    async with running_app(process, source) as app:
        yield Api(app, mint, organisation_id)


@pytest.fixture
async def connection_id(database: Database, process: Process, organisation_id: UUID) -> UUID:
    return await connect_xero(database, process, organisation_id)


async def rung(database: Database) -> list[Any]:
    return await database.as_owner(
        "SELECT organisation_id, due_at <= now() AS is_due FROM due_work WHERE kind = 'news'"
    )


async def test_the_intent_to_receive_is_answered_by_its_signature(api: Api) -> None:
    accepted(await send(api, INTENT, INTENT_SIGNED))
    for wrong in ("", "x", INTENT_SIGNED[:-2] + "A=", signed(INTENT, "guessed"), "é"):
        headers = {"x-xero-signature": wrong.encode()}
        async with api.nobody as xero:
            accepted(await xero.post(HOOK, content=INTENT, headers=headers), 401)
    async with api.nobody as xero:
        accepted(await xero.post(HOOK, content=INTENT), 401)


async def test_the_signature_is_over_the_bytes_as_they_came(api: Api) -> None:
    same_json = json.dumps(json.loads(INTENT)).encode()
    accepted(await send(api, same_json, INTENT_SIGNED), 401)


@pytest.mark.usefixtures("connection_id")
async def test_an_event_is_recorded_once_and_rings_the_bell(
    api: Api, database: Database, process: Process
) -> None:
    body = delivery("a03ffcd2-5d91-4c7e-b483-318584e9e439")
    for _ in range(3):
        accepted(await send(api, body))
    [row] = await database.as_owner("SELECT organisation_id, provider, key FROM webhook_events")
    assert (row["organisation_id"], row["provider"]) == (api.organisation_id, "xero")
    assert "a03ffcd2" in row["key"]
    assert [tuple(row) for row in await rung(database)] == [(api.organisation_id, True)]
    assert isinstance(process.bell, RecordingBell)
    assert process.bell.rings == 1


@pytest.mark.usefixtures("connection_id")
async def test_what_is_unsigned_is_neither_recorded_nor_read(api: Api, database: Database) -> None:
    accepted(await send(api, delivery("a"), signed(delivery("a"), "guessed")), 401)
    accepted(await send(api, b"[" * 10_000, "guessed"), 401)
    assert await database.as_owner("SELECT FROM webhook_events") == []
    assert await rung(database) == []


async def test_an_organisation_that_nobody_reads_is_answered_the_same(
    api: Api, database: Database
) -> None:
    accepted(await send(api, delivery("a", tenant_id=str(new_id()))))
    assert await database.as_owner("SELECT FROM webhook_events") == []


UNREADABLE = [
    (b"", 1), (b"no JSON", 1), (b"null", 1), (b"[]", 1), (b"{}", 1), (b'{"events": null}', 1),
    (b'{"events": [1, null, {}]}', 3), (b"NaN", 1), (b"[" * 10_000, 1),
    (b'{"events": [{"tenantId": "\\ud800", "resourceId": "\\u0000"}]}', 1),
    (delivery("undated").replace(b"2026-11-24T01:14:07.221", b""), 1),
]  # fmt: skip


@pytest.mark.usefixtures("connection_id")
async def test_what_xero_signed_and_nobody_can_read_is_told_counted_and_dropped(
    api: Api, database: Database
) -> None:
    for body, events in UNREADABLE:
        before = counted()
        with capture_logs() as told:
            accepted(await send(api, body))
        [line] = [one for one in told if one["event"] == "xero_webhook_unreadable"]
        assert (line["log_level"], line["events"]) == ("warning", events)
        assert line["reason"]
        assert counted() - before == events
    assert await database.as_owner("SELECT FROM webhook_events") == []
    assert await rung(database) == []


def counted() -> float:
    return UNREADABLE_WEBHOOKS.labels("xero")._value.get()


async def test_without_a_key_nothing_passes(database: Database, clock: SetClock) -> None:
    settings = settings_for(database, xero_webhook_key=None)
    organisation_id = await database.add_organisation(new_id())
    async with made_process(settings, clock=clock) as process, running_app(process) as app:
        keyless = Api(app, Mint(clock), organisation_id)
        accepted(await send(keyless, INTENT, signed(INTENT, "")), 401)
        accepted(await send(keyless, INTENT, INTENT_SIGNED), 401)


@pytest.mark.usefixtures("connection_id")
async def test_two_organisations_that_read_the_same_books_are_both_told(
    api: Api, database: Database, process: Process
) -> None:
    elsewhere = await database.add_organisation(new_id(), name="Redgum")
    await connect_xero(database, process, elsewhere)
    accepted(await send(api, delivery("a")))
    assert {row["organisation_id"] for row in await rung(database)} == {
        api.organisation_id,
        elsewhere,
    }


async def queued(database: Database, organisation_id: UUID, *, ago: timedelta) -> None:
    """A run that is over."""
    await database.as_owner(
        "INSERT INTO sync_runs (organisation_id, id, source, mode, connection_id, status,"
        " queued_at, finished_at)"
        " VALUES ($1, $2, 'xero', 'delta', $2, 'succeeded', now() - $3::interval, now())",
        organisation_id,
        new_id(),
        ago,
    )


@pytest.mark.usefixtures("connection_id")
@pytest.mark.parametrize(
    ("ago", "ahead"),
    [
        (timedelta(minutes=10), timedelta(0)),
        (timedelta(minutes=1), timedelta(minutes=2)),
        # by a clock that was ahead
        (timedelta(days=-300), timedelta(minutes=3)),
    ],
)
async def test_runs_that_webhooks_begin_are_minutes_apart(
    api: Api, database: Database, ago: timedelta, ahead: timedelta
) -> None:
    await queued(database, api.organisation_id, ago=ago)
    accepted(await send(api, delivery("a")))
    accepted(await send(api, delivery("b")))
    [row] = await database.as_owner(
        "SELECT due_at - now() AS ahead FROM due_work WHERE kind = 'news'"
    )
    assert abs(row["ahead"] - ahead) < timedelta(seconds=20)


async def run_of(api: Api) -> dict[str, Any]:
    [sync, *_] = (await api.viewer.get("/v1/syncs")).json()["items"]
    [run] = sync["runs"]
    return {"trigger": sync["trigger"], "status": run["status"], "source": run["source"]}


@pytest.mark.usefixtures("connection_id")
async def test_the_bell_begins_a_sync_of_that_organisation(
    api: Api, database: Database, process: Process, source: FakeSource
) -> None:
    accepted(await send(api, delivery("a")))
    await work_off(process, source)
    assert await run_of(api) == {"trigger": "schedule", "status": "queued", "source": "xero"}
    assert await rung(database) == []
    await work_off(process, source)
    assert (await run_of(api))["status"] == "succeeded"


@pytest.mark.usefixtures("connection_id")
async def test_what_is_told_while_a_run_is_under_way_is_looked_after_by_the_next(
    api: Api, database: Database, process: Process, source: FakeSource
) -> None:
    """It may have passed what was changed."""
    assert (await api.finance.post("/v1/syncs", json={})).status_code == 202
    await database.as_owner("UPDATE due_work SET due_at = now() + interval '1 hour'")
    accepted(await send(api, delivery("a")))
    await database.as_owner("UPDATE due_work SET due_at = now() WHERE kind = 'news'")
    await work_off(process, source)
    [row] = await rung(database)
    assert row["is_due"] is False
    await database.as_owner("UPDATE due_work SET due_at = now()")
    await work_off(process, source)
    await database.as_owner("UPDATE due_work SET due_at = now() WHERE kind = 'news'")
    await work_off(process, source)
    await work_off(process, source)
    assert len((await api.viewer.get("/v1/syncs")).json()["items"]) == 2
    assert await rung(database) == []


@pytest.mark.usefixtures("connection_id")
async def test_a_bell_is_silenced_where_nothing_is_synced_by_itself_any_more(
    api: Api, database: Database, process: Process, source: FakeSource
) -> None:
    put_off = (
        ("UPDATE integrations SET schedule_minutes = NULL", "schedule_minutes = 15"),
        ("UPDATE organisations SET ended_at = now()", "ended_at = NULL"),
        ("DELETE FROM integrations", None),
    )
    for number, (statement, undone) in enumerate(put_off):
        accepted(await send(api, delivery(str(number))))
        assert len(await rung(database)) == 1
        await database.as_owner(statement)
        await work_off(process, source)
        assert await rung(database) == []
        if undone:
            await database.as_owner(f"{statement.partition(' SET ')[0]} SET {undone}")
    assert (await api.viewer.get("/v1/syncs")).json()["items"] == []


@pytest.mark.usefixtures("connection_id")
async def test_xeros_own_sender_is_content_and_answered_in_milliseconds(
    api: Api, database: Database, figure: Figure
) -> None:
    """Its intent to receive, and 100 events of which each comes seven times, over a real socket."""
    webhooks = Webhooks(ids=create_sandbox(SandboxSettings(clients=1)).portfolio.ids)
    moment = int(NOW.timestamp() * 1000)
    events = [Event(TENANT, "INVOICE", str(new_id()), "UPDATE", moment, None) for _ in range(100)]
    body = webhooks.body(events)
    headers = {"x-xero-signature": signed(body), "Content-Type": "application/json"}
    async with serving(api.app) as port, httpx.AsyncClient() as xero:
        url = f"http://127.0.0.1:{port}{HOOK}"
        assert all(one.as_xero_wants_it for one in await webhooks.intend(url))
        spent = []
        for _ in range(5):
            began = perf_counter()
            accepted(await xero.post(url, content=body, headers=headers))
            spent.append((perf_counter() - began) * 1000)
        assert all(one.as_xero_wants_it for one in await webhooks.tell(url, events, times=2))
    assert len(await database.as_owner("SELECT FROM webhook_events")) == 100
    assert max(spent) < 2000
    figure(f"9: a webhook of 100 events answered in {median(spent):.0f} ms, recorded once of seven")
