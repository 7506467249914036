"""Subscriptions and their products on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    model_validator,
)
from typing_extensions import TypeAliasType

from billingone_api.billing.definitions.models import Badge
from billingone_api.billing.definitions.schemas import BadgeCountsOut, Money, PriceBasisOut, plain
from billingone_api.billing.subscriptions.example import (
    COUNTS,
    PRODUCT,
    SUBSCRIPTION,
    SUBSCRIPTION_DETAIL,
    SUBSCRIPTION_PAGE,
)
from billingone_api.billing.subscriptions.models import Flag, Wanted
from billingone_api.kit.instants import Day
from billingone_api.kit.pagination import ListQuery, PageOf, SearchQuery
from billingone_api.kit.text import storable

Word = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(storable)]
SourceId = Annotated[
    str,
    Field(min_length=1, max_length=200, description="Pax8's id."),
    AfterValidator(storable),
]
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
_ORDER: Final = "a `-` before it turns the order round. Rows without the value come first"


class _Filters(SearchQuery):
    """What narrows subscriptions down; `q` looks in client, product and ids."""

    client_id: Annotated[UUID | None, Field(description="PanelOne's client.")] = None
    unmapped: Annotated[
        bool | None,
        Field(description="True: of companies that no client is linked to; false: not."),
    ] = None
    vendor: Annotated[Word | None, Field(description="The vendor's name, to the letter.")] = None
    product_id: Annotated[SourceId | None, Field(description="Pax8's id of the product.")] = None
    billing_term: Annotated[
        Word | None, Field(description="In Pax8's words.", examples=["Monthly"])
    ] = None
    renews_from: Annotated[
        Day | None,
        Field(description="Commitment ends (without one: subscription ends) on this day or later."),
    ] = None
    renews_to: Annotated[
        Day | None,
        Field(description="The same, on this day or before."),
    ] = None

    @model_validator(mode="after")
    def _in_order(self) -> "_Filters":
        if self.renews_from and self.renews_to and self.renews_from > self.renews_to:
            raise ValueError("renews_from should not be later than renews_to.")
        return self

    def filters(self) -> dict[str, Any]:
        """Those that were given, as an adapter takes them."""
        given = {name: getattr(self, name) for name in _Filters.model_fields if name != "q"}
        words = (self.q or "").split()
        return {name: value for name, value in given.items() if value is not None} | (
            {"q": words} if words else {}
        )


class CountsQuery(_Filters):
    """The same filters as the list, but for the badges, which are what is counted."""


class ExportQuery(_Filters):
    """The list's filters and order: a file has all its rows."""

    badge: Annotated[list[Badge], Field(description="Any of these; may be repeated.")] = Field(
        default_factory=list
    )
    sort: Annotated[
        Literal[
            "client", "-client", "product", "-product", "vendor", "-vendor", "quantity",
            "-quantity", "price", "-price", "total", "-total", "starts_on", "-starts_on",
            "ends_on", "-ends_on", "changed_at", "-changed_at",
        ],
        Field(
            description=f"One of these; {_ORDER}, open ends last. `price` and `total` go by the "
            "amount, whatever its currency."
        ),
    ] = "client"  # fmt: skip

    def filters(self) -> dict[str, Any]:
        badges = {"badge": [str(badge) for badge in self.badge]} if self.badge else {}
        return super().filters() | badges

    def wanted(self) -> Wanted:
        return Wanted(self.filters(), self.sort)


class SubscriptionsQuery(ExportQuery, ListQuery):
    """One page of the list."""

    def wanted(self) -> Wanted:
        return Wanted(self.filters(), self.sort, self.limit, self.cursor, self.with_total)


