"""What PanelOne's pushes need: the register of organisations, and the list of ended sessions."""

from typing import Protocol

from billingone_api.billing.panelone.models import OrganisationFacts, Revocation, Standing


class Organisations(Protocol):
    """The one organisation that a transaction is for."""

    async def introduce(self) -> bool:
        """Make it known; whether it was not. Until the commit no other push of it goes on."""
        ...

    async def create(self, facts: OrganisationFacts) -> None: ...

    async def standing(self) -> Standing: ...

    async def update(self, facts: OrganisationFacts, *, pushed: OrganisationFacts) -> None:
        """Write what holds from now on, and what PanelOne said of it."""
        ...


class Revocations(Protocol):
    """Ended sessions of one organisation."""

    async def add(self, revocation: Revocation) -> None:
        """Never weakens what stands: the later instant counts."""
        ...
