"""What Pax8 charges, copied: read once, replaced whole, and never taken for all where it is not."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.support.clock import SetClock
from tests.support.databases import Database

from billingone_api.billing.subscriptions.charges import (
    Bill,
    BillGone,
    Charge,
    ChargesDenied,
    month_from,
    read_whole,
    today_at_pax8,
)
from billingone_api.billing.subscriptions.models import Listing
from billingone_api.billing.subscriptions.wiring import charging_steps
from billingone_api.billing.syncs.models import Mode, RunContext, Tally, Unreadable
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

NOTHING = dict.fromkeys(Charge.__slots__)
NOVEMBER = Bill(
    "i1", "Unpaid", date(2026, 11, 1), date(2026, 11, 15), "AUD", Decimal(20), Decimal(20), None
)


def charge(**facts: Any) -> Charge:
    return Charge(**(NOTHING | {"kind": "subscription", "currency": "AUD"} | facts))


def page_of(rows: Sequence[Any], page: int, *, total: int | None = None) -> Listing[Any]:
    shown = rows[page * 2 : page * 2 + 2]
    return Listing(
        records=[one for one in shown if not isinstance(one, Unreadable)],
        unreadable=[one for one in shown if isinstance(one, Unreadable)],
        number=page,
        total_pages=-(-len(rows) // 2),
        total_records=len(rows) if total is None else total,
    )


@dataclass
class FakeCharges:
    """Invoices and drafts by page, like Pax8's; each list of drafts read is noted."""

    bills_: list[Bill] = field(default_factory=lambda: [NOVEMBER])
    items: dict[str, list[Any]] = field(default_factory=dict)
    drafted: dict[int, list[Any]] = field(default_factory=dict)
    denied: bool = False
    reads: list[str] = field(default_factory=list)

    async def bills(self, page: int, *, since: date) -> Listing[Bill]:
        assert since in {date(2026, 8, 1), date(2026, 9, 1)}, "three months before this one"
        return page_of(self.bills_, page)

    async def bill(self, source_id: str) -> Bill | Unreadable | None:
        return next((one for one in self.bills_ if one.source_id == source_id), None)

    async def charges(self, bill_id: str, page: int) -> Listing[Charge]:
        self.reads.append(bill_id)
        if bill_id not in self.items:
            raise BillGone(bill_id)
        return page_of(self.items[bill_id], page)

    async def drafts(self, page: int, *, months_ahead: int) -> Listing[Charge]:
        self.reads.append(f"draft {months_ahead}")
        if self.denied:
            raise ChargesDenied("Give the API credentials access to invoices.")
        return page_of(self.drafted.get(months_ahead, []), page)


@dataclass
class Copy:
    """Runs the steps as the engine does, a transaction a batch."""

    process: Process
    organisation_id: UUID
    pax8: FakeCharges
    mode: Mode = Mode.FULL

    async def sync(self) -> dict[str, Tally | str]:
        run = RunContext(self.organisation_id, new_id(), "pax8", new_id(), self.mode)
        done: dict[str, Tally | str] = {}
        self.pax8.reads.clear()
        for step in charging_steps(self.pax8, self.process, run):
            async for batch in step.batches(None):
                async with self.process.work(self.organisation_id) as work:
                    tally = await batch.write(work)
                before = done.get(step.name, Tally())
                assert isinstance(before, Tally)
                done[step.name] = batch.notice or before + tally
        return done