class ProductsQuery(ListQuery):
    """One page of products; `q` looks in names, vendors, SKUs and ids."""

    vendor: Annotated[Word | None, Field(description="The vendor's name, to the letter.")] = None
    usage_billed: Annotated[
        bool | None, Field(description="Only those billed by usage, or not.")
    ] = None
    sort: Annotated[Literal["name", "-name"], Field(description=f"By name; {_ORDER}.")] = "name"

    def wanted(self) -> Wanted:
        given = {"vendor": self.vendor, "usage_billed": self.usage_billed}
        words = (self.q or "").split()
        filters = {name: value for name, value in given.items() if value is not None}
        return Wanted(
            filters | ({"q": words} if words else {}),
            self.sort,
            self.limit,
            self.cursor,
            self.with_total,
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


class ParentRef(BaseModel):
    """The subscription that this one was added to."""

    id: Annotated[UUID | None, Field(description="Null where Pax8 does not list the other one.")]
    source_id: str


class ChangeOut(BaseModel):
    """A fact that became another; both as text, null where there was none."""

    fact: Annotated[
        Literal[
            "source_status", "company_id", "product_id", "quantity", "price", "partner_cost",
            "currency", "billing_term", "starts_on", "ends_on", "commitment_term",
            "commitment_ends_on", "gone_at", "client_id", "usage_billed",
        ],
        Field(description="`price` and `partner_cost` are Pax8's; `client_id` is PanelOne's."),
    ]  # fmt: skip
    before: str | None
    after: str | None


class VersionOut(BaseModel):
    """A state of the subscription, from the instant at which we saw it."""

    version: int
    seen_at: datetime
    changes: Annotated[list[ChangeOut], Field(description="Empty for the first one.")]


class SubscriptionDetailOut(SubscriptionOut):
    """Everything known of a subscription, with its history."""

    model_config = ConfigDict(json_schema_extra={"examples": [SUBSCRIPTION_DETAIL]})

    basis: PriceBasisOut
    sku: str | None
    vendor_sku: str | None
    vendor_subscription_id: str | None
    vendor_sku_id: str | None
    parent: ParentRef | None
    billing_starts_on: date | None
    created_on: Annotated[date | None, Field(description="At Pax8.")]
    source_updated_at: Annotated[datetime | None, Field(description="In Pax8's words.")]
    monthly_cost: Annotated[Money | None, Field(description="What a month costs.")]
    margin: Annotated[Money | None, Field(description="MRR less cost; null unless both are known.")]
    gone_at: Annotated[datetime | None, Field(description="When Pax8's list first lacked it.")]
    first_seen_at: datetime
    history: Annotated[
        list[VersionOut], Field(description="The newest first; from the first sync on.")
    ]
    history_is_complete: Annotated[
        bool, Field(description="False where there are more versions than are told.")
    ]


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


class ProductOut(BaseModel):
    """A product that somebody subscribes to, as Pax8's catalogue names it."""

    model_config = ConfigDict(json_schema_extra={"examples": [PRODUCT]})

    source: Annotated[str, Field(examples=["pax8"])]
    source_id: str
    name: Annotated[str | None, Field(description="Null where Pax8 has never named it.")]
    vendor: str | None
    sku: str | None
    vendor_sku: str | None
    is_usage_billed: Annotated[
        bool, Field(description="Usage is billed: its subscriptions add nothing to MRR.")
    ]
    usage_billed_by_hand: Annotated[
        bool | None, Field(description="What a person said of it; null leaves it to the evidence.")
    ]
    usage_evidence: Annotated[
        Literal["usage_summaries"] | None, Field(description="How Pax8 has shown it.")
    ]
    is_gone: Annotated[bool, Field(description="Pax8 does not know it any more.")]
    fetched_at: Annotated[datetime, Field(description="When we last asked Pax8.")]


class ProductPage(PageOf[ProductOut]):
    """One page of products."""


class ProductIn(BaseModel):
    """What a person says of a product."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"usage_billed": True}]})

    usage_billed: Annotated[
        StrictBool | None,
        Field(description="Null leaves it to the evidence again."),
    ]
