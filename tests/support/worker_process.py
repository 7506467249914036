"""A worker in a process of its own, with a source that stands still while a file is there.

`python worker_process.py FILE PLACE`: at PLACE the run waits for as long as FILE exists, which is
created by the test and written to when the place is reached.
"""

import asyncio
import sys
from pathlib import Path

from tests.support.sources import FakeSource
from tests.support.waiting import until

from billingone_api import worker
from billingone_api.config import Settings


def told(file: Path) -> bool:
    """Whether the run has to stand still; the test is told that it does."""
    if not file.exists():
        return False
    file.write_text("reached")
    return True


def source(file: Path, place: str) -> FakeSource:
    async def mood(at: str) -> None:
        if at == place and told(file):
            await until(lambda: not file.exists())

    return FakeSource(mood=mood)


if __name__ == "__main__":
    asyncio.run(worker.run(Settings.load(), sources=[source(Path(sys.argv[1]), sys.argv[2])]))
