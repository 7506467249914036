"""A small app of the test's own, dressed as the real one is, and what hostile callers get."""

import json
from collections.abc import AsyncIterator
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.middleware.cors import CORSMiddleware
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse
from structlog.testing import capture_logs

from billingone_api.kit import problems
from billingone_api.kit.bodies import Bodies
from billingone_api.kit.errors import (
    Conflict,
    Pointer,
    TokenMissing,
    Unauthenticated,
    ValidationFailed,
)
from billingone_api.kit.pagination import ListQuery
from billingone_api.kit.requests import RequestEnvelope
from billingone_api.kit.text import storable

ORIGIN = "https://app.billingone.example"
PLANTED = "planted-7f3a"


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    quantity: Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=4)]


Kept = Annotated[str, AfterValidator(storable)]


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=20), AfterValidator(storable)]
    term: Literal["Monthly", "Annual"] = "Monthly"
    day: date | None = None
    at: datetime | None = None
    client_id: UUID | None = None
    seats: Annotated[int, Field(ge=0, le=1000)] = 1
    ratio: Annotated[float, Field(allow_inf_nan=False)] = 0
    trial: bool = False
    code: Annotated[str | None, Field(pattern=r"^[A-Z]{3}$")] = None
    lines: Annotated[list[Line], Field(max_length=3)] = []
    notes: dict[Kept, Kept] = {}


router = APIRouter(prefix="/orders")


@router.get("")
async def list_orders(query: Annotated[ListQuery, Query()]) -> dict[str, Any]:
    return query.model_dump()


@router.get("/taken")
async def taken() -> None:
    raise Conflict("Somebody was first.", headers={"Retry-After": "1"})


@router.get("/pointed")
async def pointed() -> None:
    at = Pointer("body", "/lines/0", "odd", "Should be even.")
    raise ValidationFailed("See `errors`.", errors=[at])


@router.get("/broken")
async def broken() -> None:
    raise RuntimeError(PLANTED)


@router.get("/group")
async def group() -> None:
    raise ExceptionGroup(PLANTED, [RuntimeError(PLANTED)])


@router.get("/half")
async def half() -> StreamingResponse:
    async def rows() -> AsyncIterator[bytes]:
        yield b"id,name\n"
        raise RuntimeError(PLANTED)

    return StreamingResponse(rows(), media_type="text/csv")


@router.get("/status/{status}")
async def status(status: int) -> None:
    raise HTTPException(status, PLANTED)


@router.get("/strangers")
async def strangers() -> None:
    raise Unauthenticated("Nobody we know.")


@router.get("/{order_id}")
async def get_order(order_id: UUID) -> dict[str, str]:
    return {"id": str(order_id)}


@router.post("", status_code=201)
async def create_order(order: Order) -> dict[str, str]:
    return {"name": order.name}


@router.put("/{order_id}")
async def put_order(order_id: UUID, order: Order) -> dict[str, str]:
    return {"name": order.name}


@router.delete("/{order_id}", status_code=204)
async def delete_order(order_id: UUID) -> None:
    return None


async def know_everybody(_: Request) -> None:
    return None


async def know_nobody(_: Request) -> None:
    raise TokenMissing("Nobody we know.")


def small_app(recognise: problems.Recognise = know_everybody) -> FastAPI:
    app = FastAPI(redirect_slashes=False)
    api = APIRouter(prefix="/v1")
    api.include_router(router)
    app.include_router(api)
    problems.install(app, recognise=recognise)
    app.add_middleware(Bodies, limit=1_000_000)
    app.add_middleware(RequestEnvelope)
    app.add_middleware(CORSMiddleware, allow_origins=[ORIGIN], expose_headers=["X-Request-Id"])
    return app


APP = small_app()


@pytest.fixture
async def caller() -> AsyncIterator[httpx.AsyncClient]:
    # Errors nobody caught must end as answers; what the transport would raise fails the test.
    transport = httpx.ASGITransport(APP, raise_app_exceptions=True)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://api.test", headers={"Origin": ORIGIN}
    ) as client:
        yield client


