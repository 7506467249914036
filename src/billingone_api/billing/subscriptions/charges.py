"""Copies what Pax8 charges: its invoices, the charges on each, and the drafts of two months.

An invoice that was approved does not change, so its charges are read once, and again only when the
list shows it otherwise. Drafts change with every order: they are replaced, a month at a time.
"""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import Any, Final, Protocol

from billingone_api.billing.subscriptions.models import Listing
from billingone_api.billing.subscriptions.sweeps import (
    MOST_ROUNDS,
    PAGES_A_BATCH,
    PagesAhead,
    Place,
    Save,
)
from billingone_api.billing.syncs.models import Mode, Tally, Unreadable
from billingone_api.billing.syncs.ports import Batch, Checkpoint, Step
from billingone_api.kit.clock import Clock
from billingone_api.request import Work

BILLS: Final = "invoices"
CHARGES: Final = "invoice_items"
DRAFTS: Final = "draft_items"
STEP_NAMES: Final = (BILLS, CHARGES, DRAFTS)

MONTHS_READ: Final = 3
"""Invoices are listed from the beginning of the month that lies so many months back."""
DRAFTS_FRESH_FOR: Final = timedelta(hours=6)
"""How long a delta believes a month's drafts, which cost a call for each 200 charges."""

# Pax8 says "this month" by its own day; its records carry the offset of its home, UTC-7 in winter.
_PAX8: Final = timezone(timedelta(hours=-7))
_MONTHS_AHEAD: Final = (0, 1)


@dataclass(frozen=True, slots=True)
class Bill:
    """One invoice of Pax8's to the organisation, over all its clients."""

    source_id: str
    source_status: str | None
    invoiced_on: date | None
    due_on: date | None
    currency: str | None
    total: Decimal | None
    balance: Decimal | None
    carried_balance: Decimal | None


@dataclass(frozen=True, slots=True)
class Charge:
    """One line of a bill; credits are negative. Costs are what the organisation pays, untaxed."""

    source_id: str | None
    kind: str | None
    company_id: str | None
    subscription_id: str | None
    product_id: str | None
    product_name: str | None
    vendor_name: str | None
    sku: str | None
    description: str | None
    details: str | None
    period_from: date | None
    period_to: date | None
    term: str | None
    rate_type: str | None
    unit_of_measure: str | None
    quantity: Decimal | None
    unit_price: Decimal | None
    price_total: Decimal | None
    unit_cost: Decimal | None
    cost_total: Decimal | None
    amount_due: Decimal | None
    tax: Decimal | None
    currency: str | None


class ChargesDenied(Exception):
    """Pax8 does not give us what it charges; `str()` is a sentence for people."""


class BillGone(Exception):
    """An invoice that was listed is there no more: the next sync sees what became of it."""


class ChargesSource(Protocol):
    """Pax8's invoices in our words; every method raises ProviderErrors and ChargesDenied."""

    async def bills(self, page: int, *, since: date) -> Listing[Bill]: ...

    async def bill(self, source_id: str) -> Bill | Unreadable | None: ...

    async def charges(self, bill_id: str, page: int) -> Listing[Charge]:
        """Raises BillGone."""
        ...

    async def drafts(self, page: int, *, months_ahead: int) -> Listing[Charge]: ...


@dataclass(frozen=True, slots=True)
class ReadBill:
    """The charges of a bill, all of them; `month` is that of a draft."""

    bill_id: str
    kind: str
    charges: Sequence[Charge]
    unreadable: Sequence[Unreadable]
    month: date | None = None

    def digest(self) -> str:
        whole = hashlib.sha256()
        for one in self.charges:
            whole.update(_mark(one))
        return whole.hexdigest()


class BillRows(Protocol):
    """The bills of one organisation, and the charges on each."""

    async def write(self, work: Work, records: Sequence[Bill]) -> Tally: ...

    async def due(self, *, after: str) -> Sequence[str]:
        """Bills whose charges have to be read, by id, after an id; committed."""
        ...

    async def read_since(self, bill_id: str, since: datetime) -> bool:
        """Whether a bill's charges were read whole at that instant or later; committed."""
        ...

    async def replace(self, work: Work, bill: ReadBill) -> Tally:
        """These are its charges and no others; the same ones are left alone."""
        ...


def draft_id(month: date) -> str:
    return f"draft:{month:%Y-%m}"


def today_at_pax8(now: datetime) -> date:
    return now.astimezone(_PAX8).date()


