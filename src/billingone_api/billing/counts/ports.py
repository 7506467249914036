"""What the decisions about counts need of where they are kept."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from billingone_api.billing.counts.models import Count, CountKey


class CountRegister(Protocol):
    """The counts of one organisation, for one transaction."""

    async def clients(self, ids: Collection[UUID]) -> set[UUID]:
        """Those of these that are clients of the organisation."""
        ...

    async def known(self, keys: Collection[CountKey]) -> Mapping[CountKey, Count]: ...

    async def save(self, counts: Sequence[Count]) -> None:
        """Keep these, each key once; the newest of each source is what is read."""
        ...
