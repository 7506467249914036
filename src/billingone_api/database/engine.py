"""The async engine; each transaction that serves an organisation says so to PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import Connection, ExceptionContext, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

ORGANISATION_OPTION: Final = "organisation_id"


IDLE_SECONDS: Final = 30
"""For which a transaction of an organisation may wait for its next statement."""
_IDLE: Final = "idle_in_transaction_session_timeout"


class DatabaseAway(Exception):
    """The network between us and PostgreSQL failed: an OSError of a handler's own is none."""


SIGNS_OF_ABSENCE: Final[tuple[type[Exception], ...]] = (
    DBAPIError,
    PoolTimeout,
    DatabaseAway,
    asyncpg.InterfaceError,
    # what asyncpg says where the server's farewell came between two questions
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
)
"""Errors that may mean that the database is away; `is_away` tells."""

# serialisation failure, deadlock, lock not available: whoever comes again may find a free way
_PASSING: Final = frozenset({"40001", "40P01", "55P03"})


def is_away(error: Exception) -> bool:
    """Whether the same call may work a little later, with the database back or less crowded."""
    if isinstance(error, DBAPIError):
        passing = getattr(error.orig, "sqlstate", None) in _PASSING
        return error.connection_invalidated or passing
    return isinstance(error, SIGNS_OF_ABSENCE)


@contextmanager
def reached() -> Iterator[None]:
    """Around each call that goes to PostgreSQL past SQLAlchemy; raises DatabaseAway."""
    try:
        yield
    except OSError as error:  # a TimeoutError is one
        raise DatabaseAway(str(error) or type(error).__name__) from error


async def _connect(*args: Any, **options: Any) -> asyncpg.Connection:
    with reached():
        try:
            return await asyncpg.connect(*args, **options)
        except asyncpg.ObjectNotInPrerequisiteStateError as error:
            # A database that takes no connections for a while says so.
            raise DatabaseAway(str(error)) from error


class Announcing(asyncpg.Connection):  # type: ignore[misc]  # it ships no type information
    """Says with each BEGIN for whom the transaction is: in one message, which costs no more.

    Local to the transaction: a session-level SET would leak the last organisation through the pool.
    What an organisation's transaction holds is set free where its process stands still in the
    midst of it: a frozen worker would keep its run from all others, who pass over locked rows.
    """

    organisation_id: UUID | None = None
    """Set before each transaction; nobody's rows are seen where it is None."""

    async def execute(self, query: str, *args: Any, **how: Any) -> str:
        if query.startswith("BEGIN"):
            whose = self.organisation_id or ""
            query += f"select set_config('app.organisation_id', '{whose}', true)"
            if whose:
                query += f", set_config('{_IDLE}', '{IDLE_SECONDS}s', true)"
        status: str = await super().execute(query, *args, **how)
        return status


def create_engine(url: str, *, pool_size: int = 10, name: str = "billingone") -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=False,
        hide_parameters=True,  # or an error that is logged would tell what was written
        connect_args={
            "async_creator_fn": _connect,
            "timeout": 10,
            "command_timeout": 60,
            "connection_class": Announcing,
            "server_settings": {"application_name": name},
        },
    )
    event.listen(engine.sync_engine, "begin", _name_organisation)
    event.listen(engine.sync_engine, "handle_error", _tell_absence)
    # SQLAlchemy waits for the first statement, which never comes where all go to asyncpg directly.
    engine.dialect.do_begin = _begin  # type: ignore[method-assign]  # its one place for a BEGIN
    return engine


def _tell_absence(context: ExceptionContext) -> None:
    with reached():
        if isinstance(context.original_exception, OSError):
            raise context.original_exception


def _name_organisation(connection: Connection) -> None:
    """At every begin, also one after a commit on the same connection; none is set as none."""
    organisation_id: UUID | None = connection.get_execution_options().get(ORGANISATION_OPTION)
    driver: Any = connection.connection.driver_connection
    driver.organisation_id = organisation_id


def _begin(dbapi_connection: Any) -> None:
    await_only(dbapi_connection.dbapi_connection._start_transaction())  # noqa: SLF001 - as SQLAlchemy's cursor does
