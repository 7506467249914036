"""Writes subscriptions as Pax8 lists them, every documented oddity coming round in turn."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from billingone_api.sandbox.catalogue import PRODUCTS, Product, vendor_sku
from billingone_api.sandbox.dates import bare_offset, day, shaped, zulu
from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.oddities import disturb
from billingone_api.sandbox.wire import Record

UNCOMMON_STATUSES: Final = (
    "PendingCancel", "Trial", "PendingManual", "Cancelled", "PendingAutomated", "Converted",
    "WaitingForDetails", "PendingCancel", "Activated", "PendingActivation", "Cancelled",
    "Suspended", "PendingCancel", "Activated", "Trial", "Migrating",
)  # fmt: skip

_ENDED: Final = frozenset({"Cancelled", "Converted"})


@dataclass(frozen=True, slots=True)
class Buyer:
    """A company that buys: its id, its currency and how many people it has."""

    company_id: str
    currency: str
    seats: int


def currency_of(n: int) -> str:
    """Mostly AUD; here and there a client that is billed in USD or NZD."""
    if n % 11 == 7:  # noqa: PLR2004 - about one in eleven
        return "USD"
    return "NZD" if n % 13 == 9 else "AUD"  # noqa: PLR2004 - about one in thirteen


class SubscriptionWriter:
    """Writes one row after another; `ordinal` counts them and decides which oddity is due."""

    def __init__(self, *, ids: Identifiers, now: datetime, seed: int) -> None:
        self._ids = ids
        self._now = now
        self._rng = Random(f"{seed}/subscriptions")
        self._product_ids = {product.sku: ids("product", product.sku) for product in PRODUCTS}
        self.ordinal = 0

    def rows(self, buyer: Buyer, count: int) -> Iterator[Record]:
        """So many subscriptions of one company, add-ons under the product they belong to."""
        owned: dict[str, str] = {}
        for product in self._basket(count):
            parent = owned.get(product.addon_to) if product.addon_to else None
            row = self.row(buyer, product, parent=parent)
            owned.setdefault(product.sku, row["id"])
            yield row

    def row(self, buyer: Buyer, product: Product, *, parent: str | None = None) -> Record:
        n = self.ordinal
        self.ordinal += 1
        status = self._status(n)
        term = self._term(product, status)
        created = self._now - timedelta(days=self._rng.randrange(40, 1500), minutes=n % 1440)
        row: Record = {
            "id": self._ids("subscription", n),
            "companyId": buyer.company_id,
            "productId": self._product_ids[product.sku],
            "vendorSubscriptionId": self._ids("vendor", n),
            "quantity": self._quantity(product, buyer),
            **self._dates(n, status, created),
            "status": status,
            **self._money(product, buyer.currency, term),
            "productName": product.name,
            "billingTerm": term,
            **self._commitment(n, product, created),
        }
        if parent is not None:
            row["parentSubscriptionId"] = parent
        if product.commits:
            row["vendorSkuId"] = vendor_sku(product)
        return disturb(row, n)

    def _basket(self, count: int) -> list[Product]:
        """What a client buys: Microsoft 365 first, then a mix without repeats while it lasts."""
        basket: list[Product] = []
        while len(basket) < count:
            shelf = list(PRODUCTS)
            self._rng.shuffle(shelf)
            shelf.sort(key=lambda product: product.addon_to is not None)
            first = PRODUCTS[self._rng.choice((0, 0, 0, 1, 2))]
            addons = [product for product in shelf if product.addon_to == first.sku]
            basket += [first, *addons[:1], *(p for p in shelf if p != first and not p.addon_to)]
        return basket[:count]

    def _status(self, n: int) -> str:
        if n % 10 == 7:  # noqa: PLR2004 - one in ten is not plainly Active or Cancelled
            return UNCOMMON_STATUSES[n // 10 % len(UNCOMMON_STATUSES)]
        return "Cancelled" if self._rng.random() < 0.05 else "Active"  # noqa: PLR2004 - 5 %

    def _term(self, product: Product, status: str) -> str:
        if status == "Trial":
            return "Trial"
        first, *longer = product.terms
        if longer and self._rng.random() < 0.3:  # noqa: PLR2004 - most are billed monthly
            return self._rng.choice(longer)
        return first

    def _quantity(self, product: Product, buyer: Buyer) -> int:
        match product.unit:
            case "User" | "Mailbox":
                return max(1, buyer.seats * self._rng.choice((20, 50, 90, 100, 100, 105)) // 100)
            case "Endpoint":
                return max(1, buyer.seats * self._rng.randrange(80, 125) // 100)
            case "Server" | "Licence":
                return self._rng.randrange(1, 5)
            case _:
                return 1

    def _dates(self, n: int, status: str, created: datetime) -> Record:
        start = (created + timedelta(days=3)).replace(hour=8, minute=30, second=0, microsecond=0)
        if status == "Activated" and n % 20 == 7:  # noqa: PLR2004 - activated, billing not begun
            start = self._now + timedelta(days=9)
        updated = created + (self._now - created) * self._rng.random()
        dates = {
            "startDate": shaped(start, usual=zulu, ordinal=n),
            "createdDate": shaped(created, usual=day, ordinal=n + 2),
            "updatedDate": shaped(updated, usual=bare_offset, ordinal=n + 4),
            "billingStart": day(start),
        }
        end = self._end(n, status)
        return dates if end is None else dates | {"endDate": shaped(end, usual=zulu, ordinal=n)}

    def _end(self, n: int, status: str) -> datetime | None:
        if status == "PendingCancel":
            # Most are still to come; some have passed, which Pax8 is slow to notice.
            return self._now + timedelta(days=-3 if n // 10 % 4 == 3 else 5 + n % 60)  # noqa: PLR2004 - see above
        if status == "Trial":
            return self._now + timedelta(days=6 + n % 24)
        if status in _ENDED:
            return self._now - timedelta(days=1 + self._rng.randrange(30))
        return None

    def _money(self, product: Product, currency: str, term: str) -> Record:
        free = term == "Trial"
        return {
            "price": Decimal(0) if free else product.price_in(currency, term),
            "currencyCode": currency,
            "partnerCost": Decimal(0) if free else product.cost_in(currency, term),
        }

    def _commitment(self, n: int, product: Product, created: datetime) -> Record:
        """Under `commitmentTerm` as documented or `commitment` as met; null and absent too."""
        key = "commitment" if n % 2 else "commitmentTerm"
        if not product.commits:
            return {key: None} if n % 3 else {}
        term = {"id": self._ids("commitment", n), "term": "1-Year"}
        if n % 9:
            term["endDate"] = shaped(self._renewal(created), usual=zulu, ordinal=n)
        return {key: term}

    def _renewal(self, created: datetime) -> datetime:
        years = (self._now - created).days // 365 + 1
        ends = created + timedelta(days=365 * years)
        return ends.replace(hour=23, minute=59, second=59, microsecond=0)
