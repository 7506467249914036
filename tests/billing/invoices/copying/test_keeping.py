"""Rows of one organisation's ledger, beside another's that has the same ids."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.support.databases import Database

from billingone_api.billing.definitions.models import XERO, InvoiceState
from billingone_api.billing.invoices.adapters.postgres.keeping.credits import (
    CREDIT_NOTES,
    PostgresCredits,
)
from billingone_api.billing.invoices.adapters.postgres.keeping.invoices import (
    INVOICES,
    PostgresInvoices,
)
from billingone_api.billing.invoices.adapters.postgres.keeping.ledgers import PostgresLedgers
from billingone_api.billing.invoices.adapters.postgres.keeping.payments import PostgresPayments
from billingone_api.billing.invoices.adapters.postgres.keeping.plain import (
    CONTACTS,
    PostgresPlain,
)
from billingone_api.billing.invoices.books import (
    Allocation,
    Contact,
    Credit,
    CreditKind,
    Invoice,
    Ledger,
    Line,
    Organisation,
    Payment,
)
from billingone_api.billing.syncs.adapters.sightings import PostgresSightings, Swept
from billingone_api.billing.syncs.models import Mode, Removal, RunContext, Tally
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

BOOKS = Organisation("tenant", "Bluegum IT", "!1", "AUD", "AU", None)


def made(words: type[Any], source_id: str, **more: Any) -> Any:
    """A record with nothing but what is told."""
    nothing: dict[str, Any] = dict.fromkeys(words.__dataclass_fields__)
    usual = {"state": InvoiceState.APPROVED, "is_deleted": False, "is_refund": False, "lines": ()}
    known = {name: value for name, value in usual.items() if name in nothing}
    return words(**(nothing | known | {"source_id": source_id} | more))


def invoice(source_id: str = "i1", total: int = 100, **more: Any) -> Invoice:
    line = made(Line, "l1", unit_amount=Decimal("32.9125"))
    found: Invoice = made(
        Invoice, source_id, total=Decimal(total), currency="AUD", lines=[line], **more
    )
    return found


class Kept:
    """One organisation's ledger, and a run that copies it."""

    def __init__(self, process: Process, organisation_id: UUID) -> None:
        self.process = process
        self.run = RunContext(organisation_id, new_id(), XERO, new_id(), Mode.FULL)

    async def open(self) -> Ledger:
        ledgers = PostgresLedgers(self.process, self.run)
        async with self.process.work(self.run.organisation_id) as work:
            await ledgers.open(work, BOOKS)
        self.ledger = await ledgers.current()
        return self.ledger

    async def write(self, rows: Any, records: Sequence[Any]) -> Tally:
        async with self.process.work(self.run.organisation_id) as work:
            tally: Tally = await rows.write(work, records)
        return tally

    async def invoices(self, *records: Invoice) -> Tally:
        return await self.write(PostgresInvoices(self.process, self.run, self.ledger), records)

    async def all_kinds(self) -> Tally:
        of = (self.process, self.run, self.ledger)
        against = made(Allocation, "a1", amount=Decimal(5), is_deleted=False)
        credit = made(
            Credit,
            "c1",
            kind=CreditKind.CREDIT_NOTE,
            total=Decimal(5),
            lines=[made(Line, "l1")],
            allocations=[against],
        )
        tally = await self.invoices(invoice())
        tally += await self.write(PostgresCredits(*of), [credit])
        tally += await self.write(
            PostgresPayments(*of), [made(Payment, "p1", invoice_source_id="i1")]
        )
        contact = made(Contact, "k1", name="Harbour", people=[{"name": "Mel"}])
        return tally + await self.write(PostgresPlain(CONTACTS, *of), [contact])

    async def remove_unmet(self, swept: Swept) -> Removal:
        scope = {"ledger_id": self.ledger.id}
        sightings = PostgresSightings(self.process, self.run, swept, scope)
        async with self.process.work(self.run.organisation_id) as work:
            return await sightings.remove_unmet(work)


async def test_nothing_of_another_organisation_is_read_or_written(
    process: Process, database: Database, organisation_id: UUID
) -> None:
    mine = Kept(process, organisation_id)
    other = Kept(process, await database.add_organisation(new_id()))
    for one in (mine, other):
        await one.open()
        assert await one.all_kinds() == Tally(created=4)
        assert await one.all_kinds() == Tally(unchanged=4)
    assert mine.ledger.id != other.ledger.id
    assert await other.invoices(invoice(total=7)) == Tally(changed=1)
    assert await other.remove_unmet(INVOICES) == Removal(known=1, missing=1, gone=1)
    assert await other.remove_unmet(CREDIT_NOTES) == Removal(known=1, missing=1, gone=1)
    assert await mine.all_kinds() == Tally(unchanged=4)
    rows = await database.as_owner(
        "SELECT organisation_id, total, version, gone_at IS NULL AS is_there FROM invoices"
    )
    assert {tuple(row) for row in rows} == {
        (organisation_id, Decimal(100), 1, True),
        (other.run.organisation_id, Decimal(7), 3, False),
    }


async def test_a_payment_takes_the_currency_of_what_it_pays(
    process: Process, database: Database, organisation_id: UUID
) -> None:
    kept = Kept(process, organisation_id)
    await kept.open()
    await kept.invoices(invoice(contact_id="k1"))
    payments = PostgresPayments(process, kept.run, kept.ledger)
    unsaid = made(Payment, "p1", invoice_source_id="i1")
    said = made(Payment, "p2", invoice_source_id="i1", currency="USD", contact_id="k2")
    unknown = made(Payment, "p3", invoice_source_id="i9")
    await kept.write(payments, [unsaid, said, unknown])
    rows = await database.as_owner("SELECT currency, contact_id FROM payments ORDER BY source_id")
    assert [tuple(row) for row in rows] == [("AUD", "k1"), ("USD", "k2"), (None, None)]


async def test_a_number_is_the_same_however_many_zeros_it_is_told_with(
    process: Process, organisation_id: UUID
) -> None:
    kept = Kept(process, organisation_id)
    await kept.open()
    await kept.invoices(invoice(amount_due=Decimal("100.0")))
    assert await kept.invoices(invoice(amount_due=Decimal("100.00"))) == Tally(unchanged=1)
    assert await kept.invoices(invoice(amount_due=Decimal("100.01"))) == Tally(changed=1)


async def test_no_books_are_current_before_any_were_opened(
    process: Process, organisation_id: UUID
) -> None:
    run = Kept(process, organisation_id).run
    with pytest.raises(LookupError, match="No books have been opened yet"):
        await PostgresLedgers(process, run).current()
