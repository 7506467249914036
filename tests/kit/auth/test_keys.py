import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import httpx
import pytest
import respx
from jose import backends
from jose.backends.native import get_random_bytes
from tests.kit.auth.mint import Mint, ec_key, ec_record, rsa_key, rsa_record
from tests.support.clock import SetClock

from billingone_api.kit.auth.jwks import read_key_set
from billingone_api.kit.auth.keys import (
    LARGEST_KEY_SET,
    IdentityUnavailable,
    JwksKeys,
    SharedSecret,
    assert_backend,
    keys_for,
)
from billingone_api.kit.auth.rules import TokenRules
from billingone_api.kit.auth.strict import Malformed
from billingone_api.kit.auth.tokens import TokenVerifier
from billingone_api.kit.errors import Unauthenticated

URL = "https://panelone.example/auth/v1/.well-known/jwks.json"
OLD = rsa_record(rsa_key("main"), "old")
NEW = rsa_record(rsa_key("second"), "new")


def answer(*records: Any) -> httpx.Response:
    return httpx.Response(200, json={"keys": list(records)})


@pytest.fixture
def panelone() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        yield router


@pytest.fixture
def endpoint(panelone: respx.MockRouter) -> respx.Route:
    return panelone.get(URL).mock(return_value=answer(OLD))


@pytest.fixture
async def http(panelone: respx.MockRouter) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


@pytest.fixture
async def keys(http: httpx.AsyncClient, clock: SetClock) -> AsyncIterator[JwksKeys]:
    jwks = JwksKeys(http=http, url=URL, clock=clock)
    yield jwks
    await jwks.aclose()
    assert ended_as_foreseen(jwks)


def ended_as_foreseen(keys: JwksKeys) -> bool:
    """Callers get a verdict in any case; an error nobody foresaw would be hidden in the task."""
    last = keys._fetching
    return last is None or last.cancelled() or last.exception() is None


class Gate:
    """Holds an answer back until the test lets it go."""

    def __init__(self, response: httpx.Response) -> None:
        self.asked = asyncio.Event()
        self.open = asyncio.Event()
        self._response = response

    async def __call__(self, _: httpx.Request) -> httpx.Response:
        self.asked.set()
        await self.open.wait()
        return self._response


async def settled(route: respx.Route, calls: int) -> None:
    """Let a background fetch run to its end."""
    for _ in range(50):
        await asyncio.sleep(0)
    assert route.call_count == calls


async def test_a_key_is_fetched_once_and_its_object_kept(
    keys: JwksKeys, endpoint: respx.Route
) -> None:
    first = await keys.key_for("old", algorithm="RS256")
    assert await keys.key_for("old", algorithm="RS256") is first
    assert endpoint.call_count == 1
    request = endpoint.calls[0].request
    assert request.headers["Accept-Encoding"] == "identity"
    assert "Authorization" not in request.headers


async def test_a_token_without_key_id_asks_nobody(keys: JwksKeys, endpoint: respx.Route) -> None:
    with pytest.raises(Unauthenticated):
        await keys.key_for(None, algorithm="RS256")
    assert endpoint.call_count == 0


async def test_a_known_key_under_another_algorithm_causes_no_fetch(
    keys: JwksKeys, endpoint: respx.Route
) -> None:
    await keys.key_for("old", algorithm="RS256")
    with pytest.raises(Unauthenticated):
        await keys.key_for("old", algorithm="ES256")
    assert endpoint.call_count == 1


async def test_fifty_first_callers_make_one_fetch(keys: JwksKeys, endpoint: respx.Route) -> None:
    gate = Gate(answer(OLD))
    endpoint.mock(side_effect=gate)
    callers = [asyncio.create_task(keys.key_for("old", algorithm="RS256")) for _ in range(50)]
    await gate.asked.wait()
    gate.open.set()
    assert len(set(await asyncio.gather(*callers))) == 1
    assert endpoint.call_count == 1


async def test_a_caller_who_goes_away_does_not_end_the_fetch_for_others(
    keys: JwksKeys, endpoint: respx.Route
) -> None:
    gate = Gate(answer(OLD))
    endpoint.mock(side_effect=gate)
    first, second = (asyncio.create_task(keys.key_for("old", algorithm="RS256")) for _ in "12")
    await gate.asked.wait()
    first.cancel()
    with suppress(asyncio.CancelledError):
        await first
    gate.open.set()
    assert await second
    assert endpoint.call_count == 1


