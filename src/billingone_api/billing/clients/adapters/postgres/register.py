"""Keeps clients and links, and lets what is theirs follow, each in one statement for many."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from billingone_api.billing.clients.adapters.postgres import moves, statements
from billingone_api.billing.clients.adapters.postgres.statements import asking, holding, sending
from billingone_api.billing.clients.models import (
    Holding,
    Link,
    MadeLink,
    MasterRecord,
    Moved,
    Origin,
    Record,
    Situation,
)
from billingone_api.billing.definitions.adapters import twins
from billingone_api.billing.definitions.adapters.totals import keep_totals
from billingone_api.database.fast import Prepared, Row, fetch
from billingone_api.database.mapping import change_mapping
from billingone_api.database.unit_of_work import UnitOfWork


class PostgresClientRegister:
    """The register of the organisation that a unit of work is for; `at` dates what it writes."""

    def __init__(self, work: UnitOfWork, *, at: datetime) -> None:
        self._work = work
        self._at = at

    async def take_turn(self) -> None:
        await change_mapping(self._work)

    async def known(self, ids: Collection[UUID]) -> Mapping[UUID, MasterRecord]:
        rows = await self._run(statements.KNOWN, ids=list(ids))
        return {row["id"]: _record(row) for row in rows}

    async def save(self, records: Sequence[MasterRecord]) -> None:
        rows = sending([asdict(record) for record in records])
        await self._run(statements.SAVE, rows=rows, at=self._at)

    async def situations(self, records: Collection[Record]) -> Mapping[Record, Situation]:
        rows = await self._run(statements.SITUATIONS, **asking(records))
        return {
            Record(row["source"], row["source_id"]): Situation(
                _link(row), tuple(row["claimants"]), row["linked_by"], row["linked_at"]
            )
            for row in rows
        }

    async def relink(self, links: Mapping[Record, Link | None]) -> None:
        made = {
            record: None if link is None else MadeLink(link, None, self._at)
            for record, link in links.items()
        }
        await self.restore(made)

    async def restore(self, links: Mapping[Record, MadeLink | None]) -> None:
        unlinked = [record for record, made in links.items() if made is None]
        linked = [_row(record, made) for record, made in links.items() if made is not None]
        if unlinked:
            await self._run(statements.UNLINK, **asking(unlinked))
        if linked:
            await self._run(statements.LINK, rows=sending(linked))

    async def move(self, records: Collection[Record]) -> Moved:
        wanted = asking(records)
        await self._run(moves.LOCK, **wanted)
        subscriptions = await self._run(moves.MOVE_SUBSCRIPTIONS, **wanted, at=self._at)
        await keep_totals(self._work, subscriptions)
        invoices = await self._run(moves.MOVE_INVOICES, **wanted, at=self._at)
        await self._run(moves.MOVE_CREDITS, **wanted, at=self._at)
        if invoices:
            # Whose an invoice is says which other one is the same.
            ids = [row["invoice_id"] for row in invoices]
            numbers = await self._run(moves.NUMBERS, ids=ids)
            await twins.pair(self._work, [row["number_key"] for row in numbers])
        return Moved(subscriptions=len(subscriptions), invoices=len(invoices))

    async def rename(self, client_ids: Collection[UUID]) -> None:
        ids = list(client_ids)
        await self._run(moves.LOCK_THEIRS, ids=ids)
        for rename in moves.RENAMES:
            await self._run(rename, ids=ids)

    async def holding(self, record: Record) -> Holding | None:
        rows = await self._run(statements.HOLDINGS[record.source], source_id=record.source_id)
        return holding(rows[0]) if rows else None

    async def _run(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        # Not by SQLAlchemy's execute: it takes a value named like a column for one to be SET.
        return await fetch(
            self._work.connection, statement, organisation_id=self._work.organisation_id, **values
        )


def _record(row: Row) -> MasterRecord:
    return MasterRecord(**{**row, "domains": tuple(row["domains"])})


def _link(row: Row) -> Link | None:
    if row["origin"] is None:
        return None
    return Link(row["client_id"], Origin(row["origin"]), row["reason"])


def _row(record: Record, made: MadeLink) -> dict[str, Any]:
    return {
        **asdict(record),
        "client_id": made.link.client_id,
        "origin": made.link.origin,
        "reason": made.link.reason,
        "linked_by": made.by,
        "linked_at": made.at,
    }
