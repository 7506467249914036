"""Clients as SuperOps knows them, and which of the portfolio's are among them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from billingone_api.sandbox.companies import managed, walk_ins
from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.names import FAMILY_NAMES, GIVEN_NAMES, TOWNS, ClientName, client_names
from billingone_api.sandbox.subscriptions import currency_of
from billingone_api.sandbox.superops.wire import reference
from billingone_api.sandbox.wire import Record

Named = Callable[..., str]


@dataclass(frozen=True)
class Customer:
    """A client of SuperOps: `number` is its place in the portfolio, `devices` and `people` its own.

    `billed` are those that SuperOps invoices, `shared` those whose invoices go on into Xero.
    """

    number: int
    title: ClientName
    named: Named
    devices: int
    people: int
    billed: bool = True
    shared: bool = False

    @cached_property
    def key(self) -> str:
        return self.named("client", self.number)

    @cached_property
    def site(self) -> Record:
        town = TOWNS[self.number % len(TOWNS)]
        return reference("id", self.named("site", self.number), town.name)

    @property
    def name(self) -> str:
        """Every other one under its registered name, which PanelOne does not use."""
        return self.title.registered if self.number % 2 else self.title.short

    def reference(self, *, bare: bool = False) -> Record:
        return reference("accountId", self.key, self.name, bare=bare)

    def record(self) -> Record:
        n = self.number
        given, family = GIVEN_NAMES[n % len(GIVEN_NAMES)], FAMILY_NAMES[n % len(FAMILY_NAMES)]
        contact = reference("userId", self.named("user", n, 0), f"{given} {family}")
        return {
            "accountId": self.key,
            "name": self.name,
            "stage": "Active" if n % 19 else "Onboarding",
            "status": ("Paid", "Paid", "Trial", None)[n % 4],
            "emailDomains": [self.title.domain] if n % 5 else [],
            "accountManager": reference("userId", self.named("technician"), "Adrian Kowalski"),
            "primaryContact": contact if self.people else None,
            "secondaryContact": None,
            "hqSite": self.site,
            "technicianGroups": [],
            "customFields": {},
        }


def bluegums(
    *, clients: int, seed: int, ids: Identifiers, seats: Callable[[int, str], int]
) -> list[Customer]:
    """The managed clients, then the walk-ins; `seats` says what each has licences for."""
    later = walk_ins(clients)
    names = client_names(later.stop, seed=seed)

    def named(*what: object) -> str:
        return ids.number("superops", *what)

    def customer(n: int) -> Customer:
        billed = n in later or _in_dollars(n)
        return Customer(
            n,
            names[n],
            named,
            counted(seats(n, "devices") or n % 7 + 2, n),
            counted(seats(n, "users") or n % 5 + 3, n + 1),
            billed=billed,
            shared=billed and n not in later and n % 3 == 0,
        )

    return [customer(n) for n in range(later.stop) if n in later or managed(n)]


def europeans(*, seed: int, ids: Identifiers) -> list[Customer]:
    """The three clients of the account in the EU, which the portfolio knows nothing of."""

    def named(*what: object) -> str:
        return ids.number("superops-eu", *what)

    titles = client_names(40, seed=seed + 1)[-3:]
    return [Customer(n, title, named, 4 + n, 3 + n) for n, title in enumerate(titles)]


def counted(licensed: int, turn: int) -> int:
    """As many as are licensed for half the clients, more for a quarter, fewer for a quarter."""
    return max(1, licensed + {2: licensed // 5 + 1, 3: -(licensed // 4) - 1}.get(turn % 4, 0))


def _in_dollars(n: int) -> bool:
    """An account of SuperOps has one currency: who pays in another is invoiced elsewhere."""
    return currency_of(n) == "AUD" and n % 17 != 5  # noqa: PLR2004 - those pay Xero in SGD
