"""SuperOps on real sockets, and its connection as saving a token would write it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.server import serving

from billingone_api.billing.integrations.adapters.vault import CipherVault
from billingone_api.billing.integrations.models import SUPEROPS, ApiToken, Region
from billingone_api.kit.cipher import Secret
from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.sandbox.app import Sandbox

HOST = "https://superops.test"
SUBDOMAIN = "bluegumit"
TOKEN = "bluegum-superops-token"
HELPDESKS = "bluegum-superops-helpdesk"
EUROPES = ("bluegum-europe", "bluegum-superops-europe")


def superops_settings(host: str = HOST) -> dict[str, Any]:
    """Where SuperOps is; a sandbox's, or nobody's."""
    return {
        "superops_us_url": f"{host}/us/msp",
        "superops_eu_url": f"{host}/eu/msp",
        "superops_requests_per_minute": 60_000,
    }


@asynccontextmanager
async def superops_over_sockets(sandbox: Sandbox) -> AsyncIterator[str]:
    """The address of its SuperOps, while it is served."""
    async with serving(sandbox.app) as port:  # type: ignore[arg-type]  # any ASGI app will do
        yield f"http://127.0.0.1:{port}/superops"


def token(
    value: str = TOKEN,
    *,
    subdomain: str = SUBDOMAIN,
    region: Region = Region.US,
    currency: str = "AUD",
) -> ApiToken:
    return ApiToken(subdomain, region, Secret(value), currency)


async def connect_superops(
    database: Database,
    process: Process,
    organisation_id: UUID,
    *,
    given: ApiToken | None = None,
    **more: Any,
) -> UUID:
    """The id of the connection; `more` replaces columns."""
    credentials = given or token()
    known = {
        "organisation_id": organisation_id,
        "provider": SUPEROPS,
        "connection_id": new_id(),
        "auth_mode": "api_token",
        "account": credentials.subdomain,
        "secret": CipherVault(process.cipher, organisation_id).seal(SUPEROPS, credentials),
        "schedule_minutes": 24 * 60,
        "connected_by": "Farah Nair",
        "connected_at": NOW,
    }
    row = known | more
    await database.insert("integrations", **row)
    connection_id: UUID = row["connection_id"]
    return connection_id