def problem_of(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem's body, whose frame is the same for every error."""
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    body: dict[str, Any] = response.json()
    assert body["type"] == f"https://billingone.dev/problems/{code}"
    assert (body["status"], body["code"]) == (status, code)
    assert body["request_id"] == response.headers["X-Request-Id"]
    assert body["title"]
    assert body["detail"]
    assert PLANTED not in response.text
    return body


def pointers_of(response: httpx.Response) -> dict[str, str]:
    body = problem_of(response, 422, "validation_failed")
    return {f"{at['in']}:{at['pointer']}": at["code"] for at in body["errors"]}


async def send(caller: httpx.AsyncClient, body: str | bytes) -> httpx.Response:
    return await caller.post(
        "/v1/orders", content=body, headers={"Content-Type": "application/json"}
    )


@pytest.mark.parametrize(
    "path",
    ["/", "/v1", "/v1/nothing", "/v1/orders/", "/V1/orders", f"/{PLANTED}", "/v1/orders/a/b"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PROPFIND"])
async def test_what_is_not_there_is_a_404(
    method: str, path: str, caller: httpx.AsyncClient
) -> None:
    body = problem_of(await caller.request(method, path), 404, "not_found")
    assert "errors" not in body


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/orders", "GET, HEAD, POST"),
        ("/v1/orders/018f7a52-4c1e-7000-9d3b-2a5c8e6f1b07", "DELETE, GET, HEAD, PUT"),
        ("/v1/orders/taken", "DELETE, GET, HEAD, PUT"),
    ],
)
@pytest.mark.parametrize("method", ["PATCH", "PROPFIND", "TRACE"])
async def test_a_405_lists_every_method_of_the_address(
    method: str, path: str, allowed: str, caller: httpx.AsyncClient
) -> None:
    response = await caller.request(method, path)
    body = problem_of(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == allowed
    assert body["detail"] == f"Allowed here: {allowed}."


@pytest.mark.parametrize(
    ("order", "pointers"),
    [
        ({}, {"body:/name": "missing"}),
        ({"name": 7}, {"body:/name": "string_type"}),
        ({"name": PLANTED * 2}, {"body:/name": "string_too_long"}),
        ({"name": f"{PLANTED}\x00"}, {"body:/name": "value_error"}),
        ({"name": "a", "term": PLANTED}, {"body:/term": "literal_error"}),
        ({"name": "a", "day": PLANTED}, {"body:/day": "date_from_datetime_parsing"}),
        ({"name": "a", "at": PLANTED}, {"body:/at": "datetime_from_date_parsing"}),
        ({"name": "a", "client_id": PLANTED}, {"body:/client_id": "uuid_parsing"}),
        ({"name": "a", "seats": PLANTED}, {"body:/seats": "int_parsing"}),
        ({"name": "a", "seats": 1.5}, {"body:/seats": "int_from_float"}),
        ({"name": "a", "seats": -1}, {"body:/seats": "greater_than_equal"}),
        ({"name": "a", "ratio": PLANTED}, {"body:/ratio": "float_parsing"}),
        ({"name": "a", "trial": PLANTED}, {"body:/trial": "bool_parsing"}),
        ({"name": "a", "code": PLANTED}, {"body:/code": "string_pattern_mismatch"}),
        ({"name": "a", "lines": PLANTED}, {"body:/lines": "list_type"}),
        ({"name": "a", "lines": [{"quantity": "1"}, {"quantity": PLANTED}]},
         {"body:/lines/1/quantity": "decimal_parsing"}),
        ({"name": "a", "lines": [{"quantity": "1.00001"}]},
         {"body:/lines/0/quantity": "decimal_max_places"}),
        ({"name": "a", "lines": [{"quantity": "NaN"}]},
         {"body:/lines/0/quantity": "finite_number"}),
        ({"name": "a", "notes": {"a/b~c": 7}}, {"body:/notes/a~1b~0c": "string_type"}),
        ({"name": "a", "colour": PLANTED}, {"body:/colour": "extra_forbidden"}),
        ({"name": 7, "seats": -1, "term": None},
         {"body:/name": "string_type", "body:/seats": "greater_than_equal",
          "body:/term": "literal_error"}),
    ],
)  # fmt: skip
async def test_a_body_that_breaks_the_rules_is_pointed_at_and_not_repeated(
    order: dict[str, Any], pointers: dict[str, str], caller: httpx.AsyncClient
) -> None:
    assert pointers_of(await caller.post("/v1/orders", json=order)) == pointers


@pytest.mark.parametrize(
    ("path", "pointers"),
    [
        ("/v1/orders?limit=0", {"query:/limit": "greater_than_equal"}),
        (f"/v1/orders?limit={PLANTED}", {"query:/limit": "int_parsing"}),
        ("/v1/orders?limit=1e400", {"query:/limit": "int_parsing"}),
        ("/v1/orders?limit=NaN", {"query:/limit": "int_parsing"}),
        (f"/v1/orders?limit={'9' * 5000}", {"query:/limit": "int_parsing_size"}),
        (f"/v1/orders?q={PLANTED}%00", {"query:/q": "value_error"}),
        ("/v1/orders?q=%00", {"query:/q": "value_error"}),
        (f"/v1/orders?q={'a' * 201}", {"query:/q": "string_too_long"}),
        (f"/v1/orders?colour={PLANTED}", {"query:/colour": "extra_forbidden"}),
        ("/v1/orders?a~b/c=1", {"query:/a~0b~1c": "extra_forbidden"}),
        (f"/v1/orders?with_total={PLANTED}", {"query:/with_total": "bool_parsing"}),
        (f"/v1/orders/{PLANTED}", {"path:/order_id": "uuid_parsing"}),
        ("/v1/orders/%00", {"path:/order_id": "uuid_parsing"}),
        ("/v1/orders/%ff%fe", {"path:/order_id": "uuid_parsing"}),
        ("/v1/orders/%ed%a0%80", {"path:/order_id": "uuid_parsing"}),
    ],
)
async def test_a_parameter_that_breaks_the_rules_is_pointed_at(
    path: str, pointers: dict[str, str], caller: httpx.AsyncClient
) -> None:
    assert pointers_of(await caller.get(path)) == pointers


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"name"',
        b"7",
        b"NaN",
        b"Infinity",
        b"1e400",
        b'{"name": NaN}',
        b'{"name": "a", "ratio": NaN}',
        b'{"name": "a", "ratio": 1e400}',
        b'{"name": "a", "ratio": -Infinity}',
        b'{"name": "a", "seats": NaN}',
        b'{"name": "a", "seats": 1e400}',
        b'{"name": "a", "seats": 99999999999999999999999999}',
        b'{"name": "a", "seats": ' + b"9" * 5000 + b"}",
        b'{"name": "a", "lines": [{"quantity": NaN}]}',
        b'{"name": "a", "lines": [{"quantity": 1e400}]}',
        b'{"name": "a", "lines": [{"quantity": "1e999999999"}]}',
        b'{"name": "a", "lines": [{"quantity": "sNaN"}]}',
        b'{"name": "\\ud800"}',
        b'{"name": "a", "term": "\\ud800"}',
        b'{"name": "a", "client_id": "\\udfff"}',
        b'{"name": "a", "\\ud800": 1}',
        b'{"name": "a", "notes": {"\\ud800": "b"}}',
        b'{"name": "a", "notes": {"b": "\\ud800"}}',
        b'{"name": "\xed\xa0\x80"}',
        b'{"name": "\xff"}',
        b"\xff\xfe\x00",
        b'{"name": "a"',
        b'{"name": "a"}}',
        b"{'name': 'a'}",
        b"[" * 100_000,
        b'{"name":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"name": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"name": "a", "day": "9999999999999999999999"}',
        b'{"name": "a", "at": 1e300}',
        b'{"name": "a", "day": 99999999999999999999}',
        b'{"name": "a", "at": "2026-11-24T01:00:00+99:99"}',
    ],
    ids=lambda body: repr(body[:44]),
)
async def test_no_body_whatever_is_an_error_of_ours(body: bytes, caller: httpx.AsyncClient) -> None:
    response = await send(caller, body)
    found = problem_of(response, 422, response.json()["code"])
    assert found["code"] in {"validation_failed", "invalid_request"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=6,
)
orders = st.dictionaries(st.sampled_from(sorted(Order.model_fields)), json_values, max_size=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=(json_values | orders).map(json.dumps) | st.binary())
async def test_every_body_is_taken_or_refused(body: str | bytes, caller: httpx.AsyncClient) -> None:
    response = await send(caller, body)
    if response.status_code != 201:
        problem_of(response, 422, response.json()["code"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.binary(max_size=60))
async def test_every_query_is_taken_or_refused(query: bytes, caller: httpx.AsyncClient) -> None:
    escaped = "".join(f"%{byte:02x}" if byte not in b"=&" else chr(byte) for byte in query)
    response = await caller.get(f"/v1/orders?{escaped}")
    if response.status_code != 200:
        problem_of(response, 422, "validation_failed")


async def test_a_field_s_name_is_repeated_in_part_only(caller: httpx.AsyncClient) -> None:
    body = json.dumps({"name": "a", "x" * 5000: 1})
    assert pointers_of(await send(caller, body)) == {f"body:/{'x' * 100}": "extra_forbidden"}


@pytest.mark.parametrize(
    "media_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "json",
        "\xff",
    ],
)
async def test_a_body_that_is_not_said_to_be_json_is_not_guessed_at(
    media_type: str | None, caller: httpx.AsyncClient
) -> None:
    headers = [] if media_type is None else [(b"Content-Type", media_type.encode("latin-1"))]
    response = await caller.post("/v1/orders", content=b'{"name": "a"}', headers=headers)
    problem_of(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media_type", ["application/json", "Application/JSON; charset=utf-8", "application/x.y+json"]
)
async def test_json_goes_by_several_names(media_type: str, caller: httpx.AsyncClient) -> None:
    headers = {"Content-Type": media_type}
    good = await caller.post("/v1/orders", content=b'{"name": "a"}', headers=headers)
    listed = await caller.post("/v1/orders", content=b"[]", headers=headers)
    assert good.status_code == 201
    assert pointers_of(listed) == {"body:": "model_attributes_type"}


