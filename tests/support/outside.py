"""What stands between us and third parties, in a test: no time is slept, turns are counted."""

from dataclasses import dataclass, field


@dataclass
class Waits:
    """Sleeps no time, and remembers for how long it should have."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@dataclass
class Turns:
    """A limiter that counts."""

    taken: int = 0

    async def wait_turn(self) -> None:
        self.taken += 1