async def test_three_hundred_unknown_key_ids_at_once_cause_two_fetches_at_most(
    keys: JwksKeys, endpoint: respx.Route
) -> None:
    calls = [keys.key_for(f"random-{number}", algorithm="RS256") for number in range(300)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {Unauthenticated}
    assert endpoint.call_count <= 2


async def test_three_hundred_unknown_key_ids_in_a_row_cause_two_fetches_at_most(
    keys: JwksKeys, endpoint: respx.Route
) -> None:
    for number in range(300):
        with pytest.raises(Unauthenticated):
            await keys.key_for(f"random-{number}", algorithm="RS256")
    assert endpoint.call_count <= 2


async def test_a_flood_over_an_hour_is_one_fetch_a_cooldown(
    keys: JwksKeys, endpoint: respx.Route, clock: SetClock
) -> None:
    await keys.key_for("old", algorithm="RS256")
    for number in range(3600):
        clock.move(seconds=1)
        with pytest.raises(Unauthenticated):
            await keys.key_for(f"random-{number}", algorithm="RS256")
    assert endpoint.call_count == 1 + 360


async def test_a_new_key_works_on_first_use(keys: JwksKeys, endpoint: respx.Route) -> None:
    await keys.key_for("old", algorithm="RS256")
    endpoint.mock(return_value=answer(OLD, NEW))
    assert await keys.key_for("new", algorithm="RS256")
    assert endpoint.call_count == 2


async def test_a_new_key_works_one_cooldown_later_under_a_flood(
    keys: JwksKeys, endpoint: respx.Route, clock: SetClock
) -> None:
    await keys.key_for("old", algorithm="RS256")
    with pytest.raises(Unauthenticated):
        await keys.key_for("random", algorithm="RS256")
    endpoint.mock(return_value=answer(OLD, NEW))
    with pytest.raises(Unauthenticated):
        await keys.key_for("new", algorithm="RS256")
    clock.move(seconds=10)
    assert await keys.key_for("new", algorithm="RS256")


async def test_a_known_key_never_waits_past_its_time(
    keys: JwksKeys, endpoint: respx.Route, clock: SetClock
) -> None:
    await keys.key_for("old", algorithm="RS256")
    gate = Gate(answer(NEW))
    endpoint.mock(side_effect=gate)
    clock.move(minutes=10)
    assert await keys.key_for("old", algorithm="RS256")
    await gate.asked.wait()
    assert await keys.key_for("old", algorithm="RS256")
    gate.open.set()
    await settled(endpoint, calls=2)
    with pytest.raises(Unauthenticated):
        await keys.key_for("old", algorithm="RS256")


async def test_within_its_time_nothing_is_fetched(
    keys: JwksKeys, endpoint: respx.Route, clock: SetClock
) -> None:
    await keys.key_for("old", algorithm="RS256")
    clock.move(minutes=9, seconds=59)
    await keys.key_for("old", algorithm="RS256")
    await settled(endpoint, calls=1)


async def test_a_failing_refresh_is_tried_once_a_cooldown(
    keys: JwksKeys, endpoint: respx.Route, clock: SetClock
) -> None:
    await keys.key_for("old", algorithm="RS256")
    endpoint.mock(return_value=httpx.Response(500))
    clock.move(minutes=10)
    for _ in range(20):
        assert await keys.key_for("old", algorithm="RS256")
        await settled(endpoint, calls=2)
    clock.move(seconds=10)
    assert await keys.key_for("old", algorithm="RS256")
    await settled(endpoint, calls=3)


async def test_a_clock_set_back_does_not_postpone_the_next_fetch(
    keys: JwksKeys, endpoint: respx.Route, clock: SetClock
) -> None:
    await keys.key_for("old", algorithm="RS256")
    with pytest.raises(Unauthenticated):
        await keys.key_for("new", algorithm="RS256")
    endpoint.mock(return_value=answer(OLD, NEW))
    clock.move(hours=-5)
    assert await keys.key_for("new", algorithm="RS256")


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield b" " * 65_536


BAD_ANSWERS: dict[str, Any] = {
    "a server error": httpx.Response(500, json={"keys": [NEW]}),
    "not found": httpx.Response(404, json={"keys": [NEW]}),
    "no content": httpx.Response(204),
    "a redirect": httpx.Response(302, headers={"Location": "https://evil.example/jwks.json"}),
    "a permanent redirect": httpx.Response(308, headers={"Location": URL + "?again"}),
    "nothing": httpx.Response(200),
    "HTML": httpx.Response(200, html="<h1>We will be right back</h1>"),
    "half a document": httpx.Response(200, content=json.dumps({"keys": [NEW]})[:-20]),
    "an array": httpx.Response(200, json=[NEW]),
    "null": httpx.Response(200, json=None),
    "no keys member": httpx.Response(200, json={"data": [NEW]}),
    "keys that are no list": httpx.Response(200, json={"keys": {"new": NEW}}),
    "an empty set": answer(),
    "only unusable keys": answer(NEW | {"use": "enc"}, {"kty": "oct", "kid": "new", "k": "eA"}),
    "only a key named twice": answer(NEW, NEW),
    "keys twice": httpx.Response(200, content=b'{"keys": [], "keys": []}'),
    "deep nesting": httpx.Response(200, content=b'{"keys": ' + b"[" * 50_000),
    "too large": httpx.Response(
        200, content=b" " * LARGEST_KEY_SET + json.dumps({"keys": [NEW]}).encode()
    ),
    "compressed": httpx.Response(
        200,
        headers={"Content-Encoding": "gzip"},
        content=gzip.compress(json.dumps({"keys": [NEW]}).encode()),
    ),
    "a refused connection": httpx.ConnectError("refused"),
    "a time-out": httpx.ReadTimeout("slow"),
    "a broken protocol": httpx.RemoteProtocolError("half a header"),
}


@pytest.mark.parametrize("bad", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
async def test_a_bad_answer_leaves_the_last_good_set(
    keys: JwksKeys,
    panelone: respx.MockRouter,
    endpoint: respx.Route,
    clock: SetClock,
    bad: httpx.Response | Exception,
) -> None:
    evil = panelone.get(host="evil.example").mock(return_value=answer(NEW))
    await keys.key_for("old", algorithm="RS256")
    endpoint.mock(side_effect=[bad, answer(OLD, NEW)])
    with pytest.raises(Unauthenticated):
        await keys.key_for("new", algorithm="RS256")
    assert ended_as_foreseen(keys)
    assert await keys.key_for("old", algorithm="RS256")
    assert (endpoint.call_count, evil.called) == (2, False)
    clock.move(seconds=10)
    assert await keys.key_for("new", algorithm="RS256")


@pytest.mark.parametrize("bad", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
async def test_before_a_good_answer_no_token_can_be_judged(
    keys: JwksKeys, endpoint: respx.Route, clock: SetClock, bad: httpx.Response | Exception
) -> None:
    endpoint.mock(side_effect=[bad, answer(OLD)])
    for _ in range(20):
        with pytest.raises(IdentityUnavailable) as caught:
            await keys.key_for("old", algorithm="RS256")
        assert (caught.value.status, caught.value.code) == (503, "identity_unavailable")
        assert caught.value.headers == {"Retry-After": "10"}
    assert ended_as_foreseen(keys)
    assert endpoint.call_count == 1
    clock.move(seconds=10)
    assert await keys.key_for("old", algorithm="RS256")


async def test_an_endless_answer_is_cut_off(keys: JwksKeys, endpoint: respx.Route) -> None:
    endpoint.mock(return_value=httpx.Response(200, content=_endless()))
    with pytest.raises(IdentityUnavailable):
        await keys.key_for("old", algorithm="RS256")


async def test_a_silent_server_is_given_up_on(
    http: httpx.AsyncClient, endpoint: respx.Route, clock: SetClock
) -> None:
    endpoint.mock(side_effect=Gate(answer(OLD)))
    keys = JwksKeys(http=http, url=URL, clock=clock, time_out=timedelta(milliseconds=5))
    with pytest.raises(IdentityUnavailable):
        await keys.key_for("old", algorithm="RS256")


async def test_closing_ends_a_fetch_and_those_who_wait_for_it(
    http: httpx.AsyncClient, endpoint: respx.Route, clock: SetClock
) -> None:
    gate = Gate(answer(OLD))
    endpoint.mock(side_effect=gate)
    keys = JwksKeys(http=http, url=URL, clock=clock)
    waiting = asyncio.create_task(keys.key_for("old", algorithm="RS256"))
    await gate.asked.wait()
    await keys.aclose()
    with pytest.raises(IdentityUnavailable):
        await waiting
    await keys.aclose()


async def test_a_token_that_cannot_be_judged_is_not_called_bad(
    keys: JwksKeys, endpoint: respx.Route, clock: SetClock, mint: Mint
) -> None:
    endpoint.mock(return_value=httpx.Response(503))
    rules = TokenRules(
        issuer=mint.issuer, audience=mint.audience, algorithms=("RS256",), jwks_url=URL
    )
    verifier = TokenVerifier(rules, keys=keys, clock=clock)
    with pytest.raises(IdentityUnavailable):
        await verifier.verify(mint.token())
    with pytest.raises(Unauthenticated):
        await verifier.verify("a.b.c")


async def test_rotation_end_to_end(
    keys: JwksKeys, endpoint: respx.Route, clock: SetClock, mint: Mint
) -> None:
    rules = TokenRules(
        issuer=mint.issuer, audience=mint.audience, algorithms=("RS256", "ES256"), jwks_url=URL
    )
    verifier = TokenVerifier(rules, keys=keys, clock=clock)
    endpoint.mock(return_value=httpx.Response(200, json=mint.jwks()))
    assert await verifier.verify(mint.token())
    endpoint.mock(return_value=answer(ec_record(ec_key("main"), "next")))
    clock.move(minutes=10)
    assert await verifier.verify(mint.token())
    await settled(endpoint, calls=2)
    with pytest.raises(Unauthenticated):
        await verifier.verify(mint.token())


RSA = rsa_record(rsa_key("main"), "k")
EC = ec_record(ec_key("main"), "k")
UNUSABLE: dict[str, Any] = {
    "no kty": {name: value for name, value in RSA.items() if name != "kty"},
    "kty is a list": RSA | {"kty": ["RSA"]},
    "kty in lower case": RSA | {"kty": "rsa"},
    "no modulus": {name: value for name, value in RSA.items() if name != "n"},
    "modulus is a number": RSA | {"n": 12},
    "modulus is empty": RSA | {"n": ""},
    "modulus is padded": RSA | {"n": RSA["n"] + "="},
    "modulus led by zeros": RSA | {"n": "A" * 400 + "AQAB"},
    "modulus of 128 KB": RSA | {"n": "_" * 4 * 1366},
    "exponent is one": RSA | {"e": "AQ"},
    "exponent is even": RSA | {"e": "Ag"},
    "exponent is zero": RSA | {"e": "AA"},
    "exponent is huge": RSA | {"e": "_" * 400},
    "exponent is null": RSA | {"e": None},
    "use is null": RSA | {"use": None},
    "use is upper case": RSA | {"use": "SIG"},
    "key_ops is text": RSA | {"key_ops": "verify"},
    "key_ops is empty": RSA | {"key_ops": []},
    "alg of another kind": RSA | {"alg": "ES256"},
    "alg PS256": RSA | {"alg": "PS256"},
    "alg is a list": RSA | {"alg": ["RS256"]},
    "kid is missing": {name: value for name, value in RSA.items() if name != "kid"},
    "kid is null": RSA | {"kid": None},
    "kid is long": RSA | {"kid": "k" * 257},
    "EC without curve": {name: value for name, value in EC.items() if name != "crv"},
    "EC on secp256k1": EC | {"crv": "secp256k1"},
    "EC curve is a list": EC | {"crv": ["P-256"]},
    "EC coordinate short": EC | {"x": "AQAB"},
    "EC coordinates swapped": EC | {"x": EC["y"], "y": EC["x"]},
    "EC at nothing": EC | {"x": "A" * 43, "y": "A" * 43},
    "EC coordinate is null": EC | {"y": None},
    "a list": [RSA],
}


@pytest.mark.parametrize("record", UNUSABLE.values(), ids=UNUSABLE)
def test_an_unusable_key_is_left_out(record: object) -> None:
    other = rsa_record(rsa_key("second"), "other")
    body = json.dumps({"keys": [record, other, 7, None]}).encode()
    assert set(read_key_set(body)) == {"other"}


def test_what_an_id_is_given_to_twice_is_left_out_even_if_one_is_unusable() -> None:
    other = rsa_record(rsa_key("second"), "other")
    body = json.dumps({"keys": [RSA, RSA | {"use": "enc"}, other]}).encode()
    assert set(read_key_set(body)) == {"other"}


def test_a_set_without_a_usable_key_is_no_set() -> None:
    with pytest.raises(Malformed):
        read_key_set(b'{"keys": []}')


async def test_a_secret_is_for_hs256_alone() -> None:
    keys = SharedSecret("e4c1a9d07b52f8634f1d2c3b5a697887")
    assert await keys.key_for(None, algorithm="HS256") is await keys.key_for("x", algorithm="HS256")
    with pytest.raises(Unauthenticated):
        await keys.key_for(None, algorithm="RS256")


def test_the_rules_choose_where_keys_come_from(http: httpx.AsyncClient, clock: SetClock) -> None:
    published = TokenRules(issuer="i", audience="a", algorithms=("RS256",), jwks_url=URL)
    shared = TokenRules(
        issuer="i",
        audience="a",
        algorithms=("HS256",),
        shared_secret="e4c1a9d07b52f8634f1d2c3b5a697887",
    )
    assert isinstance(keys_for(published, http=http, clock=clock), JwksKeys)
    assert isinstance(keys_for(shared, http=http, clock=clock), SharedSecret)


def test_the_backend_is_cryptography() -> None:
    assert_backend()


def test_another_backend_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "RSAKey", get_random_bytes)
    with pytest.raises(RuntimeError, match="RSAKey"):
        assert_backend()
