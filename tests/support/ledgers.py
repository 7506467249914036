"""An organisation's books and invoices, put straight into the tables."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.support.clock import LONG_AGO, NOW
from tests.support.databases import Database

from billingone_api.kit.ids import new_id


@dataclass(frozen=True)
class Ledgers:
    """What a sync of Xero or SuperOps would have left behind."""

    database: Database
    organisation_id: UUID

    async def ledger(self, source: str, *, is_current: bool = True, **more: Any) -> UUID:
        return await self._insert(
            "ledgers",
            source=source,
            source_id=str(more.pop("source_id", new_id())),
            is_current=is_current,
            **({"opened_at": LONG_AGO} | more),
        )

    async def invoice(self, ledger_id: UUID, source: str, number: str, **facts: Any) -> UUID:
        """AUD 110.00, approved and wholly due unless said otherwise."""
        row: dict[str, Any] = {
            "ledger_id": ledger_id,
            "source": source,
            "source_id": str(new_id()),
            "number": number,
            "state": "approved",
            "issued_on": date(2026, 11, 1),
            "currency": "AUD",
            "total": Decimal("110.00"),
            "amount_due": Decimal("110.00"),
        }
        return await self._insert("invoices", **(row | facts))

    async def client(self, name: str, **more: Any) -> UUID:
        id_ = new_id()
        row = {"organisation_id": self.organisation_id, "id": id_, "name": name, "active": True}
        await self.database.insert("clients", **(row | more))
        return id_

    async def _insert(self, table: str, **row: Any) -> UUID:
        id_ = new_id()
        dated = {"first_seen_at": NOW, "changed_at": NOW}
        owned = {"organisation_id": self.organisation_id, "id": id_}
        await self.database.insert(table, **(owned | dated | row))
        return id_
