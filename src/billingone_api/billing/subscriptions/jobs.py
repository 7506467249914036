"""The worker's door to subscriptions: Pax8 as a source that can be synced."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from billingone_api.billing.subscriptions.models import PAX8
from billingone_api.billing.subscriptions.wiring import portfolio_of, steps_over
from billingone_api.billing.syncs.models import RunContext
from billingone_api.billing.syncs.ports import Step
from billingone_api.process import Process


class Pax8Source:
    """Pax8's companies, products and subscriptions, which have no delta, so every run reads all.

    Contacts cost a call for each company: only a full run reads all of those.
    """

    key: Final = PAX8
    step_names: Final = ("companies", "products", "subscriptions", "contacts")

    @asynccontextmanager
    async def steps(self, process: Process, run: RunContext) -> AsyncIterator[Sequence[Step]]:
        async with portfolio_of(process, run) as pax8:
            yield steps_over(pax8, process, run)
