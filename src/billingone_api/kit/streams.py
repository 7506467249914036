"""Streams of events (server-sent events, HTML 9.2): what they tell, and who reads for all of them.

A stream tells of a thing's revisions, which only grow, and ends after the last one. It begins with
what is there now, so that nobody has to have heard what was told before.
"""

import asyncio
from collections import Counter
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Mapping,
)
from contextlib import aclosing
from contextvars import Context
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import structlog
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

Key = TypeVar("Key")
State = TypeVar("State")

_SECONDS: Final = 1.0
_BEAT: Final = 15
"""Looks without news after which a comment keeps proxies from closing the line."""
log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def documented(words: str, example: str) -> dict[int | str, dict[str, Any]]:
    """What a route that answers with a stream says of it in the document."""
    return {
        200: {
            "description": f"{words} Ids are opaque. A comment comes every {_BEAT} seconds.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": example}},
        },
        204: {"description": "The event named by `Last-Event-ID` was the last: do not come again."},
    }


class EventStream(StreamingResponse):
    """Not FastAPI's own, which cannot answer 204 to whoever has had the last event."""

    media_type = "text/event-stream"

    def __init__(self, content: AsyncIterable[bytes], status_code: int = 200) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(content, status_code, headers)


@dataclass(frozen=True, slots=True)
class News:
    """What a thing is at one revision; `data` is written out only where somebody is told."""

    name: str
    revision: int
    data: Callable[[], str]
    is_last: bool


async def told(
    news: AsyncGenerator[News | None], seen: int, event_id: Callable[[int], str]
) -> AsyncIterator[bytes]:
    """What is newer than `seen`, until the last; None is for whoever may not watch any more."""
    silence = 0
    async with aclosing(news):
        async for one in news:
            if one is None:
                return
            if one.is_last or one.revision > seen:
                seen, silence = one.revision, 0
                yield format_sse_event(event=one.name, id=event_id(seen), data_str=one.data())
                if one.is_last:
                    return
            elif (silence := silence + 1) % _BEAT == 0:
                # With an id, which browsers keep: a ticket is good for as long as they hear of us.
                yield format_sse_event(comment="still here", id=event_id(seen))


class Poller(Generic[Key, State]):
    """Reads once a second, for all streams of a process together, what each of them watches.

    Whoever's read fails hears what is known already, and the next one comes a second later; `read`
    leaves out keys for which it failed.
    """

    def __init__(
        self,
        read: Callable[[Collection[Key]], Awaitable[Mapping[Key, State]]],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._read = read
        self._sleep = sleep
        self._watchers: Counter[Key] = Counter()
        self._states: Mapping[Key, State] = {}
        self._turn = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def states(self, key: Key) -> AsyncGenerator[State]:
        """What it is a second from now, and so on; whoever is slow misses some."""
        self._watchers[key] += 1
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._poll(), context=Context())
        try:
            while True:
                await self._turn.wait()
                if key in self._states:
                    yield self._states[key]
        finally:
            self._watchers[key] -= 1
            if not self._watchers[key]:
                del self._watchers[key]

    async def _poll(self) -> None:
        while True:
            await self._sleep(_SECONDS)
            if not self._watchers:
                self._states = {}
                return
            try:
                known = {**self._states, **await self._read(tuple(self._watchers))}
                self._states = {key: known[key] for key in self._watchers if key in known}
            except Exception:
                log.exception("streams_not_read", watched=len(self._watchers))
            turn, self._turn = self._turn, asyncio.Event()
            turn.set()
