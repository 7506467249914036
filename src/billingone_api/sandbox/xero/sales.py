"""The sales of a tenant in their order: who bought, when, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Final

from billingone_api.sandbox.xero.contacts import Contact
from billingone_api.sandbox.xero.stories import DRAFT, OPEN, VOIDED, Story, story_of
from billingone_api.sandbox.xero.wire import DAY_IN_MS, day_in_ms

_SPAN_IN_DAYS: Final = 740
_DAYS_AHEAD: Final = 10
_IMPORTED_PART: Final = 12
_IMPORTED_DAYS_AGO: Final = 365
_HOUR_IN_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Sale:
    """One invoice, or one bill: everything about it except its money. `updated` is in ms."""

    ordinal: int
    bill: bool
    contact: Contact
    story: Story
    day: date
    due: date | None
    updated: int

    @property
    def type(self) -> str:
        return "ACCPAY" if self.bill else "ACCREC"

    @property
    def number(self) -> str:
        """Unique for sales; a supplier's numbers are what they are, and some drafts have none."""
        if self.bill:
            return f"PAX-{1000 + self.ordinal % 25}"
        unnumbered = self.story is DRAFT and self.ordinal % 8 == 0
        return "" if unnumbered else f"INV-{self.ordinal + 1:05d}"

    def payment_day(self, turn: int) -> date:
        return self.day + timedelta(days=4 + self.ordinal % 5 + 7 * turn)

    @property
    def credit_day(self) -> date:
        before = self.story.credit is not None and self.story.credit.collection == "Prepayments"
        return self.day + timedelta(days=-10 if before else 3)

    @property
    def settled_day(self) -> date:
        """When nothing more was due, where that has come about."""
        days = [self.payment_day(turn) for turn in range(len(self.story.shares))]
        return max([self.day, *days, *([self.credit_day] if self.story.credit else [])])

    @property
    def refund_day(self) -> date:
        return self.payment_day(1)

    @property
    def last_day(self) -> date:
        """When the last thing happened to it."""
        if self.story is VOIDED or self.story.undone:
            return self.day + timedelta(days=16)
        refunded = self.story.credit is not None and self.story.credit.refunded
        return max(self.settled_day, self.refund_day) if refunded else self.settled_day


class Sales:
    """Makes any sale from its ordinal, the same each time: nothing is kept.

    Invoices spread evenly over two years and ten days to come; the bills of the supplier follow
    them in number. The oldest twelfth was imported a year ago, all of it within one second.
    """

    def __init__(
        self, *, count: int, bills: int, clients: Sequence[Contact], supplier: Contact, today: date
    ) -> None:
        self.count = count
        self.bills = bills
        self.clients = clients
        self._supplier = supplier
        self._today = today

    def __len__(self) -> int:
        return self.count + self.bills

    def sale(self, ordinal: int, *, plain: bool = False) -> Sale:
        """A `plain` one waits for its money whatever its number says."""
        bill = ordinal >= self.count
        contact = self._supplier if bill else self.clients[ordinal % len(self.clients)]
        day = self._day(ordinal)
        age = (self._today - day).days
        story = OPEN if plain else story_of(ordinal, age_in_days=age, bill=bill)
        undated = story is DRAFT or (story is OPEN and ordinal % 94 == 11)  # noqa: PLR2004 - one in 94
        due = None if undated else day + timedelta(days=contact.terms)
        sale = Sale(ordinal, bill, contact, story, day, due, 0)
        return Sale(ordinal, bill, contact, story, day, due, self.instant(sale, sale.last_day))

    def instant(self, sale: Sale, day: date) -> int:
        """Some time on that day, in ms; nothing has been updated today, or lies ahead."""
        if sale.ordinal < self.count // _IMPORTED_PART:
            return self._imported + sale.ordinal % 1000
        n = sale.ordinal
        moment = n * 7919 % 86_400 * 1000 + n * 37 % 1000
        return min(day_in_ms(day), self._yesterday) + moment

    def _day(self, ordinal: int) -> date:
        back, of = self.count - 1 - ordinal, self.count
        if ordinal >= self.count:
            back, of = len(self) - 1 - ordinal, self.bills
        return self._today + timedelta(days=_DAYS_AHEAD - back * _SPAN_IN_DAYS // of)

    @cached_property
    def _imported(self) -> int:
        return self._yesterday - _IMPORTED_DAYS_AGO * DAY_IN_MS + 3 * _HOUR_IN_MS

    @cached_property
    def _yesterday(self) -> int:
        return day_in_ms(self._today) - DAY_IN_MS
