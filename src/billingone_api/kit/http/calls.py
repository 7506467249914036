"""Sends a request and brings its JSON, or one of the errors of kit/http/errors.py."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import httpx
from opentelemetry.trace import SpanKind

from billingone_api.kit.clock import Clock
from billingone_api.kit.http.bodies import NotJson, read_json, read_up_to
from billingone_api.kit.http.errors import (
    CircuitOpen,
    HttpError,
    HttpGarbled,
    HttpRateLimited,
    HttpRefused,
    HttpUnavailable,
)
from billingone_api.kit.http.limits import Limiter
from billingone_api.kit.http.retries import RetryPolicy, read_retry_after
from billingone_api.kit.metrics import timed
from billingone_api.kit.tracing import span

Sleep = Callable[[float], Awaitable[None]]
Query = Mapping[str, str | int]

LARGEST_ANSWER: Final = 10 * 1024 * 1024
_LARGEST_REFUSAL: Final = 64 * 1024
_PACKINGS: Final = frozenset({"", "identity", "gzip"})

_NOT_SENDABLE: Final = (
    httpx.InvalidURL,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
    ValueError,
)


class _Settled(HttpGarbled):
    """Asking again would bring the same: a redirect, a body beyond our limit."""


class _Unsendable(HttpUnavailable):
    """The request itself is at fault, and would be the next time."""


@dataclass(frozen=True, slots=True)
class _Call:
    """One request as it will be sent, once or several times."""

    method: str
    url: str
    options: Mapping[str, Any]

    @property
    def host(self) -> str:
        try:
            return httpx.URL(self.url).host
        except httpx.InvalidURL:
            return "an address that is none"


class JsonCalls:
    """Requests to one third party, each attempt in its turn and within `seconds`.

    GET is repeated as the policy says: after 408, 429, 5xx, time-outs, broken lines and bodies
    that are no JSON. POST is sent once: nobody can tell what became of the first one.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        limiter: Limiter,
        clock: Clock,
        sleep: Sleep,
        policy: RetryPolicy | None = None,
        seconds: float = 30,
    ) -> None:
        self._http = http
        self._limiter = limiter
        self._clock = clock
        self._sleep = sleep
        self._policy = policy or RetryPolicy()
        self._seconds = seconds

    async def get(
        self, url: str, *, query: Query | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        call = _Call("GET", url, {"params": query, "headers": _asking_for_json(headers)})
        return await self._repeated(call)

    async def post_json(self, url: str, *, body: object) -> Any:
        call = _Call("POST", url, {"json": body, "headers": _asking_for_json(None)})
        return await self._once(call)

    async def post_form(self, url: str, *, form: Mapping[str, str]) -> Any:
        call = _Call("POST", url, {"data": form, "headers": _asking_for_json(None)})
        return await self._once(call)

    async def _repeated(self, call: _Call) -> Any:
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._once(call)
            except (HttpUnavailable, HttpRateLimited) as error:
                wait = self._wait(attempt, error)
                if wait is None:
                    raise
            await self._sleep(wait)

    def _wait(self, attempt: int, error: HttpUnavailable | HttpRateLimited) -> float | None:
        if isinstance(error, _Settled | _Unsendable | CircuitOpen):
            return None
        return self._policy.wait(
            attempt,
            limited=isinstance(error, HttpRateLimited),
            retry_after=error.retry_after,
        )

    async def _once(self, call: _Call) -> Any:
        await self._limiter.wait_turn()
        try:
            answer = await self._answer(call)
        except HttpError as error:
            await self._limiter.heed(error)
            raise
        await self._limiter.heed(None)
        return answer

    async def _answer(self, call: _Call) -> Any:
        status, body, retry_after = await self._exchange(call)
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise _refusal(call.host, status, body, retry_after)
        if len(body) > LARGEST_ANSWER:
            raise _Settled(f"{call.host} sent more than {LARGEST_ANSWER} bytes")
        try:
            return read_json(body)
        except NotJson as error:
            raise HttpGarbled(f"{call.host} answered {status} without JSON") from error

    async def _exchange(self, call: _Call) -> tuple[int, bytes, float | None]:
        """Seen by method, host and status alone: an address may hold what is nobody's business."""
        facts = {"http.request.method": call.method, "server.address": call.host}
        with (
            span(f"{call.method} {call.host}", kind=SpanKind.CLIENT, facts=facts) as seen,
            timed(call.host) as timing,
        ):
            status, body, retry_after = await self._sent(call)
            timing.status = status
            seen.set_attribute("http.response.status_code", status)
            return status, body, retry_after

    async def _sent(self, call: _Call) -> tuple[int, bytes, float | None]:
        try:
            # httpx's own time-outs start anew with every byte: a drip would last for ever.
            async with (
                asyncio.timeout(self._seconds),
                self._http.stream(call.method, call.url, **call.options) as response,
            ):
                _refuse_packings(call.host, response)
                limit = LARGEST_ANSWER if response.is_success else _LARGEST_REFUSAL
                body = await read_up_to(limit, response)
                return response.status_code, body, self._retry_after(response)
        except _NOT_SENDABLE:
            # The cause would carry a header along.
            raise _Unsendable(f"the request to {call.host} cannot be sent") from None
        except (httpx.HTTPError, TimeoutError) as error:
            reason = type(error).__name__
            raise HttpUnavailable(f"{call.host} did not answer ({reason})") from error

    def _retry_after(self, response: httpx.Response) -> float | None:
        return read_retry_after(response.headers.get("Retry-After"), now=self._clock.now())


def _asking_for_json(headers: Mapping[str, str] | None) -> dict[str, str]:
    return {"Accept": "application/json"} | dict(headers or {})


def _refuse_packings(host: str, response: httpx.Response) -> None:
    # Each layer of packing multiplies what a chunk expands to, before it can be counted.
    if response.headers.get("Content-Encoding", "").strip().lower() not in _PACKINGS:
        raise _Settled(f"{host} packs its answers in a way that we did not ask for")


def _refusal(host: str, status: int, body: bytes, retry_after: float | None) -> HttpError:
    message = f"{host} answered {status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return HttpRateLimited(message, retry_after=retry_after)
    if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return HttpUnavailable(message, retry_after=retry_after)
    if status >= HTTPStatus.BAD_REQUEST:
        return HttpRefused(message, status=status, body=body[:_LARGEST_REFUSAL])
    return _Settled(message)
