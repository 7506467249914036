"""Snapshots: asked for once however many ask, taken by one worker, kept as they were."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Text,
    Uuid,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.definitions.adapters.sources import left_out
from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.billing.integrations.models import is_behind
from billingone_api.billing.reconciliation.adapters.postgres import (
    coverage,
    due,
    freezing,
    news,
    past,
)
from billingone_api.billing.reconciliation.adapters.postgres.sides import SNAPSHOT
from billingone_api.billing.reconciliation.models import (
    Asked,
    Moment,
    Outcome,
    ReconciliationSettings,
    Snapshot,
    SnapshotStatus,
    SourceState,
    Tallied,
    UnderLicensed,
)
from billingone_api.billing.syncs.models import RunStatus, Trigger
from billingone_api.database.fast import Prepared, Row, fetch, fetch_one, prepare
from billingone_api.database.mapping import rely_on_mapping
from billingone_api.database.tables.access import organisations
from billingone_api.database.tables.integrations import integrations
from billingone_api.database.tables.reconciliation import snapshots
from billingone_api.database.tables.syncs import sync_runs
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word
from billingone_api.kit.clock import Clock
from billingone_api.kit.ids import new_id

_OF: Final = snapshots.c
NAMES: Final = tuple(field.name for field in fields(Snapshot))
_UNFINISHED: Final = ("queued", "running")
_ORGANISATION: Final = bindparam("organisation_id", type_=Uuid())
_AT: Final = bindparam("at", type_=DateTime(timezone=True))
_FIND: Final = prepare(
    select(*(_OF[name] for name in NAMES)).where(own(snapshots), _OF.id == SNAPSHOT)
)
_DAY: Final = bindparam("asked_day", type_=Date)
_UNDER_WAY: Final = prepare(
    select(_OF.id).where(
        own(snapshots),
        _OF.day.is_not_distinct_from(_DAY),
        _OF.status.in_([word(status) for status in _UNFINISHED]),
    )
)
_ASK: Final = prepare(
    insert(snapshots)
    .values(
        organisation_id=_ORGANISATION,
        id=SNAPSHOT,
        status=word("queued"),
        trigger=bindparam("trigger", type_=Text),
        requested_by=bindparam("requested_by", type_=Text),
        requested_at=_AT,
        day=_DAY,
    )
    .on_conflict_do_nothing()
    .returning(_OF.id)
)
_BEGIN: Final = prepare(
    update(snapshots)
    .where(own(snapshots), _OF.id == SNAPSHOT)
    .values(status=word("running"), started_at=func.coalesce(_OF.started_at, _AT))
)
_KNOWN_SINCE: Final = prepare(
    select(organisations.c.created_at).where(organisations.c.id == _ORGANISATION)
)
_FACTS: Final = ("status", "outcome", "as_of", "problem", "detail")
_SAID: Final = ("basis", "coverage", "summary")
_FINISH: Final = prepare(
    update(snapshots)
    .where(own(snapshots), _OF.id == SNAPSHOT)
    .values(
        finished_at=_AT,
        day=func.coalesce(bindparam("new_day", type_=Date), _OF.day),
        **{name: bindparam(f"new_{name}", type_=_OF[name].type) for name in (*_FACTS, *_SAID)},
    )
)
_EXPIRE: Final = prepare(
    delete(snapshots).where(
        own(snapshots),
        _OF.status.not_in([word(status) for status in _UNFINISHED]),
        _OF.requested_at < bindparam("before", type_=DateTime(timezone=True)),
    )
)
# Rows that this transaction has just written are unknown to the planner, which takes them for one
# or none and would walk a hundred thousand of them for each of a hundred thousand others.
_PLANNED: Final = text(
    "SELECT set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true),"
    " set_config('work_mem', '64MB', true)"
)
# For one statement alone: client after client, its row in the last snapshot is found by its key.
_LOOKED_UP: Final = text("SELECT set_config('enable_nestloop', 'on', true)")
_PAX8: Final = word("pax8")
_THROUGH: Final = [word(status) for status in (RunStatus.SUCCEEDED, RunStatus.PARTIAL)]


def _source() -> Prepared:
    of, run = integrations.c, sync_runs.c
    connected = (
        select(of.connection_id, of.last_success_at, of.schedule_minutes)
        .where(own(integrations), of.provider == _PAX8)
        .subquery("connected")
    )
    last = (
        select(left_out(run).label("is_partial"), run.finished_at)
        .where(own(sync_runs), run.source == _PAX8, run.status.in_(_THROUGH))
        .order_by(run.queued_at.desc())
        .limit(1)
        .subquery("last")
    )
    one = select(literal_column("1")).subquery("one")
    always: ColumnElement[bool] = literal_column("true")
    return prepare(
        select(
            connected.c.connection_id,
            connected.c.schedule_minutes,
            func.coalesce(connected.c.last_success_at, last.c.finished_at).label("last_success_at"),
            last.c.is_partial,
        ).select_from(one.outerjoin(connected, always).outerjoin(last, always))
    )


_SOURCE: Final = _source()


class PostgresSnapshots:
    """The snapshots of the organisation that a unit of work is for."""

    def __init__(self, work: UnitOfWork, *, clock: Clock) -> None:
        self._work = work
        self._clock = clock

    async def request(
        self, *, trigger: Trigger, requested_by: str | None, day: date | None
    ) -> Asked:
        while True:
            made = await self._run(
                _ASK,
                snapshot_id=new_id(),
                trigger=trigger,
                requested_by=requested_by,
                asked_day=day,
                at=self._clock.now(),
            )
            if made:
                asked = Asked(made[0]["id"], joined=False)
                await due.due(self._work, due.SNAPSHOT, str(asked.id))
                return asked
            # Each statement sees what was committed before it: whoever was first is there now,
            # unless that snapshot has ended between the two, which makes room for ours.
            for row in await self._run(_UNDER_WAY, asked_day=day):
                return Asked(row["id"], joined=True)

    async def known_since(self) -> datetime:
        (row,) = await self._run(_KNOWN_SINCE)
        created_at: datetime = row["created_at"]
        return created_at

    async def find(self, snapshot_id: UUID) -> Snapshot | None:
        rows = await self._run(_FIND, snapshot_id=snapshot_id)
        return snapshot_of(rows[0]) if rows else None

    async def expire(self, *, before: datetime) -> None:
        await self._run(_EXPIRE, before=before)

    async def _run(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        return await fetch(
            self._work.connection, statement, organisation_id=self._work.organisation_id, **values
        )


def snapshot_of(row: Row) -> Snapshot:
    return Snapshot(
        **{name: row[name] for name in NAMES}
        | {
            "status": SnapshotStatus(row["status"]),
            "outcome": None if row["outcome"] is None else Outcome(row["outcome"]),
            "trigger": Trigger(row["trigger"]),
        }
    )


class PostgresFreezer:
    """One snapshot in the hands of the worker whose transaction this is."""

    def __init__(self, work: UnitOfWork, snapshot_id: UUID, *, clock: Clock) -> None:
        self._work = work
        self._id = snapshot_id
        self._clock = clock

    async def take_turn(self) -> None:
        await rely_on_mapping(self._work)

    async def begin(self) -> None:
        await self._run(_BEGIN, at=self._clock.now())

    async def source(self, moment: Moment) -> SourceState:
        row = await self._one(past.SOURCE_THEN if moment.is_past else _SOURCE, as_of=moment.at)
        last, minutes, now = row["last_success_at"], row["schedule_minutes"], moment.at
        return SourceState(
            # Nobody keeps who was connected when: a copy that was not renewed is stale.
            is_connected=moment.is_past or row["connection_id"] is not None,
            last_success_at=last,
            is_partial=bool(row["is_partial"]),
            is_stale=last is not None and is_behind(last, schedule_minutes=minutes, now=now),
        )

    async def freeze(
        self,
        basis: PriceBasis,
        *,
        settings: ReconciliationSettings,
        moment: Moment,
        reporting_currency: str,
        with_seats: bool,
    ) -> Tallied:
        of = {"as_of": moment.at, "today": moment.day}
        await self._work.connection.execute(_PLANNED)
        await self._run(freezing.freezing_rules(is_past=moment.is_past), **of)
        await self._run(
            freezing.freezing_counts(is_past=moment.is_past),
            count_sources=json.dumps(dict(settings.count_sources)),
            fresh_since=moment.at - timedelta(hours=settings.stale_after_hours),
            **of,
        )
        if with_seats:
            await self._run(freezing.freezing_seats(basis, is_past=moment.is_past), **of)
            await self._run(freezing.comparing(knows_sell_price=basis.knows_sell_price))
            await self._run(freezing.SUM_UP, reporting_currency=reporting_currency, **of)
        return Tallied(**dict(await self._one(coverage.TALLY)))

    async def coverage(self, moment: Moment) -> Mapping[str, Any]:
        covering = coverage.covering(is_past=moment.is_past)
        row = await self._one(covering, as_of=moment.at, today=moment.day)
        return {name: int(value) for name, value in row.items()}

    async def summary(self) -> Mapping[str, Any]:
        row = dict(await self._one(coverage.SUMMARY))
        return row | {"stakes": row["stakes"] or []}

    async def newly_under(self, as_of: datetime) -> Sequence[UnderLicensed]:
        await self._work.connection.execute(_LOOKED_UP)
        rows = await self._run(news.NEWLY_UNDER, as_of=as_of)
        await self._work.connection.execute(_PLANNED)
        return [news.under_licensed(row) for row in rows]

    async def finish(self, **facts: Any) -> None:
        new: dict[str, Any] = {f"new_{name}": facts.get(name) for name in (*_FACTS, "day")}
        new |= {f"new_{name}": json.dumps(facts.get(name) or {}) for name in _SAID}
        await self._run(_FINISH, at=self._clock.now(), **new)
        await due.no_longer_due(self._work, due.SNAPSHOT, str(self._id))

    async def _one(self, statement: Prepared, **values: Any) -> Row:
        row = await fetch_one(self._work.connection, statement, **self._values(values))
        if row is None:
            raise LookupError("A statement that counts has one row.")
        return row

    async def _run(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        return await fetch(self._work.connection, statement, **self._values(values))

    def _values(self, values: dict[str, Any]) -> dict[str, Any]:
        return {
            "organisation_id": self._work.organisation_id,
            "snapshot_id": self._id,
            **values,
        }
