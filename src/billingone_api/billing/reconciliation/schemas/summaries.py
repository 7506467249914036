"""A snapshot summed up on a sheet."""

from collections.abc import Iterator
from decimal import Decimal

from billingone_api.billing.reconciliation.models import LineStatus, Snapshot
from billingone_api.billing.reconciliation.schemas.figures import stakes_of
from billingone_api.kit.workbooks import Sheet

_Cell = tuple[str, str | int | Decimal | None]


def summary_sheet(snapshot: Snapshot) -> Sheet:
    """What came out and how sure it is; nothing is said of a snapshot that is not done."""
    return Sheet("Summary", list(_rows(snapshot)))


def _rows(snapshot: Snapshot) -> Iterator[_Cell]:
    yield "Snapshot", str(snapshot.id)
    yield "Status", snapshot.status
    yield "Outcome", snapshot.outcome
    yield "As of", None if snapshot.as_of is None else snapshot.as_of.isoformat()
    yield "Day", None if snapshot.day is None else snapshot.day.isoformat()
    summary = snapshot.summary
    if summary:
        for status in LineStatus:
            yield f"Clients: {status}", summary[status]
        yield "Units under-licensed", Decimal(summary["units_under"])
        yield "Units over-licensed", Decimal(summary["units_over"])
        for stake in stakes_of(summary["stakes"]):
            for side, money in stake.items():
                yield f"{side} monthly, {money.currency}", money.amount
    for name, value in snapshot.coverage.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        yield f"Coverage: {name}", shown
