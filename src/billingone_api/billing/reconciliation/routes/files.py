"""The door of snapshots as files."""

from collections.abc import AsyncGenerator
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse

from billingone_api.billing.reconciliation.schemas.queries import RowsExportQuery
from billingone_api.billing.reconciliation.schemas.summaries import summary_sheet
from billingone_api.billing.reconciliation.service.snapshots import done_snapshot
from billingone_api.billing.reconciliation.wiring import (
    Exporter,
    SnapshotFile,
    snapshots_in,
)
from billingone_api.kit.exports import CSV, WORKBOOK, CsvFile, Workbook, begun
from billingone_api.kit.openapi import problems
from billingone_api.request import TheProcess, Work

router = APIRouter(prefix="/reconciliation/snapshots", tags=["reconciliation"])

SnapshotId = Annotated[UUID, Path(description="Which snapshot, by its id.")]


def _today(caller: Exporter, process: TheProcess) -> date:
    return caller.organisation.day_of(process.clock.now())


@router.get(
    "/{snapshot_id}/export.csv",
    operation_id="export_snapshot",
    summary="Clients of a snapshot as a file",
    response_class=StreamingResponse,
    responses=CSV | problems(409),
)
async def export_snapshot(
    snapshot_id: SnapshotId,
    query: Annotated[RowsExportQuery, Query()],
    caller: Exporter,
    process: TheProcess,
) -> CsvFile:
    """Every client that the list would show with these filters, streamed.

    Text that a spreadsheet would take for a formula begins with an apostrophe.
    """

    async def chunks(work: Work) -> AsyncGenerator[bytes]:
        await done_snapshot(await snapshots_in(work, process), snapshot_id)
        return SnapshotFile(work, snapshot_id, today=_today(caller, process)).csv(
            query.filters(), query.sort
        )

    rows = process.streamed(caller.organisation.id, chunks)
    return CsvFile(await begun(rows), name=f"reconciliation-{snapshot_id}.csv")


@router.get(
    "/{snapshot_id}/export.xlsx",
    operation_id="export_snapshot_workbook",
    summary="Clients of a snapshot as a workbook",
    response_class=StreamingResponse,
    responses=WORKBOOK | problems(409),
)
async def export_snapshot_workbook(
    snapshot_id: SnapshotId,
    query: Annotated[RowsExportQuery, Query()],
    caller: Exporter,
    process: TheProcess,
) -> Workbook:
    """A sheet with the cards and the coverage, then the rows, with their status in colours."""

    async def chunks(work: Work) -> AsyncGenerator[bytes]:
        snapshot = await done_snapshot(await snapshots_in(work, process), snapshot_id)
        file = SnapshotFile(work, snapshot_id, today=_today(caller, process))
        return file.xlsx(query.filters(), query.sort, summary_sheet(snapshot))

    rows = process.streamed(caller.organisation.id, chunks)
    return Workbook(await begun(rows), name=f"reconciliation-{snapshot_id}.xlsx")


@router.get(
    "/{snapshot_id}/lines/export.csv",
    operation_id="export_snapshot_lines",
    summary="Every line of a snapshot as a file",
    response_class=StreamingResponse,
    responses=CSV | problems(409),
)
async def export_snapshot_lines(
    snapshot_id: SnapshotId, caller: Exporter, process: TheProcess
) -> CsvFile:
    """One for each client and rule, with the count it rests on, streamed."""

    async def chunks(work: Work) -> AsyncGenerator[bytes]:
        await done_snapshot(await snapshots_in(work, process), snapshot_id)
        return SnapshotFile(work, snapshot_id, today=_today(caller, process)).lines_csv()

    rows = process.streamed(caller.organisation.id, chunks)
    return CsvFile(await begun(rows), name=f"reconciliation-lines-{snapshot_id}.csv")
