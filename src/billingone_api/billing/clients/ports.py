"""What the decisions about clients need: the register of clients and of what is linked to them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from billingone_api.billing.clients.models import Holding, Link, MasterRecord, Situation


class ClientRegister(Protocol):
    """Clients of one organisation and the Pax8 companies linked to them, for one transaction."""

    async def take_turn(self) -> None:
        """First of all: nobody else maps, or writes what is mapped, until the commit."""
        ...

    async def known(self, ids: Collection[UUID]) -> Mapping[UUID, MasterRecord]: ...

    async def save(self, records: Sequence[MasterRecord]) -> None:
        """Create these, or replace what is there; each id once."""
        ...

    async def situations(self, company_ids: Collection[str]) -> Mapping[str, Situation]:
        """One for each id asked for, known to Pax8 or not."""
        ...

    async def relink(self, links: Mapping[str, Link | None], *, by: str | None) -> None:
        """Write these links as they are now; None removes one. `by` is the person who said so."""
        ...

    async def companies_of(self, client_ids: Collection[UUID]) -> Collection[str]:
        """Every company linked to these clients, by identifier or by hand."""
        ...

    async def move_subscriptions(self, company_ids: Collection[str]) -> int:
        """Give the companies' subscriptions to whom the companies are linked; how many changed.

        A change of client makes a new version of the subscription; a change of label does not.
        """
        ...

    async def holding(self, company_id: str) -> Holding | None:
        """How a company stands; None for one that neither Pax8 nor a link speaks of."""
        ...
