"""The door of counts: have PanelOne count anew, and watch it."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from billingone_api.billing.access.models import CallerKind
from billingone_api.billing.counts import refreshing
from billingone_api.billing.counts.schemas import (
    CountRefreshOut,
    CountRefreshPage,
    RefreshesQuery,
)
from billingone_api.billing.counts.wiring import Refresher, TheRefreshes, read_refreshes
from billingone_api.billing.syncs.models import Trigger
from billingone_api.kit.etags import digest, tag, tagged
from billingone_api.kit.idempotency import Once
from billingone_api.request import TheProcess, Work

router = APIRouter(tags=["reconciliation"], route_class=Once)

_ACCEPTED: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "description": "Accepted, and kept whatever happens to us; look at `Location`.",
        "headers": {
            "Location": {"description": "The refresh.", "schema": {"type": "string"}},
            "Retry-After": {
                "description": "Seconds after which a look is worth while.",
                "schema": {"type": "integer"},
            },
        },
    }
}


@router.get(
    "/counts/refreshes",
    operation_id="list_count_refreshes",
    summary="Refreshes of counts, newest first",
    dependencies=[Depends(read_refreshes)],
)
async def list_count_refreshes(
    query: Annotated[RefreshesQuery, Query()], refreshes: TheRefreshes, process: TheProcess
) -> CountRefreshPage:
    """Whatever was asked of PanelOne, by whom, and what came of it; also before snapshots."""
    page = await refreshes.page(query.asked(), cursors=process.cursors)
    return CountRefreshPage(
        items=[CountRefreshOut.of(one) for one in page.items],
        next_cursor=page.next_cursor,
        total=page.total,
    )


@router.post(
    "/counts:refresh",
    operation_id="refresh_counts",
    summary="Have PanelOne count devices and users anew",
    status_code=202,
    responses=_ACCEPTED,
)
async def refresh_counts(
    caller: Refresher,
    refreshes: TheRefreshes,
    process: TheProcess,
    work: Work,
    request: Request,
    response: Response,
) -> CountRefreshOut:
    """What it counts is kept beside what it pushes. While one is running everybody gets that one.

    One that fails leaves the counts there are, with the instants at which they were counted.
    """
    is_person = caller.kind is CallerKind.PERSON
    refresh_id = await refreshing.request_refresh(
        refreshes,
        trigger=Trigger.PERSON if is_person else Trigger.SERVICE,
        requested_by=caller.label,
        tell=work.tell,
    )
    work.after_commit.append(process.bell.ring)
    path = request.app.url_path_for("get_count_refresh", refresh_id=refresh_id)
    response.headers["Location"] = str(path)
    response.headers["Retry-After"] = "2"
    return CountRefreshOut.of(await refreshing.found_refresh(refreshes, refresh_id))


@router.get(
    "/counts/refreshes/{refresh_id}",
    operation_id="get_count_refresh",
    summary="One refresh of counts",
    responses=tagged(),
    dependencies=[Depends(read_refreshes)],
)
async def get_count_refresh(
    refresh_id: Annotated[UUID, Path(description="Which refresh, by its id.")],
    refreshes: TheRefreshes,
    response: Response,
) -> CountRefreshOut:
    """How it stands, and once it has ended what came of it."""
    shown = CountRefreshOut.of(await refreshing.found_refresh(refreshes, refresh_id))
    tag(response, version=digest(shown.model_dump_json()))
    return shown
