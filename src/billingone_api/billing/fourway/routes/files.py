"""The door of the four-way line as files."""

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from billingone_api.billing.fourway.schemas.queries import RecordsExportQuery, first_of
from billingone_api.billing.fourway.schemas.standing import StandingOut
from billingone_api.billing.fourway.schemas.summaries import summary_sheet, summed_up
from billingone_api.billing.fourway.wiring import Exporter, FourWayFile, four_way_in
from billingone_api.kit.exports import CSV, WORKBOOK, CsvFile, Workbook, begun
from billingone_api.request import TheProcess, Work

router = APIRouter(prefix="/reconciliation/four-way", tags=["reconciliation"])


@router.get(
    "/export.csv",
    operation_id="export_four_way",
    summary="The four-way line of a month as a file",
    response_class=StreamingResponse,
    responses=CSV,
)
async def export_four_way(
    query: Annotated[RecordsExportQuery, Query()], caller: Exporter, process: TheProcess
) -> CsvFile:
    """Every record that the list would show with these filters, streamed.

    Text that a spreadsheet would take for a formula begins with an apostrophe.
    """

    async def chunks(work: Work) -> AsyncGenerator[bytes]:
        reading, basis = four_way_in(work, caller, process, first_of(query.month))
        file = FourWayFile(work, basis, await reading.standing())
        return file.csv(query.filters(), query.sort)

    rows = process.streamed(caller.organisation.id, chunks)
    return CsvFile(await begun(rows), name=f"four-way-{query.month or 'this-month'}.csv")


@router.get(
    "/export.xlsx",
    operation_id="export_four_way_workbook",
    summary="The four-way line of a month as a workbook",
    response_class=StreamingResponse,
    responses=WORKBOOK,
)
async def export_four_way_workbook(
    query: Annotated[RecordsExportQuery, Query()], caller: Exporter, process: TheProcess
) -> Workbook:
    """A sheet that sums up the whole month, then the records, with their status in colours."""

    async def chunks(work: Work) -> AsyncGenerator[bytes]:
        reading, basis = four_way_in(work, caller, process, first_of(query.month))
        standing, month = await reading.standing(), basis.month
        shown = StandingOut.of(standing, month=month.first, day=month.day)
        totals, unmatched = await reading.totals(standing), await reading.unmatched()
        unrecorded = await reading.unrecorded()
        sheet = summary_sheet(summed_up(totals, unmatched, unrecorded, shown))
        return FourWayFile(work, basis, standing).xlsx(query.filters(), query.sort, sheet)

    rows = process.streamed(caller.organisation.id, chunks)
    return Workbook(await begun(rows), name=f"four-way-{query.month or 'this-month'}.xlsx")
