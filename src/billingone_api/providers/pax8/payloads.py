"""What Pax8 sends, read leniently: its own field names in snake case, its numbers exact.

Each field but an id may be missing or null, enums are plain text with the words known today, and
fields we have no use for are passed over. Money is per unit and per billing term, as received.
"""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from pydantic import AliasGenerator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from billingone_api.providers.dates import Moment
from billingone_api.providers.records import Identifier, Number, Payload, Reject, Text

T = TypeVar("T")

KNOWN_STATUSES: Final = frozenset(
    {
        "Active", "Cancelled", "PendingManual", "PendingAutomated", "PendingCancel",
        "WaitingForDetails", "Trial", "Converted", "PendingActivation", "Activated",
    }
)  # fmt: skip
KNOWN_COMPANY_STATUSES: Final = frozenset({"Active", "Inactive", "Deleted"})
KNOWN_TERMS: Final = frozenset(
    {"Monthly", "Annual", "2-Year", "3-Year", "One-Time", "Trial", "Activation"}
)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; pages count from 0 and `total_pages` may be 0."""

    records: tuple[T, ...]
    rejects: tuple[Reject, ...]
    number: int
    total_pages: int
    total_records: int


class Pax8Payload(Payload):
    """A record of Pax8's, in camel case on the wire."""

    model_config = ConfigDict(alias_generator=AliasGenerator(validation_alias=to_camel))


class Company(Pax8Payload):
    """A client as Pax8 knows it; Inactive means that it lacks primary contacts, no more."""

    id: Identifier
    name: Text | None = None
    status: Text | None = None
    external_id: Text | None = None
    website: Text | None = None
    updated_date: Moment = None


class Commitment(Pax8Payload):
    """What a subscription is bound to; the end is the day of renewal. False if it says nothing."""

    id: Identifier | None = None
    term: Text | None = None
    end_date: Moment = None

    def __bool__(self) -> bool:
        return any((self.id, self.term, self.end_date))


class Subscription(Pax8Payload):
    """One product held by one company."""

    id: Identifier
    parent_subscription_id: Identifier | None = None
    company_id: Identifier | None = None
    product_id: Identifier | None = None
    vendor_subscription_id: Identifier | None = None
    vendor_sku_id: Identifier | None = None
    quantity: Number = None
    start_date: Moment = None
    end_date: Moment = None
    created_date: Moment = None
    updated_date: Moment = None
    billing_start: Moment = None
    status: Text | None = None
    price: Number = None
    partner_cost: Number = None
    currency_code: Text | None = None
    product_name: Text | None = None
    billing_term: Text | None = None
    # Documented under one name and met under the other; either may be empty beside its twin.
    commitment_term: Commitment | None = None
    commitment_as_met: Commitment | None = Field(default=None, validation_alias="commitment")

    @property
    def commitment(self) -> Commitment | None:
        return self.commitment_term or self.commitment_as_met or None


class Product(Pax8Payload):
    """What is sold; the only place that names the vendor."""

    id: Identifier
    name: Text | None = None
    vendor_name: Text | None = None
    sku: Text | None = None
    vendor_sku: Text | None = None
    requires_commitment: bool | None = None


class Rate(Pax8Payload):
    """A price for a range of quantities; an open range has no end."""

    partner_buy_rate: Number = None
    suggested_retail_price: Number = None
    start_quantity_range: Number = None
    end_quantity_range: Number = None
    charge_type: Text | None = None


class Pricing(Pax8Payload):
    """A product's price list for one billing term and commitment; it names no currency."""

    product_id: Identifier | None = None
    product_name: Text | None = None
    billing_term: Text | None = None
    commitment_term: Text | None = None
    commitment_term_in_months: Number = None
    type: Text | None = None
    unit_of_measurement: Text | None = None
    rates: tuple[Rate, ...] | None = None
