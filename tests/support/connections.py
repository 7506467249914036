"""Pax8 connected, without going through the API: the row as saving credentials would write it."""

from typing import Any
from uuid import UUID

from tests.support.clock import NOW
from tests.support.databases import Database

from billingone_api.billing.integrations.adapters.vault import CipherVault
from billingone_api.billing.integrations.models import PAX8, ClientCredentials
from billingone_api.kit.cipher import Secret
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

CLIENT_ID = "kH3xample0ClientId"
CLIENT_SECRET = "planted-s3cr3t-0f-pax8"
API = "https://pax8.test/v1"
TOKEN_URL = "https://pax8.test/v1/token"


async def connect_pax8(
    database: Database, process: Process, organisation_id: UUID, **more: Any
) -> UUID:
    """The id of the connection; `more` replaces columns."""
    credentials = ClientCredentials(CLIENT_ID, Secret(CLIENT_SECRET))
    known = {
        "organisation_id": organisation_id,
        "provider": PAX8,
        "connection_id": new_id(),
        "auth_mode": "client_credentials",
        "account": CLIENT_ID,
        "secret": CipherVault(process.cipher, organisation_id).seal(PAX8, credentials),
        "schedule_minutes": 60,
        "connected_by": "Farah Nair",
        "connected_at": NOW,
    }
    row = known | more
    await database.insert("integrations", **row)
    connection_id: UUID = row["connection_id"]
    return connection_id
