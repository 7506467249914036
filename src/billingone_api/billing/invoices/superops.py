"""The words of SuperOps: its clients, their devices and people, and its invoices as listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Client:
    """Whom invoices, devices and people belong to; names may repeat."""

    source_id: str
    name: str
    stage: str | None
    source_status: str | None
    email_domains: Sequence[str]


@dataclass(frozen=True, slots=True)
class Asset:
    """A device, as far as the token's user may see it; its class and category are free words."""

    source_id: str
    client_source_id: str | None
    name: str | None
    host_name: str | None
    serial_number: str | None
    asset_class: str | None
    device_category: str | None
    platform: str | None
    source_status: str | None
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class User:
    """That a person belongs to a client, who may to several, and to one at several sites.

    A client's users are its different `user_source_id`s.
    """

    source_id: str
    user_source_id: str
    client_source_id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """An invoice as the list has it: its lines cost a call, worth it where `digest` is new."""

    source_id: str
    digest: bytes
    excerpt: str
