"""Reads syncs with their runs and steps: three statements for one sync or for a page of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Select, Text, bindparam, case, func, select, true
from sqlalchemy.dialects import postgresql

from billingone_api.billing.syncs.models import (
    Mode,
    Problem,
    ProblemCode,
    Run,
    RunStatus,
    StepProgress,
    StepStatus,
    Sync,
    Tally,
    Trigger,
)
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.tables.syncs import sync_members, sync_runs, sync_steps, syncs
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork

_IDS: Final = ARRAY(postgresql.UUID(as_uuid=True))


def _members() -> Any:
    return sync_members.join(
        sync_runs,
        (sync_runs.c.organisation_id == sync_members.c.organisation_id)
        & (sync_runs.c.id == sync_members.c.run_id),
    )


_STATE: Final = (
    select(
        case(
            (func.bool_and(sync_runs.c.status == RunStatus.QUEUED), RunStatus.QUEUED.value),
            (func.bool_or(sync_runs.c.finished_at.is_(None)), RunStatus.RUNNING.value),
            (
                func.min(sync_runs.c.status) == func.max(sync_runs.c.status),
                func.min(sync_runs.c.status),
            ),
            else_=RunStatus.PARTIAL.value,
        ).label("status"),
        func.array_agg(sync_runs.c.source).label("sources"),
    )
    .select_from(_members())
    .where(
        sync_members.c.organisation_id == syncs.c.organisation_id,
        sync_members.c.sync_id == syncs.c.id,
    )
    .lateral("state")
)
_HEADS: Final = (
    select(
        syncs.c.id,
        syncs.c.trigger,
        syncs.c.requested_by,
        syncs.c.requested_at,
        _STATE.c.status,
    )
    .join(_STATE, true())
    .where(own(syncs))
)
_SOME: Final = prepare(_HEADS.where(syncs.c.id == bindparam("ids", type_=_IDS).any_()))
_RUNS: Final = prepare(
    select(sync_members.c.sync_id, sync_members.c.joined, *sync_runs.c)
    .select_from(_members())
    .where(own(sync_members), sync_members.c.sync_id == bindparam("ids", type_=_IDS).any_())
    .order_by(sync_runs.c.source)
)
_STEPS: Final = prepare(
    select(*(column for column in sync_steps.c if column.name != "checkpoint"))
    .where(own(sync_steps), sync_steps.c.run_id == bindparam("ids", type_=_IDS).any_())
    .order_by(sync_steps.c.position)
)


@cache
def page_statement(filters: frozenset[str]) -> Prepared:
    """The heads of a page, newest first; each combination of filters is SQL of its own."""
    statement = _filtered(_HEADS, filters)
    if "before" in filters:
        statement = statement.where(syncs.c.id < bindparam("before"))
    return prepare(statement.order_by(syncs.c.id.desc()).limit(bindparam("rows")))


@cache
def count_statement(filters: frozenset[str]) -> Prepared:
    needs_runs = filters & {"source", "status"}
    counted = select(func.count().label("total")).select_from(
        syncs.join(_STATE, true()) if needs_runs else syncs
    )
    return prepare(_filtered(counted.where(own(syncs)), filters))


def _filtered(statement: Select[Any], filters: Collection[str]) -> Select[Any]:
    conditions = {
        "source": bindparam("source", type_=Text) == _STATE.c.sources.any_(),
        "status": _STATE.c.status == bindparam("status", type_=Text),
        "q": func.strpos(
            func.lower(func.coalesce(syncs.c.requested_by, "")), func.lower(bindparam("q"))
        )
        > 0,
    }
    return statement.where(*(conditions[name] for name in sorted(filters & conditions.keys())))


async def find(work: UnitOfWork, ids: Collection[UUID]) -> list[Sync]:
    heads = await fetch(work.connection, _SOME, organisation_id=work.organisation_id, ids=list(ids))
    return await whole(work, heads)


async def whole(work: UnitOfWork, heads: Sequence[Row]) -> list[Sync]:
    """With their runs and steps, in the order of the heads."""
    ids = [head["id"] for head in heads]
    runs = await fetch(work.connection, _RUNS, organisation_id=work.organisation_id, ids=ids)
    run_ids = list({run["id"] for run in runs})
    steps = await fetch(work.connection, _STEPS, organisation_id=work.organisation_id, ids=run_ids)
    steps_of = _by("run_id", steps)
    runs_of = _by("sync_id", runs)
    return [
        _sync(head, [_run(run, steps_of[run["id"]]) for run in runs_of[head["id"]]])
        for head in heads
    ]


def _by(name: str, rows: Iterable[Row]) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[name]].append(row)
    return found


def _sync(head: Row, runs: Sequence[Run]) -> Sync:
    return Sync(
        id=head["id"],
        status=RunStatus(head["status"]),
        trigger=Trigger(head["trigger"]),
        requested_by=head["requested_by"],
        requested_at=head["requested_at"],
        runs=runs,
    )


def _run(row: Row, steps: Sequence[Row]) -> Run:
    code = row["problem"]
    return Run(
        id=row["id"],
        source=row["source"],
        mode=Mode(row["mode"]),
        status=RunStatus(row["status"]),
        joined=row["joined"],
        cancel_requested=row["cancel_requested"],
        revision=row["revision"],
        queued_at=row["queued_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        resumes_at=row["resumes_at"],
        problem=None if code is None else Problem(ProblemCode(code), row["detail"]),
        steps=[_step(step) for step in steps],
    )


def _step(row: Row) -> StepProgress:
    return StepProgress(
        name=row["name"],
        status=StepStatus(row["status"]),
        done=row["done"],
        total=row["total"],
        counts=Tally(
            created=row["created"],
            changed=row["changed"],
            unchanged=row["unchanged"],
            gone=row["gone"],
            quarantined=row["quarantined"],
        ),
        notice=row["notice"],
    )
