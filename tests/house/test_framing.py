"""What every request meets, whichever area answers: bodies, methods, headers, the last resort."""

import asyncio
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from tests.support.api import Api, standing_api
from tests.support.operations import ANY_ID
from tests.support.server import send_raw, serving

from billingone_api.billing.access.models import Caller, Permission
from billingone_api.billing.access.wiring import May
from billingone_api.embedded.postgres import EmbeddedPostgres

ORIGIN = "https://app.billingone.dev"
JSON = {"Content-Type": "application/json"}
read_dashboard = May(Permission.DASHBOARD_READ)
run_syncs = May(Permission.SYNCS_RUN)


class Practice(BaseModel):
    name: str
    amount: Decimal
    count: int
    notes: dict[str, Any] = {}


@pytest.fixture(scope="module")
async def api(postgres: EmbeddedPostgres) -> AsyncIterator[Api]:
    """With two routes of no area, so that what is seen here is the frame's doing."""
    async with standing_api(postgres) as made:
        add_routes(made)
        yield made


def add_routes(api: Api) -> None:
    @api.app.post("/v1/practice")
    async def practise(
        body: Practice, caller: Annotated[Caller, Depends(run_syncs)]
    ) -> dict[str, str]:
        return {"name": body.name}

    @api.app.get("/v1/practice/missing")
    async def miss(caller: Annotated[Caller, Depends(read_dashboard)]) -> None:
        raise FileNotFoundError("planted-4f1c")

    @api.app.get("/v1/practice")
    async def fail(caller: Annotated[Caller, Depends(read_dashboard)]) -> None:
        raise RuntimeError("planted-4f1c")


@pytest.fixture
async def port(api: Api) -> AsyncIterator[int]:
    async with serving(api.app) as found:
        yield found


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


GOOD = b'{"name": "x", "amount": "1.50", "count": 1}'


async def test_a_good_body_is_read(api: Api) -> None:
    answer = await api.finance.post("/v1/practice", content=GOOD, headers=JSON)
    assert (answer.status_code, answer.json()) == (200, {"name": "x"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"NaN",
        b"1e400",
        b'"\\ud800"',
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"9" * 5000,
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"name": "x", "amount": NaN, "count": 1}',
        b'{"name": "x", "amount": -Infinity, "count": 1}',
        b'{"name": "x", "amount": 1e400, "count": 1}',
        b'{"name": "x", "amount": "1e999999999", "count": "1"}',
        b'{"name": "\\ud800", "amount": "1", "count": 1}',
        b'{"\\ud800": 1}',
        b'{"name": "x", "amount": "1", "count": 1e400}',
        b'{"name": "x", "amount": "1", "count": NaN}',
        b'{"name": "x", "amount": "1", "count": ' + b"9" * 5000 + b"}",
        b'{"name": ' + b"[" * 900 + b"]" * 900 + b', "amount": 1, "count": 1}',
    ],
)
async def test_a_hostile_body_is_told_what_is_wrong_and_not_echoed(api: Api, body: bytes) -> None:
    answer = await api.finance.post("/v1/practice", content=body, headers=JSON)
    if b"1e999999999" in body:
        assert answer.status_code in {200, 422}
        return
    assert answer.status_code == 422
    assert answer.json()["code"] in {"validation_failed", "invalid_request"}
    assert b"99999" not in answer.content


