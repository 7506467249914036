"""No input of any kind, at any operation of the document, is an error of ours or changes a 2xx."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import respx
from tests.support.api import Api, standing_api
from tests.support.operations import OPERATIONS, Operation, encoded

from billingone_api.embedded.postgres import EmbeddedPostgres

SCOPES = ("organisations:write", "clients:read", "clients:write", "sessions:revoke")
# percent-encoded where an address could not hold it otherwise
TEXTS = (
    "", "%20", "%00", "%ED%A0%80", "%FF", "%25", "%5C", "%25%5C", "%27", "%22", "_", "*",
    "x" * 5000, quote("🦘" * 300), "NaN", "-1", "0", "1e400", "9" * 400, "0x10", "1.5",
    "2026-13-45", "0000-00-00", "99999-01-01", "9999-12-31", "null", "true", "[]", "%7B%7D", "..",
    "%2e%2e%2f", "%0d%0aX-Planted:%20yes", "%E2%80%AE", "%D9%A3", quote("' OR 1=1 --"),
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**63, 10**30, 1.5, 1e300, float("nan"), float("inf"), "",
    " ", "\0", "\ud800", "\udc00x", "%", "\\", "%\\", "'", "x" * 5000, "🦘" * 300, "NaN", "1e400",
    "-1e999999", "9" * 400, "2026-13-45", "9999-12-31", "\u202e", "٣", "' OR 1=1 --", [], [None],
    [[[]]], ["\0"], ["x"] * 2000, {}, {"a": {"b": None}}, {"\0": 1}, {"": ""}, {"__class__": 1},
)  # fmt: skip
each_operation = pytest.mark.parametrize("name", OPERATIONS)


@pytest.fixture(scope="module")
async def api(postgres: EmbeddedPostgres) -> AsyncIterator[Api]:
    async with standing_api(postgres) as made:
        yield made


@pytest.fixture
def caller(api: Api, name: str) -> Iterator[httpx.AsyncClient]:
    """Somebody who may, and a Pax8 that lets nobody in."""
    is_theirs = OPERATIONS[name].path.startswith("/v1/panelone/")
    with respx.mock(assert_all_called=False) as pax8:
        pax8.route(host="pax8.test").respond(401, json={"message": "no"})
        yield api.service(*SCOPES) if is_theirs else api.as_role("Owner")


async def send(
    operation: Operation,
    caller: httpx.AsyncClient,
    path: dict[str, str],
    *,
    query: str = "",
    headers: dict[str, bytes] | None = None,
    body: Any = None,
) -> httpx.Response:
    url = httpx.URL(str(caller.base_url)).copy_with(
        raw_path=(operation.url(path) + (f"?{query}" if query else "")).encode()
    )
    given = operation.example() if body is None else body
    return await caller.request(
        operation.method,
        url,
        content=None if given is None else encoded(given),
        headers={"Content-Type": b"application/json"} | (headers or {}),
    )


def complaint(answer: httpx.Response, said: object) -> str | None:
    """What is wrong with an answer to something hostile; None while nothing is."""
    if answer.status_code >= 500:
        return f"{said!r:.80} got {answer.status_code}"
    is_problem = answer.headers.get("content-type") == "application/problem+json"
    if answer.status_code >= 400 and not is_problem:
        return f"{said!r:.80} got an error that is no problem"
    if "x-planted" in answer.headers:
        return f"{said!r:.80} wrote a header"
    return None


@each_operation
async def test_hostile_paths(name: str, caller: httpx.AsyncClient, api: Api) -> None:
    operation = OPERATIONS[name]
    found = []
    for parameter in operation.named("path"):
        for text in TEXTS:
            path = operation.places(api.organisation_id) | {parameter: text}
            found.append(complaint(await send(operation, caller, path), (parameter, text)))
    assert [what for what in found if what] == []


@each_operation
async def test_hostile_queries(name: str, caller: httpx.AsyncClient, api: Api) -> None:
    operation = OPERATIONS[name]
    queries = ["unknown=1", "&&&", "=", "%00=%00", "a" * 5000]
    for parameter in operation.named("query"):
        queries += [f"{parameter}={text}" for text in TEXTS]
        queries += [parameter, f"{parameter}=1&{parameter}=2", f"{parameter}[]=1"]
    found = [
        complaint(
            await send(operation, caller, operation.places(api.organisation_id), query=query), query
        )
        for query in queries
    ]
    assert [what for what in found if what] == []


@each_operation
async def test_hostile_headers(name: str, caller: httpx.AsyncClient, api: Api) -> None:
    operation = OPERATIONS[name]
    found = []
    for header in ("If-Match", "If-None-Match", "Last-Event-ID", "X-Request-Id", "Accept"):
        for text in ("", "*", '"', 'W/"1"', '"1", "2"', "x" * 5000, "-1", "9" * 400, "\xe9", ",,"):
            answer = await send(
                operation,
                caller,
                operation.places(api.organisation_id),
                headers={header: text.encode("latin-1")},
            )
            found.append(complaint(answer, (header, text)))
    assert [what for what in found if what] == []


@pytest.mark.parametrize("name", [name for name, found in OPERATIONS.items() if found.body])
async def test_hostile_bodies(name: str, caller: httpx.AsyncClient, api: Api) -> None:
    operation, path = OPERATIONS[name], OPERATIONS[name].places(api.organisation_id)
    found = []
    for value in VALUES[1:]:
        answer = await send(operation, caller, path, body=value)
        found.append(complaint(answer, value))
    for field in operation.fields():
        for value in VALUES:
            body = operation.example() | {field: value}
            answer = await send(operation, caller, path, body=body)
            found.append(complaint(answer, (field, value)))
    assert [what for what in found if what] == []
