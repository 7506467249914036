"""One organisation whose practice ground's SuperOps is copied by the real engine, over sockets."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.support.api import Api
from tests.support.databases import Database
from tests.support.sources import time_passes, work_off
from tests.support.superops import SUBDOMAIN, TOKEN, connect_superops, token
from tests.support.superops_reckoning import Asking

from billingone_api.billing.invoices.jobs import SuperOpsSource
from billingone_api.billing.syncs.ports import Source
from billingone_api.process import Process
from billingone_api.sandbox.app import Sandbox
from billingone_api.sandbox.superops.mishaps import Mishap
from billingone_api.sandbox.superops.room import Superops

Json = dict[str, Any]


@dataclass
class CopiedSuperOps:
    """What a test may reach."""

    api: Api
    process: Process
    database: Database
    sandbox: Sandbox
    host: str
    organisation_id: UUID

    @property
    def asking(self) -> Asking:
        """By another hand, as the same user."""
        return Asking(self.process.http, f"{self.host}/us/msp", TOKEN, SUBDOMAIN)

    @property
    def there(self) -> Superops:
        return self.sandbox.superops

    async def connect(self, value: str = TOKEN, **told: Any) -> UUID:
        """In place of what was connected before."""
        await self.database.as_owner("DELETE FROM integrations WHERE provider = 'superops'")
        given = token(value, **told)
        return await connect_superops(
            self.database, self.process, self.organisation_id, given=given
        )

    async def sync(self, *, source: Source | None = None, **wish: Any) -> Json:
        """A run from its request to where it ends or waits."""
        return await self.goes_on(await self.asked(**wish), source=source)

    async def asked(self, *, mode: str = "delta", **wish: Any) -> str:
        body = {"sources": ["superops"], "mode": mode, **wish}
        answer = await self.api.finance.post("/v1/syncs", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def goes_on(self, sync_id: str, *, source: Source | None = None) -> Json:
        await time_passes(self.database)
        await self.database.as_owner("DELETE FROM provider_limits")
        await work_off(self.process, source or SuperOpsSource())
        return await self.seen(sync_id)

    async def seen(self, sync_id: str) -> Json:
        sync = (await self.api.viewer.get(f"/v1/syncs/{sync_id}")).json()
        run: Json = sync["runs"][0]
        return run

    async def rows(self, sql: str, *arguments: Any) -> list[Json]:
        return [dict(row) for row in await self.database.as_owner(sql, *arguments)]

    async def one(self, sql: str, *arguments: Any) -> Any:
        """The only value of the only row."""
        [row] = await self.rows(sql, *arguments)
        [value] = row.values()
        return value

    async def control(self, path: str, body: Any) -> Any:
        """The practice ground's own door."""
        url = f"{self.host.removesuffix('/superops')}/_sandbox/superops{path}"
        answer = await self.process.http.post(url, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def mutate(self, *changes: Json) -> list[str]:
        done: list[str] = (await self.control("/mutate", list(changes)))["ids"]
        return done

    async def breaks(self, how: str, operation: str = "*", **more: Any) -> None:
        await self.control("/break", {"how": how, "operation": operation, **more})

    def watched(self, operation: str = "getInvoice") -> Mishap:
        """One that never comes about, and that counts how often SuperOps is asked from now on."""
        watching = Mishap("internal", operation, after=10**9)
        self.there.mishaps._all.insert(0, watching)
        return watching

    async def is_mended(self) -> None:
        await self.control("/break", {"mend": True})

    async def add(self, **fields: Any) -> str:
        """An invoice like the first one, unless told otherwise; its id."""
        [source_id] = await self.mutate({"do": "add", "kind": "invoice", "fields": fields})
        return source_id

    async def change(self, source_id: str, *, kind: str = "invoice", **fields: Any) -> None:
        await self.mutate({"do": "change", "kind": kind, "id": source_id, "fields": fields})

    async def remove(self, *source_ids: str, kind: str = "invoice") -> None:
        await self.mutate(*({"do": "remove", "kind": kind, "id": one} for one in source_ids))

    def items(self, source_id: str) -> list[Json]:
        """Its lines as they are over there, free of their way back to the invoice."""
        lines: list[Json] = self.there.home.invoices.get(source_id)["items"]
        return [{name: line[name] for name in line if name != "invoice"} for line in lines]

    async def kept(self, source_id: str) -> Json:
        [row] = await self.rows("SELECT * FROM invoices WHERE source_id = $1", source_id)
        return row

    async def lines(self, source_id: str) -> list[Json]:
        return await self.rows(
            "SELECT l.* FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id "
            "WHERE i.source_id = $1 ORDER BY position",
            source_id,
        )

    async def attention(self) -> tuple[str | None, str | None]:
        [row] = await self.rows("SELECT attention_code, attention FROM integrations")
        return row["attention_code"], row["attention"]

    def ids(self, kind: str = "invoices") -> list[str]:
        """As SuperOps has them, those that cannot be read among them."""
        return list(getattr(self.there.home, kind))


def steps_of(run: Json) -> dict[str, Json]:
    return {step["name"]: step for step in run["steps"]}
