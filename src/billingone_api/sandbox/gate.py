"""The door of each third party, where latency is added and faults strike."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billingone_api.sandbox.faults import HEADER, Fault, Faults, UnknownFault
from billingone_api.sandbox.wire import json_response

_BAD_FAULT: Final = 400


def _nothing_moves() -> None:
    """A third party whose lists do not shift."""


def _nothing_around(app: ASGIApp) -> ASGIApp:
    """A third party that does the same to every answer, spoiled or not: nothing."""
    return app


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """A room of the practice ground: its name in the address, its app, and how it says no.

    `around` is put outside the gate: it meets answers while they wait and after they are spoiled.
    """

    name: str
    app: ASGIApp
    refusal: Callable[[int, str], Response]
    shift: Callable[[], None] = _nothing_moves
    around: Callable[[ASGIApp], ASGIApp] = _nothing_around


class Gate:
    """An ASGI app around a third party's own: it waits, fails, or lets pass."""

    def __init__(self, party: ThirdParty, *, faults: Faults, latency_seconds: float = 0) -> None:
        self._party = party
        self._faults = faults
        self._latency = latency_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._party.app(scope, receive, send)
            return
        if self._latency:
            await asyncio.sleep(self._latency)
        path = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
        try:
            fault = self._fault(scope, path)
        except UnknownFault as error:
            refusal = json_response({"error": str(error)}, status=_BAD_FAULT)
            await refusal(scope, receive, send)
            return
        await self._through(fault, path, scope, receive, send)

    def _fault(self, scope: Scope, path: str) -> Fault | None:
        asked = Headers(scope=scope).get(HEADER)
        if asked is not None:
            return Fault.parse(asked)
        return self._faults.due(self._party.name, scope["method"], path)

    async def _through(
        self, fault: Fault | None, path: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if fault is None:
            await self._party.app(scope, receive, send)
            return
        await asyncio.sleep(fault.seconds)
        if fault.word == "shift":
            self._party.shift()
        answer = self._instead(fault, path)
        if answer is None:
            sender = _Dropped(send) if fault.word == "drop" else _Spoiled(send, fault)
            await self._party.app(scope, receive, sender)
        else:
            await answer(scope, receive, send)

    def _instead(self, fault: Fault, path: str) -> Response | None:
        if fault.status is None:
            return fault.replacement()
        refusal = self._party.refusal(fault.status, path)
        if fault.argument:
            refusal.headers["Retry-After"] = fault.argument
        return refusal


class _Spoiled:
    """Collects an answer, lets the fault change its body, and sends it with a true length."""

    def __init__(self, send: Send, fault: Fault) -> None:
        self._send = send
        self._fault = fault
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return
        body = self._fault.spoil(self._body)
        await self._send({**self._start, "headers": _with_length(self._start, len(body))})
        await self._send({"type": "http.response.body", "body": body})


class _Dropped:
    """Promises the whole body, sends half of it, and never says that it ended.

    The server then closes the connection, which is the only way ASGI has to drop one.
    """

    def __init__(self, send: Send) -> None:
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            message = {**message, "body": body[: len(body) // 2], "more_body": True}
        await self._send(message)


def _with_length(start: Message, length: int) -> list[tuple[bytes, bytes]]:
    kept = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
    return [*kept, (b"content-length", str(length).encode())]
