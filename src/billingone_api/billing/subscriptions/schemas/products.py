"""Products that somebody subscribes to."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from billingone_api.billing.subscriptions.example import PRODUCT
from billingone_api.kit.pagination import PageOf


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
