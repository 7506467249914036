"""What the lists of subscriptions and products take."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from billingone_api.billing.definitions.models import Badge
from billingone_api.billing.subscriptions.models import Wanted
from billingone_api.kit.instants import Day
from billingone_api.kit.pagination import ListQuery, SearchQuery
from billingone_api.kit.text import storable

Word = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(storable)]
SourceId = Annotated[
    str,
    Field(min_length=1, max_length=200, description="Pax8's id."),
    AfterValidator(storable),
]
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
