"""What the decisions of reconciliation need of the database, inside one transaction."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.billing.reconciliation.models import (
    Asked,
    DecidedLine,
    Decision,
    LineKey,
    Moment,
    ReconciliationSettings,
    Rule,
    Snapshot,
    SourceState,
    Tallied,
    UnderLicensed,
)
from billingone_api.billing.syncs.models import Trigger


class SettingsRepository(Protocol):
    """The choices of one organisation; whoever has made none has the defaults."""

    async def read(self) -> ReconciliationSettings: ...

    async def locked(self) -> ReconciliationSettings:
        """The same, and nobody else changes them until the end of the transaction."""
        ...

    async def save(self, settings: ReconciliationSettings) -> None: ...

    async def sources(self) -> Mapping[str, Sequence[str]]:
        """By metric, who has ever counted it."""
        ...


class RuleRepository(Protocol):
    """The rules of one organisation."""

    async def take_turn(self) -> None:
        """Nobody else changes a rule until the end of the transaction."""
        ...

    async def find(self, rule_id: UUID) -> Rule | None: ...

    async def rival(self, rule: Rule) -> tuple[str, str] | None:
        """Another active rule of the metric that has a product of this one: its name, the id."""
        ...

    async def unknown_products(self, source_ids: Sequence[str]) -> set[str]: ...

    async def unknown_clients(self, ids: Sequence[UUID]) -> set[UUID]: ...

    async def add(self, rule: Rule) -> None: ...

    async def save(self, rule: Rule) -> None: ...


class SnapshotRepository(Protocol):
    """The snapshots of one organisation."""

    async def request(
        self, *, trigger: Trigger, requested_by: str | None, day: date | None
    ) -> Asked:
        """A new snapshot, or the one of that day that is unfinished: there is never a second.

        `day` None is now.
        """
        ...

    async def known_since(self) -> datetime:
        """When PanelOne first told of the organisation: nothing before that can be known."""
        ...

    async def find(self, snapshot_id: UUID) -> Snapshot | None: ...

    async def expire(self, *, before: datetime) -> None:
        """Take away snapshots that were asked for before that, with all that is theirs."""
        ...


class DecisionRepository(Protocol):
    """What people of one organisation said of lines."""

    async def lines(self, snapshot_id: UUID, keys: Sequence[LineKey]) -> Sequence[DecidedLine]:
        """Those of these that are there."""
        ...

    async def add(
        self, snapshot_id: UUID, lines: Sequence[DecidedLine], decision: Decision
    ) -> Sequence[UUID]:
        """One for each line, in their order."""
        ...

    async def withdraw(self, decision_id: UUID, *, by: str, at: datetime) -> bool:
        """Whether there was one that nobody had withdrawn."""
        ...

    async def find(self, decision_id: UUID) -> Mapping[str, Any] | None: ...


class Freezer(Protocol):
    """One snapshot in the hands of a worker."""

    async def take_turn(self) -> None:
        """Nobody maps records to clients until the end of the transaction.

        First in it, before any row is locked.
        """
        ...

    async def begin(self) -> None: ...

    async def source(self, moment: Moment) -> SourceState: ...

    async def freeze(
        self,
        basis: PriceBasis,
        *,
        settings: ReconciliationSettings,
        moment: Moment,
        reporting_currency: str,
        with_seats: bool,
    ) -> Tallied:
        """Rules, counts and seats, and the lines and rows that follow from them."""
        ...

    async def coverage(self, moment: Moment) -> Mapping[str, Any]: ...

    async def summary(self) -> Mapping[str, Any]: ...

    async def newly_under(self, as_of: datetime) -> Sequence[UnderLicensed]:
        """Clients of whom the snapshots before that instant did not say it."""
        ...

    async def finish(self, **facts: Any) -> None:
        """For good; its work is no longer due."""
        ...
