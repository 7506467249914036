import asyncio
import json
import traceback
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest
import respx
from tests.kit.http.conftest import Serve
from tests.support.clock import SetClock
from tests.support.outside import Turns, Waits

from billingone_api.kit.http.calls import JsonCalls
from billingone_api.kit.http.errors import (
    CircuitOpen,
    HttpError,
    HttpFailed,
    HttpGarbled,
    HttpRateLimited,
    HttpRefused,
    HttpUnavailable,
)
from billingone_api.kit.http.retries import RetryPolicy

URL = "https://upstream.example/v1/things"
PLANTED = "sk-planted-7f3a"
GOOD = httpx.Response(200, json={"content": []})
HTML = "<html><title>Bad gateway</title></html>"

PASSING = [
    httpx.Response(408),
    httpx.Response(429),
    httpx.Response(500),
    httpx.Response(502, text=HTML),
    httpx.Response(503, json={"type": "x"}),
    httpx.Response(504),
    httpx.Response(599),
    httpx.Response(200, text=HTML),
    httpx.Response(200, text='{"content": [{"id": "a"}, {"i'),
    httpx.Response(200),
    httpx.Response(200, text='{"price": NaN}'),
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("slow"),
    httpx.ReadTimeout("slow"),
    httpx.WriteTimeout("slow"),
    httpx.PoolTimeout("busy"),
    httpx.ReadError("reset"),
    httpx.WriteError("reset"),
    httpx.RemoteProtocolError("closed in the middle"),
]
LASTING = [
    httpx.Response(400),
    httpx.Response(401, json={"error": "access_denied"}),
    httpx.Response(403),
    httpx.Response(404),
    httpx.Response(409),
    httpx.Response(410),
    httpx.Response(422),
    httpx.Response(301, headers={"Location": "https://elsewhere.example/"}),
    httpx.Response(304),
    httpx.Response(307, headers={"Location": "/v2/things"}),
]


def told(outcome: httpx.Response | Exception) -> str:
    if isinstance(outcome, Exception):
        return type(outcome).__name__
    return f"{outcome.status_code} {outcome.content[:12]!r}"


@pytest.fixture
def route(upstream: respx.MockRouter) -> respx.Route:
    return upstream.route(url__startswith=URL)


async def test_a_get_asks_for_json_with_the_query_and_headers_given(
    calls: JsonCalls, route: respx.Route, turns: Turns
) -> None:
    route.mock(return_value=httpx.Response(200, text='{"price": 86.4560, "quantity": 3}'))
    found = await calls.get(
        URL, query={"page": 0, "sort": "name,asc"}, headers={"Authorization": "Bearer t"}
    )
    assert found == {"price": Decimal("86.4560"), "quantity": 3}
    assert str(found["price"]) == "86.4560"
    sent = route.calls.last.request
    assert (sent.method, sent.url.path) == ("GET", "/v1/things")
    assert dict(sent.url.params) == {"page": "0", "sort": "name,asc"}
    assert sent.headers["Accept"] == "application/json"
    assert sent.headers["Authorization"] == "Bearer t"
    assert sent.headers["Accept-Encoding"] == "gzip"
    assert sent.headers["User-Agent"].startswith("BillingOne/")
    assert sent.content == b""
    assert turns.taken == 1


async def test_a_space_in_a_query_is_no_plus(calls: JsonCalls, route: respx.Route) -> None:
    route.mock(return_value=GOOD)
    await calls.get(URL, query={"order": "Changed ASC", "where": 'a=="b+c"&d'})
    sent = route.calls.last.request
    assert str(sent.url) == f"{URL}?order=Changed%20ASC&where=a%3D%3D%22b%2Bc%22%26d"
    assert dict(sent.url.params) == {"order": "Changed ASC", "where": 'a=="b+c"&d'}


async def test_a_query_that_cannot_be_written_is_told_at_once(
    calls: JsonCalls, route: respx.Route
) -> None:
    with pytest.raises(HttpUnavailable, match="cannot be sent"):
        await calls.get(URL, query={"id": "\ud800"})
    assert not route.called


async def test_what_is_answered_by_its_status_needs_no_body(
    calls: JsonCalls, route: respx.Route
) -> None:
    route.mock(side_effect=[httpx.Response(204), httpx.Response(200, text="<html>")])
    await calls.send("DELETE", URL, headers={"Authorization": "Bearer t"})
    await calls.send("POST", URL)
    deletion, post = (call.request for call in route.calls)
    assert (deletion.method, deletion.content) == ("DELETE", b"")
    assert deletion.headers["Authorization"] == "Bearer t"
    assert (post.method, post.content) == ("POST", b"")


