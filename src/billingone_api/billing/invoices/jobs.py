"""The worker's door to invoices: Xero and SuperOps as sources that can be synced."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from billingone_api.billing.definitions.models import SUPEROPS, XERO
from billingone_api.billing.invoices.copying import superops, xero
from billingone_api.billing.syncs.models import RunContext
from billingone_api.billing.syncs.ports import Step
from billingone_api.process import Process


class XeroSource:
    """The books of Xero: a delta reads what has changed, a full sync everything."""

    key: Final = XERO
    step_names: Final = xero.STEP_NAMES

    @asynccontextmanager
    async def steps(self, process: Process, run: RunContext) -> AsyncIterator[Sequence[Step]]:
        async with xero.books_of(process, run) as books:
            yield xero.steps_over(books, process, run)


class SuperOpsSource:
    """An account of SuperOps; it has no changes to ask for, so every run walks all lists."""

    key: Final = SUPEROPS
    step_names: Final = superops.STEP_NAMES

    @asynccontextmanager
    async def steps(self, process: Process, run: RunContext) -> AsyncIterator[Sequence[Step]]:
        async with superops.superops_of(process, run) as found:
            yield superops.steps_over(found, process, run)
