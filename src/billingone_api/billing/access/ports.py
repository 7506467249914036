"""What access needs to know from outside itself."""

from typing import Protocol

from billingone_api.billing.access.models import Admission
from billingone_api.kit.auth.identity import Identity


class Register(Protocol):
    """Organisations PanelOne told us of, and sessions it ended."""

    async def admission(self, identity: Identity) -> Admission | None:
        """None for an organisation nobody told us of."""
        ...

    async def is_onboarded(self) -> bool:
        """Whether an integration has been synced at least once."""
        ...
