"""A small world in which workers copy a Pax8 while everything goes wrong that a seed thinks of.

What is real: the worker's loop, its leases and heartbeats, the engine, the source and its sweeps,
the Pax8 client with its retries, limiter and tokens, and PostgreSQL itself with every statement.
What is simulated: time (virtual.py), what befalls a statement (door.py), Pax8 (pax8.py) and the
bell. One seed decides all of it (faults.py) and so does the same thing each time.

A world begins with an organisation and a few workers. For a while people start, cancel and
reconnect, workers are restarted and everything else goes wrong; at each commit of a batch the
checks look (checks.py). Then it is calm, all that is due is done, a last sync runs, and the rows
must be what Pax8 has.
"""

import asyncio
import random
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

import structlog
from tests.simulation.checks import Checks, Violation
from tests.simulation.door import LEASE, LIFE, Broken, Died, Fate, Life, Transaction
from tests.simulation.faults import Faults
from tests.simulation.pax8 import Account, Pax8Wire
from tests.simulation.stage import Stage
from tests.simulation.virtual import loop

from billingone_api.billing.integrations import service as integrations_service
from billingone_api.billing.integrations.adapters.postgres import PostgresIntegrations
from billingone_api.billing.integrations.adapters.vault import CipherVault
from billingone_api.billing.integrations.models import ClientCredentials
from billingone_api.billing.sources import SOURCES
from billingone_api.billing.subscribers import SUBSCRIBERS
from billingone_api.billing.syncs import service as syncs_service
from billingone_api.billing.syncs.models import Claim, Mode, Trigger
from billingone_api.billing.syncs.ports import Source
from billingone_api.billing.syncs.wiring import runs_in, syncs_in
from billingone_api.kit.cipher import Secret
from billingone_api.kit.http.client import create_http_client
from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.request import Work
from billingone_api.worker import Worker

T = TypeVar("T")
BASE: Final = datetime(2026, 11, 24, 1, tzinfo=UTC)
_SOURCES: Final = {source.key: source for source in SOURCES}
PAX8: Final = "pax8"
MOST_DRAINS: Final = 300
SWEEP: Final = 20
LEASE_SECONDS: Final = timedelta(seconds=30)
_NO_TIME: Final = timedelta()


class LeasedWorker(Worker):
    """The real one, which says at the door under which lease it works."""

    async def _work(self, claim: Claim) -> None:
        LEASE.set(str(claim.lease))
        await super()._work(claim)


@dataclass
class Skewed:
    """A machine's clock, which is some way off."""

    world: "World"
    off: timedelta

    def now(self) -> datetime:
        return BASE + timedelta(seconds=loop().time()) + self.off


@dataclass
class Bell:
    """Rings late, twice or not at all."""

    world: "World"

    async def ring(self) -> None:
        self.world.ring()


@dataclass(eq=False)
class Slot:
    """A place for a worker: when one has died or was stopped, another takes it."""

    name: str
    life: Life
    worker: Worker
    task: asyncio.Task[None]
    wake: Callable[[], None] = lambda: None


async def at_once(work: Callable[[], T]) -> T:
    """A thread would run by another clock than the simulation's."""
    return work()


