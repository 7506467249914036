"""PostgreSQL stands behind the inventory; who may see it is as for reconciliation."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import Depends

from billingone_api.billing.access.models import Caller, Permission
from billingone_api.billing.access.wiring import May, MayOutside
from billingone_api.billing.inventory.adapters.files import PostgresDevicesFile
from billingone_api.billing.inventory.adapters.postgres import PostgresInventory
from billingone_api.process import Process
from billingone_api.request import TheProcess, Work

read_inventory: Final = May(Permission.RECONCILIATION_READ)
export_inventory: Final = MayOutside(Permission.RECONCILIATION_READ)

Exporter = Annotated[Caller, Depends(export_inventory)]
Format = Callable[[PostgresDevicesFile, Mapping[str, Any], str], Awaitable[AsyncGenerator[bytes]]]
CSV: Final[Format] = PostgresDevicesFile.csv
XLSX: Final[Format] = PostgresDevicesFile.xlsx


async def inventory_in(work: Work, process: TheProcess) -> PostgresInventory:
    return PostgresInventory(work, cursors=process.cursors, now=process.clock.now())


TheInventory = Annotated[PostgresInventory, Depends(inventory_in)]


def exported(
    process: Process, caller: Caller, filters: Mapping[str, Any], sort: str, written: Format
) -> AsyncGenerator[bytes]:
    async def chunks(work: Work) -> AsyncGenerator[bytes]:
        file = PostgresDevicesFile(work, now=process.clock.now())
        return await written(file, filters, sort)

    return process.streamed(caller.organisation.id, chunks)
