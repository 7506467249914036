"""The clients' door: what each brings in, and whose a third party's record is."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from billingone_api.billing.clients import wiring
from billingone_api.billing.clients.models import Record
from billingone_api.billing.clients.schemas.detail import ClientDetailOut
from billingone_api.billing.clients.schemas.lists import ClientPage
from billingone_api.billing.clients.schemas.queries import (
    ClientId,
    ClientsQuery,
    ExportQuery,
    SourceId,
    SourceName,
    UnmappedQuery,
)
from billingone_api.billing.clients.schemas.unmapped import HoldingOut, LinkWanted, UnmappedPage
from billingone_api.billing.clients.service import link, unlink
from billingone_api.billing.clients.wiring import (
    Exporter,
    Mapper,
    TheClientDetails,
    TheClientRegister,
    ThePortfolio,
    TheReckoning,
    TheUnmapped,
    exported,
    map_clients,
    read_clients,
)
from billingone_api.kit.errors import NotFound
from billingone_api.kit.etags import digest, tag, tagged
from billingone_api.kit.exports import CSV, WORKBOOK, CsvFile, Workbook, begun
from billingone_api.kit.openapi import problems
from billingone_api.request import TheProcess, Work

router = APIRouter(prefix="/clients", tags=["clients"])


@router.get(
    "",
    operation_id="list_clients",
    summary="Clients, by what they bring in each month",
    dependencies=[Depends(read_clients)],
)
async def list_clients(
    query: Annotated[ClientsQuery, Query()], portfolio: ThePortfolio, by: TheReckoning
) -> ClientPage:
    """`q` finds part of a name, tax number, domain or id.

    A figure that is not known is null with the reason; it is never 0.
    """
    return ClientPage.of(await portfolio.page(query.wanted(), query.page()), by)


@router.get(
    "/export.csv",
    operation_id="export_clients",
    summary="Clients as a file",
    response_class=StreamingResponse,
    responses=CSV,
)
async def export_clients(
    query: Annotated[ExportQuery, Query()], caller: Exporter, process: TheProcess
) -> CsvFile:
    """Every client that the list would show with these filters, streamed.

    Text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    today = caller.organisation.day_of(process.clock.now())
    rows = exported(process, caller, query.wanted(), wiring.CSV)
    return CsvFile(await begun(rows), name=f"clients-{today}.csv")


@router.get(
    "/export.xlsx",
    operation_id="export_clients_workbook",
    summary="Clients as a workbook",
    response_class=StreamingResponse,
    responses=WORKBOOK,
)
async def export_clients_workbook(
    query: Annotated[ExportQuery, Query()], caller: Exporter, process: TheProcess
) -> Workbook:
    """The same rows in cells with types, streamed: numbers and text."""
    today = caller.organisation.day_of(process.clock.now())
    rows = exported(process, caller, query.wanted(), wiring.XLSX)
    return Workbook(await begun(rows), name=f"clients-{today}.xlsx")


@router.get(
    "/unmapped",
    operation_id="list_unmapped",
    summary="Records of third parties that belong to no client, most money first",
    dependencies=[Depends(read_clients)],
)
async def list_unmapped(
    query: Annotated[UnmappedQuery, Query()], unmapped: TheUnmapped, by: TheReckoning
) -> UnmappedPage:
    """Pax8 companies, also those that only a subscription speaks of.

    `q` finds part of a name or id.
    """
    return UnmappedPage.of(await unmapped.page(query.wanted(), query.page()), by)


@router.get(
    "/{client_id}",
    operation_id="get_client",
    summary="One client",
    responses=tagged(),
    dependencies=[Depends(read_clients)],
)
async def get_client(
    client_id: ClientId, details: TheClientDetails, by: TheReckoning, response: Response
) -> ClientDetailOut:
    """The master record, its links with who made them, MRR, and subscriptions by badge."""
    client = await details.find(client_id)
    if client is None:
        raise NotFound
    found = ClientDetailOut.of(client, by)
    tag(response, version=digest(found.model_dump_json()))
    return found


@router.put(
    "/links/{source}/{source_id}",
    operation_id="link_record",
    summary="Say whose a third party's record is",
    responses=problems(409),
)
async def link_record(
    source: SourceName,
    source_id: SourceId,
    body: LinkWanted,
    caller: Mapper,
    register: TheClientRegister,
    work: Work,
) -> HoldingOut:
    """A person's word stands, whatever PanelOne pushes later.

    The record's subscriptions and invoices move at once, except invoices of which a person said
    whose they are; what was reckoned for past days stays.
    """
    record = Record(source, source_id)
    linked = await link(record, body.client_id, register, by=caller.label, tell=work.tell)
    return HoldingOut.of(*linked)


@router.delete(
    "/links/{source}/{source_id}",
    operation_id="unlink_record",
    summary="Leave a record to the clients' identifiers again",
    dependencies=[Depends(map_clients)],
)
async def unlink_record(
    source: SourceName,
    source_id: SourceId,
    register: TheClientRegister,
    work: Work,
) -> HoldingOut:
    """Takes a person's word back: the one client whose identifier names the record has it."""
    return HoldingOut.of(*await unlink(Record(source, source_id), register, tell=work.tell))
