"""What a subscription was before: the changes made here, and the ones it was born with."""

from collections.abc import Sequence
from random import Random
from typing import Final

from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.wire import Record

_MOST_GROWTH: Final = 3


def history_of(current: Record, past: Sequence[Record], *, ids: Identifiers) -> list[Record]:
    """Whole snapshots, newest first; the first of all was ordered but not provisioned."""
    states = [current, *past]
    rng = Random(ids("history", current.get("id")))
    oldest = states[-1]
    for _ in range(rng.randrange(_MOST_GROWTH)):
        oldest = _smaller(oldest)
        states.append(oldest)
    return [*states, _as_ordered(oldest)]


def _smaller(row: Record) -> Record:
    quantity = row.get("quantity")
    if isinstance(quantity, int):
        quantity = max(1, quantity * 9 // 10)
    return row | {"quantity": quantity, "status": "Active"}


def _as_ordered(row: Record) -> Record:
    ordered = row | {"status": "PendingAutomated"}
    ordered.pop("updatedDate", None)
    ordered.pop("endDate", None)
    return ordered
