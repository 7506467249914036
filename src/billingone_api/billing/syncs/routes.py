"""The HTTP door of syncs: ask for one, watch it, cancel it; see what could not be read."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from billingone_api.billing.access.models import Caller, CallerKind
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
    read_syncs,
    run_syncs,
    watch_syncs,
    watched,
)
from billingone_api.kit.errors import ApiError
from billingone_api.kit.etags import tag
from billingone_api.kit.idempotency import Once
from billingone_api.kit.openapi import problems
from billingone_api.process import Process, TheIdentity, TheProcess, Work

router = APIRouter(tags=["syncs"], route_class=Once)


class EventStream(StreamingResponse):
    """Not FastAPI's own, which cannot answer 204 to whoever has had the last event."""

    media_type = "text/event-stream"


Reader = Annotated[Caller, Depends(read_syncs)]
Runner = Annotated[Caller, Depends(run_syncs)]
Watcher = Annotated[Caller, Depends(watch_syncs)]
LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", max_length=100, description="Goes on after this event."),
]

_SECONDS: Final = 1.0
_HEARTBEAT: Final = 15
"""Reads without news after which a comment keeps proxies from closing the line."""
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
_STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "`progress` with every visible change, then `done`, each with the whole "
        "sync as JSON. A comment comes every 15 seconds.",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": "event: progress\ndata: {…a Sync…}\nid: 7\n\n",
            }
        },
    },
    204: {"description": "The event named by `Last-Event-ID` was the last: do not come again."},
}


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


@router.get("/syncs/{sync_id}", operation_id="get_sync", summary="One sync")
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
    identity: TheIdentity,
    process: TheProcess,
    last_event_id: LastEventId = None,
) -> Response:
    """Server-sent events; send `Last-Event-ID` to go on after the last one you have.

    The stream ends after `done`. A sync that has ended answers with `done` alone.
    """
    seen = _revision(last_event_id)
    sync = await watched(process, identity, sync_id)
    if sync.status.is_final and sync.revision <= seen:
        return Response(status_code=204)
    return EventStream(
        _events(process, identity, sync_id, seen),
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


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


def _revision(last_event_id: str | None) -> int:
    """Nonsense is taken for nothing: whoever sends it gets everything."""
    text = last_event_id or ""
    return int(text) if text.isascii() and text.isdecimal() else 0


async def _events(
    process: Process, identity: TheIdentity, sync_id: UUID, seen: int
) -> AsyncIterator[bytes]:
    """Rows are read once a second; no transaction is open in between."""
    silence = 0
    while True:
        try:
            sync = await watched(process, identity, sync_id)
        except ApiError:
            return  # The session was revoked meanwhile; coming again is told so.
        if sync.status.is_final:
            yield _event("done", sync)
            return
        if sync.revision > seen:
            seen, silence = sync.revision, 0
            yield _event("progress", sync)
        else:
            silence += 1
            if silence % _HEARTBEAT == 0:
                yield format_sse_event(comment="still here")
        await process.sleep(_SECONDS)


def _event(name: str, sync: Sync) -> bytes:
    data = SyncOut.model_validate(sync).model_dump_json()
    return format_sse_event(event=name, id=str(sync.revision), data_str=data)
