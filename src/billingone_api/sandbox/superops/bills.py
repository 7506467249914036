"""SuperOps' invoices: those that went on into Xero, and those that did not."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Final

from billingone_api.sandbox.superops.customers import Customer
from billingone_api.sandbox.superops.papers import (
    LESS,
    TAX,
    Bill,
    Item,
    invoice_record,
    spoilt,
)
from billingone_api.sandbox.superops.wire import us_day
from billingone_api.sandbox.wire import Record
from billingone_api.sandbox.xero.clerk import Clerk
from billingone_api.sandbox.xero.sales import Sale
from billingone_api.sandbox.xero.wire import NOTHING, cents

_WRITTEN: Final = ("INV {}", "inv-{}", "INV/{}", "INV.{}", "INV{}")
SERVICES: Final = (
    ("Managed workstation", "89"), ("Managed server", "249.5"), ("Block of support hours", "165"),
    ("On-site visit", "220"), ("Network review", "1250.25"), ("Backup check", "12.4375"),
)  # fmt: skip
_TERMS: Final = 14
_GONE: Final = frozenset({"VOIDED", "DELETED"})


class Biller:
    """Makes any invoice from its ordinal, the same each time: nothing is kept.

    They go round the billed customers. A shared customer's are sales that `clerk`, Xero's, knows
    as well; every other one, and every one without a clerk, stands in SuperOps alone.
    """

    def __init__(
        self,
        customers: Sequence[Customer],
        *,
        count: int,
        bad: int,
        lines: int,
        today: date,
        clerk: Clerk | None = None,
    ) -> None:
        self._billed = [one for one in customers if one.billed]
        self.count = count if self._billed else 0
        self._bad = [self.count // 2 + 3 * turn for turn in range(min(bad, self.count // 20))]
        self._lines = lines
        self._today = today
        self._clerk = clerk
        self._pushed = cache(self._chosen_sales)

    def keys(self) -> list[str]:
        return [self._billed[0].named("invoice", ordinal) for ordinal in range(self.count)]

    def customer(self, ordinal: int) -> Customer:
        return self._billed[ordinal % len(self._billed)]

    def twin(self, ordinal: int) -> int | None:
        """The ordinal of the sale in Xero that this invoice is once more."""
        place, turn = ordinal % len(self._billed), ordinal // len(self._billed)
        sales = self._pushed(place)
        return sales[turn] if turn < len(sales) else None

    def invoice(self, ordinal: int) -> Record:
        customer, twin = self.customer(ordinal), self.twin(ordinal)
        if twin is None or self._clerk is None:
            bill = self._own(ordinal, customer)
        else:
            bill = self._once_more(ordinal, self._clerk.sale(twin), self._clerk)
        record = invoice_record(ordinal, customer, bill)
        return spoilt(record, self._bad.index(ordinal)) if ordinal in self._bad else record

    def _chosen_sales(self, place: int) -> tuple[int, ...]:
        """Evenly over the time that Xero's sales to this customer span, the newest first."""
        customer, clerk = self._billed[place], self._clerk
        if clerk is None or not customer.shared:
            return ()
        known = [
            ordinal
            for ordinal in range(customer.number, clerk.sales.count, len(clerk.sales.clients))
            if ordinal not in clerk.bad
        ][::-1]
        wanted = -(-(self.count - place) // len(self._billed))
        chosen = known[:: max(1, len(known) // max(1, wanted))][:wanted]
        gone = self._one_that_is_gone(known, clerk) if place % 3 == 1 else None
        if gone is not None and gone not in chosen:
            chosen[-1:] = [gone]
        return tuple(ordinal for ordinal in chosen if clerk.sale(ordinal).number)

    def _one_that_is_gone(self, known: Sequence[int], clerk: Clerk) -> int | None:
        return next((one for one in known if clerk.sale(one).story.status in _GONE), None)

    def _once_more(self, ordinal: int, sale: Sale, clerk: Clerk) -> Bill:
        """Xero's number with other punctuation; one in nine was discounted after it went on."""
        items = tuple(
            Item(
                line.product.name,
                line.quantity,
                line.unit,
                line.discount,
                line.off,
                line.amount,
                line.tax,
            )
            for line in clerk.reckoned(sale).lines
        )
        subtotal = sum((item.amount for item in items), NOTHING)
        # One payment in six has not reached SuperOps.
        paid = sale.settled_day if sale.story.status == "PAID" and ordinal % 6 else None
        return Bill(
            _WRITTEN[ordinal % len(_WRITTEN)].format(sale.number.removeprefix("INV-")),
            sale.day,
            sale.due,
            self._status(sale.due, paid),
            paid,
            items,
            cents(subtotal * LESS / 100) if ordinal % 9 == 4 else NOTHING,  # noqa: PLR2004 - any ninth
        )

    def _own(self, ordinal: int, customer: Customer) -> Bill:
        turn = ordinal // len(self._billed)
        age = turn * 30 + customer.number % 28
        day = self._today - timedelta(days=age)
        due = None if ordinal % 41 == 9 else day + timedelta(days=_TERMS)  # noqa: PLR2004 - any of them
        status, paid = self._fate(ordinal, day, due, age)
        items = tuple(_service(ordinal, place) for place in range(self._lines))
        return Bill(f"{us_day(day)}-{ordinal + 1:04d}", day, due, status, paid, items)

    def _fate(self, ordinal: int, day: date, due: date | None, age: int) -> tuple[str, date | None]:
        """Young ones wait; of the older ones, most are paid, some are overdue and a few void."""
        if ordinal % 17 == 12:  # noqa: PLR2004 - any seventeenth
            return "VOID", None
        if age < _TERMS:
            return ("DRAFT" if ordinal % 4 == 1 else "APPROVED"), None
        paid = None if ordinal % 5 == 2 else day + timedelta(days=5 + ordinal % 9)  # noqa: PLR2004 - any fifth
        return self._status(due, paid), paid

    def _status(self, due: date | None, paid: date | None) -> str:
        if paid is not None:
            return "PAID"
        return "OVERDUE" if due is not None and due < self._today else "APPROVED"


def _service(ordinal: int, place: int) -> Item:
    details, price = SERVICES[(ordinal + place * 5) % len(SERVICES)]
    quantity = Decimal(1 + (ordinal * 3 + place) % 12)
    if ordinal % 11 == 6 and place == 0:  # noqa: PLR2004 - any eleventh has part of an hour
        quantity += Decimal("0.25")
    discount = Decimal("12.75") if ordinal % 8 == 3 and place == 1 else NOTHING  # noqa: PLR2004 - any eighth
    unit = Decimal(price)
    full = cents(quantity * unit)
    off = cents(full * discount / 100)
    return Item(details, quantity, unit, discount, off, full - off, cents((full - off) / TAX))
