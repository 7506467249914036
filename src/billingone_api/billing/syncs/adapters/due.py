"""What is due once, when and whose it is: rows of due work, taken up under leases."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import (
    DateTime,
    Interval,
    Text,
    Uuid,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.syncs.models import Claim, LeaseLost
from billingone_api.database.fast import fetch, prepare
from billingone_api.database.tables.syncs import due_work
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.tracing import carried

_NOW: Final = func.clock_timestamp(type_=DateTime(timezone=True))
_OF: Final = due_work.c
_IS_IT: Final = (
    own(due_work),
    _OF.kind == bindparam("of_kind", type_=Text),
    _OF.key == bindparam("of_key", type_=Text),
)
_FENCE: Final = prepare(
    update(due_work)
    .where(*_IS_IT, _OF.lease == bindparam("of_lease", type_=Uuid()))
    .values(leased_until=_NOW + bindparam("pause", type_=Interval))
    .returning(_OF.key)
)
_PUT_OFF: Final = prepare(
    update(due_work)
    .where(*_IS_IT, _OF.lease == bindparam("of_lease", type_=Uuid()))
    .values(
        due_at=_NOW + bindparam("pause", type_=Interval),
        lease=None,
        leased_until=None,
        attempts=0,
    )
)
_KEYS: Final = prepare(
    select(_OF.key).where(own(due_work), _OF.kind == bindparam("of_kind", type_=Text))
)
_REMOVE: Final = prepare(delete(due_work).where(*_IS_IT))
_MADE: Final = insert(due_work).values(
    organisation_id=bindparam("organisation_id", type_=Uuid()),
    kind=bindparam("of_kind", type_=Text),
    key=bindparam("of_key", type_=Text),
    due_at=func.coalesce(bindparam("at", type_=DateTime(timezone=True)), _NOW),
    traceparent=bindparam("trace", type_=Text),
)
_PUT: Final = prepare(
    _MADE.on_conflict_do_update(
        index_elements=list(due_work.primary_key.columns),
        set_={"due_at": _MADE.excluded.due_at, "lease": None, "leased_until": None, "attempts": 0},
    )
)


async def fence(work: UnitOfWork, claim: Claim, *, seconds: float) -> None:
    """Prove the lease and extend it, holding off everybody else; raises LeaseLost."""
    values = _values(work, claim.kind, claim.key) | {"of_lease": claim.lease}
    pause = timedelta(seconds=seconds)
    if not await fetch(work.connection, _FENCE, pause=pause, **values):
        raise LeaseLost


async def due(work: UnitOfWork, kind: str, key: str = "", *, at: datetime | None = None) -> None:
    """From that instant on, or now; there is one row, which is anybody's again."""
    await fetch(work.connection, _PUT, at=at, trace=carried(), **_values(work, kind, key))


async def put_off(work: UnitOfWork, claim: Claim, *, pause: timedelta) -> None:
    """Anybody looks again after that; having looked used up no attempt."""
    values = _values(work, claim.kind, claim.key) | {"of_lease": claim.lease}
    await fetch(work.connection, _PUT_OFF, pause=pause, **values)


async def keys_of(work: UnitOfWork, kind: str) -> list[str]:
    rows = await fetch(work.connection, _KEYS, organisation_id=work.organisation_id, of_kind=kind)
    return [row["key"] for row in rows]


async def no_longer_due(work: UnitOfWork, kind: str, key: str = "") -> None:
    await fetch(work.connection, _REMOVE, **_values(work, kind, key))


def _values(work: UnitOfWork, kind: str, key: str) -> dict[str, str | UUID]:
    return {"organisation_id": work.organisation_id, "of_kind": kind, "of_key": key}
