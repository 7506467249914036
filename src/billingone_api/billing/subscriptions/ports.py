"""What copying the portfolio needs of Pax8 and of the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from billingone_api.billing.subscriptions.models import (
    Company,
    ContactList,
    Listing,
    Product,
    ProductNews,
    Subscription,
)
from billingone_api.billing.syncs.models import Removal, Tally, Unreadable
from billingone_api.request import Work

T_contra = TypeVar("T_contra", contravariant=True)


class Portfolio(Protocol):
    """Pax8's lists and records in our words; every method raises ProviderErrors."""

    async def companies(self, page: int) -> Listing[Company]: ...

    async def subscriptions(self, page: int) -> Listing[Subscription]: ...

    async def company(self, source_id: str) -> Company | Unreadable | None:
        """None where there is no such company any more."""
        ...

    async def contacts(self, company_id: str) -> ContactList:
        """Of a company that is no more, nobody."""
        ...

    async def subscription(self, source_id: str) -> Subscription | Unreadable | None: ...

    async def product(self, source_id: str) -> Product | Unreadable: ...

    async def has_usage(self, subscription_id: str) -> bool | None:
        """Whether usage summaries exist; None where we may not know."""
        ...


class Rows(Protocol[T_contra]):
    """The rows of one kind."""

    async def write(self, work: Work, records: Sequence[T_contra]) -> Tally:
        """Each record once; rows that say the same already are left alone."""
        ...


class ContactRows(Protocol):
    """The people of companies."""

    async def due(self, *, since: datetime, most: int | None) -> Sequence[str]:
        """Companies whose people were not read since, or not since the company changed.

        New and changed ones first, then those read longest ago.
        """
        ...

    async def write(self, work: Work, lists: Sequence[ContactList]) -> tuple[Tally, Removal]:
        """Of each list that is whole, who does not stand in it any more is forgotten."""
        ...


class ProductRows(Protocol):
    """What is known of products."""

    async def known(self) -> dict[str, bool]:
        """Every product, and whether usage need not be asked for again; committed."""
        ...

    async def stale(self, *, before: datetime, after: str) -> Sequence[str]:
        """Products of subscriptions that were last read before an instant, by id, after an id."""
        ...

    async def write(self, work: Work, news: ProductNews) -> Tally:
        """What came, and what follows from it for subscriptions written earlier."""
        ...


class Catalogue(Protocol):
    """What people read and say of products, inside a request's transaction."""

    async def find(self, source_id: str) -> Mapping[str, Any] | None: ...

    async def mark(
        self, source_id: str, *, usage_billed: bool | None, expected: int | None, at: datetime
    ) -> Mapping[str, Any] | None:
        """The product as it was; None without one at that version, `expected` None being any."""
        ...
