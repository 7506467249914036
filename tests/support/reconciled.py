"""An organisation whose clients use something and hold something, put straight into the tables."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
from tests.support.api import Api
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.portfolio import connect_pax8, subscription

from billingone_api.billing.reconciliation import jobs
from billingone_api.billing.subscribers import SUBSCRIBERS
from billingone_api.billing.syncs.wiring import due_work
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

BASE = "/v1/reconciliation"


@dataclass(frozen=True)
class House:
    """Says what clients have, and has snapshots taken as a worker would."""

    api: Api
    database: Database
    process: Process

    @property
    def organisation_id(self) -> UUID:
        return self.api.organisation_id

    async def synced(self, **facts: Any) -> None:
        await connect_pax8(self.database, self.organisation_id, **facts)

    async def client(self, name: str, *, active: bool = True) -> UUID:
        made = new_id()
        await self._insert("clients", id=made, name=name, active=active)
        return made

    async def product(self, source_id: str, name: str | None = None, **more: Any) -> str:
        named = {"name": name or source_id, "fetched_at": NOW} | more
        await self._insert("products", source="pax8", source_id=source_id, **named)
        return source_id

    async def holds(self, client_id: UUID | None, product_id: str, **facts: Any) -> UUID:
        """A subscription: one active seat of AUD 10.00 a month unless said otherwise."""
        plain = {"price": Decimal("10.00"), "product_id": product_id, "client_id": client_id}
        row = subscription(**plain | facts)
        await self._insert("subscriptions", **row)
        id_: UUID = row["id"]
        return id_

    async def counted(
        self, client_id: UUID, metric: str, count: int, *, source: str = "ninjaone",
        at: datetime = NOW, excluded: int = 0,
    ) -> None:  # fmt: skip
        for table in ("client_counts", "client_count_history"):
            await self._insert(
                table, client_id=client_id, metric=metric, source=source, counted_at=at,
                count=count, excluded=excluded, received_at=at,
            )  # fmt: skip

    async def rule(self, metric: str, *products: str, **more: Any) -> dict[str, Any]:
        body = {"name": f"Rule of {metric}", "metric": metric, "products": list(products)} | more
        return made(await self.api.finance.post(f"{BASE}/rules", json=body), 201)

    async def snapshot(self) -> dict[str, Any]:
        """Ask for one, have it taken, and read it."""
        asked = made(await self.api.finance.post(f"{BASE}/snapshots"), 202)
        await self.work()
        return await self.read(f"/snapshots/{asked['id']}")

    async def work(self) -> None:
        """Everything that is due, once."""
        process = replace(self.process, subscribers=SUBSCRIBERS)
        due = due_work(process.engine, lease_seconds=30)
        for claim in await due.claim(10, kinds=jobs.JOBS):
            await jobs.JOBS[claim.kind](process, {}, claim)

    async def read(self, path: str, **query: Any) -> Any:
        return made(await self.api.viewer.get(f"{BASE}{path}", params=query), 200)

    async def rows(self, snapshot: Mapping[str, Any], **query: Any) -> list[dict[str, Any]]:
        page = await self.read(f"/snapshots/{snapshot['id']}/rows", limit=200, **query)
        items: list[dict[str, Any]] = page["items"]
        return items

    async def lines(self, snapshot: Mapping[str, Any], client_id: UUID) -> list[dict[str, Any]]:
        found = await self.read(f"/snapshots/{snapshot['id']}/rows/{client_id}")
        lines: list[dict[str, Any]] = found["lines"]
        return lines

    async def _insert(self, table: str, **values: Any) -> None:
        await self.database.insert(table, organisation_id=self.organisation_id, **values)


def made(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()
