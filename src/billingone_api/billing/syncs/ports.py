"""What the engine needs of a source and of the database, and a source of the engine."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from billingone_api.billing.syncs.models import (
    Claim,
    Cursor,
    Mode,
    Outcome,
    QueuedRun,
    Removal,
    RunContext,
    StepBegun,
    Sync,
    Tally,
    Trigger,
    Unreadable,
    Wait,
)
from billingone_api.process import Process
from billingone_api.request import Work

Checkpoint = Mapping[str, Any]
"""JSON that says where a step goes on; committed with the rows it speaks of."""


class Batch(Protocol):
    """One piece of a step, fetched already: writing it asks nobody outside."""

    @property
    def checkpoint(self) -> Checkpoint:
        """Where to go on once this batch is committed."""
        ...

    @property
    def total(self) -> int | None:
        """How many records the step will read in all; None while that is not known."""
        ...

    @property
    def notice(self) -> str | None:
        """What was left undone on purpose, as a sentence; it makes the step partial."""
        ...

    async def write(self, work: Work) -> Tally:
        """Inside the engine's transaction; everything of it is committed, or nothing."""
        ...


class Step(Protocol):
    """One kind of record of a source, such as companies; steps of a run follow each other."""

    @property
    def name(self) -> str: ...

    def batches(self, checkpoint: Checkpoint | None) -> AsyncIterator[Batch]:
        """From where the checkpoint says, or from the beginning.

        The engine fetches the next batch while it writes the last; no transaction is open
        meanwhile, so that what an iterator reads of the database is committed. Raises
        ProviderErrors.
        """
        ...


class Sightings(Protocol):
    """What a sweep of one kind has met, and the tombstones for what it has not."""

    async def met(self) -> set[str]:
        """What earlier batches of the run met: committed, for a step that goes on."""
        ...

    async def unmet(self, met: Collection[str], *, most: int) -> Sequence[str]:
        """Rows that are not among these, as committed: at most so many, by their ids."""
        ...

    async def note(
        self, work: Work, *, readable: Collection[str], unreadable: Sequence[Unreadable]
    ) -> None:
        """Remember these; put the unreadable aside and release those that were once."""
        ...

    async def begin_again(self, work: Work) -> None:
        """Forget what was met, for another round."""
        ...

    async def remove_unmet(self, work: Work) -> Removal:
        """After a complete sweep: tombstones for the rest, unless that is too much to believe."""
        ...


class Cursors(Protocol):
    """Where deltas begin, list by list."""

    async def load(self, step: str) -> Cursor | None:
        """None where the list was never read to its end; committed."""
        ...

    async def advance(
        self, work: Work, step: str, *, since: datetime | None, is_swept: bool
    ) -> None:
        """The list was read to its end, and where `is_swept` all of it."""
        ...


class Source(Protocol):
    """A third party that can be copied; `key` is its word in tables and URLs."""

    @property
    def key(self) -> str: ...

    @property
    def step_names(self) -> Sequence[str]:
        """In the order in which they run."""
        ...

    def steps(
        self, process: Process, run: RunContext
    ) -> AbstractAsyncContextManager[Sequence[Step]]:
        """Opens what the steps need, such as a client with the organisation's credentials."""
        ...


Sources = Mapping[str, Source]
"""Every source of this program, by its key."""


class Syncs(Protocol):
    """Syncs of one organisation, inside the transaction of whoever asks."""

    async def connections(self) -> Mapping[str, UUID]:
        """The connection of every integration that is connected, by its provider."""
        ...

    async def queue(self, source: Source, *, connection_id: UUID, mode: Mode) -> QueuedRun:
        """A run for a source, or the one that is unfinished: there is never a second."""
        ...

    async def is_swept_tonight(self, source: str, *, connection_id: UUID) -> bool:
        """Whether a full run with these credentials was queued since the last nightfall."""
        ...

    async def confirm_removals(self, runs: Sequence[QueuedRun]) -> None:
        """What they do not meet any more has gone, however much it is."""
        ...

    async def add(
        self, runs: Sequence[QueuedRun], *, trigger: Trigger, requested_by: str | None
    ) -> UUID:
        """The new sync's id."""
        ...

    async def find(self, sync_id: UUID) -> Sync | None: ...

    async def request_cancel(self, run_id: UUID) -> bool:
        """Whether a worker was told, which ends the run; otherwise nobody works on it."""
        ...


class RunRecord(Protocol):
    """One run's rows, inside one transaction."""

    async def fence(self, claim: Claim, *, attempts: int, seconds: float) -> None:
        """Prove the lease, hold off everybody else, extend it; raises LeaseLost."""
        ...

    async def check(self) -> None:
        """Raises Withdrawn when the run is not wanted any more."""
        ...

    async def begin(self) -> RunContext:
        """It is running; raises LeaseLost where it has ended."""
        ...

    async def steps(self) -> Sequence[StepBegun]: ...

    async def record(self, position: int, batch: Batch, tally: Tally) -> None:
        """The batch's checkpoint and counts."""
        ...

    async def finish_step(self, position: int) -> None: ...

    async def end(self, outcome: Outcome) -> None:
        """For good; what the run has seen is forgotten, its integration told."""
        ...

    async def wait(self, wait: Wait) -> None: ...

    async def give_back(self) -> None:
        """Anybody may go on at once; being interrupted used up no attempt."""
        ...


class DueWork(Protocol):
    """Work of every organisation that is due; workers share it by leases."""

    async def claim(self, limit: int, *, kinds: Collection[str]) -> Sequence[Claim]: ...

    async def renew(self, claims: Collection[Claim]) -> None:
        """Their worker is alive."""
        ...
