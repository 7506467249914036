"""Syncs as people ask for them, and as they see them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Text, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE
from sqlalchemy.dialects.postgresql import Insert, insert

from billingone_api.billing.syncs.adapters import reading
from billingone_api.billing.syncs.adapters.nights import nightfall
from billingone_api.billing.syncs.adapters.run_statements import SYNC
from billingone_api.billing.syncs.models import (
    Asked,
    Mode,
    QueuedRun,
    RunStatus,
    Sync,
    Trigger,
)
from billingone_api.billing.syncs.ports import Source
from billingone_api.database.fast import fetch, fetch_one, prepare
from billingone_api.database.tables.integrations import integrations
from billingone_api.database.tables.syncs import (
    due_work,
    sync_members,
    sync_runs,
    sync_steps,
    syncs,
)
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.clock import Clock
from billingone_api.kit.ids import new_id
from billingone_api.kit.pagination import Cursors, Page
from billingone_api.kit.tracing import carried

_UNFINISHED: Final = (RunStatus.QUEUED, RunStatus.RUNNING)
_CANCEL: Final = prepare(
    update(sync_runs)
    .where(
        own(sync_runs),
        sync_runs.c.id == bindparam("run"),
        sync_runs.c.cancel_requested.is_(False),
    )
    .values(cancel_requested=True, revision=sync_runs.c.revision + 1)
)


_CONFIRM: Final = prepare(
    update(sync_runs)
    .where(
        own(sync_runs),
        sync_runs.c.id == bindparam("ids", type_=ARRAY(UUID_TYPE(as_uuid=True))).any_(),
        sync_runs.c.finished_at.is_(None),
    )
    .values(removals_confirmed=True)
)


_SWEPT: Final = prepare(
    select(sync_runs.c.id)
    .where(
        own(sync_runs),
        sync_runs.c.source == bindparam("of_source", type_=Text),
        sync_runs.c.connection_id == bindparam("of_connection", type_=UUID_TYPE(as_uuid=True)),
        sync_runs.c.mode == Mode.FULL,
        sync_runs.c.status != RunStatus.CANCELLED,
        sync_runs.c.queued_at
        >= nightfall(
            bindparam("at", type_=DateTime(timezone=True)),
            bindparam("organisation_id", type_=UUID_TYPE(as_uuid=True)),
        ),
    )
    .limit(1)
)


class PostgresSyncs:
    """The syncs of the organisation that a unit of work is for."""

    def __init__(self, work: UnitOfWork, *, clock: Clock) -> None:
        self._work = work
        self._clock = clock

    async def connections(self) -> Mapping[str, UUID]:
        rows = await self._execute(
            select(integrations.c.provider, integrations.c.connection_id).where(own(integrations))
        )
        return {row.provider: row.connection_id for row in rows}

    async def queue(self, source: Source, *, connection_id: UUID, mode: Mode) -> QueuedRun:
        while True:
            run_id = await self._insert_run(source, connection_id, mode)
            if run_id is not None:
                return QueuedRun(run_id, joined=False)
            # Each statement sees what was committed before it: whoever was first is there now,
            # unless that run has ended between the two, which makes room for ours.
            unfinished = select(sync_runs.c.id).where(
                own(sync_runs),
                sync_runs.c.source == source.key,
                sync_runs.c.status.in_(_UNFINISHED),
            )
            first = (await self._execute(unfinished)).scalar()
            if first is not None:
                return QueuedRun(first, joined=True)

    async def _insert_run(self, source: Source, connection_id: UUID, mode: Mode) -> UUID | None:
        run_id = new_id()
        run = {
            "id": run_id,
            "source": source.key,
            "mode": mode,
            "connection_id": connection_id,
            "status": RunStatus.QUEUED,
            "queued_at": self._clock.now(),
        }
        if await self._insert(insert(sync_runs).on_conflict_do_nothing(), [run]) == 0:
            return None
        steps = [
            {"run_id": run_id, "position": position, "name": name}
            for position, name in enumerate(source.step_names)
        ]
        await self._insert(insert(sync_steps), steps)
        due = insert(due_work).values(due_at=func.clock_timestamp())
        await self._insert(due, [{"kind": SYNC, "key": str(run_id), "traceparent": carried()}])
        return run_id

    async def is_swept_tonight(self, source: str, *, connection_id: UUID) -> bool:
        values = self._owned(of_source=source, of_connection=connection_id, at=self._clock.now())
        return await fetch_one(self._work.connection, _SWEPT, **values) is not None

    async def confirm_removals(self, runs: Sequence[QueuedRun]) -> None:
        ids = [run.id for run in runs]
        await fetch(self._work.connection, _CONFIRM, **self._owned(ids=ids))

    async def add(
        self, runs: Sequence[QueuedRun], *, trigger: Trigger, requested_by: str | None
    ) -> UUID:
        sync_id = new_id()
        sync = {
            "id": sync_id,
            "trigger": trigger,
            "requested_by": requested_by,
            "requested_at": self._clock.now(),
        }
        await self._insert(insert(syncs), [sync])
        members = [{"sync_id": sync_id, "run_id": run.id, "joined": run.joined} for run in runs]
        await self._insert(insert(sync_members), members)
        return sync_id

    async def find(self, sync_id: UUID) -> Sync | None:
        return next(iter(await self.find_all([sync_id])), None)

    async def find_all(self, ids: Collection[UUID]) -> list[Sync]:
        return await reading.find(self._work, ids)

    async def request_cancel(self, run_id: UUID) -> bool:
        work_on_it = (
            select(func.coalesce(due_work.c.leased_until > func.clock_timestamp(), False))
            .where(own(due_work), due_work.c.kind == SYNC, due_work.c.key == str(run_id))
            .with_for_update()
        )
        is_worked_on = (await self._execute(work_on_it)).scalar()
        if not is_worked_on:
            return False
        await fetch(self._work.connection, _CANCEL, **self._owned(run=run_id))
        return True

    async def page(self, asked: Asked, *, cursors: Cursors) -> Page[Sync]:
        """Newest first."""
        filters = asked.filters
        scope = f"{self._work.organisation_id}:syncs:{sorted(filters.items())}"
        values: dict[str, Any] = dict(filters)
        if asked.cursor is not None:
            (values["before"],) = cursors.open(asked.cursor, scope=scope)
        statement = reading.page_statement(frozenset(values))
        heads = await fetch(
            self._work.connection, statement, **self._owned(rows=asked.limit + 1, **values)
        )
        items = await reading.whole(self._work, heads[: asked.limit])
        more = len(heads) > asked.limit
        return Page(
            items=items,
            next_cursor=cursors.seal((items[-1].id,), scope=scope) if more else None,
            total=await self._count(filters) if asked.with_total else None,
        )

    async def _count(self, filters: Mapping[str, Any]) -> int | None:
        statement = reading.count_statement(frozenset(filters))
        row = await fetch_one(self._work.connection, statement, **self._owned(**filters))
        return None if row is None else row["total"]

    def _owned(self, **values: Any) -> dict[str, Any]:
        return owned_by(self._work.organisation_id, **values)

    async def _execute(self, statement: Any) -> Any:
        return await self._work.connection.execute(statement, self._owned())

    async def _insert(self, statement: Insert, rows: Sequence[Mapping[str, Any]]) -> int:
        owned = [self._owned(**row) for row in rows]
        return (await self._work.connection.execute(statement, owned)).rowcount
