"""A worker in a process of its own, with a source that stands still while a file is there.

`python worker_process.py FILE PLACE SOURCE`: at PLACE the run waits for as long as FILE exists,
which is created by the test and written to when the place is reached.
"""

import asyncio
import sys
from pathlib import Path

from tests.support.disturbed import Disturbed
from tests.support.sources import FakeSource
from tests.support.waiting import until

from billingone_api import worker
from billingone_api.billing.invoices.jobs import SuperOpsSource, XeroSource
from billingone_api.billing.syncs.ports import Source
from billingone_api.config import Settings


def told(file: Path) -> bool:
    """Whether the run has to stand still; the test is told that it does."""
    if not file.exists():
        return False
    file.write_text("reached")
    return True


def source(file: Path, place: str, key: str) -> Source:
    """A source as it is, or a third party that exists in a test only."""

    async def mood(at: str) -> None:
        if at == place and told(file):
            await until(lambda: not file.exists())

    real = {one.key: one for one in (XeroSource(), SuperOpsSource())}
    return Disturbed(real[key], mood) if key in real else FakeSource(key=key, mood=mood)


if __name__ == "__main__":
    file, place, key = sys.argv[1:]
    asyncio.run(worker.run(Settings.load(), sources=[source(Path(file), place, key)]))