@pytest.mark.parametrize("outcome", [*PASSING[:6], *LASTING], ids=told)
async def test_what_is_answered_by_its_status_is_sent_once(
    outcome: httpx.Response, calls: JsonCalls, route: respx.Route
) -> None:
    route.mock(return_value=outcome)
    with pytest.raises(HttpError):
        await calls.send("DELETE", URL)
    assert route.call_count == 1


@pytest.mark.parametrize(
    "outcome", [httpx.Response(429), httpx.Response(500), httpx.Response(403), httpx.Response(200)]
)
async def test_an_error_carries_the_headers_of_its_answer_and_prints_none(
    outcome: httpx.Response, calls: JsonCalls, route: respx.Route
) -> None:
    outcome.headers["X-Correlation-Id"] = PLANTED
    route.mock(return_value=outcome)
    with pytest.raises(HttpError) as caught:
        await calls.get(URL)
    assert caught.value.headers.get("x-correlation-id") == PLANTED
    assert PLANTED not in "".join(traceback.format_exception(caught.value))


async def test_where_there_was_no_answer_there_are_no_headers(
    calls: JsonCalls, route: respx.Route
) -> None:
    route.mock(side_effect=httpx.ConnectError("refused"))
    with pytest.raises(HttpUnavailable) as caught:
        await calls.get(URL)
    assert dict(caught.value.headers) == {}


async def test_a_policy_may_read_the_wait_in_its_own_way(
    http: httpx.AsyncClient, route: respx.Route, turns: Turns, clock: SetClock, waits: Waits
) -> None:
    policy = RetryPolicy(jitter=lambda: 0.5, read_wait=lambda headers, _: float(headers["X-In"]))
    calls = JsonCalls(http, limiter=turns, clock=clock, sleep=waits, policy=policy)
    limited = httpx.Response(429, headers={"X-In": "7", "Retry-After": "3"})
    route.mock(side_effect=[limited, httpx.Response(200, json={}, headers={"X-In": "0"})])
    await calls.get(URL)
    assert waits.seconds == [7.5]


async def test_a_post_of_json_is_json(calls: JsonCalls, route: respx.Route) -> None:
    route.mock(return_value=GOOD)
    await calls.post_json(URL, body={"client_id": "é", "grant_type": "x"})
    sent = route.calls.last.request
    assert (sent.method, sent.headers["Content-Type"]) == ("POST", "application/json")
    assert json.loads(sent.content) == {"client_id": "é", "grant_type": "x"}


async def test_a_post_of_a_form_is_a_form(calls: JsonCalls, route: respx.Route) -> None:
    route.mock(return_value=GOOD)
    await calls.post_form(URL, form={"scope": "a b", "client_secret": "p&q=+"})
    sent = route.calls.last.request
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert sent.headers["Accept"] == "application/json"
    assert sent.content == b"scope=a+b&client_secret=p%26q%3D%2B"


@pytest.mark.parametrize("outcome", PASSING, ids=told)
async def test_a_get_is_repeated_after_what_may_pass(
    outcome: Any, calls: JsonCalls, route: respx.Route, turns: Turns, waits: Waits
) -> None:
    route.mock(side_effect=[outcome, outcome, outcome, GOOD])
    assert await calls.get(URL) == {"content": []}
    assert route.call_count == turns.taken == 4
    assert len(waits.seconds) == 3


@pytest.mark.parametrize("outcome", PASSING, ids=told)
async def test_a_get_gives_up_after_four_attempts(
    outcome: Any, calls: JsonCalls, route: respx.Route, waits: Waits
) -> None:
    route.mock(side_effect=[outcome] * 4)
    with pytest.raises((HttpUnavailable, HttpRateLimited)):
        await calls.get(URL)
    assert route.call_count == 4
    assert len(waits.seconds) == 3


@pytest.mark.parametrize("outcome", LASTING, ids=told)
async def test_a_get_is_not_repeated_after_what_stays(
    outcome: Any, calls: JsonCalls, route: respx.Route, waits: Waits
) -> None:
    route.mock(return_value=outcome)
    with pytest.raises(HttpError):
        await calls.get(URL)
    assert route.call_count == 1
    assert waits.seconds == []


def content(answer: Any) -> Any:
    """Judges as somebody does who tells in an answer of success that they cannot."""
    match answer.get("errors"):
        case "busy":
            raise HttpRateLimited("busy")
        case "broken":
            raise HttpUnavailable("broken")
        case "failed":
            raise HttpFailed("failed")
        case "wrong":
            raise HttpRefused("wrong", status=200, body=b"")
    return answer["content"]


