"""Decides what saving, scheduling, testing and disconnecting change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from billingone_api.billing.integrations.models import (
    PROVIDERS,
    ApiToken,
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
from billingone_api.kit.events import Event, Tell, changed


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
    tell: Tell,
) -> bool:
    """Whether it was not connected before. The same credentials once more change nothing.

    Raises PreconditionFailed where `expected` is another version than the one there is.
    """
    known = await integrations.locked(provider)
    _check_version(known, expected)
    if known is not None and _opened(vault, known) == brought.credentials:
        return False
    new = _sealed(vault, brought, provider)
    if known is None:
        await integrations.add(new)
    else:
        await integrations.replace(new)
    tell(
        changed(
            "integration.connected",
            "integration",
            provider,
            before=known and _shown(vault, known),
            after=_facts(new.id, brought.credentials),
        )
    )
    return known is None


async def reschedule(
    integrations: Integrations,
    *,
    provider: str,
    minutes: int | None,
    expected: int | None,
    tell: Tell,
) -> None:
    """Raises PreconditionFailed, or NotConnected where there is nothing to schedule."""
    known = await integrations.locked(provider)
    _check_version(known, expected)
    if known is None:
        raise not_connected(provider)
    if known.schedule_minutes != minutes:
        await integrations.reschedule(provider, minutes)
        before, after = ({"schedule_minutes": one} for one in (known.schedule_minutes, minutes))
        tell(
            changed("integration.rescheduled", "integration", provider, before=before, after=after)
        )


async def disconnect(
    integrations: Integrations, vault: Vault, *, provider: str, tell: Tell
) -> None:
    """Disconnecting what is not connected is done already."""
    known = await integrations.locked(provider)
    if known is not None:
        await integrations.remove(provider)
        before = _shown(vault, known)
        tell(
            changed("integration.disconnected", "integration", provider, before=before, after=None)
        )


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
    await connections.note(connection, failure, at=at, event=tried(provider, failure, saved=True))
    return failure


def tried(provider: str, failure: Failure | None, *, saved: bool) -> Event:
    """Somebody asked the third party about credentials, saved ones or others."""
    found = {"result": failure.code if failure else "passed", "saved": saved}
    return changed("integration.tested", "integration", provider, before=None, after=found)


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


def _opened(vault: Vault, known: Connection) -> Credentials | None:
    try:
        return vault.open(known.provider, known.sealed)
    except CredentialsUnreadable:
        return None


def _shown(vault: Vault, known: Connection) -> Mapping[str, Any]:
    """What the audit log may show of a connection."""
    return _facts(known.id, _opened(vault, known))


def _facts(connection_id: UUID, credentials: Credentials | None) -> Mapping[str, Any]:
    shown = {"connection_id": connection_id, "account": credentials and credentials.account}
    if isinstance(credentials, ApiToken):
        shown |= {"region": credentials.region, "currency": credentials.currency}
    return shown


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
