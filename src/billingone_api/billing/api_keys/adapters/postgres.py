"""The API keys of an organisation, listed, made and revoked in PostgreSQL."""

from dataclasses import asdict, fields
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, Select, Text, bindparam, delete, func, insert, select
from sqlalchemy.dialects import postgresql

from billingone_api.billing.api_keys.models import ApiKey, KeysWanted
from billingone_api.database.fast import Prepared, fetch, fetch_one, prepare
from billingone_api.database.tables.api_keys import api_key_hashes, api_keys
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.pagination import Cursors, Page

_UUID: Final = postgresql.UUID(as_uuid=True)
_IS_IT: Final = api_keys.c.id == bindparam("key_id", type_=_UUID)
_WHOLE: Final = api_keys.join(
    api_key_hashes,
    (api_key_hashes.c.organisation_id == api_keys.c.organisation_id)
    & (api_key_hashes.c.id == api_keys.c.id),
)
_KEYS: Final = (
    select(
        *(
            (api_keys.c if item.name in api_keys.c else api_key_hashes.c)[item.name]
            for item in fields(ApiKey)
        )
    )
    .select_from(_WHOLE)
    .where(own(api_keys))
)
_FIND: Final = prepare(_KEYS.where(_IS_IT))
_REVOKE: Final = prepare(delete(api_keys).where(own(api_keys), _IS_IT).returning(api_keys.c.id))


class PostgresKeyRing:
    """The keys of the organisation that a unit of work is for."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def page(self, wanted: KeysWanted, *, cursors: Cursors) -> Page[ApiKey]:
        scope = f"{self._work.organisation_id}/api-keys/{wanted.q!r}"
        values = owned_by(self._work.organisation_id, q=wanted.q, rows=wanted.limit + 1)
        if wanted.cursor is not None:
            (values["before"],) = cursors.open(wanted.cursor, scope=scope)
        filters = frozenset(name for name in ("q", "before") if values.get(name) is not None)
        rows = await fetch(self._work.connection, _page(filters), **values)
        items = [ApiKey(**dict(row)) for row in rows[: wanted.limit]]
        more = len(rows) > wanted.limit
        return Page(
            items=items,
            next_cursor=cursors.seal((items[-1].id,), scope=scope) if more else None,
            total=await self._total(filters, values) if wanted.with_total else None,
        )

    async def _total(self, filters: frozenset[str], values: dict[str, Any]) -> int:
        row = await fetch_one(self._work.connection, _count(filters - {"before"}), **values)
        return int(row["total"]) if row else 0

    async def find(self, key_id: UUID) -> ApiKey | None:
        row = await fetch_one(
            self._work.connection, _FIND, **owned_by(self._work.organisation_id, key_id=key_id)
        )
        return None if row is None else ApiKey(**dict(row))

    async def add(self, key: ApiKey, *, hashed: bytes) -> None:
        row = owned_by(self._work.organisation_id, **asdict(key), hash=hashed)
        for table in (api_keys, api_key_hashes):
            values = {name: value for name, value in row.items() if name in table.c}
            await self._work.connection.execute(insert(table), values)

    async def revoke(self, key_id: UUID) -> bool:
        """The directory's row goes with it: it is deleted by its foreign key."""
        owned = owned_by(self._work.organisation_id, key_id=key_id)
        return await fetch_one(self._work.connection, _REVOKE, **owned) is not None


@cache
def _page(filters: frozenset[str]) -> Prepared:
    """Ids are UUIDv7, so that the newest is the greatest."""
    newest_first = _filtered(_KEYS, filters).order_by(api_keys.c.id.desc())
    return prepare(newest_first.limit(bindparam("rows", type_=Integer)))


@cache
def _count(filters: frozenset[str]) -> Prepared:
    counted = select(func.count().label("total")).select_from(api_keys).where(own(api_keys))
    return prepare(_filtered(counted, filters))


def _filtered(statement: Select[Any], filters: frozenset[str]) -> Select[Any]:
    q = func.lower(bindparam("q", type_=Text))
    conditions = {
        "q": func.strpos(func.lower(api_keys.c.name), q) > 0,
        "before": api_keys.c.id < bindparam("before", type_=_UUID),
    }
    return statement.where(*(conditions[name] for name in sorted(filters)))
