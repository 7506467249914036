"""The first step of a run finds out whose books are read; the others wait for it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from billingone_api.billing.invoices.books import Ledger, Organisation
from billingone_api.billing.invoices.ports import Ledgers, Whose
from billingone_api.billing.syncs.models import Tally
from billingone_api.billing.syncs.ports import Batch, Checkpoint
from billingone_api.request import Work

ORGANISATION: Final = "organisation"

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Listed(Protocol):
    """A step over one list, which lets go of what it reads when it is closed."""

    def batches(self, checkpoint: Checkpoint | None) -> AsyncGenerator[Batch]: ...


@dataclass(frozen=True, slots=True)
class OpeningBatch:
    """The organisation as it is called now."""

    organisation: Organisation
    ledgers: Ledgers
    total: int | None = 1
    notice: str | None = None

    @property
    def checkpoint(self) -> Checkpoint:
        return {"source_id": self.organisation.source_id}

    async def write(self, work: Work) -> Tally:
        return await self.ledgers.open(work, self.organisation)


@dataclass(frozen=True, slots=True)
class Opening:
    """Asks who it is, which also proves token, scope and connection at the price of one call."""

    books: Whose
    ledgers: Ledgers
    name: str = ORGANISATION

    async def batches(self, checkpoint: Checkpoint | None) -> AsyncGenerator[OpeningBatch]:
        if checkpoint is None:
            organisation = await self.books.organisation()
            # Nothing is reckoned by it: Xero's days are days of the calendar.
            _log.info("books_opened", time_zone=organisation.time_zone)
            yield OpeningBatch(organisation, self.ledgers)


@dataclass(frozen=True, slots=True)
class InLedger:
    """A step over the ledger that is current once its turn has come."""

    name: str
    ledgers: Ledgers
    step: Callable[[Ledger], Listed]

    async def batches(self, checkpoint: Checkpoint | None) -> AsyncGenerator[Batch]:
        step = self.step(await self.ledgers.current())
        async with aclosing(step.batches(checkpoint)) as batches:
            async for batch in batches:
                yield batch
