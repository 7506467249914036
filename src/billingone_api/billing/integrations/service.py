"""Decides what saving, scheduling, testing and disconnecting change."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billingone_api.billing.integrations.models import (
    PROVIDERS,
    Connection,
    Credentials,
    CredentialsUnreadable,
    Failure,
    FailureCode,
    NewConnection,
    NotConnected,
)
from billingone_api.billing.integrations.ports import Connections, Integrations, Trial, Vault
from billingone_api.kit.etags import stale


@dataclass(frozen=True, slots=True)
class Brought:
    """Credentials as a person hands them in; `new_id` names the connection they may become."""

    credentials: Credentials
    by: str
    at: datetime
    new_id: UUID


async def connect(
    integrations: Integrations,
    vault: Vault,
    brought: Brought,
    *,
    provider: str,
    expected: int | None,
) -> bool:
    """Whether it was not connected before. The same credentials once more change nothing.

    Raises PreconditionFailed where `expected` is another version than the one there is.
    """
    known = await integrations.locked(provider)
    _check_version(known, expected)
    if known is None:
        await integrations.add(_sealed(vault, brought, provider))
    elif not _is_same(vault, known, brought.credentials):
        await integrations.replace(_sealed(vault, brought, provider))
    return known is None


async def reschedule(
    integrations: Integrations, *, provider: str, minutes: int | None, expected: int | None
) -> None:
    """Raises PreconditionFailed, or NotConnected where there is nothing to schedule."""
    known = await integrations.locked(provider)
    _check_version(known, expected)
    if known is None:
        raise not_connected(provider)
    if known.schedule_minutes != minutes:
        await integrations.reschedule(provider, minutes)


async def disconnect(integrations: Integrations, *, provider: str) -> None:
    """Disconnecting what is not connected is done already."""
    if await integrations.locked(provider) is not None:
        await integrations.remove(provider)


async def try_saved(
    connections: Connections, vault: Vault, trial: Trial, *, provider: str, at: datetime
) -> Failure | None:
    """What is wrong with the saved credentials; what a person must act on is remembered.

    Raises NotConnected.
    """
    connection = await connections.load(provider)
    if connection is None:
        raise not_connected(provider)
    failure = await _tried(vault, trial, connection)
    if failure is None or failure.code.needs_a_person:
        await connections.note(connection, failure, at=at)
    return failure


def not_connected(provider: str) -> NotConnected:
    return NotConnected(f"Save credentials of {PROVIDERS[provider]} first.")


async def _tried(vault: Vault, trial: Trial, connection: Connection) -> Failure | None:
    try:
        credentials = vault.open(connection.provider, connection.sealed)
    except CredentialsUnreadable as error:
        return Failure(FailureCode.CREDENTIALS_REJECTED, str(error))
    return await trial.failure(credentials)


def _check_version(known: Connection | None, expected: int | None) -> None:
    if expected not in {None, known.version if known else 0}:
        raise stale()


def _is_same(vault: Vault, known: Connection, credentials: Credentials) -> bool:
    try:
        return vault.open(known.provider, known.sealed) == credentials
    except CredentialsUnreadable:
        return False


def _sealed(vault: Vault, brought: Brought, provider: str) -> NewConnection:
    return NewConnection(
        id=brought.new_id,
        provider=provider,
        auth_mode=brought.credentials.auth_mode,
        account=brought.credentials.account,
        sealed=vault.seal(provider, brought.credentials),
        connected_by=brought.by,
        connected_at=brought.at,
    )
