"""The door of decisions: what people say of lines, and taking it back."""

from itertools import zip_longest
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from billingone_api.billing.reconciliation.schemas.decisions import (
    DecidedLineOut,
    DecisionOut,
    DecisionPage,
    DecisionsIn,
    DecisionsMade,
    DecisionsQuery,
)
from billingone_api.billing.reconciliation.service import decisions as service
from billingone_api.billing.reconciliation.service.snapshots import found_snapshot
from billingone_api.billing.reconciliation.wiring import (
    TheDecisions,
    TheSnapshots,
    Writer,
    read_reconciliation,
)
from billingone_api.kit.idempotency import Once
from billingone_api.kit.openapi import problems
from billingone_api.request import TheProcess, Work

router = APIRouter(prefix="/reconciliation/decisions", tags=["reconciliation"], route_class=Once)


@router.get(
    "",
    operation_id="list_line_decisions",
    summary="What people said of lines, newest first",
    dependencies=[Depends(read_reconciliation)],
)
async def list_line_decisions(
    query: Annotated[DecisionsQuery, Query()], decisions: TheDecisions
) -> DecisionPage:
    """With whether each still holds, by the newest snapshot."""
    page = await decisions.page(query.page())
    return DecisionPage(
        items=[DecisionOut.of(row) for row in page.items],
        next_cursor=page.next_cursor,
        total=page.total,
    )


@router.post(
    "",
    operation_id="decide_lines",
    summary="Say something of lines: expected, ignored, assigned …",
    status_code=201,
    responses=problems(404),
)
async def decide_lines(
    body: DecisionsIn,
    caller: Writer,
    snapshots: TheSnapshots,
    decisions: TheDecisions,
    process: TheProcess,
    work: Work,
) -> DecisionsMade:
    """Bound to the facts of each line: it is open again once one of them moves.

    All of the lines, or none where one is not there.
    """
    await found_snapshot(snapshots, body.snapshot_id)
    now = process.clock.now()
    lines, made = await service.decide(
        decisions,
        body.snapshot_id,
        body.keys(),
        body.decision(by=caller.label, at=now),
        today=caller.organisation.day_of(now),
        is_dry_run=body.dry_run,
        tell=work.tell,
    )
    shown = [
        DecidedLineOut(
            client_id=line.client_id, rule_id=line.rule_id, status=line.status, decision_id=id_
        )
        for line, id_ in zip_longest(lines, made)
    ]
    return DecisionsMade(dry_run=body.dry_run, lines=shown)


@router.delete(
    "/{decision_id}",
    operation_id="withdraw_line_decision",
    summary="Take a decision back",
)
async def withdraw_line_decision(
    decision_id: Annotated[UUID, Path(description="Which decision, by its id.")],
    caller: Writer,
    decisions: TheDecisions,
    process: TheProcess,
    work: Work,
) -> DecisionOut:
    """The line is open again; what was said is kept. One taken back already stays as it is."""
    now = process.clock.now()
    row = await service.withdraw(decisions, decision_id, by=caller.label, now=now, tell=work.tell)
    return DecisionOut.of(row)
