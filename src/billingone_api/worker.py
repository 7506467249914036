"""The worker: a loop that takes up due work, and arq beside it to answer the doorbell."""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

import structlog
from arq.worker import Worker as Doorkeeper
from arq.worker import func
from opentelemetry.trace import SpanKind

from billingone_api.billing.counts import jobs as counts
from billingone_api.billing.reconciliation import jobs as reconciliation
from billingone_api.billing.sources import SOURCES
from billingone_api.billing.subscribers import SUBSCRIBERS
from billingone_api.billing.syncs import jobs as syncs
from billingone_api.billing.syncs.models import Claim
from billingone_api.billing.syncs.ports import Source, Sources
from billingone_api.billing.syncs.wiring import NEWS_KIND, RUN_KIND, SLOT_KIND, due_work
from billingone_api.config import Settings
from billingone_api.database.housekeeping import tidy_up
from billingone_api.database.migrations import check_schema
from billingone_api.kit.bell import JOB, QUEUE, redis_for, serialise
from billingone_api.kit.tracing import span
from billingone_api.process import Process, running_process

Job = Callable[[Process, Sources, Claim], Awaitable[None]]
Listen = Callable[[Callable[[], None]], Coroutine[Any, Any, None]]
"""Calls what it is given whenever the bell rings; it ends only when it is cancelled."""

JOBS: Final[Mapping[str, Job]] = {
    RUN_KIND: syncs.copy,
    SLOT_KIND: syncs.start_scheduled,
    NEWS_KIND: syncs.start_on_news,
    **counts.JOBS,
    **reconciliation.JOBS,
}
"""What is done about each kind of due work; kinds that are not here wait for another program."""

_SHORTEST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 10.0
"""Seconds between attempts to reach Redis."""

_TIDY_SECONDS: Final = 1800.0
"""Between two looks for what nobody needs any more, and up to as long again by chance."""

_STUBBORN_SECONDS: Final = 0.5
"""How long arq may take to end before it is told again."""

log = structlog.get_logger()


async def run(settings: Settings, *, sources: Sequence[Source] = SOURCES) -> None:
    """Work until SIGTERM or SIGINT; raises SchemaError on a schema this program does not know."""
    async with running_process(settings, name="billingone-worker") as process:
        await check_schema(process.engine)
        worker = Worker(process, sources)
        for word in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(word, worker.stop)
        await worker.run()


