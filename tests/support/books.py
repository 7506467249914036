"""An organisation's Pax8 companies, subscriptions and rates, put straight into the tables."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.support.clock import NOW
from tests.support.databases import Database

from billingone_api.kit.ids import new_id


@dataclass(frozen=True)
class Books:
    """What a sync would have left behind."""

    database: Database
    organisation_id: UUID

    async def connected(self, *, last_success_at: datetime | None = NOW) -> None:
        """Pax8 is connected, and has been synced unless `last_success_at` is None."""
        await self.database.insert(
            "integrations",
            organisation_id=self.organisation_id,
            provider="pax8",
            connection_id=new_id(),
            auth_mode="client_credentials",
            account="client-1",
            secret=b"sealed",
            connected_by="Farah Nair",
            connected_at=NOW,
            last_success_at=last_success_at,
        )

    async def synced(self, *, at: datetime) -> None:
        """A run came through then; the connection of that time may be gone."""
        await self.database.insert(
            "sync_runs",
            organisation_id=self.organisation_id,
            id=new_id(),
            source="pax8",
            mode="full",
            connection_id=new_id(),
            status="succeeded",
            queued_at=at,
            started_at=at,
            finished_at=at,
        )

    async def company(self, source_id: str, name: str, **more: Any) -> str:
        await self.database.insert(
            "pax8_companies",
            organisation_id=self.organisation_id,
            source_id=source_id,
            name=name,
            **({"first_seen_at": NOW, "changed_at": NOW} | more),
        )
        return source_id

    async def contact(self, company_id: str, email: str) -> None:
        """Somebody of a company of Pax8's."""
        await self.database.insert(
            "pax8_contacts",
            organisation_id=self.organisation_id,
            company_id=company_id,
            source_id=email,
            email=email,
            first_seen_at=NOW,
            changed_at=NOW,
        )

    async def subscription(self, company_id: str | None, **facts: Any) -> UUID:
        """Active, monthly, one of AUD 10.00 unless said otherwise; nobody's until it is moved."""
        id_ = new_id()
        row: dict[str, Any] = {
            "organisation_id": self.organisation_id,
            "id": id_,
            "source": "pax8",
            "source_id": str(id_),
            "company_id": company_id,
            "source_status": "Active",
            "quantity": Decimal(1),
            "price": Decimal("10.00"),
            "currency": "AUD",
            "billing_term": "Monthly",
            "first_seen_at": NOW,
            "changed_at": NOW,
        }
        await self.database.insert("subscriptions", **(row | facts))
        return id_

    async def rate(self, currency: str, rate: str, *, to: str = "AUD", on: date) -> None:
        await self.database.insert(
            "exchange_rates",
            organisation_id=self.organisation_id,
            currency=currency,
            reporting_currency=to,
            valid_on=on,
            rate=Decimal(rate),
            entered_by="Farah Nair",
        )

    async def whose(self, subscription_id: UUID) -> tuple[UUID | None, str, int]:
        """The subscription's client, its label and its version."""
        (row,) = await self.database.as_owner(
            "SELECT client_id, client_label, version FROM subscriptions WHERE id = $1",
            subscription_id,
        )
        return row["client_id"], row["client_label"], row["version"]

    async def versions(self, subscription_id: UUID) -> list[tuple[int, UUID | None, datetime]]:
        rows = await self.database.as_owner(
            "SELECT version, client_id, seen_at FROM subscription_versions "
            "WHERE subscription_id = $1 ORDER BY version",
            subscription_id,
        )
        return [(row["version"], row["client_id"], row["seen_at"]) for row in rows]
