"""Lists the records that could not be read."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Select, Text, bindparam, func, or_, select, tuple_

from billingone_api.billing.syncs.models import Asked, QuarantinedRecord
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.tables.syncs import quarantined_records
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.pagination import Cursors, Page

_record: Final = quarantined_records.c
_KEY: Final = (_record.source, _record.kind, _record.record_key)
_AFTER: Final = tuple(bindparam(f"after_{column.name}", type_=Text) for column in _KEY)


@cache
def _page(filters: frozenset[str], *, is_first: bool) -> Prepared:
    """By source, kind and id: an order that does not move when a record is met again."""
    statement: Select[Any] = select(
        _record.source,
        _record.kind,
        _record.record_key.label("record_id"),
        _record.reason,
        _record.first_seen_at,
        _record.last_seen_at,
    )
    statement = _filtered(statement, filters)
    if not is_first:
        statement = statement.where(tuple_(*_KEY) > tuple_(*_AFTER))
    return prepare(statement.order_by(*_KEY).limit(bindparam("rows")))


@cache
def _count(filters: frozenset[str]) -> Prepared:
    return prepare(_filtered(select(func.count().label("total")), filters))


def _filtered(statement: Select[Any], filters: frozenset[str]) -> Select[Any]:
    q = func.lower(bindparam("q", type_=Text))
    conditions = {
        "source": _record.source == bindparam("source"),
        "kind": _record.kind == bindparam("kind"),
        "q": or_(*(func.strpos(func.lower(text), q) > 0 for text in (_KEY[-1], _record.reason))),
    }
    chosen = (conditions[name] for name in sorted(filters))
    return statement.where(own(quarantined_records), *chosen)


class PostgresQuarantine:
    """What waits in the quarantine of the organisation that a unit of work is for."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def page(self, asked: Asked, *, cursors: Cursors) -> Page[QuarantinedRecord]:
        filters = frozenset(asked.filters)
        scope = f"{self._work.organisation_id}:quarantine:{sorted(asked.filters.items())}"
        values: dict[str, Any] = dict(asked.filters)
        if asked.cursor is not None:
            last = cursors.open(asked.cursor, scope=scope)
            values |= {bound.key: value for bound, value in zip(_AFTER, last, strict=True)}
        statement = _page(filters, is_first=asked.cursor is None)
        rows = await self._fetch(statement, rows=asked.limit + 1, **values)
        items = [QuarantinedRecord(**row) for row in rows[: asked.limit]]
        more = len(rows) > asked.limit
        total = None
        if asked.with_total:
            total = (await self._fetch(_count(filters), **asked.filters))[0]["total"]
        return Page(
            items=items,
            next_cursor=cursors.seal(_key(items[-1]), scope=scope) if more else None,
            total=total,
        )

    async def _fetch(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        owned = owned_by(self._work.organisation_id, **values)
        return await fetch(self._work.connection, statement, **owned)


def _key(record: QuarantinedRecord) -> tuple[str, str, str]:
    return record.source, record.kind, record.record_id