class Worker:
    """Takes up due work, a few pieces at a time, until told to stop.

    PostgreSQL says what is due. The bell only ends a pause early, so that this goes on unharmed
    when Redis does not.
    """

    def __init__(
        self, process: Process, sources: Sequence[Source], *, listen: Listen | None = None
    ) -> None:
        self._process = replace(process, subscribers=SUBSCRIBERS)
        self._sources = {source.key: source for source in sources}
        self._settings = process.settings
        redis_url = self._settings.redis_url.get_secret_value()
        self._listen = listen or partial(answer_bell, redis_url)
        self._due = due_work(process.engine, lease_seconds=self._settings.worker_lease_seconds)
        self._in_hand: dict[asyncio.Task[None], Claim] = {}
        self._awake = asyncio.Event()
        self._is_stopping = False

    def wake(self) -> None:
        """There may be something to do."""
        self._awake.set()

    def stop(self) -> None:
        """Take up nothing more; whatever is in hand is given back after its batch."""
        self._is_stopping = True
        self._awake.set()

    async def run(self) -> None:
        log.info("worker_started", sources=sorted(self._sources))
        beating = asyncio.create_task(self._beat())
        tidying = asyncio.create_task(self._tidy())
        answering = asyncio.create_task(self._listen(self.wake))
        try:
            while not self._is_stopping:
                self._awake.clear()
                await self._take_up()
                await self._pause()
        finally:
            # Before work is given back, or our own doorkeeper answers for the other workers.
            await _made_to_end(answering)
            # What was taken up a moment ago has begun by now: only then can it be given back.
            await asyncio.sleep(0)
            await _cancelled(*self._in_hand)
            await _cancelled(beating, tidying)
        log.info("worker_stopped")

    async def _take_up(self) -> None:
        free = self._settings.worker_concurrency - len(self._in_hand)
        if free <= 0:
            return
        try:
            claims = await self._due.claim(free, kinds=JOBS)
        except Exception as error:  # noqa: BLE001 - the loop outlives the database's absence
            log.warning("due_work_out_of_reach", reason=type(error).__name__)
            return
        for claim in claims:
            task = asyncio.create_task(self._work(claim))
            self._in_hand[task] = claim
            task.add_done_callback(self._put_down)

    def _put_down(self, task: asyncio.Task[None]) -> None:
        del self._in_hand[task]
        self.wake()

    async def _work(self, claim: Claim) -> None:
        what = "run" if claim.kind == RUN_KIND else claim.kind
        known = {"organisation": str(claim.organisation_id), what: claim.key}
        with (
            span(claim.kind, kind=SpanKind.CONSUMER, parent=claim.traceparent, facts=known),
            structlog.contextvars.bound_contextvars(**known),
        ):
            try:
                await JOBS[claim.kind](self._process, self._sources, claim)
            except Exception:
                # Not even its failure could be written down: the lease runs out, and it is due.
                log.exception("work_dropped")

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._awake.wait(), self._settings.worker_sweep_seconds)
        except TimeoutError:
            return

    async def _tidy(self) -> None:
        token_life = timedelta(hours=self._settings.panelone_token_lifetime_hours + 1)
        while True:
            await asyncio.sleep(_TIDY_SECONDS * (1 + self._process.jitter()))
            try:
                await tidy_up(self._process.engine, token_life=token_life)
            except Exception as error:  # noqa: BLE001 - what is left over goes next time
                log.warning("not_tidied_up", reason=type(error).__name__)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._settings.worker_heartbeat_seconds)
            claims = list(self._in_hand.values())
            if not claims:
                continue
            try:
                await self._due.renew(claims)
            except Exception as error:  # noqa: BLE001 - a beat that is missed may be made up for
                log.warning("heartbeat_missed", reason=type(error).__name__)


async def answer_bell(url: str, wake: Callable[[], None]) -> None:
    """For ever: arq's worker ends when Redis goes away, and is started again."""
    pause = _SHORTEST_PAUSE

    async def reached(_: dict[Any, Any]) -> None:
        nonlocal pause
        if pause > _SHORTEST_PAUSE:
            log.info("bell_back")
        pause = _SHORTEST_PAUSE
        wake()

    async def rung(_: dict[Any, Any]) -> None:
        wake()

    while True:
        try:
            await _keep_door(url, reached, rung)
        except Exception as error:  # noqa: BLE001 - no failure of the bell may end the worker
            if pause == _SHORTEST_PAUSE:
                log.warning("bell_silent", reason=type(error).__name__)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


async def _keep_door(url: str, reached: Any, rung: Any) -> None:
    redis = redis_for(url)
    door = Doorkeeper(
        [func(rung, name=JOB)],
        queue_name=QUEUE,
        redis_pool=redis,
        on_startup=reached,
        handle_signals=False,
        poll_delay=0.05,
        keep_result=0,
        job_serializer=serialise,
        job_deserializer=json.loads,
    )
    try:
        await door.async_run()
    finally:
        # Not its close(), which asks Redis once more, and Redis may be what went away.
        await _made_to_end(*door.tasks.values())
        await redis.aclose(close_connection_pool=True)


async def _cancelled(*tasks: asyncio.Task[Any]) -> None:
    """Told once: work in hand needs the time that its batch takes to be committed."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _made_to_end(*tasks: asyncio.Task[Any]) -> None:
    """Told until they obey: arq swallows a cancellation that meets it while it takes a job."""
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_STUBBORN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
