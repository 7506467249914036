"""Which adapter stands behind each port of subscriptions."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from billingone_api.billing.integrations.wiring import pax8_for
from billingone_api.billing.subscriptions.adapters.pax8 import Pax8Portfolio
from billingone_api.billing.subscriptions.adapters.postgres.companies import (
    COMPANIES,
    PostgresCompanies,
)
from billingone_api.billing.subscriptions.adapters.postgres.ledger import PostgresLedger
from billingone_api.billing.subscriptions.adapters.postgres.organisation import time_zone_of
from billingone_api.billing.subscriptions.adapters.postgres.portfolio import (
    SUBSCRIPTIONS,
    PostgresPortfolio,
)
from billingone_api.billing.subscriptions.adapters.postgres.products import PostgresProducts
from billingone_api.billing.subscriptions.ports import Portfolio
from billingone_api.billing.subscriptions.service import Acquaintance, Refresh, companies_alone
from billingone_api.billing.subscriptions.sweeps import Sweep
from billingone_api.billing.syncs.models import RunContext
from billingone_api.billing.syncs.ports import Step
from billingone_api.process import Process


@asynccontextmanager
async def portfolio_of(process: Process, run: RunContext) -> AsyncIterator[Portfolio]:
    """Pax8 with the credentials of the run's connection."""
    async with process.work(run.organisation_id) as work:
        time_zone = await time_zone_of(work)
    async with pax8_for(process, run.organisation_id, run.connection_id) as client:
        yield Pax8Portfolio(client, time_zone=time_zone)


def steps_over(pax8: Portfolio, process: Process, run: RunContext) -> Sequence[Step]:
    """In the order in which labels come out right: subscriptions take theirs from the others."""
    products = PostgresProducts(process, run)
    acquaintance = Acquaintance(pax8, products=products, rows=PostgresPortfolio(process.clock))
    return (
        Sweep(
            name=COMPANIES.kind,
            read=pax8.companies,
            saving=companies_alone(PostgresCompanies(process.clock)),
            ledger=PostgresLedger(process, run, COMPANIES),
        ),
        Refresh(pax8, products, process.clock),
        Sweep(
            name=SUBSCRIPTIONS.kind,
            read=pax8.subscriptions,
            saving=acquaintance.saving,
            ledger=PostgresLedger(process, run, SUBSCRIPTIONS),
        ),
    )
