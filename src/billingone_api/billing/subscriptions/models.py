"""The words of the portfolio: companies, products and subscriptions as a sync brings them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from billingone_api.billing.definitions.models import Badge
from billingone_api.billing.syncs.models import Unreadable

PAX8: Final = "pax8"
"""Where subscriptions come from: the word of tables, URLs and answers."""

FRESH_FOR: Final = timedelta(days=7)
"""How long a product is believed before it is read again, and a lack of usage likewise."""

_BILLED: Final = frozenset({"Active", "Activated", "PendingCancel"})
_NEVER_USAGE: Final = frozenset({"Trial", "One-Time", "Activation"})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Company:
    """A client as Pax8 names it; which of PanelOne's clients it is, a link says."""

    source_id: str
    name: str
    source_status: str | None
    external_id: str | None
    website: str | None


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody to write to about a company's bills; `types` are Pax8's words for what for."""

    company_id: str
    source_id: str
    name: str | None
    email: str
    types: tuple[str, ...]
    primary_types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContactList:
    """What Pax8 says of one company's people; `denial` is why it does not, as a sentence.

    Nobody is missed of one that `is_whole`. Ids that could not be read stand in `unreadable`.
    """

    company_id: str
    contacts: Sequence[Contact] = ()
    unreadable: Sequence[Unreadable] = ()
    is_whole: bool = False
    denial: str | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """What is sold. One that Pax8 no longer knows is gone, and has nothing but its id."""

    source_id: str
    name: str | None = None
    vendor_name: str | None = None
    sku: str | None = None
    vendor_sku: str | None = None
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Subscription:
    """One product held by one company; prices are per unit and billing term, as received.

    Days are days of the organisation's time zone. `product_name` is the subscription's own word
    for its product, which older records lack.
    """

    source_id: str
    source_status: str | None
    company_id: str | None
    product_id: str | None
    quantity: Decimal | None
    price: Decimal | None
    partner_cost: Decimal | None
    currency: str | None
    billing_term: str | None
    starts_on: date | None
    ends_on: date | None
    commitment_term: str | None
    commitment_ends_on: date | None
    parent_id: str | None
    vendor_subscription_id: str | None
    vendor_sku_id: str | None
    billing_starts_on: date | None
    created_on: date | None
    source_updated_at: datetime | None
    product_name: str | None

    @property
    def may_be_billed_by_usage(self) -> bool:
        """Whether it is worth asking for usage: it is billed, month after month, for nothing."""
        return (
            not self.price
            and self.source_status in _BILLED
            and self.billing_term not in _NEVER_USAGE
        )


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """One page of a list of Pax8's; pages count from 0."""

    records: Sequence[T]
    unreadable: Sequence[Unreadable]
    number: int
    total_pages: int
    total_records: int


@dataclass(frozen=True, slots=True)
class ProductNews:
    """What was learnt of products: to be written together with the subscriptions that name them.

    `asked` are products of which usage was looked for, `used` those that had some.
    """

    products: Sequence[Product] = ()
    unreadable: Sequence[Unreadable] = ()
    asked: Sequence[str] = ()
    used: Sequence[str] = ()


class Flag(StrEnum):
    """What should be said of a subscription besides its badge."""

    GONE = "gone"
    COMPANY_GONE = "company_gone"
    CANCELLING = "cancelling"
    USAGE_BILLED = "usage_billed"


class Unknown(StrEnum):
    """Why there is no unit price to show."""

    SELL_PRICE = "sell_price_unknown"
    CURRENCY = "currency"
    PRICE = "price"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which subscriptions, in which order, how many; `filters` holds only those that were given."""

    filters: Mapping[str, Any]
    sort: str
    limit: int = 50
    cursor: str | None = None
    with_total: bool = False


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far what is listed can be trusted: never copied, copied in part, or copied whole."""

    source: str
    last_success_at: datetime | None
    never_synced: bool
    is_partial: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """How many subscriptions have each badge, and where they come from."""

    badges: Mapping[Badge, int]
    total: int
    freshness: Sequence[Freshness]
