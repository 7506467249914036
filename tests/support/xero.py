"""Xero connected, without going through the API: the rows as a consent and a choice leave them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.server import serving

from billingone_api.billing.integrations.adapters.consent_tokens import seal_tokens
from billingone_api.billing.integrations.adapters.vault import CipherVault
from billingone_api.billing.integrations.adapters.xero import (
    endpoints,
    identity_of,
    platform_app,
)
from billingone_api.billing.integrations.models import XERO, Consented
from billingone_api.kit.cipher import Secret
from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.providers.xero.consent import authorise_url, new_verifier
from billingone_api.providers.xero.scopes import GRANULAR
from billingone_api.providers.xero.tokens import TokenSet
from billingone_api.sandbox.xero.apps import PLATFORM, REDIRECT_URIS
from billingone_api.sandbox.xero.webhooks import SIGNING_KEY

TENANT = "e5fcb15b-77b7-49f4-9e92-7c1e0ba8e6a4"
XERO_CONNECTION = "7cb59f93-2964-421d-bb5e-a0f7a4572a44"
BOOKS = "Bluegum IT Pty Ltd"
HOST = "https://xero.test"


def xero_settings(host: str = HOST) -> dict[str, Any]:
    """Where Xero is, and the operator's app there; of a sandbox's, or of nobody's."""
    return {
        "xero_authorise_url": f"{host}/identity/connect/authorize",
        "xero_token_url": f"{host}/connect/token",
        "xero_connections_url": f"{host}/connections",
        "xero_api_url": f"{host}/api.xro/2.0",
        "xero_client_id": PLATFORM[0],
        "xero_client_secret": PLATFORM[1],
        "xero_redirect_uri": REDIRECT_URIS[0],
        "xero_webhook_key": SIGNING_KEY,
        "xero_requests_per_minute": 60_000,
    }


@asynccontextmanager
async def xero_over_sockets(app: Any) -> AsyncIterator[str]:
    """The address of the Xero in a sandbox, or in what stands around one, while it is served."""
    async with serving(app) as port:
        yield f"http://127.0.0.1:{port}/xero"


def token_set(
    access: str = "access-1",
    refresh: str | None = "refresh-1",
    *,
    expires_at: datetime = NOW,
    scopes: tuple[str, ...] = GRANULAR,
) -> TokenSet:
    kept = Secret(refresh) if refresh else None
    return TokenSet(Secret(access), expires_at, kept, frozenset(scopes), None)


async def consent_given(process: Process) -> TokenSet:
    """A person says yes at the address the process knows, and the code is exchanged."""
    app = platform_app(process.settings)
    assert app is not None
    verifier = new_verifier()
    where = endpoints(process.settings)
    url = authorise_url(app, endpoints=where, state="state", verifier=verifier)
    return await identity_of(process, app).exchange(
        (await sent_back(url))["code"], verifier=verifier
    )


async def sent_back(url: str) -> dict[str, str]:
    """What Xero's page adds to the address of the web app, once somebody has answered there."""
    async with httpx.AsyncClient(follow_redirects=False) as browser:
        answer = await browser.get(url)
    assert answer.status_code == 302, answer.text
    return {
        name: value
        for name, [value] in parse_qs(urlsplit(answer.headers["Location"]).query).items()
    }


async def connect_xero(
    database: Database,
    process: Process,
    organisation_id: UUID,
    *,
    tokens: TokenSet | None = None,
    tenant_id: str = TENANT,
    xero_connection_id: str = XERO_CONNECTION,
    client_id: str = PLATFORM[0],
    **more: Any,
) -> UUID:
    """The id of the connection; `more` replaces columns of the integration."""
    kept, consent_id = tokens or token_set(), new_id()
    await database.insert(
        "xero_consents",
        organisation_id=organisation_id,
        id=consent_id,
        client_id=client_id,
        tokens=seal_tokens(
            process.cipher, kept, organisation_id=organisation_id, consent_id=consent_id
        ),
        expires_at=kept.expires_at,
        scope=" ".join(sorted(kept.scopes)),
        given_by="Farah Nair",
        given_at=NOW,
    )
    await database.insert(
        "xero_tenants",
        organisation_id=organisation_id,
        consent_id=consent_id,
        tenant_id=tenant_id,
        connection_id=xero_connection_id,
        name=BOOKS,
    )
    await database.insert(
        "webhook_routes", provider=XERO, tenant_id=tenant_id, organisation_id=organisation_id
    )
    chosen = Consented(consent_id, tenant_id, xero_connection_id, BOOKS)
    known = {
        "organisation_id": organisation_id,
        "provider": XERO,
        "connection_id": new_id(),
        "auth_mode": "authorization_code",
        "account": BOOKS,
        "secret": CipherVault(process.cipher, organisation_id).seal(XERO, chosen),
        "schedule_minutes": 15,
        "connected_by": "Farah Nair",
        "connected_at": NOW,
    }
    row = known | more
    await database.insert("integrations", **row)
    connection_id: UUID = row["connection_id"]
    return connection_id
