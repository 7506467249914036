"""The words of counts: how many of a metric a client has, by whom and when they were counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from billingone_api.billing.syncs.models import Trigger, Unreadable

SUPEROPS: Final = "superops"
"""Whose devices and people are counted here, from what was copied of them."""

DEVICES: Final = "devices"
SERVERS: Final = "servers"
WORKSTATIONS: Final = "workstations"
USERS: Final = "users"
METRIC: Final = r"^[a-z][a-z0-9_]{0,39}$"
"""What a metric may be called: sources send names of their own as well."""
SOURCE: Final = r"^[a-z0-9][a-z0-9_.-]{0,39}$"
"""What whoever counts may be called."""
MOST: Final = 1_000_000
"""A client that has more of anything is a mistake of whoever counted."""
SKEW: Final = timedelta(minutes=5)
"""How far the clock of whoever counts may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class CountKey:
    """What one source says of one metric of one client at one instant."""

    client_id: UUID
    metric: str
    source: str
    counted_at: datetime


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are; `excluded` were seen and left out by the source's own rule."""

    key: CountKey
    count: int
    excluded: int


IDLE_DAYS: Final = 90
"""What an organisation goes by that has chosen nothing."""


@dataclass(frozen=True, slots=True)
class DeviceRule:
    """Which of SuperOps' devices are no longer in use: silent for so long, or called like that.

    `ignored_names` are names in which `*` stands for any letters.
    """

    idle_days: int | None = IDLE_DAYS
    ignored_names: Sequence[str] = ()


class DeviceMetric(StrEnum):
    """What devices are counted as; one may be several."""

    DEVICES = DEVICES
    SERVERS = SERVERS
    WORKSTATIONS = WORKSTATIONS
    WINDOWS = "windows_devices"
    MAC = "mac_devices"
    LINUX = "linux_devices"


class LeftOut(StrEnum):
    """By which half of the rule a device is not counted."""

    IDLE = "idle"
    IGNORED = "ignored"


class RefreshStatus(StrEnum):
    """A refresh is running, then one of the others, for good."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Found:
    """The newest that PanelOne has; `not_fresh` says why it did not count anew for us first."""

    counts: Sequence[Count]
    unreadable: Sequence[Unreadable]
    not_fresh: str | None


@dataclass(frozen=True, slots=True)
class Refreshed:
    """How a refresh ended; a problem on one that is done says why its counts are not fresh."""

    status: RefreshStatus
    problem: str | None = None
    detail: str | None = None
    changed: int = 0
    unchanged: int = 0
    quarantined: int = 0

    @property
    def is_fresh(self) -> bool:
        """Whether PanelOne counted anew, and what it said was kept."""
        return self.status is RefreshStatus.DONE and self.problem is None


@dataclass(frozen=True, slots=True)
class Refresh:
    """Counts asked of PanelOne, by whom, and what became of it."""

    id: UUID
    trigger: Trigger
    requested_by: str | None
    requested_at: datetime
    finished_at: datetime | None
    ended: Refreshed
