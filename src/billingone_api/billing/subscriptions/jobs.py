"""The worker's door to subscriptions: Pax8 as a source that can be synced."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from billingone_api.billing.subscriptions import charges
from billingone_api.billing.subscriptions.models import PAX8
from billingone_api.billing.subscriptions.wiring import charging_steps, pax8_of, steps_over
from billingone_api.billing.syncs.models import RunContext
from billingone_api.billing.syncs.ports import Step
from billingone_api.process import Process


class Pax8Source:
    """Pax8's companies, products, subscriptions and charges, of which a run reads all: no delta.

    Contacts cost a call for each company: only a full run reads all of those.
    """

    key: Final = PAX8
    step_names: Final = ("companies", "products", "subscriptions", "contacts", *charges.STEP_NAMES)

    @asynccontextmanager
    async def steps(self, process: Process, run: RunContext) -> AsyncIterator[Sequence[Step]]:
        async with pax8_of(process, run) as pax8:
            yield (
                *steps_over(pax8.portfolio, process, run),
                *charging_steps(pax8.charges, process, run),
            )
