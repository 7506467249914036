"""The worker's door: takes snapshots that are due, asks for those on schedule, keeps schedules."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final
from uuid import UUID

import structlog

from billingone_api.billing.reconciliation import service
from billingone_api.billing.reconciliation.scheduling import schedule
from billingone_api.billing.reconciliation.wiring import (
    SCHEDULE_KIND,
    SNAPSHOT_KIND,
    fence,
    freezer_in,
    give_back,
    organisation_of,
    settings_in,
    snapshots_in,
    with_fresh_counts,
)
from billingone_api.billing.syncs.models import Claim, LeaseLost, Trigger
from billingone_api.billing.syncs.ports import Sources
from billingone_api.process import Process
from billingone_api.request import Work

RETRY_SECONDS: Final = 30.0
log = structlog.get_logger()


async def take(process: Process, _: Sources, claim: Claim) -> None:
    """Take the claimed snapshot, in one transaction; whoever dies over it leaves it to others."""
    try:
        await _carried_through(_take(process, claim))
    except LeaseLost:
        log.info("lease_lost")
    except asyncio.CancelledError:
        raise
    except Exception:
        log.exception("snapshot_stopped")
        async with process.work(claim.organisation_id) as work:
            await give_back(work, claim, seconds=RETRY_SECONDS, is_attempt=True)


async def start_scheduled(process: Process, _: Sources, claim: Claim) -> None:
    """Ask for the snapshot of the slot and set the next one, in one transaction."""

    async def transaction() -> None:
        async with process.work(claim.organisation_id) as work:
            try:
                await fence(work, claim, seconds=process.settings.worker_lease_seconds)
            except LeaseLost:
                return
            if not await schedule(process, work):
                return
            snapshots = await snapshots_in(work, process)
            await service.request_snapshot(
                snapshots, trigger=Trigger.SCHEDULE, requested_by=None, tell=work.tell
            )
            work.after_commit.append(process.bell.ring)

    await _carried_through(transaction())


async def _take(process: Process, claim: Claim) -> None:
    seconds = process.settings.worker_lease_seconds
    async with process.work(claim.organisation_id) as work:
        await fence(work, claim, seconds=seconds)
        record = freezer_in(work, process, UUID(claim.key))
        if claim.attempts > service.MAX_ATTEMPTS:
            problem = service.INTERRUPTED
            await service.fail(record, about=claim.key, problem=problem, tell=work.tell)
            return
        await record.begin()
    async with process.work(claim.organisation_id) as work:
        await fence(work, claim, seconds=seconds)
        await _compare(process, work, claim.key)


async def _compare(process: Process, work: Work, key: str) -> None:
    record = freezer_in(work, process, UUID(key))
    organisation = await organisation_of(work)
    if organisation is None:
        await service.fail(record, about=key, problem=service.ENDED, tell=work.tell)
        return
    now = process.clock.now()
    settings = await (await settings_in(work)).read()
    await with_fresh_counts(work, settings, now=now)
    await service.take(record, settings, organisation, about=key, as_of=now, tell=work.tell)
    if settings.kept_months is not None:
        await record.expire(before=service.months_before(now, settings.kept_months))


async def _carried_through(transaction: Coroutine[Any, Any, None]) -> None:
    """To its commit, even when the worker is told to stop meanwhile."""
    task = asyncio.create_task(transaction)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


JOBS: Final = {SNAPSHOT_KIND: take, SCHEDULE_KIND: start_scheduled}
