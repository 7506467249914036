"""The only way to PostgreSQL, where workers meet their fate.

Every statement of every simulated program passes here, as what goes over the wire: so a worker can
die, freeze or lose its connection before or after any of them, a commit included.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

import asyncpg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.simulation.virtual import loop

from billingone_api.database.engine import create_engine

CONNECTIONS = 16
"""Of each program: more than are ever in use at once."""
LIFE: ContextVar["Life | None"] = ContextVar("life", default=None)
LEASE: ContextVar[str] = ContextVar("lease", default="")
_TURNS = ("INSERT INTO provider_limits ", "UPDATE provider_limits ")
"""What writes to the one row that several requests of a worker want at once."""


class Died(Exception):
    """This worker is no more: nothing that it still does may reach anybody."""


class Broken(ConnectionError):
    """The connection broke; whether the server did what it was asked, nobody can tell."""


@dataclass(eq=False)
class Life:
    """One process from its start to its end; `frozen_until` is in seconds of the loop."""

    name: str
    is_over: bool = False
    frozen_until: float = 0.0
    end: Callable[[], None] = lambda: None
    """Stops its tasks; set by whoever started it."""

    async def wait(self, seconds: float) -> None:
        """As long as that, and as long as the process is frozen."""
        try:
            # Never two at the same instant: what they do next would be in no certain order.
            await asyncio.sleep(seconds + max(0.0, self.frozen_until - loop().time()))
        except asyncio.CancelledError:
            self.check()
            raise
        self.check()

    def check(self) -> None:
        if self.is_over:
            raise Died(self.name)

    def die(self) -> None:
        self.is_over = True
        self.end()


@dataclass
class Fate:
    """What happens around one statement; drawn by the plan of faults."""

    seconds: float = 0.001
    dies_before: bool = False
    breaks_before: bool = False
    breaks_after: bool = False
    dies_after: bool = False


@dataclass
class Transaction:
    """What a connection has sent since its BEGIN."""

    life: Life | None
    statements: list[str] = field(default_factory=list)
    turns: asyncio.Lock | None = None
    """Held until it ends."""

    async def queue(self, turns: asyncio.Lock) -> None:
        """PostgreSQL wakes all who wait for a row, and which of them is first is nobody's plan."""
        if self.turns is None:
            await turns.acquire()
            self.turns = turns

    def end(self) -> None:
        if self.turns is not None:
            self.turns.release()
            self.turns = None

    def touches(self, table: str) -> bool:
        return any(f"UPDATE {table} " in sent for sent in self.statements)


class Around(Protocol):
    """What a door asks of the world around it."""

    def now(self) -> datetime:
        """What the server's clock says."""
        ...

    def fate(self, life: Life, statement: str) -> Fate: ...

    async def committed(self, transaction: Transaction) -> None: ...

    def tell(self, what: str) -> None: ...


