"""The directory of API keys in PostgreSQL, for the door alone."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from billingone_api.database.fast import fetch, fetch_one, prepare
from billingone_api.database.tables.api_keys import api_key_hashes
from billingone_api.database.unit_of_work import directory_work
from billingone_api.kit.auth.api_keys import KeyEntry

_ENTRY: Final = api_key_hashes.c
_IS_IT: Final = _ENTRY.id == bindparam("key_id")
_FIND: Final = prepare(
    select(_ENTRY.organisation_id, _ENTRY.hash, _ENTRY.expires_at, _ENTRY.last_used_at).where(
        _IS_IT
    )
)
# Whoever holds the row is noting the same use, or revokes the key: neither is waited for.
_FREE: Final = select(_ENTRY.id).where(_IS_IT).with_for_update(skip_locked=True)
_NOTE: Final = prepare(
    update(api_key_hashes)
    .where(_ENTRY.id == _FREE.scalar_subquery())
    .values(last_used_at=bindparam("at"))
)


class PostgresKeyDirectory:
    """Asked in transactions of its own, which belong to no organisation."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(self, key_id: UUID) -> KeyEntry | None:
        async with directory_work(self._engine) as connection:
            row = await fetch_one(connection, _FIND, key_id=key_id)
        return None if row is None else KeyEntry(**dict(row))

    async def note_use(self, key_id: UUID, *, at: datetime) -> None:
        async with directory_work(self._engine) as connection:
            await fetch(connection, _NOTE, key_id=key_id, at=at)
