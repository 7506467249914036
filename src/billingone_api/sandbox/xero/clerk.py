"""Writes invoices and bills as Xero lists them, every oddity coming round in turn."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from typing import Final

from billingone_api.sandbox.catalogue import PRODUCTS
from billingone_api.sandbox.wire import Record
from billingone_api.sandbox.xero import chart
from billingone_api.sandbox.xero.oddities import disturb, spoil
from billingone_api.sandbox.xero.rates import rate
from billingone_api.sandbox.xero.reckoning import Credited, Line, Reckoning, reckoned
from billingone_api.sandbox.xero.sales import Sale, Sales
from billingone_api.sandbox.xero.stories import DRAFT
from billingone_api.sandbox.xero.wire import NOTHING, as_text, day_fields, day_in_ms, written

_WORDS: Final[Record] = {
    "Description": "Thank you for your business",
    "LineAmount": 0.0,
    "Tracking": [],
    "ValidationErrors": [],
}
_CREDITS: Final = ("CreditNotes", "Prepayments", "Overpayments")


class Clerk:
    """Knows the books of one tenant well enough to write any invoice from its ordinal."""

    def __init__(
        self,
        sales: Sales,
        *,
        named: Callable[..., str],
        base_currency: str,
        lines: int,
        bad: tuple[int, ...],
    ) -> None:
        self.sales = sales
        self.named = named
        self.base_currency = base_currency
        self._lines = lines
        self.bad = bad

    def sale(self, ordinal: int) -> Sale:
        return self.sales.sale(ordinal, plain=ordinal in self.bad)

    def reckoned(self, sale: Sale) -> Reckoning:
        return reckoned(sale, lines=self._lines, base_currency=self.base_currency)

    def invoice(self, ordinal: int) -> Record:
        sale = self.sale(ordinal)
        record = disturb(self._invoice(sale, self.reckoned(sale)), ordinal)
        return spoil(record, self.bad.index(ordinal)) if ordinal in self.bad else record

    def _invoice(self, sale: Sale, money: Reckoning) -> Record:
        record: Record = {
            "Type": sale.type,
            "InvoiceID": self.named("invoice", sale.ordinal),
            "InvoiceNumber": sale.number,
            "Reference": f"{_month(sale.day.year, sale.day.month)} managed services"
            if sale.ordinal % 3
            else "",
            "Payments": self._payments(sale, money),
            **{name: self._applied(sale, money, name) for name in _CREDITS},
            "AmountDue": float(money.due),
            "AmountPaid": float(money.paid),
            "AmountCredited": float(money.credited),
            **self.rate(sale, sale.day),
            "IsDiscounted": money.off > 0,
            "HasAttachments": False,
            "HasErrors": False,
            "Attachments": [],
            "Contact": sale.contact.summary(),
            **day_fields("Date", sale.day),
            **day_fields("DueDate", sale.due),
            "Status": sale.story.status,
            "LineAmountTypes": money.manner,
            "LineItems": self._line_items(sale, money),
            **self.totals(sale, money.subtotal, money.tax, sale.updated),
        }
        if sale.story is not DRAFT:
            record["SentToContact"] = sale.ordinal % 6 != 0
        if money.off:
            record["TotalDiscount"] = float(money.off)
        if sale.story.status == "PAID":
            record["FullyPaidOnDate"] = written(day_in_ms(sale.settled_day))
        return record

    def rate(self, sale: Sale, day: date) -> Record:
        known = rate(self.base_currency, sale.contact.currency, day)
        return {} if known is None else {"CurrencyRate": float(known)}

    def totals(self, sale: Sale, subtotal: Decimal, tax: Decimal, updated: int) -> Record:
        return {
            "SubTotal": float(subtotal),
            "TotalTax": float(tax),
            "Total": float(subtotal + tax),
            "UpdatedDateUTC": written(updated),
            "UpdatedDateUTCString": as_text(updated),
            "CurrencyCode": sale.contact.currency,
        }

    def _line_items(self, sale: Sale, money: Reckoning) -> list[Record]:
        key = self.named("lines", sale.ordinal)
        items = [
            self._line_item(sale, place, line, money.manner) | {"LineItemID": _nth(key, place)}
            for place, line in enumerate(money.lines)
        ]
        if sale.ordinal % 9 == 0:
            items.append(_WORDS | {"LineItemID": _nth(key, len(items))})
        return items

    def _line_item(self, sale: Sale, place: int, line: Line, manner: str) -> Record:
        account = self._account(sale, place)
        item: Record = {
            "ItemCode": line.product.sku,
            "Description": line.product.name,
            "UnitAmount": float(line.unit),
            "TaxType": "NONE" if manner == "NoTax" else "INPUT" if sale.bill else "OUTPUT",
            "TaxAmount": float(line.tax),
            "LineAmount": float(line.amount),
            "AccountCode": account.code,
            "AccountID": self._account_ids[account.name],
            "Item": self._items[line.product.sku],
            "Tracking": [],
            "Quantity": float(line.quantity),
            "ValidationErrors": [],
        }
        if line.discount:
            item |= {"DiscountRate": float(line.discount), "DiscountAmount": float(line.off)}
        return item

    def _account(self, sale: Sale, place: int) -> chart.Account:
        if sale.bill:
            return chart.LICENCES
        if sale.ordinal % 29 == 3 and place == 4:  # noqa: PLR2004 - now and then, the last line
            return chart.ON_PREMISES
        return (chart.CLOUD, chart.MANAGED, chart.CLOUD, chart.PROJECTS, chart.HARDWARE)[place % 5]

    @cached_property
    def _items(self) -> dict[str, Record]:
        return {
            one.sku: {"ItemID": self.named("item", one.sku), "Name": one.name, "Code": one.sku}
            for one in PRODUCTS
        }

    @cached_property
    def _account_ids(self) -> dict[str, str]:
        return {one.name: self.named("account", one.name) for one in chart.CHART}

    def _payments(self, sale: Sale, money: Reckoning) -> list[Record]:
        return [
            {
                "PaymentID": self.named("payment", sale.ordinal, paid.turn),
                "Date": written(day_in_ms(paid.day)),
                "Amount": float(paid.amount),
                "Reference": "EFT",
                **self.rate(sale, paid.day),
                "HasAccount": False,
                "HasValidationErrors": False,
            }
            for paid in money.payments
            if not paid.deleted
        ]

    def _applied(self, sale: Sale, money: Reckoning, collection: str) -> list[Record]:
        credit = money.credit
        if credit is None or credit.collection != collection or credit.applied == NOTHING:
            return []
        return [self._credit_reference(sale, credit)]

    def _credit_reference(self, sale: Sale, credit: Credited) -> Record:
        key = self.named(credit.collection, sale.ordinal)
        one = credit.collection.removesuffix("s")
        number = {"CreditNoteNumber": credit_number(sale)} if one == "CreditNote" else {}
        return {
            f"{one}ID": key,
            **number,
            "ID": key,
            "HasErrors": False,
            "AppliedAmount": float(credit.applied),
            **day_fields("Date", credit.day),
            "LineItems": [],
            "Total": float(credit.total),
        }


def credit_number(sale: Sale) -> str:
    return f"CN-{sale.ordinal + 1:05d}"


@cache
def _month(year: int, month: int) -> str:
    return f"{date(year, month, 1):%b %Y}"


def _nth(key: str, place: int) -> str:
    """An id of the same invoice, which costs less than one made from scratch."""
    return f"{key[:-4]}{place:04x}"