async def test_an_error_points_at_the_field_and_repeats_no_value(api: Api) -> None:
    body = {"name": 7, "amount": "planted-7d1e", "count": "planted-7d1e"}
    answer = await api.finance.post("/v1/practice", json=body)
    assert_problem(answer, 422, "validation_failed")
    found = {(at["in"], at["pointer"], at["code"]) for at in answer.json()["errors"]}
    assert found == {
        ("body", "/name", "string_type"),
        ("body", "/amount", "decimal_parsing"),
        ("body", "/count", "int_parsing"),
    }
    assert "planted" not in answer.text


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/json",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "*/*",
        "nonsense",
        "",
    ],
)
async def test_a_body_that_does_not_say_it_is_json_is_415(api: Api, content_type: str) -> None:
    answer = await api.finance.post(
        "/v1/practice", content=GOOD, headers={"Content-Type": content_type}
    )
    assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/a+json",
    ],
)
async def test_every_spelling_of_json_is_read(api: Api, content_type: str) -> None:
    answer = await api.finance.post(
        "/v1/practice", content=GOOD, headers={"Content-Type": content_type}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b"\xff", b"{}", GOOD])
@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
async def test_whoever_is_nobody_learns_that_before_anything_about_the_body(
    api: Api, body: bytes, content_type: str
) -> None:
    answer = await api.nobody.post(
        "/v1/practice", content=body, headers={"Content-Type": content_type}
    )
    assert_problem(answer, 401, "token_missing")


async def test_whoever_may_not_learns_that_before_which_fields_are_wrong(api: Api) -> None:
    answer = await api.viewer.post("/v1/practice", json={"name": 7})
    assert_problem(answer, 403, "forbidden")


async def chunks(count: int, size: int = 64 * 1024) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b" " * size


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/practice"),
        ("GET", "/v1/me"),
        ("PUT", "/v1/me"),
        ("POST", "/v1/nowhere"),
        ("POST", "/livez"),
    ],
)
async def test_a_body_of_10_mb_is_413_wherever_it_is_sent(api: Api, method: str, path: str) -> None:
    answer = await api.finance.request(
        method, path, content=b" " * 10_000_000, headers=JSON | {"Origin": ORIGIN}
    )
    assert_problem(answer, 413, "body_too_large")
    assert answer.headers["access-control-allow-origin"] == ORIGIN


async def test_a_body_that_hides_its_length_is_413_once_it_is_too_long(api: Api) -> None:
    answer = await api.finance.post("/v1/practice", content=chunks(160), headers=JSON)
    assert_problem(answer, 413, "body_too_large")


async def test_a_body_of_exactly_the_limit_is_read(api: Api) -> None:
    limit = 1_000_000
    for surplus, status in ((0, 200), (1, 413)):
        body = GOOD + b" " * (limit - len(GOOD) + surplus)
        answer = await api.finance.post("/v1/practice", content=body, headers=JSON)
        assert answer.status_code == status


@pytest.mark.parametrize("declared", ["0x10", "-1", "1e9", "9" * 5000, " ", "1,000", "+5"])
async def test_a_length_that_is_no_number_breaks_nothing(port: int, declared: str) -> None:
    request = f"POST /v1/practice HTTP/1.1\r\nHost: x\r\nContent-Length: {declared}\r\n\r\n"
    status, _ = await asyncio.wait_for(send_raw(port, request.encode()), 10)
    assert 400 <= status < 500


async def test_a_client_that_streams_10_mb_over_a_socket_gets_its_413(api: Api, port: int) -> None:
    token = api.mint.person(api.organisation_id)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        answer = await http.post(
            "/v1/practice",
            content=chunks(160),
            headers=JSON | {"Authorization": f"Bearer {token}"},
        )
    assert_problem(answer, 413, "body_too_large")


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/", "/v1/nowhere", "/v1/me/", "/V1/me", "/v1//me", "/favicon.ico"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "BREW"])
async def test_an_unknown_address_is_a_problem(api: Api, path: str, method: str) -> None:
    assert_problem(await api.finance.request(method, path), 404, "not_found")


@pytest.mark.parametrize("path", ["/v1/%00", "/v1/\udcff".encode("utf-8", "surrogateescape")])
async def test_an_address_that_is_no_text_is_not_found(port: int, path: str | bytes) -> None:
    raw = path if isinstance(path, bytes) else path.encode()
    status, _ = await send_raw(
        port, b"GET " + raw + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    assert status in {400, 404}


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/v1/practice", "GET, HEAD, POST"), ("/v1/me", "GET, HEAD"), ("/livez", "GET, HEAD")],
)
@pytest.mark.parametrize("method", ["PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
async def test_a_method_that_is_not_there_is_told_all_that_are(
    api: Api, path: str, allowed: str, method: str
) -> None:
    answer = await api.finance.request(method, path)
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


async def test_an_error_nobody_foresaw_says_nothing_and_a_browser_may_read_it(api: Api) -> None:
    answer = await api.finance.get("/v1/practice", headers={"Origin": ORIGIN})
    assert_problem(answer, 500, "internal_error")
    assert "planted" not in answer.text
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "x-request-id" in answer.headers["access-control-expose-headers"].lower()


async def test_an_os_error_of_a_handler_is_ours_and_not_the_databases(api: Api) -> None:
    answer = await api.finance.get("/v1/practice/missing")
    assert_problem(answer, 500, "internal_error")
    assert "planted" not in answer.text


async def test_a_foreign_origin_gets_no_leave_to_read(api: Api) -> None:
    answer = await api.finance.get("/v1/me", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


async def test_a_preflight_names_the_methods_and_headers_of_the_app(api: Api) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "PATCH"}
    asked["Access-Control-Request-Headers"] = "authorization, if-match, idempotency-key"
    answer = await api.nobody.options("/v1/practice", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    refused = await api.nobody.options("/v1/practice", headers=asked | {"Origin": "https://a.b"})
    assert_problem(refused, 400, "origin_refused")
    assert "access-control-allow-origin" not in refused.headers


async def test_a_page_may_read_how_a_file_is_called(api: Api) -> None:
    headers = {"Origin": ORIGIN}
    answer = await api.viewer.get("/v1/subscriptions/export.csv", headers=headers)
    assert "filename=" in answer.headers["content-disposition"]
    assert "Content-Disposition" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    "path",
    ["/v1/me", "/v1/syncs", "/v1/definitions", "/v1/subscriptions/export.csv", "/v1/nowhere"],
)
async def test_head_is_get_without_a_body(api: Api, port: int, path: str) -> None:
    """Over a socket: whatever else came would be taken for the beginning of the next answer."""
    headers = {"Authorization": f"Bearer {api.mint.person(api.organisation_id)}"}
    varying = {"date", "x-request-id", "transfer-encoding", "content-length"}
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", trust_env=False, headers=headers
    ) as http:
        full, head, again = [await http.request(m, path) for m in ("GET", "HEAD", "GET")]
    assert head.content == b""
    assert again.content[:20] == full.content[:20]
    assert head.status_code == full.status_code
    shown = [{n: v for n, v in one.headers.items() if n not in varying} for one in (full, head)]
    assert shown[0] == shown[1]


async def test_head_of_what_is_only_posted_is_405(api: Api) -> None:
    answer = await api.finance.request("HEAD", f"/v1/syncs/{ANY_ID}/cancel")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_head_of_a_stream_does_not_wait_for_its_end(api: Api, port: int) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0.01)

    @api.app.get("/v1/endless")
    async def stream(caller: Annotated[Caller, Depends(read_dashboard)]) -> StreamingResponse:
        return StreamingResponse(endless())

    headers = {"Authorization": f"Bearer {api.mint.person(api.organisation_id)}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        answer = await http.head("/v1/endless", headers=headers)
        assert (answer.status_code, answer.content) == (200, b"")
        assert (await http.get("/livez")).status_code == 200


async def test_health_answers_head_and_get_without_a_token(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        for path in ("/livez", "/readyz"):
            assert [(await http.request(m, path)).status_code for m in ("GET", "HEAD")] == [
                200,
                200,
            ]


@pytest.mark.parametrize("path", ["/v1/me", "/v1/nowhere", "/livez", "/docs"])
async def test_every_answer_carries_the_security_headers(api: Api, path: str) -> None:
    headers = (await api.finance.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [
        ("abcdefgh", True),
        ("0192f0c1-2222-7000-8000-000000000001", True),
        ("short", False),
        ("x" * 65, False),
        ("with space", False),
        ('"};alert(1)', False),
    ],
)
async def test_a_callers_request_id_is_kept_where_it_is_harmless(
    api: Api, given: str, *, is_kept: bool
) -> None:
    answer = await api.finance.get("/v1/me", headers={"X-Request-Id": given})
    assert (answer.headers["x-request-id"] == given) is is_kept


async def test_an_address_is_not_redirected_and_no_host_is_echoed(api: Api) -> None:
    answer = await api.finance.get("/v1/me/", headers={"Host": "evil.example"})
    assert answer.status_code == 404
    assert "evil.example" not in answer.text + json.dumps(dict(answer.headers))
