"""The words of the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done. `before` and `after` hold the fields it changed, and no secrets."""

    id: UUID
    at: datetime
    action: str
    resource: str
    resource_id: str | None
    actor_kind: str
    actor_id: str | None
    actor: str
    role: str | None
    session_id: str | None
    request_id: str | None
    address: str | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries, newest first; `filters` holds those that are set."""

    filters: Mapping[str, Any]
    limit: int
    cursor: str | None
    with_total: bool
