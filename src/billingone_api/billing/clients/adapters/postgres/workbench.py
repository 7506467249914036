"""Deeds, refusals and what a change of the mapping moves, each in one statement for many."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from billingone_api.billing.clients.adapters.postgres import deeds as written
from billingone_api.billing.clients.adapters.postgres import moving
from billingone_api.billing.clients.adapters.postgres.billed import billed_sums
from billingone_api.billing.clients.adapters.postgres.deeds import deed_of
from billingone_api.billing.clients.adapters.postgres.statements import asking, sending
from billingone_api.billing.clients.deeds import Change, Deed, Kind, Moves
from billingone_api.billing.clients.models import Link, MadeLink, Origin, Record
from billingone_api.billing.definitions.adapters.recurring import sums
from billingone_api.billing.definitions.figures import Reckoning
from billingone_api.database.fast import Prepared, Row, fetch
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.ids import new_id

Pair = tuple[Record, UUID]


class PostgresWorkbench:
    """The workbench of the organisation that a unit of work is for; `at` dates what it writes.

    Without a reckoning nobody is told what moves.
    """

    def __init__(self, work: UnitOfWork, reckoning: Reckoning | None, *, at: datetime) -> None:
        self._work = work
        self._reckoning = reckoning
        self._at = at

    async def known(self, records: Collection[Record]) -> Mapping[Record, str | None]:
        rows = await self._run(written.KNOWN, **asking(records))
        return {_record(row): row["name"] for row in rows}

    async def records_of(self, client_id: UUID) -> Sequence[Record]:
        return [_record(row) for row in await self._run(written.RECORDS_OF, client_id=client_id)]

    async def moves(self, targets: Mapping[Record, UUID | None]) -> Mapping[Record, Moves]:
        found: dict[Record, Moves] = defaultdict(Moves)
        if self._reckoning is None:
            return found
        by, asked = self._reckoning, asking(targets) | {"client_ids": list(targets.values())}
        statements = [moving.COUNTS, moving.BILLED]
        if by.basis.knows_sell_price:
            statements.append(moving.of_pax8(by.basis))
        day = {"today": by.today, "reporting_currency": by.reporting_currency}
        for statement in statements:
            for row in await self._run(statement, **asked, **day):
                found[_record(row)] += _moves(row)
        return found

    async def refuse(self, pairs: Collection[Pair], *, by: str | None) -> None:
        await self._run(written.REFUSE, rows=_pairs(pairs), by=by, at=self._at)

    async def refused(self, records: Collection[Record]) -> Collection[Pair]:
        rows = await self._run(written.REFUSED, **asking(records))
        return {(_record(row), row["client_id"]) for row in rows}

    async def allow(self, pairs: Collection[Pair]) -> None:
        if pairs:
            await self._run(written.ALLOW, rows=_pairs(pairs))

    async def merged(self) -> Mapping[UUID, UUID]:
        rows = await self._run(written.MERGED)
        return {row["from_client_id"]: row["into_client_id"] for row in rows}

    async def write_down(
        self,
        kind: Kind,
        changes: Sequence[Change],
        *,
        by: str | None,
        merge: tuple[UUID, UUID] | None,
    ) -> UUID:
        deed_id = new_id()
        from_client, into_client = merge or (None, None)
        await self._run(
            written.ADD_DEED,
            id=deed_id,
            kind=kind,
            at=self._at,
            by=by,
            from_client=from_client,
            into_client=into_client,
        )
        rows = [_written(change, at) for at, change in enumerate(changes)]
        await self._run(written.ADD_CHANGES, deed_id=deed_id, rows=sending(rows))
        return deed_id

    async def find(self, deed_id: UUID) -> Deed | None:
        rows = await self._run(written.FIND, deed_id=deed_id)
        return deed_of(rows[0]) if rows else None

    async def later(self, deed_id: UUID) -> Sequence[Deed]:
        return [deed_of(row) for row in await self._run(written.LATER, deed_id=deed_id)]

    async def is_overtaken(self, deed_id: UUID) -> bool:
        return bool(await self._run(written.OVERTAKEN, deed_id=deed_id))

    async def changes(self, deed_id: UUID) -> Sequence[Change]:
        return [_change(row) for row in await self._run(written.CHANGES, deed_id=deed_id)]

    async def mark_undone(self, deed_id: UUID, *, by: str | None) -> None:
        await self._run(written.MARK_UNDONE, deed_id=deed_id, by=by, at=self._at)

    async def _run(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        return await fetch(
            self._work.connection, statement, organisation_id=self._work.organisation_id, **values
        )


def _record(row: Row) -> Record:
    return Record(row["source"], row["source_id"])


def _moves(row: Row) -> Moves:
    """Each statement tells its own part."""
    if "parts" in row:
        return Moves(mrr=dict(sums(row).by_currency))
    if "billed_currencies" in row:
        money = billed_sums(row)
        return Moves(
            outstanding=_known(money.owed.by_currency), revenue=_known(money.revenue.by_currency)
        )
    return Moves(row["subscriptions"], row["invoices"])


def _known(money: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    return {currency: amount for currency, amount in money if amount}


def _pairs(pairs: Collection[Pair]) -> str:
    return sending([{**asdict(record), "client_id": client_id} for record, client_id in pairs])


def _written(change: Change, position: int) -> dict[str, Any]:
    before, after = change.before, change.after
    return {
        "position": position,
        "source": change.record.source,
        "source_id": change.record.source_id,
        "refused_client_id": change.refused,
        "before_client_id": None if before is None else before.link.client_id,
        "before_origin": None if before is None else before.link.origin,
        "before_reason": None if before is None else before.link.reason,
        "before_by": None if before is None else before.by,
        "before_at": None if before is None else before.at,
        "after_client_id": None if after is None else after.client_id,
        "after_origin": None if after is None else after.origin,
        "is_link_changed": change.is_link_changed,
    }


def _change(row: Row) -> Change:
    before = after = None
    if row["before_origin"] is not None:
        link = Link(row["before_client_id"], Origin(row["before_origin"]), row["before_reason"])
        before = MadeLink(link, row["before_by"], row["before_at"])
    if row["after_origin"] is not None:
        after = Link(row["after_client_id"], Origin(row["after_origin"]))
    return Change(_record(row), before, after, row["is_link_changed"], row["refused_client_id"])
