"""Rows as PostgreSQL writes them, CSV (RFC 4180) among them, streamed in constant memory."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Final

from sqlalchemy import ColumnElement, Text, case, func, literal_column
from sqlalchemy.ext.asyncio import AsyncConnection

from billingone_api.database.engine import reached
from billingone_api.database.fast import Prepared, driver

_CHUNK: Final = 64 * 1024
_CHUNKS_WAITING: Final = 8
_PATIENCE: Final = 60.0
"""Seconds for which a reader may take nothing before the query is ended."""
_RFC_3339: Final = """'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""
_LONGEST: Final = 24 * 60 * 60.0
"""Seconds; the pool's own limit for a statement is for those that somebody waits for."""

# What a spreadsheet takes for the beginning of a formula, in both widths.
_SIGNS: Final = tuple(literal_column(f"'{sign}'", Text) for sign in "=+-@＝＋－＠")  # noqa: RUF001 - both
_HARMLESS: Final = literal_column(r"'^[A-Za-z0-9][^\t\r\n\v\f]*$'", Text)


class ReaderStalled(Exception):
    """Whoever asked for the rows has stopped taking them."""


def guarded(text: ColumnElement[Any]) -> ColumnElement[Any]:
    """Text from outside for a cell: never a formula, and on one line.

    A number is no text and needs no guard, so that -3 stays one. Line breaks and tabs become
    blanks; blanks before a sign do not hide it, as spreadsheets may drop them.
    """
    line = func.translate(text, literal_column(r"E'\t\r\n\v\f'"), literal_column("'     '"))
    first = func.left(func.ltrim(line, literal_column(r"E' \u00a0\u3000\ufeff'")), 1)
    return case(
        # Almost every name; to ask this first takes a seventh of the time.
        (text.regexp_match(_HARMLESS), text),
        (first.in_(_SIGNS), literal_column("''''", Text) + line),
        else_=line,
    )


def instant(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """An instant for a cell: RFC 3339 in UTC, to the microsecond."""
    return func.to_char(func.timezone("UTC", column), literal_column(_RFC_3339))


async def csv(
    connection: AsyncConnection, prepared: Prepared, values: Mapping[str, Any]
) -> AsyncGenerator[bytes]:
    """A header from the statement's labels, then its rows; ends the query when nobody reads.

    Raises ReaderStalled. Cells must be guarded: a line break in one would be taken for a row's.
    """
    copied = _copied(connection, prepared, values, {"format": "csv", "header": True})
    async with aclosing(copied) as chunks:
        async for chunk in chunks:
            # PostgreSQL ends lines as Unix does.
            yield chunk.replace(b"\n", b"\r\n")


async def lines(
    connection: AsyncConnection, prepared: Prepared, values: Mapping[str, Any]
) -> AsyncGenerator[bytes]:
    """The one column of a statement to the letter, in chunks of whole lines; else like `csv`."""
    # Signs that are nowhere in the text: nothing is quoted, and nothing escaped.
    form = {"format": "csv", "quote": "\x01", "delimiter": "\x02"}
    async with aclosing(_copied(connection, prepared, values, form)) as chunks:
        async for chunk in chunks:
            yield chunk


async def _copied(
    connection: AsyncConnection,
    prepared: Prepared,
    values: Mapping[str, Any],
    form: Mapping[str, Any],
) -> AsyncGenerator[bytes]:
    waiting: asyncio.Queue[bytes] = asyncio.Queue(_CHUNKS_WAITING)
    gathered = _Lines(waiting)
    copying = asyncio.create_task(_copy(connection, prepared, values, form, gathered))
    try:
        while not (copying.done() and waiting.empty()):
            chunk = asyncio.ensure_future(waiting.get())
            await asyncio.wait({chunk, copying}, return_when=asyncio.FIRST_COMPLETED)
            if chunk.done():
                yield chunk.result()
            else:
                chunk.cancel()
        await copying
    finally:
        copying.cancel()
        await asyncio.gather(copying, return_exceptions=True)
        if copying.cancelled() or copying.exception() is not None:
            # asyncpg asks PostgreSQL to stop, and then takes the rows still on their way for the
            # answer to whatever is asked next: such a connection is of no use to anybody.
            driver(connection).terminate()
            await connection.invalidate()


class _Lines:
    """Gathers what PostgreSQL sends, a row at a time, into chunks of whole lines."""

    def __init__(self, waiting: asyncio.Queue[bytes]) -> None:
        self._waiting = waiting
        self._gathered = bytearray()

    async def add(self, data: bytes) -> None:
        self._gathered += data
        if len(self._gathered) >= _CHUNK:
            await self.flush()

    async def flush(self) -> None:
        if not self._gathered:
            return
        chunk = bytes(self._gathered)
        self._gathered.clear()
        try:
            # Not wait_for, which Python 3.11 lets swallow a cancellation that meets its end.
            async with asyncio.timeout(_PATIENCE):
                await self._waiting.put(chunk)
        except TimeoutError as error:
            raise ReaderStalled from error


async def _copy(
    connection: AsyncConnection,
    prepared: Prepared,
    values: Mapping[str, Any],
    form: Mapping[str, Any],
    gathered: _Lines,
) -> None:
    with reached():
        await driver(connection).copy_from_query(
            prepared.sql,
            *prepared.arguments(values),
            output=gathered.add,
            timeout=_LONGEST,
            **form,
        )
    await gathered.flush()
