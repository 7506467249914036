"""Work that has begun and must not be left in the middle."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def carried_through(transaction: Coroutine[Any, Any, T]) -> T:
    """To its commit, even when the worker is told to stop meanwhile."""
    task = asyncio.create_task(transaction)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
