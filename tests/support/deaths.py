"""Runs whose worker dies: at every place that they come to, or killed by the system."""

import asyncio
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from tests.support.databases import Database
from tests.support.disturbed import Disturbed
from tests.support.sources import Crash
from tests.support.waiting import PATIENCE, until
from tests.support.workers import worker_process

from billingone_api.billing.syncs.ports import Source


class Copied(Protocol):
    """A source that is copied by the real engine."""

    database: Database

    async def asked(self) -> str: ...

    async def goes_on(self, sync_id: str, *, source: Source | None = None) -> dict[str, Any]: ...

    async def seen(self, sync_id: str) -> dict[str, Any]: ...


async def dying_everywhere(copied: Copied, source: Source) -> tuple[dict[str, Any], set[str]]:
    """A run whose worker dies once at each step of each batch: how it ended, and where it died."""
    died: set[str] = set()

    async def mood(place: str) -> None:
        if place not in died:
            died.add(place)
            raise Crash

    sync_id = await copied.asked()
    run = await copied.seen(sync_id)
    while run["finished_at"] is None:
        with suppress(Crash):
            await copied.goes_on(sync_id, source=Disturbed(source, mood))
        run = await copied.seen(sync_id)
    return run, died


async def killed_and_replaced(
    copied: Copied, folder: Path, place: str, *, source: str, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """A run whose worker is killed at that place, and which another worker carries through."""
    environment = {name.upper(): str(value) for name, value in settings.items()}
    file = folder / "stands still"
    file.write_text("")
    sync_id = await copied.asked()
    with worker_process(copied.database, file, place, source=source, **environment) as first:
        await until(lambda: file.read_text() == "reached")
        first.send_signal(signal.SIGKILL)
        first.wait(PATIENCE)
    assert (await copied.seen(sync_id))["status"] == "running"
    file.unlink()
    with worker_process(copied.database, file, place, source=source, **environment):
        async with asyncio.timeout(PATIENCE):
            while (run := await copied.seen(sync_id))["finished_at"] is None:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
    return run
