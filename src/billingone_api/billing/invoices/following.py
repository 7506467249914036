"""Keeps invoices up with what is paid and set against them."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Generic

from billingone_api.billing.invoices.books import Credit, Invoice, Payment
from billingone_api.billing.invoices.ports import Known
from billingone_api.billing.invoices.sweeps import Copying, FindAll, ListBatch, Place, T
from billingone_api.billing.syncs.models import Tally
from billingone_api.billing.syncs.ports import Checkpoint
from billingone_api.request import Work

Told = Mapping[str, datetime]
"""Invoices by their ids over there, and when something that concerns each was last told."""


def told_by_payment(payment: Payment) -> Told:
    at, source_id = payment.source_updated_at, payment.invoice_source_id
    return {source_id: at} if source_id and at else {}


def told_by_credit(credit: Credit) -> Told:
    at = credit.source_updated_at
    named = (one.invoice_source_id for one in credit.allocations)
    return {source_id: at for source_id in named if source_id and at}


@dataclass(frozen=True, slots=True)
class FollowedBatch(Generic[T]):
    """Some records, and the invoices that they showed to be behind."""

    batch: ListBatch[T]
    behind: ListBatch[Invoice] | None

    @property
    def checkpoint(self) -> Checkpoint:
        return self.batch.checkpoint

    @property
    def total(self) -> int | None:
        return self.batch.total

    @property
    def notice(self) -> str | None:
        return self.batch.notice

    async def write(self, work: Work) -> Tally:
        # Invoices first: whoever writes some has to wait for a turn before any row is held.
        behind = await self.behind.write(work) if self.behind else Tally()
        # Those that can be read are counted in their own step.
        return Tally(quarantined=behind.quarantined) + await self.batch.write(work)


@dataclass(frozen=True, slots=True)
class Following(Generic[T]):
    """A step over records that concern invoices.

    Whether an invoice counts as changed when it is paid is nowhere promised (contract page, 9).
    So those that a record names, and that were last told of before it, are asked for by their
    ids. A full sweep does so for what has changed since it read the invoices.
    """

    copying: Copying[T]
    told_by: Callable[[T], Told]
    invoices: "Invoices"

    @property
    def name(self) -> str:
        return self.copying.name

    async def batches(self, checkpoint: Checkpoint | None) -> AsyncGenerator[FollowedBatch[T]]:
        async with aclosing(self.copying.batches(checkpoint)) as batches:
            async for batch in batches:
                yield FollowedBatch(batch, await self._behind(batch))

    async def _behind(self, batch: ListBatch[T]) -> ListBatch[Invoice] | None:
        floor = await self.invoices.read_to() if batch.place.is_full else None
        told: dict[str, datetime] = {}
        for record in batch.records.values():
            for source_id, at in self.told_by(record).items():
                if floor is None or at >= floor:
                    told[source_id] = max(at, told.get(source_id, at))
        return await self.invoices.behind(told) if told else None


@dataclass(frozen=True, slots=True)
class Invoices:
    """The invoices of the same ledger, copied a step earlier."""

    copying: Copying[Invoice]
    find: FindAll[Invoice]
    known: Known

    async def read_to(self) -> datetime | None:
        """By Xero's clock; committed."""
        cursor = await self.copying.keeping.cursors.load(self.copying.name)
        return cursor.since if cursor else None

    async def behind(self, told: Told) -> ListBatch[Invoice] | None:
        ids = await self.known.behind(told)
        if not ids:
            return None
        page = await self.find(sorted(ids))
        return ListBatch.of(page, Place(is_full=False), self.copying.keeping)
