"""The door of snapshots: take one, watch it, read what came out, compare two."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response

from billingone_api.billing.access.models import CallerKind
from billingone_api.billing.reconciliation.schemas.figures import row_of
from billingone_api.billing.reconciliation.schemas.lines import ClientLinesOut
from billingone_api.billing.reconciliation.schemas.queries import (
    ComparisonQuery,
    RowsQuery,
    SnapshotsQuery,
    TrendQuery,
)
from billingone_api.billing.reconciliation.schemas.rows import (
    ComparedOut,
    ComparisonPage,
    RowsPage,
    TrendPage,
)
from billingone_api.billing.reconciliation.schemas.snapshots import (
    SnapshotOut,
    SnapshotPage,
    SnapshotWish,
)
from billingone_api.billing.reconciliation.service import snapshots as service
from billingone_api.billing.reconciliation.wiring import (
    TheReading,
    TheRules,
    TheSnapshots,
    Writer,
    read_reconciliation,
)
from billingone_api.billing.syncs.models import Trigger
from billingone_api.kit.errors import NotFound
from billingone_api.kit.etags import digest, tag, tagged
from billingone_api.kit.idempotency import Once
from billingone_api.kit.openapi import problems
from billingone_api.request import TheProcess, Work

router = APIRouter(prefix="/reconciliation", tags=["reconciliation"], route_class=Once)

Wish = Annotated[
    SnapshotWish | None,
    Body(
        openapi_examples={
            "now": {"summary": "As it stands now", "value": {}},
            "past": {"summary": "Of a past day", "value": {"as_of": "2026-10-31"}},
        }
    ),
]
SnapshotId = Annotated[UUID, Path(description="Which snapshot, by its id.")]
ClientId = Annotated[UUID, Path(description="PanelOne's id of the client.")]
_READS: Final = [Depends(read_reconciliation)]
_ACCEPTED: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "description": "Accepted, and kept whatever happens to us; look at `Location`.",
        "headers": {
            "Location": {"description": "The snapshot.", "schema": {"type": "string"}},
            "Retry-After": {
                "description": "Seconds after which a look is worth while.",
                "schema": {"type": "integer"},
            },
        },
    }
}


@router.get(
    "/snapshots",
    operation_id="list_snapshots",
    summary="Snapshots, newest first",
    dependencies=_READS,
)
async def list_snapshots(
    query: Annotated[SnapshotsQuery, Query()], reading: TheReading
) -> SnapshotPage:
    """Everything that was ever asked for or scheduled, with how it stands and what came out."""
    page = await reading.snapshots(query.page())
    return SnapshotPage(
        items=[SnapshotOut.of(one) for one in page.items],
        next_cursor=page.next_cursor,
        total=page.total,
    )


@router.post(
    "/snapshots",
    operation_id="take_snapshot",
    summary="Take a snapshot, of now or of a past day",
    status_code=202,
    responses=_ACCEPTED,
)
async def take_snapshot(
    caller: Writer,
    snapshots: TheSnapshots,
    process: TheProcess,
    work: Work,
    request: Request,
    response: Response,
    wish: Wish = None,
) -> SnapshotOut:
    """Freezes counts, seats, rules and mapping, and compares them.

    While one is under way nobody starts another of the same day: everybody gets that one. What
    cannot be known of a past day, such as counts before there were any, is `no_data` with its
    reason, and before the first sync of Pax8 or without rules the whole is `not_reconcilable`.
    """
    day = None
    if wish is not None and wish.as_of is not None:
        organisation, now = caller.organisation, process.clock.now()
        day = await service.past_day(snapshots, wish.as_of, organisation, now=now)
    is_person = caller.kind is CallerKind.PERSON
    snapshot_id = await service.request_snapshot(
        snapshots,
        trigger=Trigger.PERSON if is_person else Trigger.SERVICE,
        requested_by=caller.label,
        tell=work.tell,
        day=day,
    )
    work.after_commit.append(process.bell.ring)
    path = request.app.url_path_for("get_snapshot", snapshot_id=snapshot_id)
    response.headers["Location"] = str(path)
    response.headers["Retry-After"] = "1"
    return SnapshotOut.of(await service.found_snapshot(snapshots, snapshot_id))


@router.get(
    "/snapshots/{snapshot_id}",
    operation_id="get_snapshot",
    summary="One snapshot with its cards and coverage",
    responses=tagged(),
    dependencies=_READS,
)
async def get_snapshot(
    snapshot_id: SnapshotId, snapshots: TheSnapshots, response: Response
) -> SnapshotOut:
    """How it stands, and once it is done what came out and how sure that is."""
    shown = SnapshotOut.of(await service.found_snapshot(snapshots, snapshot_id))
    tag(response, version=digest(shown.model_dump_json()))
    return shown


@router.get(
    "/snapshots/{snapshot_id}/rows",
    operation_id="list_snapshot_rows",
    summary="Clients of a snapshot, the most under-licensed first",
    dependencies=_READS,
)
async def list_snapshot_rows(
    snapshot_id: SnapshotId,
    query: Annotated[RowsQuery, Query()],
    snapshots: TheSnapshots,
    reading: TheReading,
) -> RowsPage:
    """What each uses and holds, and what the difference is worth a month."""
    snapshot = SnapshotOut.of(await service.found_snapshot(snapshots, snapshot_id))
    page = await reading.rows(snapshot_id, query.page())
    return RowsPage.model_validate(
        {
            "items": [row_of(row) for row in page.items],
            "next_cursor": page.next_cursor,
            "total": page.total,
            "outcome": snapshot.outcome,
            "coverage": snapshot.coverage,
        }
    )


@router.get(
    "/snapshots/{snapshot_id}/rows/{client_id}",
    operation_id="get_snapshot_row",
    summary="One client of a snapshot, down to its subscriptions and counts",
    responses=tagged(),
    dependencies=_READS,
)
async def get_snapshot_row(
    snapshot_id: SnapshotId,
    client_id: ClientId,
    snapshots: TheSnapshots,
    reading: TheReading,
    response: Response,
) -> ClientLinesOut:
    """A line for each rule, with the rule, the count and the seats as they were then."""
    snapshot = SnapshotOut.of(await service.found_snapshot(snapshots, snapshot_id))
    found = await reading.client(snapshot_id, client_id)
    if found is None:
        raise NotFound
    shown = ClientLinesOut.of(found, snapshot)
    tag(response, version=digest(shown.model_dump_json()))
    return shown


@router.get(
    "/snapshots/{snapshot_id}/comparison/{before_id}",
    operation_id="compare_snapshots",
    summary="Clients with a line that is another than in an earlier snapshot",
    responses=problems(409),
    dependencies=_READS,
)
async def compare_snapshots(
    snapshot_id: SnapshotId,
    before_id: Annotated[UUID, Path(description="The snapshot it is compared with, by its id.")],
    query: Annotated[ComparisonQuery, Query()],
    snapshots: TheSnapshots,
    reading: TheReading,
) -> ComparisonPage:
    """Those of which every line has the same facts in both are left out."""
    after = await service.done_snapshot(snapshots, snapshot_id)
    before = await service.done_snapshot(snapshots, before_id)
    page = await reading.comparison(before_id, snapshot_id, query.page())
    return ComparisonPage.model_validate(
        {
            "items": [ComparedOut.row(row) for row in page.items],
            "next_cursor": page.next_cursor,
            "total": page.total,
            "before": SnapshotOut.of(before),
            "after": SnapshotOut.of(after),
        }
    )


@router.get(
    "/clients/{client_id}/trend",
    operation_id="get_reconciliation_trend",
    summary="A client's row in each snapshot",
    dependencies=_READS,
)
async def get_reconciliation_trend(
    client_id: ClientId,
    query: Annotated[TrendQuery, Query()],
    rules: TheRules,
    reading: TheReading,
) -> TrendPage:
    """The newest first unless asked otherwise; a snapshot in which it has no line is left out."""
    if await rules.unknown_clients([client_id]):
        raise NotFound
    page = await reading.trend(client_id, query.page())
    shown = ("snapshot_id", "as_of", "day")
    return TrendPage.model_validate(
        {
            "items": [row_of(row) | {name: row[name] for name in shown} for row in page.items],
            "next_cursor": page.next_cursor,
            "total": page.total,
        }
    )
