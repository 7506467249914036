from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from tests.kit.auth.mint import NOW, Mint


@dataclass
class SetClock:
    """A clock that stands still until a test moves it."""

    instant: datetime = NOW

    def now(self) -> datetime:
        return self.instant

    def move(self, **by: float) -> None:
        self.instant += timedelta(**by)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(scope="session")
def mint() -> Mint:
    return Mint()
