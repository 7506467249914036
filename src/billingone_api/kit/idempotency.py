"""A POST with an `Idempotency-Key` is done once, however often it is sent (IETF draft of 2025).

The route sees the answer's bytes before the request's transaction commits, so that the key, with
the answer, commits with the effect or not at all: an error leaves the key as though it was never
used. Whoever may not, or sends what is not valid, learns that first.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any, Final, Protocol

from fastapi import Depends, Header, Request, Response
from fastapi.params import Depends as Dependency
from fastapi.routing import APIRoute

from billingone_api.kit.errors import Conflict, InvalidRequest, Pointer, ValidationFailed

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"

_STATE: Final = "answers"
_request: ContextVar[Request] = ContextVar("request")


class KeyReused(InvalidRequest):
    """The same key came with another request."""

    code = "idempotency_key_reused"
    title = "This key was used for another request"


class KeyInUse(Conflict):
    """The first request with this key is not over yet."""

    code = "idempotency_key_in_use"
    title = "The first request with this key is still under way"

    def __init__(self) -> None:
        super().__init__("Send it again in a moment.", headers={"Retry-After": "1"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, to the byte."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def of(cls, response: Response) -> "Answer":
        headers = tuple(response.headers.items())
        return cls(response.status_code, headers, bytes(response.body))

    @classmethod
    def read(cls, written: bytes) -> "Answer":
        head, _, body = written.partition(b"\n")
        status, headers = json.loads(head)
        return cls(status, tuple((name, value) for name, value in headers), body)

    def written(self) -> bytes:
        return json.dumps([self.status, self.headers]).encode() + b"\n" + self.body

    def again(self) -> Response:
        response = Response(self.body, self.status)
        response.raw_headers = [
            (name.encode("latin-1"), text.encode("latin-1")) for name, text in self.headers
        ]
        response.headers[REPLAYED] = "true"
        return response


@dataclass(frozen=True, slots=True)
class Ask:
    """A key as one caller uses it at one operation, and what they ask for under it.

    `slot` tells keys of different operations apart, `fingerprint` different requests under a key.
    """

    slot: bytes
    fingerprint: bytes


class Answers(Protocol):
    """The answers that the organisation and caller of a transaction were given."""

    async def given(self, ask: Ask) -> Answer | None:
        """What was answered; raises KeyInUse and KeyReused. Nobody else gets in until the end."""
        ...

    async def keep(self, ask: Ask, answer: Answer) -> None: ...


class _Replay(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__("replayed")
        self.answer = answer


def offer(request: Request, answers: Answers) -> None:
    """Said by whoever opens the request's transaction."""
    setattr(request.state, _STATE, answers)


def harmless(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a POST that may be done twice; a test keeps the list, with reasons."""
    endpoint.is_harmless = True  # type: ignore[attr-defined]  # a mark on a function
    return endpoint


class Once(APIRoute):
    """For the `route_class` of a router: its POSTs take an `Idempotency-Key`."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        methods: set[str] | list[str] | None = None,
        dependencies: Sequence[Dependency] | None = None,
        **more: Any,
    ) -> None:
        self.takes_key = "POST" in (methods or ()) and not hasattr(endpoint, "is_harmless")
        if self.takes_key:
            endpoint = _after_others(endpoint)
            dependencies = [*(dependencies or ()), Depends(_asked)]
        super().__init__(path, endpoint, methods=methods, dependencies=dependencies, **more)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if not self.takes_key:
            return handle

        async def once(request: Request) -> Response:
            token = _request.set(request)
            try:
                response = await handle(request)
            except _Replay as replay:
                return replay.answer.again()
            finally:
                _request.reset(token)
            if (ask := _ask_of(request)) is not None:
                await _answers_of(request).keep(ask, Answer.of(response))
            return response

        return once


def _after_others(endpoint: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Asks what was answered once the caller has been let in and the request is known as valid."""

    @wraps(endpoint)
    async def asked_first(**values: Any) -> Any:
        request = _request.get()
        _refuse_many(request)
        if (ask := _ask_of(request)) is not None:
            answer = await _answers_of(request).given(ask)
            if answer is not None:
                raise _Replay(answer)
        return await endpoint(**values)

    return asked_first


async def _asked(
    request: Request,
    key: Annotated[
        str | None,
        Header(
            alias=HEADER,
            pattern=r'^("[!#-\[\]-~]{1,255}"|[!#-\[\]-~]{1,255})$',
            description="Any new text, such as a UUID; with or without quotes. The same request "
            "with the same key within 24 hours is not done again: it gets the same answer, marked "
            f"`{REPLAYED}: true`; 409 while the first is under way, 422 for another request.",
        ),
    ] = None,
) -> None:
    if key is not None:
        route = request.scope["route"]
        place = (request.method, route.operation_id or route.path)
        said = (request.url.path, request.url.query)
        request.state.ask = Ask(
            slot=_digest(*place, key.strip('"')),
            fingerprint=_digest(*said, await request.body()),
        )


def _refuse_many(request: Request) -> None:
    if len(request.headers.getlist(HEADER)) > 1:
        at = Pointer("header", f"/{HEADER}", "too_many", "Should be sent once.")
        raise ValidationFailed("Send one key.", errors=[at])


def _ask_of(request: Request) -> Ask | None:
    ask: Ask | None = getattr(request.state, "ask", None)
    return ask


def _answers_of(request: Request) -> Answers:
    answers: Answers = getattr(request.state, _STATE)
    return answers


def _digest(*parts: str | bytes) -> bytes:
    """Each part with its length, so that no two lists of parts are written alike."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else part.encode(errors="surrogatepass")
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.digest()
