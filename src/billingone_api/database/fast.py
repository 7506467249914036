"""Statements built once and run on asyncpg itself, for what is asked often.

SQLAlchemy writes the SQL and keeps the transaction; compiling a statement anew for each request
costs more than running it. Each combination of filters is a statement of its own, so that
PostgreSQL can plan it once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from billingone_api.database.engine import reached

_DIALECT: Final[Any] = asyncpg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it bare

Row = Mapping[str, Any]
"""A row of asyncpg's; columns of JSON come decoded, as SQLAlchemy sets its connections up."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """SQL with its bind names in order, and the values that were fixed when it was built."""

    sql: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any]

    def arguments(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(values[name] if name in values else self.fixed[name] for name in self.names)


def prepare(statement: ClauseElement) -> Prepared:
    compiled: Any = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    return Prepared(str(compiled), tuple(compiled.positiontup or ()), dict(compiled.params))


def driver(connection: AsyncConnection) -> Any:
    """The asyncpg connection beneath, inside the same transaction."""
    if connection.sync_connection is None:
        raise RuntimeError("The connection is not open.")
    return connection.sync_connection.connection.driver_connection


async def fetch(connection: AsyncConnection, prepared: Prepared, **values: Any) -> Sequence[Row]:
    beneath, arguments = driver(connection), prepared.arguments(values)
    with reached():
        rows: Sequence[Row] = await beneath.fetch(prepared.sql, *arguments)
    return rows


async def fetch_one(connection: AsyncConnection, prepared: Prepared, **values: Any) -> Row | None:
    beneath, arguments = driver(connection), prepared.arguments(values)
    with reached():
        row: Row | None = await beneath.fetchrow(prepared.sql, *arguments)
    return row
