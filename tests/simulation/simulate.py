"""`make simulate`: worlds of as many seeds as wanted; `SEED=n RUNS=1` repeats one of them."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.simulation.checks import Violation
from tests.simulation.stage import Stage, staged
from tests.simulation.virtual import Stuck
from tests.simulation.world import World
from tests.support.databases import make_template

from billingone_api.embedded.postgres import EmbeddedPostgres

LAST_LINES = 150


class SimulationFailed(AssertionError):
    """Tells the seed, and what happened before."""

    def __init__(self, world: World, error: BaseException) -> None:
        self.seed = world.seed
        told = "\n".join(world.trace[-LAST_LINES:])
        super().__init__(f"{told}\n\n{error!r}\nagain: make simulate SEED={world.seed} RUNS=1")


def play(world: World, stage: Stage) -> None:
    try:
        stage.play(world)
    except (Violation, Stuck) as error:
        raise SimulationFailed(world, error) from error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--trace", action="store_true")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="billingone-") as folder,
        EmbeddedPostgres(Path(folder), durable=False) as server,
    ):
        make_template(server)
        with staged(server) as stage:
            simulate(stage, asked.seed, asked.runs, tells=asked.trace or asked.runs == 1)


def simulate(stage: Stage, first: int, count: int, *, tells: bool) -> None:
    syncs = 0
    for number, seed in enumerate(range(first, first + count), start=1):
        world = World(stage, seed)
        try:
            play(world, stage)
        except SimulationFailed as failed:
            raise SystemExit(str(failed)) from failed
        syncs += world.runs
        if tells:
            sys.stdout.write("\n".join([*world.trace, ""]))
        if number % 50 == 0 or number == count:
            sys.stdout.write(f"{number} seeds from {first}: {syncs} runs of syncs, nothing wrong\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