async def test_a_bill_is_read_once_and_a_months_drafts_are_replaced_whole(
    process: Process, organisation_id: UUID, database: Database, clock: SetClock
) -> None:
    pax8 = FakeCharges(
        items={"i1": [charge(cost_total=Decimal(n)) for n in (12, 5, 3)]},
        drafted={0: [charge(cost_total=Decimal(7))], 1: [charge(cost_total=Decimal(9))] * 3},
    )
    copy = Copy(process, organisation_id, pax8)
    first = await copy.sync()
    assert first == {
        "invoices": Tally(created=1),
        "invoice_items": Tally(created=3),
        "draft_items": Tally(created=4),
    }
    sql = (
        "SELECT b.source_id, b.month::text, sum(c.cost_total)::int, count(*)::int, "
        "min(c.xmin::text) FROM pax8_charges c JOIN pax8_bills b ON b.source_id = c.bill_id "
        "GROUP BY 1, 2 ORDER BY 1"
    )
    before = [tuple(row) for row in await database.as_owner(sql)]
    assert [row[:4] for row in before] == [
        ("draft:2026-11", "2026-11-01", 7, 1),
        ("draft:2026-12", "2026-12-01", 27, 3),
        ("i1", "2026-11-01", 20, 3),
    ]

    # the same again writes no charge anew, and asks for no invoice's
    again = await copy.sync()
    assert again == {"invoices": Tally(unchanged=1), "draft_items": Tally(unchanged=4)}
    assert "i1" not in pax8.reads
    assert [tuple(row) for row in await database.as_owner(sql)] == before

    # a delta believes drafts for six hours; then what was ordered meanwhile takes their place
    pax8.drafted[1] = [charge(cost_total=Decimal(4)), Unreadable(None, "Not a number.", "{}")]
    copy.mode = Mode.DELTA
    assert await copy.sync() == {"invoices": Tally(unchanged=1)}
    clock.move(hours=7)
    assert (await copy.sync())["draft_items"] == Tally(unchanged=1, changed=1, quarantined=1)
    aside = "SELECT kind, record_key FROM quarantined_records"
    assert [tuple(row) for row in await database.as_owner(aside)] == [
        ("draft_items", "draft:2026-12/0")
    ]
    pax8.drafted[1] = [charge(cost_total=Decimal(4))] * 2
    copy.mode = Mode.FULL
    await copy.sync()
    assert await database.as_owner(aside) == []

    # what was wrong is credited and issued anew: its charges are not asked for again
    pax8.bills_ = [replace(NOVEMBER, source_status="Credited"), replace(NOVEMBER, source_id="i2")]
    pax8.items["i2"] = [charge(cost_total=Decimal(18))]
    assert (await copy.sync())["invoices"] == Tally(created=1, changed=1)
    assert pax8.reads[0] == "i2"
    assert "i1" not in pax8.reads

    # one that is listed no more has a tombstone; a payment has its charges read once more
    pax8.bills_ = [replace(NOVEMBER, source_id="i2", source_status="Paid")]
    gone = await copy.sync()
    assert gone["invoices"] == Tally(changed=1, gone=1)
    assert gone["invoice_items"] == Tally(unchanged=1)
    kept = await database.as_owner("SELECT source_id FROM pax8_bills WHERE gone_at IS NOT NULL")
    assert [row["source_id"] for row in kept] == ["i1"]

    # a draft of a month that is over stays until an invoice stands in its place
    clock.move(hours=24 * 10)
    drafts = "SELECT source_id FROM pax8_bills WHERE is_draft ORDER BY month"
    for status, left in (("Credited", ["2026-11", "2026-12"]), ("Paid", ["2026-12"])):
        pax8.bills_ = [replace(NOVEMBER, source_id="i2", source_status=status)]
        await copy.sync()
        found = [row["source_id"] for row in await database.as_owner(drafts)]
        assert found == [f"draft:{month}" for month in [*left, "2027-01"]]


async def test_what_is_denied_is_said_and_an_invoice_that_went_is_left_for_the_next_time(
    process: Process, organisation_id: UUID, database: Database
) -> None:
    pax8 = FakeCharges(denied=True)
    done = await Copy(process, organisation_id, pax8).sync()
    assert done == {
        "invoices": Tally(created=1),
        "draft_items": "Give the API credentials access to invoices.",
    }
    due = await database.as_owner("SELECT is_due, read_at FROM pax8_bills")
    assert [tuple(row) for row in due] == [(True, None)]


async def test_a_list_that_changes_while_it_is_read_is_read_again() -> None:
    rows = [charge(cost_total=Decimal(n)) for n in range(3)]
    reads = 0

    async def once_shifted(page: int) -> Listing[Charge]:
        nonlocal reads
        reads += 1
        return page_of(rows if reads > 1 else rows[:1], page, total=3)

    async def never_still(page: int) -> Listing[Charge]:
        return page_of(rows, page, total=4)

    found = await read_whole(once_shifted)
    assert found is not None
    assert sorted(found[0], key=repr) == rows
    assert await read_whole(never_still) is None


def test_months_are_pax8s_own() -> None:
    assert today_at_pax8(datetime(2026, 12, 1, 6, tzinfo=UTC)) == date(2026, 11, 30)
    assert month_from(date(2026, 11, 30), months=2) == date(2027, 1, 1)
    assert month_from(date(2026, 2, 1), months=-3) == date(2025, 11, 1)