async def test_a_query_is_a_post_of_json_whose_answer_is_judged(
    calls: JsonCalls, route: respx.Route, turns: Turns
) -> None:
    route.mock(return_value=httpx.Response(200, text='{"content": 86.4560}'))
    body = {"query": "query q { é }"}
    headers = {"Authorization": "Bearer t"}
    found = await calls.query(URL, body=body, headers=headers, judge=content)
    assert str(found) == "86.4560"
    sent = route.calls.last.request
    assert (sent.method, sent.headers["Content-Type"]) == ("POST", "application/json")
    assert (sent.headers["Accept"], sent.headers["Authorization"]) == (
        "application/json",
        "Bearer t",
    )
    assert json.loads(sent.content) == body
    assert (turns.taken, turns.outcomes) == (1, [None])


@pytest.mark.parametrize("outcome", PASSING, ids=told)
async def test_a_query_is_repeated_after_what_may_pass(
    outcome: Any, calls: JsonCalls, route: respx.Route, turns: Turns, waits: Waits
) -> None:
    route.mock(side_effect=[outcome, outcome, outcome, GOOD])
    assert await calls.query(URL, body={"query": "q"}, judge=content) == []
    assert route.call_count == turns.taken == 4
    assert {call.request.content for call in route.calls} == {b'{"query":"q"}'}
    assert len(waits.seconds) == 3


@pytest.mark.parametrize("outcome", LASTING, ids=told)
async def test_a_query_is_not_repeated_after_what_stays(
    outcome: Any, calls: JsonCalls, route: respx.Route
) -> None:
    route.mock(return_value=outcome)
    with pytest.raises(HttpError):
        await calls.query(URL, body={}, judge=content)
    assert route.call_count == 1


@pytest.mark.parametrize(
    ("told", "kind", "waited"),
    [("busy", HttpRateLimited, [12.5]), ("broken", HttpUnavailable, [0.375])],
)
async def test_what_an_answer_of_success_is_judged_to_be_counts_as_a_status_would(
    told: str,
    kind: type[HttpError],
    waited: list[float],
    calls: JsonCalls,
    route: respx.Route,
    turns: Turns,
    waits: Waits,
) -> None:
    route.mock(side_effect=[httpx.Response(200, json={"errors": told}), GOOD])
    assert await calls.query(URL, body={}, judge=content) == []
    assert waits.seconds == waited
    assert [type(outcome) for outcome in turns.outcomes] == [kind, type(None)]


async def test_a_question_they_fail_at_is_repeated_and_is_no_silence(
    calls: JsonCalls, route: respx.Route, turns: Turns, waits: Waits
) -> None:
    route.mock(return_value=httpx.Response(200, json={"errors": "failed"}))
    with pytest.raises(HttpFailed):
        await calls.query(URL, body={}, judge=content)
    assert (turns.taken, turns.outcomes) == (4, [None] * 4)
    assert waits.seconds == [0.375, 0.75, 1.5]


async def test_what_is_judged_to_stay_is_not_repeated(
    calls: JsonCalls, route: respx.Route, turns: Turns
) -> None:
    route.mock(return_value=httpx.Response(200, json={"errors": "wrong"}))
    with pytest.raises(HttpRefused):
        await calls.query(URL, body={}, judge=content)
    assert (route.call_count, len(turns.outcomes)) == (1, 1)


@pytest.mark.parametrize("outcome", [*PASSING, *LASTING], ids=told)
@pytest.mark.parametrize("method", ["post_json", "post_form"])
async def test_a_post_is_sent_once_whatever_comes(
    outcome: Any, method: str, calls: JsonCalls, route: respx.Route, waits: Waits
) -> None:
    route.mock(side_effect=[outcome])
    options: dict[str, Any] = {"body": {}} if method == "post_json" else {"form": {}}
    with pytest.raises(HttpError):
        await getattr(calls, method)(URL, **options)
    assert route.call_count == 1
    assert waits.seconds == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, HttpGarbled),
        (204, HttpGarbled),
        (302, HttpGarbled),
        (400, HttpRefused),
        (401, HttpRefused),
        (404, HttpRefused),
        (408, HttpUnavailable),
        (422, HttpRefused),
        (429, HttpRateLimited),
        (500, HttpUnavailable),
        (503, HttpUnavailable),
    ],
)
async def test_each_status_has_its_error(
    status: int, kind: type[HttpError], calls: JsonCalls, route: respx.Route
) -> None:
    route.mock(return_value=httpx.Response(status, text=HTML))
    with pytest.raises(kind) as caught:
        await calls.get(URL)
    assert type(caught.value) is kind or status == 302
    assert str(status) in str(caught.value)
    assert HTML not in f"{caught.value} {caught.value!r}"


