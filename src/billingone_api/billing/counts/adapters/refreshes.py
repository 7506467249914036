"""Keeps what was asked of PanelOne: one refresh at a time, under a row of due work."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import DateTime, Text, Uuid, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.counts.models import (
    SUPEROPS,
    Refresh,
    Refreshed,
    RefreshStatus,
)
from billingone_api.billing.syncs.adapters import due
from billingone_api.billing.syncs.adapters.sweeps import Quarantine
from billingone_api.billing.syncs.models import Trigger, Unreadable
from billingone_api.database import listings
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.listings import Listing, words_in
from billingone_api.database.tables.clients import clients
from billingone_api.database.tables.counts import client_counts, count_refreshes
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word
from billingone_api.kit.clock import Clock
from billingone_api.kit.ids import new_id
from billingone_api.kit.pagination import Asked, Cursors, Page

KIND: Final = "count_refresh"
"""The kind of due work that is a refresh; its key is the refresh's id."""

_OF: Final = count_refreshes.c
_ENDED: Final = tuple(field.name for field in fields(Refreshed))
_IS_IT: Final = (own(count_refreshes), _OF.id == bindparam("of_id", type_=Uuid()))
_IS_RUNNING: Final = _OF.status == word(RefreshStatus.RUNNING)
_AT: Final = bindparam("now", type_=DateTime(timezone=True))
_FIND: Final = prepare(select(*_OF).where(*_IS_IT))
# By id, which grows with the time: the newest are found without a look at all the others.
_LIST: Final = Listing(
    name="count-refreshes",
    rows=select(*_OF).where(own(count_refreshes)),
    filters={
        "q": words_in(func.coalesce(_OF.requested_by, word(""))),
        "status": _OF.status == bindparam("status", type_=Text),
    },
    sorts={"id": _OF.id},
    key=_OF.id,
)
_RUNNING: Final = prepare(select(_OF.id).where(own(count_refreshes), _IS_RUNNING))
_HOLD: Final = prepare(select(_OF.id).where(*_IS_IT, _IS_RUNNING).with_for_update())
_TOLD: Final = client_counts.c
# Of a metric that two tools counted the newest speaks: one that was given up makes nothing stale.
_NEWEST: Final = (
    select(func.max(_TOLD.counted_at).label("counted_at"))
    .select_from(client_counts.join(clients, own(clients) & (clients.c.id == _TOLD.client_id)))
    .where(own(client_counts), _TOLD.source != word(SUPEROPS), clients.c.active)
    .group_by(_TOLD.client_id, _TOLD.metric)
    .subquery("newest")
)
_OLDEST: Final = prepare(select(func.min(_NEWEST.c.counted_at).label("counted_at")))
_ASK: Final = prepare(
    insert(count_refreshes)
    .values(
        organisation_id=bindparam("organisation_id", type_=Uuid()),
        id=bindparam("of_id", type_=Uuid()),
        status=word(RefreshStatus.RUNNING),
        trigger=bindparam("by_trigger", type_=Text),
        requested_by=bindparam("by", type_=Text),
        requested_at=_AT,
    )
    .on_conflict_do_nothing()
    .returning(_OF.id)
)
_END: Final = prepare(
    update(count_refreshes)
    .where(*_IS_IT)
    .values(
        finished_at=_AT,
        **{name: bindparam(f"new_{name}", type_=_OF[name].type) for name in _ENDED},
    )
)


class PostgresRefreshes:
    """The refreshes of the organisation that a unit of work is for."""

    def __init__(self, work: UnitOfWork, *, clock: Clock) -> None:
        self._work = work
        self._clock = clock

    async def request(
        self, *, trigger: Trigger, requested_by: str | None, at: datetime | None
    ) -> tuple[UUID, bool]:
        while True:
            id_, now = new_id(), self._clock.now()
            made = await self._run(_ASK, of_id=id_, by_trigger=trigger, by=requested_by, now=now)
            if made:
                await due.due(self._work, KIND, str(id_), at=at)
                return id_, False
            # Unless it has ended between the two statements, which makes room for ours.
            for row in await self._run(_RUNNING):
                return row["id"], True

    async def find(self, refresh_id: UUID) -> Refresh | None:
        for row in await self._run(_FIND, of_id=refresh_id):
            return _refresh(row)
        return None

    async def page(self, asked: Asked, *, cursors: Cursors) -> Page[Refresh]:
        found = await listings.page(self._work, _LIST, asked, cursors=cursors)
        return Page([_refresh(row) for row in found.items], found.next_cursor, found.total)

    async def are_fresh(self, *, since: datetime) -> bool:
        (oldest,) = await self._run(_OLDEST)
        return oldest["counted_at"] is not None and oldest["counted_at"] >= since

    async def hold(self, refresh_id: UUID) -> bool:
        return bool(await self._run(_HOLD, of_id=refresh_id))

    async def set_aside(self, refresh_id: UUID, unreadable: Sequence[Unreadable]) -> None:
        quarantine = Quarantine(self._work, "panelone", "count")
        await quarantine.put(unreadable, run_id=refresh_id, at=self._clock.now())
        await quarantine.forget_earlier(run_id=refresh_id)

    async def end(self, refresh_id: UUID, refreshed: Refreshed) -> None:
        new = {f"new_{name}": value for name, value in asdict(refreshed).items()}
        await self._run(_END, of_id=refresh_id, now=self._clock.now(), **new)
        await due.no_longer_due(self._work, KIND, str(refresh_id))

    async def _run(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        return await fetch(
            self._work.connection, statement, organisation_id=self._work.organisation_id, **values
        )


def _refresh(row: Row) -> Refresh:
    ended = {name: row[name] for name in _ENDED} | {"status": RefreshStatus(row["status"])}
    return Refresh(
        row["id"],
        Trigger(row["trigger"]),
        row["requested_by"],
        row["requested_at"],
        row["finished_at"],
        Refreshed(**ended),
    )
