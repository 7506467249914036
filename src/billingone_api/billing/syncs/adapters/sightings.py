"""What a sweep met, kept with its run; tombstones for what it did not meet."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    UUID,
    ClauseElement,
    ColumnElement,
    DateTime,
    FromClause,
    Text,
    bindparam,
    exists,
    func,
    select,
)

from billingone_api.billing.syncs.adapters.sweeps import (
    Quarantine,
    Seen,
    is_confirmed,
    is_plausible,
)
from billingone_api.billing.syncs.models import Removal, RunContext, Unreadable
from billingone_api.database.fast import Prepared, Row, fetch, fetch_one, prepare
from billingone_api.database.tables.syncs import sync_seen
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word
from billingone_api.process import Process

Follow = Callable[[UnitOfWork, Sequence[Row]], Awaitable[None]]
"""Does what has to be done when rows are gone, by what the statement said of them."""

AT: Final = bindparam("at", type_=DateTime(timezone=True))
ORGANISATION: Final = bindparam("organisation_id", type_=UUID())


@dataclass(frozen=True, slots=True)
class Swept:
    """A kind of record that is swept, and the statements that end a sweep of it."""

    kind: str
    listing: Prepared
    counting: Prepared
    burying: Prepared
    follow: Follow | None = None


def unmet(kind: str, table: FromClause, live: ColumnElement[bool]) -> ColumnElement[bool]:
    """A row that may still be met and was not by the run `run`, going by its source's id."""
    met = exists().where(
        sync_seen.c.organisation_id == table.c.organisation_id,
        sync_seen.c.run_id == bindparam("run", type_=UUID()),
        sync_seen.c.kind == word(kind),
        sync_seen.c.source_id == table.c.source_id,
    )
    return own(table) & live & ~met


def swept(
    kind: str,
    table: FromClause,
    live: ColumnElement[bool],
    *,
    burying: ClauseElement,
    follow: Follow | None = None,
) -> Swept:
    """`live` says which rows the list should hold; what it binds comes as a sweep's `scope`."""
    missing = func.count().filter(unmet(kind, table, live))
    counting = select(func.count().label("known"), missing.label("missing"))
    is_met = table.c.source_id == bindparam("met", type_=ARRAY(Text)).any_()
    listing = select(table.c.source_id).where(own(table), live, ~is_met)
    listing = listing.order_by(table.c.source_id).limit(bindparam("most"))
    return Swept(
        kind,
        listing=prepare(listing),
        counting=prepare(counting.where(own(table), live)),
        burying=prepare(burying),
        follow=follow,
    )


@dataclass(frozen=True, slots=True)
class PostgresSightings:
    """What one run has met of one kind of record; `scope` narrows the rows to those it reads."""

    process: Process
    run: RunContext
    swept: Swept
    scope: Mapping[str, Any] = field(default_factory=dict)

    async def met(self) -> set[str]:
        async with self.process.work(self.run.organisation_id) as work:
            return await self._seen(work).ids()

    async def unmet(self, met: Collection[str], *, most: int) -> Sequence[str]:
        values = self._values() | {"met": list(met), "most": most}
        async with self.process.work(self.run.organisation_id) as work:
            rows = await fetch(work.connection, self.swept.listing, **values)
        return [row["source_id"] for row in rows]

    async def note(
        self, work: UnitOfWork, *, readable: Collection[str], unreadable: Sequence[Unreadable]
    ) -> None:
        quarantine = self._quarantine(work)
        await quarantine.put(unreadable, run_id=self.run.run_id, at=self.process.clock.now())
        await quarantine.release(readable)
        await self._seen(work).mark({*readable, *(record.key for record in unreadable)})

    async def begin_again(self, work: UnitOfWork) -> None:
        await self._seen(work).forget()

    async def remove_unmet(self, work: UnitOfWork) -> Removal:
        known, missing = await self._count(work)
        is_believed = is_plausible(known=known, missing=missing)
        if not is_believed and not await is_confirmed(work, self.run.run_id):
            return Removal(known=known, missing=missing, gone=0)
        if missing:
            await self._bury(work)
        await self._quarantine(work).forget_earlier(run_id=self.run.run_id)
        return Removal(known=known, missing=missing, gone=missing)

    async def _bury(self, work: UnitOfWork) -> None:
        values = self._values() | {"at": self.process.clock.now()}
        rows = await fetch(work.connection, self.swept.burying, **values)
        if self.swept.follow is not None:
            await self.swept.follow(work, rows)

    async def _count(self, work: UnitOfWork) -> tuple[int, int]:
        row = await fetch_one(work.connection, self.swept.counting, **self._values())
        return (row["known"], row["missing"]) if row else (0, 0)

    def _values(self) -> dict[str, Any]:
        known = {"organisation_id": self.run.organisation_id, "run": self.run.run_id}
        return known | dict(self.scope)

    def _seen(self, work: UnitOfWork) -> Seen:
        return Seen(work, self.run.run_id, self.swept.kind)

    def _quarantine(self, work: UnitOfWork) -> Quarantine:
        return Quarantine(work, self.run.source, self.swept.kind)
