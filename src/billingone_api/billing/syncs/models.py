"""The words of syncing: runs, their steps, what they did, and how they end."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Mode(StrEnum):
    """How much is read: what changed, or everything. Where a source has no delta both are full."""

    DELTA = "delta"
    FULL = "full"


class RunStatus(StrEnum):
    """A run is queued, then running, then in one of the four others, for good."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StepStatus(StrEnum):
    """`partial`: something was left undone on purpose, and the step's notice says what."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Tally:
    """What a batch did, counted in records."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    quarantined: int = 0

    @property
    def read(self) -> int:
        """Records that came from outside: a tombstone is for one that did not come."""
        return self.created + self.changed + self.unchanged + self.quarantined

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            created=self.created + other.created,
            changed=self.changed + other.changed,
            unchanged=self.unchanged + other.unchanged,
            gone=self.gone + other.gone,
            quarantined=self.quarantined + other.quarantined,
        )


@dataclass(frozen=True, slots=True)
class RunContext:
    """A run as its steps see it. `connection_id` fences off credentials that were replaced."""

    organisation_id: UUID
    run_id: UUID
    source: str
    connection_id: UUID
    mode: Mode
