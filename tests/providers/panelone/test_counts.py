"""Counts pulled from PanelOne: made anew with bounded patience, read by pages, never trusted."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import respx
from tests.support.clock import SetClock
from tests.support.outside import Waits

from billingone_api.kit.cipher import Secret
from billingone_api.providers.errors import MalformedAnswer, ProviderUnavailable
from billingone_api.providers.panelone.client import PanelOneClient, PanelOneEndpoints

API = "https://panelone.example/api"
BLUEGUM = "018f7a52-4c1e-7000-9d3b-2a5c8e6f1b07"
ROW = {
    "client_id": "c1",
    "metric": "devices",
    "count": 42,
    "excluded": 3,
    "counted_at": "2026-11-22T14:00:00+11:00",
    "source": "ninjaone",
}


@pytest.fixture
def client(
    http: httpx.AsyncClient, clock: SetClock, waits: Waits, upstream: respx.MockRouter
) -> PanelOneClient:
    answer = httpx.Response(200, json={"access_token": "service-token", "expires_in": 3600})
    upstream.post(f"{API}/token").mock(return_value=answer)
    endpoints = PanelOneEndpoints(API, f"{API}/token", "billingone", Secret("planted&7f3a"))
    return PanelOneClient(http=http, endpoints=endpoints, clock=clock, sleep=waits)


def told(state: Any, *, id_: Any = "r/1") -> httpx.Response:
    return httpx.Response(200, json={"id": id_, "status": state})


def refreshing(upstream: respx.MockRouter, *states: str) -> respx.Route:
    """The first state answers the POST, the others whoever looks, the last one for ever."""
    upstream.post(path="/api/clients/counts:refresh").mock(return_value=told(states[0]))
    looked = upstream.get(path="/api/clients/counts:refresh/r/1")
    rest = [*states[1:]] or ["running"]
    answers = [told(state) for state in rest]
    return looked.mock(side_effect=[*answers, *[answers[-1]] * 20])


@pytest.mark.parametrize(
    ("states", "looks", "is_fresh"),
    [
        (("done",), 0, True),
        (("running", "running", "done"), 2, True),
        (("running",), 8, False),
    ],
)
async def test_whoever_asks_for_fresh_counts_looks_for_half_a_minute_at_most(
    client: PanelOneClient, upstream: respx.MockRouter, waits: Waits,
    states: tuple[str, ...], looks: int, is_fresh: bool,  # noqa: FBT001 - a table of cases
) -> None:  # fmt: skip
    looked = refreshing(upstream, *states)
    assert await client.refresh_counts(organisation_id=BLUEGUM) is is_fresh
    assert (looked.call_count, len(waits.seconds)) == (looks, looks)
    assert sum(waits.seconds) <= 30
    assert {call.request.headers["X-Organisation-Id"] for call in upstream.calls[1:]} == {BLUEGUM}


@pytest.mark.parametrize(
    "answer",
    [told("asleep"), told(7), told("done", id_=None), told("done", id_=""), httpx.Response(200)],
)
async def test_a_state_that_is_none_is_not_used(
    client: PanelOneClient, upstream: respx.MockRouter, answer: httpx.Response
) -> None:
    upstream.post(path="/api/clients/counts:refresh").mock(return_value=answer)
    with pytest.raises(MalformedAnswer):
        await client.refresh_counts(organisation_id=BLUEGUM)


async def test_that_they_failed_at_it_is_told(
    client: PanelOneClient, upstream: respx.MockRouter
) -> None:
    looked = refreshing(upstream, "running", "failed")
    with pytest.raises(ProviderUnavailable, match="PanelOne failed at counting"):
        await client.refresh_counts(organisation_id=BLUEGUM)
    assert looked.call_count == 1


async def test_a_refusal_to_count_is_told_after_three_tries(
    client: PanelOneClient, upstream: respx.MockRouter
) -> None:
    asked = upstream.post(path="/api/clients/counts:refresh").respond(503)
    with pytest.raises(ProviderUnavailable):
        await client.refresh_counts(organisation_id=BLUEGUM)
    assert asked.call_count == 3


async def test_counts_are_read_by_pages_and_bad_ones_put_aside(
    client: PanelOneClient, upstream: respx.MockRouter
) -> None:
    """Each bad row is told by what is wrong with it, and spoils no other."""
    bad: list[tuple[Any, str]] = [
        (ROW | {"count": -1}, "/count"),
        (ROW | {"count": 1.5}, "/count"),
        (ROW | {"count": "42"}, "/count"),
        (ROW | {"count": True}, "/count"),
        (ROW | {"count": None}, "/count"),
        (ROW | {"count": 10**30}, "/count"),
        (ROW | {"excluded": -3}, "/excluded"),
        (ROW | {"counted_at": "2026-11-22"}, "/counted_at"),
        (ROW | {"counted_at": 1763780400}, "/counted_at"),
        (ROW | {"counted_at": "soon"}, "/counted_at"),
        (ROW | {"client_id": ""}, "/client_id"),
        (ROW | {"source": None}, "/source"),
        ({name: ROW[name] for name in ROW if name != "metric"}, "/metric"),
        (7, "/"),
    ]
    silent = [ROW | {"excluded": None}, {name: ROW[name] for name in ROW if name != "excluded"}]
    rows = [ROW, *silent, *(row for row, _ in bad)]
    pages = [
        httpx.Response(200, json={"counts": rows, "next_cursor": "more"}),
        httpx.Response(200, json={"counts": []}),
    ]
    asked = upstream.get(path="/api/clients/counts").mock(side_effect=pages)
    first = await client.counts(organisation_id=BLUEGUM)
    record, *quiet = first.records
    assert [one.excluded for one in quiet] == [0, 0]
    at = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    assert record.model_dump() == ROW | {"counted_at": at}
    assert [reject.pointer or "/" for reject in first.rejects] == [pointer for _, pointer in bad]
    last = await client.counts(first.next_cursor, organisation_id=BLUEGUM)
    assert (last.records, last.next_cursor) == ((), None)
    assert dict(asked.calls.last.request.url.params) == {"limit": "1000", "cursor": "more"}


@pytest.mark.parametrize("answer", [[ROW], {"clients": [ROW]}, {"counts": {"c1": ROW}}])
async def test_an_answer_that_is_no_page_of_counts_is_not_used(
    client: PanelOneClient, upstream: respx.MockRouter, answer: Any
) -> None:
    upstream.get(path="/api/clients/counts").respond(json=answer)
    with pytest.raises(MalformedAnswer):
        await client.counts(organisation_id=BLUEGUM)
