"""What happens around every request: its id, its log line, its headers, its last resort."""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from opentelemetry.trace import Span, SpanKind, StatusCode
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billingone_api.kit import metrics, problems, tracing
from billingone_api.kit.errors import Internal
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
        with _seen(scope) as answer:
            await self._answered(scope, receive, send, answer)

    async def _answered(
        self, scope: Scope, receive: Receive, send: Send, answer: "_Answer"
    ) -> None:
        async def send_dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = scope["state"]["request_id"]
                headers.update(scope["state"].get(_TOLD, {}))
                for name, value in _SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                answer.begin(message["status"], headers)
            await send(message)

        try:
            await self.app(scope, receive, send_dressed)
        except Exception as error:
            if answer.status is not None:
                # The answer has begun: cutting the connection is the only honest end.
                log.exception("response_broken")
                raise
            await problems.internal(scope, error)(scope, receive, send_dressed)


@dataclass(slots=True)
class _Answer:
    """What is known of an answer once it has begun."""

    status: int | None = None
    is_stream: bool = False

    def begin(self, status: int, headers: MutableHeaders) -> None:
        self.status = status
        if headers.get("content-type", "").startswith("text/event-stream"):
            self.is_stream = True
            metrics.STREAMS_OPEN.inc()


@contextmanager
def _seen(scope: Scope) -> Iterator[_Answer]:
    """A span, a line in the log and a measurement for each request, however it ends."""
    answer, started, method = _Answer(), time.perf_counter(), scope["method"]
    above = Headers(scope=scope).get(tracing.TRACEPARENT)
    with (
        tracing.span(method, kind=SpanKind.SERVER, parent=above) as span,
        metrics.REQUESTS_IN_FLIGHT.track_inprogress(),
    ):
        try:
            yield answer
        finally:
            route, seconds = _template(scope), time.perf_counter() - started
            if answer.is_stream:
                metrics.STREAMS_OPEN.dec()
            metrics.observe_request(method, route, answer.status, seconds)
            _describe(span, method, route, answer.status)
            _log_line(method, route, answer.status, seconds)


def _describe(span: Span, method: str, route: str | None, status: int | None) -> None:
    """The path and its query stay out: a ticket may stand in them."""
    if not span.is_recording():
        return
    span.update_name(f"{method} {route or 'unknown'}")
    span.set_attributes({"http.request.method": method, "http.route": route or "unknown"})
    if status is not None:
        span.set_attribute("http.response.status_code", status)
        if status >= Internal.status:
            span.set_status(StatusCode.ERROR)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _WELL_FORMED.fullmatch(given) else str(new_id())


def _log_line(method: str, route: str | None, status: int | None, seconds: float) -> None:
    log.info(
        "request",
        method=method,
        route=route,
        status=status,
        milliseconds=round(seconds * 1000, 1),
    )


def _template(scope: Scope) -> str | None:
    """The route's whole path with its parameters' names; None where no route matched."""
    # The route of an included router knows its own half of the path only.
    included: Any = scope.get("fastapi", {}).get("effective_route_context")
    return getattr(included or scope.get("route"), "path_format", None)
