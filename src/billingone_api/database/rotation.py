"""Brings what is stored encrypted under the newest key, while API and workers go on writing."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import LargeBinary, Select, func, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncEngine

from billingone_api.database.engine import create_engine
from billingone_api.database.sealed import SEALED, Sealed
from billingone_api.database.tables.access import organisations
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork, directory_work, unit_of_work
from billingone_api.kit.cipher import Cipher, DecryptionFailed, KeyRing

BATCH: Final = 100
_ROUNDS: Final = 20
_PAUSE: Final = 0.5
"""Seconds until rows that somebody held are tried again."""

Values = Mapping[str, Any]
Tell = Callable[[str], None]


@dataclass(slots=True)
class Rotation:
    """Values brought under the current key, left under others, and opened by no key of the ring."""

    rotated: int = 0
    left: int = 0
    unreadable: int = 0


async def run(url: SecretStr, ring: KeyRing, *, tell: Tell) -> Rotation:
    """As the application, which sees one organisation at a time."""
    engine = create_engine(url.get_secret_value(), pool_size=1, name="billingone-rotate-keys")
    try:
        return await rotate(engine, Cipher.of(ring), tell=tell)
    finally:
        await engine.dispose()


async def rotate(engine: AsyncEngine, cipher: Cipher, *, tell: Tell) -> Rotation:
    """In rounds, until nothing is left that a key of the ring opens.

    Each batch is a transaction: whoever stops this loses nothing, and the next one goes on there.
    """
    done = Rotation()
    for number in range(1, _ROUNDS + 1):
        done.left = done.unreadable = 0
        for organisation_id in await _organisations(engine):
            await _rotate_of(engine, cipher, organisation_id, done)
        tell(f"Round {number}: {done.rotated} brought over so far, {done.left} left.")
        if not done.left:
            break
        await asyncio.sleep(_PAUSE)
    return done


async def _organisations(engine: AsyncEngine) -> Sequence[UUID]:
    async with directory_work(engine) as connection:
        found = await connection.execute(select(organisations.c.id).order_by(organisations.c.id))
        return found.scalars().all()


async def _rotate_of(
    engine: AsyncEngine, cipher: Cipher, organisation_id: UUID, done: Rotation
) -> None:
    for sealed in SEALED:
        column, unreadable, after = _Column(sealed, cipher), 0, None
        while True:
            async with unit_of_work(engine, organisation_id=organisation_id) as work:
                rows = await column.batch(work, after)
                for row in rows:
                    if await column.renew(work, row):
                        done.rotated += 1
                    else:
                        unreadable += 1
                if len(rows) < BATCH:
                    # Held by somebody, or written under another key meanwhile.
                    done.left += await column.count(work) - unreadable
                    unreadable += not await column.opens_its_own(work)
                    break
            after = column.key_of(rows[-1])
        done.unreadable += unreadable


class _Column:
    """Values of a column that are under another key than the current one."""

    def __init__(self, sealed: Sealed, cipher: Cipher) -> None:
        self._sealed = sealed
        self._cipher = cipher
        keys = sealed.table.primary_key.columns
        self._key = tuple(column for column in keys if column.name != "organisation_id")
        mark = func.substr(sealed.column, 1, len(cipher.mark))
        is_old = mark != literal(cipher.mark, LargeBinary)
        self._old = (own(sealed.table), sealed.column.is_not(None), is_old)
        self._new = (own(sealed.table), sealed.column.is_not(None), ~is_old)

    async def batch(self, work: UnitOfWork, after: tuple[Any, ...] | None) -> Sequence[Values]:
        """In the order of their keys, without those that somebody is writing."""
        statement = self._values().where(*self._old)
        if after is not None:
            statement = statement.where(tuple_(*self._key) > after)
        chosen = statement.order_by(*self._key).limit(BATCH).with_for_update(skip_locked=True)
        return [dict(row) for row in (await self._run(work, chosen)).mappings()]

    async def renew(self, work: UnitOfWork, row: Values) -> bool:
        """False where no key of the ring opens it."""
        place = self._sealed.place(row)
        try:
            opened = self._cipher.decrypt(row["sealed"], context=place)
        except DecryptionFailed:
            return False
        table = self._sealed.table
        this = [column == row[column.name] for column in table.primary_key.columns]
        new = {self._sealed.column.name: self._cipher.encrypt(opened, context=place)}
        await work.connection.execute(update(table).where(*this).values(new))
        return True

    async def opens_its_own(self, work: UnitOfWork) -> bool:
        """Another key under the same id would open nothing that stands under it: one says so."""
        one = await self._run(work, self._values().where(*self._new).limit(1))
        try:
            for row in one.mappings():
                self._cipher.decrypt(row["sealed"], context=self._sealed.place(row))
        except DecryptionFailed:
            return False
        return True

    def _values(self) -> Select[Any]:
        of = self._sealed.table.c
        named = dict.fromkeys((of.organisation_id, *self._key, *self._sealed.known))
        return select(*named, self._sealed.column.label("sealed"))

    async def count(self, work: UnitOfWork) -> int:
        counted = select(func.count()).select_from(self._sealed.table).where(*self._old)
        return int((await self._run(work, counted)).scalar_one())

    def key_of(self, row: Values) -> tuple[Any, ...]:
        return tuple(row[column.name] for column in self._key)

    async def _run(self, work: UnitOfWork, statement: Any) -> Any:
        return await work.connection.execute(statement, owned_by(work.organisation_id))
