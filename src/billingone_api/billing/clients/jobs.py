"""The worker's door to clients: after a sync, what identifiers name alone applies itself."""

from uuid import UUID

import structlog

from billingone_api.billing.clients.adapters.postgres.parties import parties_of
from billingone_api.billing.clients.adapters.postgres.unmapped import unmapped_ids
from billingone_api.billing.clients.deeds import Kind, Manner
from billingone_api.billing.clients.models import IDENTIFIERS
from billingone_api.billing.clients.service.carrying_out import carry_out
from billingone_api.billing.clients.service.suggestions import sure
from billingone_api.billing.clients.wiring import desk_of_identifiers
from billingone_api.process import Process

log = structlog.get_logger()


async def recognise(process: Process, organisation_id: UUID, source: str) -> None:
    """One deed of all that is sure; a source whose records are no client's has none."""
    if source not in IDENTIFIERS:
        return
    async with process.work(organisation_id) as work:
        known, ids = await parties_of(work, source), await unmapped_ids(work, source)
    wishes = await sure(known, source, ids, compute=process.compute)
    if not wishes:
        return
    async with process.work(organisation_id) as work:
        desk = desk_of_identifiers(work, at=process.clock.now())
        report = await carry_out(wishes, desk, Manner(Kind.IDENTIFIERS))
    log.info("records_recognised", source=source, outcome=report.outcome, records=len(wishes))
