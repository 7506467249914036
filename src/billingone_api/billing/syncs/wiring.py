"""Which adapter stands behind each port of syncs."""

from collections.abc import Callable, Collection
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine

from billingone_api.billing.access.models import Permission
from billingone_api.billing.access.wiring import May, MayWatch
from billingone_api.billing.integrations.models import NEWS, SCHEDULE
from billingone_api.billing.syncs.adapters import due as due_rows
from billingone_api.billing.syncs.adapters import failures, schedules
from billingone_api.billing.syncs.adapters.postgres import PostgresSyncs
from billingone_api.billing.syncs.adapters.quarantine import PostgresQuarantine
from billingone_api.billing.syncs.adapters.queue import PostgresDueWork
from billingone_api.billing.syncs.adapters.run_statements import SYNC
from billingone_api.billing.syncs.adapters.runs import PostgresRun
from billingone_api.billing.syncs.models import Sync
from billingone_api.billing.syncs.ports import DueWork, RunRecord, Sources
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.process import Process
from billingone_api.request import TheProcess, Work

RUN_KIND = SYNC
SLOT_KIND = SCHEDULE
NEWS_KIND = NEWS
due = due_rows.due
failure_of = failures.failure_of
take_slot = schedules.take_slot
hold_news = schedules.hold_news
put_off_news = schedules.put_off_news
end_news = schedules.end_news

read_syncs = May(Permission.SYNCS_READ)
watch_syncs = MayWatch(Permission.SYNCS_READ)
run_syncs = May(Permission.SYNCS_RUN)


async def sources_of(request: Request) -> Sources:
    sources: Sources = request.app.state.sources
    return sources


TheSources = Annotated[Sources, Depends(sources_of)]


async def syncs_in(work: Work, process: TheProcess) -> PostgresSyncs:
    return PostgresSyncs(work, clock=process.clock)


TheSyncs = Annotated[PostgresSyncs, Depends(syncs_in)]


def run_in(work: Work, process: Process, run_id: UUID) -> RunRecord:
    return PostgresRun(work, run_id, clock=process.clock)


async def runs_in(work: Work, process: TheProcess) -> Callable[[UUID], RunRecord]:
    return lambda run_id: run_in(work, process, run_id)


TheRuns = Annotated[Callable[[UUID], RunRecord], Depends(runs_in)]


async def quarantine_in(work: Work) -> PostgresQuarantine:
    return PostgresQuarantine(work)


TheQuarantine = Annotated[PostgresQuarantine, Depends(quarantine_in)]


async def find_all(process: Process, work: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, Sync]:
    syncs = await syncs_in(work, process)
    return {sync.id: sync for sync in await syncs.find_all(ids)}


def due_work(engine: AsyncEngine, *, lease_seconds: float) -> DueWork:
    return PostgresDueWork(engine, lease_seconds=lease_seconds)
