"""One run's rows, inside one transaction of whoever holds its lease or cancels it."""

import json
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from billingone_api.billing.syncs.adapters import run_statements as sql
from billingone_api.billing.syncs.models import (
    Claim,
    LeaseLost,
    Mode,
    Outcome,
    Problem,
    ProblemCode,
    RunContext,
    RunStatus,
    StepBegun,
    StepStatus,
    Tally,
    Wait,
    Withdrawn,
)
from billingone_api.billing.syncs.ports import Batch
from billingone_api.database.fast import Prepared, Row, fetch
from billingone_api.database.tenancy import owned_by
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.clock import Clock
from billingone_api.kit.metrics import RUNS

_REPLACED: Final = Problem(
    ProblemCode.CONNECTION_CHANGED,
    "The integration was disconnected or given other credentials meanwhile. Sync again to copy "
    "with those.",
)
_ENDED: Final = Problem(
    ProblemCode.ORGANISATION_ENDED, "This organisation has been ended in PanelOne."
)
_NOTHING: Final = timedelta()


class PostgresRun:
    """A run as `RunRecord` describes it."""

    def __init__(self, work: UnitOfWork, run_id: UUID, *, clock: Clock) -> None:
        self._work = work
        self._run_id = run_id
        self._clock = clock

    async def fence(self, claim: Claim, *, attempts: int, seconds: float) -> None:
        lease = timedelta(seconds=seconds)
        if not await self._run(sql.FENCE, of_lease=claim.lease, tried=attempts, pause=lease):
            raise LeaseLost

    async def check(self) -> None:
        (run,) = await self._run(sql.STATE)
        # What has words for it comes first: whoever replaces credentials also asks to cancel.
        if run["ended_at"] is not None:
            raise Withdrawn(_ENDED)
        if not await self._run(sql.IS_CONNECTED, **_credentials(run)):
            raise Withdrawn(_REPLACED)
        if run["cancel_requested"]:
            raise Withdrawn(None)

    async def begin(self) -> RunContext:
        (row,) = await self._run(sql.BEGIN, at=self._clock.now()) or (None,)
        if row is None:
            raise LeaseLost
        return RunContext(
            organisation_id=self._work.organisation_id,
            run_id=self._run_id,
            source=row["source"],
            connection_id=row["connection_id"],
            mode=Mode(row["mode"]),
        )

    async def steps(self) -> Sequence[StepBegun]:
        return [
            StepBegun(
                position=row["position"],
                name=row["name"],
                status=StepStatus(row["status"]),
                checkpoint=row["checkpoint"],
                quarantined=row["quarantined"],
            )
            for row in await self._run(sql.STEPS)
        ]

    async def record(self, position: int, batch: Batch, tally: Tally) -> None:
        await self._run(
            sql.RECORD,
            of_position=position,
            next=json.dumps(batch.checkpoint),
            of=batch.total,
            read=tally.read,
            says=batch.notice,
            **{f"more_{name}": getattr(tally, name) for name in sql.COUNTS},
        )
        await self._run(sql.TOUCH)

    async def finish_step(self, position: int) -> None:
        await self._run(sql.FINISH_STEP, of_position=position)
        await self._run(sql.TOUCH)

    async def end(self, outcome: Outcome) -> None:
        now = self._clock.now()
        await self._run(sql.HOLD_CREDENTIALS)
        await self._run(sql.NO_LONGER_DUE)
        ended = await self._run(sql.END, outcome=outcome.status, at=now, **_words(outcome.problem))
        await self._run(sql.FORGET_SEEN)
        for run in ended:
            self._work.after_commit.append(partial(_count, run["source"], outcome.status))
            if outcome.status in {RunStatus.SUCCEEDED, RunStatus.PARTIAL}:
                await self._run(sql.IN_ORDER, at=now, **_credentials(run))
            elif outcome.attention is not None:
                words = _words(outcome.problem) | {"words": outcome.attention}
                await self._run(sql.NEEDS_ATTENTION, at=now, **words, **_credentials(run))

    async def wait(self, wait: Wait) -> None:
        due_at = await self._release(timedelta(seconds=wait.seconds), is_attempt=wait.is_attempt)
        await self._run(sql.WAITING, until=due_at, **_words(wait.problem))

    async def give_back(self) -> None:
        await self._release(_NOTHING, is_attempt=False)

    async def _release(self, pause: timedelta, *, is_attempt: bool) -> Any:
        (row,) = await self._run(sql.RELEASE, pause=pause, refund=0 if is_attempt else 1)
        return row["due_at"]

    async def _run(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        known = owned_by(self._work.organisation_id, run=self._run_id, of_key=str(self._run_id))
        return await fetch(self._work.connection, statement, **known, **values)


async def _count(source: str, status: RunStatus) -> None:
    RUNS.labels(source, status).inc()


def _credentials(run: Row) -> dict[str, Any]:
    return {"of_source": run["source"], "of_connection": run["connection_id"]}


def _words(problem: Problem | None) -> dict[str, str | None]:
    return {
        "code": problem.code if problem else None,
        "words": problem.detail if problem else None,
    }
