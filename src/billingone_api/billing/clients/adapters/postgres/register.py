"""Keeps clients and links, and lets subscriptions follow them, each in one statement for many."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from billingone_api.billing.clients.adapters.postgres import statements
from billingone_api.billing.clients.models import (
    PAX8,
    Holding,
    Link,
    MasterRecord,
    Origin,
    Situation,
)
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
        rows = [asdict(record) | {"id": str(record.id)} for record in records]
        await self._run(statements.SAVE, rows=json.dumps(rows), at=self._at)

    async def situations(self, company_ids: Collection[str]) -> Mapping[str, Situation]:
        rows = await self._run(statements.SITUATIONS, companies=list(company_ids))
        return {row["company_id"]: Situation(_link(row), tuple(row["claimants"])) for row in rows}

    async def relink(self, links: Mapping[str, Link | None], *, by: str | None) -> None:
        unlinked = [company_id for company_id, link in links.items() if link is None]
        linked = [
            {"source_id": company_id, "client_id": _text(link.client_id), "origin": link.origin}
            for company_id, link in links.items()
            if link is not None
        ]
        if unlinked:
            await self._run(statements.UNLINK, companies=unlinked)
        if linked:
            await self._run(statements.LINK, rows=json.dumps(linked), by=by, at=self._at)

    async def companies_of(self, client_ids: Collection[UUID]) -> Collection[str]:
        rows = await self._run(statements.COMPANIES_OF, ids=list(client_ids))
        return [row["source_id"] for row in rows]

    async def move_subscriptions(self, company_ids: Collection[str]) -> int:
        companies = list(company_ids)
        # In the order of their ids, so that whoever else changes many of them waits, not hangs.
        await self._run(statements.LOCK, companies=companies)
        moved = await self._run(statements.MOVE, companies=companies, at=self._at)
        await self._run(statements.RELABEL, companies=companies)
        return len(moved)

    async def holding(self, company_id: str) -> Holding | None:
        rows = await self._run(statements.HOLDING, company=company_id)
        return _holding(rows[0]) if rows else None

    async def _run(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        # Not by SQLAlchemy's execute: it takes a value named like a column for one to be SET.
        return await fetch(
            self._work.connection, statement, organisation_id=self._work.organisation_id, **values
        )


def _record(row: Row) -> MasterRecord:
    return MasterRecord(**{**row, "domains": tuple(row["domains"])})


def _link(row: Row) -> Link | None:
    return None if row["origin"] is None else Link(row["client_id"], Origin(row["origin"]))


def _holding(row: Row) -> Holding:
    origin = None if row["origin"] is None else Origin(row["origin"])
    return Holding(**{**row, "source": PAX8, "origin": origin})


def _text(id_: UUID | None) -> str | None:
    return None if id_ is None else str(id_)
