"""What every provider's wiring shares: the overview, the connections, the vault, the limiter."""

from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends

from billingone_api.billing.access.models import Permission
from billingone_api.billing.access.wiring import May, MayOutside
from billingone_api.billing.integrations.adapters.connections import PostgresConnections
from billingone_api.billing.integrations.adapters.limits import PostgresLimiter
from billingone_api.billing.integrations.adapters.overview import PostgresOverview
from billingone_api.billing.integrations.adapters.postgres import PostgresIntegrations
from billingone_api.billing.integrations.adapters.vault import CipherVault
from billingone_api.billing.integrations.models import (
    ConnectionReplaced,
    Credentials,
    CredentialsUnreadable,
)
from billingone_api.billing.integrations.ports import Integrations, Vault
from billingone_api.kit.http.limits import Limiter
from billingone_api.process import Process
from billingone_api.providers.errors import CredentialsRejected
from billingone_api.request import TheProcess, Work

read_integrations = May(Permission.INTEGRATIONS_READ)
write_integrations = May(Permission.INTEGRATIONS_WRITE)
write_outside = MayOutside(Permission.INTEGRATIONS_WRITE)

T = TypeVar("T", bound=Credentials)


async def overview(work: Work) -> PostgresOverview:
    return PostgresOverview(work)


async def integrations(work: Work, process: TheProcess) -> Integrations:
    return PostgresIntegrations(work, process.bell)


async def vault_in(work: Work, process: TheProcess) -> Vault:
    return CipherVault(process.cipher, work.organisation_id)


TheOverview = Annotated[PostgresOverview, Depends(overview)]
TheIntegrations = Annotated[Integrations, Depends(integrations)]
TheVault = Annotated[Vault, Depends(vault_in)]


async def opened(
    process: Process, organisation_id: UUID, provider: str, connection_id: UUID, kind: type[T]
) -> T:
    """What was saved as this connection.

    Raises ConnectionReplaced when other credentials were saved since or none are left;
    CredentialsRejected when they cannot be opened any more.
    """
    connection = await PostgresConnections(process, organisation_id).load(provider)
    if connection is None or connection.id != connection_id:
        raise ConnectionReplaced(provider)
    try:
        found = CipherVault(process.cipher, organisation_id).open(provider, connection.sealed)
    except CredentialsUnreadable as error:
        raise CredentialsRejected(str(error), provider=provider) from error
    if not isinstance(found, kind):
        raise ConnectionReplaced(provider)
    return found


def limiter_of(
    process: Process, organisation_id: UUID, provider: str, *, patience: float = 60
) -> Limiter:
    return PostgresLimiter(
        process,
        organisation_id=organisation_id,
        provider=provider,
        requests_per_second=process.settings.request_rates[provider],
        patience=patience,
    )
