"""Adds entries to the audit log in the transaction they speak of, and reads them."""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Select,
    Text,
    bindparam,
    cast,
    func,
    insert,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE

from billingone_api.billing.audit.models import Entry, Wanted
from billingone_api.database.exports import csv, guarded, instant
from billingone_api.database.fast import Prepared, Row, fetch, fetch_one, prepare
from billingone_api.database.tables.api_keys import api_keys
from billingone_api.database.tables.audit import audit
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.events import ActorKind, Event, Origin
from billingone_api.kit.ids import new_id
from billingone_api.kit.pagination import Cursors, Page

_OF: Final = audit.c
_NAMES: Final = tuple(field.name for field in fields(Entry))
_ADD: Final = prepare(insert(audit))
_SHOWN: Final = select(*(_OF[name] for name in _NAMES)).where(own(audit))
_ID: Final = bindparam("of_id", type_=UUID_TYPE(as_uuid=True))
_ONE: Final = prepare(_SHOWN.where(_OF.id == _ID))
_KEY_NAME: Final = prepare(select(api_keys.c.name).where(own(api_keys), api_keys.c.id == _ID))
_INSTANT: Final = DateTime(timezone=True)
_HERE: Final = tuple_(
    bindparam("before_at", type_=_INSTANT), bindparam("before_id", type_=UUID_TYPE(as_uuid=True))
)
_SEARCHED: Final = func.lower(
    func.concat_ws(" ", _OF.actor, _OF.action, _OF.resource, _OF.resource_id, _OF.request_id)
)
_CONDITIONS: Final[Mapping[str, ColumnElement[bool]]] = {
    "actor": _OF.actor_id == bindparam("actor", type_=Text),
    "action": _OF.action == bindparam("action", type_=Text),
    "resource": _OF.resource == bindparam("resource", type_=Text),
    "resource_id": _OF.resource_id == bindparam("resource_id", type_=Text),
    "since": _OF.at >= bindparam("since", type_=_INSTANT),
    "until": _OF.at < bindparam("until", type_=_INSTANT),
    "q": func.strpos(_SEARCHED, func.lower(bindparam("q", type_=Text))) > 0,
}

Names = frozenset[str]


@lru_cache(64)
def _page_of(names: Names, *, goes_on: bool) -> Prepared:
    statement = _chosen(_SHOWN, names)
    if goes_on:
        statement = statement.where(tuple_(_OF.at, _OF.id) < _HERE)
    return prepare(statement.order_by(_OF.at.desc(), _OF.id.desc()).limit(bindparam("rows")))


@lru_cache(64)
def _count_of(names: Names) -> Prepared:
    return prepare(_chosen(select(func.count().label("total")).where(own(audit)), names))


@lru_cache(64)
def _file_of(names: Names) -> Prepared:
    cells = (_cell(_OF[name]).label(name) for name in _NAMES)
    statement = _chosen(select(*cells).where(own(audit)), names)
    return prepare(statement.order_by(_OF.at.desc(), _OF.id.desc()))


def _chosen(statement: Select[Any], names: Names) -> Select[Any]:
    return statement.where(*(_CONDITIONS[name] for name in sorted(names)))


def _cell(column: ColumnElement[Any]) -> ColumnElement[Any]:
    if column is _OF.id:
        return column
    if column is _OF.at:
        return instant(column)
    return guarded(cast(column, Text))


class PostgresAudit:
    """The audit log of the organisation that a unit of work is for."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def add(self, events: Sequence[Event], origin: Origin, *, at: datetime) -> None:
        who = await self._who(origin)
        for event in events:
            written = {
                **who,
                "id": new_id(),
                "at": at,
                "action": event.action,
                "resource": event.resource,
                "resource_id": event.resource_id,
                "before": _json(event.before),
                "after": _json(event.after),
            }
            await self._fetch(_ADD, **written)

    async def _who(self, origin: Origin) -> dict[str, Any]:
        named = asdict(origin)
        if origin.kind is ActorKind.API_KEY and origin.actor_id is not None:
            # A key comes in by its hash alone; what people call it stands with its organisation.
            keys = await self._fetch(_KEY_NAME, of_id=UUID(origin.actor_id))
            named["actor"] = next((key["name"] for key in keys), origin.actor)
        return {"actor_kind": named.pop("kind"), **named}

    async def page(self, wanted: Wanted, *, cursors: Cursors) -> Page[Entry]:
        """Raises CursorInvalid."""
        scope = f"{self._work.organisation_id}:audit:{sorted(wanted.filters.items())}"
        values = dict(wanted.filters)
        if wanted.cursor is not None:
            last = cursors.open(wanted.cursor, scope=scope)
            values |= dict(zip(("before_at", "before_id"), last, strict=True))
        names = frozenset(wanted.filters)
        statement = _page_of(names, goes_on=wanted.cursor is not None)
        rows = await self._fetch(statement, rows=wanted.limit + 1, **values)
        found = [Entry(**row) for row in rows[: wanted.limit]]
        more = len(rows) > wanted.limit
        total = None
        if wanted.with_total:
            total = (await self._fetch(_count_of(names), **wanted.filters))[0]["total"]
        return Page(
            items=found,
            next_cursor=cursors.seal((found[-1].at, found[-1].id), scope=scope) if more else None,
            total=total,
        )

    async def find(self, entry_id: UUID) -> Entry | None:
        owned = owned_by(self._work.organisation_id, of_id=entry_id)
        row = await fetch_one(self._work.connection, _ONE, **owned)
        return None if row is None else Entry(**row)

    def rows(self, filters: Mapping[str, Any]) -> AsyncGenerator[bytes]:
        values = owned_by(self._work.organisation_id, **filters)
        return csv(self._work.connection, _file_of(frozenset(filters)), values)

    async def _fetch(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        owned = owned_by(self._work.organisation_id, **values)
        return await fetch(self._work.connection, statement, **owned)


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values), default=_plain)


def _plain(value: Any) -> str:
    """Refuses what JSON has no word for, sealed and unsealed secrets among it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    raise TypeError(f"An audit entry cannot hold a {type(value).__name__}.")
