"""Streams for a browser's EventSource, which cannot send a header: a ticket stands in for it."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from structlog.testing import capture_logs
from tests.support.api import Api, running_app
from tests.support.clock import SetClock
from tests.support.databases import Database
from tests.support.sources import FakeSource, work_off
from tests.support.waiting import PATIENCE

from billingone_api.kit.ids import new_id
from billingone_api.process import Process

pytestmark = pytest.mark.usefixtures("connection_id")


@pytest.fixture
async def streams(process: Process, api: Api, source: FakeSource) -> AsyncIterator[Api]:
    async with running_app(process, source) as app:
        yield Api(app, api.mint, api.organisation_id)


@pytest.fixture
async def sync_id(streams: Api, process: Process, source: FakeSource) -> str:
    """Of a sync that has ended, so that a stream of it is one event."""
    made: str = (await streams.finance.post("/v1/syncs", json={"sources": ["pax8"]})).json()["id"]
    await work_off(process, source)
    return made


async def ticket_url(streams: Api, sync_id: str) -> str:
    answer = await streams.viewer.post(f"/v1/syncs/{sync_id}/events/ticket")
    assert answer.status_code == 201, answer.text
    url: str = answer.json()["url"]
    return url


def last_id(answer: httpx.Response) -> str:
    return answer.text.rpartition("id: ")[2].strip()


async def test_a_ticket_lets_in_without_a_header(streams: Api, sync_id: str) -> None:
    made = await streams.viewer.post(f"/v1/syncs/{sync_id}/events/ticket")
    assert made.headers["cache-control"] == "no-store"
    assert made.json()["expires_at"] == "2026-11-24T01:01:00Z"
    answer = await streams.nobody.get(made.json()["url"])
    assert answer.status_code == 200
    assert answer.text.startswith("event: done\n")
    after = {"Last-Event-ID": last_id(answer)}
    assert (await streams.nobody.get(made.json()["url"], headers=after)).status_code == 204


async def test_no_token_and_no_name_shows_in_the_address(streams: Api, sync_id: str) -> None:
    url = await ticket_url(streams, sync_id)
    (ticket,) = parse_qs(urlsplit(url).query)["ticket"]
    sealed = base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4))
    token = streams.mint.person(streams.organisation_id)
    for plain in (token, token.split(".")[1], "person-1", "session-1", "farah", "Farah"):
        assert plain not in url
        assert plain.encode() not in sealed


async def test_a_ticket_is_redeemed_within_sixty_seconds(
    streams: Api, sync_id: str, clock: SetClock
) -> None:
    url = await ticket_url(streams, sync_id)
    clock.move(seconds=60)
    assert (await streams.nobody.get(url)).status_code == 200
    clock.move(seconds=1)
    assert_refused(await streams.nobody.get(url))


async def test_a_ticket_is_good_for_resuming_until_sixty_seconds_after_the_last_event(
    streams: Api, sync_id: str, clock: SetClock
) -> None:
    url = await ticket_url(streams, sync_id)
    for _ in range(5):
        clock.move(seconds=59)
        other = await streams.viewer.get(f"/v1/syncs/{sync_id}/events")
        answer = await streams.nobody.get(url, headers={"Last-Event-ID": last_id(other)})
        assert answer.status_code == 204
    clock.move(seconds=61)
    assert_refused(await streams.nobody.get(url, headers={"Last-Event-ID": last_id(other)}))


async def test_a_ticket_ends_with_the_token_it_was_made_with(
    streams: Api, sync_id: str, clock: SetClock
) -> None:
    viewer = streams.viewer
    clock.move(minutes=59, seconds=30)
    made = await viewer.post(f"/v1/syncs/{sync_id}/events/ticket")
    assert made.json()["expires_at"] == "2026-11-24T02:00:00Z"
    assert (await streams.nobody.get(made.json()["url"])).status_code == 200
    clock.move(seconds=31)
    assert_refused(await streams.nobody.get(made.json()["url"]))


async def test_a_ticket_ends_with_the_session(
    streams: Api, sync_id: str, database: Database, clock: SetClock
) -> None:
    url = await ticket_url(streams, sync_id)
    await database.insert(
        "revocations",
        organisation_id=streams.organisation_id,
        subject="session:session-1",
        issued_before=clock.now(),
    )
    answer = await streams.nobody.get(url)
    assert (answer.status_code, answer.json()["code"]) == (401, "session_revoked")


async def test_a_ticket_is_worth_nothing_at_another_stream_or_door(
    streams: Api, sync_id: str
) -> None:
    url = await ticket_url(streams, sync_id)
    query = urlsplit(url).query
    other = (await streams.finance.post("/v1/syncs", json={"sources": ["pax8"]})).json()["id"]
    async with asyncio.timeout(PATIENCE):
        assert_refused(await streams.nobody.get(f"/v1/syncs/{other}/events?{query}"))
    for path in (f"/v1/syncs/{sync_id}", "/v1/syncs", "/v1/me", f"/v1/syncs/{new_id()}"):
        answer = await streams.nobody.get(f"{path}?{query}")
        assert answer.status_code in {401, 422}
        assert "Farah" not in answer.text


@pytest.mark.parametrize(
    "change",
    [
        lambda ticket: ticket[:-1],
        lambda ticket: ticket[:30] + ("A" if ticket[30] != "A" else "B") + ticket[31:],
        lambda _: "",
        lambda _: "x",
        lambda _: "%00",
        lambda _: "é",
        lambda _: "A" * 7_999,
    ],
)
async def test_no_other_ticket_lets_in(streams: Api, sync_id: str, change: Any) -> None:
    path, _, ticket = (await ticket_url(streams, sync_id)).partition("?ticket=")
    assert_refused(await streams.nobody.get(f"{path}?ticket={change(ticket)}"))


async def test_there_is_no_ticket_for_what_is_not_there_or_not_ours(
    streams: Api, sync_id: str, database: Database
) -> None:
    other = streams.of(await database.add_organisation(new_id(), name="Other"))
    for id_ in (sync_id, new_id()):
        answer = await other.viewer.post(f"/v1/syncs/{id_}/events/ticket")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_token_that_is_sent_is_what_counts(streams: Api, sync_id: str) -> None:
    url = await ticket_url(streams, sync_id)
    assert (await streams.viewer.get(f"{url}x")).status_code == 200
    assert (await streams.caller("rubbish").get(url)).status_code == 401


async def test_no_log_line_shows_a_ticket(streams: Api, sync_id: str) -> None:
    with capture_logs() as logs:
        url = await ticket_url(streams, sync_id)
        await streams.nobody.get(url)
        await streams.nobody.get(f"{url}x")
    assert [line["route"] for line in logs] == [
        "/v1/syncs/{sync_id}/events/ticket",
        "/v1/syncs/{sync_id}/events",
        "/v1/syncs/{sync_id}/events",
    ]
    assert url.partition("?ticket=")[2] not in str(logs)


def assert_refused(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (401, "ticket_invalid")
    assert answer.headers["www-authenticate"].startswith("Bearer")
