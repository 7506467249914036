from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
import structlog
from structlog.testing import capture_logs
from tests.kit.test_problems import APP, PLANTED

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}


@pytest.fixture
async def caller() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
        yield client


async def test_each_request_has_an_id_of_its_own(caller: httpx.AsyncClient) -> None:
    answers = [await caller.get("/v1/orders") for _ in range(3)]
    found = {UUID(answer.headers["X-Request-Id"]) for answer in answers}
    assert len(found) == 3
    assert {one.version for one in found} == {7}


@pytest.mark.parametrize("given", ["a1b2c3d4", "trace_01-AbC", "018f7a52-4c1e-7000", "a" * 64])
async def test_a_well_formed_id_of_the_callers_is_kept(
    given: str, caller: httpx.AsyncClient
) -> None:
    answer = await caller.get("/v1/nothing", headers={"X-Request-Id": given})
    assert answer.headers["X-Request-Id"] == given
    assert answer.json()["request_id"] == given


@pytest.mark.parametrize(
    "given",
    ["", "short", "a" * 65, "with space", "<script>1", "a1b2c3d4\t", "a1b2c3d4\xff", "é" * 9],
)
async def test_any_other_id_is_replaced(given: str, caller: httpx.AsyncClient) -> None:
    answer = await caller.get("/v1/orders", headers=[(b"X-Request-Id", given.encode("latin-1"))])
    assert UUID(answer.headers["X-Request-Id"]).version == 7


@pytest.mark.parametrize("path", ["/v1/orders", "/v1/nothing", "/v1/orders/broken"])
async def test_every_answer_wears_the_security_headers(
    path: str, caller: httpx.AsyncClient
) -> None:
    answer = await caller.get(path)
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1/orders?q=planted-7f3a", {"route": "/v1/orders", "status": 200}),
        ("/v1/orders/planted-7f3a", {"route": "/v1/orders/{order_id}", "status": 422}),
        ("/v1/planted-7f3a", {"route": None, "status": 404}),
    ],
)
async def test_one_line_tells_of_a_request_without_its_values(
    path: str, expected: dict[str, Any], caller: httpx.AsyncClient
) -> None:
    with capture_logs() as logs:
        await caller.get(path, headers={"Authorization": f"Bearer {PLANTED}"})
    (line,) = logs
    assert line.pop("milliseconds") >= 0
    assert line == {"event": "request", "method": "GET", "log_level": "info"} | expected
    assert PLANTED not in str(line)


async def test_what_is_bound_belongs_to_its_request_alone(caller: httpx.AsyncClient) -> None:
    structlog.contextvars.bind_contextvars(organisation="of the request before")
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        answer = await caller.get("/v1/orders")
    (line,) = logs
    assert "organisation" not in line
    assert line["request_id"] == answer.headers["X-Request-Id"]


async def test_an_answer_that_breaks_in_the_middle_is_cut_and_logged(
    caller: httpx.AsyncClient,
) -> None:
    with capture_logs() as logs, pytest.raises(RuntimeError):
        await caller.get("/v1/orders/half")
    assert [line["event"] for line in logs] == ["response_broken", "request"]
    assert logs[1]["status"] == 200
