"""Time that passes only when nobody has anything to do, and a database that is waited for.

The loop never sleeps: when every task waits, it moves the time on to the next timer. While an
exchange with PostgreSQL is under way time stands still and no other exchange begins, so that the
order of all that happens depends on timers alone, and those on the seed. A statement that waits
for another transaction's lock is set aside, and taken up as soon as that transaction has ended.
"""

import asyncio
import selectors
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg

T = TypeVar("T")
AT_ONCE = 0.05
"""Real seconds after which a statement may be waiting for a lock, and is looked at."""
PATIENCE = 60.0
"""Real seconds for one exchange with PostgreSQL; then the simulation itself is at fault."""


class Stuck(BaseException):
    """Nothing can happen any more: the simulation is at fault."""


class Watcher:
    """Tells, from a thread and a connection of its own, whether a backend waits for a lock."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._connection: asyncpg.Connection = self._do(asyncpg.connect(url))

    def is_blocked(self, pid: int) -> bool:
        return bool(
            self._do(self._connection.fetchval("SELECT cardinality(pg_blocking_pids($1)) > 0", pid))
        )

    def close(self) -> None:
        self._do(self._connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, ask: Any) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(ask, self._loop)
        return future.result(PATIENCE)


@dataclass(eq=False)
class Exchange:
    """A question to one backend, which answers on one socket."""

    pid: int
    socket: int
    is_set_aside: bool = False


class _Selector(selectors.DefaultSelector):
    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return []  # somebody has something to do: news from outside may wait
        if self.loop.current is not None:
            return self._answer(self.loop.current)
        if self.loop.set_aside and (news := self._freed()):
            return news
        if timeout is None:
            raise Stuck("nobody has anything to wait for")
        self.loop.seconds += timeout
        return []

    def _answer(self, exchange: Exchange) -> list[tuple[selectors.SelectorKey, int]]:
        """What comes on its socket; nothing when it waits for a lock and was set aside."""
        for _ in range(int(PATIENCE / AT_ONCE)):
            news = super().select(AT_ONCE)
            if exchange.socket:
                news = [item for item in news if item[0].fd == exchange.socket]
            if news or exchange is not self.loop.current:
                return news
            if exchange.pid and self.loop.watcher.is_blocked(exchange.pid):
                self.loop.put_aside(exchange)
                return []
        raise Stuck("PostgreSQL does not answer")

    def _freed(self) -> list[tuple[selectors.SelectorKey, int]]:
        """The answer of a statement that got its lock, the longest waiting first."""
        for exchange in self.loop.set_aside:
            while True:
                news = [item for item in super().select(0) if item[0].fd == exchange.socket]
                if news:
                    return news
                if self.loop.watcher.is_blocked(exchange.pid):
                    break
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock begins at 0 and knows no real time."""

    def __init__(self, watcher: Watcher) -> None:
        self.seconds = 0.0
        self.watcher = watcher
        self.current: Exchange | None = None
        self.set_aside: list[Exchange] = []
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)
        self._turn = asyncio.Lock()

    def time(self) -> float:
        return self.seconds

    async def exchange(self, ask: Callable[[], Awaitable[T]], *, pid: int, socket: int) -> T:
        """Ask PostgreSQL: one at a time, to the end, however often whoever asked is cancelled."""
        task = self.create_task(self._alone(ask, Exchange(pid, socket)))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            while not task.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([task])
            raise

    async def connecting(self, connect: Callable[[], Awaitable[T]]) -> T:
        """As an exchange, on whatever sockets it opens."""
        return await self.exchange(connect, pid=0, socket=0)

    async def _alone(self, ask: Callable[[], Awaitable[T]], exchange: Exchange) -> T:
        await self._turn.acquire()
        self.current = exchange
        try:
            return await ask()
        finally:
            if exchange.is_set_aside:
                self.set_aside.remove(exchange)
            else:
                self.current = None
                self._turn.release()

    def put_aside(self, exchange: Exchange) -> None:
        exchange.is_set_aside = True
        self.set_aside.append(exchange)
        self.current = None
        self._turn.release()


def loop() -> VirtualLoop:
    running: Any = asyncio.get_running_loop()
    assert isinstance(running, VirtualLoop)
    return running
