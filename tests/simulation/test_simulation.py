from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.simulation.simulate import SimulationFailed, play
from tests.simulation.stage import Stage, staged
from tests.simulation.world import World
from tests.support.figures import Figure

from billingone_api.billing.sources import SOURCES
from billingone_api.billing.subscriptions.sweeps import Sweep
from billingone_api.billing.syncs.models import RunContext, Tally
from billingone_api.billing.syncs.ports import Batch, Checkpoint, Step
from billingone_api.embedded.postgres import EmbeddedPostgres
from billingone_api.process import Process
from billingone_api.request import Work

# `make simulate` plays any number more: a world has twice as much to copy as it had at first.
FIRST, SEEDS, AT_A_TIME = 1, 120, 20


@pytest.fixture(scope="session")
def stage(postgres: EmbeddedPostgres) -> Iterator[Stage]:
    with staged(postgres) as made:
        yield made


@pytest.mark.parametrize("first", range(FIRST, FIRST + SEEDS, AT_A_TIME))
def test_whatever_goes_wrong_the_rows_end_equal_to_the_source(
    stage: Stage, first: int, figure: Figure
) -> None:
    runs = 0
    for seed in range(first, first + AT_A_TIME):
        world = World(stage, seed)
        play(world, stage)
        runs += world.runs
    figure(f"12: seeds {first} to {first + AT_A_TIME - 1}: {runs} runs of syncs, nothing wrong")


@pytest.mark.parametrize("seed", [3, 11, 37, 110])
def test_a_seed_tells_the_same_story_each_time(stage: Stage, seed: int) -> None:
    stories = []
    for _ in range(2):
        world = World(stage, seed)
        play(world, stage)
        stories.append(world.trace)
    assert stories[0] == stories[1]


# A simulation that finds nothing may be one that sees nothing: these sources are broken on purpose.


@dataclass(frozen=True)
class BrokenBatch:
    """As the real one, but for what its source breaks."""

    batch: Batch
    process: Process
    run: RunContext

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
        return await self.batch.write(work)


class HastyBatch(BrokenBatch):
    """Says that it got further than its rows."""

    @property
    def checkpoint(self) -> Checkpoint:
        return {**self.batch.checkpoint, "page": self.batch.checkpoint.get("page", 0) + 1}


@dataclass(frozen=True)
class BrokenStep:
    step: Step
    kind: type[BrokenBatch]
    process: Process
    run: RunContext

    @property
    def name(self) -> str:
        return self.step.name

    async def batches(self, checkpoint: Checkpoint | None) -> AsyncIterator[Batch]:
        async for batch in self.step.batches(checkpoint):
            yield self.kind(batch, self.process, self.run)


async def nobody(source_id: str) -> None:
    """Nothing is found by its id."""


Break = Callable[[Step, Process, RunContext], Step]


def hasty(step: Step, process: Process, run: RunContext) -> Step:
    return step if step.name == "products" else BrokenStep(step, HastyBatch, process, run)


def believing(step: Step, process: Process, run: RunContext) -> Step:
    """Takes the list's word for it that a record has gone."""
    return replace(step, find=nobody) if isinstance(step, Sweep) else step


def forgetful(step: Step, process: Process, run: RunContext) -> Step:
    """Writes all records but one."""
    if not isinstance(step, Sweep):
        return step
    saving = step.saving

    async def without_the_first(records: Sequence[Any]) -> Any:
        return await saving(records[1:])

    return replace(step, saving=without_the_first)


@dataclass(frozen=True)
class BrokenSource:
    breaks: Break
    key: str = "pax8"
    step_names: Sequence[str] = SOURCES[0].step_names

    @asynccontextmanager
    async def steps(self, process: Process, run: RunContext) -> AsyncIterator[Sequence[Step]]:
        async with SOURCES[0].steps(process, run) as steps:
            yield [self.breaks(step, process, run) for step in steps]


FOUND: Mapping[Break, tuple[int, str]] = {
    hasty: (90, "the checkpoint is past page"),
    forgetful: (1, "counted"),
}
"""From which seed on it is looked for, which spares minutes, and what is said when it is found."""


@pytest.mark.parametrize("breaks", FOUND, ids=lambda breaks: breaks.__name__)
def test_what_is_broken_on_purpose_is_found(
    postgres: EmbeddedPostgres, breaks: Break, figure: Figure
) -> None:
    first, words = FOUND[breaks]

    def look_for_it() -> None:
        for seed in range(first, first + 100):
            play(World(stage, seed, sources=[BrokenSource(breaks)]), stage)

    with staged(postgres) as stage, pytest.raises(SimulationFailed) as found:
        look_for_it()
    assert words in str(found.value)
    figure(f"12: a source that is {breaks.__name__} is found out by seed {found.value.seed}")
