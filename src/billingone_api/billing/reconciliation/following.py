"""After Sync All, once the counts and Pax8 have come through, a snapshot.

Sync All is a sync that was asked for without naming its sources, whoever asked: the event of its
request says `everything`. That the snapshot is owed is written down in the request's own
transaction, as due work under the sync's id, and taken off in the transaction that asks for the
snapshot: a worker that dies in between leaves it owed, and nobody asks twice.
"""

from uuid import UUID

from billingone_api.billing.reconciliation.service import following as service
from billingone_api.billing.reconciliation.service import snapshots as taking
from billingone_api.billing.reconciliation.service.following import Owed
from billingone_api.billing.reconciliation.wiring import (
    FOLLOWING_KIND,
    due,
    fence,
    keys_of,
    no_longer_due,
    organisation_of,
    put_off,
    snapshots_in,
)
from billingone_api.billing.syncs.models import Claim, LeaseLost, Sync
from billingone_api.billing.syncs.ports import Sources
from billingone_api.billing.syncs.wiring import syncs_in
from billingone_api.kit.events import Event
from billingone_api.kit.tasks import carried_through
from billingone_api.process import Process
from billingone_api.request import Work


async def owe_snapshot(process: Process, work: Work) -> None:
    """A subscriber: whoever syncs everything is owed a snapshot."""
    for event in work.events:
        if _is_everything(event):
            await _owe(process, work, UUID(event.resource_id))


async def follow(process: Process, _: Sources, claim: Claim) -> None:
    """See how the sync stands: ask for its snapshot, look again later, or forget about it."""

    async def transaction() -> None:
        async with process.work(claim.organisation_id) as work:
            try:
                await fence(work, claim, seconds=process.settings.worker_lease_seconds)
            except LeaseLost:
                return
            sync = await (await syncs_in(work, process)).find(UUID(claim.key))
            verdict = service.owed(sync)
            if verdict is Owed.TAKE and sync is not None and await organisation_of(work):
                verdict = await _asked(process, work, sync)
            if verdict is Owed.WAIT and sync is not None:
                await put_off(work, claim, pause=service.pause(sync, process.clock.now()))
            else:
                await no_longer_due(work, claim.kind, claim.key)

    await carried_through(transaction())


async def _asked(process: Process, work: Work, sync: Sync) -> Owed:
    """A snapshot that was begun before the sync came through does not show it: another follows."""
    snapshots = await snapshots_in(work, process)
    asked = await taking.request_snapshot(
        snapshots, trigger=sync.trigger, requested_by=sync.requested_by, tell=work.tell
    )
    snapshot = await taking.found_snapshot(snapshots, asked)
    if snapshot.started_at is not None:
        return Owed.WAIT
    work.after_commit.append(process.bell.ring)
    return Owed.TAKE


async def _owe(process: Process, work: Work, sync_id: UUID) -> None:
    waiting = [UUID(key) for key in await keys_of(work, FOLLOWING_KIND)]
    syncs = {
        one.id: one for one in await (await syncs_in(work, process)).find_all([sync_id, *waiting])
    }
    sync = syncs.pop(sync_id)
    if service.owed(sync) is not Owed.NEVER and not service.is_owed_already(sync, syncs.values()):
        await due(work, FOLLOWING_KIND, str(sync_id))


def _is_everything(event: Event) -> bool:
    return event.action == "sync.requested" and bool(event.after.get("everything"))
