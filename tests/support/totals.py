"""What is kept of clients' subscriptions: looked at, or reckoned where a test wrote the rows."""

from typing import Any
from uuid import UUID

from tests.support.databases import Database

from billingone_api.billing.definitions.adapters.totals import RECKON

_KEPT = (
    "SELECT client_id, currency, since::text, subscriptions, by_year, by_month FROM client_totals"
    " WHERE organisation_id = $1 ORDER BY client_id, currency, since"
)


async def kept(database: Database, organisation_id: UUID) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await database.as_owner(_KEPT, organisation_id)]


async def reckon(database: Database, organisation_id: UUID) -> None:
    """Of all clients."""
    rows = await database.as_owner(
        "SELECT id FROM clients WHERE organisation_id = $1", organisation_id
    )
    values = {"organisation_id": organisation_id, "client_ids": [row["id"] for row in rows]}
    await database.as_owner(RECKON.sql, *RECKON.arguments(values))
