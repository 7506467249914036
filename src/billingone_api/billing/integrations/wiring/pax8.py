"""Pax8: saving and testing its credentials, and the door for whoever reads it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from billingone_api.billing.access.models import Caller
from billingone_api.billing.integrations import service
from billingone_api.billing.integrations.adapters.connections import PostgresConnections
from billingone_api.billing.integrations.adapters.pax8 import Pax8Trial, pax8_client
from billingone_api.billing.integrations.adapters.tokens import PostgresTokenStore
from billingone_api.billing.integrations.adapters.vault import CipherVault
from billingone_api.billing.integrations.models import (
    PAX8,
    ClientCredentials,
    Credentials,
    Failure,
)
from billingone_api.billing.integrations.wiring.common import (
    integrations,
    limiter_of,
    opened,
    vault_in,
)
from billingone_api.kit.events import Origin
from billingone_api.kit.http.limits import Unlimited
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.providers.pax8.client import Pax8Client
from billingone_api.request import Work


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
        Pax8Trial(process, limiter=limiter_of(process, organisation_id, PAX8, patience=2)),
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
        credentials=await opened(process, organisation_id, PAX8, connection_id, ClientCredentials),
        tokens=PostgresTokenStore(
            process, organisation_id=organisation_id, provider=PAX8, connection_id=connection_id
        ),
        limiter=limiter_of(process, organisation_id, PAX8),
        policy=RetryPolicy(jitter=process.jitter),
    )
