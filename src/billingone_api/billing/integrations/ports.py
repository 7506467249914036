"""What integrations need from outside themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from billingone_api.billing.integrations.models import (
    Connection,
    Consented,
    Credentials,
    Failure,
    NewConnection,
)
from billingone_api.kit.cipher import Secret
from billingone_api.kit.events import Event


class Vault(Protocol):
    """Where credentials become bytes that only the same organisation and provider can open."""

    def seal(self, provider: str, credentials: Credentials) -> bytes: ...

    def open(self, provider: str, sealed: bytes) -> Credentials:
        """Raises CredentialsUnreadable."""
        ...


class Integrations(Protocol):
    """The connections of one organisation, changed inside one transaction."""

    async def find(self, provider: str) -> Connection | None: ...

    async def locked(self, provider: str) -> Connection | None:
        """The connection there is; until the commit nobody else changes it or makes one."""
        ...

    async def add(self, connection: NewConnection) -> None:
        """A first connection, with the schedule every new one has."""
        ...

    async def replace(self, connection: NewConnection) -> None:
        """Other credentials: what was done or remembered with the old ones ends."""
        ...

    async def reschedule(self, provider: str, minutes: int | None) -> None: ...

    async def remove(self, provider: str) -> None:
        """Credentials, tokens and schedule; what was read with them stays."""
        ...


class Connections(Protocol):
    """The connections of one organisation, for work during which no transaction is open."""

    async def load(self, provider: str) -> Connection | None: ...

    async def note(
        self, connection: Connection, failure: Failure | None, *, at: datetime, event: Event
    ) -> None:
        """What a test of these very credentials found; what passes by itself is told alone."""
        ...


class Trial(Protocol):
    """Asks a third party whether credentials are good and may read what we read."""

    async def failure(self, credentials: Credentials) -> Failure | None:
        """None when all is well; it answers within ten seconds, whatever they do."""
        ...


@dataclass(frozen=True, slots=True)
class State:
    """What somebody began: in the name of which app, with which proof, and until when."""

    subject: str
    session_id: str | None
    client_id: str
    verifier: Secret
    expires_at: datetime
    is_used: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """A consent as it came: its tokens sealed for `id`, and what it reaches."""

    id: UUID
    client_id: str
    sealed_tokens: bytes
    expires_at: datetime
    scope: str
    reached: Sequence[Consented]
    by: str
    at: datetime
    new_id: UUID
    """Names the connection it may become."""


class Consents(Protocol):
    """States, consents and what they reach, of one organisation, inside one transaction."""

    async def begin(self, digest: bytes, state: State) -> None: ...

    async def locked_state(self, digest: bytes) -> State | None:
        """Until the commit nobody else uses it."""
        ...

    async def use(self, digest: bytes, *, at: datetime) -> None: ...

    async def keep(self, given: Given, *, beside: Consented | None) -> None:
        """Beside the consent that is read with; others that waited for a choice are forgotten."""
        ...

    async def offered(self, *, beside: Consented | None, at: datetime) -> Sequence[Consented]:
        """Each organisation that may be chosen, once, by a consent that can be used.

        By the one that is read with, or else by the newest that reaches it.
        """
        ...

    async def keep_only(self, chosen: Consented) -> None:
        """Its consent and its webhooks; whatever else was consented is forgotten."""
        ...

    async def forget(self) -> None: ...
