"""The portfolio of Bluegum IT, an MSP that exists only here: the truth a sync must equal."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final, Self

from billingone_api.sandbox.catalogue import PRODUCTS, product_record
from billingone_api.sandbox.companies import (
    client_record,
    company_record,
    walk_in_record,
    walk_ins,
)
from billingone_api.sandbox.dates import day, zulu
from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.names import PARTNER, client_names
from billingone_api.sandbox.oddities import spoil
from billingone_api.sandbox.shelf import Shelf
from billingone_api.sandbox.subscriptions import Buyer, SubscriptionWriter, currency_of
from billingone_api.sandbox.wire import Record

SUBSCRIPTIONS_PER_CLIENT: Final = 12
_LEAST_WITH_HIDDEN_COMPANY: Final = 20
_HIDDEN: Final = 2
_IN_USE: Final = frozenset({"Active", "Activated", "PendingCancel", "Trial"})


class Portfolio:
    """What Pax8 and PanelOne know, in wire form, and what happens to it while they are read.

    `subscriptions`, `companies`, `products` (Pax8) and `clients` (PanelOne) are shelves by id;
    `hidden_company_id` has subscriptions but stands in no list of companies.
    """

    def __init__(self, *, seed: int, now: datetime) -> None:
        self.seed = seed
        self.now = now
        self.ids = Identifiers(seed)
        self.organisation: Record = {
            "id": self.ids("organisation"),
            "name": PARTNER,
            "slug": "bluegum-it",
            "time_zone": "Australia/Sydney",
            "reporting_currency": "AUD",
        }
        self.hidden_company_id = self.ids("company", "hidden")
        self.subscriptions = Shelf(ready=["createdDate"])
        self.companies = Shelf()
        self.products = Shelf()
        self.clients = Shelf()
        self._seats: Counter[tuple[str, str]] = Counter()
        self._past: dict[str, list[Record]] = {}
        self._changes = 0

    @classmethod
    def generate(
        cls,
        *,
        seed: int,
        clients: int,
        subscriptions: int | None = None,
        now: datetime,
        planted_bad: int = 2,
    ) -> Self:
        """A portfolio that is the same for the same arguments.

        `subscriptions` is the length of Pax8's list, records planted bad included
        (default: twelve a client); every date lies relative to `now`.
        """
        portfolio = cls(seed=seed, now=now)
        for product in PRODUCTS:
            portfolio._put(portfolio.products, product_record(product, portfolio.ids))
        later = walk_ins(clients)
        names = client_names(later.stop, seed=seed)
        for n, name in enumerate(names[:clients]):
            portfolio._put(portfolio.companies, company_record(n, name, ids=portfolio.ids, now=now))
            portfolio._put(portfolio.clients, client_record(n, name, ids=portfolio.ids))
        for n in later:
            portfolio._put(portfolio.clients, walk_in_record(n, names[n], ids=portfolio.ids))
        wanted = clients * SUBSCRIPTIONS_PER_CLIENT if subscriptions is None else subscriptions
        portfolio._sell(clients, wanted, planted_bad=min(planted_bad, wanted))
        return portfolio

    def add_subscription(self, **fields: Any) -> str:
        """A new subscription, created now; what is not given is plain and Active. Gives its id."""
        self._changes += 1
        row = {
            "id": self.ids("added", self._changes),
            "companyId": next(iter(self.companies.keys()), self.hidden_company_id),
            "productId": self.ids("product", PRODUCTS[0].sku),
            "quantity": 1,
            "startDate": zulu(self._moment()),
            "createdDate": zulu(self._moment()),
            "updatedDate": zulu(self._moment()),
            "billingStart": day(self.now),
            "status": "Active",
            "price": Decimal("32.9"),
            "currencyCode": "AUD",
            "partnerCost": Decimal("27.64"),
            "productName": PRODUCTS[0].name,
            "billingTerm": "Monthly",
            "commitment": None,
        } | fields
        return self._put(self.subscriptions, row)

    def change_subscription(self, key: str, **fields: Any) -> None:
        """Some fields changed, `updatedDate` with them; the old state stays in the history."""
        self._changes += 1
        before = self._known(self.subscriptions, key)
        self._past.setdefault(key, []).insert(0, before)
        self.subscriptions.put(key, before | {"updatedDate": zulu(self._moment())} | fields)

    def remove_subscription(self, key: str) -> None:
        self._known(self.subscriptions, key)
        self.subscriptions.remove(key)

    def add_company(self, **fields: Any) -> str:
        """A new company, Active and without subscriptions. Gives its id."""
        self._changes += 1
        row = {
            "id": self.ids("added-company", self._changes),
            "name": f"New Client {self._changes} Pty Ltd",
            "address": {"city": "Sydney", "country": "AU"},
            "billOnBehalfOfEnabled": False,
            "selfServiceAllowed": False,
            "status": "Active",
            "updatedDate": zulu(self._moment()),
        } | fields
        return self._put(self.companies, row)

    def change_company(self, key: str, **fields: Any) -> None:
        self._changes += 1
        before = self._known(self.companies, key)
        self.companies.put(key, before | {"updatedDate": zulu(self._moment())} | fields)

    def remove_company(self, key: str) -> None:
        """The company leaves the list; its subscriptions stay, as they do upstream."""
        self._known(self.companies, key)
        self.companies.remove(key)

    def shift(self) -> None:
        """The oldest subscription goes and a new one comes: pages after the first move up."""
        oldest = self.subscriptions.select(sort=("createdDate", False))
        if oldest:
            self.subscriptions.remove(oldest[0])
        self.add_subscription()

    def licensed(self, company_id: str, skus: Iterable[str]) -> int:
        """Seats of these products that the company had in the beginning, trials included."""
        return sum(self._seats[company_id, self.ids("product", sku)] for sku in skus)

    def past_of(self, key: str) -> list[Record]:
        """Earlier states of a subscription that was changed here, newest first."""
        return list(self._past.get(key, ()))

    def _moment(self) -> datetime:
        """Changes follow each other by a second, whatever the machine's clock says."""
        return self.now + timedelta(seconds=self._changes)

    def _sell(self, clients: int, wanted: int, *, planted_bad: int) -> None:
        writer = SubscriptionWriter(ids=self.ids, now=self.now, seed=self.seed)
        good = wanted - planted_bad
        hidden = _HIDDEN if good >= _LEAST_WITH_HIDDEN_COMPANY else 0
        rng = Random(f"{self.seed}/sizes")
        counts = _shares(good - hidden, [rng.choice((1, 2, 2, 3, 4)) for _ in range(clients)])
        for n, count in enumerate(counts):
            for row in writer.rows(self._buyer(n, rng), count):
                self._put(self.subscriptions, row)
                if row["status"] in _IN_USE:
                    self._seats[row["companyId"], row["productId"]] += row["quantity"]
        for row in writer.rows(Buyer(self.hidden_company_id, "AUD", 9), hidden):
            self._put(self.subscriptions, row)
        for turn in range(planted_bad):
            # Each a basket of its own, so that nothing hangs on a record that cannot be read.
            [row] = writer.rows(self._buyer(0, rng), 1)
            self.subscriptions.put(row["id"], spoil(row, turn))

    def _buyer(self, n: int, rng: Random) -> Buyer:
        return Buyer(self.ids("company", n), currency_of(n), rng.choice((4, 8, 15, 25, 42, 120)))

    def _put(self, shelf: Shelf, row: Record) -> str:
        key = str(row["id"])
        shelf.put(key, row)
        return key

    def _known(self, shelf: Shelf, key: str) -> Record:
        row = shelf.get(key)
        if row is None:
            raise KeyError(key)
        return row


def _shares(total: int, weights: list[int]) -> list[int]:
    """Parts in proportion to the weights that add up to the total exactly."""
    parts, given, seen, whole = [], 0, 0, sum(weights)
    for weight in weights:
        seen += weight
        parts.append(total * seen // whole - given)
        given += parts[-1]
    return parts
