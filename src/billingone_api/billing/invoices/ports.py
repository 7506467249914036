"""What invoices need: whose they are, what accounts earn money with, and books to be copied."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from billingone_api.billing.definitions.models import RevenueCategory
from billingone_api.billing.invoices.books import (
    Account,
    Contact,
    Credit,
    Invoice,
    Ledger,
    Organisation,
    Page,
    Payment,
)
from billingone_api.billing.invoices.models import AccountMapping, Belonging
from billingone_api.billing.invoices.superops import Asset, Client, Listed, User
from billingone_api.billing.syncs.models import Tally, Unreadable
from billingone_api.request import Work

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Belongings(Protocol):
    """Whose invoices are, for one transaction."""

    async def locked(self, invoice_id: UUID) -> Belonging | None:
        """Nobody else maps, or writes what is mapped, until the commit."""
        ...

    async def is_active(self, client_id: UUID) -> bool | None:
        """None where there is no such client."""
        ...

    async def give(self, invoice_id: UUID, client_id: UUID) -> None:
        """By hand, with a new version."""
        ...

    async def leave_to_mapping(self, invoice_id: UUID) -> None:
        """Back to whom its contact is linked to, with a new version."""
        ...


class Chart(Protocol):
    """The accounts of the books of Xero that are read now, for one transaction."""

    async def mapping(self) -> AccountMapping: ...

    async def locked(self) -> AccountMapping:
        """The same, and nobody else maps accounts until the commit."""
        ...

    async def save(
        self, ledger_id: UUID, categories: Mapping[str, RevenueCategory], *, by: str
    ) -> None:
        """These mappings and no others; those that stay as they are keep who made them."""
        ...


class Whose(Protocol):
    """Says whose books it reads; raises ProviderErrors."""

    async def organisation(self) -> Organisation: ...


class Books(Protocol):
    """Xero's lists in our words; every method raises ProviderErrors.

    Lists come by their changes, oldest first, from `since` on or all there is. One that ended has
    told everything that was there when it began.
    """

    async def organisation(self) -> Organisation: ...

    async def accounts(self) -> Page[Account]: ...

    def contacts(self, since: datetime | None) -> AsyncGenerator[Page[Contact]]: ...

    def invoices(self, since: datetime | None) -> AsyncGenerator[Page[Invoice]]: ...

    def credit_notes(self, since: datetime | None) -> AsyncGenerator[Page[Credit]]: ...

    def overpayments(self, since: datetime | None) -> AsyncGenerator[Page[Credit]]: ...

    def prepayments(self, since: datetime | None) -> AsyncGenerator[Page[Credit]]: ...

    def payments(self, since: datetime | None) -> AsyncGenerator[Page[Payment]]: ...

    async def contacts_by_id(self, source_ids: Sequence[str]) -> Page[Contact]:
        """Those of them that exist."""
        ...

    async def invoices_by_id(self, source_ids: Sequence[str]) -> Page[Invoice]: ...


class Ledgers(Protocol):
    """The books that were ever read from one source."""

    async def current(self) -> Ledger:
        """The ones that are read now; committed."""
        ...

    async def open(self, work: Work, organisation: Organisation) -> Tally:
        """Read from now on; those before them stay, and count nowhere."""
        ...


class Rows(Protocol[T_contra]):
    """The rows of one kind in one ledger."""

    async def write(self, work: Work, records: Sequence[T_contra]) -> Tally:
        """Each record once; rows that say the same already are left alone."""
        ...


class Known(Protocol):
    """What is kept of the invoices of one ledger."""

    async def behind(self, told: Mapping[str, datetime]) -> Collection[str]:
        """Those that were last told of before the instant given, or never; committed."""
        ...


class Walk(Protocol[T]):
    """A list that is read from end to end each time; raises ProviderErrors."""

    @property
    def is_complete(self) -> bool:
        """Whether all there is was met, once it has ended."""
        ...

    @property
    def total(self) -> int | None:
        """How many records they say there are."""
        ...

    @property
    def denial(self) -> str | None:
        """Why a list that can be done without was not read, as a sentence."""
        ...

    def pages(self) -> AsyncGenerator[Page[T]]: ...


class SuperOps(Protocol):
    """SuperOps's lists in our words; every method raises ProviderErrors."""

    async def organisation(self) -> Organisation: ...

    def clients(self) -> Walk[Client]: ...

    def invoices(self) -> Walk[Listed]: ...

    def assets(self) -> Walk[Asset]:
        """May be denied."""
        ...

    def users(self) -> Walk[User]:
        """May be denied."""
        ...

    async def invoice(self, listed: Listed) -> Invoice | Unreadable | None:
        """With its lines; None where there is none any more."""
        ...


class Digests(Protocol):
    """What the invoices of one ledger were when they were last read with their lines."""

    async def of(self, source_ids: Sequence[str]) -> Mapping[str, bytes | None]:
        """Of those that are there; committed."""
        ...
