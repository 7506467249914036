"""Our own ceiling for a third party, kept across all workers by a row and its clock."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Interval, bindparam, func
from sqlalchemy.dialects.postgresql import insert

from billingone_api.database.fast import fetch_one, prepare
from billingone_api.database.tables.integrations import provider_limits
from billingone_api.database.tenancy import owned_by
from billingone_api.process import Process

LONGEST_QUEUE: Final = timedelta(minutes=1)
"""A server's clock that was ahead for a moment must not park everybody until it is that late."""

_PAUSE: Final = bindparam("pause", type_=Interval)
_NOW: Final = func.clock_timestamp()
_FIRST: Final = insert(provider_limits).values(
    organisation_id=bindparam("organisation_id"),
    provider=bindparam("provider"),
    next_at=_NOW + _PAUSE,
)
_TURN: Final = prepare(
    _FIRST.on_conflict_do_update(
        index_elements=list(provider_limits.primary_key.columns),
        set_={
            "next_at": func.greatest(
                _NOW,
                func.least(
                    provider_limits.c.next_at, _NOW + bindparam("longest", LONGEST_QUEUE, Interval)
                ),
            )
            + _PAUSE
        },
    ).returning(func.extract("epoch", provider_limits.c.next_at - _PAUSE - _NOW).label("wait"))
)


class PostgresLimiter:
    """Hands out turns that are `1 / requests_per_second` apart, to whoever shares the row."""

    def __init__(
        self,
        process: Process,
        *,
        organisation_id: UUID,
        provider: str,
        requests_per_second: float,
    ) -> None:
        self._process = process
        self._values = owned_by(
            organisation_id,
            provider=provider,
            pause=timedelta(seconds=1 / requests_per_second),
        )
        self._organisation_id = organisation_id

    async def wait_turn(self) -> None:
        """The turn is taken in a transaction of its own, which has ended before the wait."""
        async with self._process.work(self._organisation_id) as work:
            row = await fetch_one(work.connection, _TURN, **self._values)
        if row is not None and row["wait"] > 0:
            await self._process.sleep(float(row["wait"]))
