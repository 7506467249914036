"""A Pax8 in our own words, and an engine just large enough to sync it."""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from billingone_api.billing.subscriptions.models import (
    Company,
    Contact,
    ContactList,
    Listing,
    Product,
    Subscription,
)
from billingone_api.billing.subscriptions.wiring import steps_over
from billingone_api.billing.syncs.models import Mode, RunContext, Tally, Unreadable
from billingone_api.billing.syncs.ports import Checkpoint, Step
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

T = TypeVar("T", Company, Subscription)


def company(source_id: str = "harbour", name: str = "Harbour Dental", **more: Any) -> Company:
    known: dict[str, Any] = {"source_status": "Active", "external_id": None, "website": None}
    return Company(source_id, name, **(known | more))


def subscription(source_id: str = "s1", **more: Any) -> Subscription:
    """42 seats of Business Premium at 32.90 a month, unless told otherwise."""
    known: dict[str, Any] = {
        "source_status": "Active",
        "company_id": "harbour",
        "product_id": "premium",
        "quantity": Decimal(42),
        "price": Decimal("32.9"),
        "partner_cost": Decimal("27.64"),
        "currency": "AUD",
        "billing_term": "Monthly",
        "starts_on": date(2026, 2, 1),
        "ends_on": None,
        "commitment_term": "1-Year",
        "commitment_ends_on": date(2027, 1, 31),
        "parent_id": None,
        "vendor_subscription_id": None,
        "vendor_sku_id": None,
        "billing_starts_on": date(2026, 2, 1),
        "created_on": date(2026, 1, 29),
        "source_updated_at": None,
        "product_name": "Microsoft 365 Business Premium",
    }
    return Subscription(source_id, **(known | more))


def people(company_id: str, *ids: str, **more: Any) -> ContactList:
    """A whole list of these people, who are there for the bills."""
    known: dict[str, Any] = {"name": "Priya Nair", "types": ("Billing",), "primary_types": ()}
    found = [
        Contact(company_id, one, **({"email": f"{one}@{company_id}.example"} | known | more))
        for one in ids
    ]
    return ContactList(company_id, found, is_whole=True)


def nothing_happens(kind: str, page: int) -> None:
    """The list stays as it is."""


PREMIUM = Product("premium", name="Business Premium", vendor_name="Microsoft", sku="MST-BPR")


@dataclass
class FakePortfolio:
    """Lists by page like Pax8's; `before_read` may change them while they are read."""

    companies_: list[Company | Unreadable] = field(default_factory=lambda: [company()])
    subscriptions_: list[Subscription | Unreadable] = field(default_factory=list)
    products: dict[str, Product | Unreadable] = field(default_factory=lambda: {"premium": PREMIUM})
    used: dict[str, bool | None] = field(default_factory=dict)
    people: dict[str, ContactList] = field(default_factory=dict)
    page_size: int = 2
    before_read: Callable[[str, int], None] = nothing_happens
    reads: list[tuple[str, int | str]] = field(default_factory=list)

    async def companies(self, page: int) -> Listing[Company]:
        return self._page("companies", self.companies_, page)

    async def subscriptions(self, page: int) -> Listing[Subscription]:
        return self._page("subscriptions", self.subscriptions_, page)

    async def company(self, source_id: str) -> Company | Unreadable | None:
        return self._one("company", self.companies_, source_id)

    async def contacts(self, company_id: str) -> ContactList:
        self.reads.append(("contacts", company_id))
        return self.people.get(company_id) or ContactList(company_id, is_whole=True)

    async def subscription(self, source_id: str) -> Subscription | Unreadable | None:
        return self._one("subscription", self.subscriptions_, source_id)

    async def product(self, source_id: str) -> Product | Unreadable:
        self.reads.append(("product", source_id))
        return self.products.get(source_id) or Product(source_id, is_gone=True)

    async def has_usage(self, subscription_id: str) -> bool | None:
        self.reads.append(("usage", subscription_id))
        return self.used.get(subscription_id, False)

    def _one(
        self, kind: str, rows: Sequence[T | Unreadable], source_id: str
    ) -> T | Unreadable | None:
        self.reads.append((kind, source_id))
        return next((row for row in rows if row.source_id == source_id), None)

    def asked(self, kind: str) -> list[int | str]:
        return [what for name, what in self.reads if name == kind]

    def _page(self, kind: str, rows: Sequence[T | Unreadable], page: int) -> Listing[T]:
        self.before_read(kind, page)
        self.reads.append((kind, page))
        shown = rows[page * self.page_size : (page + 1) * self.page_size]
        return Listing(
            records=[row for row in shown if not isinstance(row, Unreadable)],
            unreadable=[row for row in shown if isinstance(row, Unreadable)],
            number=page,
            total_pages=-(-len(rows) // self.page_size),
            total_records=len(rows),
        )


class Crash(Exception):
    """The worker dies."""


@dataclass
class Engine:
    """Runs the steps of one organisation's Pax8 as the real engine does, one transaction a batch.

    The next batch is fetched before the last one is written, as there.
    """

    process: Process
    organisation_id: UUID
    pax8: FakePortfolio = field(default_factory=FakePortfolio)

    def run(self, mode: Mode = Mode.DELTA) -> RunContext:
        return RunContext(self.organisation_id, new_id(), "pax8", new_id(), mode)

    async def sync(self, *, crashes_after: int | None = None, mode: Mode = Mode.DELTA) -> "Report":
        """A whole run; the worker dies once after so many batches, where told, and goes on."""
        run, report = self.run(mode), Report()
        if crashes_after is None:
            await self._go_on(run, report, None)
            return report
        try:
            await self._go_on(run, report, crashes_after)
        except Crash:
            await self._go_on(run, report, None)
        return report

    async def _go_on(self, run: RunContext, report: "Report", batches: int | None) -> None:
        for step in steps_over(self.pax8, self.process, run):
            if step.name in report.finished:
                continue
            await self._step(step, report, batches)
            report.finished.append(step.name)

    async def _step(self, step: Step, report: "Report", most: int | None) -> None:
        async with aclosing(step.batches(report.checkpoints.get(step.name))) as batches:  # type: ignore[type-var]  # a generator in fact
            ahead = await anext(batches, None)
            while ahead is not None:
                batch, ahead = ahead, await anext(batches, None)
                if most is not None and report.written >= most:
                    raise Crash
                async with self.process.work(self.organisation_id) as work:
                    tally = await batch.write(work)
                report.note(step.name, tally, batch.checkpoint, batch.total, batch.notice)


@dataclass
class Report:
    """What a run did, step by step."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    checkpoints: dict[str, Checkpoint] = field(default_factory=dict)
    totals: dict[str, int | None] = field(default_factory=dict)
    notices: dict[str, str] = field(default_factory=dict)
    finished: list[str] = field(default_factory=list)
    written: int = 0

    def note(
        self,
        step: str,
        tally: Tally,
        checkpoint: Checkpoint,
        total: int | None,
        notice: str | None,
    ) -> None:
        self.written += 1
        self.tallies[step] = self.tallies.get(step, Tally()) + tally
        self.checkpoints[step] = checkpoint
        self.totals[step] = total
        if notice:
            self.notices[step] = notice

    def __getitem__(self, step: str) -> Tally:
        return self.tallies.get(step, Tally())
