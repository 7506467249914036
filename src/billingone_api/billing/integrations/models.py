"""The words of integrations: providers, credentials, connections, and how each one fares."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final, TypeAlias
from uuid import UUID

from billingone_api.kit.cipher import Secret
from billingone_api.kit.errors import Conflict

PAX8: Final = "pax8"
XERO: Final = "xero"
SUPEROPS: Final = "superops"
PROVIDERS: Final = {PAX8: "Pax8", XERO: "Xero", SUPEROPS: "SuperOps"}
"""Whom the product can be connected to, and what people call them."""

SCHEDULE: Final = "schedule"
"""The kind of due work that is an integration's next slot; its key is the provider."""
NEWS: Final = "news"
"""The kind of due work that a third party's webhook rings for; its key is the provider."""
MISSED_SLOTS: Final = 2
"""A source that has missed so many is stale; one that is read by hand alone misses none."""
SWEPT_NIGHTLY: Final = frozenset({XERO})
"""Whose first sync after nightfall reads all there is: what is gone is in no list of changes."""
FIRST_SCHEDULES: Final = {PAX8: 60, XERO: 15, SUPEROPS: 24 * 60}
"""Minutes between syncs, until somebody chooses; whole days go from night to night."""
FIRST_SLOT: Final = timedelta(minutes=1)
"""From saving credentials to their first slot: whoever syncs by hand at once comes first."""


def is_behind(last_success_at: datetime, *, schedule_minutes: int | None, now: datetime) -> bool:
    """Whether so many slots have gone by since then that what was read is stale."""
    if schedule_minutes is None:
        return False
    return now - last_success_at > timedelta(minutes=schedule_minutes * MISSED_SLOTS)


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
    """How a third party is told who we are: by a key of the organisation's, or by its consent."""

    CLIENT_CREDENTIALS = "client_credentials"
    AUTHORIZATION_CODE = "authorization_code"
    API_TOKEN = "api_token"  # noqa: S105 - the word for one


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


@dataclass(frozen=True, slots=True)
class Consented:
    """One of the organisations that a consent reaches; the consent keeps the tokens for all."""

    auth_mode: ClassVar[AuthMode] = AuthMode.AUTHORIZATION_CODE

    consent_id: UUID
    tenant_id: str
    connection_id: str
    """The third party's, by which the connection of this organisation alone is ended."""
    name: str | None

    @property
    def account(self) -> str:
        """What the organisation is called there."""
        return self.name or self.tenant_id


class Region(StrEnum):
    """Where SuperOps keeps an account."""

    US = "us"
    EU = "eu"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token of one user of SuperOps's, and whose account it reads.

    `currency` is what the account invoices in: SuperOps never says (contract page, 5).
    """

    auth_mode: ClassVar[AuthMode] = AuthMode.API_TOKEN

    subdomain: str
    region: Region
    token: Secret
    currency: str

    @property
    def account(self) -> str:
        """Where people open it."""
        return self.subdomain


@dataclass(frozen=True, slots=True)
class ToldToken:
    """A token of SuperOps's as people hand it in; without one, the saved one is meant."""

    subdomain: str
    region: Region
    token: Secret | None
    currency: str


Credentials: TypeAlias = ClientCredentials | Consented | ApiToken
"""A union by `auth_mode`."""


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
    """Why a third party cannot be read. Those of a provider pass; the others need a person."""

    CREDENTIALS_REJECTED = "credentials_rejected"
    PERMISSION_DENIED = "permission_denied"
    RECONNECT = "reconnect"
    SCOPE_MISSING = "scope_missing"
    ORGANISATION_LOST = "organisation_lost"
    SUBDOMAIN_UNKNOWN = "subdomain_unknown"
    SUBSCRIPTION_ENDED = "subscription_ended"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    PROVIDER_RATE_LIMITED = "provider_rate_limited"
    PROVIDER_MALFORMED = "provider_malformed"

    @property
    def needs_a_person(self) -> bool:
        return self not in {
            FailureCode.PROVIDER_UNAVAILABLE,
            FailureCode.PROVIDER_RATE_LIMITED,
            FailureCode.PROVIDER_MALFORMED,
        }


@dataclass(frozen=True, slots=True)
class Failure:
    """What a test of credentials ran into, and what to do about it, as a sentence."""

    code: FailureCode
    detail: str


@dataclass(frozen=True, slots=True)
class Missing:
    """What credentials may not read, and what that means, as a sentence."""

    capability: str
    detail: str


@dataclass(frozen=True, slots=True)
class Tested:
    """What became of a test: one may pass though something that can be done without is missing."""

    failure: Failure | None
    missing: Sequence[Missing] = ()


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
