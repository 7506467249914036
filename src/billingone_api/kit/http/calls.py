"""Sends a request and brings its JSON, or one of the errors of kit/http/errors.py."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

import httpx
from opentelemetry.trace import SpanKind

from billingone_api.kit.clock import Clock
from billingone_api.kit.http.answers import Answer, Settled, read_answer
from billingone_api.kit.http.errors import (
    CircuitOpen,
    HttpError,
    HttpFailed,
    HttpRateLimited,
    HttpUnavailable,
)
from billingone_api.kit.http.limits import Limiter, Slots, Unlimited
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.kit.metrics import timed
from billingone_api.kit.tracing import span

Sleep = Callable[[float], Awaitable[None]]
Query = Mapping[str, str | int]
Judge = Callable[[Any], Any]
"""Gives what is of use in an answer of success, or raises the HttpError that it holds."""
T = TypeVar("T")

_NOT_SENDABLE: Final = (
    httpx.InvalidURL,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
    ValueError,
)


class _Unsendable(HttpUnavailable):
    """The request itself is at fault, and would be the next time."""


@dataclass(frozen=True, slots=True)
class _Call:
    """One request as it will be sent, once or several times."""

    method: str
    url: str
    options: Mapping[str, Any]
    query: Query | None = None

    @property
    def address(self) -> str:
        # httpx would write "+" for a space, which not everybody reads as one.
        asked = urlencode(self.query or {}, quote_via=quote)
        return f"{self.url}?{asked}" if asked else self.url

    @property
    def host(self) -> str:
        try:
            return httpx.URL(self.url).host
        except httpx.InvalidURL:
            return "an address that is none"


class JsonCalls:
    """Requests to one third party, each attempt in its turn and within `seconds`.

    What only reads (`get` and `query`) is repeated as the policy says: after 408, 429, 5xx,
    time-outs, broken lines and bodies that are no JSON. All else is sent once: nobody can tell
    what became of the first one.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        limiter: Limiter,
        clock: Clock,
        sleep: Sleep,
        policy: RetryPolicy | None = None,
        slots: Slots | None = None,
        seconds: float = 30,
    ) -> None:
        self._http = http
        self._limiter = limiter
        self._clock = clock
        self._sleep = sleep
        self._policy = policy or RetryPolicy()
        self._slots = slots or Unlimited()
        self._seconds = seconds

    async def get(
        self, url: str, *, query: Query | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        call = _Call("GET", url, {"headers": _asking_for_json(headers)}, query)
        return await self._repeated(call, Answer.json)

    async def query(
        self, url: str, *, body: object, judge: Judge, headers: Mapping[str, str] | None = None
    ) -> Any:
        """A POST that changes nothing at their end, as GraphQL reads.

        Where they say in an answer of success that they cannot, `judge` raises it: so it is
        repeated, and told to whoever keeps the turns, as a status would be. HttpFailed is
        repeated and not told.
        """
        call = _Call("POST", url, {"json": body, "headers": _asking_for_json(headers)})
        return await self._repeated(call, lambda answer: judge(answer.json()))

    async def post_json(self, url: str, *, body: object) -> Any:
        call = _Call("POST", url, {"json": body, "headers": _asking_for_json(None)})
        return await self._once(call)

    async def post_form(
        self, url: str, *, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Any:
        call = _Call("POST", url, {"data": form, "headers": _asking_for_json(headers)})
        return await self._once(call)

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        """For what is answered by its status alone; the body may be empty, or anything."""
        call = _Call(method, url, {"headers": _asking_for_json(headers)})
        await self._heeded(call, lambda _: None)

    async def _repeated(self, call: _Call, read: Callable[[Answer], T]) -> T:
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._heeded(call, read)
            except (HttpUnavailable, HttpRateLimited) as error:
                wait = self._wait(attempt, error)
                if wait is None:
                    raise
            await self._sleep(wait)

    def _wait(self, attempt: int, error: HttpUnavailable | HttpRateLimited) -> float | None:
        if isinstance(error, Settled | _Unsendable | CircuitOpen):
            return None
        return self._policy.wait(
            attempt,
            limited=isinstance(error, HttpRateLimited),
            retry_after=error.retry_after,
        )

    async def _once(self, call: _Call) -> Any:
        return await self._heeded(call, Answer.json)

    async def _heeded(self, call: _Call, read: Callable[[Answer], T]) -> T:
        await self._limiter.wait_turn()
        async with self._slots.slot():
            try:
                found = read(await self._accepted(call))
            except HttpError as error:
                await self._limiter.heed(None if isinstance(error, HttpFailed) else error)
                raise
        await self._limiter.heed(None)
        return found

    async def _accepted(self, call: _Call) -> Answer:
        """Of a status of success; raises HttpErrors for all others, with their headers."""
        answer = await self._exchange(call)
        wait = self._policy.read_wait(answer.headers, self._clock.now())
        if not answer.is_success:
            raise answer.refusal(wait=wait)
        return answer

    async def _exchange(self, call: _Call) -> Answer:
        """Seen by method, host and status alone: an address may hold what is nobody's business."""
        facts = {"http.request.method": call.method, "server.address": call.host}
        with (
            span(f"{call.method} {call.host}", kind=SpanKind.CLIENT, facts=facts) as seen,
            timed(call.host) as timing,
        ):
            answer = await self._sent(call)
            timing.status = answer.status
            seen.set_attribute("http.response.status_code", answer.status)
            return answer

    async def _sent(self, call: _Call) -> Answer:
        try:
            # httpx's own time-outs start anew with every byte: a drip would last for ever.
            async with (
                asyncio.timeout(self._seconds),
                self._http.stream(call.method, call.address, **call.options) as response,
            ):
                return await read_answer(call.host, response)
        except _NOT_SENDABLE:
            # The cause would carry a header along.
            raise _Unsendable(f"the request to {call.host} cannot be sent") from None
        except (httpx.HTTPError, TimeoutError) as error:
            reason = type(error).__name__
            raise HttpUnavailable(f"{call.host} did not answer ({reason})") from error


def _asking_for_json(headers: Mapping[str, str] | None) -> dict[str, str]:
    return {"Accept": "application/json"} | dict(headers or {})
