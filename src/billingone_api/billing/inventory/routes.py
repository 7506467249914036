"""The HTTP door of the inventory: the devices and people that SuperOps lists, and their numbers."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from billingone_api.billing.inventory import wiring
from billingone_api.billing.inventory.schemas.devices import DeviceCountsOut, DevicePage
from billingone_api.billing.inventory.schemas.queries import (
    DeviceCountsQuery,
    DevicesExportQuery,
    DevicesQuery,
    InventoryUsersQuery,
)
from billingone_api.billing.inventory.schemas.users import InventoryUserPage
from billingone_api.billing.inventory.wiring import (
    Exporter,
    TheInventory,
    exported,
    read_inventory,
)
from billingone_api.kit.exports import CSV, WORKBOOK, CsvFile, Workbook, begun
from billingone_api.request import TheProcess

router = APIRouter(prefix="/inventory", tags=["inventory"])

_READS: Final = [Depends(read_inventory)]


@router.get(
    "/devices",
    operation_id="list_devices",
    summary="Devices behind the counts, one by one",
    dependencies=_READS,
)
async def list_devices(
    query: Annotated[DevicesQuery, Query()], inventory: TheInventory
) -> DevicePage:
    """What SuperOps lists now, what each is counted as, and why it is not counted.

    With `client_id`, `metric` and `counted=true` these are the client's count by SuperOps as it is
    now. A snapshot's line keeps its number for good, and no devices: they are these while
    `standing.counted_at` is the line's own, no sync is under way or was cut short since, and nobody
    has moved a company or the rule. Whoever else counts tells numbers, which have no list.
    """
    return DevicePage.of(*await inventory.devices(query.page()))


@router.get(
    "/devices/counts",
    operation_id="count_devices",
    summary="How many devices there are of each metric",
    dependencies=_READS,
)
async def count_devices(
    query: Annotated[DeviceCountsQuery, Query()], inventory: TheInventory
) -> DeviceCountsOut:
    """And how many of them are not counted, and why: what the list's filters would find."""
    return DeviceCountsOut.of(*await inventory.device_numbers(query.filters()))


@router.get(
    "/devices/export.csv",
    operation_id="export_devices",
    summary="Devices as a file",
    response_class=StreamingResponse,
    responses=CSV,
)
async def export_devices(
    query: Annotated[DevicesExportQuery, Query()], caller: Exporter, process: TheProcess
) -> CsvFile:
    """Every device that the list would show with these filters, streamed.

    Text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    today = caller.organisation.day_of(process.clock.now())
    rows = exported(process, caller, query.filters(), query.sort, wiring.CSV)
    return CsvFile(await begun(rows), name=f"devices-{today}.csv")


@router.get(
    "/devices/export.xlsx",
    operation_id="export_devices_workbook",
    summary="Devices as a workbook",
    response_class=StreamingResponse,
    responses=WORKBOOK,
)
async def export_devices_workbook(
    query: Annotated[DevicesExportQuery, Query()], caller: Exporter, process: TheProcess
) -> Workbook:
    """The same rows in cells with types, streamed.

    Rows that Excel has no room for on a sheet are on the next.
    """
    today = caller.organisation.day_of(process.clock.now())
    rows = exported(process, caller, query.filters(), query.sort, wiring.XLSX)
    return Workbook(await begun(rows), name=f"devices-{today}.xlsx")


@router.get(
    "/users",
    operation_id="list_inventory_users",
    summary="People behind the counts of users, one by one",
    dependencies=_READS,
)
async def list_inventory_users(
    query: Annotated[InventoryUsersQuery, Query()], inventory: TheInventory
) -> InventoryUserPage:
    """What SuperOps lists now: names, and nothing else of a person is kept.

    With `client_id` these are the client's `users` by SuperOps. They are people who may ask for
    help, not accounts that are licensed, and SuperOps does not say who has left.
    """
    return InventoryUserPage.of(*await inventory.users(query.page()))
