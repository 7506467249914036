"""What settings need of where they are kept."""

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

    async def enter(self, rate: ExchangeRate) -> bool:
        """Replaces the rate of the same currencies and day; True where there was none."""
        ...
