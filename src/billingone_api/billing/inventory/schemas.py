"""Devices and people on the wire, whose each is, and how far the lists of them are known."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.counts.models import DeviceMetric
from billingone_api.billing.inventory import examples
from billingone_api.billing.inventory.models import Asked, NotCounted, Standing
from billingone_api.kit.pagination import ListQuery, Page, PageOf, SearchQuery

_ORDER = "A `-` turns the order round; without a value comes first, last when turned round."
InventorySource = Literal["superops"]


class InventoryClientOut(BaseModel):
    """The client of PanelOne that it belongs to."""

    id: UUID
    name: str


class InventoryCompanyOut(BaseModel):
    """The client as SuperOps names it."""

    source_id: str
    name: Annotated[str | None, Field(description="Null where SuperOps does not list it.")]


class InventoryStandingOut(BaseModel):
    """How far SuperOps' lists are known: not connected, never synced and empty are different."""

    model_config = ConfigDict(from_attributes=True)

    source: InventorySource
    is_connected: bool
    last_success_at: Annotated[
        datetime | None, Field(description="When a sync last came through, if only in part.")
    ]
    never_synced: bool
    is_partial: Annotated[
        bool,
        Field(
            description="The last sync did not read devices and people to the end, or the first is "
            "not through: rows may be missing, and are newer than what was counted."
        ),
    ]
    counted_at: Annotated[
        datetime | None,
        Field(
            description="When devices and people were last read to the end, the instant of their "
            "counts; null: never, and nothing is counted."
        ),
    ]

    @classmethod
    def of(cls, standing: Standing) -> Self:
        return cls(
            source="superops",
            is_connected=standing.is_connected,
            last_success_at=standing.last_success_at,
            never_synced=standing.last_success_at is None,
            is_partial=standing.is_partial,
            counted_at=standing.counted_at,
        )


class DeviceRuleOut(BaseModel):
    """By which devices are left out of counts; `/v1/reconciliation/settings` has it."""

    model_config = ConfigDict(from_attributes=True)

    idle_device_days: Annotated[int | None, Field(description="Null: none is left out for it.")]
    idle_since: Annotated[
        datetime | None,
        Field(description="Last seen before this: idle. Days are those before the list."),
    ]
    ignored_device_names: list[str]


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
    counted: Annotated[bool, Field(description="It is one of the counts of `metrics`.")]
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
        return cls.model_validate({**row, **_owners(row)})


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
    counted: Annotated[int, Field(description="What SuperOps' counts are of.")]
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


class InventoryUserOut(BaseModel):
    """A person whom SuperOps lists for a client now: a contact, no licensed mailbox."""

    source: InventorySource
    source_id: Annotated[str, Field(description="SuperOps' id of the person.")]
    client: Annotated[
        InventoryClientOut | None, Field(description="Null: nobody is linked to the company.")
    ]
    company: Annotated[
        InventoryCompanyOut, Field(description="The first, of a person at several of the client's.")
    ]
    name: str | None
    counted: Annotated[bool, Field(description="One of the client's `users`; else it has none.")]

    @classmethod
    def row(cls, row: Mapping[str, Any]) -> Self:
        return cls.model_validate({**row, **_owners(row)})


class InventoryUserPage(PageOf[InventoryUserOut]):
    """One page of people; whoever belongs to two clients is there for each."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.USERS]})

    standing: InventoryStandingOut

    @classmethod
    def of(cls, page: Page[Mapping[str, Any]], standing: Standing) -> Self:
        return cls(
            items=[InventoryUserOut.row(row) for row in page.items],
            next_cursor=page.next_cursor,
            total=page.total,
            standing=InventoryStandingOut.of(standing),
        )


class DeviceCountsQuery(SearchQuery):
    """Which devices; `q` looks in names, host names and serial numbers."""

    client_id: Annotated[UUID | None, Field(description="PanelOne's client.")] = None

    def filters(self) -> dict[str, Any]:
        given = {"client_id": self.client_id, "q": self.q or None}
        return {name: value for name, value in given.items() if value is not None}


class DevicesExportQuery(DeviceCountsQuery):
    """The same filters and more, and the order: a file has all rows."""

    metric: Annotated[
        DeviceMetric | None, Field(description="Those that are one of these, counted or not.")
    ] = None
    counted: Annotated[bool | None, Field(description="Those that are counted, or not.")] = None
    reason: Annotated[
        list[NotCounted], Field(description="Not counted for one of these; may be repeated.")
    ] = Field(default_factory=list)
    sort: Annotated[
        Literal["name", "-name", "client", "-client", "last_seen_at", "-last_seen_at"],
        Field(description=f"`name` is the host's where a device has none. {_ORDER}"),
    ] = "name"

    def filters(self) -> dict[str, Any]:
        given = {
            "metric": None if self.metric is None else str(self.metric),
            "counted": self.counted,
            "reason": [str(one) for one in self.reason] or None,
        }
        known = {name: value for name, value in given.items() if value is not None}
        return super().filters() | known


class DevicesQuery(ListQuery, DevicesExportQuery):
    """One page of them."""

    def page(self) -> Asked:
        return Asked(self.filters(), self.sort, self.limit, self.cursor, self.with_total)


class InventoryUsersQuery(ListQuery):
    """Which people, in which order; `q` looks in their names."""

    client_id: Annotated[UUID | None, Field(description="PanelOne's client.")] = None
    counted: Annotated[bool | None, Field(description="Those that are counted, or not.")] = None
    sort: Annotated[Literal["name", "-name", "client", "-client"], Field(description=_ORDER)] = (
        "name"
    )

    def page(self) -> Asked:
        given = {"client_id": self.client_id, "counted": self.counted, "q": self.q or None}
        filters = {name: value for name, value in given.items() if value is not None}
        return Asked(filters, self.sort, self.limit, self.cursor, self.with_total)


def _owners(row: Mapping[str, Any]) -> dict[str, Any]:
    of = {
        "client": {"id": row["client_id"], "name": row["client_name"]},
        "company": {"source_id": row["company_id"], "name": row["company_name"]},
    }
    return {name: None if row[f"{name}_id"] is None else told for name, told in of.items()}
