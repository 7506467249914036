"""Counts what a process sends to PostgreSQL, below SQLAlchemy: nothing passes unseen."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from billingone_api.process import Process


@contextmanager
def counted(engine: AsyncEngine) -> Iterator[list[str]]:
    """The statements of every connection that is taken meanwhile, as they are sent."""
    sent: list[str] = []

    def note(query: Any) -> None:
        sent.append(query.query)

    def watch(dbapi: Any, record: Any, proxy: Any) -> None:
        dbapi.driver_connection.add_query_logger(note)

    def leave(dbapi: Any, record: Any) -> None:
        dbapi.driver_connection.remove_query_logger(note)

    event.listen(engine.sync_engine, "checkout", watch)
    event.listen(engine.sync_engine, "checkin", leave)
    try:
        yield sent
    finally:
        event.remove(engine.sync_engine, "checkout", watch)
        event.remove(engine.sync_engine, "checkin", leave)


@contextmanager
def taken(process: Process) -> Iterator[list[Any]]:
    """Every connection that is taken from the pool meanwhile, one entry for each time."""
    found: list[Any] = []

    def note(dbapi: Any, record: Any, proxy: Any) -> None:
        found.append(record)

    event.listen(process.engine.sync_engine, "checkout", note)
    try:
        yield found
    finally:
        event.remove(process.engine.sync_engine, "checkout", note)
