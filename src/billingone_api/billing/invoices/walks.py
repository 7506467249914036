"""Copies lists that have no changes to ask for: all of each, from end to end, every time."""

from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
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
_WHOSE: Final = "SuperOps"


@dataclass(slots=True)
class WalkBatch(Generic[T]):
    """Some records of a list; `same` are those that need no writing.

    The first one forgets what an earlier attempt met. Where the walk has met all there is, the
    last one also removes what was not met.
    """

    keeping: Keeping[T]
    records: Sequence[T]
    unreadable: Sequence[Unreadable]
    same: Collection[str]
    total: int | None
    begins: bool
    ending: "Ending | None" = None
    notice: str | None = None

    @property
    def checkpoint(self) -> Checkpoint:
        """A walk that was interrupted begins again: what was kept of it need not be read again."""
        return {"is_done": self.ending is not None}

    async def write(self, work: Work) -> Tally:
        keeping = self.keeping
        if self.begins:
            await keeping.sightings.begin_again(work)
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
        self.notice = removal.doubt(_WHOSE, keeping.name)
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
        walk, begins = self.open(), True
        async with aclosing(walk.pages()) as pages:
            async for page in pages:
                yield WalkBatch(
                    self.keeping, page.records, page.unreadable, (), walk.total, begins=begins
                )
                begins = False
        yield _last(self.keeping, walk, begins=begins)


@dataclass(frozen=True, slots=True)
class WalkingInvoices:
    """A step over invoices, whose lines cost a call each.

    That call is made for those that are new, or whose row in the list is another than when they
    were last read; in a full sync for all, since a line may change and leave the row as it was.
    """

    keeping: Keeping[Invoice]
    superops: SuperOps
    digests: Digests
    mode: Mode

    async def batches(self, checkpoint: Checkpoint | None) -> AsyncGenerator[WalkBatch[Invoice]]:
        if checkpoint and checkpoint["is_done"]:
            return
        walk, begins = self.superops.invoices(), True
        async with aclosing(walk.pages()) as pages:
            async for page in pages:
                known = await self._known(page)
                for start in range(0, len(page.records), AT_ONCE):
                    some = page.records[start : start + AT_ONCE]
                    yield await self._batch(some, known, walk.total, begins=begins)
                    begins = False
                if page.unreadable:
                    yield WalkBatch(
                        self.keeping, (), page.unreadable, (), walk.total, begins=begins
                    )
                    begins = False
        yield _last(self.keeping, walk, begins=begins)

    async def _known(self, page: Page[Listed]) -> Mapping[str, bytes | None]:
        if self.mode is Mode.FULL:
            return {}
        return await self.digests.of([one.source_id for one in page.records])

    async def _batch(
        self,
        some: Sequence[Listed],
        known: Mapping[str, bytes | None],
        total: int | None,
        *,
        begins: bool,
    ) -> WalkBatch[Invoice]:
        same = {one.source_id for one in some if known.get(one.source_id) == one.digest}
        found = [await self.superops.invoice(one) for one in some if one.source_id not in same]
        return WalkBatch(
            self.keeping,
            [one for one in found if isinstance(one, Invoice)],
            [one for one in found if isinstance(one, Unreadable)],
            same,
            total,
            begins=begins,
        )


def _last(keeping: Keeping[T], walk: Walk[Any], *, begins: bool) -> WalkBatch[T]:
    ending = Ending.of(walk, keeping.name)
    return WalkBatch(keeping, (), (), (), walk.total, begins=begins, ending=ending)


def _never_still(name: str) -> str:
    return (
        f"The list of {name} of SuperOps changed while it was read, twice, so that some may have "
        "been missed. What was met is kept, and nothing was removed; the next sync reads it again."
    )
