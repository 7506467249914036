"""What the decisions about clients need: the register of clients and of what is linked to them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from billingone_api.billing.clients.models import (
    Holding,
    Link,
    MasterRecord,
    Moved,
    Record,
    Situation,
)


class ClientRegister(Protocol):
    """Clients of one organisation and the records linked to them, for one transaction."""

    async def take_turn(self) -> None:
        """First of all: nobody else maps, or writes what is mapped, until the commit."""
        ...

    async def known(self, ids: Collection[UUID]) -> Mapping[UUID, MasterRecord]: ...

    async def save(self, records: Sequence[MasterRecord]) -> None:
        """Create these, or replace what is there; each id once."""
        ...

    async def situations(self, records: Collection[Record]) -> Mapping[Record, Situation]:
        """One for each that is asked for, known to its source or not."""
        ...

    async def relink(self, links: Mapping[Record, Link | None], *, by: str | None) -> None:
        """Write these links as they are now; None removes one. `by` is the person who said so."""
        ...

    async def move(self, records: Collection[Record]) -> Moved:
        """Give what belongs to the records to whom they are linked; how much changed hands.

        Each subscription, invoice and credit that does has a new version. An invoice of which a
        person said whose it is stays.
        """
        ...

    async def rename(self, client_ids: Collection[UUID]) -> None:
        """Lists of what is theirs show their names as they are now; that makes no version."""
        ...

    async def holding(self, record: Record) -> Holding | None:
        """How a record stands; None for one that neither its source nor a link speaks of."""
        ...
