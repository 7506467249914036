"""Who a good token speaks for."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Identity:
    """A person or a service of PanelOne, as its token says and before any role is judged.

    `organisation_id` is None only for a service that speaks for all of them (`"*"`); `role` is
    None where the token names none. `scopes` are a service's; people have roles instead.
    """

    subject: str
    email: str | None
    name: str | None
    organisation_id: UUID | None
    role: str | None
    scopes: frozenset[str]
    session_id: str | None
    issued_at: datetime
    expires_at: datetime
    is_service: bool
