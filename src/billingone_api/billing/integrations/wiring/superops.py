"""SuperOps: saving and testing its token, and the door for whoever reads it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from billingone_api.billing.access.models import Caller
from billingone_api.billing.integrations import service
from billingone_api.billing.integrations.adapters.connections import PostgresConnections
from billingone_api.billing.integrations.adapters.superops import (
    SuperOpsTrial,
    subdomain_of,
    superops_client,
)
from billingone_api.billing.integrations.adapters.vault import CipherVault
from billingone_api.billing.integrations.errors import TokenNeeded
from billingone_api.billing.integrations.models import (
    SUPEROPS,
    ApiToken,
    Connection,
    Credentials,
    CredentialsUnreadable,
    Tested,
    ToldToken,
)
from billingone_api.billing.integrations.ports import Vault
from billingone_api.billing.integrations.wiring.common import (
    integrations,
    limiter_of,
    opened,
    vault_in,
)
from billingone_api.kit.errors import Pointer, ValidationFailed
from billingone_api.kit.events import Origin
from billingone_api.kit.http.limits import Limiter, Unlimited
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.providers.superops.client import SuperOpsClient
from billingone_api.request import Work


@dataclass(frozen=True, slots=True)
class SuperOpsDoor:
    """SuperOps, open for reading: what it invoices in is the connection's to say."""

    client: SuperOpsClient
    subdomain: str
    currency: str


async def connect_superops(
    work: Work, process: Process, caller: Caller, told: ToldToken, *, expected: int | None
) -> bool:
    """Whether it was not connected before; raises ValidationFailed, TokenNeeded."""
    kept, vault = await integrations(work, process), await vault_in(work, process)
    credentials = _completed(told, vault, await kept.locked(SUPEROPS))
    return await service.connect(
        kept,
        vault,
        service.Brought(credentials, by=caller.label, at=process.clock.now(), new_id=new_id()),
        provider=SUPEROPS,
        expected=expected,
        tell=work.tell,
    )


async def try_superops(
    process: Process, organisation_id: UUID, told: ToldToken | None, *, origin: Origin
) -> Tested:
    """Of what is told, which changes nothing, or else of what is saved."""
    connections = PostgresConnections(process, organisation_id, origin=origin)
    vault = CipherVault(process.cipher, organisation_id)
    if told is not None:
        credentials = _completed(told, vault, await connections.load(SUPEROPS))
        trial = _trial(process, Unlimited())
        failure = await trial.failure(credentials)
        async with process.work(organisation_id, origin=origin) as work:
            work.tell(service.tried(SUPEROPS, failure, saved=False))
        return Tested(failure, trial.missing)
    # A person waits: whoever would have to wait longer is told so at once.
    trial = _trial(process, limiter_of(process, organisation_id, SUPEROPS, patience=2))
    at = process.clock.now()
    failure = await service.try_saved(connections, vault, trial, provider=SUPEROPS, at=at)
    return Tested(failure, trial.missing)


@asynccontextmanager
async def superops_for(
    process: Process, organisation_id: UUID, connection_id: UUID
) -> AsyncIterator[SuperOpsDoor]:
    """SuperOps with the token that was saved as this connection.

    Raises ConnectionReplaced when another was saved since or none is left; CredentialsRejected
    when it cannot be opened any more.
    """
    token = await opened(process, organisation_id, SUPEROPS, connection_id, ApiToken)
    limiter = limiter_of(process, organisation_id, SUPEROPS)
    policy = RetryPolicy(jitter=process.jitter)
    client = superops_client(process, token, limiter=limiter, policy=policy)
    yield SuperOpsDoor(client, token.subdomain, token.currency)


def _trial(process: Process, limiter: Limiter) -> SuperOpsTrial:
    policy = RetryPolicy(attempts=2, first_wait_when_limited=1, patience=2, jitter=process.jitter)
    return SuperOpsTrial(
        lambda token: superops_client(process, token, limiter=limiter, policy=policy)
    )


def _completed(told: ToldToken, vault: Vault, known: Connection | None) -> ApiToken:
    try:
        subdomain = subdomain_of(told.subdomain)
    except ValueError as error:
        pointer = Pointer("body", "/credentials/subdomain", "value_error", str(error))
        raise ValidationFailed("This is no subdomain of SuperOps.", errors=[pointer]) from error
    if told.token is not None:
        return ApiToken(subdomain, told.region, told.token, told.currency)
    saved = _saved(vault, known)
    if not isinstance(saved, ApiToken) or (saved.subdomain, saved.region) != (
        subdomain,
        told.region,
    ):
        raise TokenNeeded
    return ApiToken(subdomain, told.region, saved.token, told.currency)


def _saved(vault: Vault, known: Connection | None) -> Credentials | None:
    try:
        return None if known is None else vault.open(SUPEROPS, known.sealed)
    except CredentialsUnreadable:
        return None
