"""How many requests to a third party are under way at a time, kept across all workers.

A slot is a row with a lease that outlasts any request, so that a worker that was killed gives its
slots back by dying.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, Interval, Text, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE
from sqlalchemy.dialects.postgresql import insert

from billingone_api.database.fast import Prepared, Row, fetch_one, prepare
from billingone_api.database.tables.integrations import provider_slots
from billingone_api.database.tenancy import own, owned_by
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

LEASE: Final = timedelta(seconds=45)
"""Half as long again as a request may last."""
_POLL_SECONDS: Final = 0.1

_row: Final = provider_slots.c
_NOW: Final = func.clock_timestamp()
_LEASE: Final = bindparam("of_lease", type_=UUID_TYPE(as_uuid=True))
_PROVIDER: Final = bindparam("of_provider", type_=Text)
_COUNT: Final = bindparam("most", type_=Integer)
_MINE: Final = (own(provider_slots), _row.provider == _PROVIDER)
_UNTIL: Final = _NOW + bindparam("long", LEASE, Interval)
_MAKE: Final = prepare(
    insert(provider_slots)
    .from_select(
        ["organisation_id", "provider", "slot"],
        select(
            bindparam("organisation_id", type_=UUID_TYPE(as_uuid=True)),
            _PROVIDER,
            func.generate_series(1, _COUNT),
        ),
    )
    .on_conflict_do_nothing()
)
_FREE: Final = (
    select(_row.slot)
    .where(
        *_MINE,
        _row.slot <= _COUNT,
        # further off than it is ever set: by a clock that was ahead
        or_(_row.lease.is_(None), ~_row.leased_until.between(_NOW, _UNTIL)),
    )
    .order_by(_row.slot)
    .limit(1)
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
_TAKE: Final = prepare(
    update(provider_slots)
    .where(*_MINE, _row.slot == _FREE)
    .values(lease=_LEASE, leased_until=_UNTIL)
    .returning(_row.slot)
)
_GIVE_BACK: Final = prepare(
    update(provider_slots).where(*_MINE, _row.lease == _LEASE).values(lease=None, leased_until=None)
)


class PostgresSlots:
    """At most `count` at a time for an organisation; each statement is its own transaction."""

    def __init__(
        self, process: Process, *, organisation_id: UUID, provider: str, count: int
    ) -> None:
        self._process = process
        self._organisation_id = organisation_id
        self._provider = provider
        self._count = count
        self._are_made = False

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        lease = new_id()
        try:
            while not await self._taken(lease):
                await self._process.sleep(_POLL_SECONDS)
            yield
        finally:
            await self._run(_GIVE_BACK, of_lease=lease)

    async def _taken(self, lease: UUID) -> bool:
        if not self._are_made:
            await self._run(_MAKE, most=self._count)
            self._are_made = True
        return await self._run(_TAKE, of_lease=lease, most=self._count) is not None

    async def _run(self, prepared: Prepared, **values: Any) -> Row | None:
        mine = owned_by(self._organisation_id, of_provider=self._provider)
        async with self._process.work(self._organisation_id) as work:
            return await fetch_one(work.connection, prepared, **mine, **values)
