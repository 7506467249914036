"""The money of a sale, to the cent: lines, tax, discounts, payments and credits."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Final

from billingone_api.sandbox.catalogue import PRODUCTS, Product
from billingone_api.sandbox.xero.sales import Sale
from billingone_api.sandbox.xero.stories import WHOLE
from billingone_api.sandbox.xero.wire import NOTHING, cents

_SOLD: Final = tuple(product for product in PRODUCTS if product.price != "0")
_TAX: Final = Decimal("0.1")
_GROSS: Final = Decimal(11)
_DISCOUNT: Final = Decimal(10)
_PLACES: Final = Decimal("0.0001")
_ODD_QUANTITY: Final = Decimal("2.2222")
_PRICED: Final = frozenset({"AUD", "USD", "NZD"})


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its amount is after the discount (a percentage), with tax where prices are."""

    product: Product
    quantity: Decimal
    unit: Decimal
    discount: Decimal
    off: Decimal
    amount: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment of this sale, `turn` by `turn`."""

    turn: int
    day: date
    amount: Decimal
    deleted: bool


@dataclass(frozen=True, slots=True)
class Credited:
    """The credit that came with it, in the invoice's currency."""

    collection: str
    day: date
    subtotal: Decimal
    tax: Decimal
    applied: Decimal
    refunded: Decimal
    status: str

    @property
    def total(self) -> Decimal:
        return self.subtotal + self.tax

    @property
    def remaining(self) -> Decimal:
        void = self.status == "VOIDED"
        return NOTHING if void else self.total - self.applied - self.refunded


@dataclass(frozen=True, slots=True)
class Reckoning:
    """All of it: `due` is what is owed, nothing where the invoice is void or deleted."""

    manner: str
    lines: tuple[Line, ...]
    subtotal: Decimal
    tax: Decimal
    payments: tuple[Paid, ...]
    credit: Credited | None
    due: Decimal

    @property
    def total(self) -> Decimal:
        return self.subtotal + self.tax

    @property
    def paid(self) -> Decimal:
        return sum((one.amount for one in self.payments if not one.deleted), NOTHING)

    @property
    def credited(self) -> Decimal:
        return self.credit.applied if self.credit else NOTHING

    @property
    def off(self) -> Decimal:
        return sum((line.off for line in self.lines), NOTHING)


def reckoned(sale: Sale, *, lines: int, base_currency: str) -> Reckoning:
    manner = _manner(sale, base_currency)
    made = tuple(_line(sale, n, manner) for n in range(lines))
    amount = sum((line.amount for line in made), NOTHING)
    tax = sum((line.tax for line in made), NOTHING)
    subtotal = amount - tax if manner == "Inclusive" else amount
    credit = _credited(sale, subtotal, tax)
    applied = credit.applied if credit else NOTHING
    payments = _payments(sale, subtotal + tax, applied)
    paid = sum((one.amount for one in payments if not one.deleted), NOTHING)
    dead = sale.story.status in {"VOIDED", "DELETED"}
    due = NOTHING if dead else subtotal + tax - applied - paid
    return Reckoning(manner, made, subtotal, tax, payments, credit, due)


def _manner(sale: Sale, base_currency: str) -> str:
    if sale.contact.currency != base_currency:
        return "NoTax"
    return "Inclusive" if sale.contact.number % 9 == 4 else "Exclusive"  # noqa: PLR2004 - any ninth


def _line(sale: Sale, place: int, manner: str) -> Line:
    """One in thirteen invoices has a part of a unit on it, one in nineteen a discount."""
    n = sale.ordinal
    return _reckoned(
        (n * 7 + place * 11) % len(_SOLD),
        sale.contact.currency,
        n % 5,
        None if n % 13 == 6 and place == 1 else max(1, sale.contact.seats - place * 2),  # noqa: PLR2004 - see above
        manner,
        discounted=n % 19 == 4 and place == 0,  # noqa: PLR2004 - see above
    )


@cache
def _reckoned(
    sold: int, currency: str, step: int, units: int | None, manner: str, *, discounted: bool
) -> Line:
    """Remembered, since 100,000 invoices have a few thousand different lines."""
    product = _SOLD[sold]
    quantity = _ODD_QUANTITY if units is None else Decimal(units)
    unit = _price(product, currency, step)
    discount = _DISCOUNT if discounted else NOTHING
    full = cents(quantity * unit)
    off = cents(full * discount / 100)
    return Line(product, quantity, unit, discount, off, full - off, _tax(full - off, manner))


def _price(product: Product, currency: str, step: int) -> Decimal:
    """The catalogue's price with up to four per cent on top: often more than two decimals."""
    price = product.price_in(currency if currency in _PRICED else "AUD", "Monthly")
    return (price * (100 + step) / 100).quantize(_PLACES)


def _tax(amount: Decimal, manner: str) -> Decimal:
    if manner == "NoTax":
        return NOTHING
    return cents(amount / _GROSS if manner == "Inclusive" else amount * _TAX)


def _credited(sale: Sale, subtotal: Decimal, tax: Decimal) -> Credited | None:
    """A credit note is taxed like the invoice and an overpayment never."""
    credit = sale.story.credit
    if credit is None:
        return None
    total = subtotal + tax
    if credit.collection == "Overpayments":
        subtotal, tax = total, NOTHING
    parts = cents(subtotal * credit.size), cents(tax * credit.size)
    whole = sum(parts, NOTHING)
    same = credit.applied == credit.size
    applied = total if credit.applied == WHOLE else whole if same else cents(total * credit.applied)
    refunded = whole - applied if credit.refunded else NOTHING
    return Credited(
        credit.collection, sale.credit_day, *parts, applied, refunded, status=credit.status
    )


def _payments(sale: Sale, total: Decimal, applied: Decimal) -> tuple[Paid, ...]:
    left = total - applied
    payments = []
    for turn, share in enumerate(sale.story.shares):
        amount = left if share is None else cents(total * share)
        left -= amount
        payments.append(Paid(turn, sale.payment_day(turn), amount, sale.story.undone))
    return tuple(payments)
