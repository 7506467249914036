"""A clock that stands still until a test moves it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # noon in Sydney
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class SetClock:
    instant: datetime = NOW

    def now(self) -> datetime:
        return self.instant

    def move(self, **by: float) -> None:
        self.instant += timedelta(**by)
