"""What the engine needs of a source, and a source of the engine."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from billingone_api.billing.syncs.models import RunContext, Tally
from billingone_api.process import Process, Work

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
