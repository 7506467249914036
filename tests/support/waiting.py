"""Waiting for what another task or process does."""

import asyncio
from collections.abc import Callable

PATIENCE = 60
"""Seconds until a test gives up: no measure of anything."""


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not is_so():  # noqa: ASYNC110 - what is waited for cannot tell
            await asyncio.sleep(0.02)
