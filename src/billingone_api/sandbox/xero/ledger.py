"""The books of one tenant: contacts, accounts, invoices and all the money around them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from billingone_api.sandbox.xero import kinds
from billingone_api.sandbox.xero.book import Book
from billingone_api.sandbox.xero.cashier import REFUND, TURNS, Cashier, credit_type, refund_type
from billingone_api.sandbox.xero.chart import CHART, account_record
from billingone_api.sandbox.xero.clerk import Clerk, credit_number
from billingone_api.sandbox.xero.contacts import Contact, contact_record, merged, supplier
from billingone_api.sandbox.xero.sales import Sale, Sales
from billingone_api.sandbox.xero.stories import Credit
from billingone_api.sandbox.xero.wire import DAY_IN_MS, day_in_ms

_BILLS_OF: Final = 25
_LEAST_WITH_BAD: Final = 50
_CREDIT_KINDS: Final = (kinds.CREDIT_NOTES, kinds.OVERPAYMENTS, kinds.PREPAYMENTS)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a tenant's books are made of: so many sales of `lines` lines each among the clients.

    A bill comes with each 25 sales; `bad` invoices in the middle cannot be read.
    """

    clients: Sequence[Contact]
    sales: int
    lines: int
    bad: int
    base_currency: str
    today: date
    named: Callable[..., str]


def clerk_of(plan: Plan) -> Clerk:
    sales = Sales(
        count=plan.sales,
        bills=plan.sales // _BILLS_OF,
        clients=plan.clients,
        supplier=supplier(len(plan.clients), plan.base_currency, plan.named),
        today=plan.today,
    )
    middle, bad = plan.sales // 2, plan.bad if plan.sales >= _LEAST_WITH_BAD else 0
    return Clerk(
        sales,
        named=plan.named,
        base_currency=plan.base_currency,
        lines=plan.lines,
        bad=tuple(middle + 5 * turn for turn in range(bad)),
    )


class Ledger:
    """Books by their collection, filled from a plan: the same for the same arguments."""

    def __init__(self, plan: Plan, clerk: Clerk) -> None:
        self._plan = plan
        self.base_currency = plan.base_currency
        self.contacts = self._contacts()
        self.accounts = self._accounts()
        self._sell(clerk)

    @property
    def books(self) -> Mapping[str, Book]:
        return {book.kind.collection: book for book in (*self._credits.values(), *self._others())}

    @property
    def credit_notes(self) -> Book:
        return self._credits["CreditNotes"]

    def _others(self) -> tuple[Book, ...]:
        return (self.contacts, self.accounts, self.invoices, self.payments)

    def _contacts(self) -> Book:
        plan = self._plan
        n = len(plan.clients)
        everybody = [
            *plan.clients,
            supplier(n, plan.base_currency, plan.named),
            merged(n + 1, plan.clients[0], plan.named),
        ]
        updated = [day_in_ms(plan.today) - (1 + n % 200) * DAY_IN_MS + n for n in range(n + 2)]
        book = Book(
            kinds.CONTACTS,
            lambda ordinal: contact_record(everybody[ordinal], updated=updated[ordinal]),
        )
        for ordinal, one in enumerate(everybody):
            account = f"CW-{10_000 + one.number}" if one.number % 2 else None
            facts = (one.status, one.name, "", account)
            book.enter(one.key, ordinal, updated[ordinal], facts)
        return book

    def _accounts(self) -> Book:
        plan = self._plan
        updated = day_in_ms(plan.today) - 400 * DAY_IN_MS

        def write(ordinal: int) -> dict[str, object]:
            return account_record(
                CHART[ordinal], named=plan.named, currency=plan.base_currency, updated=updated
            )

        book = Book(kinds.ACCOUNTS, write)
        for ordinal, one in enumerate(CHART):
            facts = (one.code, one.type, one.account_class, one.status, one.name)
            book.enter(plan.named("account", one.name), ordinal, updated, facts)
        return book

    def _sell(self, clerk: Clerk) -> None:
        cashier = Cashier(clerk)
        self.invoices = Book(kinds.INVOICES, clerk.invoice)
        self.payments = Book(kinds.PAYMENTS, cashier.payment)
        self._credits = {kind.collection: Book(kind, cashier.credit) for kind in _CREDIT_KINDS}
        for ordinal in range(len(clerk.sales)):
            sale = clerk.sale(ordinal)
            self._enter_invoice(sale)
            self._enter_payments(sale)
            if sale.story.credit is not None:
                self._enter_credit(sale, sale.story.credit)

    def _enter_invoice(self, sale: Sale) -> None:
        due = None if sale.due is None else day_in_ms(sale.due)
        facts = (
            sale.type, sale.story.status, day_in_ms(sale.day), sale.contact.key, due, sale.number,
        )  # fmt: skip
        key = self._plan.named("invoice", sale.ordinal)
        self.invoices.enter(key, sale.ordinal, sale.updated, facts)

    def _enter_payments(self, sale: Sale) -> None:
        status = "DELETED" if sale.story.undone else "AUTHORISED"
        for turn in range(len(sale.story.shares)):
            facts = (f"{sale.type}PAYMENT", status, day_in_ms(sale.payment_day(turn)))
            key = self._plan.named("payment", sale.ordinal, turn)
            self.payments.enter(key, sale.ordinal * TURNS + turn, sale.updated, facts)

    def _enter_credit(self, sale: Sale, credit: Credit) -> None:
        named = self._plan.named
        facts: tuple[object, ...] = (
            credit_type(sale, credit.collection),
            credit.status,
            day_in_ms(sale.credit_day),
            sale.contact.key,
        )
        if credit.collection == "CreditNotes":
            facts = (*facts, credit_number(sale))
        key = named(credit.collection, sale.ordinal)
        self._credits[credit.collection].enter(key, sale.ordinal, sale.updated, facts)
        if credit.refunded:
            facts = (refund_type(credit.collection), "AUTHORISED", day_in_ms(sale.refund_day))
            payment = named("payment", sale.ordinal, REFUND)
            self.payments.enter(payment, sale.ordinal * TURNS + REFUND, sale.updated, facts)
