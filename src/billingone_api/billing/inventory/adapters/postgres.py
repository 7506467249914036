"""Reads pages of devices and people, and how many devices there are."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from billingone_api.billing.inventory.adapters.devices import DEVICES
from billingone_api.billing.inventory.adapters.numbers import numbers_of
from billingone_api.billing.inventory.adapters.standing import standing_of
from billingone_api.billing.inventory.adapters.users import USERS
from billingone_api.billing.inventory.models import Standing
from billingone_api.database import listings
from billingone_api.database.fast import Row
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.pagination import Asked, Cursors, Page


class PostgresInventory:
    """What SuperOps lists for the organisation that a unit of work is for."""

    def __init__(self, work: UnitOfWork, *, cursors: Cursors, now: datetime) -> None:
        self._work = work
        self._cursors = cursors
        self._now = now

    async def devices(self, wanted: Asked) -> tuple[Page[Row], Standing]:
        """Raises CursorInvalid."""
        standing, bound = await standing_of(self._work, now=self._now)
        page = await listings.page(self._work, DEVICES, wanted, cursors=self._cursors, **bound)
        return page, standing

    async def device_numbers(self, filters: Mapping[str, Any]) -> tuple[Sequence[Row], Standing]:
        standing, bound = await standing_of(self._work, now=self._now)
        return await numbers_of(self._work, filters, **bound), standing

    async def users(self, wanted: Asked) -> tuple[Page[Row], Standing]:
        """Raises CursorInvalid."""
        standing, _ = await standing_of(self._work, now=self._now)
        return await listings.page(self._work, USERS, wanted, cursors=self._cursors), standing
