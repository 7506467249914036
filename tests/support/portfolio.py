"""Subscriptions as a sync would have left them, for tests of what is reckoned from them."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.support.clock import NOW
from tests.support.databases import Database

from billingone_api.database.tables.subscriptions import subscriptions
from billingone_api.kit.ids import new_id

PLAIN: Mapping[str, Any] = {
    "source": "pax8",
    "source_status": "Active",
    "company_id": "company-1",
    "product_id": "product-1",
    "quantity": 1,
    "price": None,
    "partner_cost": None,
    "currency": "AUD",
    "billing_term": "Monthly",
    "starts_on": None,
    "ends_on": None,
    "gone_at": None,
    "client_id": None,
    "usage_billed": None,
    "first_seen_at": NOW,
    "changed_at": NOW,
}


def subscription(**facts: Any) -> dict[str, Any]:
    """A row of `subscriptions`, but for its organisation; what is not said is plain."""
    made = new_id()
    unknown = facts.keys() - PLAIN.keys() - {"id", "source_id"}
    assert not unknown, unknown
    return {"id": made, "source_id": str(made), **PLAIN, **facts}


async def replace_all(
    connection: AsyncConnection, organisation_id: UUID, rows: Iterable[Mapping[str, Any]]
) -> None:
    """The organisation's subscriptions are these and no others."""
    await connection.execute(
        delete(subscriptions).where(subscriptions.c.organisation_id == organisation_id)
    )
    values = [{"organisation_id": organisation_id, **row} for row in rows]
    if values:
        await connection.execute(subscriptions.insert(), values)


async def connect_pax8(database: Database, organisation_id: UUID, **facts: Any) -> None:
    """As saved credentials and, with `last_success_at`, a sync would have left it."""
    plain = {
        "provider": "pax8",
        "connection_id": new_id(),
        "auth_mode": "client_credentials",
        "account": "client-1",
        "secret": b"sealed",
        "schedule_minutes": 60,
        "connected_by": "Farah Nair",
        "connected_at": NOW,
        "last_success_at": NOW,
    }
    await database.insert("integrations", organisation_id=organisation_id, **plain | facts)


async def add_run(database: Database, organisation_id: UUID, status: str, **facts: Any) -> None:
    """A sync of Pax8 that stands like that; `queued_at` puts several in order."""
    is_over = status in {"succeeded", "partial", "failed", "cancelled"}
    plain = {
        "id": new_id(),
        "source": "pax8",
        "mode": "delta",
        "connection_id": new_id(),
        "queued_at": NOW,
        "finished_at": NOW if is_over else None,
    }
    await database.insert(
        "sync_runs", organisation_id=organisation_id, status=status, **plain | facts
    )
