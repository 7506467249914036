"""When an integration is next due by its schedule: one row of due work for each."""

from datetime import timedelta
from typing import Final

from sqlalchemy import DateTime, Text, bindparam, delete, func, literal, update
from sqlalchemy.dialects.postgresql import UUID

from billingone_api.billing.syncs.models import Claim
from billingone_api.database.fast import fetch, prepare
from billingone_api.database.tables.access import organisations
from billingone_api.database.tables.integrations import integrations
from billingone_api.database.tables.syncs import due_work
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork

SCHEDULE: Final = "schedule"
"""The kind of due work that is an integration's next slot; its key is the provider."""

_EVERY: Final = integrations.c.schedule_minutes * literal(timedelta(minutes=1))
_NOW: Final = func.clock_timestamp(type_=DateTime(timezone=True))
_NEXT: Final = func.date_bin(_EVERY, _NOW, due_work.c.due_at) + _EVERY
_SLOT: Final = (
    own(due_work),
    due_work.c.kind == SCHEDULE,
    due_work.c.key == bindparam("provider", type_=Text),
    due_work.c.lease == bindparam("of_lease", type_=UUID(as_uuid=True)),
)
_MOVE: Final = prepare(
    update(due_work)
    .where(
        *_SLOT,
        own(integrations),
        integrations.c.provider == due_work.c.key,
        integrations.c.schedule_minutes.is_not(None),
        organisations.c.id == due_work.c.organisation_id,
        organisations.c.ended_at.is_(None),
    )
    .values(due_at=_NEXT, lease=None, leased_until=None, attempts=0)
    .returning(due_work.c.key)
)
_REMOVE: Final = prepare(delete(due_work).where(*_SLOT))


async def take_slot(work: UnitOfWork, claim: Claim) -> bool:
    """Whether the slot is ours to start; the next one is set, after now and on the same grid.

    Slots missed while no worker ran are passed over. The row goes when there is no schedule, no
    integration or no organisation any more.
    """
    mine = owned_by(work.organisation_id, provider=claim.key, of_lease=claim.lease)
    if await fetch(work.connection, _MOVE, **mine):
        return True
    await fetch(work.connection, _REMOVE, **mine)
    return False
