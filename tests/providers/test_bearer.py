import traceback
from typing import Any

import httpx
import pytest
import respx
from tests.support.clock import SetClock
from tests.support.outside import Turns, Waits

from billingone_api.kit.http.answers import LARGEST_ANSWER
from billingone_api.kit.http.calls import JsonCalls
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.providers.bearer import BearerApi, Provider, bought
from billingone_api.providers.errors import (
    CredentialsRejected,
    MalformedAnswer,
    PermissionDenied,
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
    RecordNotFound,
)
from billingone_api.providers.tokens import MemoryTokenStore, StoredToken, TokenKeeper

API = "https://acme.example/v1"
TOKENS = "https://login.acme.example/token"
PLANTED = "sk-planted-7f3a"
ACME = Provider(key="acme", name="Acme", renew="Save them again.", permit="Ask for more.")


class Tokens:
    """Buys at the token endpoint, as a provider does."""

    def __init__(self, calls: JsonCalls, clock: SetClock) -> None:
        self._calls = calls
        self._clock = clock

    async def fetch(self) -> StoredToken:
        asking = self._calls.post_json(TOKENS, body={"client_secret": PLANTED})
        return await bought(ACME, asking, clock=self._clock)


@pytest.fixture
def calls(http: httpx.AsyncClient, clock: SetClock, waits: Waits, turns: Turns) -> JsonCalls:
    policy = RetryPolicy(jitter=lambda: 0.5)
    return JsonCalls(http, limiter=turns, clock=clock, sleep=waits, policy=policy)


@pytest.fixture
def store() -> MemoryTokenStore:
    return MemoryTokenStore()


@pytest.fixture
def api(calls: JsonCalls, clock: SetClock, store: MemoryTokenStore) -> BearerApi:
    keeper = TokenKeeper(source=Tokens(calls, clock), store=store, clock=clock)
    return BearerApi(ACME, base_url=API + "/", calls=calls, tokens=keeper)


def sold(number: int = 1) -> httpx.Response:
    return httpx.Response(200, json={"access_token": f"{PLANTED}-{number}", "expires_in": 3600})


@pytest.fixture
def token_route(upstream: respx.MockRouter) -> respx.Route:
    return upstream.post(TOKENS).mock(side_effect=[sold(1), sold(2), sold(3)])


@pytest.fixture
def api_route(upstream: respx.MockRouter, token_route: respx.Route) -> respx.Route:
    return upstream.get(url__startswith=API).mock(return_value=httpx.Response(200, json={}))


async def test_a_get_bears_the_token_and_what_else_is_given(
    api: BearerApi, api_route: respx.Route
) -> None:
    assert await api.get("things", query={"page": 0}, headers={"X-Organisation-Id": "o"}) == {}
    sent = api_route.calls.last.request
    assert str(sent.url) == "https://acme.example/v1/things?page=0"
    assert sent.headers["Authorization"] == f"Bearer {PLANTED}-1"
    assert sent.headers["X-Organisation-Id"] == "o"
    assert sent.headers["Accept"] == "application/json"


@pytest.mark.parametrize(
    ("status", "kind", "sentence"),
    [
        (301, MalformedAnswer,
         "Acme gave an answer that cannot be used: it is not the JSON asked for."),
        (400, MalformedAnswer,
         "Acme gave an answer that cannot be used: it refuses a request it documents (HTTP 400)."),
        (401, CredentialsRejected, "Acme does not accept the credentials. Save them again."),
        (403, PermissionDenied, "Acme does not let us read this. Ask for more."),
        (404, RecordNotFound, "Acme has no such record."),
        (408, ProviderUnavailable, "Acme does not answer at the moment; try again later."),
        (410, MalformedAnswer,
         "Acme gave an answer that cannot be used: it refuses a request it documents (HTTP 410)."),
        (422, MalformedAnswer,
         "Acme gave an answer that cannot be used: it refuses a request it documents (HTTP 422)."),
        (429, ProviderRateLimited,
         "Acme asks us to slow down; it goes on by itself in a while."),
        (500, ProviderUnavailable, "Acme does not answer at the moment; try again later."),
        (503, ProviderUnavailable, "Acme does not answer at the moment; try again later."),
    ],
)  # fmt: skip
async def test_each_status_is_told_in_words_to_act_on(
    status: int, kind: type[ProviderError], sentence: str, api: BearerApi, api_route: respx.Route
) -> None:
    api_route.mock(return_value=httpx.Response(status, text=f"<html>{PLANTED}</html>"))
    with pytest.raises(kind) as caught:
        await api.get("things")
    assert type(caught.value) is kind
    assert str(caught.value) == sentence
    assert caught.value.provider == "acme"
    assert PLANTED not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (httpx.ConnectError("refused"), ProviderUnavailable),
        (httpx.ReadTimeout("slow"), ProviderUnavailable),
        (httpx.RemoteProtocolError("cut"), ProviderUnavailable),
        (httpx.Response(200, text="<html>"), MalformedAnswer),
        (httpx.Response(200, text='{"content": ['), MalformedAnswer),
    ],
)
async def test_no_answer_and_a_garbled_one_are_told_apart(
    outcome: Any, kind: type[ProviderError], api: BearerApi, api_route: respx.Route
) -> None:
    api_route.mock(side_effect=[outcome] * 4)
    with pytest.raises(kind) as caught:
        await api.get("things")
    assert type(caught.value) is kind


