"""The worker's door: asks PanelOne for counts, for whoever wants them or before a snapshot."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from billingone_api.billing.counts import refreshing
from billingone_api.billing.counts.models import Found, Refreshed
from billingone_api.billing.counts.wiring import (
    REFRESH_KIND,
    count_register,
    panelone_counts,
    refreshes_in,
)
from billingone_api.billing.syncs.models import Claim, Failure, ProblemCode, Trigger
from billingone_api.billing.syncs.ports import Sources
from billingone_api.billing.syncs.wiring import failure_of
from billingone_api.kit.tasks import carried_through
from billingone_api.process import Process

log = structlog.get_logger()

# By then whoever began one before a snapshot has ended it, or is no more.
_TAKEN_OVER_AFTER: Final = timedelta(minutes=5)


async def refresh(process: Process, _: Sources, claim: Claim) -> None:
    """Carry the claimed refresh out; of two who do so at once the first one ends it."""
    refresh_id = UUID(claim.key)
    if claim.attempts > refreshing.MAX_ATTEMPTS:
        found: Found | Failure | Refreshed = refreshing.INTERRUPTED
    else:
        found = await _found(process, claim.organisation_id)
    await carried_through(_end(process, claim.organisation_id, refresh_id, found))


async def refresh_before_snapshot(
    process: Process, organisation_id: UUID, *, unless_since: datetime | None
) -> Refreshed | None:
    """Where PanelOne can be asked, and not all it told was counted since then; what comes of it.

    None where nobody was asked. The snapshot goes on with the newest counts there are, each of its
    own instant.
    """
    if panelone_counts(process, organisation_id) is None:
        return None
    async with process.work(organisation_id) as work:
        book = await refreshes_in(work, process)
        if unless_since is not None and await book.are_fresh(since=unless_since):
            return None
        refresh_id = await refreshing.request_refresh(
            book,
            trigger=Trigger.SCHEDULE,
            requested_by=None,
            tell=work.tell,
            at=process.clock.now() + _TAKEN_OVER_AFTER,
        )
    found = await _found(process, organisation_id)
    return await carried_through(_end(process, organisation_id, refresh_id, found))


async def _found(process: Process, organisation_id: UUID) -> Found | Failure | Refreshed:
    source = panelone_counts(process, organisation_id)
    if source is None:
        return refreshing.NOT_CONFIGURED
    try:
        return await source.found()
    except Exception as error:
        failure = failure_of(error)
        if failure.code is ProblemCode.INTERNAL:
            log.exception("counts_not_refreshed")
        else:
            log.warning("counts_not_refreshed", problem=failure.code)
        return failure


async def _end(
    process: Process,
    organisation_id: UUID,
    refresh_id: UUID,
    found: Found | Failure | Refreshed,
) -> Refreshed:
    async with process.work(organisation_id) as work:
        book = await refreshes_in(work, process)
        register = await count_register(work, process)
        now = process.clock.now()
        return await refreshing.end(refresh_id, found, book, register, now=now, tell=work.tell)


JOBS: Final = {REFRESH_KIND: refresh}
