"""Statements built once and run on asyncpg itself, for what is asked often.

SQLAlchemy writes the SQL and keeps the transaction; compiling a statement anew for each request
costs more than running it. Each combination of filters is a statement of its own, so that
PostgreSQL can plan it once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asyncpg import Connection, Record
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import Executable
from sqlalchemy.sql.selectable import SelectBase

_DIALECT = asyncpg.dialect()


@dataclass(frozen=True, slots=True)
class Prepared:
    """SQL with its bind names in order, and the values that were fixed when it was built."""

    sql: str
    names: tuple[str, ...]
    fixed: dict[str, Any]

    def arguments(self, values: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(values[name] if name in values else self.fixed[name] for name in self.names)


def prepare(statement: SelectBase | Executable) -> Prepared:
    compiled = statement.compile(  # type: ignore[union-attr]  # every Executable of ours is compilable
        dialect=_DIALECT, compile_kwargs={"render_postcompile": True}
    )
    return Prepared(str(compiled), tuple(compiled.positiontup or ()), dict(compiled.params))


async def driver(connection: AsyncConnection) -> Connection[Record]:
    """The asyncpg connection beneath, inside the same transaction."""
    raw = await connection.get_raw_connection()
    found: Connection[Record] = raw.driver_connection  # type: ignore[assignment]
    return found


async def fetch(connection: AsyncConnection, prepared: Prepared, **values: Any) -> Sequence[Record]:
    return await (await driver(connection)).fetch(prepared.sql, *prepared.arguments(values))


async def fetch_one(connection: AsyncConnection, prepared: Prepared, **values: Any) -> Record | None:
    return await (await driver(connection)).fetchrow(prepared.sql, *prepared.arguments(values))
