"""Decides whether a sync of everything is followed by a snapshot, and how long to wait for it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from billingone_api.billing.counts.models import SUPEROPS
from billingone_api.billing.reconciliation.models import PAX8
from billingone_api.billing.syncs.models import Run, RunStatus, Sync

SIDES: Final = frozenset({PAX8, SUPEROPS})
"""Sources that bring a side of the comparison: what is licensed, and what is counted."""
_THROUGH: Final = frozenset({RunStatus.SUCCEEDED, RunStatus.PARTIAL})
_SHORTEST: Final = timedelta(seconds=2)
_LONGEST: Final = timedelta(minutes=1)
_SHARE: Final = 10


class Owed(StrEnum):
    """What is to be done about the snapshot that a sync is owed."""

    WAIT = "wait"
    TAKE = "take"
    NEVER = "never"


def owed(sync: Sync | None) -> Owed:
    """Never where Pax8 is not in it, or where a side failed or was cancelled.

    Whoever else fails or takes long, such as Xero, does not matter. Counts that PanelOne pushes
    come when they come: a sync without a source that counts has no more to wait for.
    """
    sides = [] if sync is None else _sides(sync)
    if not any(run.source == PAX8 for run in sides):
        return Owed.NEVER
    if any(run.status.is_final and run.status not in _THROUGH for run in sides):
        return Owed.NEVER
    return Owed.TAKE if all(run.status.is_final for run in sides) else Owed.WAIT


def is_owed_already(sync: Sync, others: Iterable[Sync]) -> bool:
    """Whether another such sync waits for the very same runs: both are followed by one snapshot."""
    return any(_ids(sync) <= _ids(other) for other in others if other.id != sync.id)


def pause(sync: Sync, now: datetime) -> timedelta:
    """The longer it has lasted, the longer until anybody looks again: a tenth of that."""
    return min(max((now - sync.requested_at) / _SHARE, _SHORTEST), _LONGEST)


def _sides(sync: Sync) -> list[Run]:
    return [run for run in sync.runs if run.source in SIDES]


def _ids(sync: Sync) -> set[UUID]:
    return {run.id for run in _sides(sync)}
