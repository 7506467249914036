"""One subscription with its history."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.definitions.schemas import Money, PriceBasisOut
from billingone_api.billing.subscriptions.example import SUBSCRIPTION_DETAIL
from billingone_api.billing.subscriptions.schemas.lists import SubscriptionOut


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
