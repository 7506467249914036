"""No input of any kind, at any operation of the document, is an error of ours.

What is asked is made from the document: every parameter, every header, every field of every body.
"""

import copy
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import respx
from tests.support.api import Api, standing_api
from tests.support.figures import Tally
from tests.support.operations import JSON, OPERATIONS, Operation

from billingone_api.embedded.postgres import EmbeddedPostgres

SCOPES = (
    "organisations:write", "clients:read", "clients:write", "counts:write", "sessions:revoke",
)  # fmt: skip
# percent-encoded where an address could not hold it otherwise
TEXTS = (
    "", "%20", "%00", "%ED%A0%80", "%FF", "%25", "%5C", "%25%5C", "%27", "%22", "_", "*",
    "x" * 5000, quote("🦘" * 300), "NaN", "-1", "0", "1e400", "9" * 400, "0x10", "1.5",
    "2026-13-45", "0000-00-00", "99999-01-01", "9999-12-31", "null", "true", "[]", "%7B%7D", "..",
    "%2e%2e%2f", "%0d%0aX-Planted:%20yes", "%E2%80%AE", "%D9%A3", quote("' OR 1=1 --"),
    "0001-01-01", "2026-02-30", "-0", "1E%2B2", "%3D1%2B1", "+", quote("\u2028"), "infinity",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**63, 10**30, 1.5, 1e300, float("nan"), float("inf"), "",
    " ", "\0", "\ud800", "\udc00x", "%", "\\", "%\\", "'", "x" * 5000, "🦘" * 300, "NaN", "1e400",
    "-1e999999", "9" * 400, "2026-13-45", "9999-12-31", "\u202e", "٣", "' OR 1=1 --", [], [None],
    -0.0, "0001-01-01", "2026-02-30", "24:00", "=1+1", "../../etc/passwd", "infinity",
    "x" * 900_000, [[[]]], ["\0"], ["x"] * 2000, {}, {"a": {"b": None}}, {"\0": 1}, {"": ""},
    {"__class__": 1},
)  # fmt: skip
# what no JSON library would write, in place of a value
TOKENS = (
    b"1e400", b"-1e400", b"NaN", b"-Infinity", b"1E+999999999", b"-0", b"9" * 400, b"0x10", b"'x'",
    b"01", b"1.", b"undefined", b'"\\ud800"', b'"\\u0000"', b'"\xff"', b"/**/1", b"",
)  # fmt: skip
BODIES = (
    b"", b"{", b"[]", b"null", b"true", b"{}{}", b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"\xff",
    b"[" * 100_000, b"[" * 31 + b"]" * 31, b'{"a":' * 40 + b"1" + b"}" * 40,
    b"[" + b"1," * 400_000 + b"1]", b'{"a":1,"a":2}', b" " * 1_000_001, b'{"a":1,}',
    b"{" + b",".join(b'"k%d":1' % n for n in range(60_000)) + b"}",
)  # fmt: skip
TYPES = (
    "application/json; charset=utf-16", "application/json; charset=nonsense", "text/plain", "*/*",
    "application/x-www-form-urlencoded", "multipart/form-data", "application/json, text/plain",
    "application/xml", ";", "", "application/json; \x80",
)  # fmt: skip
HEADERS = (
    "If-Match", "If-None-Match", "Last-Event-ID", "X-Request-Id", "Accept", "Idempotency-Key",
    "X-Organisation-Id", "Authorization", "Origin", "Range", "Expect", "traceparent", "Cookie",
)  # fmt: skip
WORDS = (
    "",
    "*",
    '"',
    'W/"1"',
    '"1", "2"',
    "x" * 5000,
    "-1",
    "9" * 400,
    "\xe9",
    ",,",
    "Bearer \xe9",
)
PLACE = "in-place-of-this-4f1c"
each_operation = pytest.mark.parametrize("name", OPERATIONS)
each_with_body = pytest.mark.parametrize(
    "name", [name for name, operation in OPERATIONS.items() if operation.body]
)


@pytest.fixture(scope="module")
async def api(postgres: EmbeddedPostgres) -> AsyncIterator[Api]:
    async with standing_api(postgres) as made:
        yield made


@pytest.fixture
def caller(api: Api, name: str) -> Iterator[httpx.AsyncClient]:
    """Somebody who may, and third parties that let nobody in."""
    is_theirs = OPERATIONS[name].path.startswith("/v1/panelone/")
    with respx.mock(assert_all_called=False) as router:
        router.route(host="pax8.test").respond(401, json={"message": "no"})
        router.route(host="superops.test").respond(401)
        yield api.service(*SCOPES) if is_theirs else api.as_role("Owner")


