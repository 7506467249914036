"""Decides what people may say of lines, and takes it back."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from billingone_api.billing.reconciliation.models import DecidedLine, Decision, LineKey
from billingone_api.billing.reconciliation.ports import DecisionRepository
from billingone_api.kit.errors import NotFound, Pointer, ValidationFailed
from billingone_api.kit.events import Tell, changed


async def decide(
    decisions: DecisionRepository,
    snapshot_id: UUID,
    keys: Sequence[LineKey],
    decision: Decision,
    *,
    today: date,
    is_dry_run: bool,
    tell: Tell,
) -> tuple[Sequence[DecidedLine], Sequence[UUID]]:
    """The lines it is about, and the decisions made; raises ValidationFailed."""
    if decision.until is not None and decision.until < today:
        words = "Should be today or later: it would be over before it began."
        at = Pointer("body", "/until", "date_in_past", words)
        raise ValidationFailed("This decision would settle nothing.", errors=[at])
    lines = await decisions.lines(snapshot_id, keys)
    _refuse_missing(keys, lines)
    if is_dry_run:
        return lines, ()
    made = await decisions.add(snapshot_id, lines, decision)
    about = str(made[0]) if len(made) == 1 else None
    after = {
        "kind": decision.kind,
        "reason": decision.reason,
        "until": decision.until,
        "assignee": decision.assignee,
        "lines": len(made),
    }
    tell(changed("line_decision.made", "line_decision", about, before=None, after=after))
    return lines, made


def _refuse_missing(keys: Sequence[LineKey], lines: Sequence[DecidedLine]) -> None:
    known = {(line.client_id, line.rule_id) for line in lines}
    clients = {line.client_id for line in lines}
    errors = [
        Pointer("body", f"/lines/{at}", "line_not_found", "The snapshot has no such line.")
        for at, key in enumerate(keys)
        if not (key.client_id in clients if key.rule_id is None
                else (key.client_id, key.rule_id) in known)
    ]  # fmt: skip
    if errors:
        raise ValidationFailed("There is nothing to decide about; see `errors`.", errors=errors)


async def withdraw(
    decisions: DecisionRepository, decision_id: UUID, *, by: str, now: datetime, tell: Tell
) -> Mapping[str, Any]:
    """The line is open again; raises NotFound."""
    known = await decisions.find(decision_id)
    if known is None:
        raise NotFound
    if await decisions.withdraw(decision_id, by=by, at=now):
        about = ("line_decision.withdrawn", "line_decision", str(decision_id))
        tell(changed(*about, before={"kind": known["kind"]}, after=None))
    return await decisions.find(decision_id) or known
