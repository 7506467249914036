"""Which adapter stands behind each port of reconciliation, for the API and for the worker."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends

from billingone_api.billing.access.models import Caller, Permission
from billingone_api.billing.access.wiring import May, MayOutside
from billingone_api.billing.counts.models import DeviceRule
from billingone_api.billing.counts.wiring import count_superops
from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.billing.reconciliation.adapters.postgres import due as due_rows
from billingone_api.billing.reconciliation.adapters.postgres import organisation
from billingone_api.billing.reconciliation.adapters.postgres.decisions import PostgresDecisions
from billingone_api.billing.reconciliation.adapters.postgres.files import PostgresSnapshotFile
from billingone_api.billing.reconciliation.adapters.postgres.products import PostgresProductShelf
from billingone_api.billing.reconciliation.adapters.postgres.reading import PostgresReading
from billingone_api.billing.reconciliation.adapters.postgres.rules import PostgresRules
from billingone_api.billing.reconciliation.adapters.postgres.settings import (
    PostgresReconciliationSettings,
)
from billingone_api.billing.reconciliation.adapters.postgres.snapshots import (
    PostgresFreezer,
    PostgresSnapshots,
)
from billingone_api.billing.reconciliation.adapters.postgres.trials import PostgresTrials
from billingone_api.billing.reconciliation.models import ReconciliationSettings
from billingone_api.billing.reconciliation.ports import Freezer
from billingone_api.database import mapping
from billingone_api.process import Process
from billingone_api.request import TheProcess, Work

read_reconciliation: Final = May(Permission.RECONCILIATION_READ)
write_reconciliation: Final = May(Permission.RECONCILIATION_WRITE)
export_reconciliation: Final = MayOutside(Permission.RECONCILIATION_READ)

Reader = Annotated[Caller, Depends(read_reconciliation)]
Writer = Annotated[Caller, Depends(write_reconciliation)]
Exporter = Annotated[Caller, Depends(export_reconciliation)]

SNAPSHOT_KIND: Final = due_rows.SNAPSHOT
SCHEDULE_KIND: Final = due_rows.SCHEDULE
FOLLOWING_KIND: Final = due_rows.FOLLOWING
COUNTING_KIND: Final = due_rows.COUNTING
due = due_rows.due
fence = due_rows.fence
keys_of = due_rows.keys_of
no_longer_due = due_rows.no_longer_due
put_off = due_rows.put_off
rely_on_mapping = mapping.rely_on_mapping
organisation_of = organisation.organisation_of
SnapshotFile = PostgresSnapshotFile


async def settings_in(work: Work) -> PostgresReconciliationSettings:
    return PostgresReconciliationSettings(work)


async def snapshots_in(work: Work, process: TheProcess) -> PostgresSnapshots:
    return PostgresSnapshots(work, clock=process.clock)


TheReconciliationSettings = Annotated[PostgresReconciliationSettings, Depends(settings_in)]
TheSnapshots = Annotated[PostgresSnapshots, Depends(snapshots_in)]


def freezer_in(work: Work, process: Process, snapshot_id: UUID) -> Freezer:
    return PostgresFreezer(work, snapshot_id, clock=process.clock)


async def with_fresh_counts(
    work: Work,
    settings: ReconciliationSettings,
    *,
    now: datetime,
    clients: Collection[UUID] | None = None,
) -> None:
    """What SuperOps listed last of these clients, or of all, counted by the rules of today."""
    rule = DeviceRule(settings.idle_device_days, settings.ignored_device_names)
    await count_superops(work, rule, now=now, clients=clients)


async def rules_in(work: Work) -> PostgresRules:
    return PostgresRules(work)


async def reading_in(caller: Reader, work: Work, process: TheProcess) -> PostgresReading:
    today = caller.organisation.day_of(process.clock.now())
    return PostgresReading(work, cursors=process.cursors, today=today)


async def decisions_in(caller: Reader, work: Work, process: TheProcess) -> PostgresDecisions:
    today = caller.organisation.day_of(process.clock.now())
    return PostgresDecisions(work, cursors=process.cursors, today=today)


async def shelf_in(caller: Reader, work: Work, process: TheProcess) -> PostgresProductShelf:
    today = caller.organisation.day_of(process.clock.now())
    return PostgresProductShelf(work, basis=basis_of(caller), today=today)


async def trials_in(caller: Reader, work: Work, process: TheProcess) -> PostgresTrials:
    today = caller.organisation.day_of(process.clock.now())
    return PostgresTrials(work, basis=basis_of(caller), today=today)


TheRules = Annotated[PostgresRules, Depends(rules_in)]
TheShelf = Annotated[PostgresProductShelf, Depends(shelf_in)]


@dataclass(frozen=True, slots=True)
class Desk:
    """What whoever changes a rule works with, in whose name and when."""

    rules: PostgresRules
    shelf: PostgresProductShelf
    by: str
    now: datetime


async def desk_at(caller: Writer, rules: TheRules, shelf: TheShelf, process: TheProcess) -> Desk:
    return Desk(rules, shelf, caller.label, process.clock.now())


def basis_of(caller: Caller) -> PriceBasis:
    organisation = caller.organisation
    return PriceBasis(organisation.pax8_price_is, organisation.annual_price_is)


TheDecisions = Annotated[PostgresDecisions, Depends(decisions_in)]
TheReading = Annotated[PostgresReading, Depends(reading_in)]
TheDesk = Annotated[Desk, Depends(desk_at)]
TheTrials = Annotated[PostgresTrials, Depends(trials_in)]
