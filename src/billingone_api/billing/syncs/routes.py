"""The HTTP door of syncs: ask for one, watch it, cancel it; see what could not be read."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from billingone_api.billing.access.models import Caller, CallerKind
from billingone_api.billing.access.schemas import TicketOut
from billingone_api.billing.access.watching import Watch, Watched
from billingone_api.billing.syncs import service
from billingone_api.billing.syncs.models import Sync, Trigger
from billingone_api.billing.syncs.schemas import (
    QuarantinePage,
    QuarantineQuery,
    StartSync,
    SyncOut,
    SyncPage,
    SyncsQuery,
)
from billingone_api.billing.syncs.wiring import (
    TheQuarantine,
    TheRuns,
    TheSources,
    TheSyncs,
    find_all,
    read_syncs,
    run_syncs,
    watch_syncs,
)
from billingone_api.kit.etags import tag, tagged
from billingone_api.kit.idempotency import Once, harmless
from billingone_api.kit.openapi import problems
from billingone_api.kit.streams import EventStream, News, documented
from billingone_api.request import LastEventId, TheIdentity, TheProcess, WatchingIdentity, Work

router = APIRouter(tags=["syncs"], route_class=Once)


Reader = Annotated[Caller, Depends(read_syncs)]
Runner = Annotated[Caller, Depends(run_syncs)]
Watcher = Annotated[Caller, Depends(watch_syncs)]
_ACCEPTED: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "description": "Accepted, and kept whatever happens to us; watch it at `Location`.",
        "headers": {
            "Location": {"description": "The sync.", "schema": {"type": "string"}},
            "Retry-After": {
                "description": "Seconds after which a look is worth while.",
                "schema": {"type": "integer"},
            },
        },
    }
}
_STREAM: Final = documented(
    "`progress` with every visible change, then `done`, each with the whole sync as JSON.",
    "event: progress\ndata: {…a Sync…}\nid: zVxQ…\n\n",
)


def _news(sync: Sync) -> News:
    return News(
        name="done" if sync.status.is_final else "progress",
        revision=sync.revision,
        data=lambda: SyncOut.model_validate(sync).model_dump_json(),
        is_last=sync.status.is_final,
    )


_syncs: Final = Watched("syncs", watch_syncs.permission, find_all, _news)


@router.get("/syncs", operation_id="list_syncs", summary="Syncs, newest first")
async def list_syncs(
    query: Annotated[SyncsQuery, Query()], _: Reader, syncs: TheSyncs, process: TheProcess
) -> SyncPage:
    """Everything that was ever asked for or scheduled, with how it goes or how it ended."""
    return SyncPage.model_validate(await syncs.page(query.asked(), cursors=process.cursors))


@router.get("/quarantine", operation_id="list_quarantine", summary="Records that cannot be read")
async def list_quarantine(
    query: Annotated[QuarantineQuery, Query()],
    _: Reader,
    quarantine: TheQuarantine,
    process: TheProcess,
) -> QuarantinePage:
    """What third parties sent that made no sense: put aside with its reason, and counted."""
    return QuarantinePage.model_validate(
        await quarantine.page(query.asked(), cursors=process.cursors)
    )


@router.get("/syncs/{sync_id}", operation_id="get_sync", summary="One sync", responses=tagged())
async def get_sync(sync_id: UUID, _: Reader, syncs: TheSyncs, response: Response) -> SyncOut:
    """Its runs, one for each source, and their steps; why it waits or failed, and what to do."""
    sync = await service.found(syncs, sync_id)
    tag(response, version=sync.revision)
    return SyncOut.model_validate(sync)


@router.get(
    "/syncs/{sync_id}/events",
    operation_id="watch_sync",
    summary="Watch a sync as a stream of events",
    response_class=EventStream,
    responses=_STREAM,
)
async def watch_sync(
    sync_id: UUID,
    _: Watcher,
    identity: WatchingIdentity,
    process: TheProcess,
    request: Request,
    last_event_id: LastEventId = None,
) -> Response:
    """Server-sent events; send `Last-Event-ID` to go on after the last one you have.

    The stream ends after `done`. A sync that has ended answers with `done` alone. In a browser ask
    for a ticket first and give its `url` to `EventSource`.
    """
    return await _syncs.stream(
        process, Watch(identity, sync_id), path=request.scope["path"], last_event_id=last_event_id
    )


@router.post(
    "/syncs/{sync_id}/events/ticket",
    operation_id="create_sync_ticket",
    summary="Make a ticket for the stream of a sync's events",
    status_code=201,
)
@harmless
async def create_sync_ticket(
    sync_id: UUID,
    _: Reader,
    identity: TheIdentity,
    syncs: TheSyncs,
    process: TheProcess,
    request: Request,
    response: Response,
) -> TicketOut:
    """For a browser's `EventSource`, which cannot send a token.

    It has to be redeemed within 60 seconds, at this one stream, and is good for coming back until
    60 seconds after the stream was last heard of.
    """
    await service.found(syncs, sync_id)
    path = request.scope["path"].removesuffix("/ticket")
    response.headers["Cache-Control"] = "no-store"
    return TicketOut.of(process.tickets.ticket(identity, stream=path), path)


@router.post(
    "/syncs",
    operation_id="start_sync",
    summary="Sync some sources, or all",
    status_code=202,
    responses=_ACCEPTED | problems(409),
)
async def start_sync(
    wish: StartSync,
    caller: Runner,
    syncs: TheSyncs,
    sources: TheSources,
    process: TheProcess,
    work: Work,
    request: Request,
    response: Response,
) -> SyncOut:
    """Queue a run for each source and answer at once.

    A source that is being synced already is joined, in the mode in which it was started.
    """
    sync_id = await service.start(
        syncs,
        sources=sources,
        wanted=wish.sources,
        mode=wish.mode,
        trigger=Trigger.PERSON if caller.kind is CallerKind.PERSON else Trigger.SERVICE,
        requested_by=caller.label,
        confirm_removals=wish.confirm_removals,
        tell=work.tell,
    )
    work.after_commit.append(process.bell.ring)
    return await _accepted(sync_id, syncs, request, response)


@router.post(
    "/syncs/{sync_id}/cancel",
    operation_id="cancel_sync",
    summary="Cancel a sync",
    status_code=202,
    responses=_ACCEPTED,
)
async def cancel_sync(
    sync_id: UUID,
    _: Runner,
    syncs: TheSyncs,
    runs: TheRuns,
    work: Work,
    request: Request,
    response: Response,
) -> SyncOut:
    """End its unfinished runs: at once where nobody works on them, else after the batch in hand.

    A run that other syncs joined ends for them as well. What was copied is kept. A sync that has
    ended stays as it is.
    """
    sync = await service.found(syncs, sync_id)
    await service.cancel(sync, syncs=syncs, record=runs, tell=work.tell)
    return await _accepted(sync_id, syncs, request, response)


async def _accepted(
    sync_id: UUID, syncs: TheSyncs, request: Request, response: Response
) -> SyncOut:
    response.headers["Location"] = str(request.app.url_path_for("get_sync", sync_id=sync_id))
    response.headers["Retry-After"] = "1"
    return SyncOut.model_validate(await service.found(syncs, sync_id))