class World:
    """One seed's."""

    def __init__(self, stage: Stage, seed: int, *, sources: Sequence[Source] = SOURCES) -> None:
        self.seed = seed
        self.sources = sources
        self.chance = random.Random(seed)  # noqa: S311 - it must be predictable
        self.account = Account()
        self.trace: list[str] = []
        self.organisation_id = new_id()
        self.faults = Faults.drawn(self.chance, self.account, seconds=40, tell=self.tell)
        self.checks = Checks(self.organisation_id, self.account, stage.fetch)
        self.violation: Violation | None = None
        self.stage = stage
        self.off = timedelta()
        self.slots: list[Slot] = []
        self.syncs: list[UUID] = []
        self.credentials = 0
        self.lives = 0
        self.runs = 0

    # What the door and the loggers are told

    def now(self) -> datetime:
        """What the database's clock shows."""
        return BASE + timedelta(seconds=loop().time()) + self.off

    def tell(self, what: str) -> None:
        self.trace.append(f"{loop().time():9.3f}  {what}")

    def fate(self, life: Life, statement: str) -> Fate:
        return self.faults.around(life, statement)

    async def committed(self, transaction: Transaction) -> None:
        if transaction.life is not None and transaction.touches("sync_steps"):
            try:
                await self.checks.after_a_batch()
            except Violation as violation:
                self._found(violation)

    def log(self, _logger: Any, _name: str, line: dict[str, Any]) -> dict[str, Any]:
        life = LIFE.get()
        told = {
            name: value for name, value in line.items() if name in {"problem", "status", "reason"}
        }
        self.tell(f"{life.name if life else 'people'}: {line['event']} {told or ''}")
        error = line.get("exc_info")
        if error is True:
            error = sys.exc_info()[1]
        if isinstance(error, BaseException) and not _is_ours(error):
            self._found(Violation(f"{line['event']}: {error!r}"), error)
        raise structlog.DropEvent

    def ring(self) -> None:
        for slot in self.slots:
            for _ in range(self.chance.choice((1, 1, 1, 2))):
                if self.faults.is_heard():
                    loop().call_later(self.chance.uniform(0, 0.2), slot.wake)

    def _found(self, violation: Violation, cause: BaseException | None = None) -> None:
        self.tell(f"VIOLATION: {violation}")
        if self.violation is None:
            violation.__cause__ = cause
            self.violation = violation

    # A life of its own

    async def live(self) -> None:
        """From the beginning to the end; raises Violation."""
        await self._prepare()
        for number in range(self.chance.choice((1, 2, 3))):
            self.slots.append(self._begin(f"w{number}"))
        await self._troubled_times()
        self.faults.calm()
        self.tell("calm from here on")
        await self._drain()
        await self._last_sync()
        for slot in self.slots:
            await self._stop(slot)
        for engine in self.stage.engines.values():
            if engine.pool.checkedout():  # type: ignore[attr-defined]  # of a QueuePool
                raise Violation("a connection was not given back")
        await self.checks.at_the_end()
        self._judge(await self.checks.runs())
        self._look()

    async def _prepare(self) -> None:
        for _ in range(self.chance.randint(0, 4)):
            self.account.add("companies")
        for _ in range(self.chance.choice((0, 2, 5, 9, 14))):
            self.account.add("subscriptions")
        await self.stage.introduce(self.organisation_id)
        await self.connect()

    async def _troubled_times(self) -> None:
        restless = self.chance.random() < 0.15
        events = [(0.0, self.sync), *self._events()]
        if restless:
            events += [(0.3 * turn, self._restart_one) for turn in range(1, 12)]
        for when, act in sorted(events, key=lambda event: event[0]):
            await asyncio.sleep(max(0.0, when - loop().time()))
            await act()
            self._look()
            self._revive()

    def _events(self) -> list[tuple[float, Callable[[], Awaitable[None]]]]:
        acts: tuple[Callable[[], Awaitable[None]], ...] = (
            self.sync, self.sync, self.cancel, self.connect, self._restart_one, self._jump,
            self._shrink, self._change,
        )  # fmt: skip
        count = self.chance.randint(1, 6)
        return [
            (self.chance.uniform(0, self.faults.seconds), self.chance.choice(acts))
            for _ in range(count)
        ]

    async def _drain(self) -> None:
        """Until no sync is due; whoever waits for long is spared the wait."""
        for _ in range(MOST_DRAINS):
            self._look()
            self._revive()
            work = await self.stage.due(self.organisation_id)
            if work is None:
                return
            in_hand, waits = (max(at - self.now(), _NO_TIME) for at in work)
            if _NO_TIME < in_hand <= LEASE_SECONDS:
                await asyncio.sleep(2)
                continue
            if skipped := max(in_hand, waits):
                self.tell(f"time passes: {skipped}")
                self.off += skipped
            self.ring()
            await asyncio.sleep(SWEEP + 1 if self.faults.is_redis_gone else 1)
        raise Violation("work is due and nobody does it")

    async def _last_sync(self) -> None:
        """Of a Pax8 that stands still; a person confirms what may have gone."""
        await self._unschedule()
        self.checks.is_confirmed = True
        await self.sync(confirm=True)
        await self._drain()
        await self.checks.got_through(self.syncs[-1])

    def _judge(self, runs: Any) -> None:
        self.runs = len(runs)
        for run in runs:
            if run["problem"] == "worker_lost" and self.faults.interruptions < 5:
                raise Violation("given up as lost, with fewer than five interruptions")

    def _look(self) -> None:
        if self.violation is not None:
            raise self.violation

    # Workers

    def _begin(self, name: str) -> Slot:
        self.lives += 1
        life = Life(f"{name}.{self.lives}")
        process = self._process(life, self.stage.engines[name])
        slot: Slot

        async def listen(wake: Callable[[], None]) -> None:
            slot.wake = wake
            await asyncio.Event().wait()

        worker = LeasedWorker(process, self.sources, listen=listen)
        context = copy_context()
        context.run(LIFE.set, life)
        task = loop().create_task(worker.run(), context=context)
        slot = Slot(name, life, worker, task)

        def end() -> None:
            worker.stop()  # a cancellation may be lost: whoever died does not say so
            loop().call_soon(task.cancel)

        life.end = end
        return slot

    def _process(self, life: Life | None, engine: Any) -> Process:
        http = self.stage.process.http
        if life is not None:
            wire = Pax8Wire(self.account, life, self.faults.answer, self.tell)
            http = create_http_client(transport=wire)
        return replace(
            self.stage.process,
            clock=Skewed(self, timedelta(seconds=self.chance.uniform(-300, 300))),
            engine=engine,
            http=http,
            bell=Bell(self),
            sleep=asyncio.sleep,
            compute=at_once,
            jitter=self.chance.random,
            subscribers=SUBSCRIBERS,
        )

    def _revive(self) -> None:
        for place, slot in enumerate(self.slots):
            if slot.task.done():
                self.slots[place] = self._begin(slot.name)

    async def _stop(self, slot: Slot) -> None:
        self.tell(f"{slot.life.name} is told to stop")
        slot.worker.stop()
        await asyncio.wait([slot.task])

    async def _restart_one(self) -> None:
        place = self.chance.randrange(len(self.slots))
        await self._stop(self.slots[place])
        self.slots[place] = self._begin(self.slots[place].name)

    # People, and the world around

    async def sync(self, *, confirm: bool = False) -> None:
        async def start(work: Work, process: Process) -> None:
            syncs = await syncs_in(work, process)
            self.syncs.append(
                await syncs_service.start(
                    syncs,
                    sources=_SOURCES,
                    wanted=[PAX8],
                    mode=Mode.FULL,
                    trigger=Trigger.PERSON,
                    requested_by="Farah Nair",
                    confirm_removals=confirm,
                    tell=work.tell,
                )
            )
            work.after_commit.append(process.bell.ring)

        await self._ask("sync", start)

    async def cancel(self) -> None:
        async def cancel(work: Work, process: Process) -> None:
            syncs = await syncs_in(work, process)
            sync = await syncs_service.found(syncs, self.syncs[-1])
            await syncs_service.cancel(
                sync, syncs=syncs, record=await runs_in(work, process), tell=work.tell
            )

        if self.syncs:
            await self._ask("cancel", cancel)

    async def connect(self) -> None:
        """With other credentials each time."""

        async def connect(work: Work, process: Process) -> None:
            self.credentials += 1
            brought = integrations_service.Brought(
                ClientCredentials("client", Secret(f"secret-{self.credentials}")),
                by="Farah Nair",
                at=process.clock.now(),
                new_id=new_id(),
            )
            await integrations_service.connect(
                PostgresIntegrations(work, process.bell),
                CipherVault(process.cipher, self.organisation_id),
                brought,
                provider=PAX8,
                expected=None,
                tell=work.tell,
            )

        await self._ask("connect", connect)

    async def _unschedule(self) -> None:
        async def unschedule(work: Work, process: Process) -> None:
            await integrations_service.reschedule(
                PostgresIntegrations(work, process.bell),
                provider=PAX8,
                minutes=None,
                expected=None,
                tell=work.tell,
            )

        await self._ask("no schedule any more", unschedule)

    async def _ask(
        self, what: str, act: Callable[[Work, Process], Coroutine[Any, Any, None]]
    ) -> None:
        self.tell(f"people: {what}")
        process = self._process(None, self.stage.engines["people"])
        async with process.work(self.organisation_id) as work:
            await act(work, process)

    async def _jump(self) -> None:
        jump = timedelta(seconds=self.chance.uniform(-1200, 1200))
        self.tell(f"the database's clock jumps by {jump}")
        self.off += jump

    async def _shrink(self) -> None:
        self.tell("most subscriptions go")
        self.faults.shrink()

    async def _change(self) -> None:
        for _ in range(self.chance.randint(1, 4)):
            self.faults.change()


def _is_ours(error: BaseException | None) -> bool:
    """Whether the simulation itself brought it about."""
    while error is not None:
        if isinstance(error, Broken | Died):
            return True
        error = error.__cause__ or error.__context__
    return False
