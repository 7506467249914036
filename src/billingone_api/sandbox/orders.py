"""What the control doors take: an object or a list of them, and how they say no."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from billingone_api.sandbox.wire import decode, json_response


async def orders(request: Request) -> list[dict[str, Any]]:
    """The objects of the body, in order; none where it is empty."""
    body = await request.body()
    try:
        given = decode(body) if body else []
    except ValueError as error:
        raise HTTPException(422, "the body is no JSON") from error
    items = given if isinstance(given, list) else [given]
    if not all(isinstance(item, dict) for item in items):
        raise HTTPException(422, "the body is an object or a list of objects")
    return items


async def order(request: Request) -> dict[str, Any]:
    """The one object of the body; an empty one where there is none."""
    items = await orders(request)
    return items[0] if items else {}


async def refusal(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
    status, detail = (
        (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, "")
    )
    return json_response({"error": detail}, status=status)
