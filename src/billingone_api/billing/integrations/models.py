"""The words of integrations: providers, credentials, connections, and how each one fares."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final, TypeAlias
from uuid import UUID

from billingone_api.kit.cipher import Secret
from billingone_api.kit.errors import Conflict

PAX8: Final = "pax8"
PROVIDERS: Final = {PAX8: "Pax8"}
"""Whom the product can be connected to, and what people call them."""

SCHEDULE: Final = "schedule"
"""The kind of due work that is an integration's next slot; its key is the provider."""
FIRST_SCHEDULE: Final = 60
"""Minutes between syncs, until somebody chooses."""
FIRST_SLOT: Final = timedelta(minutes=1)
"""From saving credentials to their first slot: whoever syncs by hand at once comes first."""


class NotConnected(Conflict):
    """There are no credentials to do this with; save some first."""

    code = "not_connected"
    title = "This integration is not connected"


class ConnectionReplaced(Exception):
    """The credentials this work began with were replaced or removed: it must not go on."""

    def __init__(self, provider: str) -> None:
        super().__init__(
            f"Other credentials of {PROVIDERS[provider]} were saved, or none are left."
        )
        self.provider = provider


class CredentialsUnreadable(Exception):
    """What was sealed does not open: it was changed, moved, or its key has left the ring."""


class AuthMode(StrEnum):
    """How a third party is told who we are; Pax8's delegated OAuth will be another."""

    CLIENT_CREDENTIALS = "client_credentials"


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """An API key of the organisation's own: a client id, which may be shown, and its secret."""

    auth_mode: ClassVar[AuthMode] = AuthMode.CLIENT_CREDENTIALS

    client_id: str
    client_secret: Secret

    @property
    def account(self) -> str:
        """What may be shown of them."""
        return self.client_id


Credentials: TypeAlias = ClientCredentials
"""A union by `auth_mode`; other modes join it."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Credentials as they were saved, still sealed; `id` is another for other credentials.

    `schedule_minutes` is None where nobody wants it synced by itself.
    """

    id: UUID
    provider: str
    sealed: bytes
    schedule_minutes: int | None
    version: int


@dataclass(frozen=True, slots=True)
class NewConnection:
    """Credentials to keep, sealed, with what may be shown of them and who brought them."""

    id: UUID
    provider: str
    auth_mode: AuthMode
    account: str
    sealed: bytes
    connected_by: str
    connected_at: datetime


class FailureCode(StrEnum):
    """Why a third party cannot be read. The first two need a person; the others pass."""

    CREDENTIALS_REJECTED = "credentials_rejected"
    PERMISSION_DENIED = "permission_denied"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    PROVIDER_RATE_LIMITED = "provider_rate_limited"
    PROVIDER_MALFORMED = "provider_malformed"

    @property
    def needs_a_person(self) -> bool:
        return self in {FailureCode.CREDENTIALS_REJECTED, FailureCode.PERMISSION_DENIED}


@dataclass(frozen=True, slots=True)
class Failure:
    """What a test of credentials ran into, and what to do about it, as a sentence."""

    code: FailureCode
    detail: str


class IntegrationStatus(StrEnum):
    """How a connection fares. Not connected is a normal answer."""

    NOT_CONNECTED = "not_connected"
    CONNECTED = "connected"
    NEEDS_ATTENTION = "needs_attention"


@dataclass(frozen=True, slots=True)
class Attention:
    """What a person has to do before reading goes on, and since when."""

    code: str | None
    detail: str
    since: datetime


@dataclass(frozen=True, slots=True)
class LastRun:
    """The latest sync of a provider, under way or ended."""

    id: UUID
    status: str
    finished_at: datetime | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class Integration:
    """A provider as an organisation sees it. `version` is 0 while it is not connected."""

    provider: str
    status: IntegrationStatus
    attention: Attention | None
    auth_mode: AuthMode | None
    account: str | None
    connected_by: str | None
    connected_at: datetime | None
    schedule_minutes: int | None
    next_sync_at: datetime | None
    last_success_at: datetime | None
    last_run: LastRun | None
    version: int

    @property
    def name(self) -> str:
        return PROVIDERS[self.provider]
