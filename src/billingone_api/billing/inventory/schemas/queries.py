"""Which devices and people are asked for."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field

from billingone_api.billing.counts.models import DeviceMetric
from billingone_api.billing.inventory.models import NotCounted
from billingone_api.kit.pagination import Asked, ListQuery, SearchQuery

_ORDER: Final = "A `-` turns the order round; without a value comes first, last when turned round."


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
