"""API keys as an organisation keeps them: everything but the secret."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that lets a script in until `expires_at`; `scopes` are words of permissions.

    `last_used_at` is right to the minute, and None for a key that nobody has used.
    """

    id: UUID
    name: str
    scopes: Sequence[str]
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None

    @property
    def told(self) -> dict[str, Any]:
        """What the audit log shows of it."""
        return {"name": self.name, "scopes": self.scopes, "expires_at": self.expires_at}


@dataclass(frozen=True, slots=True)
class KeysWanted:
    """A page of keys, newest first; `q` is part of a name."""

    q: str | None
    limit: int
    cursor: str | None
    with_total: bool
