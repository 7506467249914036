"""Which adapter stands behind each port of integrations, and the door for other areas."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from billingone_api.billing.integrations.adapters.connections import PostgresConnections
from billingone_api.billing.integrations.adapters.limits import PostgresLimiter
from billingone_api.billing.integrations.adapters.tokens import PostgresTokenStore
from billingone_api.billing.integrations.adapters.vault import CipherVault
from billingone_api.billing.integrations.models import (
    PAX8,
    ConnectionReplaced,
    Credentials,
    CredentialsUnreadable,
)
from billingone_api.kit.http.limits import Limiter
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.process import Process
from billingone_api.providers.errors import CredentialsRejected
from billingone_api.providers.pax8.client import Pax8Client
from billingone_api.providers.pax8.tokens import ClientCredentials, Pax8Credentials, Pax8Endpoints
from billingone_api.providers.tokens import TokenStore


@asynccontextmanager
async def pax8_for(
    process: Process, organisation_id: UUID, connection_id: UUID
) -> AsyncIterator[Pax8Client]:
    """Pax8 with the credentials that were saved as this connection.

    Raises ConnectionReplaced when others were saved since or none are left, here or when the
    client needs another token; CredentialsRejected when they cannot be opened any more.
    """
    yield pax8_client(
        process,
        credentials=await _opened(process, organisation_id, connection_id),
        tokens=PostgresTokenStore(
            process, organisation_id=organisation_id, provider=PAX8, connection_id=connection_id
        ),
        limiter=pax8_limiter(process, organisation_id),
        policy=RetryPolicy(jitter=process.jitter),
    )


async def _opened(process: Process, organisation_id: UUID, connection_id: UUID) -> Credentials:
    connection = await PostgresConnections(process, organisation_id).load(PAX8)
    if connection is None or connection.id != connection_id:
        raise ConnectionReplaced(PAX8)
    try:
        return CipherVault(process.cipher, organisation_id).open(PAX8, connection.sealed)
    except CredentialsUnreadable as error:
        raise CredentialsRejected(str(error), provider=PAX8) from error


def pax8_limiter(process: Process, organisation_id: UUID) -> Limiter:
    return PostgresLimiter(
        process,
        organisation_id=organisation_id,
        provider=PAX8,
        requests_per_second=process.settings.pax8_requests_per_second,
    )


def pax8_client(
    process: Process,
    *,
    credentials: Credentials,
    tokens: TokenStore,
    limiter: Limiter,
    policy: RetryPolicy,
) -> Pax8Client:
    settings = process.settings
    return Pax8Client(
        http=process.http,
        endpoints=Pax8Endpoints(
            api_url=settings.pax8_api_url,
            token_url=settings.pax8_token_url,
            audience=settings.pax8_audience,
        ),
        credentials=_pax8s(credentials),
        tokens=tokens,
        limiter=limiter,
        clock=process.clock,
        sleep=process.sleep,
        policy=policy,
    )


def _pax8s(credentials: Credentials) -> Pax8Credentials:
    return ClientCredentials(credentials.client_id, credentials.client_secret)
