"""Who a good token speaks for."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls, as a token or an API key says and before any role or scope is judged.

    `organisation_id` is None only for a service that speaks for all of them (`"*"`); `role` is
    None where the token names none. `scopes` are a service's; people have roles instead, and what
    an API key may do stands with its organisation.
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
    api_key_id: UUID | None = None

    def of(self, organisation_id: UUID | None) -> "Identity":
        """The same caller, speaking for the organisation that the request named."""
        return replace(self, organisation_id=organisation_id)
