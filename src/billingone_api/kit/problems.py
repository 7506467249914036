"""Every error leaves as problem+json (RFC 9457), from here."""

import json
from collections.abc import Awaitable, Callable, Sequence
from email.message import Message
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Scope

from billingone_api.kit.errors import (
    ApiError,
    Internal,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    Pointer,
    UnsupportedMedia,
    ValidationFailed,
)

MEDIA_TYPE = "application/problem+json"
DOCUMENTATION = "https://billingone.dev/problems/"
log = structlog.get_logger()

# pydantic's own words for these repeat no part of the value that was sent
_SAFE_WORDS = frozenset(
    {
        "bool_parsing",
        "bool_type",
        "date_type",
        "decimal_max_digits",
        "decimal_max_places",
        "dict_type",
        "enum",
        "extra_forbidden",
        "finite_number",
        "greater_than",
        "greater_than_equal",
        "int_parsing",
        "int_type",
        "less_than",
        "less_than_equal",
        "list_type",
        "literal_error",
        "missing",
        "string_pattern_mismatch",
        "string_too_long",
        "string_too_short",
        "string_type",
        "too_long",
        "too_short",
    }
)
_WORDS = {
    "date_from_datetime_parsing": "Should be a date, YYYY-MM-DD.",
    "date_parsing": "Should be a date, YYYY-MM-DD.",
    "datetime_from_date_parsing": "Should be an instant, RFC 3339.",
    "datetime_parsing": "Should be an instant, RFC 3339.",
    "decimal_parsing": "Should be a decimal number.",
    "json_invalid": "The body is not valid JSON.",
    "uuid_parsing": "Should be a UUID.",
    "uuid_type": "Should be a UUID.",
}


def response(error: ApiError, *, request_id: str) -> Response:
    return Response(
        json.dumps(body(error, request_id=request_id)).encode(),
        status_code=error.status,
        headers={"Cache-Control": "no-store", **error.headers},
        media_type=MEDIA_TYPE,
    )


def body(error: ApiError, *, request_id: str) -> dict[str, Any]:
    """The members of a problem; also for one row among many, inside an answer that is none."""
    members: dict[str, Any] = {
        "type": DOCUMENTATION + error.code,
        "title": error.title,
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
        "request_id": request_id,
    }
    if error.errors:
        members["errors"] = [
            {"in": at.place, "pointer": at.pointer, "code": at.code, "detail": at.detail}
            for at in error.errors
        ]
    return members


Recognise = Callable[[Request], Awaitable[object]]


def install(app: FastAPI, *, recognise: Recognise) -> None:
    """Answer for every kind of error that FastAPI and Starlette know.

    `recognise` raises the ApiError of a caller who has no business here. FastAPI reads a body
    before it asks anybody who they are; here whoever is nobody learns that first.
    """

    @app.exception_handler(ApiError)
    async def tell(request: Request, error: ApiError) -> Response:
        return response(error, request_id=request_id(request.scope))

    @app.exception_handler(RequestValidationError)
    async def tell_validation(request: Request, error: RequestValidationError) -> Response:
        told = from_validation(error.errors(), content_type=request.headers.get("content-type"))
        return await tell_recognised(request, told)

    @app.exception_handler(HTTPException)
    async def tell_http(request: Request, error: HTTPException) -> Response:
        told = from_http(error, request)
        if isinstance(told, InvalidRequest):
            return await tell_recognised(request, told)
        return await tell(request, told)

    async def tell_recognised(request: Request, error: ApiError) -> Response:
        try:
            await recognise(request)
        except ApiError as stranger:
            return await tell(request, stranger)
        return await tell(request, error)


def request_id(scope: Scope) -> str:
    return str(scope.get("state", {}).get("request_id", ""))


def internal(scope: Scope, error: Exception) -> Response:
    """An error nobody foresaw: told without its words, logged with all of them."""
    log.error("request_failed", exc_info=error)
    detail = "An error of ours. It is in our log under this request_id."
    return response(Internal(detail), request_id=request_id(scope))


def from_validation(found: Sequence[Any], *, content_type: str | None) -> ApiError:
    if not is_json(content_type) and any(_is_of_whole_body(item) for item in found):
        return UnsupportedMedia()
    return validation_failed([_pointer(item) for item in found])


def validation_failed(errors: Sequence[Pointer]) -> ApiError:
    return ValidationFailed(
        "See `errors`: each points at one field and says what it should be.", errors=errors
    )


def is_json(content_type: str | None) -> bool:
    """As FastAPI judges it: a body of any other type reaches the model unread."""
    header = Message()
    header["content-type"] = content_type or "text/plain"
    subtype = header.get_content_subtype()
    return header.get_content_maintype() == "application" and (
        subtype == "json" or subtype.endswith("+json")
    )


def _is_of_whole_body(item: dict[str, Any]) -> bool:
    return tuple(item["loc"]) == ("body",) and item["type"] != "missing"


def _pointer(item: dict[str, Any]) -> Pointer:
    place, *path = item["loc"]
    kind = str(item["type"])
    if kind == "json_invalid":
        path = []
    words = item["msg"] if kind in _SAFE_WORDS else _WORDS.get(kind)
    if kind == "value_error" and item.get("ctx", {}).get("error") is not None:
        # raised by validators of ours, whose words never repeat the value
        words = str(item["ctx"]["error"])
    if kind in {"union_tag_not_found", "union_tag_invalid"}:
        context = item["ctx"]
        known = context.get("expected_tags", "it is missing")
        words = f"Its {context['discriminator']} should say which kind it is: {known}."
    return Pointer(
        place=str(place),
        pointer="".join("/" + escaped(str(part)) for part in path),
        code=kind,
        detail=words or "Is not valid.",
    )


def escaped(part: str) -> str:
    """A JSON pointer's step; what a caller named a field may hold anything, so it is cut short."""
    printable = part.encode("utf-8", "replace").decode()[:100]
    return printable.replace("~", "~0").replace("/", "~1")


def from_http(error: HTTPException, request: Request) -> ApiError:
    if isinstance(error.__cause__, ApiError):
        return error.__cause__  # FastAPI wraps whatever goes wrong while it reads a body
    if error.status_code == NotFound.status:
        return NotFound()
    if error.status_code == MethodNotAllowed.status:
        allowed = ", ".join(sorted(methods_at(request.app.routes, request.scope)))
        return MethodNotAllowed(f"Allowed here: {allowed}.", headers={"Allow": allowed})
    if error.status_code < Internal.status:
        return InvalidRequest("The body could not be read as JSON.")
    return Internal("An error of ours. It is in our log under this request_id.")


def methods_at(routes: Sequence[BaseRoute], scope: Scope) -> set[str]:
    """Every method that some route answers at this path: Starlette names the first route's only."""
    path = scope["path"]
    found: set[str] = set()
    for route in iter_route_contexts(routes):
        if route.methods and route.path_regex.match(path):
            found |= route.methods
    # see kit/heads.py
    return found | {"HEAD"} if "GET" in found else found
