"""What decisions on descriptions need."""

from datetime import datetime
from typing import Protocol

from billingone_api.billing.fourway.models import Said, Verdict


class Mappings(Protocol):
    """What one organisation's people said of descriptions."""

    async def said(self, description: str, product_id: str) -> Said:
        """Nobody else says anything until the transaction ends."""
        ...

    async def keep(
        self, key: str, product_id: str, verdict: Verdict, *, description: str, by: str,
        at: datetime,
    ) -> None: ...  # fmt: skip

    async def forget(self, key: str, product_id: str) -> None: ...
