"""What the lists of invoices take."""

from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from billingone_api.billing.definitions.models import InvoiceBadge, MatchedBy
from billingone_api.billing.invoices.models import Wanted
from billingone_api.billing.invoices.schemas.lists import InvoiceSource
from billingone_api.kit.instants import Day
from billingone_api.kit.money import known_currency
from billingone_api.kit.pagination import ListQuery, SearchQuery
from billingone_api.kit.text import storable

AmountText = Annotated[
    str,
    Field(pattern=r"^-?(0|[1-9][0-9]{0,13})(\.[0-9]{1,4})?$", examples=["1234.50"]),
]
_ORDER: Final = "a `-` before it turns the order round. Rows without the value come first"
_RANGES: Final = (
    ("issued_from", "issued_to"),
    ("due_from", "due_to"),
    ("amount_from", "amount_to"),
)


class _Filters(SearchQuery):
    """What narrows invoices down."""

    q: Annotated[
        str | None,
        Field(
            max_length=200,
            description="Words of number, reference, client and contact; one may be an amount or "
            "amount due as people write it: `1,234.50`, `$1234.5`, `1.234,50`, `1 234,50`. "
            "`1,234` means both 1234 and 1.234; the currency is not looked at.",
        ),
        AfterValidator(storable),
    ] = None
    source: Annotated[InvoiceSource | None, Field(description="Only of this system.")] = None
    client_id: Annotated[UUID | None, Field(description="PanelOne's client.")] = None
    unmapped: Annotated[
        bool | None, Field(description="True: that belong to no client; false: that do.")
    ] = None
    currency: Annotated[
        Annotated[str, Field(pattern="^[A-Z]{3}$"), AfterValidator(known_currency)] | None,
        Field(description="ISO 4217, in capitals."),
    ] = None
    issued_from: Annotated[Day | None, Field(description="Dated on this day or later.")] = None
    issued_to: Annotated[Day | None, Field(description="Dated on this day or before.")] = None
    due_from: Annotated[
        Day | None, Field(description="Due (without a due date: dated) on this day or later.")
    ] = None
    due_to: Annotated[Day | None, Field(description="The same, on this day or before.")] = None
    amount_from: Annotated[
        AmountText | None, Field(description="Of this much or more, whatever the currency.")
    ] = None
    amount_to: Annotated[AmountText | None, Field(description="Of this much or less.")] = None
    duplicates: Annotated[
        list[MatchedBy],
        Field(description="Only Xero's that SuperOps has as well, matched by any of these."),
    ] = Field(default_factory=list)

    @model_validator(mode="after")
    def _in_order(self) -> "_Filters":
        given = self.filters()
        for low, high in _RANGES:
            if low in given and high in given and given[low] > given[high]:
                raise ValueError(f"{low} should not be more than {high}.")
        return self

    def filters(self) -> dict[str, Any]:
        """Those that were given, as an adapter takes them."""
        given = {name: getattr(self, name) for name in _Filters.model_fields}
        given |= {
            "q": (self.q or "").strip(),
            "duplicates": [str(one) for one in self.duplicates],
            "amount_from": self.amount_from and Decimal(self.amount_from),
            "amount_to": self.amount_to and Decimal(self.amount_to),
        }
        return {name: value for name, value in given.items() if value not in (None, "", [])}


class InvoiceCountsQuery(_Filters):
    """The same filters as the list, but for the badges, which are what is counted."""


class InvoiceExportQuery(_Filters):
    """The list's filters and order: a file has all its rows."""

    badge: Annotated[
        list[InvoiceBadge],
        Field(description="Any of these; may be repeated. Void ones are hidden unless asked for."),
    ] = Field(default_factory=list)
    sort: Annotated[
        Literal[
            "-issued_on", "issued_on", "-due_on", "due_on", "-amount", "amount", "-amount_due",
            "amount_due", "number", "-number", "client", "-client",
        ],
        Field(
            description=f"One of these; {_ORDER}. `amount` and `amount_due` go by the amount, "
            "whatever its currency; `number` by its letters."
        ),
    ] = "-issued_on"  # fmt: skip

    def filters(self) -> dict[str, Any]:
        badges = {"badge": [str(badge) for badge in self.badge]} if self.badge else {}
        return super().filters() | badges

    def wanted(self) -> Wanted:
        return Wanted(self.filters(), self.sort)


class InvoicesQuery(InvoiceExportQuery, ListQuery):
    """One page of the list."""

    def wanted(self) -> Wanted:
        return Wanted(self.filters(), self.sort, self.limit, self.cursor, self.with_total)
