"""Where each list's next delta begins, kept for each of the books it belongs to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.syncs.models import Cursor, RunContext
from billingone_api.database.fast import fetch, fetch_one, prepare
from billingone_api.database.tables.syncs import sync_cursors
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.process import Process


def _saving() -> Any:
    names = ("organisation_id", "scope", "step", "since", "swept_at")
    statement = insert(sync_cursors).values({name: bindparam(name) for name in names})
    sent, kept = statement.excluded, sync_cursors.c
    return statement.on_conflict_do_update(
        index_elements=list(sync_cursors.primary_key.columns),
        set_={"since": sent.since, "swept_at": func.coalesce(sent.swept_at, kept.swept_at)},
    )


_LOADING: Final = prepare(
    select(sync_cursors.c.since, sync_cursors.c.swept_at).where(
        own(sync_cursors),
        sync_cursors.c.scope == bindparam("scope", type_=Text),
        sync_cursors.c.step == bindparam("step", type_=Text),
    )
)
_SAVING: Final = prepare(_saving())


@dataclass(frozen=True, slots=True)
class PostgresCursors:
    """The cursors of one organisation's lists; `scope` names the books they belong to."""

    process: Process
    run: RunContext
    scope: str

    async def load(self, step: str) -> Cursor | None:
        async with self.process.work(self.run.organisation_id) as work:
            row = await fetch_one(work.connection, _LOADING, **self._values(step))
        return None if row is None else Cursor(row["since"], row["swept_at"])

    async def advance(
        self, work: UnitOfWork, step: str, *, since: datetime | None, is_swept: bool
    ) -> None:
        swept_at = self.process.clock.now() if is_swept else None
        values = self._values(step) | {"since": since, "swept_at": swept_at}
        await fetch(work.connection, _SAVING, **values)

    def _values(self, step: str) -> dict[str, Any]:
        return owned_by(self.run.organisation_id, scope=self.scope, step=step)