async def send(
    operation: Operation,
    caller: httpx.AsyncClient,
    path: dict[str, str],
    *,
    query: str = "",
    headers: dict[str, bytes] | list[tuple[bytes, bytes]] | None = None,
    body: Any = None,
) -> httpx.Response:
    url = httpx.URL(str(caller.base_url)).copy_with(
        raw_path=(operation.url(path) + (f"?{query}" if query else "")).encode()
    )
    given = operation.example() if body is None else body
    content = given if isinstance(given, bytes | None) else operation.written(given)
    usual = {"Content-Type": operation.media.encode()}
    more = headers if isinstance(headers, list) else usual | (headers or {})
    return await caller.request(operation.method, url, content=content, headers=more)


def complaint(answer: httpx.Response, said: object) -> str | None:
    """What is wrong with an answer to something hostile; None while nothing is."""
    if answer.status_code >= 500:
        return f"{said!r:.80} got {answer.status_code}"
    is_problem = answer.headers.get("content-type") == "application/problem+json"
    if answer.status_code >= 400 and not is_problem:
        return f"{said!r:.80} got an error that is no problem"
    if is_problem and answer.json()["request_id"] != answer.headers["x-request-id"]:
        return f"{said!r:.80} got a problem that cannot be found again"
    if "x-planted" in answer.headers:
        return f"{said!r:.80} wrote a header"
    return None


class Asked:
    """What was asked of one operation, and what was wrong with the answers."""

    def __init__(
        self, operation: Operation, caller: httpx.AsyncClient, api: Api, tally: Tally
    ) -> None:
        self.places = operation.places(api.organisation_id)
        self._operation = operation
        self._caller = caller
        self._tally = tally
        self.count = 0
        self.complaints: list[str] = []

    async def __call__(self, said: object, **request: Any) -> None:
        path = request.pop("path", self.places)
        answer = await send(self._operation, self._caller, path, **request)
        self.count += 1
        if what := complaint(answer, said):
            self.complaints.append(what)

    def judged(self) -> None:
        assert self.complaints == []
        sentence = "19: {} hostile requests to {} operations, none of them answered 5xx"
        self._tally(sentence, self.count, self._operation.id)


@pytest.fixture
def asked(name: str, caller: httpx.AsyncClient, api: Api, tally: Tally) -> Asked:
    return Asked(OPERATIONS[name], caller, api, tally)


def places_in(value: Any) -> Iterator[list[str | int]]:
    """The way to every value inside a body."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for step, part in inner:
        yield [step]
        if isinstance(part, dict | list):
            yield from ([step, *rest] for rest in places_in(part))


def replaced(body: Any, way: list[str | int], value: Any) -> Any:
    made = copy.deepcopy(body)
    inner = made
    for step in way[:-1]:
        inner = inner[step]
    inner[way[-1]] = value
    return made


@each_operation
async def test_hostile_paths(name: str, asked: Asked) -> None:
    for parameter in OPERATIONS[name].named("path"):
        for text in TEXTS:
            await asked((parameter, text), path=asked.places | {parameter: text})
    asked.judged()


@each_operation
async def test_hostile_queries(name: str, asked: Asked) -> None:
    queries = ["unknown=1", "&&&", "=", "%00=%00", "a" * 5000, "&".join(["a=1"] * 2000)]
    for parameter in OPERATIONS[name].named("query"):
        queries += [f"{parameter}={text}" for text in TEXTS]
        queries += [parameter, f"{parameter}=1&{parameter}=2", f"{parameter}[]=1"]
    for query in queries:
        await asked(query, query=query)
    asked.judged()


@each_operation
async def test_hostile_headers(name: str, asked: Asked) -> None:
    """All words in the headers that an operation knows, and some in those that it does not."""
    known = {"Authorization", "If-None-Match", *OPERATIONS[name].named("header")}
    for header in HEADERS:
        for text in WORDS if header in known else WORDS[:3]:
            await asked((header, text), headers={header: text.encode("latin-1")})
        twice = [(header.encode(), b"a"), (header.encode(), b"b")]
        await asked((header, "twice"), headers=twice)
    asked.judged()


@each_with_body
async def test_hostile_bodies(name: str, asked: Asked) -> None:
    for value in (*VALUES[1:], *BODIES):
        await asked(value, body=value)
    for kind in TYPES:
        await asked(kind, headers={"Content-Type": kind.encode("latin-1")})
    await asked("no type", headers=[])
    asked.judged()


@each_with_body
async def test_hostile_fields(name: str, asked: Asked) -> None:
    """Every value of the example, also those inside, and every field that is not in it."""
    example = OPERATIONS[name].example()
    if OPERATIONS[name].media != JSON:
        pytest.skip("A file has rows, which tests of its area make hostile.")
    missing = set(OPERATIONS[name].fields()) - set(example)
    ways = [*places_in(example), *([field] for field in sorted(missing))]
    for way in ways:
        for value in VALUES:
            await asked((way, value), body=replaced(example, way, value))
        plain = json.dumps(replaced(example, way, PLACE)).encode()
        for token in TOKENS:
            await asked((way, token), body=plain.replace(f'"{PLACE}"'.encode(), token))
    asked.judged()
