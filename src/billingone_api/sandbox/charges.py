"""What Pax8 charges Bluegum IT: an invoice a month and currency, and the drafts of two months.

What was approved stands; drafts follow the subscriptions. Pax8 makes no mistakes here but these:
`OVERCHARGED` companies are charged more seats of their first product than they hold, `DEARER` ones
a higher price for it, `FORGOTTEN` ones nothing, and `CANCELLED` ones a seat of what they gave up.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from billingone_api.sandbox.catalogue import PRODUCTS, Product
from billingone_api.sandbox.portfolio import Portfolio
from billingone_api.sandbox.usage import usage_summaries
from billingone_api.sandbox.wire import Record

OVERCHARGED: Final = 3
DEARER: Final = 4
FORGOTTEN: Final = 5
CANCELLED: Final = 6

_MONTHS_BACK: Final = 4
_APPROVED_ON: Final = 5
_BILLED: Final = frozenset({"Active", "Activated", "PendingCancel"})
_YEARS: Final = {"Annual": (1, "Annual"), "2-Year": (2, "2 Year"), "3-Year": (3, "3 Year")}
_ONCE: Final = {"One-Time": ("One-Time", "One-time"), "Activation": ("Activation", "Activation")}
_RATES: Final = ("Flat", "single", "flat", "single (Single price for any quantity, same as flat)")
_CENT: Final = Decimal("0.01")
_MORE_SEATS: Final = 3


def month_of(day: date, *, months: int = 0) -> date:
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _end_of(month: date) -> date:
    return month_of(month, months=1) - timedelta(days=1)


class Charges:
    """The invoices and drafts over one portfolio."""

    def __init__(self, portfolio: Portfolio) -> None:
        self._portfolio = portfolio
        self._products = {portfolio.ids("product", one.sku): one for one in PRODUCTS}
        self._approved: dict[str, list[Record]] | None = None
        self._invoices: list[Record] = []
        self._drafted: dict[date, tuple[int, list[Record]]] = {}

    @property
    def today(self) -> date:
        return self._portfolio.now.date()

    def invoices(self) -> list[Record]:
        """The oldest first; one of them was wrong, and was credited and issued again."""
        self._post()
        return self._invoices

    def items(self, invoice_id: str) -> list[Record] | None:
        """None where there is no such invoice."""
        return self._post().get(invoice_id)

    def drafts(self, months_ahead: int) -> list[Record]:
        """Without ids, and without what is billed by usage."""
        month = month_of(self.today, months=months_ahead)
        revision = self._portfolio.subscriptions.revision
        known = self._drafted.get(month)
        if known is None or known[0] != revision:
            self._drafted[month] = (revision, list(self._charges(month)))
        return self._drafted[month][1]

    def due(self, month: date) -> Iterator[Record]:
        """What Pax8 should charge for a month, as it would be without any mistake or credit."""
        for place, row in enumerate(self._portfolio.subscriptions.rows()):
            product = self._products.get(str(row.get("productId")))
            if product is None or product.usage_billed or not _is_whole(row):
                continue
            item = self._recurring(row, product, month, place)
            if item is not None and row["status"] in _BILLED:
                yield item
                if _is_prorated(row, place):
                    yield _prorated(item, month)
        yield from self._usage(month)

    def _post(self) -> dict[str, list[Record]]:
        if self._approved is None:
            self._approved = {}
            last = 0 if self.today.day >= _APPROVED_ON else -1
            for months in range(last - _MONTHS_BACK + 1, last + 1):
                self._approve(month_of(self.today, months=months), is_last=months == last)
        return self._approved

    def _approve(self, month: date, *, is_last: bool) -> None:
        by_currency: dict[str, list[Record]] = defaultdict(list)
        for item in (*self._charges(month), *self._usage(month), *self._credits(month)):
            by_currency[item["currencyCode"]].append(item)
        for currency, items in sorted(by_currency.items()):
            if is_last and currency == "AUD":
                self._issue(month, currency, items[: len(items) // 2], status="Credited")
            self._issue(month, currency, items, status="Unpaid" if is_last else "Paid")

    def _issue(self, month: date, currency: str, items: Sequence[Record], *, status: str) -> None:
        key = self._portfolio.ids("pax8-invoice", month, currency, status)
        total = sum((one["amountDue"] for one in items), Decimal(0))
        self._known()[key] = [
            {"id": self._portfolio.ids("pax8-item", key, place)} | one
            for place, one in enumerate(items)
        ]
        self._invoices.append(
            {
                "id": key,
                "total": total,
                "currencyCode": currency,
                "balance": total if status == "Unpaid" else 0,
                "carriedBalance": 0,
                "status": status,
                "invoiceDate": month.isoformat(),
                "dueDate": (month + timedelta(days=14)).isoformat(),
                "partnerName": self._portfolio.organisation["name"],
            }
        )

    def _known(self) -> dict[str, list[Record]]:
        return {} if self._approved is None else self._approved

    def _charges(self, month: date) -> Iterator[Record]:
        planted = {
            self._portfolio.ids("company", number): number
            for number in (OVERCHARGED, DEARER, FORGOTTEN, CANCELLED)
        }
        seen: set[str] = set()
        for place, row in enumerate(self._portfolio.subscriptions.rows()):
            product = self._products.get(str(row.get("productId")))
            if product is None or product.usage_billed or not _is_whole(row):
                continue
            number = planted.get(row["companyId"])
            is_cancelled = number == CANCELLED and row["status"] == "Cancelled"
            if row["status"] not in _BILLED and not is_cancelled:
                continue
            item = self._recurring(row, product, month, place)
            if item is None:
                continue
            if number is None or row["companyId"] in seen:
                yield item
            else:
                seen.add(row["companyId"])
                yield from _mistaken(item, number)
            if _is_prorated(row, place):
                yield _prorated(item, month)

    def _recurring(self, row: Record, product: Product, month: date, place: int) -> Record | None:
        """The charge that a subscription makes in a month, if it makes one."""
        term, begun = row["billingTerm"], date.fromisoformat(row["billingStart"])
        if begun > _end_of(month):
            return None
        if term in _YEARS:
            years, word = _YEARS[term]
            is_due = begun.month == month.month and (month.year - begun.year) % years == 0
            until = month_of(month, months=12 * years) - timedelta(days=1)
            return self._item(row, product, word, (month, until), place) if is_due else None
        if term in _ONCE:
            if month_of(begun) != month:
                return None
            word = _ONCE[term][place % 2]
            kind = "one_time" if place % 3 else "one-time"
            return self._item(row, product, word, (month, month), place) | {"type": kind}
        if term != "Monthly":
            return None
        return self._item(row, product, "Monthly", (month, _end_of(month)), place)

    def _item(
        self, row: Record, product: Product, term: str, period: tuple[date, date], place: int
    ) -> Record:
        company = self._portfolio.companies.get(row["companyId"]) or {}
        item: Record = {
            "type": "subscription",
            "purchaseOrderNumber": "N/A",
            "companyId": row["companyId"],
            "companyName": company.get("name"),
            "startPeriod": period[0].isoformat(),
            "endPeriod": period[1].isoformat(),
            "quantity": row["quantity"],
            "unitOfMeasure": product.unit,
            "term": term,
            "sku": product.sku,
            "description": product.name,
            "rateType": _RATES[place % len(_RATES)],
            "chargeType": "per",
            "price": row.get("price") or product.price_in(row["currencyCode"], row["billingTerm"]),
            "cost": row.get("partnerCost")
            or product.cost_in(row["currencyCode"], row["billingTerm"]),
            "offeredBy": "Pax8",
            "billedByPax8": False,
            "productId": row["productId"],
            "productName": product.name,
            "billingFee": 0,
            "billingFeeRate": 0,
            "currencyCode": row["currencyCode"],
            "subscriptionId": row["id"],
            "vendorName": product.vendor,
        }
        if place % 2:
            item["externalId"] = company.get("externalId")
        return _summed(item)

    def _usage(self, month: date) -> Iterator[Record]:
        """In arrears: what was used in the month before."""
        before = month_of(month, months=-1)
        for row in self._portfolio.subscriptions.rows():
            product = self._products.get(str(row.get("productId")))
            if product is None or not product.usage_billed or not _is_whole(row):
                continue
            record = self._portfolio.products.get(row["productId"])
            summaries = usage_summaries(
                row, record, ids=self._portfolio.ids, now=self._portfolio.now
            )
            if row["status"] not in _BILLED or not summaries:
                continue
            used = self._item(row, product, "Arrears", (before, _end_of(before)), 0)
            charged = sum((one["currentCharges"] for one in summaries), Decimal(0))
            paid = sum((one["partnerTotal"] for one in summaries), Decimal(0))
            yield _summed(used | {"quantity": 1, "price": charged, "cost": paid})

    def _credits(self, month: date) -> Iterator[Record]:
        """An adjustment for one company in fifteen, which belongs to no subscription."""
        for key in self._portfolio.companies.keys()[7::15]:
            company = self._portfolio.companies.get(key) or {}
            yield _summed(
                {
                    "type": "service-credit",
                    "companyId": key,
                    "companyName": company.get("name"),
                    "startPeriod": month_of(month, months=-1).isoformat(),
                    "endPeriod": (month - timedelta(days=1)).isoformat(),
                    "quantity": 1,
                    "term": "One-time",
                    "description": "Billing adjustment",
                    "chargeType": "flat",
                    "rateType": "flat",
                    "price": Decimal(-15),
                    "cost": Decimal(-15),
                    "offeredBy": "Pax8",
                    "billedByPax8": False,
                    "currencyCode": "AUD",
                    "subscriptionId": None,
                    "vendorName": None,
                }
            )


def _is_whole(row: Record) -> bool:
    """What a record would have to say so that somebody could be charged for it."""
    quantity = isinstance(row.get("quantity"), int | Decimal)
    return quantity and "id" in row and row.get("currencyCode") in {"AUD", "USD", "NZD"}


def _mistaken(item: Record, number: int) -> Iterator[Record]:
    if number == OVERCHARGED:
        yield _summed(item | {"quantity": item["quantity"] + _MORE_SEATS})
    elif number == DEARER:
        yield _summed(item | {"cost": (Decimal(item["cost"]) * Decimal("1.2")).quantize(_CENT)})
    elif number != FORGOTTEN:
        yield item


def _is_prorated(row: Record, place: int) -> bool:
    return place % 17 == 4 and row["billingTerm"] == "Monthly"  # noqa: PLR2004 - any seventeenth


def _prorated(item: Record, month: date) -> Record:
    """Two seats more since the 18th of the month before, charged in arrears."""
    before = month_of(month, months=-1)
    days = (_end_of(before) - before).days + 1
    share = Decimal(days - 17) / days
    return _summed(
        item
        | {
            "type": "prorate",
            "quantity": 2,
            "description": f"Prorate: quantity {item['quantity'] - 2} -> {item['quantity']}",
            "startPeriod": before.replace(day=18).isoformat(),
            "endPeriod": _end_of(before).isoformat(),
            "price": (Decimal(item["price"]) * share).quantize(_CENT),
            "cost": (Decimal(item["cost"]) * share).quantize(_CENT),
        }
    )


def _times(unit: Decimal, quantity: Decimal | int) -> Decimal:
    return unit if quantity == 1 else (unit * quantity).quantize(_CENT)


def _summed(item: Record) -> Record:
    price, cost = (_times(Decimal(item[name]), item["quantity"]) for name in ("price", "cost"))
    tax = (cost / 10).quantize(_CENT) if item["currencyCode"] == "AUD" else 0
    sums = {"subTotal": price, "total": price, "costTotal": cost, "amountDue": cost}
    return item | sums | {"salesTax": tax}
