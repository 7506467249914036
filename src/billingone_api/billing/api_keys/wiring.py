"""PostgreSQL keeps the API keys; the guards of their routes have their names here."""

from typing import Annotated

from fastapi import Depends

from billingone_api.billing.access.models import Permission
from billingone_api.billing.access.wiring import May
from billingone_api.billing.api_keys.adapters.postgres import PostgresKeyRing
from billingone_api.request import Work

read_api_keys = May(Permission.API_KEYS_READ)
write_api_keys = May(Permission.API_KEYS_WRITE)


async def key_ring(work: Work) -> PostgresKeyRing:
    return PostgresKeyRing(work)


TheKeyRing = Annotated[PostgresKeyRing, Depends(key_ring)]
