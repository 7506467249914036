"""What a full sweep has seen, and what it could not read: kept with the run, across crashes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.syncs.models import Unreadable
from billingone_api.database.tables.syncs import quarantined_records, sync_runs, sync_seen
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork

LARGEST_SHRINKAGE: Final = 0.2
"""A list that lost more than this share and more than ten records is not believed."""
SMALL: Final = 10


def is_plausible(*, known: int, missing: int) -> bool:
    """Whether a list may have shrunk by that much; otherwise nothing is removed."""
    return missing <= SMALL or missing <= known * LARGEST_SHRINKAGE


async def is_confirmed(work: UnitOfWork, run_id: UUID) -> bool:
    """Whether a person said of this run that what is missing has really gone."""
    statement = select(sync_runs.c.removals_confirmed).where(
        own(sync_runs), sync_runs.c.id == bindparam("run")
    )
    values = owned_by(work.organisation_id, run=run_id)
    return bool((await work.connection.execute(statement, values)).scalar())


@dataclass(frozen=True, slots=True)
class Seen:
    """The ids of one kind that a run has met; a table of the run, so that a crash forgets none."""

    work: UnitOfWork
    run_id: UUID
    kind: str

    async def mark(self, source_ids: Collection[str]) -> int:
        """Remember these; how many of them are new to this run."""
        ids = func.unnest(bindparam("ids", type_=ARRAY(Text))).column_valued("source_id")
        statement = (
            insert(sync_seen)
            .from_select(
                ["organisation_id", "run_id", "kind", "source_id"],
                select(bindparam("organisation_id"), bindparam("run"), bindparam("of_kind"), ids),
            )
            .on_conflict_do_nothing()
        )
        result = await self.work.connection.execute(
            statement, self._values() | {"ids": sorted(set(source_ids))}
        )
        return result.rowcount

    async def ids(self) -> set[str]:
        """What earlier batches of the run remembered: for a step that goes on after a crash."""
        statement = select(sync_seen.c.source_id).where(*self._mine())
        return set((await self.work.connection.scalars(statement, self._values())).all())

    async def count(self) -> int:
        statement = select(func.count()).where(*self._mine())
        return (await self.work.connection.execute(statement, self._values())).scalar_one()

    async def forget(self) -> None:
        await self.work.connection.execute(delete(sync_seen).where(*self._mine()), self._values())

    def _mine(self) -> tuple[Any, ...]:
        return (
            own(sync_seen),
            sync_seen.c.run_id == bindparam("run"),
            sync_seen.c.kind == bindparam("of_kind"),
        )

    def _values(self) -> dict[str, Any]:
        return owned_by(self.work.organisation_id, run=self.run_id, of_kind=self.kind)


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Where unreadable records wait; one that comes again is the same one."""

    work: UnitOfWork
    source: str
    kind: str

    async def put(self, records: Sequence[Unreadable], *, run_id: UUID, at: datetime) -> None:
        if not records:
            return
        statement = insert(quarantined_records)
        statement = statement.on_conflict_do_update(
            index_elements=list(quarantined_records.primary_key.columns),
            set_={
                name: statement.excluded[name]
                for name in ("reason", "record", "last_seen_at", "run_id")
            },
        )
        # One row for each key: a statement may not touch a row twice.
        rows = {record.key: self._row(record, run_id, at) for record in records}
        await self.work.connection.execute(statement, list(rows.values()))

    async def release(self, source_ids: Collection[str]) -> None:
        """These could be read after all."""
        await self.work.connection.execute(
            delete(quarantined_records).where(
                own(quarantined_records),
                quarantined_records.c.source == bindparam("of_source"),
                quarantined_records.c.kind == bindparam("of_kind"),
                quarantined_records.c.record_key == bindparam("keys", type_=ARRAY(Text)).any_(),
            ),
            owned_by(
                self.work.organisation_id,
                of_source=self.source,
                of_kind=self.kind,
                keys=sorted(set(source_ids)),
            ),
        )

    async def forget_earlier(self, *, run_id: UUID) -> None:
        """A complete sweep has not met these again: repaired or removed, they wait no longer."""
        await self.work.connection.execute(
            delete(quarantined_records).where(
                own(quarantined_records),
                quarantined_records.c.source == bindparam("of_source"),
                quarantined_records.c.kind == bindparam("of_kind"),
                quarantined_records.c.run_id != bindparam("of_run"),
            ),
            owned_by(
                self.work.organisation_id,
                of_source=self.source,
                of_kind=self.kind,
                of_run=run_id,
            ),
        )

    def _row(self, record: Unreadable, run_id: UUID, at: datetime) -> dict[str, Any]:
        return owned_by(
            self.work.organisation_id,
            source=self.source,
            kind=self.kind,
            record_key=record.key,
            reason=record.reason,
            record={"excerpt": record.excerpt},
            first_seen_at=at,
            last_seen_at=at,
            run_id=run_id,
        )