async def test_no_body_at_all_is_a_missing_one(caller: httpx.AsyncClient) -> None:
    assert pointers_of(await caller.post("/v1/orders")) == {"body:": "missing"}


async def test_a_body_larger_than_the_app_reads_is_too_large(caller: httpx.AsyncClient) -> None:
    response = await send(caller, b'{"name": "' + b"a" * 1_000_001 + b'"}')
    problem_of(response, 413, "body_too_large")


async def test_a_body_that_grows_too_large_while_it_is_read_is_too_large(
    caller: httpx.AsyncClient,
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 100_000

    headers = {"Content-Type": "application/json"}
    response = await caller.post("/v1/orders", content=pieces(), headers=headers)
    problem_of(response, 413, "body_too_large")


@pytest.mark.parametrize("body", [b"{}", b"{", b"NaN", b"[" * 100_000])
async def test_a_stranger_learns_that_first_and_of_the_body_nothing(body: bytes) -> None:
    transport = httpx.ASGITransport(small_app(know_nobody))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://api.test", headers={"Origin": ORIGIN}
    ) as stranger:
        problem_of(await send(stranger, body), 401, "token_missing")


async def test_an_areas_own_error_keeps_its_code_words_and_headers(
    caller: httpx.AsyncClient,
) -> None:
    response = await caller.get("/v1/orders/taken")
    body = problem_of(response, 409, "conflict")
    assert body["title"] == "This contradicts the current state"
    assert body["detail"] == "Somebody was first."
    assert response.headers["Retry-After"] == "1"


