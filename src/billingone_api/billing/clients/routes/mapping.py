"""The workbench: whose a record is, decided one by one or many at once, and undone."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import StreamingResponse

from billingone_api.billing.clients.deeds import Kind, Manner, Wish
from billingone_api.billing.clients.examples import MAPPING_CSV
from billingone_api.billing.clients.mapping_csv import Row, read
from billingone_api.billing.clients.models import Record
from billingone_api.billing.clients.schemas.deeds import (
    DeedPage,
    DeedsQuery,
    UndoneOut,
)
from billingone_api.billing.clients.schemas.imports import (
    ImportQuery,
    ImportReportOut,
    MappingFileQuery,
)
from billingone_api.billing.clients.schemas.links import HoldingOut, LinkWanted
from billingone_api.billing.clients.schemas.queries import ClientId, SourceId, SourceName
from billingone_api.billing.clients.schemas.reports import MappingReportOut
from billingone_api.billing.clients.schemas.unmapped import SuggestionsWanted
from billingone_api.billing.clients.schemas.wishes import (
    MappingWanted,
    MergeWanted,
    SplitWanted,
    UndoWanted,
)
from billingone_api.billing.clients.service import workbench
from billingone_api.billing.clients.service.carrying_out import carry_out
from billingone_api.billing.clients.service.undoing import undo
from billingone_api.billing.clients.wiring import (
    OutsideMapper,
    OutsideReader,
    Suggestions,
    TheDeeds,
    TheDesk,
    TheSmallDesk,
    mapping_file,
    read_clients,
)
from billingone_api.kit.errors import UnsupportedMedia
from billingone_api.kit.exports import CSV, CsvFile, begun
from billingone_api.kit.idempotency import Once
from billingone_api.kit.openapi import problems
from billingone_api.request import TheProcess

router = APIRouter(prefix="/clients", tags=["clients"], route_class=Once)
_KINDS: Final = ("text/csv", "application/octet-stream")
_FILE: Final[dict[str, Any]] = {
    "schema": {"type": "string", "format": "binary"},
    "example": MAPPING_CSV,
}
CSV_BODY: Final[dict[str, Any]] = {
    # The second is for generated clients that know of no CSV.
    "requestBody": {"required": True, "content": dict.fromkeys(_KINDS, _FILE)}
}


async def rows_of(request: Request, _: OutsideMapper, process: TheProcess) -> Sequence[Row]:
    """Named before the desk, whose transaction waits for no slow sender.

    What the file says of its encoding is not asked: a byte-order mark and UTF-8 are what counts.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _KINDS:
        raise UnsupportedMedia("Send a body of type text/csv.")
    return await process.compute(partial(read, await request.body()))


async def suggested(
    body: SuggestionsWanted, caller: OutsideMapper, process: TheProcess
) -> Sequence[Wish]:
    """Named before the desk as well, for this takes long."""
    return await Suggestions(process, caller).wishes(
        body.source, lowest=body.lowest_score, only_sure=body.only_sure
    )


CsvRows = Annotated[Sequence[Row], Depends(rows_of)]
SuggestedWishes = Annotated[Sequence[Wish], Depends(suggested)]
DeedId = Annotated[UUID, Path(description="The deed's id.")]


@router.get(
    "/mapping/export.csv",
    operation_id="export_mapping",
    summary="The whole mapping as a file",
    response_class=StreamingResponse,
    responses=CSV,
)
async def export_mapping(
    query: Annotated[MappingFileQuery, Query()], caller: OutsideReader, process: TheProcess
) -> CsvFile:
    """Every record of every source and whose it is: a client's id, `nobody` or `unmapped`.

    Changed in a spreadsheet, it can be sent back. Text that would be taken for a formula begins
    with an apostrophe, which an import takes away again.
    """
    today = caller.organisation.day_of(process.clock.now())
    rows = mapping_file(process, caller, query.source)
    return CsvFile(await begun(rows), name=f"mapping-{today}.csv")


@router.post(
    "/mapping/import",
    operation_id="import_mapping",
    summary="Take a mapping from a file",
    openapi_extra=CSV_BODY,
)
async def import_mapping(
    query: Annotated[ImportQuery, Query()], rows: CsvRows, desk: TheDesk
) -> ImportReportOut:
    """Columns `source`, `source_id`, `client_id` and, if wanted, `reason`; others are not read.

    `client_id` is a client's id, `nobody` (with why, in `reason`), `unmapped` (what identifiers say
    stands again), or nothing, which leaves the record as it is. UTF-8 or UTF-16, with or without a
    byte-order mark, commas, semicolons or tabs; 50,000 rows and 10 MB at most. Each row has its
    answer; all that is taken is one deed, which can be undone.
    """
    manner = Manner(Kind.IMPORT, dry_run=query.dry_run, all_or_nothing=query.all_or_nothing)
    report = await carry_out([row.wish for row in rows], desk, manner)
    return ImportReportOut.of(report, rows)


