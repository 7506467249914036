"""What the decisions about invoices need: whose they are, and what accounts earn money with."""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from billingone_api.billing.definitions.models import RevenueCategory
from billingone_api.billing.invoices.models import AccountMapping, Belonging


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
