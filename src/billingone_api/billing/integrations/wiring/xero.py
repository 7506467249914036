"""Xero: the test of its connection, and the door for whoever reads it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from billingone_api.billing.integrations import service
from billingone_api.billing.integrations.adapters.connections import PostgresConnections
from billingone_api.billing.integrations.adapters.consent_tokens import ConsentTokens
from billingone_api.billing.integrations.adapters.slots import PostgresSlots
from billingone_api.billing.integrations.adapters.vault import CipherVault
from billingone_api.billing.integrations.adapters.xero import (
    DayReserve,
    Terms,
    XeroTrial,
    identity_of,
    xero_client,
)
from billingone_api.billing.integrations.models import XERO, Consented, Failure
from billingone_api.billing.integrations.wiring.apps import app_of
from billingone_api.billing.integrations.wiring.common import limiter_of, opened
from billingone_api.kit.events import Origin
from billingone_api.kit.http.limits import Unlimited
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.process import Process
from billingone_api.providers.xero.client import XeroClient, XeroTenant
from billingone_api.providers.xero.identity import XeroIdentity
from billingone_api.providers.xero.tokens import TokenSet


async def try_xero(process: Process, organisation_id: UUID, *, origin: Origin) -> Failure | None:
    """Of what is saved. A person waits: no turn further off than two seconds is waited for."""
    terms = Terms(
        limiter_of(process, organisation_id, XERO, patience=2),
        # Syncs leave one of Xero's five.
        Unlimited(),
        RetryPolicy(attempts=2, first_wait_when_limited=1, patience=2, jitter=process.jitter),
    )

    def client_of(consented: Consented) -> XeroClient:
        tokens = tokens_of(process, organisation_id, consented.consent_id)
        return xero_client(process, XeroTenant(consented.tenant_id, tokens), terms)

    return await service.try_saved(
        PostgresConnections(process, organisation_id, origin=origin),
        CipherVault(process.cipher, organisation_id),
        XeroTrial(client_of),
        provider=XERO,
        at=process.clock.now(),
    )


@asynccontextmanager
async def xero_for(
    process: Process, organisation_id: UUID, connection_id: UUID
) -> AsyncIterator[XeroClient]:
    """The organisation of Xero that was chosen as this connection.

    Raises ConnectionReplaced when another one or another consent was chosen since or none is left,
    here or when the client needs another token. A day's limit that is nearly used up raises
    ProviderRateLimited before it is hit.
    """
    consented = await opened(process, organisation_id, XERO, connection_id, Consented)
    slots = PostgresSlots(
        process,
        organisation_id=organisation_id,
        provider=XERO,
        count=process.settings.xero_concurrent_requests,
    )
    tenant = XeroTenant(
        consented.tenant_id, tokens_of(process, organisation_id, consented.consent_id)
    )
    limiter = DayReserve(limiter_of(process, organisation_id, XERO), tenant.limits)
    terms = Terms(limiter, slots, RetryPolicy(jitter=process.jitter))
    yield xero_client(process, tenant, terms)


def tokens_of(process: Process, organisation_id: UUID, consent_id: UUID) -> ConsentTokens:
    async def renew(client_id: str, held: TokenSet) -> TokenSet:
        return await (await identity_for(process, organisation_id, client_id)).refresh(held)

    return ConsentTokens(
        process, organisation_id=organisation_id, consent_id=consent_id, renew=renew
    )


async def identity_for(process: Process, organisation_id: UUID, client_id: str) -> XeroIdentity:
    """In the name of the app a consent was given to; raises ClientRejected."""
    async with process.work(organisation_id) as work:
        app = await app_of(work, process, client_id)
    return identity_of(process, app)
