"""What the decisions about counts need of where they are kept."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from billingone_api.billing.counts.models import Count, CountKey, Refresh, Refreshed
from billingone_api.billing.syncs.models import Trigger, Unreadable
from billingone_api.kit.pagination import Asked, Cursors, Page


class CountRegister(Protocol):
    """The counts of one organisation, for one transaction."""

    async def clients(self, ids: Collection[UUID]) -> set[UUID]:
        """Those of these that are clients of the organisation."""
        ...

    async def known(self, keys: Collection[CountKey]) -> Mapping[CountKey, Count]: ...

    async def save(self, counts: Sequence[Count]) -> None:
        """Keep these, each key once; the newest of each source is what is read."""
        ...


class RefreshBook(Protocol):
    """The refreshes of one organisation, for one transaction; one is running at a time."""

    async def request(
        self, *, trigger: Trigger, requested_by: str | None, at: datetime | None
    ) -> tuple[UUID, bool]:
        """A new one, or the one that is running and True; a worker takes it up from `at` on."""
        ...

    async def find(self, refresh_id: UUID) -> Refresh | None: ...

    async def page(self, asked: Asked, *, cursors: Cursors) -> Page[Refresh]:
        """Raises CursorInvalid."""
        ...

    async def are_fresh(self, *, since: datetime) -> bool:
        """Whether PanelOne told counts, and all that are read of active clients were made since."""
        ...

    async def hold(self, refresh_id: UUID) -> bool:
        """Whether it is running still; nobody else ends it before the commit."""
        ...

    async def set_aside(self, refresh_id: UUID, unreadable: Sequence[Unreadable]) -> None:
        """These wait in the quarantine, and those of earlier refreshes no longer."""
        ...

    async def end(self, refresh_id: UUID, refreshed: Refreshed) -> None: ...
