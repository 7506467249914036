"""What integrations need from outside themselves."""

from datetime import datetime
from typing import Protocol

from billingone_api.billing.integrations.models import (
    Connection,
    Credentials,
    Failure,
    NewConnection,
)
from billingone_api.kit.events import Event


class Vault(Protocol):
    """Where credentials become bytes that only the same organisation and provider can open."""

    def seal(self, provider: str, credentials: Credentials) -> bytes: ...

    def open(self, provider: str, sealed: bytes) -> Credentials:
        """Raises CredentialsUnreadable."""
        ...


class Integrations(Protocol):
    """The connections of one organisation, changed inside one transaction."""

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
