"""The HTTP door of invoices: list, count, add up, download, look at one, say whose it is."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import StreamingResponse

from billingone_api.billing.invoices import service, wiring
from billingone_api.billing.invoices.schemas.detail import InvoiceDetailOut, InvoiceIn
from billingone_api.billing.invoices.schemas.lists import InvoiceCountsOut, InvoicePage
from billingone_api.billing.invoices.schemas.queries import (
    InvoiceCountsQuery,
    InvoiceExportQuery,
    InvoicesQuery,
)
from billingone_api.billing.invoices.schemas.summary import InvoiceSummaryOut
from billingone_api.billing.invoices.wiring import (
    Exporter,
    Reader,
    TheBelongings,
    TheInvoice,
    TheList,
    exported,
    map_invoices,
    summary_of,
)
from billingone_api.kit.errors import NotFound
from billingone_api.kit.etags import IfMatch, expected_version, tag_with_state, tagged
from billingone_api.kit.exports import CSV, WORKBOOK, CsvFile, Workbook, begun
from billingone_api.kit.openapi import problems
from billingone_api.request import TheProcess, Work

router = APIRouter(prefix="/invoices", tags=["invoices"])

InvoiceId = Annotated[UUID, Path(description="Our id of the invoice.")]


@router.get("", operation_id="list_invoices", summary="Invoices, one page of them")
async def list_invoices(query: Annotated[InvoicesQuery, Query()], listing: TheList) -> InvoicePage:
    """The newest first unless another order is asked for.

    An invoice that Xero and SuperOps both have is one row, Xero's, with the other in `also_in`.
    """
    return InvoicePage.model_validate(await listing.page(query.wanted()))


@router.get("/counts", operation_id="count_invoices", summary="How many invoices have each badge")
async def count_invoices(
    query: Annotated[InvoiceCountsQuery, Query()], listing: TheList
) -> InvoiceCountsOut:
    """With the list's filters, and how far the sources of it all can be trusted."""
    return InvoiceCountsOut.model_validate(await listing.counts(query.filters()))


@router.get(
    "/summary",
    operation_id="get_invoice_summary",
    summary="What is owed, what was paid this month, what is overdue",
)
async def get_invoice_summary(caller: Reader, work: Work, process: TheProcess) -> InvoiceSummaryOut:
    """Per currency, never added across; and in the reporting one where every rate is known.

    A card is null with a reason, and never 0, until a source of invoices has come through.
    """
    return InvoiceSummaryOut.model_validate(await summary_of(caller, work, process))


@router.get(
    "/export.csv",
    operation_id="export_invoices",
    summary="Invoices as a file",
    response_class=StreamingResponse,
    responses=CSV,
)
async def export_invoices(
    query: Annotated[InvoiceExportQuery, Query()], caller: Exporter, process: TheProcess
) -> CsvFile:
    """Every row that the list would show with these filters, streamed.

    Text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    today = caller.organisation.day_of(process.clock.now())
    rows = exported(process, caller, query.wanted(), wiring.CSV)
    return CsvFile(await begun(rows), name=f"invoices-{today}.csv")


@router.get(
    "/export.xlsx",
    operation_id="export_invoices_workbook",
    summary="Invoices as a workbook",
    response_class=StreamingResponse,
    responses=WORKBOOK,
)
async def export_invoices_workbook(
    query: Annotated[InvoiceExportQuery, Query()], caller: Exporter, process: TheProcess
) -> Workbook:
    """The same rows in cells with types, streamed: numbers, days, instants in UTC, and text.

    Rows that Excel has no room for on a sheet are on the next.
    """
    today = caller.organisation.day_of(process.clock.now())
    rows = exported(process, caller, query.wanted(), wiring.XLSX)
    return Workbook(await begun(rows), name=f"invoices-{today}.xlsx")


@router.get(
    "/{invoice_id:uuid}",
    operation_id="get_invoice",
    summary="One invoice with lines, payments, credits and history",
    responses=tagged(),
)
async def get_invoice(
    invoice_id: InvoiceId, invoice: TheInvoice, response: Response
) -> InvoiceDetailOut:
    """Everything that is known of it, and each change of it that we saw."""
    return _tagged(await _found(invoice, invoice_id), response)


@router.patch(
    "/{invoice_id:uuid}",
    operation_id="update_invoice",
    summary="Say whose an invoice is",
    dependencies=[Depends(map_invoices)],
    responses=tagged(is_read=False) | problems(409, 412, 428),
)
async def update_invoice(
    invoice_id: InvoiceId,
    change: InvoiceIn,
    belongings: TheBelongings,
    invoice: TheInvoice,
    work: Work,
    response: Response,
    if_match: IfMatch = None,
) -> InvoiceDetailOut:
    """A person's word stays, whatever its contact is linked to later, until it is taken back."""
    await service.set_client(
        invoice_id,
        change.client_id,
        belongings,
        expected=expected_version(if_match),
        tell=work.tell,
    )
    return _tagged(await _found(invoice, invoice_id), response)


async def _found(invoice: TheInvoice, invoice_id: UUID) -> dict[str, Any]:
    found = await invoice.find(invoice_id)
    if found is None:
        raise NotFound
    return found


def _tagged(found: dict[str, Any], response: Response) -> InvoiceDetailOut:
    shown = InvoiceDetailOut.model_validate(found)
    tag_with_state(response, version=found["version"], state=shown.model_dump_json())
    return shown