async def test_a_refusal_brings_its_status_and_its_words(
    calls: JsonCalls, route: respx.Route
) -> None:
    route.mock(return_value=httpx.Response(422, json={"message": "monthOffset"}))
    with pytest.raises(HttpRefused) as caught:
        await calls.get(URL)
    assert caught.value.status == 422
    assert json.loads(caught.value.body) == {"message": "monthOffset"}


async def test_a_long_refusal_is_cut(calls: JsonCalls, route: respx.Route) -> None:
    route.mock(return_value=httpx.Response(400, content=b"x" * 1_000_000))
    with pytest.raises(HttpRefused) as caught:
        await calls.get(URL)
    assert len(caught.value.body) == 65_536


@pytest.mark.parametrize(
    ("status", "header", "wait"),
    [
        (429, "7", 7.5),
        (429, "0", 0.5),
        (429, "60", 60.5),
        (429, "Tue, 24 Nov 2026 01:00:20 GMT", 20.5),
        (429, None, 12.5),
        (429, "soon", 12.5),
        (429, "-3", 12.5),
        (429, "Tue, 24 Nov 2026 00:00:00 GMT", 12.5),
        (503, "9", 9.5),
        (503, None, 0.375),
        (503, "\xff", 0.375),
    ],
)
async def test_they_say_how_long_to_wait_and_else_we_choose(
    status: int,
    header: str | None,
    wait: float,
    calls: JsonCalls,
    route: respx.Route,
    waits: Waits,
) -> None:
    headers = [] if header is None else [(b"Retry-After", header.encode("latin-1"))]
    route.mock(side_effect=[httpx.Response(status, headers=headers), GOOD])
    await calls.get(URL)
    assert waits.seconds == [wait]


@pytest.mark.parametrize(("status", "kind"), [(429, HttpRateLimited), (503, HttpUnavailable)])
async def test_who_wants_more_patience_than_a_call_has_is_left_alone(
    status: int, kind: type[Any], calls: JsonCalls, route: respx.Route, waits: Waits
) -> None:
    route.mock(return_value=httpx.Response(status, headers={"Retry-After": "61"}))
    with pytest.raises(kind) as caught:
        await calls.get(URL)
    assert caught.value.retry_after == 61
    assert route.call_count == 1
    assert waits.seconds == []


async def test_a_redirect_is_not_followed(
    calls: JsonCalls, route: respx.Route, upstream: respx.MockRouter
) -> None:
    elsewhere = upstream.get("https://elsewhere.example/").mock(return_value=GOOD)
    route.mock(return_value=httpx.Response(302, headers={"Location": str(elsewhere.pattern)}))
    with pytest.raises(HttpGarbled):
        await calls.get(URL, headers={"Authorization": PLANTED})
    assert not elsewhere.called
    assert route.call_count == 1


async def test_cookies_are_not_kept(calls: JsonCalls, route: respx.Route) -> None:
    cookie = {"Set-Cookie": "session=of-another-organisation; Path=/; Max-Age=9999"}
    route.mock(side_effect=[httpx.Response(200, json={}, headers=cookie), GOOD])
    await calls.get(URL)
    await calls.get(URL)
    assert "Cookie" not in route.calls.last.request.headers


HEADER_NOT_SENDABLE = [
    f"Bearer {PLANTED}\r\nX-Evil: 1",
    f"Bearer {PLANTED}\x00",
    f"Bearer {PLANTED}\ud800",
    f"Bearer {PLANTED}é",
]


@pytest.mark.parametrize("value", HEADER_NOT_SENDABLE, ids=ascii)
async def test_a_header_that_is_none_is_told_at_once_and_without_it(
    value: str, calls: JsonCalls, serve: Serve, waits: Waits
) -> None:
    async def hear_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        assert await reader.read() == b""

    async with serve(hear_nothing) as there:
        with pytest.raises(HttpUnavailable, match=r"to 127\.0\.0\.1 cannot be sent") as caught:
            await calls.get(f"http://{there}/", headers={"Authorization": value})
    assert_hidden(caught.value)
    assert waits.seconds == []


