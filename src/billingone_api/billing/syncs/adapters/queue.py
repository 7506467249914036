"""Work that is due, for every organisation: taken up under leases by the database's clock."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql import ColumnElement

from billingone_api.billing.syncs.models import Claim
from billingone_api.database.tables.syncs import due_work
from billingone_api.database.unit_of_work import directory_work
from billingone_api.kit.ids import new_id

_ROW: Final = (due_work.c.organisation_id, due_work.c.kind, due_work.c.key)


class PostgresDueWork:
    """What workers share; a lease that is not renewed in time is anybody's."""

    def __init__(self, engine: AsyncEngine, *, lease_seconds: float) -> None:
        self._engine = engine
        self._lease = timedelta(seconds=lease_seconds)

    async def claim(self, limit: int, *, kinds: Collection[str]) -> Sequence[Claim]:
        """The longest due first; what another worker is taking at this moment is passed over."""
        lease = new_id()
        found = (
            select(*_ROW)
            .where(
                # now(), which an index can be searched for: clock_timestamp() is another each time.
                due_work.c.due_at <= func.now(),
                due_work.c.kind.in_(sorted(kinds)),
                or_(due_work.c.lease.is_(None), due_work.c.leased_until < func.now()),
            )
            .order_by(due_work.c.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("found")
        )
        taken = (
            update(due_work)
            .where(tuple_(*_ROW) == tuple_(*found.c))
            .values(
                lease=lease,
                leased_until=self._until(),
                attempts=due_work.c.attempts + 1,
            )
            .returning(*_ROW, due_work.c.due_at, due_work.c.attempts, due_work.c.traceparent)
        )
        async with directory_work(self._engine) as connection:
            rows = (await connection.execute(taken)).all()
        # What an UPDATE returns is in no order, whatever that of the rows it was joined with.
        rows = sorted(rows, key=attrgetter("due_at", "kind", "key"))
        return [
            Claim(row.organisation_id, row.kind, row.key, lease, row.attempts, row.traceparent)
            for row in rows
        ]

    async def renew(self, claims: Collection[Claim]) -> None:
        """A row that is being written is passed over: its transaction holds off everybody."""
        rows = [(claim.organisation_id, claim.kind, claim.key) for claim in claims]
        mine = (
            select(*_ROW)
            .where(tuple_(*_ROW).in_(rows), due_work.c.lease.in_({claim.lease for claim in claims}))
            .with_for_update(skip_locked=True)
            .cte("mine")
        )
        renewed = (
            update(due_work)
            .where(tuple_(*_ROW) == tuple_(*mine.c))
            .values(leased_until=self._until())
        )
        async with directory_work(self._engine) as connection:
            await connection.execute(renewed)

    def _until(self) -> ColumnElement[Any]:
        until: ColumnElement[Any] = func.clock_timestamp() + self._lease
        return until
