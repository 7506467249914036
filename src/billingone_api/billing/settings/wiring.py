"""Which adapter keeps the settings."""

from typing import Annotated

from fastapi import Depends

from billingone_api.billing.settings.adapters.postgres import PostgresSettings
from billingone_api.billing.settings.adapters.rates import PostgresRates
from billingone_api.request import TheProcess, Work


async def billing_settings(work: Work) -> PostgresSettings:
    return PostgresSettings(work)


async def exchange_rates(work: Work, process: TheProcess) -> PostgresRates:
    return PostgresRates(work, process.cursors)


TheSettings = Annotated[PostgresSettings, Depends(billing_settings)]
Rates = Annotated[PostgresRates, Depends(exchange_rates)]