class Door:
    """Shared by all programs of a simulation, and by one world after the other."""

    world: Around

    def __init__(self) -> None:
        self._connections: list[asyncpg.Connection] = []
        self._turns = asyncio.Lock()

    def enter(self, world: Around) -> None:
        """From here on what happens is that world's."""
        self.world = world
        self._turns = asyncio.Lock()

    def shut(self) -> None:
        """Whoever still has a connection, after a world that ended badly, has it no longer."""
        for connection in self._connections:
            connection.terminate()

    def engine(self, url: str, name: str) -> AsyncEngine:
        engine = create_engine(url, pool_size=CONNECTIONS, name=name)

        @event.listens_for(engine.sync_engine, "do_connect")
        def _(_dialect: Any, _record: Any, _arguments: Any, given: dict[str, Any]) -> None:
            given["async_creator_fn"] = self._connect
            given["command_timeout"] = None  # the exchange has its own, in real seconds

        return engine

    async def _connect(self, *arguments: Any, **given: Any) -> asyncpg.Connection:
        door, kind = self, given.pop("connection_class")

        class Connection(kind):  # type: ignore[misc]  # asyncpg ships no types
            def __init__(self, protocol: Any, *more: Any) -> None:
                self.wire = Wire(protocol, door, self)
                super().__init__(self.wire, *more)
                door._connections.append(self)

            async def _introspect_types(self, *asked: Any) -> Any:
                self.wire.is_making_ready = True
                try:
                    return await super()._introspect_types(*asked)
                finally:
                    self.wire.is_making_ready = False

            def _cleanup(self) -> None:
                self.wire.end_transaction()
                super()._cleanup()

        # Whatever socket it opens: nothing else is under way meanwhile.
        return await loop().connecting(
            lambda: asyncpg.connect(*arguments, connection_class=Connection, **given)
        )

    async def passes(self, wire: "Wire", name: str, sent: tuple[Any, ...], more: Any) -> Any:
        statement = _statement(name, sent, more)
        life = LIFE.get()
        if statement.startswith("BEGIN;"):
            wire.end_transaction()
            wire.transaction = Transaction(life)
            sent = (self._begin(statement), *sent[1:])
        transaction = wire.transaction
        if name not in _STATEMENTS or transaction is None or wire.is_making_ready:
            # Making ready, which a connection does once and not in each world: fate would be drawn
            # more often for the one that has not met a type of arrays before.
            return await self._ask(wire, name, sent, more)
        if statement == "ROLLBACK;":
            # What a server does by itself about a connection that went away.
            try:
                return await self._ask(wire, name, sent, more)
            finally:
                wire.end_transaction()
        transaction.statements.append(statement)
        try:
            return await self._befalls(
                wire, life, statement, lambda: self._ask(wire, name, sent, more)
            )
        except BaseException as error:
            if statement.startswith(("BEGIN;", "COMMIT;")):
                await self._end_transaction(wire)
            if isinstance(error, asyncio.CancelledError) and life is not None:
                life.check()
            raise

    async def _befalls(
        self, wire: "Wire", life: Life | None, statement: str, ask: Callable[[], Awaitable[Any]]
    ) -> Any:
        fate = await self._fate(life, statement)
        self._before(life, fate, statement)
        if statement.startswith(_TURNS) and wire.transaction is not None:
            await wire.transaction.queue(self._turns)
        answer = await ask()
        if statement == "COMMIT;" and (transaction := wire.transaction) is not None:
            wire.end_transaction()
            await self.world.committed(transaction)
        self._after(life, fate, statement)
        return answer

    async def _end_transaction(self, wire: "Wire") -> None:
        """As the server does: whoever began it is not there to roll it back."""
        wire.forget_transaction()
        if wire.protocol.is_in_transaction():
            await self._ask(wire, "query", ("ROLLBACK;", None), {})

    async def _fate(self, life: Life | None, statement: str) -> Fate:
        if life is None:
            return Fate()
        life.check()
        fate = self.world.fate(life, statement)
        await life.wait(fate.seconds)
        return fate

    def _before(self, life: Life | None, fate: Fate, statement: str) -> None:
        if life is None or not (fate.dies_before or fate.breaks_before):
            return
        if fate.dies_before:
            self.world.tell(f"{life.name} dies before {statement[:40]}")
            life.die()
            life.check()
        self.world.tell(f"{life.name}'s connection breaks before {statement[:40]}")
        raise Broken(statement)

    def _after(self, life: Life | None, fate: Fate, statement: str) -> None:
        if life is None:
            return
        if fate.dies_after:
            self.world.tell(f"{life.name} dies after {statement[:40]}")
            life.die()
        life.check()
        if fate.breaks_after:
            self.world.tell(f"{life.name}'s connection breaks after {statement[:40]}")
            raise Broken(statement)

    def _begin(self, statement: str) -> str:
        return (
            f"{statement}; SET LOCAL simulated.at = '{self.world.now().isoformat()}'; "
            f"SET LOCAL simulated.lease = '{LEASE.get()}'"
        )

    async def _ask(self, wire: "Wire", name: str, sent: tuple[Any, ...], more: Any) -> Any:
        return await loop().exchange(
            lambda: getattr(wire.protocol, name)(*sent, **more), pid=wire.pid, socket=wire.socket
        )


_STATEMENTS = frozenset({"query", "bind_execute", "bind_execute_many", "copy_in"})
_CALLS = _STATEMENTS | {
    "prepare", "bind", "execute", "copy_out", "close_statement", "close_portal", "close",
}  # fmt: skip


class Wire:
    """Stands for asyncpg's protocol: what waits for the server goes through the door."""

    def __init__(self, protocol: Any, door: Door, connection: Any) -> None:
        self.protocol = protocol
        self.transaction: Transaction | None = None
        self.is_making_ready = False
        """While asyncpg asks how to read a type, of its own accord and amid a transaction."""
        self._door = door
        self._connection = connection

    @property
    def pid(self) -> int:
        return int(self.protocol.get_server_pid())

    @cached_property
    def socket(self) -> int:
        number: int = self._connection._transport.get_extra_info("socket").fileno()
        return number

    def end_transaction(self) -> None:
        if self.transaction is not None:
            self.transaction.end()
            self.transaction = None

    def forget_transaction(self) -> None:
        # asyncpg goes on believing in the transaction of a BEGIN that failed.
        self.end_transaction()
        self._connection._top_xact = None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.protocol, name)
        if name not in _CALLS:
            return found

        async def call(*sent: Any, **more: Any) -> Any:
            return await self._door.passes(self, name, sent, more)

        return call


def _statement(name: str, sent: tuple[Any, ...], more: dict[str, Any]) -> str:
    """What is asked, in SQL."""
    given = [*sent, *more.values()]
    return str(getattr(given[0], "query", given[0] if given else name))
