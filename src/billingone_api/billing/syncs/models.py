"""The words of syncing: runs, their steps, what they did, and how they end."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import reduce
from operator import add
from typing import Any, Final
from uuid import UUID


class Mode(StrEnum):
    """How much is read: what changed, or everything. Where a source has no delta both are full."""

    DELTA = "delta"
    FULL = "full"


class Trigger(StrEnum):
    """Who wanted a sync."""

    PERSON = "person"
    SERVICE = "service"
    SCHEDULE = "schedule"


class RunStatus(StrEnum):
    """A run is queued, then running, then in one of the four others, for good."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self not in {RunStatus.QUEUED, RunStatus.RUNNING}


class StepStatus(StrEnum):
    """`partial`: something was left undone on purpose, and the step's notice says what."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"

    @property
    def is_final(self) -> bool:
        return self in {StepStatus.DONE, StepStatus.PARTIAL}


class ProblemCode(StrEnum):
    """Why a run waits or did not end well, for programs."""

    CREDENTIALS_REJECTED = "credentials_rejected"
    PERMISSION_DENIED = "permission_denied"
    RECONNECT = "reconnect"
    SCOPE_MISSING = "scope_missing"
    ORGANISATION_LOST = "organisation_lost"
    SUBDOMAIN_UNKNOWN = "subdomain_unknown"
    SUBSCRIPTION_ENDED = "subscription_ended"
    RATE_LIMITED = "provider_rate_limited"
    UNAVAILABLE = "provider_unavailable"
    MALFORMED = "provider_malformed"
    INTERNAL = "internal_error"
    WORKER_LOST = "worker_lost"
    CONNECTION_CHANGED = "connection_changed"
    ORGANISATION_ENDED = "organisation_ended"


@dataclass(frozen=True, slots=True)
class Problem:
    """What happened and what to do, as sentences for people."""

    code: ProblemCode
    detail: str


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
class Unreadable:
    """A record that was put aside: why, and as much of it as helps to find it."""

    source_id: str | None
    reason: str
    excerpt: str

    @property
    def key(self) -> str:
        return self.source_id or hashlib.sha256(self.excerpt.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next delta of a list begins, by the source's clock, and when all was last read.

    `since` None: everything was read, and there was nothing.
    """

    since: datetime | None
    swept_at: datetime | None


@dataclass(frozen=True, slots=True)
class Removal:
    """What a complete sweep did about the rows that it did not meet.

    Of `known` rows `missing` were not met; `gone` got a tombstone: all of them, or none where so
    many do not go at once.
    """

    known: int
    missing: int
    gone: int

    def doubt(self, of: str, kind: str) -> str | None:
        """What to say where so many do not go at once; `of` is what people call the source."""
        if self.gone == self.missing:
            return None
        return (
            f"{of} no longer lists {self.missing:,} of {self.known:,} {kind}. So many do not go "
            f"at once, so nothing was removed: look in {of} whether they are there. If they have "
            "really gone, sync once more and confirm the removals."
        )


@dataclass(frozen=True, slots=True)
class RunContext:
    """A run as its steps see it. `connection_id` fences off credentials that were replaced."""

    organisation_id: UUID
    run_id: UUID
    source: str
    connection_id: UUID
    mode: Mode


@dataclass(frozen=True, slots=True)
class StepProgress:
    """How far a step is; `done` and `total` count records read."""

    name: str
    status: StepStatus
    done: int
    total: int | None
    counts: Tally
    notice: str | None

    @property
    def progress(self) -> int | None:
        """In per cent; None while nobody knows how much there is."""
        if self.status.is_final:
            return 100
        if self.total is None:
            return None
        return min(self.done * 100 // self.total, 100) if self.total else 0


@dataclass(frozen=True, slots=True)
class Run:
    """One source's part in a sync; `joined` where it was under way before the sync asked."""

    id: UUID
    source: str
    mode: Mode
    status: RunStatus
    joined: bool
    cancel_requested: bool
    revision: int
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    resumes_at: datetime | None
    problem: Problem | None
    steps: Sequence[StepProgress]

    @property
    def counts(self) -> Tally:
        return reduce(add, (step.counts for step in self.steps), Tally())

    @property
    def progress(self) -> int:
        """In per cent, each step weighing the same; one whose size is unknown counts as begun."""
        if self.status in {RunStatus.SUCCEEDED, RunStatus.PARTIAL}:
            return 100
        return _mean([step.progress or 0 for step in self.steps])


@dataclass(frozen=True, slots=True)
class Sync:
    """What somebody asked for at once; its status is that of all its runs together.

    Runs that ended differently make it partial. `revision` grows with every visible change.
    """

    id: UUID
    status: RunStatus
    trigger: Trigger
    requested_by: str | None
    requested_at: datetime
    runs: Sequence[Run]

    @property
    def revision(self) -> int:
        return sum(run.revision for run in self.runs)

    @property
    def progress(self) -> int:
        return _mean([run.progress for run in self.runs])

    @property
    def finished_at(self) -> datetime | None:
        ends = [run.finished_at for run in self.runs if run.finished_at is not None]
        return max(ends) if self.status.is_final else None


def _mean(shares: Sequence[int]) -> int:
    return sum(shares) // len(shares) if shares else 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A page of a list; `filters` holds those that are set."""

    filters: Mapping[str, Any]
    limit: int
    cursor: str | None
    with_total: bool


@dataclass(frozen=True, slots=True)
class QuarantinedRecord:
    """A record that could not be read, since when, and why."""

    source: str
    kind: str
    record_id: str
    reason: str
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class QueuedRun:
    """The run that will copy a source: a new one, or the one that was under way already."""

    id: UUID
    joined: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """Due work that a worker took up, and the lease under which it may write.

    `attempts` counts how often it was taken up since it last got on, this time included;
    `traceparent` is of what asked for the work, where that was traced.
    """

    organisation_id: UUID
    kind: str
    key: str
    lease: UUID
    attempts: int
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class StepBegun:
    """A step as a worker finds it; the checkpoint is None for one that has written nothing."""

    position: int
    name: str
    status: StepStatus
    checkpoint: Mapping[str, Any] | None
    quarantined: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run could not go on; `retry_after` is in seconds, where the third party said."""

    code: ProblemCode
    sentence: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ends; `attention` is what a person has to do something about at its integration."""

    status: RunStatus
    problem: Problem | None = None
    attention: str | None = None

    @property
    def came_through(self) -> bool:
        return self.status in {RunStatus.SUCCEEDED, RunStatus.PARTIAL}


FOLLOWED_BY: Final[Mapping[str, str]] = {"superops": "superops_counts"}
"""The kind of work that is due once a source has come through: what it lists is counted."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A run that goes on by itself, `seconds` from now; obeying a limit is no failed attempt."""

    seconds: float
    problem: Problem
    is_attempt: bool


class LeaseLost(Exception):
    """Another worker has this work now: whoever meets this stops without a word."""


class Withdrawn(Exception):
    """Nobody wants the run any more: cancelled, its connection replaced, its organisation ended."""

    def __init__(self, problem: Problem | None) -> None:
        super().__init__("withdrawn")
        self.problem = problem
