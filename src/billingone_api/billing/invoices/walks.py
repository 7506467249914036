"""Copies lists that have no changes to ask for: all of each, from end to end, every time."""

from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Generic

from billingone_api.billing.invoices.books import Invoice, Page
from billingone_api.billing.invoices.ports import Digests, SuperOps, Walk
from billingone_api.billing.invoices.superops import Listed
from billingone_api.billing.invoices.sweeps import Keeping, T
from billingone_api.billing.syncs.models import Mode, Tally, Unreadable
from billingone_api.billing.syncs.ports import Checkpoint
from billingone_api.request import Work

AT_ONCE: Final = 25
"""Invoices that are read with their lines, a call each, before they are kept."""


@dataclass(slots=True)
class WalkBatch(Generic[T]):
    """Some records of a list; `same` are those that need no writing.

    Where the walk has met all there is, the last one also removes what the run has not met.
    """

    keeping: Keeping[T]
    records: Sequence[T]
    unreadable: Sequence[Unreadable]
    same: Collection[str]
    total: int | None
    ending: "Ending | None" = None
    notice: str | None = None

    @property
    def checkpoint(self) -> Checkpoint:
        """A walk that was interrupted begins again: what was kept of it need not be read again."""
        return {"is_done": self.ending is not None}

    async def write(self, work: Work) -> Tally:
        keeping = self.keeping
        records = {one.source_id: one for one in self.records}
        tally = await keeping.rows.write(work, tuple(records.values()))
        aside = {one.key: one for one in self.unreadable}
        await keeping.sightings.note(
            work, readable={*records, *self.same}, unreadable=tuple(aside.values())
        )
        tally += Tally(unchanged=len(self.same), quarantined=len(aside))
        return tally + await self._end(work, self.ending) if self.ending else tally

    async def _end(self, work: Work, ending: "Ending") -> Tally:
        keeping = self.keeping
        if ending.notice is not None:
            self.notice = ending.notice
            return Tally()
        await keeping.cursors.advance(work, keeping.name, since=None, is_swept=True)
        removal = await keeping.sightings.remove_unmet(work)
        self.notice = removal.doubt(keeping.source, keeping.name)
        return Tally(gone=removal.gone)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a walk ended; `notice` says why what it did not meet need not be gone."""

    notice: str | None

    @classmethod
    def of(cls, walk: Walk[Any], name: str) -> "Ending":
        if walk.denial is not None:
            return cls(f"{walk.denial} What was known of {name} before stays, and grows old.")
        return cls(None if walk.is_complete else _never_still(name))


@dataclass(frozen=True, slots=True)
class Walking(Generic[T]):
    """A step over a list whose records come whole."""

    keeping: Keeping[T]
    open: Callable[[], Walk[T]]

    async def batches(self, checkpoint: Checkpoint | None) -> AsyncGenerator[WalkBatch[T]]:
        if checkpoint and checkpoint["is_done"]:
            return
        walk = self.open()
        async with aclosing(walk.pages()) as pages:
            async for page in pages:
                yield WalkBatch(self.keeping, page.records, page.unreadable, (), walk.total)
        yield _last(self.keeping, walk)


@dataclass(frozen=True, slots=True)
class WalkingInvoices:
    """A step over invoices, whose lines cost a call each.

    That call is made for those that are new, or whose row in the list is another than when they
    were last read; in a full sync for all, since a line may change and leave the row as it was.
    A run that was interrupted does not make it again for what it has read.
    """

    keeping: Keeping[Invoice]
    superops: SuperOps
    digests: Digests
    mode: Mode

    async def batches(self, checkpoint: Checkpoint | None) -> AsyncGenerator[WalkBatch[Invoice]]:
        if checkpoint and checkpoint["is_done"]:
            return
        walk = self.superops.invoices()
        met = await self.keeping.sightings.met() if checkpoint else set()
        async with aclosing(walk.pages()) as pages:
            async for page in pages:
                same = await self._same(page, met)
                for start in range(0, len(page.records), AT_ONCE):
                    some = page.records[start : start + AT_ONCE]
                    yield await self._batch(some, same, met, walk.total)
                if aside := [one for one in page.unreadable if one.key not in met]:
                    yield WalkBatch(self.keeping, (), aside, (), walk.total)
        yield _last(self.keeping, walk)

    async def _same(self, page: Page[Listed], met: Collection[str]) -> set[str]:
        """Those that need no call."""
        rows = {one.source_id: one.digest for one in page.records}
        known = await self.digests.of(list(rows))
        same = {source_id for source_id, digest in rows.items() if known.get(source_id) == digest}
        return same.intersection(met) if self.mode is Mode.FULL else same

    async def _batch(
        self, some: Sequence[Listed], same: set[str], met: set[str], total: int | None
    ) -> WalkBatch[Invoice]:
        found = [await self.superops.invoice(one) for one in some if one.source_id not in same]
        return WalkBatch(
            self.keeping,
            [one for one in found if isinstance(one, Invoice)],
            [one for one in found if isinstance(one, Unreadable)],
            {one.source_id for one in some} & same - met,
            total,
        )


def _last(keeping: Keeping[T], walk: Walk[Any]) -> WalkBatch[T]:
    return WalkBatch(keeping, (), (), (), walk.total, Ending.of(walk, keeping.name))


def _never_still(name: str) -> str:
    return (
        f"The list of {name} of SuperOps changed while it was read, twice, so that some may have "
        "been missed. What was met is kept, and nothing was removed; the next sync reads it again."
    )