async def test_a_decision_can_point_at_a_field(caller: httpx.AsyncClient) -> None:
    body = problem_of(await caller.get("/v1/orders/pointed"), 422, "validation_failed")
    assert body["errors"] == [
        {"in": "body", "pointer": "/lines/0", "code": "odd", "detail": "Should be even."}
    ]


async def test_a_401_says_how_to_sign_in(caller: httpx.AsyncClient) -> None:
    response = await caller.get("/v1/orders/strangers")
    problem_of(response, 401, "token_invalid")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="billingone"'


@pytest.mark.parametrize("path", ["/v1/orders/broken", "/v1/orders/group"])
async def test_an_error_nobody_foresaw_is_told_without_its_words_and_logged_with_them(
    path: str, caller: httpx.AsyncClient
) -> None:
    with capture_logs() as logs:
        response = await caller.get(path)
    body = problem_of(response, 500, "internal_error")
    assert "request_id" in body["detail"]
    failed, line = logs
    assert failed["event"] == "request_failed"
    assert PLANTED in str(failed["exc_info"])
    assert (line["event"], line["status"]) == ("request", 500)


async def test_a_500_reaches_the_browser_with_its_cors_headers(caller: httpx.AsyncClient) -> None:
    response = await caller.get("/v1/orders/broken")
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert response.headers["Access-Control-Expose-Headers"] == "X-Request-Id"


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (400, 422, "invalid_request"),
        (404, 404, "not_found"),
        (418, 422, "invalid_request"),
        (500, 500, "internal_error"),
        (503, 500, "internal_error"),
    ],
)
async def test_what_the_framework_raises_is_told_in_our_words(
    raised: int, status: int, code: str, caller: httpx.AsyncClient
) -> None:
    problem_of(await caller.get(f"/v1/orders/status/{raised}"), status, code)
