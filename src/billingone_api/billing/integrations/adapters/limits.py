"""Our own ceiling for a third party, and its wish to be left alone, kept across all workers.

One row of an integration says when the next request may go, judged by the database's clock: turns
are a pause apart, a 429 keeps everybody off for as long as was asked, and so does silence.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Interval, Text, bindparam, case, func, not_, select, update
from sqlalchemy.dialects.postgresql import insert

from billingone_api.database.fast import Prepared, Row, fetch_one, prepare
from billingone_api.database.tables.integrations import provider_limits
from billingone_api.database.tenancy import own, owned_by
from billingone_api.kit.http.errors import CircuitOpen, HttpError, HttpRateLimited, HttpUnavailable
from billingone_api.process import Process

LONGEST_QUEUE: Final = timedelta(minutes=1)
"""A server's clock that was ahead for a moment must not park everybody until it is that late."""
LONGEST_HOLD: Final = timedelta(days=1)
"""The same for being kept off; limits of a day end within one."""
DEFAULT_HOLD: Final = timedelta(seconds=10)
"""Those are left alone who say "too often" and not for how long."""
FAILURES: Final = 8
"""Requests in a row without an answer after which nobody asks; four are under way at a time."""
COOL_DOWN: Final = timedelta(seconds=30)
"""Until one request may try whether they answer again."""

_row: Final = provider_limits.c
_NOW: Final = func.clock_timestamp()
_LATER: Final = _NOW + bindparam("after", type_=Interval)
_PAUSE: Final = bindparam("pause", type_=Interval)
_MINE: Final = (own(provider_limits), _row.provider == bindparam("of_provider", type_=Text))
# PostgreSQL's least() passes over null.
_HELD_UNTIL: Final = func.coalesce(_row.not_before, _NOW)
_IS_BROKEN: Final = _row.failures >= FAILURES
# Further off than it is ever set: by a clock that was ahead. Then it is over.
_IS_OPEN: Final = _IS_BROKEN & _row.not_before.between(
    _NOW, _NOW + bindparam("cool_down", COOL_DOWN, Interval)
)
_FIRST: Final = insert(provider_limits).values(
    organisation_id=bindparam("organisation_id"),
    provider=bindparam("of_provider"),
    next_at=_NOW + _PAUSE,
)
# An open breaker gives no turn, and so no row; the first turn after it is the one that tries.
_TURN: Final = prepare(
    _FIRST.on_conflict_do_update(
        index_elements=list(provider_limits.primary_key.columns),
        set_={
            "next_at": func.greatest(
                _NOW,
                func.least(_row.next_at, _NOW + bindparam("queue", LONGEST_QUEUE, Interval)),
                func.least(_HELD_UNTIL, _NOW + bindparam("hold", LONGEST_HOLD, Interval)),
            )
            + _PAUSE,
            "not_before": case((_IS_BROKEN, _LATER), else_=_row.not_before),
        },
        where=not_(func.coalesce(_IS_OPEN, False)),
    ).returning(
        func.extract("epoch", _row.next_at - _PAUSE - _NOW).label("wait"),
        _row.failures,
    )
)
_REMAINING: Final = prepare(
    select(func.extract("epoch", _row.not_before - _NOW).label("wait")).where(*_MINE)
)
_ANSWERED: Final = prepare(
    update(provider_limits)
    .where(*_MINE)
    .values(failures=0, not_before=case((_IS_BROKEN, None), else_=_row.not_before))
)
_LIMITED: Final = prepare(
    update(provider_limits)
    .where(*_MINE)
    .values(failures=0, not_before=func.greatest(_row.not_before, _LATER))
)
_SILENT: Final = prepare(
    update(provider_limits)
    .where(*_MINE)
    .values(
        failures=_row.failures + 1,
        not_before=case((_row.failures + 1 >= FAILURES, _LATER), else_=_row.not_before),
    )
)


class PostgresLimiter:
    """Hands out turns that are `1 / requests_per_second` apart, to whoever shares the row.

    A turn further off than `patience` seconds is refused, for somebody with more time to decide.
    Each statement is a transaction of its own, which has ended before the wait.
    """

    def __init__(
        self,
        process: Process,
        *,
        organisation_id: UUID,
        provider: str,
        requests_per_second: float,
        patience: float = 60,
    ) -> None:
        self._process = process
        self._organisation_id = organisation_id
        self._provider = provider
        self._pause = timedelta(seconds=1 / requests_per_second)
        self._patience = patience
        # Most answers change nothing in the row: only after a failure they do.
        self._is_failing = False

    async def wait_turn(self) -> None:
        turn = await self._run(_TURN, pause=self._pause, after=COOL_DOWN)
        if turn is None:
            raise await self._refusal()
        self._is_failing = turn["failures"] > 0
        wait = float(turn["wait"])
        if wait > self._patience:
            raise HttpRateLimited(f"{self._provider} is left alone", retry_after=wait)
        if wait > 0:
            await self._process.sleep(wait)

    async def heed(self, error: HttpError | None) -> None:
        match error:
            case HttpRateLimited():
                asked = error.retry_after
                hold = DEFAULT_HOLD if asked is None else timedelta(seconds=asked)
                await self._run(_LIMITED, after=hold)
            case HttpUnavailable():
                self._is_failing = True
                await self._run(_SILENT, after=COOL_DOWN)
            case _ if self._is_failing:
                self._is_failing = False
                await self._run(_ANSWERED)

    async def _refusal(self) -> CircuitOpen:
        row = await self._run(_REMAINING)
        wait = max(float(row["wait"] or 0), 0) if row else 0
        return CircuitOpen(f"{self._provider} gave no answer lately", retry_after=wait)

    async def _run(self, prepared: Prepared, **values: Any) -> Row | None:
        mine = owned_by(self._organisation_id, of_provider=self._provider)
        async with self._process.work(self._organisation_id) as work:
            return await fetch_one(work.connection, prepared, **mine, **values)
