"""Which adapter stands behind each port of integrations, and the door for other areas."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends

from billingone_api.billing.access.models import Caller
from billingone_api.billing.integrations import service
from billingone_api.billing.integrations.adapters.apps import PostgresApps
from billingone_api.billing.integrations.adapters.connections import PostgresConnections
from billingone_api.billing.integrations.adapters.consent_tokens import ConsentTokens
from billingone_api.billing.integrations.adapters.limits import PostgresLimiter
from billingone_api.billing.integrations.adapters.overview import PostgresOverview
from billingone_api.billing.integrations.adapters.pax8 import Pax8Trial, pax8_client
from billingone_api.billing.integrations.adapters.postgres import PostgresIntegrations
from billingone_api.billing.integrations.adapters.slots import PostgresSlots
from billingone_api.billing.integrations.adapters.tokens import PostgresTokenStore
from billingone_api.billing.integrations.adapters.vault import CipherVault
from billingone_api.billing.integrations.adapters.xero import (
    DayReserve,
    Terms,
    app_with,
    identity_of,
    platform_app,
    xero_client,
)
from billingone_api.billing.integrations.models import (
    PAX8,
    XERO,
    ClientCredentials,
    ConnectionReplaced,
    Consented,
    Credentials,
    CredentialsUnreadable,
    Failure,
)
from billingone_api.billing.integrations.ports import Integrations, Vault
from billingone_api.kit.events import Origin
from billingone_api.kit.http.limits import Limiter, Unlimited
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.providers.errors import CredentialsRejected
from billingone_api.providers.pax8.client import Pax8Client
from billingone_api.providers.xero.client import XeroClient, XeroTenant
from billingone_api.providers.xero.consent import XeroApp
from billingone_api.providers.xero.errors import ClientRejected
from billingone_api.providers.xero.tokens import TokenSet
from billingone_api.request import TheProcess, Work

T = TypeVar("T", bound=Credentials)


async def overview(work: Work) -> PostgresOverview:
    return PostgresOverview(work)


async def integrations(work: Work, process: TheProcess) -> Integrations:
    return PostgresIntegrations(work, process.bell)


TheOverview = Annotated[PostgresOverview, Depends(overview)]
TheIntegrations = Annotated[Integrations, Depends(integrations)]


async def vault_in(work: Work, process: TheProcess) -> Vault:
    return CipherVault(process.cipher, work.organisation_id)


TheVault = Annotated[Vault, Depends(vault_in)]


async def connect_pax8(
    work: Work, process: Process, caller: Caller, credentials: Credentials, *, expected: int | None
) -> bool:
    """Whether it was not connected before."""
    return await service.connect(
        await integrations(work, process),
        await vault_in(work, process),
        service.Brought(credentials, by=caller.label, at=process.clock.now(), new_id=new_id()),
        provider=PAX8,
        expected=expected,
        tell=work.tell,
    )


async def try_pax8(
    process: Process, organisation_id: UUID, credentials: Credentials | None, *, origin: Origin
) -> Failure | None:
    """Of the credentials given, which changes nothing, or else of the saved ones."""
    if credentials is not None:
        failure = await Pax8Trial(process, limiter=Unlimited()).failure(credentials)
        async with process.work(organisation_id, origin=origin) as work:
            work.tell(service.tried(PAX8, failure, saved=False))
        return failure
    return await service.try_saved(
        PostgresConnections(process, organisation_id, origin=origin),
        CipherVault(process.cipher, organisation_id),
        # A person waits: whoever would have to wait longer is told so at once.
        Pax8Trial(process, limiter=_limiter(process, organisation_id, patience=2)),
        provider=PAX8,
        at=process.clock.now(),
    )


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
        credentials=await _opened(process, organisation_id, PAX8, connection_id, ClientCredentials),
        tokens=PostgresTokenStore(
            process, organisation_id=organisation_id, provider=PAX8, connection_id=connection_id
        ),
        limiter=_limiter(process, organisation_id),
        policy=RetryPolicy(jitter=process.jitter),
    )


@asynccontextmanager
async def xero_for(
    process: Process, organisation_id: UUID, connection_id: UUID
) -> AsyncIterator[XeroClient]:
    """The organisation of Xero that was chosen as this connection; its id is `tenant_id`.

    Raises ConnectionReplaced when another one or another consent was chosen since or none is left,
    here or when the client needs another token. A day's limit that is nearly used up raises
    ProviderRateLimited before it is hit.
    """
    consented = await _opened(process, organisation_id, XERO, connection_id, Consented)
    settings = process.settings
    limiter = DayReserve(_xero_limiter(process, organisation_id))
    tokens = _consent_tokens(process, organisation_id, consented.consent_id)
    client = xero_client(
        process,
        XeroTenant(consented.tenant_id, tokens),
        Terms(
            limiter,
            PostgresSlots(
                process,
                organisation_id=organisation_id,
                provider=XERO,
                count=settings.xero_concurrent_requests,
            ),
            RetryPolicy(jitter=process.jitter),
        ),
    )
    limiter.client = client
    yield client


def _consent_tokens(process: Process, organisation_id: UUID, consent_id: UUID) -> ConsentTokens:
    async def renew(client_id: str, held: TokenSet) -> TokenSet:
        app = await _app_of(process, organisation_id, client_id)
        return await identity_of(process, app).refresh(held)

    return ConsentTokens(
        process, organisation_id=organisation_id, consent_id=consent_id, renew=renew
    )


async def _app_of(process: Process, organisation_id: UUID, client_id: str) -> XeroApp:
    """The app a consent was given to, as it is configured today; raises ClientRejected."""
    async with process.work(organisation_id) as work:
        app = await _app_in(work, process)
    platform = platform_app(process.settings)
    for known in (app, platform):
        if known is not None and known.client_id == client_id:
            return known
    raise ClientRejected(
        "The app at Xero that this consent was given to is not configured here any more. "
        "Reconnect Xero.",
        provider=XERO,
    )


async def _app_in(work: Work, process: Process) -> XeroApp | None:
    """The organisation's own app; raises ClientRejected where it cannot be read."""
    try:
        own = await PostgresApps(work, process.cipher).find()
    except CredentialsUnreadable as error:
        raise ClientRejected(str(error), provider=XERO) from error
    if own is None:
        return None
    return app_with(process.settings, own.client_id, own.client_secret)


async def _opened(
    process: Process, organisation_id: UUID, provider: str, connection_id: UUID, kind: type[T]
) -> T:
    connection = await PostgresConnections(process, organisation_id).load(provider)
    if connection is None or connection.id != connection_id:
        raise ConnectionReplaced(provider)
    try:
        opened = CipherVault(process.cipher, organisation_id).open(provider, connection.sealed)
    except CredentialsUnreadable as error:
        raise CredentialsRejected(str(error), provider=provider) from error
    if not isinstance(opened, kind):
        raise ConnectionReplaced(provider)
    return opened


def _limiter(process: Process, organisation_id: UUID, *, patience: float = 60) -> Limiter:
    return PostgresLimiter(
        process,
        organisation_id=organisation_id,
        provider=PAX8,
        requests_per_second=process.settings.pax8_requests_per_second,
        patience=patience,
    )


def _xero_limiter(process: Process, organisation_id: UUID, *, patience: float = 60) -> Limiter:
    return PostgresLimiter(
        process,
        organisation_id=organisation_id,
        provider=XERO,
        requests_per_second=process.settings.xero_requests_per_minute / 60,
        patience=patience,
    )
