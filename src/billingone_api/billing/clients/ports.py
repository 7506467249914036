"""What the decisions about clients need: the register of clients and links, and the workbench."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from billingone_api.billing.clients.deeds import Change, Deed, Kind, Moves
from billingone_api.billing.clients.models import (
    Contact,
    Holding,
    Link,
    MadeLink,
    MasterRecord,
    Moved,
    Primary,
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

    async def relink(self, links: Mapping[Record, Link | None]) -> None:
        """Write what identifiers say now; None removes a link."""
        ...

    async def restore(self, links: Mapping[Record, MadeLink | None]) -> None:
        """Write these links as they were made then; None removes one."""
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


class Workbench(Protocol):
    """What was done to the mapping and what it moves, for one transaction of one organisation."""

    async def known(self, records: Collection[Record]) -> Mapping[Record, str | None]:
        """Those that their source, what belongs to them or a link speaks of, with their names."""
        ...

    async def records_of(self, client_id: UUID) -> Sequence[Record]: ...

    async def moves(self, targets: Mapping[Record, UUID | None]) -> Mapping[Record, Moves]:
        """What would change hands if the records were these clients'."""
        ...

    async def refuse(self, pairs: Collection[tuple[Record, UUID]], *, by: str | None) -> None: ...

    async def refused(self, records: Collection[Record]) -> Collection[tuple[Record, UUID]]: ...

    async def allow(self, pairs: Collection[tuple[Record, UUID]]) -> None:
        """Forget that these were refused."""
        ...

    async def merged(self) -> Mapping[UUID, UUID]:
        """Clients that were merged into another, and have got nothing since."""
        ...

    async def write_down(
        self,
        kind: Kind,
        changes: Sequence[Change],
        *,
        by: str | None,
        merge: tuple[UUID, UUID] | None,
    ) -> UUID:
        """The new deed's id."""
        ...

    async def find(self, deed_id: UUID) -> Deed | None: ...

    async def later(self, deed_id: UUID) -> Sequence[Deed]:
        """Those after it that stand still, newest first."""
        ...

    async def is_overtaken(self, deed_id: UUID) -> bool:
        """Whether one of those changed whose one of its records is."""
        ...

    async def changes(self, deed_id: UUID) -> Sequence[Change]: ...

    async def mark_undone(self, deed_id: UUID, *, by: str | None) -> None: ...


class Contacts(Protocol):
    """Whom invoices of clients go to, for one transaction of one organisation."""

    async def exists(self, client_id: UUID) -> bool: ...

    async def of(self, client_id: UUID) -> Sequence[Contact]:
        """The primary one is marked, chosen or not."""
        ...

    async def primary(self, client_id: UUID) -> Primary | None:
        """The one that a person chose."""
        ...

    async def choose(self, client_id: UUID, primary: Primary, *, by: str) -> None: ...

    async def forget(self, client_id: UUID) -> None: ...
