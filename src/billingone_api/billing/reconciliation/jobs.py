"""The worker's door: takes snapshots that are due, asks for those on schedule, keeps schedules."""

from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import structlog

from billingone_api.billing.counts.jobs import refresh_before_snapshot
from billingone_api.billing.reconciliation.counting import count_anew
from billingone_api.billing.reconciliation.following import follow
from billingone_api.billing.reconciliation.models import Moment
from billingone_api.billing.reconciliation.scheduling import schedule
from billingone_api.billing.reconciliation.service import snapshots as service
from billingone_api.billing.reconciliation.service.settings import months_before
from billingone_api.billing.reconciliation.wiring import (
    COUNTING_KIND,
    FOLLOWING_KIND,
    SCHEDULE_KIND,
    SNAPSHOT_KIND,
    fence,
    freezer_in,
    organisation_of,
    settings_in,
    snapshots_in,
    with_fresh_counts,
)
from billingone_api.billing.syncs.models import Claim, LeaseLost, Trigger
from billingone_api.billing.syncs.ports import Sources
from billingone_api.kit.clock import end_of
from billingone_api.kit.tasks import carried_through
from billingone_api.process import Process
from billingone_api.request import Work

log = structlog.get_logger()


async def take(process: Process, _: Sources, claim: Claim) -> None:
    """Take the claimed snapshot, in one transaction; whoever fails at it leaves it to others.

    Its lease runs out then, and it is claimed again, which counts the attempt.
    """
    try:
        is_fresh = await _ask_panelone(process, claim)
        await carried_through(_take(process, claim, is_fresh=is_fresh))
    except LeaseLost:
        log.info("lease_lost")


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

    await carried_through(transaction())


async def _ask_panelone(process: Process, claim: Claim) -> bool:
    """A person wants what is there now; a schedule what is not too old to be believed.

    What was counted on a past day cannot be counted anew. False where PanelOne was to count and
    has not: its counts are as fresh as they can be where it was not to be asked at all.
    """
    async with process.work(claim.organisation_id) as work:
        snapshot = await (await snapshots_in(work, process)).find(UUID(claim.key))
        settings = await (await settings_in(work)).read()
    if snapshot is None or snapshot.day is not None:
        return True
    since = process.clock.now() - timedelta(hours=settings.stale_after_hours)
    is_scheduled = snapshot.trigger is Trigger.SCHEDULE
    refreshed = await refresh_before_snapshot(
        process, claim.organisation_id, unless_since=since if is_scheduled else None
    )
    return refreshed is None or refreshed.is_fresh


async def _take(process: Process, claim: Claim, *, is_fresh: bool) -> None:
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
        record = freezer_in(work, process, UUID(claim.key))
        await record.take_turn()
        await fence(work, claim, seconds=seconds)
        await _compare(process, work, claim.key, is_fresh=is_fresh)


async def _compare(process: Process, work: Work, key: str, *, is_fresh: bool) -> None:
    record = freezer_in(work, process, UUID(key))
    organisation = await organisation_of(work)
    if organisation is None:
        await service.fail(record, about=key, problem=service.ENDED, tell=work.tell)
        return
    now = process.clock.now()
    settings = await (await settings_in(work)).read()
    asked = await service.found_snapshot(await snapshots_in(work, process), UUID(key))
    if asked.day is None:
        await with_fresh_counts(work, settings, now=now)
        moment = Moment(now, organisation.day_of(now), is_past=False)
    else:
        moment = Moment(end_of(asked.day, organisation.time_zone), asked.day, is_past=True)
    await service.take(
        record,
        settings,
        organisation,
        about=key,
        moment=moment,
        has_panelone_counted=is_fresh,
        tell=work.tell,
    )
    if settings.kept_months is not None:
        before = months_before(now, settings.kept_months)
        work.after_commit.append(partial(_expire, process, work.organisation_id, before))


async def _expire(process: Process, organisation_id: UUID, before: datetime) -> None:
    """In a transaction of its own: no snapshot is lost over what became of old ones."""
    async with process.work(organisation_id) as work:
        await (await snapshots_in(work, process)).expire(before=before)


JOBS: Final = {
    SNAPSHOT_KIND: take,
    SCHEDULE_KIND: start_scheduled,
    FOLLOWING_KIND: follow,
    COUNTING_KIND: count_anew,
}
