"""The audit log's door: who changed what, listed, downloaded, looked at one by one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from billingone_api.billing.audit.schemas import (
    AuditEntryOut,
    AuditFileQuery,
    AuditPage,
    AuditQuery,
)
from billingone_api.billing.audit.wiring import Exporter, TheAudit, exported, read_audit
from billingone_api.kit.errors import NotFound
from billingone_api.kit.etags import tag, tagged
from billingone_api.kit.exports import CSV, CsvFile, begun
from billingone_api.request import TheProcess

router = APIRouter(prefix="/audit", tags=["audit"])


@router.get(
    "",
    operation_id="list_audit",
    summary="Who changed what, newest first",
    dependencies=[Depends(read_audit)],
)
async def list_audit(
    query: Annotated[AuditQuery, Query()], log: TheAudit, process: TheProcess
) -> AuditPage:
    """Every change made through this API or by BillingOne itself.

    A request that changes nothing leaves no entry; one that changes many at once leaves one.
    """
    return AuditPage.model_validate(await log.page(query.wanted(), cursors=process.cursors))


@router.get(
    "/export.csv",
    operation_id="export_audit",
    summary="The audit log as a file",
    response_class=StreamingResponse,
    responses=CSV,
)
async def export_audit(
    query: Annotated[AuditFileQuery, Query()], caller: Exporter, process: TheProcess
) -> CsvFile:
    """Every entry that the list would show with these filters, streamed.

    Text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    today = caller.organisation.day_of(process.clock.now())
    rows = exported(process, caller, query.filters())
    return CsvFile(await begun(rows), name=f"audit-{today}.csv")


@router.get(
    "/{entry_id}",
    operation_id="get_audit_entry",
    summary="One entry",
    responses=tagged(),
    dependencies=[Depends(read_audit)],
)
async def get_audit_entry(entry_id: UUID, log: TheAudit, response: Response) -> AuditEntryOut:
    """It never changes."""
    entry = await log.find(entry_id)
    if entry is None:
        raise NotFound
    tag(response, version=str(entry_id))
    return AuditEntryOut.model_validate(entry)
