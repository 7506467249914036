"""The words of the inventory: what is asked for, and how far it is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billingone_api.billing.counts.models import LeftOut


class NotCounted(StrEnum):
    """Why a device is not counted, the first that holds."""

    UNMAPPED = "unmapped"
    IDLE = LeftOut.IDLE.value
    IGNORED = LeftOut.IGNORED.value


@dataclass(frozen=True, slots=True)
class Standing:
    """How far SuperOps' lists are known, and the rule by which devices are left out today.

    `counted_at` is when both were last read to the end: counts are of that instant.
    """

    is_connected: bool
    last_success_at: datetime | None
    is_partial: bool
    quarantined: int
    counted_at: datetime | None
    idle_device_days: int | None
    idle_since: datetime | None
    ignored_device_names: Sequence[str]
