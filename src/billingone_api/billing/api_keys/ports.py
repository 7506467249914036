"""What making and revoking API keys needs of where they are kept."""

from typing import Protocol
from uuid import UUID

from billingone_api.billing.api_keys.models import ApiKey


class KeyRing(Protocol):
    """The API keys of one organisation."""

    async def find(self, key_id: UUID) -> ApiKey | None: ...

    async def add(self, key: ApiKey, *, hashed: bytes) -> None: ...

    async def revoke(self, key_id: UUID) -> bool:
        """False where there is none; the next request with it is refused."""
        ...
