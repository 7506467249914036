"""Which adapters copy the books of Xero, and in which steps."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from billingone_api.billing.integrations.wiring import xero_for
from billingone_api.billing.invoices.adapters.postgres.keeping.credits import (
    CREDIT_NOTES,
    OVERPAYMENTS,
    PREPAYMENTS,
    PostgresCredits,
)
from billingone_api.billing.invoices.adapters.postgres.keeping.invoices import (
    INVOICES,
    PostgresInvoices,
)
from billingone_api.billing.invoices.adapters.postgres.keeping.ledgers import PostgresLedgers
from billingone_api.billing.invoices.adapters.postgres.keeping.payments import (
    PAYMENTS,
    PostgresPayments,
)
from billingone_api.billing.invoices.adapters.postgres.keeping.plain import (
    ACCOUNTS,
    CONTACTS,
    PostgresPlain,
)
from billingone_api.billing.invoices.adapters.xero.books import XeroBooks
from billingone_api.billing.invoices.books import Credit, Invoice, Ledger
from billingone_api.billing.invoices.copying.keeping import Lists
from billingone_api.billing.invoices.following import (
    Following,
    Invoices,
    told_by_credit,
    told_by_payment,
)
from billingone_api.billing.invoices.opening import ORGANISATION, InLedger, Listed, Opening
from billingone_api.billing.invoices.ports import Books, Rows
from billingone_api.billing.invoices.sweeps import Copying, FindAll, Read, T, Whole
from billingone_api.billing.syncs.adapters.sightings import Swept
from billingone_api.billing.syncs.models import RunContext
from billingone_api.billing.syncs.ports import Step
from billingone_api.process import Process

STEP_NAMES: Final = (
    ORGANISATION,
    ACCOUNTS.swept.kind,
    CONTACTS.swept.kind,
    INVOICES.kind,
    CREDIT_NOTES.kind,
    OVERPAYMENTS.kind,
    PREPAYMENTS.kind,
    PAYMENTS.kind,
)


@asynccontextmanager
async def books_of(process: Process, run: RunContext) -> AsyncIterator[Books]:
    """The organisation of Xero that was chosen as the run's connection."""
    async with xero_for(process, run.organisation_id, run.connection_id) as client:
        yield XeroBooks(client)


def steps_over(books: Books, process: Process, run: RunContext) -> Sequence[Step]:
    """In the order in which they need each other: payments are named after what they pay."""
    ledgers = PostgresLedgers(process, run)

    def over(ledger: Ledger) -> "_Lists":
        return _Lists(process, run, ledger, books)

    made: dict[str, Callable[[Ledger], Listed]] = {
        ACCOUNTS.swept.kind: lambda ledger: over(ledger).accounts(),
        CONTACTS.swept.kind: lambda ledger: over(ledger).contacts(),
        INVOICES.kind: lambda ledger: over(ledger).invoices(),
        CREDIT_NOTES.kind: lambda ledger: over(ledger).credits(CREDIT_NOTES, books.credit_notes),
        OVERPAYMENTS.kind: lambda ledger: over(ledger).credits(OVERPAYMENTS, books.overpayments),
        PREPAYMENTS.kind: lambda ledger: over(ledger).credits(PREPAYMENTS, books.prepayments),
        PAYMENTS.kind: lambda ledger: over(ledger).payments(),
    }
    return (
        Opening(books, ledgers),
        *(InLedger(name, ledgers, step) for name, step in made.items()),
    )


@dataclass(frozen=True, slots=True)
class _Lists(Lists):
    """Those of Xero."""

    books: Books

    def accounts(self) -> Listed:
        rows = PostgresPlain(ACCOUNTS, self.process, self.run, self.ledger)
        keeping = self.keeping(ACCOUNTS.swept, rows)
        return Whole(keeping, self.books.accounts, self.run.mode, self.process.clock)

    def contacts(self) -> Listed:
        rows = PostgresPlain(CONTACTS, self.process, self.run, self.ledger)
        return self._copying(CONTACTS.swept, rows, self.books.contacts, self.books.contacts_by_id)

    def invoices(self) -> Copying[Invoice]:
        rows = PostgresInvoices(self.process, self.run, self.ledger)
        return self._copying(INVOICES, rows, self.books.invoices, self.books.invoices_by_id)

    def credits(self, swept: Swept, read: Read[Credit]) -> Listed:
        rows = PostgresCredits(self.process, self.run, self.ledger)
        return Following(self._copying(swept, rows, read), told_by_credit, self._followed())

    def payments(self) -> Listed:
        rows = PostgresPayments(self.process, self.run, self.ledger)
        copying = self._copying(PAYMENTS, rows, self.books.payments)
        return Following(copying, told_by_payment, self._followed())

    def _followed(self) -> Invoices:
        known = PostgresInvoices(self.process, self.run, self.ledger)
        return Invoices(self.invoices(), self.books.invoices_by_id, known)

    def _copying(
        self, swept: Swept, rows: Rows[T], read: Read[T], find: FindAll[T] | None = None
    ) -> Copying[T]:
        return Copying(self.keeping(swept, rows), read, find, self.run.mode)
