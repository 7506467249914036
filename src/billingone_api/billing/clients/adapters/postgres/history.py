"""The list of deeds, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Integer,
    Text,
    Uuid,
    bindparam,
    func,
    select,
    tuple_,
)

from billingone_api.billing.clients.adapters.postgres.deeds import deed_of, deeds
from billingone_api.billing.clients.deeds import Deed, Kind
from billingone_api.billing.clients.models import PageWanted
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.tables.mapping import mapping_deeds
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.pagination import Cursors, Page


@dataclass(frozen=True, slots=True)
class PostgresDeeds:
    """The deeds of the organisation that a unit of work is for."""

    work: UnitOfWork
    cursors: Cursors

    async def page(self, wanted: tuple[str | None, Kind | None], at: PageWanted) -> Page[Deed]:
        q, kind = wanted
        scope = repr(("mapping_deeds", self.work.organisation_id, q, kind))
        values: dict[str, Any] = {"q": q, "kind": kind}
        after: dict[str, Any] = {}
        if at.cursor is not None:
            done_at, id_ = self.cursors.open(at.cursor, scope=scope)
            after = {"after_at": done_at, "after_id": id_}
        statement = _page(q is not None, kind is not None, bool(after))
        rows = await self._fetch(statement, limit=at.limit + 1, **values, **after)
        shown = rows[: at.limit]
        total = None
        if at.with_total:
            (counted,) = await self._fetch(_total(q is not None, kind is not None), **values)
            total = counted["total"]
        return Page(
            items=[deed_of(row) for row in shown],
            next_cursor=self._next(shown[-1], scope) if len(rows) > at.limit else None,
            total=total,
        )

    def _next(self, last: Row, scope: str) -> str:
        return self.cursors.seal((last["done_at"], last["id"]), scope=scope)

    async def _fetch(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        return await fetch(
            self.work.connection, statement, organisation_id=self.work.organisation_id, **values
        )


@cache
def _page(searched: bool, of_kind: bool, continued: bool) -> Prepared:  # noqa: FBT001 - a cached builder's key
    of = mapping_deeds.c
    statement = deeds().where(*_filters(searched=searched, of_kind=of_kind))
    if continued:
        last = (
            bindparam("after_at", type_=DateTime(timezone=True)),
            bindparam("after_id", type_=Uuid()),
        )
        statement = statement.where(tuple_(of.done_at, of.id) < tuple_(*last))
    return prepare(
        statement.order_by(of.done_at.desc(), of.id.desc()).limit(bindparam("limit", type_=Integer))
    )


@cache
def _total(searched: bool, of_kind: bool) -> Prepared:  # noqa: FBT001 - the same
    filters = _filters(searched=searched, of_kind=of_kind)
    return prepare(
        select(func.count().label("total"))
        .select_from(mapping_deeds)
        .where(own(mapping_deeds), *filters)
    )


def _filters(*, searched: bool, of_kind: bool) -> list[ColumnElement[bool]]:
    of = mapping_deeds.c
    filters: list[ColumnElement[bool]] = []
    if searched:
        who = func.lower(func.concat_ws(" ", of.done_by, of.undone_by))
        filters.append(func.strpos(who, func.lower(bindparam("q", type_=Text))) > 0)
    if of_kind:
        filters.append(of.kind == bindparam("kind", type_=Text))
    return filters
