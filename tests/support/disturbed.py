"""A source as it is, with a say in what happens at each of its batches."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from billingone_api.billing.syncs.models import RunContext, Tally
from billingone_api.billing.syncs.ports import Batch, Checkpoint, Source, Step
from billingone_api.process import Process
from billingone_api.request import Work


async def nothing_happens(place: str) -> None:
    """An undisturbed run."""


@dataclass
class Disturbed:
    """`mood` is told of each place a run comes to: `fetch invoices 2`, `write …`, `wrote …`."""

    source: Source
    mood: Callable[[str], Awaitable[None]] = nothing_happens
    places: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        return self.source.key

    @property
    def step_names(self) -> Sequence[str]:
        return self.source.step_names

    async def at(self, place: str) -> None:
        self.places.append(place)
        await self.mood(place)

    @asynccontextmanager
    async def steps(self, process: Process, run: RunContext) -> AsyncIterator[Sequence[Step]]:
        async with self.source.steps(process, run) as steps:
            yield [_Step(self, step) for step in steps]


@dataclass
class _Step:
    disturbed: Disturbed
    step: Step

    @property
    def name(self) -> str:
        return self.step.name

    async def batches(self, checkpoint: Checkpoint | None) -> AsyncGenerator[Batch]:
        batches: Any = self.step.batches(checkpoint)
        number = 0
        async with aclosing(batches):
            async for batch in batches:
                number += 1
                await self.disturbed.at(f"fetch {self.name} {number}")
                yield _Batch(self.disturbed, batch, f"{self.name} {number}")


@dataclass
class _Batch:
    disturbed: Disturbed
    batch: Batch
    place: str

    @property
    def checkpoint(self) -> Checkpoint:
        return self.batch.checkpoint

    @property
    def total(self) -> int | None:
        return self.batch.total

    @property
    def notice(self) -> str | None:
        return self.batch.notice

    async def write(self, work: Work) -> Tally:
        await self.disturbed.at(f"write {self.place}")
        tally = await self.batch.write(work)
        await self.disturbed.at(f"wrote {self.place}")
        return tally
