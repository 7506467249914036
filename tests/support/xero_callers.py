"""Readers of Xero in a process of their own, who all begin when they are told to.

`python xero_callers.py ORGANISATION CONNECTION COUNT`: says "ready", waits for a line, and then
says how many read the organisation and how the others ended.
"""

import asyncio
import sys
from collections import Counter
from uuid import UUID

from billingone_api.billing.integrations.wiring import xero_for
from billingone_api.config import Settings
from billingone_api.process import Process, running_process


async def read(process: Process, organisation_id: UUID, connection_id: UUID) -> str:
    try:
        async with xero_for(process, organisation_id, connection_id) as client:
            await client.organisation()
    except Exception as error:  # noqa: BLE001 - the test is told of whatever there was
        return type(error).__name__
    return "read"


async def main(organisation_id: UUID, connection_id: UUID, count: int) -> None:
    async with running_process(Settings.load(), name="readers") as process:
        print("ready", flush=True)  # noqa: T201 - the test reads it
        await asyncio.to_thread(sys.stdin.readline)
        ends = await asyncio.gather(
            *(read(process, organisation_id, connection_id) for _ in range(count))
        )
        print(dict(Counter(ends)), flush=True)  # noqa: T201 - the same


if __name__ == "__main__":
    asyncio.run(main(UUID(sys.argv[1]), UUID(sys.argv[2]), int(sys.argv[3])))