def month_from(day: date, *, months: int) -> date:
    """The first day of the month so many months from that of the day."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def bills_alone(rows: BillRows) -> Callable[[Sequence[Bill]], Awaitable[Save]]:
    async def saving(bills: Sequence[Bill]) -> Save:
        return partial(rows.write, records=bills)

    return saving


def _mark(charge: Charge) -> bytes:
    """Tells it from others; a hundred thousand as text would take as much memory again."""
    return hashlib.sha256(repr(charge).encode()).digest()


async def read_whole(
    read: Callable[[int], Awaitable[Listing[Charge]]],
) -> tuple[Sequence[Charge], Sequence[Unreadable]] | None:
    """Every charge of a list, in an order of ours; None where it changed each time it was read.

    Charges in draft have no id to tell them apart by, so that a list which changes meanwhile is
    read again from its beginning.
    """
    for _ in range(MOST_ROUNDS):
        ahead = PagesAhead(read, Place())
        listings: list[Listing[Charge]] = []
        try:
            while not ahead.place.is_at_end:
                listings += await ahead.take(PAGES_A_BATCH)
        finally:
            await ahead.close()
        charges = [one for listing in listings for one in listing.records]
        unreadable = [one for listing in listings for one in listing.unreadable]
        totals = {listing.total_records for listing in listings}
        if totals == {len(charges) + len(unreadable)}:
            charges.sort(key=_mark)
            return charges, unreadable
    return None


@dataclass(slots=True)
class BillBatch:
    """The charges of one bill, or a notice where they never stood still."""

    bill: ReadBill | None
    checkpoint: Checkpoint
    rows: BillRows
    notice: str | None = None
    total: int | None = None

    async def write(self, work: Work) -> Tally:
        return Tally() if self.bill is None else await self.rows.replace(work, self.bill)


@dataclass(frozen=True, slots=True)
class ChargesOfBills:
    """The step that reads the charges of invoices that are new or have changed."""

    source: ChargesSource
    rows: BillRows
    name: str = CHARGES

    async def batches(self, checkpoint: Checkpoint | None) -> AsyncIterator[BillBatch]:
        for bill_id in await self.rows.due(after=str((checkpoint or {}).get("after", ""))):
            try:
                found = await read_whole(partial(self.source.charges, bill_id))
            except BillGone:
                continue
            bill = None if found is None else _read(bill_id, self.name, found)
            yield BillBatch(
                bill, {"after": bill_id}, self.rows, _never_still(found, "on an invoice")
            )


@dataclass(frozen=True, slots=True)
class ChargesInDraft:
    """The step that reads what this month's invoice and the next one are going to hold."""

    source: ChargesSource
    rows: BillRows
    clock: Clock
    mode: Mode
    name: str = DRAFTS

    async def batches(self, checkpoint: Checkpoint | None) -> AsyncIterator[BillBatch]:
        for ahead in _MONTHS_AHEAD[int((checkpoint or {}).get("next", 0)) :]:
            now = self.clock.now()
            month = month_from(today_at_pax8(now), months=ahead)
            bill_id = draft_id(month)
            is_delta = self.mode is Mode.DELTA
            if is_delta and await self.rows.read_since(bill_id, now - DRAFTS_FRESH_FOR):
                continue
            found = await read_whole(partial(self.source.drafts, months_ahead=ahead))
            bill = None if found is None else _read(bill_id, self.name, found, month)
            yield BillBatch(bill, {"next": ahead + 1}, self.rows, _never_still(found, "in draft"))


@dataclass(slots=True)
class Denial:
    """Nothing was read, and why."""

    notice: str | None
    checkpoint: Checkpoint = field(default_factory=lambda: {"is_denied": True})
    total: int | None = None

    async def write(self, work: Work) -> Tally:  # noqa: ARG002 - the engine's signature
        return Tally()


@dataclass(frozen=True, slots=True)
class IfAllowed:
    """A step that the rest of the sync can do without: what Pax8 denies is said and passed over."""

    step: Step

    @property
    def name(self) -> str:
        return self.step.name

    async def batches(self, checkpoint: Checkpoint | None) -> AsyncGenerator[Batch]:
        if (checkpoint or {}).get("is_denied"):
            return
        batches: Any = self.step.batches(checkpoint)
        try:
            async with aclosing(batches):
                async for batch in batches:
                    yield batch
        except ChargesDenied as denied:
            yield Denial(str(denied))


def _read(
    bill_id: str,
    kind: str,
    found: tuple[Sequence[Charge], Sequence[Unreadable]],
    month: date | None = None,
) -> ReadBill:
    charges, unreadable = found
    # Their own ids do not say whose charge it is, and drafts have none.
    named = [
        Unreadable(f"{bill_id}/{place}", one.reason, one.excerpt)
        for place, one in enumerate(unreadable)
    ]
    return ReadBill(bill_id, kind, charges, named, month)


def _never_still(found: object, what: str) -> str | None:
    if found is not None:
        return None
    return (
        f"Pax8's list of the charges {what} changed each time it was read, {MOST_ROUNDS} times "
        "over. What was known of them stays; the next sync reads them again."
    )
