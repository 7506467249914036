"""What a process asks PostgreSQL, as the driver sends it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event

from billingone_api.process import Process


@asynccontextmanager
async def queries_of(process: Process) -> AsyncIterator[list[str]]:
    """Every statement that is run on a connection taken from the pool meanwhile."""
    asked: list[str] = []
    watched: list[Any] = []

    def note(record: Any) -> None:
        asked.append(record.query)

    def watch(dbapi_connection: Any, *_: Any) -> None:
        connection = dbapi_connection.driver_connection
        connection.add_query_logger(note)
        watched.append(connection)

    event.listen(process.engine.sync_engine, "checkout", watch)
    try:
        yield asked
    finally:
        event.remove(process.engine.sync_engine, "checkout", watch)
        for connection in watched:
            connection.remove_query_logger(note)
