"""Roles, permissions, and the one table that says which role may what."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from billingone_api.kit.clock import day_of


class Role(StrEnum):
    """PanelOne's roles, as its tokens spell them."""

    OWNER = "Owner"
    ADMIN = "Admin"
    FINANCE = "Finance"
    ENGINEER = "Engineer"
    VIEWER = "Viewer"


class Permission(StrEnum):
    """What a route asks for; scopes of services and of API keys are permissions of these names."""

    DASHBOARD_READ = "dashboard:read"
    SUBSCRIPTIONS_READ = "subscriptions:read"
    SUBSCRIPTIONS_WRITE = "subscriptions:write"
    INVOICES_READ = "invoices:read"
    CLIENTS_READ = "clients:read"
    CLIENTS_MAP = "clients:map"
    RECONCILIATION_READ = "reconciliation:read"
    RECONCILIATION_WRITE = "reconciliation:write"
    SYNCS_READ = "syncs:read"
    SYNCS_RUN = "syncs:run"
    INTEGRATIONS_READ = "integrations:read"
    INTEGRATIONS_WRITE = "integrations:write"
    SETTINGS_READ = "settings:read"
    SETTINGS_WRITE = "settings:write"
    ORGANISATION_WRITE = "organisation:write"
    API_KEYS_READ = "api-keys:read"
    API_KEYS_WRITE = "api-keys:write"
    AUDIT_READ = "audit:read"
    ORGANISATIONS_PUSH = "organisations:write"
    CLIENTS_PUSH = "clients:write"
    COUNTS_PUSH = "counts:write"
    SESSIONS_REVOKE = "sessions:revoke"


_READ: Final = frozenset(
    {
        Permission.DASHBOARD_READ,
        Permission.SUBSCRIPTIONS_READ,
        Permission.INVOICES_READ,
        Permission.CLIENTS_READ,
        Permission.RECONCILIATION_READ,
        Permission.SYNCS_READ,
        Permission.INTEGRATIONS_READ,
        Permission.SETTINGS_READ,
    }
)
_FINANCE: Final = _READ | {
    Permission.SUBSCRIPTIONS_WRITE,
    Permission.CLIENTS_MAP,
    Permission.RECONCILIATION_WRITE,
    Permission.SYNCS_RUN,
    Permission.INTEGRATIONS_WRITE,
    Permission.SETTINGS_WRITE,
    Permission.AUDIT_READ,
}
_ADMIN: Final = _FINANCE | {
    Permission.ORGANISATION_WRITE,
    Permission.API_KEYS_READ,
    Permission.API_KEYS_WRITE,
}

PERMISSIONS: Final = {
    Role.OWNER: _ADMIN,
    Role.ADMIN: _ADMIN,
    Role.FINANCE: _FINANCE,
    Role.ENGINEER: _READ,
    Role.VIEWER: _READ,
}
"""The table of the README; `GET /v1/me` serves the row of whoever asks."""

SCOPES: Final = frozenset(
    {
        Permission.ORGANISATIONS_PUSH,
        Permission.CLIENTS_READ,
        Permission.CLIENTS_PUSH,
        Permission.COUNTS_PUSH,
        Permission.SESSIONS_REVOKE,
        Permission.DASHBOARD_READ,
        Permission.INTEGRATIONS_READ,
        Permission.INTEGRATIONS_WRITE,
        Permission.SYNCS_READ,
        Permission.SYNCS_RUN,
    }
)
"""What a service token's scope may grant; other words in it grant nothing."""

KEY_SCOPES: Final = _ADMIN - {Permission.API_KEYS_WRITE}
"""What an API key may be given: a key that could make keys would outlive its own end."""


class CallerKind(StrEnum):
    """Who may stand before a door."""

    PERSON = "person"
    SERVICE = "service"
    API_KEY = "api_key"


@dataclass(frozen=True, slots=True)
class Organisation:
    """The organisation a caller speaks for, with what its figures are reckoned by."""

    id: UUID
    name: str
    slug: str
    time_zone: str
    reporting_currency: str
    pax8_price_is: str
    annual_price_is: str

    def day_of(self, instant: datetime) -> date:
        """The organisation's calendar day: every `today` of a figure."""
        return day_of(instant, self.time_zone)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token may do, before the organisation has been looked up: for an API key, nothing."""

    kind: CallerKind
    role: Role | None
    permissions: frozenset[Permission]


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever was let in, for one organisation.

    `role` is a person's; a service and an API key have the permissions that their scopes name.
    """

    kind: CallerKind
    subject: str
    name: str | None
    email: str | None
    organisation: Organisation
    role: Role | None
    permissions: frozenset[Permission]

    @property
    def label(self) -> str:
        """How a person is named to other people: the best that the token gives."""
        return self.name or self.email or self.subject


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What an API key is called and may do; words of scopes that we no longer know are kept."""

    name: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Admission:
    """What we know of an organisation, of this caller's sessions and of the API key it sent.

    `key` is None for whoever sent none, and for one that has been revoked a moment ago.
    """

    organisation: Organisation
    ended_at: datetime | None
    is_revoked: bool
    key: KeyFacts | None = None
