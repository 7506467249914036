"""An account of SuperOps: what it holds, and who may see how much of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final

from billingone_api.sandbox.superops.bills import Biller
from billingone_api.sandbox.superops.collection import Collection
from billingone_api.sandbox.superops.customers import Customer
from billingone_api.sandbox.superops.machines import Machines
from billingone_api.sandbox.superops.people import People
from billingone_api.sandbox.wire import Record

BILLING: Final = frozenset({"getInvoiceList", "getInvoice"})


@dataclass(frozen=True, slots=True)
class Role:
    """What a technician may do: `forbidden` operations, and whether every asset is seen."""

    name: str
    forbidden: frozenset[str] = frozenset()
    sees_every_asset: bool = True


ADMINISTRATOR: Final = Role("Administrator")
TECHNICIAN: Final = Role("Technician", sees_every_asset=False)
HELPDESK: Final = Role("Helpdesk", forbidden=BILLING)


LIMIT_MANNERS: Final = ("plain", "wrapped", "classified", "status")


@dataclass(slots=True)
class Manners:
    """What nobody promises and every account may do.

    `order_moves`: one record changes its place after each page. `counts_as_text`: `totalCount`
    comes as `"98"`. `limit` is how a limit that is used up is told: one of LIMIT_MANNERS.
    """

    order_moves: bool = False
    counts_as_text: bool = False
    limit: str = "plain"


class Account:
    """One subdomain in one region; `state` is `active`, or why nobody is answered."""

    def __init__(
        self,
        subdomain: str,
        region: str,
        *,
        customers: Callable[[], list[Customer]],
        biller: Callable[[list[Customer]], Biller],
        now: datetime,
    ) -> None:
        self.subdomain = subdomain
        self.region = region
        self.manners = Manners()
        self.state = "active"
        self._customers = customers
        self._make_biller = biller
        self._now = now

    @cached_property
    def customers(self) -> list[Customer]:
        return self._customers()

    @cached_property
    def biller(self) -> Biller:
        return self._make_biller(self.customers)

    @cached_property
    def clients(self) -> Collection:
        customers = self.customers
        return Collection(
            "clients",
            "accountId",
            keys=[one.key for one in customers],
            write=lambda ordinal: customers[ordinal].record(),
        )

    @cached_property
    def invoices(self) -> Collection:
        biller = self.biller
        return Collection("invoices", "invoiceId", keys=biller.keys(), write=biller.invoice)

    @cached_property
    def assets(self) -> Collection:
        machines = Machines(self.customers, now=self._now)
        return Collection("assets", "assetId", keys=machines.keys(), write=machines.asset)

    @cached_property
    def associations(self) -> Collection:
        people = People(self.customers)
        return Collection("associations", "id", keys=people.keys(), write=people.association)

    @property
    def collections(self) -> Mapping[str, Collection]:
        """By the word that the control door uses."""
        return {
            "client": self.clients,
            "invoice": self.invoices,
            "asset": self.assets,
            "association": self.associations,
        }

    def visible(self, collection: Collection, role: Role) -> list[str]:
        """The ids that somebody sees: of a technician's assets, those of every other client."""
        if collection is not self.assets or role.sees_every_asset:
            return list(collection)
        theirs = {one.key for one in self.customers if one.number % 2 == 0}
        return [key for key in collection if _owner(collection.get(key)) in theirs]


def _owner(asset: Record) -> str:
    return str(asset["client"]["accountId"])


@dataclass(slots=True)
class Tokens:
    """Each token with the account and the role of its technician; one per person."""

    known: dict[str, tuple[Account, Role]] = field(default_factory=dict)
    made: int = 0

    def regenerate(self, old: str) -> str:
        """The old one is worthless for everybody who used it. KeyError where there is none."""
        self.made += 1
        new = f"{old.partition('.')[0]}.{self.made}"
        self.known[new] = self.known.pop(old)
        return new
