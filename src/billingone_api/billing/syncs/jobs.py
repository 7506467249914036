"""The worker's door: starts what is scheduled, and carries a run through, batch by batch."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from functools import partial
from typing import TypeVar
from uuid import UUID

import structlog

from billingone_api.billing.clients.jobs import recognise
from billingone_api.billing.syncs import service
from billingone_api.billing.syncs.models import (
    FOLLOWED_BY,
    Claim,
    LeaseLost,
    Outcome,
    ProblemCode,
    RunContext,
    RunStatus,
    StepBegun,
    Wait,
    Withdrawn,
)
from billingone_api.billing.syncs.ports import Batch, RunRecord, Sources, Step
from billingone_api.billing.syncs.wiring import (
    due,
    end_news,
    failure_of,
    hold_news,
    put_off_news,
    run_in,
    syncs_in,
    take_slot,
)
from billingone_api.kit.tasks import carried_through
from billingone_api.kit.tracing import span
from billingone_api.process import Process
from billingone_api.request import Work

T = TypeVar("T")
Change = Callable[[RunRecord, Work], Awaitable[T]]
log = structlog.get_logger()


async def start_scheduled(process: Process, sources: Sources, claim: Claim) -> None:
    """Take an integration's slot and start its sync, in one transaction: once, or not at all."""

    async def transaction() -> None:
        async with process.work(claim.organisation_id) as work:
            if not await take_slot(work, claim):
                return
            syncs = await syncs_in(work, process)
            run = await service.start_scheduled(syncs, sources=sources, key=claim.key)
            if run is not None and not run.joined:
                work.after_commit.append(process.bell.ring)

    await carried_through(transaction())


async def start_on_news(process: Process, sources: Sources, claim: Claim) -> None:
    """What a webhook rang for is found by a run that begins after it rang."""

    async def transaction() -> None:
        async with process.work(claim.organisation_id) as work:
            if not await hold_news(work, claim):
                return
            syncs = await syncs_in(work, process)
            run = await service.start_scheduled(syncs, sources=sources, key=claim.key)
            if run is not None and run.joined:
                await put_off_news(work, claim)
                return
            await end_news(work, claim)
            if run is not None:
                work.after_commit.append(process.bell.ring)

    await carried_through(transaction())


async def copy(process: Process, sources: Sources, claim: Claim) -> None:
    """Carry the claimed run on; cancelled, finish the batch in hand and give the run back."""
    copying = _Copying(process, sources, claim)
    try:
        await copying.carry_on()
    except LeaseLost:
        log.info("lease_lost")
    except asyncio.CancelledError:
        with suppress(LeaseLost):
            await copying.give_back()
        raise


class _Copying:
    """A run in the hands of one worker: each change is a transaction fenced by its lease."""

    def __init__(self, process: Process, sources: Sources, claim: Claim) -> None:
        self._process = process
        self._sources = sources
        self._claim = claim
        self._attempts = claim.attempts
        self._source: str | None = None

    async def carry_on(self) -> None:
        """Until the run ends or waits; raises LeaseLost, and what the database raises."""
        verdict = await self._verdict()
        if isinstance(verdict, Wait):
            await self._change(lambda run, _: run.wait(verdict))
            code = verdict.problem.code
            log.info("run_waits", seconds=round(verdict.seconds), problem=code)
        else:
            await self._change(lambda run, work: self._end(run, work, verdict))

    async def _end(self, run: RunRecord, work: Work, outcome: Outcome) -> None:
        await run.end(outcome)
        work.after_commit.append(partial(self._ended, outcome))
        event = service.told(self._claim.key, outcome)
        if event is not None:
            work.tell(event)
        following = FOLLOWED_BY.get(self._source or "")
        if outcome.came_through and following is not None:
            await due(work, following)

    async def _ended(self, outcome: Outcome) -> None:
        """What came may be a client's by what it says of itself; without it the run is as good."""
        code = outcome.problem.code if outcome.problem else None
        log.info("run_ended", status=outcome.status, problem=code)
        if outcome.came_through and self._source is not None:
            await recognise(self._process, self._claim.organisation_id, self._source)

    async def give_back(self) -> None:
        async def change(run: RunRecord, work: Work) -> None:
            await run.give_back()
            work.after_commit.append(self._process.bell.ring)

        await self._change(change)

    async def _verdict(self) -> Outcome | Wait:
        if self._attempts > service.MAX_ATTEMPTS:
            return service.interrupted_too_often()
        try:
            try:
                return await self._copied()
            except (LeaseLost, Withdrawn):
                raise
            except Exception as error:  # noqa: BLE001 - whatever a source raises has to end in words
                return await self._after(error)
        except Withdrawn as why:
            return Outcome(RunStatus.CANCELLED, why.problem)

    async def _after(self, error: Exception) -> Outcome | Wait:
        # What failed may have failed because nobody wants it any more, which says more and is no
        # error of ours to be logged.
        await self._change(lambda run, _: run.check())
        failure = failure_of(error)
        if failure.code is ProblemCode.INTERNAL:
            log.error("run_stopped", exc_info=error)
        return service.after(failure, attempts=self._attempts, chance=self._process.jitter())

    async def _copied(self) -> Outcome:
        context, begun = await self._change(_begin)
        self._source = context.source
        source = self._sources[context.source]
        async with source.steps(self._process, context) as steps:
            of_name = {step.name: step for step in steps}
            for step in begun:
                if not step.status.is_final:
                    await self._copy(of_name[step.name], step)
        return service.ended_well(await self._change(lambda run, _: run.steps()))

    async def _copy(self, step: Step, begun: StepBegun) -> None:
        async with aclosing(_ahead(step.batches(begun.checkpoint))) as batches:
            async for batch in batches:
                await self._write(batch, begun.position)
        await self._change(lambda run, _: run.finish_step(begun.position))

    async def _write(self, batch: Batch, position: int) -> None:
        async def change(run: RunRecord, work: Work) -> None:
            await run.check()
            await run.record(position, batch, await batch.write(work))

        with span("batch", facts={"step": position}):
            await self._change(change, attempts=1)
        self._attempts = 1

    async def _change(self, change: Change[T], *, attempts: int | None = None) -> T:
        async def transaction() -> T:
            async with self._process.work(self._claim.organisation_id) as work:
                run = run_in(work, self._process, UUID(self._claim.key))
                await run.fence(
                    self._claim,
                    attempts=self._attempts if attempts is None else attempts,
                    seconds=self._process.settings.worker_lease_seconds,
                )
                return await change(run, work)

        return await carried_through(transaction())


async def _begin(run: RunRecord, _: Work) -> tuple[RunContext, list[StepBegun]]:
    await run.check()
    return await run.begin(), list(await run.steps())


async def _ahead(batches: AsyncIterator[Batch]) -> AsyncGenerator[Batch]:
    """Each batch, while the one after it is being fetched."""
    ready: asyncio.Queue[Batch | None] = asyncio.Queue()

    async def fetch() -> None:
        try:
            async for batch in batches:
                ready.put_nowait(batch)
                await ready.join()
        finally:
            ready.put_nowait(None)
            if isinstance(batches, AsyncGenerator):
                await batches.aclose()

    fetching = asyncio.create_task(fetch())
    try:
        while (batch := await ready.get()) is not None:
            ready.task_done()
            yield batch
        await asyncio.wait([fetching])
        if fetching.cancelled():
            # Nobody told us to stop, so this is no polite end, after which it would be due at once.
            raise RuntimeError("A source cancelled its own work.")
        fetching.result()
    finally:
        fetching.cancel()
        await asyncio.gather(fetching, return_exceptions=True)
