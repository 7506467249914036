"""What settings need of where they are kept."""

from datetime import date
from typing import Protocol

from billingone_api.billing.settings.models import BillingSettings, ExchangeRate


class SettingsRepository(Protocol):
    """The settings of one organisation, which are there as soon as the organisation is."""

    async def read(self) -> BillingSettings: ...

    async def locked(self) -> BillingSettings:
        """The same, and nobody else changes them until the end of the transaction."""
        ...

    async def save(self, settings: BillingSettings) -> None: ...


class RateRepository(Protocol):
    """The exchange rates that people of one organisation entered."""

    async def locked(self, rate: ExchangeRate) -> ExchangeRate | None:
        """What stands for the same currencies and day, until the end of the transaction."""
        ...

    async def enter(self, rate: ExchangeRate) -> bool:
        """Replaces the rate of the same currencies and day; True where there was none."""
        ...

    async def remove(
        self, currency: str, *, reporting_currency: str, valid_on: date
    ) -> ExchangeRate | None:
        """What was there; None where nothing was."""
        ...
