"""The words of reconciliation: rules, lines with their verdict, snapshots and how they end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from billingone_api.billing.counts.models import IDLE_DAYS
from billingone_api.billing.syncs.models import Trigger

PAX8: Final = "pax8"


@dataclass(frozen=True, slots=True)
class ReconciliationSettings:
    """An organisation's choices. `schedule_minute` counts from midnight, in the zone named.

    `count_sources` says by metric whose counts speak; where it says nothing the newest does.
    """

    count_sources: Mapping[str, str] = field(default_factory=dict)
    stale_after_hours: int = 48
    idle_device_days: int | None = IDLE_DAYS
    ignored_device_names: Sequence[str] = ()
    schedule_day: int | None = 1
    schedule_minute: int = 6 * 60
    schedule_time_zone: str | None = None
    kept_months: int | None = None
    version: int = 1
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A client that a rule passes over, or one product of that client."""

    client_id: UUID
    product_id: str | None


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """Which products' seats count against which metric, and how much may be amiss.

    A seat covers `ratio` units. Of several tolerances the widest holds; percent is of what is
    required, and the amount is of a month's money in its currency.
    """

    name: str
    metric: str
    preset: str | None
    products: tuple[str, ...]
    patterns: tuple[str, ...]
    ratio: Decimal
    minimum: Decimal | None
    tolerance_units: Decimal | None
    tolerance_percent: Decimal | None
    tolerance_amount: Decimal | None
    tolerance_currency: str | None
    exclusions: tuple[Exclusion, ...]
    is_active: bool
    changed_by: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is now; its former versions are kept, for snapshots rest on them."""

    id: UUID
    facts: RuleFacts
    version: int
    created_at: datetime
    changed_at: datetime


class LineStatus(StrEnum):
    """What a comparison says; `no_data` says that there was none."""

    MATCHED = "matched"
    UNDER_LICENSED = "under_licensed"
    OVER_LICENSED = "over_licensed"
    NO_DATA = "no_data"


class NoData(StrEnum):
    """Why a line could not be compared; where several hold, the first in this order."""

    NO_COUNT = "no_count"
    COUNT_STALE = "count_stale"
    QUANTITY_UNKNOWN = "quantity_unknown"
    USAGE_BILLED = "usage_billed"


class NoStake(StrEnum):
    """Why it is not known what a variance is worth."""

    NO_DATA = "no_data"
    SELL_PRICE_UNKNOWN = "sell_price_unknown"
    PRICE_UNKNOWN = "price_unknown"


class SnapshotStatus(StrEnum):
    """How far a snapshot is; the last two are for good."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Outcome(StrEnum):
    """What a comparison amounts to; an incomplete one is never called clean."""

    CLEAN = "clean"
    DISCREPANCIES = "discrepancies"
    PARTIAL = "partial"
    NOT_RECONCILABLE = "not_reconcilable"


class Doubt(StrEnum):
    """Why a comparison is incomplete, or there is none."""

    PAX8_NEVER_SYNCED = "pax8_never_synced"
    NO_RULES = "no_rules"
    NOTHING_COMPARED = "nothing_compared"
    PAX8_NOT_CONNECTED = "pax8_not_connected"
    PAX8_PARTIAL = "pax8_partial"
    PAX8_STALE = "pax8_stale"
    PANELONE_COUNTS_NOT_FRESH = "panelone_counts_not_fresh"
    COUNTS_MISSING = "counts_missing"
    QUANTITIES_UNKNOWN = "quantities_unknown"


@dataclass(frozen=True, slots=True)
class Moment:
    """Of which instant a comparison speaks, and on which day of the organisation's that was.

    What is past is read from dated versions, as it was known by then.
    """

    at: datetime
    day: date
    is_past: bool


@dataclass(frozen=True, slots=True)
class SourceState:
    """How far the licensed side can be trusted. A first sync that is under way is no success."""

    is_connected: bool
    last_success_at: datetime | None
    is_partial: bool
    is_stale: bool


@dataclass(frozen=True, slots=True)
class Tallied:
    """What came out, counted in lines: `missing` without a good count, `unknown` without seats.

    `is_of_panelone`: a line rests on a count that PanelOne told.
    """

    rules: int
    compared: int
    discrepancies: int
    missing: int
    unknown: int
    is_of_panelone: bool


@dataclass(frozen=True, slots=True)
class UnderLicensed:
    """A client that uses more than it holds, which the snapshot before did not say of it.

    `was` is what the last one that could compare it said; None where there is none. `lines` are
    those that are under-licensed, `stakes` what they are worth: 72nds of a month by currency.
    """

    client_id: UUID
    client_name: str
    was: LineStatus | None
    variance: Decimal
    lines: int
    stakes: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A comparison that was asked for; once it is done, nothing of it changes any more."""

    id: UUID
    status: SnapshotStatus
    outcome: Outcome | None
    trigger: Trigger
    requested_by: str | None
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    as_of: datetime | None
    day: date | None
    problem: str | None
    detail: str | None
    basis: Mapping[str, Any]
    coverage: Mapping[str, Any]
    summary: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """The snapshot that whoever asked for one gets; `joined`: it was under way already."""

    id: UUID
    joined: bool


class DecisionKind(StrEnum):
    """What a person says of a line; the first three settle it until its facts move."""

    ACKNOWLEDGE = "acknowledge"
    IGNORE = "ignore"
    EXPECTED = "expected"
    NOTE = "note"
    ASSIGN = "assign"


SETTLING: Final = (DecisionKind.ACKNOWLEDGE, DecisionKind.IGNORE, DecisionKind.EXPECTED)


class DecisionState(StrEnum):
    """Whether a decision still holds: the line is open again once it does not."""

    STANDING = "standing"
    MOVED = "moved"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class LineKey:
    """A line of a snapshot; without a rule, all of the client's that do not match."""

    client_id: UUID
    rule_id: UUID | None


@dataclass(frozen=True, slots=True)
class DecidedLine:
    """A line as a decision finds it, with the facts that the decision is bound to."""

    client_id: UUID
    rule_id: UUID
    status: LineStatus
    facts: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person says of lines, and why."""

    kind: DecisionKind
    reason: str
    until: date | None
    assignee: str | None
    made_by: str
    made_at: datetime