@pytest.mark.parametrize(
    "url",
    [
        f"https://upstream.example:port/{PLANTED}",
        f"https://[::1/{PLANTED}",
        f"https://{'a' * 70}é.example/{PLANTED}",
        f"ftp://upstream.example/{PLANTED}",
        f"/{PLANTED}",
        "",
    ],
)
async def test_an_address_that_is_none_is_told_at_once(
    url: str, calls: JsonCalls, waits: Waits, turns: Turns
) -> None:
    with pytest.raises(HttpUnavailable, match="cannot be sent") as caught:
        await calls.get(url)
    assert_hidden(caught.value)
    assert waits.seconds == []
    assert turns.taken == 1


@pytest.mark.parametrize(
    "body", [{"client_secret": f"{PLANTED}\ud800"}, {PLANTED: float("nan")}], ids=ascii
)
async def test_a_body_that_is_no_json_is_not_sent(
    body: object, calls: JsonCalls, route: respx.Route
) -> None:
    with pytest.raises(HttpUnavailable, match="cannot be sent") as caught:
        await calls.post_json(URL, body=body)
    assert_hidden(caught.value)
    assert not route.called


def assert_hidden(error: BaseException) -> None:
    """Neither what is printed nor what a reporter would walk along shows what we sent."""
    assert PLANTED not in "".join(traceback.format_exception(error))
    shown: BaseException | None = error
    while shown is not None:
        assert PLANTED not in f"{shown} {shown!r}"
        shown = shown.__cause__


Sender = Callable[[JsonCalls], Awaitable[Any]]


@pytest.mark.parametrize("outcome", [*PASSING, *LASTING], ids=told)
@pytest.mark.parametrize(
    "send",
    [
        lambda calls: calls.get(
            URL, query={"key": PLANTED}, headers={"Authorization": f"Bearer {PLANTED}"}
        ),
        lambda calls: calls.post_json(URL, body={"client_secret": PLANTED}),
        lambda calls: calls.post_form(URL, form={"client_secret": PLANTED}),
        lambda calls: calls.query(
            URL, body={"q": PLANTED}, headers={"Authorization": PLANTED}, judge=content
        ),
    ],
    ids=["get", "json", "form", "query"],
)
async def test_no_error_shows_what_was_sent_or_what_came(
    outcome: Any, send: Sender, calls: JsonCalls, route: respx.Route
) -> None:
    if isinstance(outcome, httpx.Response):
        echo = f'{{"you sent": "{PLANTED}'
        outcome = httpx.Response(outcome.status_code, text=echo, headers={"X-Echo": PLANTED})
    route.mock(side_effect=[outcome] * 4)
    with pytest.raises(HttpError) as caught:
        await send(calls)
    assert_hidden(caught.value)


async def test_whoever_keeps_the_turns_is_told_what_became_of_each(
    calls: JsonCalls, turns: Turns, route: respx.Route
) -> None:
    route.mock(
        side_effect=[httpx.Response(503), httpx.Response(429), httpx.Response(404), GOOD, GOOD]
    )
    with pytest.raises(HttpRefused):
        await calls.get(URL)
    await calls.get(URL)
    assert [type(outcome) for outcome in turns.outcomes] == [
        HttpUnavailable,
        HttpRateLimited,
        HttpRefused,
        type(None),
    ]


class Refusing(Turns):
    """There is no turn to be had."""

    def __init__(self, error: HttpError) -> None:
        super().__init__()
        self.error = error

    async def wait_turn(self) -> None:
        await super().wait_turn()
        raise self.error


@pytest.mark.parametrize(
    "error",
    [CircuitOpen("open", retry_after=7), HttpRateLimited("parked", retry_after=61)],
)
async def test_whoever_gets_no_turn_neither_asks_nor_tries_again(
    http: httpx.AsyncClient, clock: SetClock, waits: Waits, route: respx.Route, error: HttpError
) -> None:
    limiter = Refusing(error)
    calls = JsonCalls(http, limiter=limiter, clock=clock, sleep=waits)
    with pytest.raises(type(error)):
        await calls.get(URL)
    with pytest.raises(type(error)):
        await calls.post_json(URL, body={})
    assert (limiter.taken, limiter.outcomes, route.call_count) == (2, [], 0)


async def test_a_call_that_is_cancelled_is_cancelled(calls: JsonCalls, route: respx.Route) -> None:
    asked = asyncio.Event()

    async def hang(_: httpx.Request) -> httpx.Response:
        asked.set()
        return await asyncio.Future()

    route.mock(side_effect=hang)
    task = asyncio.ensure_future(calls.get(URL))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
