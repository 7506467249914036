"""The async engine; each transaction that serves an organisation says so to PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import asyncpg
from sqlalchemy import Connection, ExceptionContext, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

ORGANISATION_OPTION: Final = "organisation_id"


class DatabaseAway(Exception):
    """The network between us and PostgreSQL failed: an OSError of a handler's own is none."""


SIGNS_OF_ABSENCE: Final[tuple[type[Exception], ...]] = (
    DBAPIError,
    PoolTimeout,
    DatabaseAway,
    asyncpg.InterfaceError,
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
            "server_settings": {"application_name": name},
        },
    )
    event.listen(engine.sync_engine, "begin", _announce_organisation)
    event.listen(engine.sync_engine, "handle_error", _tell_absence)
    return engine


def _tell_absence(context: ExceptionContext) -> None:
    with reached():
        if isinstance(context.original_exception, OSError):
            raise context.original_exception


def _announce_organisation(connection: Connection) -> None:
    """Set the organisation for this transaction alone; none is set as none.

    At every begin and local to it: a session-level SET would leak the last organisation through
    the pool, and this also covers a transaction begun after a commit on the same connection.
    SQLAlchemy begins lazily, so this is also what makes the transaction real before a statement
    goes to asyncpg directly.
    """
    organisation_id = connection.get_execution_options().get(ORGANISATION_OPTION)
    connection.exec_driver_sql(
        "select set_config('app.organisation_id', $1, true)",
        ("" if organisation_id is None else str(organisation_id),),
    )
