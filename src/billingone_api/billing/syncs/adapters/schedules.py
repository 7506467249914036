"""When an integration is next due by its schedule: one row of due work for each."""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import (
    DateTime,
    Interval,
    Text,
    bindparam,
    case,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import UUID

from billingone_api.billing.integrations.models import NEWS, SCHEDULE
from billingone_api.billing.syncs.adapters.nights import nightfall
from billingone_api.billing.syncs.models import Claim
from billingone_api.database.fast import fetch, prepare
from billingone_api.database.tables.access import organisations
from billingone_api.database.tables.integrations import integrations
from billingone_api.database.tables.syncs import due_work
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork

POSTPONED: Final = timedelta(seconds=30)
"""Until it is seen again whether the run that was under way has ended."""

_EVERY: Final = integrations.c.schedule_minutes * literal(timedelta(minutes=1))
_NOW: Final = func.clock_timestamp(type_=DateTime(timezone=True))
_A_DAY: Final = 24 * 60
_NEXT: Final = case(
    (
        integrations.c.schedule_minutes % _A_DAY == 0,
        nightfall(_NOW, due_work.c.organisation_id, later=_EVERY),
    ),
    else_=func.date_bin(_EVERY, _NOW, due_work.c.due_at) + _EVERY,
)
_TAKEN: Final = (
    own(due_work),
    due_work.c.key == bindparam("provider", type_=Text),
    due_work.c.lease == bindparam("of_lease", type_=UUID(as_uuid=True)),
)
_SLOT: Final = (*_TAKEN, due_work.c.kind == SCHEDULE)
_RUNG: Final = (*_TAKEN, due_work.c.kind == NEWS)
_IS_WANTED: Final = (
    own(integrations),
    integrations.c.provider == due_work.c.key,
    integrations.c.schedule_minutes.is_not(None),
    organisations.c.id == due_work.c.organisation_id,
    organisations.c.ended_at.is_(None),
)
_MOVE: Final = prepare(
    update(due_work)
    .where(*_SLOT, *_IS_WANTED)
    .values(due_at=_NEXT, lease=None, leased_until=None, attempts=0)
    .returning(due_work.c.key)
)
_REMOVE: Final = prepare(delete(due_work).where(*_SLOT))
_HOLD: Final = prepare(
    select(due_work.c.key).where(*_RUNG, *_IS_WANTED).with_for_update(of=due_work)
)
_DONE: Final = prepare(delete(due_work).where(*_RUNG))
_POSTPONE: Final = prepare(
    update(due_work)
    .where(*_RUNG)
    .values(
        due_at=_NOW + bindparam("pause", POSTPONED, Interval),
        lease=None,
        leased_until=None,
        attempts=0,
    )
)


async def take_slot(work: UnitOfWork, claim: Claim) -> bool:
    """Whether the slot is ours to start; the next one is set, after now and on the same grid.

    Whole days are counted from night to night in the organisation's zone. Slots missed while no
    worker ran are passed over. The row goes when there is no schedule, no integration or no
    organisation any more.
    """
    mine = _of(work, claim)
    if await fetch(work.connection, _MOVE, **mine):
        return True
    await fetch(work.connection, _REMOVE, **mine)
    return False


async def hold_news(work: UnitOfWork, claim: Claim) -> bool:
    """Whether it is ours to look after what a webhook rang for; until the commit nobody else does.

    What rings meanwhile waits for the commit, and is looked after once more. The row goes where
    nothing is synced by itself: no schedule, no integration or no organisation any more.
    """
    mine = _of(work, claim)
    if await fetch(work.connection, _HOLD, **mine):
        return True
    await fetch(work.connection, _DONE, **mine)
    return False


async def put_off_news(work: UnitOfWork, claim: Claim) -> None:
    """A run is under way that may have passed what was rung for: another has to follow it."""
    await fetch(work.connection, _POSTPONE, **_of(work, claim))


async def end_news(work: UnitOfWork, claim: Claim) -> None:
    await fetch(work.connection, _DONE, **_of(work, claim))


def _of(work: UnitOfWork, claim: Claim) -> dict[str, Any]:
    return owned_by(work.organisation_id, provider=claim.key, of_lease=claim.lease)
