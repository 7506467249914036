"""What each client brings in, and which records are nobody's."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from billingone_api.billing.clients import wiring
from billingone_api.billing.clients.schemas.detail import (
    BillingContactsOut,
    ClientDetailOut,
    PrimaryWanted,
)
from billingone_api.billing.clients.schemas.lists import ClientPage
from billingone_api.billing.clients.schemas.queries import (
    ClientId,
    ClientsQuery,
    ExportQuery,
    SuggestionsQuery,
    UnmappedQuery,
)
from billingone_api.billing.clients.schemas.unmapped import (
    SuggestionPage,
    UnmappedCountsOut,
    UnmappedPage,
)
from billingone_api.billing.clients.service.contacts import choose, forget
from billingone_api.billing.clients.wiring import (
    Mapper,
    OutsideReader,
    Suggestions,
    TheClientDetails,
    TheContacts,
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
    query: Annotated[ExportQuery, Query()], caller: OutsideReader, process: TheProcess
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
    query: Annotated[ExportQuery, Query()], caller: OutsideReader, process: TheProcess
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
    """Also those that only subscriptions or invoices speak of; `q` finds part of a name or id.

    Pax8 companies by their MRR, contacts of Xero and clients of SuperOps by what was invoiced in a
    year or what is owed now, whichever is more. Suppliers and archived contacts are left out until
    an invoice says otherwise.
    """
    page = await unmapped.page(query.wanted(), query.page())
    return UnmappedPage.of(page, by, query.source)


@router.get(
    "/unmapped/counts",
    operation_id="count_unmapped",
    summary="How much is left to map, by source",
    dependencies=[Depends(read_clients)],
)
async def count_unmapped(unmapped: TheUnmapped, by: TheReckoning) -> UnmappedCountsOut:
    """Null where a source never came through: nothing is known of it."""
    return UnmappedCountsOut.of(await unmapped.counts(), by)


@router.get(
    "/suggestions",
    operation_id="list_suggestions",
    summary="Unmapped records with the clients that they may be, most money first",
)
async def list_suggestions(
    query: Annotated[SuggestionsQuery, Query()], caller: OutsideReader, process: TheProcess
) -> SuggestionPage:
    """Identifiers count for most, then names; what a person rejected does not come again."""
    suggestions = Suggestions(process, caller)
    return SuggestionPage.of(await suggestions.page(query.wanted(), query.page()))


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
    "/{client_id}/billing-contact",
    operation_id="choose_billing_contact",
    summary="Say whom a client's invoices go to first",
)
async def choose_billing_contact(
    client_id: ClientId,
    body: PrimaryWanted,
    caller: Mapper,
    contacts: TheContacts,
    work: Work,
) -> BillingContactsOut:
    """One of the addresses that the client's records have; nothing is written to Xero or Pax8."""
    found = await choose(client_id, body.primary(), contacts, by=caller.label, tell=work.tell)
    return BillingContactsOut.model_validate({"contacts": found}, from_attributes=True)


@router.delete(
    "/{client_id}/billing-contact",
    operation_id="release_billing_contact",
    summary="Leave whom a client's invoices go to first to its records again",
    dependencies=[Depends(map_clients)],
)
async def release_billing_contact(
    client_id: ClientId, contacts: TheContacts, work: Work
) -> BillingContactsOut:
    """The record's own address comes first then."""
    found = await forget(client_id, contacts, tell=work.tell)
    return BillingContactsOut.model_validate({"contacts": found}, from_attributes=True)
