"""Which records of the four-way line are asked for."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from billingone_api.billing.fourway.models import FourWayStatus
from billingone_api.kit.pagination import Asked, ListQuery, SearchQuery
from billingone_api.kit.text import storable

_MONTH = Field(
    pattern=r"^20\d\d-(0[1-9]|1[0-2])$",
    description="A calendar month; without it, the organisation's own.",
    examples=["2026-10"],
)
PartName = Literal["quantity", "price", "proration", "timing", "currency", "unmapped"]


def first_of(month: str | None) -> date | None:
    return None if month is None else date.fromisoformat(f"{month}-01")


class MonthQuery(BaseModel):
    """Which month."""

    model_config = ConfigDict(extra="forbid")

    month: Annotated[str | None, _MONTH] = None


class RecordsExportQuery(SearchQuery):
    """Which records, in which order; `q` looks in the names of clients and products, and SKUs."""

    month: Annotated[str | None, _MONTH] = None
    client_id: Annotated[UUID | None, Field(description="PanelOne's client.")] = None
    product_id: Annotated[
        str | None,
        Field(min_length=1, max_length=200, description="Pax8's product."),
        AfterValidator(storable),
    ] = None
    status: Annotated[list[FourWayStatus], Field(description="Any of these; may be repeated.")] = (
        Field(default_factory=list)
    )
    has_leak: Annotated[
        bool | None, Field(description="Where what is billed differs from what is charged, or not.")
    ] = None
    has_overcharge: Annotated[
        bool | None, Field(description="Where Pax8 charges more than is licensed, or not.")
    ] = None
    is_known: Annotated[bool | None, Field(description="Where the leak is known, or not.")] = None
    part: Annotated[PartName | None, Field(description="With something in this part.")] = None
    sort: Annotated[
        Literal[
            "-leak", "leak", "-overcharge", "overcharge", "client", "-client", "product", "-product"
        ],
        Field(
            description="`leak` and `overcharge` go by their worth in the reporting currency. A "
            "`-` turns the order round; without a value comes first, last when turned round."
        ),
    ] = "-leak"

    def filters(self) -> dict[str, Any]:
        names = ("client_id", "product_id", "has_leak", "has_overcharge", "is_known", "part")
        given = {name: getattr(self, name) for name in names} | {"q": self.q or None}
        given |= {"status": [str(one) for one in self.status] or None}
        return {name: value for name, value in given.items() if value is not None}


class RecordsQuery(ListQuery, RecordsExportQuery):
    """One page of them."""

    def page(self) -> Asked:
        return Asked(self.filters(), self.sort, self.limit, self.cursor, self.with_total)
