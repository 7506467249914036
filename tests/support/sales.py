"""An organisation's books of Xero and SuperOps, put straight into the tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.support.clock import LONG_AGO, NOW
from tests.support.databases import Database

from billingone_api.kit.ids import new_id

FACTS = (
    "number", "reference", "contact_id", "contact_name", "source_status", "state", "issued_on",
    "due_on", "fully_paid_on", "currency", "currency_rate", "subtotal", "tax", "total",
    "amount_due", "amount_paid", "amount_credited", "gone_at", "client_id",
)  # fmt: skip
"""Written out once more: what makes a version, by the tables."""


@dataclass
class SalesBooks:
    """What syncs would have left behind."""

    database: Database
    organisation_id: UUID
    ledgers: dict[str, UUID] = field(default_factory=dict)

    async def open(
        self, source: str = "xero", *, source_id: str | None = None, is_current: bool = True
    ) -> UUID:
        """Books that are read, with a short code where Xero gives one."""
        made = new_id()
        await self.database.insert(
            "ledgers",
            organisation_id=self.organisation_id,
            id=made,
            source=source,
            source_id=source_id or f"{source}-tenant",
            name="Bluegum IT",
            short_code="!9kQx2" if source == "xero" else None,
            base_currency="AUD",
            is_current=is_current,
            opened_at=LONG_AGO,
            first_seen_at=NOW,
            changed_at=NOW,
        )
        if is_current:
            self.ledgers[source] = made
        return made

    async def opened(self, at: datetime) -> None:
        """All books were chosen at that instant."""
        await self.database.as_owner("UPDATE ledgers SET opened_at = $1", at)

    async def connected(
        self, source: str = "xero", *, last_success_at: datetime | None = NOW
    ) -> None:
        await self.database.insert(
            "integrations",
            organisation_id=self.organisation_id,
            provider=source,
            connection_id=new_id(),
            auth_mode="oauth",
            account="Bluegum IT",
            secret=b"sealed",
            schedule_minutes=15,
            connected_by="Farah Nair",
            connected_at=NOW,
            last_success_at=last_success_at,
        )

    async def run(self, source: str, status: str, *, at: datetime = NOW) -> None:
        is_over = status in {"succeeded", "partial", "failed", "cancelled"}
        await self.database.insert(
            "sync_runs",
            organisation_id=self.organisation_id,
            id=new_id(),
            source=source,
            mode="delta",
            connection_id=new_id(),
            status=status,
            queued_at=at,
            finished_at=at if is_over else None,
        )

    def row(self, source: str = "xero", **facts: Any) -> dict[str, Any]:
        """AUD 110.00 approved, all of it due in a week, unless said otherwise."""
        made = facts.get("id") or new_id()
        total = facts.get("total", Decimal("110.00"))
        return {
            "organisation_id": self.organisation_id,
            "id": made,
            "source": source,
            "ledger_id": self.ledgers[source],
            "source_id": str(made),
            "number": f"INV-{str(made)[-4:]}",
            "contact_id": "contact-1",
            "contact_name": "Harbour Dental Pty Ltd",
            "source_status": "AUTHORISED",
            "state": "approved",
            "issued_on": date(2026, 11, 10),
            "due_on": date(2026, 12, 1),
            "currency": "AUD",
            "total": total,
            "amount_due": total,
            "client_label": "Harbour Dental Pty Ltd",
            "first_seen_at": NOW,
            "changed_at": NOW,
        } | facts

    async def invoice(self, source: str = "xero", **facts: Any) -> UUID:
        """With its first version, as a sync writes both."""
        row = self.row(source, **facts)
        await self.database.insert("invoices", **row)
        await self.database.insert(
            "invoice_versions",
            organisation_id=self.organisation_id,
            invoice_id=row["id"],
            version=1,
            seen_at=row["changed_at"],
            **{name: row.get(name) for name in FACTS},
        )
        made: UUID = row["id"]
        return made

    async def twin(self, of: UUID, *, by: str = "exact", **facts: Any) -> UUID:
        """The same invoice in SuperOps."""
        plain = {"source_status": "APPROVED", "twin_id": of, "twin_by": by}
        return await self.invoice("superops", **plain | facts)

    async def payment(self, **facts: Any) -> UUID:
        made = new_id()
        row: dict[str, Any] = {
            "organisation_id": self.organisation_id,
            "id": made,
            "source": "xero",
            "ledger_id": self.ledgers["xero"],
            "source_id": str(made),
            "source_status": "AUTHORISED",
            "is_deleted": False,
            "is_refund": False,
            "paid_on": date(2026, 11, 12),
            "currency": "AUD",
            "amount": Decimal("10.00"),
            "first_seen_at": NOW,
            "changed_at": NOW,
        }
        await self.database.insert("payments", **(row | facts))
        return made

    async def line(self, invoice_id: UUID, position: int, **facts: Any) -> None:
        await self.database.insert(
            "invoice_lines",
            organisation_id=self.organisation_id,
            invoice_id=invoice_id,
            position=position,
            **facts,
        )

    async def credit(self, invoice_source_id: str, amount: str, **facts: Any) -> UUID:
        """A credit note that was set against an invoice."""
        made = new_id()
        allocation = {
            name: facts.pop(name) for name in ("allocated_on", "is_deleted") if name in facts
        }
        await self.database.insert(
            "client_credits",
            organisation_id=self.organisation_id,
            id=made,
            source="xero",
            source_id=str(made),
            **{
                "ledger_id": self.ledgers["xero"],
                "kind": "credit_note",
                "number": "CN-1",
                "source_status": "PAID",
                "state": "paid",
                "currency": "AUD",
                "first_seen_at": NOW,
                "changed_at": NOW,
            }
            | facts,
        )
        await self.database.insert(
            "credit_allocations",
            organisation_id=self.organisation_id,
            credit_id=made,
            position=1,
            invoice_source_id=invoice_source_id,
            amount=Decimal(amount),
            **allocation,
        )
        return made

    async def account(self, source_id: str, **facts: Any) -> None:
        plain = {
            "code": "200",
            "name": "Managed services",
            "type": "REVENUE",
            "class": "REVENUE",
            "source_status": "ACTIVE",
            "first_seen_at": NOW,
            "changed_at": NOW,
        }
        await self.database.insert(
            "accounts",
            organisation_id=self.organisation_id,
            ledger_id=self.ledgers["xero"],
            source_id=source_id,
            **plain | facts,
        )

    async def client(self, name: str, *, active: bool = True) -> UUID:
        made = new_id()
        await self.database.insert(
            "clients",
            organisation_id=self.organisation_id,
            id=made,
            name=name,
            active=active,
        )
        return made

    async def link(self, contact_id: str, client_id: UUID | None, source: str = "xero") -> None:
        await self.database.insert(
            "client_links",
            organisation_id=self.organisation_id,
            source=source,
            source_id=contact_id,
            client_id=client_id,
            origin="manual",
        )

    async def kept(self, invoice_id: UUID, *names: str) -> tuple[Any, ...]:
        """What stands in the row."""
        (row,) = await self.database.as_owner("SELECT * FROM invoices WHERE id = $1", invoice_id)
        return tuple(row[name] for name in names)

    async def versions(self, invoice_id: UUID) -> Sequence[tuple[int, UUID | None]]:
        rows = await self.database.as_owner(
            "SELECT version, client_id FROM invoice_versions WHERE invoice_id = $1 ORDER BY 1",
            invoice_id,
        )
        return [(row["version"], row["client_id"]) for row in rows]
