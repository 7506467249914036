"""What happens around every request: its id, its log line, its headers, its last resort."""

import re
import time
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billingone_api.kit import problems
from billingone_api.kit.ids import new_id

log = structlog.get_logger()
_WELL_FORMED = re.compile(r"[A-Za-z0-9_\-]{8,64}")
_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}


_TOLD = "told"


def tell(scope: Scope, headers: Mapping[str, str]) -> None:
    """Have the answer carry these headers, whichever it will be."""
    scope["state"][_TOLD] = headers


class RequestEnvelope:
    """Gives each request an id, logs one line for it, and turns what nobody caught into a 500.

    It stands inside the CORS middleware, so that a 500 carries CORS headers like any answer:
    Starlette's own last resort stands outside it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status: MutableMapping[str, int] = {}

        async def send_dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                status["code"] = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                headers.update(scope["state"].get(_TOLD, {}))
                for name, value in _SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, send_dressed)
        except Exception as error:
            if "code" in status:
                # The answer has begun: cutting the connection is the only honest end.
                log.exception("response_broken")
                raise
            await problems.internal(scope, error)(scope, receive, send_dressed)
        finally:
            _log_line(scope, status.get("code"), time.perf_counter() - started)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _WELL_FORMED.fullmatch(given) else str(new_id())


def _log_line(scope: Scope, status: int | None, seconds: float) -> None:
    log.info(
        "request",
        method=scope["method"],
        route=_template(scope),
        status=status,
        milliseconds=round(seconds * 1000, 1),
    )


def _template(scope: Scope) -> str | None:
    """The route's whole path with its parameters' names; None where no route matched."""
    # The route of an included router knows its own half of the path only.
    included: Any = scope.get("fastapi", {}).get("effective_route_context")
    return getattr(included or scope.get("route"), "path_format", None)