async def test_an_answer_longer_than_we_read_is_asked_for_once(
    api: BearerApi, api_route: respx.Route
) -> None:
    api_route.mock(return_value=httpx.Response(200, content=b" " * (LARGEST_ANSWER + 1)))
    with pytest.raises(MalformedAnswer, match="longer than we read"):
        await api.get("things")
    assert api_route.call_count == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(429, ProviderRateLimited), (503, ProviderUnavailable)]
)
@pytest.mark.parametrize(("header", "retry_after"), [({"Retry-After": "300"}, 300), ({}, None)])
async def test_the_time_to_leave_them_alone_is_passed_on(
    status: int,
    kind: type[Any],
    header: dict[str, str],
    retry_after: float | None,
    api: BearerApi,
    api_route: respx.Route,
) -> None:
    api_route.mock(return_value=httpx.Response(status, headers=header))
    with pytest.raises(kind) as caught:
        await api.get("things")
    assert caught.value.retry_after == retry_after


async def test_a_refused_token_is_replaced_and_the_request_repeated_once(
    api: BearerApi, api_route: respx.Route, token_route: respx.Route
) -> None:
    api_route.mock(side_effect=[httpx.Response(401), httpx.Response(200, json={"id": "a"})])
    assert await api.get("things") == {"id": "a"}
    bearers = [call.request.headers["Authorization"] for call in api_route.calls]
    assert bearers == [f"Bearer {PLANTED}-1", f"Bearer {PLANTED}-2"]
    assert token_route.call_count == 2


async def test_a_new_token_refused_too_ends_it_and_no_token_is_kept(
    api: BearerApi, api_route: respx.Route, token_route: respx.Route, store: MemoryTokenStore
) -> None:
    api_route.mock(return_value=httpx.Response(401))
    with pytest.raises(CredentialsRejected):
        await api.get("things")
    assert (api_route.call_count, token_route.call_count) == (2, 2)
    assert await store.load() is None


async def test_a_403_costs_no_token(
    api: BearerApi, api_route: respx.Route, token_route: respx.Route, store: MemoryTokenStore
) -> None:
    api_route.mock(return_value=httpx.Response(403))
    with pytest.raises(PermissionDenied):
        await api.get("things")
    assert (api_route.call_count, token_route.call_count) == (1, 1)
    assert await store.load() is not None


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ("a4dfc6bf-f02e-4a79-9844-66ba6c02ec3a", "a4dfc6bf-f02e-4a79-9844-66ba6c02ec3a"),
        ("a/b", "a%2Fb"),
        ("../token", "..%2Ftoken"),
        ("..%2f..", "..%252f.."),
        ("%2e%2e", "%252e%252e"),
        ("a?page=1#x", "a%3Fpage%3D1%23x"),
        ("a b", "a%20b"),
        ("100%", "100%25"),
        ("é牙", "%C3%A9%E7%89%99"),
        ("a\r\nb", "a%0D%0Ab"),
        ("a\x00b", "a%00b"),
        ("...", "..."),
        ("\\..\\", "%5C..%5C"),
        ("https://elsewhere.example", "https%3A%2F%2Felsewhere.example"),
    ],
)
async def test_an_id_is_one_segment_whatever_is_in_it(
    part: str, path: str, api: BearerApi, api_route: respx.Route
) -> None:
    await api.get("things", part, "history")
    sent = api_route.calls.last.request.url
    assert sent.host == "acme.example"
    assert sent.raw_path.decode() == f"/v1/things/{path}/history"


@pytest.mark.parametrize("part", ["", ".", "..", "a\ud800"], ids=ascii)
async def test_an_id_that_is_none_is_not_asked_for(
    part: str, api: BearerApi, api_route: respx.Route
) -> None:
    with pytest.raises(RecordNotFound):
        await api.get("things", part)
    assert not api_route.called


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (httpx.Response(400, json={"error": "invalid_client"}), CredentialsRejected),
        (httpx.Response(401, json={"error": "access_denied"}), CredentialsRejected),
        (httpx.Response(403, text="no"), CredentialsRejected),
        (httpx.Response(404), MalformedAnswer),
        (httpx.Response(405), MalformedAnswer),
        (httpx.Response(302, headers={"Location": "/login"}), MalformedAnswer),
        (httpx.Response(429), ProviderRateLimited),
        (httpx.Response(500, text="<html>"), ProviderUnavailable),
        (httpx.ConnectTimeout("slow"), ProviderUnavailable),
        (httpx.Response(200, text="<html>"), MalformedAnswer),
        (httpx.Response(200, json={}), MalformedAnswer),
        (httpx.Response(200, json={"access_token": "a\nb"}), MalformedAnswer),
    ],
)
async def test_each_way_to_get_no_token_has_its_error(
    outcome: Any,
    kind: type[ProviderError],
    api: BearerApi,
    api_route: respx.Route,
    token_route: respx.Route,
) -> None:
    token_route.mock(side_effect=[outcome])
    with pytest.raises(kind) as caught:
        await api.get("things")
    assert type(caught.value) is kind
    assert token_route.call_count == 1
    assert not api_route.called
    assert PLANTED not in "".join(traceback.format_exception(caught.value))
