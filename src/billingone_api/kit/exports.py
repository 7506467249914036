"""Answers that are files: streamed, named, never kept by anybody on the way."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from billingone_api.kit.workbooks import MEDIA_TYPE

CSV: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A header, then the rows; cut off where they cannot be finished.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}
"""What a route that answers CSV says of it in the document."""


WORKBOOK: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A sheet with a header and typed cells, or more where one is not enough; "
        "an archive that is not complete where the rows cannot be finished.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""The same for one that answers a workbook."""


class File(StreamingResponse):
    """Its rows end with the answer, also where the reader leaves in the middle."""

    def __init__(self, chunks: AsyncGenerator[bytes], *, name: str, media_type: str) -> None:
        super().__init__(
            chunks,
            media_type=media_type,
            headers={
                "Cache-Control": "no-store",
                "Content-Disposition": f'attachment; filename="{name}"',
            },
        )
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._chunks):
            await super().__call__(scope, receive, send)


class CsvFile(File):
    """A CSV file, with a header."""

    def __init__(self, chunks: AsyncGenerator[bytes], *, name: str) -> None:
        super().__init__(chunks, name=name, media_type="text/csv; charset=utf-8; header=present")


class Workbook(File):
    """An Excel workbook."""

    def __init__(self, chunks: AsyncGenerator[bytes], *, name: str) -> None:
        super().__init__(chunks, name=name, media_type=MEDIA_TYPE)


async def begun(chunks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """The same, with its first chunk at hand, so that what fails at once is a proper error."""
    first = await anext(chunks, b"")

    async def all_chunks() -> AsyncGenerator[bytes]:
        async with aclosing(chunks):
            yield first
            async for chunk in chunks:
                yield chunk

    return all_chunks()
