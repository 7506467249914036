"""Devices on the wire, in a list and in numbers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.counts.models import DeviceMetric
from billingone_api.billing.inventory import examples
from billingone_api.billing.inventory.models import NotCounted, Standing
from billingone_api.billing.inventory.schemas.standing import (
    DeviceRuleOut,
    InventoryClientOut,
    InventoryCompanyOut,
    InventorySource,
    InventoryStandingOut,
    owners,
)
from billingone_api.kit.pagination import Page, PageOf


class DeviceOut(BaseModel):
    """A device that SuperOps lists now, in its words."""

    source: InventorySource
    source_id: Annotated[str, Field(description="SuperOps' id of it.")]
    client: Annotated[
        InventoryClientOut | None, Field(description="Null: nobody is linked to the company.")
    ]
    company: InventoryCompanyOut | None
    name: str | None
    host_name: str | None
    serial_number: str | None
    asset_class: str | None
    device_category: str | None
    platform: str | None
    source_status: Annotated[str | None, Field(description="SuperOps' own word.")]
    last_seen_at: Annotated[
        datetime | None, Field(description="Null: SuperOps does not say; it is never idle.")
    ]
    metrics: Annotated[
        list[DeviceMetric],
        Field(description="What it is one of, by class, category and platform together."),
    ]
    counted: Annotated[
        bool,
        Field(
            description="By the rule it is one of the counts of `metrics`, which are of "
            "`standing.counted_at`; while that is null there are none."
        ),
    ]
    reason: Annotated[
        NotCounted | None,
        Field(
            description="Why it is not, the first that holds.\n\n"
            "- `unmapped`: its company is no client's, or SuperOps lists the company no more.\n"
            "- `idle`: not seen since `rule.idle_since`.\n"
            "- `ignored`: its name is one of those that are left out.\n\n"
            "The last two are what a count says was `excluded`."
        ),
    ]

    @classmethod
    def row(cls, row: Mapping[str, Any]) -> Self:
        return cls.model_validate({**row, **owners(row)})


class DevicePage(PageOf[DeviceOut]):
    """One page of devices, and by which rule they are counted."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.DEVICES]})

    standing: InventoryStandingOut
    rule: DeviceRuleOut

    @classmethod
    def of(cls, page: Page[Mapping[str, Any]], standing: Standing) -> Self:
        return cls(
            items=[DeviceOut.row(row) for row in page.items],
            next_cursor=page.next_cursor,
            total=page.total,
            standing=InventoryStandingOut.of(standing),
            rule=DeviceRuleOut.model_validate(standing),
        )


class DeviceNumbersOut(BaseModel):
    """The devices that are one of a metric; each is in one of these numbers."""

    model_config = ConfigDict(from_attributes=True)

    metric: DeviceMetric
    counted: Annotated[int, Field(description="By the rule what SuperOps' counts are of.")]
    unmapped: int
    idle: int
    ignored: int


class DeviceCountsOut(BaseModel):
    """How many devices there are; one may be of several metrics, and all are `devices`."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.COUNTS]})

    metrics: list[DeviceNumbersOut]
    standing: InventoryStandingOut
    rule: DeviceRuleOut

    @classmethod
    def of(cls, numbers: Sequence[Mapping[str, Any]], standing: Standing) -> Self:
        return cls(
            metrics=[DeviceNumbersOut.model_validate(dict(row)) for row in numbers],
            standing=InventoryStandingOut.of(standing),
            rule=DeviceRuleOut.model_validate(standing),
        )
