"""One organisation whose practice ground's Xero is copied by the real engine, over sockets."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.support.api import Api
from tests.support.databases import Database
from tests.support.reckoning import Money, money_of, raw_lists
from tests.support.sources import time_passes, work_off
from tests.support.xero import connect_xero, consent_given

from billingone_api.billing.definitions.models import XERO
from billingone_api.billing.invoices.jobs import XeroSource
from billingone_api.billing.syncs.ports import Source
from billingone_api.process import Process
from billingone_api.sandbox.app import Sandbox
from billingone_api.sandbox.xero.tenants import Tenant


@dataclass
class Copied:
    """What a test may reach; `tenant` is the organisation of Xero that is connected."""

    api: Api
    process: Process
    database: Database
    sandbox: Sandbox
    host: str
    organisation_id: UUID
    tenant: Tenant

    async def connect(self, tenant: Tenant) -> UUID:
        """A consent is given, and of its organisations this one is chosen."""
        self.tenant = tenant
        tokens = await consent_given(self.process)
        where = {"tokens": tokens, "tenant_id": tenant.id}
        return await connect_xero(self.database, self.process, self.organisation_id, **where)

    async def disconnect(self) -> None:
        for table in ("integrations", "webhook_routes", "xero_tenants", "xero_consents"):
            await self.database.as_owner(f"DELETE FROM {table}")  # noqa: S608 - a test's own words

    async def sync(
        self, *, mode: str = "delta", source: Source | None = None, **wish: Any
    ) -> dict[str, Any]:
        """A run from its request to where it ends or waits."""
        sync_id = await self.asked(mode=mode, **wish)
        return await self.goes_on(sync_id, source=source)

    async def asked(self, *, mode: str = "delta", **wish: Any) -> str:
        body = {"sources": [XERO], "mode": mode, **wish}
        answer = await self.api.finance.post("/v1/syncs", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def goes_on(self, sync_id: str, *, source: Source | None = None) -> dict[str, Any]:
        await time_passes(self.database)
        await work_off(self.process, source or XeroSource())
        return await self.seen(sync_id)

    async def left_alone_long_enough(self) -> None:
        """By the database's clock, which nobody sets."""
        await self.database.as_owner("DELETE FROM provider_limits")

    async def seen(self, sync_id: str) -> dict[str, Any]:
        sync = (await self.api.viewer.get(f"/v1/syncs/{sync_id}")).json()
        run: dict[str, Any] = sync["runs"][0]
        return run

    async def rows(self, sql: str, *arguments: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.database.as_owner(sql, *arguments)]

    async def control(self, path: str, body: Any = None) -> Any:
        """The practice ground's own door."""
        url = f"{self.host.removesuffix('/xero')}/_sandbox{path}"
        answer = await self.process.http.post(url, json={} if body is None else body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def mutate(self, *changes: dict[str, Any]) -> list[str]:
        done: list[str] = (await self.control("/xero/mutate", list(changes)))["ids"]
        return done

    async def add(self, **fields: Any) -> str:
        """An invoice of 110.00 in AUD, unless told otherwise; its id."""
        [source_id] = await self.mutate({"do": "add", "fields": fields})
        return source_id

    async def change(self, source_id: str, *, kind: str = "invoice", **fields: Any) -> None:
        await self.mutate({"do": "change", "kind": kind, "id": source_id, "fields": fields})

    def remove(self, *source_ids: str) -> None:
        """Invoices: neither the list nor an id finds them any more."""
        book = self.tenant.ledger.invoices
        for source_id in source_ids:
            del book._entries[source_id]
        book._selected.clear()

    async def kept(self, source_id: str, table: str = "invoices") -> dict[str, Any]:
        sql = f"SELECT * FROM {table} WHERE source_id = $1"  # noqa: S608 - a test's own words
        [row] = await self.rows(sql, source_id)
        return row

    async def living(self) -> int:
        return len(await self.rows("SELECT FROM invoices WHERE gone_at IS NULL"))

    async def lines(self, source_id: str) -> list[tuple[Any, ...]]:
        """Of an invoice; the last column says which transaction wrote each."""
        rows = await self.rows(
            "SELECT description, quantity, unit_amount, l.xmin::text AS written "
            "FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id WHERE i.source_id = $1 "
            "ORDER BY position",
            source_id,
        )
        return [tuple(row.values()) for row in rows]

    async def versions(self, source_id: str, *names: str) -> list[tuple[Any, ...]]:
        facts = ", ".join(f"v.{name}" for name in ("version", "seen_at", *names))
        rows = await self.rows(
            f"SELECT {facts} FROM invoice_versions v JOIN invoices i ON i.id = v.invoice_id "  # noqa: S608 - a test's own words
            "WHERE i.source_id = $1 ORDER BY v.version",
            source_id,
        )
        return [tuple(row.values()) for row in rows]

    async def money_told(self) -> Money:
        """By Xero's raw answers, read by somebody else's hand."""
        tokens = await consent_given(self.process)
        raw = await raw_lists(
            self.process.http,
            f"{self.host}/api.xro/2.0",
            token=tokens.access_token.reveal(),
            tenant=self.tenant.id,
        )
        return money_of(raw, base_currency=self.tenant.facts["BaseCurrency"])
