"""Subscriptions in a list, and their counts."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from typing_extensions import TypeAliasType

from billingone_api.billing.definitions.models import Badge
from billingone_api.billing.definitions.schemas import BadgeCountsOut, Money, PriceBasisOut, plain
from billingone_api.billing.subscriptions.example import COUNTS, SUBSCRIPTION, SUBSCRIPTION_PAGE
from billingone_api.billing.subscriptions.models import Flag
from billingone_api.kit.pagination import PageOf

Number = Annotated[
    Decimal,
    PlainSerializer(plain, return_type=str),
    Field(description="A decimal string, as received.", examples=["42"]),
]

# Named, or generated clients would call them SubscriptionMrrExcludedType0.
MrrExclusion = TypeAliasType(
    "MrrExclusion",
    Annotated[
        Literal["badge", "term", "usage", "currency", "price", "quantity", "sell_price_unknown"],
        Field(description="What keeps a subscription out of MRR; see the definitions."),
    ],
)

UnitPriceUnknown = TypeAliasType(
    "UnitPriceUnknown",
    Annotated[
        Literal["sell_price_unknown", "currency", "price"],
        Field(
            description="By `basis` Pax8's price is the cost, or Pax8 gives no currency, no price."
        ),
    ],
)


class ClientRef(BaseModel):
    """The client of PanelOne that a subscription belongs to."""

    id: UUID
    name: str


class CompanyRef(BaseModel):
    """The client as Pax8 names it."""

    source_id: str
    name: Annotated[str | None, Field(description="Null where Pax8 does not list the company.")]


class ProductRef(BaseModel):
    """What is subscribed to."""

    source_id: str | None
    name: Annotated[str, Field(description="Empty where neither subscription nor product says.")]


class CommitmentOut(BaseModel):
    """What the client is bound to; it has no part in the price."""

    term: str | None
    ends_on: Annotated[date | None, Field(description="The day of renewal.")]


class SubscriptionOut(BaseModel):
    """One product held by one client, on the organisation's calendar day."""

    model_config = ConfigDict(json_schema_extra={"examples": [SUBSCRIPTION]})

    id: UUID
    source: Annotated[str, Field(examples=["pax8"])]
    source_id: Annotated[str, Field(description="Pax8's id of the subscription.")]
    source_status: Annotated[str | None, Field(description="Pax8's own word.")]
    badge: Badge
    flags: Annotated[
        list[Flag],
        Field(
            description="- `gone`: no longer in Pax8's list; its badge is cancelled.\n"
            "- `company_gone`: Pax8 calls the company deleted, or lists it no longer.\n"
            "- `cancelling`: active until it ends.\n"
            "- `usage_billed`: quantity and price mean nothing; usage is billed afterwards."
        ),
    ]
    client: Annotated[ClientRef | None, Field(description="Null: nobody is linked to the company.")]
    company: CompanyRef | None
    product: ProductRef
    vendor: str | None
    quantity: Number | None
    unit_price: Annotated[
        Money | None, Field(description="Per unit and billing term, as received.")
    ]
    unit_price_unknown: Annotated[
        UnitPriceUnknown | None, Field(description="Why `unit_price` is null.")
    ]
    total: Annotated[
        Money | None, Field(description="Unit price times quantity, per billing term.")
    ]
    partner_unit_cost: Annotated[
        Money | None, Field(description="What the organisation pays for one, as received.")
    ]
    mrr: Annotated[Money | None, Field(description="What a month brings.")]
    mrr_excluded: Annotated[
        MrrExclusion | None, Field(description="Why it adds nothing to MRR; null where it adds.")
    ]
    billing_term: Annotated[
        str | None, Field(description="Billing frequency, in Pax8's words.", examples=["Monthly"])
    ]
    starts_on: date | None
    ends_on: Annotated[date | None, Field(description="Null: it has no end.")]
    commitment: CommitmentOut | None
    changed_at: Annotated[datetime, Field(description="When we last saw a fact of it change.")]


class SubscriptionPage(PageOf[SubscriptionOut]):
    """One page of subscriptions, and how its prices are meant."""

    model_config = ConfigDict(json_schema_extra={"examples": [SUBSCRIPTION_PAGE]})

    basis: PriceBasisOut


class SyncFreshnessOut(BaseModel):
    """Whether "none" means that there are none: never synced, and synced in part, are others."""

    model_config = ConfigDict(from_attributes=True)

    source: Annotated[str, Field(examples=["pax8"])]
    last_success_at: Annotated[
        datetime | None, Field(description="When a sync last came through, if only in part.")
    ]
    never_synced: bool
    is_partial: Annotated[
        bool, Field(description="The last sync left something out, or the first is not through.")
    ]


class SubscriptionCountsOut(BaseModel):
    """For the filter chips, and whether the counts can be trusted."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [COUNTS]})

    badges: BadgeCountsOut
    total: int
    freshness: list[SyncFreshnessOut]
