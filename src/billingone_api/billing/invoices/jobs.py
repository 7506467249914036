"""The worker's door to invoices: Xero as a source that can be synced."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from billingone_api.billing.invoices.books import XERO
from billingone_api.billing.invoices.copying import STEP_NAMES, books_of, steps_over
from billingone_api.billing.syncs.models import RunContext
from billingone_api.billing.syncs.ports import Step
from billingone_api.process import Process


class XeroSource:
    """The books of Xero: a delta reads what has changed, a full sync everything."""

    key: Final = XERO
    step_names: Final = STEP_NAMES

    @asynccontextmanager
    async def steps(self, process: Process, run: RunContext) -> AsyncIterator[Sequence[Step]]:
        async with books_of(process, run) as books:
            yield steps_over(books, process, run)
