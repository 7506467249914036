"""What stands between us and third parties, in a test: no time is slept, turns are counted."""

from dataclasses import dataclass, field

from billingone_api.kit.http.errors import HttpError


@dataclass
class Waits:
    """Sleeps no time, and remembers for how long it should have."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@dataclass
class Turns:
    """A limiter that counts turns, and remembers what became of each."""

    taken: int = 0
    outcomes: list[HttpError | None] = field(default_factory=list)

    async def wait_turn(self) -> None:
        self.taken += 1

    async def heed(self, error: HttpError | None) -> None:
        self.outcomes.append(error)