@router.get(
    "/mapping/deeds",
    operation_id="list_mapping_deeds",
    summary="What was done to the mapping, newest first",
    dependencies=[Depends(read_clients)],
)
async def list_mapping_deeds(query: Annotated[DeedsQuery, Query()], deeds: TheDeeds) -> DeedPage:
    """Each may be undone as long as nothing later has changed the same records."""
    return DeedPage.model_validate(await deeds.page(query.wanted(), query.page()))


@router.post(
    "/suggestions:apply",
    operation_id="apply_suggestions",
    summary="Take all suggestions of a source that are likely enough",
)
async def apply_suggestions(
    body: SuggestionsWanted, wishes: SuggestedWishes, desk: TheDesk
) -> MappingReportOut:
    """One deed, as though a person had assigned each; a dry run says each and the money of all."""
    manner = Manner(Kind.SUGGESTIONS, dry_run=body.dry_run)
    return MappingReportOut.of(await carry_out(wishes, desk, manner))


@router.post(
    "/mapping",
    operation_id="change_mapping",
    summary="Say of many records at once whose they are",
)
async def change_mapping(body: MappingWanted, desk: TheDesk) -> MappingReportOut:
    """One deed, which can be undone as a whole; each wish has its answer, in their order.

    With `dry_run` the same answer says what would change and how much money would move, and
    nothing does. With `all_or_nothing` one wish that cannot be granted refuses them all.
    """
    manner = Manner(Kind.BULK, dry_run=body.dry_run, all_or_nothing=body.all_or_nothing)
    return MappingReportOut.of(await carry_out(body.wishes(), desk, manner))


@router.post(
    "/mapping/deeds/{deed_id}/undo",
    operation_id="undo_mapping_deed",
    summary="Take a deed back",
    responses=problems(409),
)
async def undo_mapping_deed(deed_id: DeedId, body: UndoWanted, desk: TheSmallDesk) -> UndoneOut:
    """Every record stands again as it did, or nothing changes.

    Where later deeds have changed the same records, they have to be undone first; `with_later`
    undoes all that came after, the newest first.
    """
    undone = await undo(deed_id, desk, with_later=body.with_later)
    return UndoneOut.model_validate(undone)


@router.post(
    "/{client_id}/merge",
    operation_id="merge_clients",
    summary="Give all records of a client to another",
    responses=problems(409),
)
async def merge_clients(client_id: ClientId, body: MergeWanted, desk: TheDesk) -> MappingReportOut:
    """For a client that PanelOne has twice. Both stay as PanelOne keeps them.

    Subscriptions, invoices and credits follow the records at once; what was reckoned for past days
    stays, and so does an invoice of which a person said whose it is.
    """
    report = await workbench.merge(client_id, body.into, desk, dry_run=body.dry_run)
    return MappingReportOut.of(report)


@router.post(
    "/{client_id}/split",
    operation_id="split_client",
    summary="Take records from a client, for another or for nobody yet",
    responses=problems(409),
)
async def split_client(client_id: ClientId, body: SplitWanted, desk: TheDesk) -> MappingReportOut:
    """All of them or none. What goes to nobody is unmapped, and not suggested for the client."""
    report = await workbench.split(
        client_id, body.all_records(), body.into, desk, dry_run=body.dry_run
    )
    return MappingReportOut.of(report)


@router.put(
    "/links/{source}/{source_id}",
    operation_id="link_record",
    summary="Say whose a third party's record is",
    responses=problems(409),
)
async def link_record(
    source: SourceName, source_id: SourceId, body: LinkWanted, desk: TheSmallDesk
) -> HoldingOut:
    """A person's word stands, whatever PanelOne pushes later.

    The record's subscriptions and invoices move at once, except invoices of which a person said
    whose they are; what was reckoned for past days stays.
    """
    record = Record(source, source_id)
    return HoldingOut.of(*await workbench.link(record, body.client_id, desk, reason=body.why()))


@router.delete(
    "/links/{source}/{source_id}",
    operation_id="unlink_record",
    summary="Leave a record to the clients' identifiers again",
)
async def unlink_record(source: SourceName, source_id: SourceId, desk: TheSmallDesk) -> HoldingOut:
    """Takes a person's word back: the one client whose identifier names the record has it."""
    return HoldingOut.of(*await workbench.unlink(Record(source, source_id), desk))
