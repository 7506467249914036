"""What a sync of SuperOps leaves behind of devices and people, put straight into the tables."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.ledgers import Ledgers

from billingone_api.billing.counts.models import DeviceRule
from billingone_api.billing.counts.wiring import count_superops
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

WALKED = NOW - timedelta(hours=3)
ALL = DeviceRule(None, ())


class SuperOps:
    """What a sync of SuperOps would have left behind."""

    def __init__(self, database: Database, process: Process, organisation_id: UUID) -> None:
        self.database, self.process, self.organisation_id = database, process, organisation_id
        self.ledgers = Ledgers(database, organisation_id)
        self.books: UUID | None = None

    async def insert(self, table: str, **row: Any) -> None:
        await self.database.insert(table, organisation_id=self.organisation_id, **row)

    async def ledger(self, **more: Any) -> UUID:
        return await self.ledgers.ledger("superops", **more)

    async def client(self, account: str, *, books: UUID, client: UUID | None = None) -> UUID:
        """A client of ours that is linked to an account of theirs."""
        dated = {"first_seen_at": NOW, "changed_at": NOW}
        await self.insert(
            "superops_clients", ledger_id=books, source_id=account, name=account, **dated
        )
        made = client or await self.ledgers.client(account)
        await self.insert(
            "client_links", source="superops", source_id=account, client_id=made, origin="exact"
        )
        return made

    async def asset(self, account: str, *, books: UUID, **facts: Any) -> None:
        plain = {"source_id": str(new_id()), "first_seen_at": NOW, "changed_at": NOW}
        await self.insert(
            "superops_assets", ledger_id=books, client_source_id=account, **plain | facts
        )

    async def person(self, account: str, user: str, *, books: UUID, **more: Any) -> None:
        plain = {"source_id": str(new_id()), "first_seen_at": NOW, "changed_at": NOW}
        ids = {"ledger_id": books, "client_source_id": account, "user_source_id": user}
        await self.insert("superops_users", **ids, **plain | more)

    async def walked(
        self, at: datetime = WALKED, *, status: str = "succeeded", step: str = "done"
    ) -> None:
        run = new_id()
        times = {"queued_at": at, "started_at": at, "finished_at": at}
        await self.insert(
            "sync_runs", id=run, source="superops", mode="full", connection_id=new_id(),
            status=status, **times,
        )  # fmt: skip
        await self.insert("sync_steps", run_id=run, position=0, name="assets", status=step)

    async def counted(self, rule: DeviceRule = ALL) -> dict[tuple[UUID, str], tuple[int, int]]:
        async with self.process.work(self.organisation_id) as work:
            await count_superops(work, rule, now=NOW)
        return await self.kept()

    async def kept(self) -> dict[tuple[UUID, str], tuple[int, int]]:
        rows = await self.database.as_owner("SELECT * FROM client_counts")
        assert {row["source"] for row in rows} <= {"superops"}
        return {(row["client_id"], row["metric"]): (row["count"], row["excluded"]) for row in rows}
