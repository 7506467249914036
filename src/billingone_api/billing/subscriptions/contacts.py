"""Reads who is behind companies: a call for each, so not all of them each time."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from billingone_api.billing.subscriptions.models import ContactList
from billingone_api.billing.subscriptions.ports import ContactRows, Portfolio
from billingone_api.billing.subscriptions.sweeps import few_at_a_time
from billingone_api.billing.syncs.models import Mode, Tally
from billingone_api.billing.syncs.ports import Checkpoint
from billingone_api.kit.clock import Clock
from billingone_api.request import Work

FRESH_FOR: Final = timedelta(days=1)
"""How long people are believed before a delta reads them again."""
MOST_A_DELTA: Final = 300
"""Companies: half a minute at the rate we allow ourselves."""
COMPANIES_A_BATCH: Final = 20


@dataclass(slots=True)
class ContactBatch:
    """The people of some companies."""

    lists: Sequence[ContactList]
    checkpoint: Checkpoint
    rows: ContactRows
    total: int | None = None
    notice: str | None = None

    @property
    def is_denied(self) -> bool:
        return all(one.denial for one in self.lists)

    async def write(self, work: Work) -> Tally:
        tally, removal = await self.rows.write(work, self.lists)
        self.notice = removal.doubt("Pax8", "contacts") or _left_out(self.lists)
        return tally


@dataclass(frozen=True, slots=True)
class Contacts:
    """The step that reads people, of new and changed companies first.

    A full sync reads those of every company. A delta leaves alone whom it has read within a day,
    and reads no more than so many companies: the others are the first of the next one. Nobody is
    asked any further once Pax8 has let us read none of a batch.
    """

    portfolio: Portfolio
    rows: ContactRows
    mode: Mode
    clock: Clock
    name: str = "contacts"

    async def batches(self, checkpoint: Checkpoint | None) -> AsyncIterator[ContactBatch]:
        since, asked = self._beginning() if checkpoint is None else _going_on(checkpoint)
        most = None if self.mode is Mode.FULL else MOST_A_DELTA - asked
        due = await self.rows.due(since=since, most=most)
        for start in range(0, len(due), COMPANIES_A_BATCH):
            some = due[start : start + COMPANIES_A_BATCH]
            lists = await few_at_a_time(self.portfolio.contacts, some)
            done = {"since": since.isoformat(), "asked": asked + start + len(some)}
            batch = ContactBatch(lists, done, self.rows)
            yield batch
            if batch.is_denied:
                return

    def _beginning(self) -> tuple[datetime, int]:
        now = self.clock.now()
        return (now if self.mode is Mode.FULL else now - FRESH_FOR), 0


def _going_on(checkpoint: Checkpoint) -> tuple[datetime, int]:
    return datetime.fromisoformat(checkpoint["since"]), int(checkpoint["asked"])


def _left_out(lists: Sequence[ContactList]) -> str | None:
    if any(one.denial for one in lists):
        return (
            "Pax8 does not let us read the contacts of companies. Give the API credentials access "
            "to contacts in Pax8. What was known of them stays, and grows old; all else is copied."
        )
    if not all(one.is_whole or one.unreadable for one in lists):
        return (
            "Contacts of a company changed each time they were read in Pax8. Whom we met is up to "
            "date; who may have gone is removed by the next sync."
        )
    return None
