"""Who can be connected: two organisations with books, and a practice that has none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from typing import Final

from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.names import client_names
from billingone_api.sandbox.subscriptions import currency_of
from billingone_api.sandbox.wire import Record
from billingone_api.sandbox.xero.clerk import Clerk
from billingone_api.sandbox.xero.contacts import Contact, client_contact
from billingone_api.sandbox.xero.ledger import Ledger, Plan, clerk_of
from billingone_api.sandbox.xero.wire import DAY_IN_MS, day_in_ms, written

_INVOICES_PER_CLIENT: Final = 24
_ABROAD: Final = 5
_INVOICES_ABROAD: Final = 40
_LINES_ABROAD: Final = 2
_HIGH_VOLUME: Final = 100_000


@dataclass(slots=True)
class Manners:
    """What differs between tenants and is not documented for certain.

    `high_volume`: filters that cost too much are refused with `HighVolumeException`.
    `deleted_hidden`: lists that do not ask for a status leave DELETED documents out.
    `silent_payments`: an invoice that is paid looks as if it had not been touched.
    """

    high_volume: bool = False
    deleted_hidden: bool = False
    silent_payments: bool = False


class Tenant:
    """An organisation or practice; its books are opened when somebody first asks for them."""

    def __init__(
        self,
        key: str,
        name: str,
        *,
        facts: Record,
        plan: Plan | None = None,
        high_volume: bool = False,
    ) -> None:
        self.id = key
        self.name = name
        self.kind = "PRACTICE" if plan is None else "ORGANISATION"
        self.manners = Manners(high_volume=high_volume)
        self.facts = {"Name": name, "LegalName": name, **facts, "OrganisationID": key}
        self._plan = plan

    @cached_property
    def clerk(self) -> Clerk:
        """Who can write any invoice without opening the books."""
        return clerk_of(self._known_plan())

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self._known_plan(), self.clerk)

    def _known_plan(self) -> Plan:
        if self._plan is None:
            raise KeyError(f"{self.name} keeps no books")
        return self._plan


@dataclass(frozen=True, slots=True)
class Size:
    """How much the first organisation has.

    Clients, invoices (None: 24 a client), lines of each, and invoices that cannot be read.
    """

    clients: int
    invoices: int | None
    lines: int
    bad: int


def tenants(size: Size, *, ids: Identifiers, seed: int, today: date) -> list[Tenant]:
    """Bluegum IT, its sister across the Tasman with a few of the clients, and an accountant."""
    return [
        _at_home(size, ids, seed, today),
        _abroad(size, ids, seed, today),
        Tenant(ids("xero-practice", "tenant"), "Gumnut Accountants", facts={}),
    ]


def _at_home(size: Size, ids: Identifiers, seed: int, today: date) -> Tenant:
    named = partial(ids, "xero")
    count = size.clients * _INVOICES_PER_CLIENT if size.invoices is None else size.invoices

    clients = _clients(range(size.clients), seed, named)
    facts = _organisation("AUD", "AU", "AUSEASTERNSTANDARDTIME", "!1lqVQ", today)
    return Tenant(
        named("tenant"),
        "Bluegum IT Pty Ltd",
        facts=facts,
        plan=Plan(clients, count, size.lines, size.bad, "AUD", today, named),
        high_volume=count >= _HIGH_VOLUME,
    )


def _abroad(size: Size, ids: Identifiers, seed: int, today: date) -> Tenant:
    named = partial(ids, "xero-nz")
    clients = _clients(range(min(_ABROAD, size.clients)), seed, named)
    plan = Plan(clients, _INVOICES_ABROAD, _LINES_ABROAD, 0, "NZD", today, named)
    facts = _organisation("NZD", "NZ", "NEWZEALANDSTANDARDTIME", "!k2Wd7", today)
    return Tenant(named("tenant"), "Bluegum IT NZ Limited", facts=facts, plan=plan)


def _clients(numbers: Sequence[int], seed: int, named: Callable[..., str]) -> list[Contact]:
    names = client_names(len(numbers), seed=seed)
    return [client_contact(n, names[n], _currency(n), named) for n in numbers]


def _currency(number: int) -> str:
    """As in the portfolio of Pax8, except for the few that pay in a currency without a rate."""
    return "SGD" if number % 17 == 5 else currency_of(number)  # noqa: PLR2004 - three of sixty


def _organisation(currency: str, country: str, zone: str, code: str, today: date) -> Record:
    return {
        "PaysTax": True,
        "Version": country,
        "OrganisationType": "COMPANY",
        "BaseCurrency": currency,
        "CountryCode": country,
        "IsDemoCompany": False,
        "OrganisationStatus": "ACTIVE",
        "FinancialYearEndDay": 30,
        "FinancialYearEndMonth": 6,
        "SalesTaxBasis": "ACCRUALS",
        "SalesTaxPeriod": "QUARTERLY1",
        "DefaultSalesTax": "Tax Exclusive",
        "DefaultPurchasesTax": "Tax Exclusive",
        "PeriodLockDate": written(day_in_ms(today) - 60 * DAY_IN_MS),
        "CreatedDateUTC": f"/Date({day_in_ms(today) - 2000 * DAY_IN_MS})/",
        "OrganisationEntityType": "COMPANY",
        "Timezone": zone,
        "ShortCode": code,
        "Edition": "BUSINESS",
        "Class": "GROW",
        "Addresses": [],
        "Phones": [],
        "ExternalLinks": [],
        "PaymentTerms": {"Sales": {"Day": 14, "Type": "DAYSAFTERBILLDATE"}},
    }
