from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from billingone_api.kit.revalidation import Revalidation


@pytest.fixture
async def caller() -> AsyncIterator[httpx.AsyncClient]:
    async def tagged(request: Request) -> Response:
        status = int(request.query_params.get("status", "200"))
        headers = {"ETag": '"7"', "Cache-Control": "private, no-cache"}
        return JSONResponse({"version": 7}, status_code=status, headers=headers)

    async def untagged(request: Request) -> Response:
        return JSONResponse({})

    app = Starlette(
        routes=[
            Route("/tagged", tagged, methods=["GET", "HEAD", "PUT"]),
            Route("/untagged", untagged),
        ]
    )
    transport = httpx.ASGITransport(Revalidation(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://kit.test") as made:
        yield made


@pytest.mark.parametrize("named", ['"7"', 'W/"7"', '"6", "7"', "*", ' "7" '])
async def test_a_version_the_caller_has_is_304_with_its_tag_and_no_body(
    caller: httpx.AsyncClient, named: str
) -> None:
    answer = await caller.get("/tagged", headers={"If-None-Match": named})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == '"7"'
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "content-type" not in answer.headers
    assert "content-length" not in answer.headers


@pytest.mark.parametrize("named", ['"6"', "7", '"77"', "", '"', "W/7"])
async def test_another_version_or_none_is_answered_in_full(
    caller: httpx.AsyncClient, named: str
) -> None:
    answer = await caller.get("/tagged", headers={"If-None-Match": named})
    assert (answer.status_code, answer.json()) == (200, {"version": 7})


async def test_only_a_tagged_200_to_a_read_can_be_unchanged(caller: httpx.AsyncClient) -> None:
    named = {"If-None-Match": "*"}
    assert (await caller.put("/tagged", headers=named)).status_code == 200
    assert (await caller.get("/tagged?status=404", headers=named)).status_code == 404
    assert (await caller.get("/untagged", headers=named)).status_code == 200
