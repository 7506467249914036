"""Reads products, and keeps what a person says of them."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Text,
    bindparam,
    func,
    select,
    tuple_,
    update,
)

from billingone_api.billing.subscriptions.adapters.postgres.filters import Names, bound
from billingone_api.billing.subscriptions.adapters.postgres.origin import FROM_PAX8
from billingone_api.billing.subscriptions.adapters.postgres.products import (
    follow_usage,
    is_billed_by_usage,
)
from billingone_api.billing.subscriptions.models import Wanted
from billingone_api.database.fast import Prepared, Row, fetch, fetch_one, prepare
from billingone_api.database.mapping import change_mapping
from billingone_api.database.searching import words_in
from billingone_api.database.tables.subscriptions import products
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.pagination import Cursors, Page

_OF: Final = products.c
_NAME: Final = func.coalesce(_OF.name, "")
_ID: Final = _OF.source_id == bindparam("id", type_=Text)
_SEARCHED: Final = func.lower(
    func.concat_ws(" ", _OF.name, _OF.vendor_name, _OF.sku, _OF.vendor_sku, _OF.source_id)
)
_CONDITIONS: Final[Mapping[str, ColumnElement[bool]]] = {
    "q": words_in(_SEARCHED),
    "vendor": _OF.vendor_name == bindparam("vendor", type_=Text),
    "usage_billed": is_billed_by_usage() == bindparam("usage_billed", type_=Boolean),
}
_SHOWN: Final = select(
    _OF.source,
    _OF.source_id,
    _OF.name,
    _OF.vendor_name.label("vendor"),
    _OF.sku,
    _OF.vendor_sku,
    is_billed_by_usage().label("is_usage_billed"),
    _OF.usage_billed_by_hand,
    _OF.usage_evidence,
    _OF.gone_at.is_not(None).label("is_gone"),
    _OF.fetched_at,
    _OF.version,
    _NAME.label("sort_key"),
).where(own(products), _OF.source == FROM_PAX8)
_ONE: Final = prepare(_SHOWN.where(_ID))
_MARKING: Final = (
    update(products)
    .where(own(products), _OF.source == FROM_PAX8, _ID)
    .values(usage_billed_by_hand=bindparam("usage_billed", type_=Boolean), version=_OF.version + 1)
    .returning(_OF.version)
)
_MARKING_ANY: Final = prepare(_MARKING)
_MARKING_ONE: Final = prepare(_MARKING.where(_OF.version == bindparam("expected", type_=Integer)))


@lru_cache(64)
def _page_of(names: Names, sort: str, *, goes_on: bool) -> Prepared:
    is_descending = sort.startswith("-")
    statement = _SHOWN.where(*(_CONDITIONS[name] for name in sorted(names)))
    if goes_on:
        here = tuple_(_NAME, _OF.source_id)
        there = tuple_(bindparam("after_key", type_=Text), bindparam("after_id", type_=Text))
        statement = statement.where(here < there if is_descending else here > there)
    order = (_NAME.desc(), _OF.source_id.desc()) if is_descending else (_NAME, _OF.source_id)
    return prepare(statement.order_by(*order).limit(bindparam("rows")))


@lru_cache(64)
def _count_of(names: Names) -> Prepared:
    chosen = _SHOWN.where(*(_CONDITIONS[name] for name in sorted(names))).subquery("chosen")
    return prepare(select(func.count().label("total")).select_from(chosen))


class PostgresCatalogue:
    """The products of one organisation's subscriptions."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def page(self, wanted: Wanted, *, cursors: Cursors) -> Page[dict[str, Any]]:
        """Raises CursorInvalid."""
        values = self._values(**bound(wanted.filters), rows=wanted.limit + 1)
        if wanted.cursor is not None:
            key, id_ = cursors.open(wanted.cursor, scope=self._scope(wanted))
            values |= {"after_key": key, "after_id": id_}
        statement = _page_of(
            frozenset(wanted.filters), wanted.sort, goes_on=wanted.cursor is not None
        )
        rows = await fetch(self._work.connection, statement, **values)
        shown, cursor = [dict(row) for row in rows[: wanted.limit]], None
        if len(rows) > wanted.limit:
            last = (shown[-1]["sort_key"], shown[-1]["source_id"])
            cursor = cursors.seal(last, scope=self._scope(wanted))
        return Page(shown, cursor, await self._total(wanted) if wanted.with_total else None)

    async def find(self, source_id: str) -> Row | None:
        return await fetch_one(self._work.connection, _ONE, **self._values(id=source_id))

    async def mark(
        self, source_id: str, *, usage_billed: bool | None, expected: int | None, at: datetime
    ) -> Row | None:
        """Say it of the product and of every subscription to it."""
        await change_mapping(self._work)
        before = await self.find(source_id)
        values = self._values(id=source_id, usage_billed=usage_billed)
        if expected is None:
            marked = await fetch_one(self._work.connection, _MARKING_ANY, **values)
        else:
            marked = await fetch_one(
                self._work.connection, _MARKING_ONE, **values, expected=expected
            )
        if marked is None:
            return None
        await follow_usage(self._work, [source_id], at=at)
        return before

    async def _total(self, wanted: Wanted) -> int:
        row = await fetch_one(
            self._work.connection,
            _count_of(frozenset(wanted.filters)),
            **self._values(**bound(wanted.filters)),
        )
        return int(row["total"]) if row else 0

    def _values(self, **more: Any) -> dict[str, Any]:
        return {"organisation_id": self._work.organisation_id, **more}

    def _scope(self, wanted: Wanted) -> str:
        filters = sorted((name, repr(value)) for name, value in wanted.filters.items())
        return f"products {self._work.organisation_id} {wanted.sort} {filters}"
