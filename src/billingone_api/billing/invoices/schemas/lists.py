"""Invoices in a list, and their counts."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType

from billingone_api.billing.definitions.models import InvoiceBadge, MatchedBy
from billingone_api.billing.definitions.schemas import Money
from billingone_api.billing.invoices.example import COUNTS, INVOICE, INVOICE_PAGE
from billingone_api.billing.invoices.models import InvoiceFlag
from billingone_api.kit.pagination import PageOf

InvoiceSource = TypeAliasType(
    "InvoiceSource",
    Annotated[Literal["xero", "superops"], Field(description="Whose record it is.")],
)
HowMatched = Annotated[
    MatchedBy,
    Field(
        description="- `exact`: client, number, currency and total are the same.\n"
        "- `other_total`: client and number are the same; total or currency is not.\n"
        "- `unmapped`: one of the two, or both, has no client yet; number, currency and total are "
        "the same."
    ),
]


class InvoiceClientOut(BaseModel):
    """The client of PanelOne that an invoice belongs to."""

    id: UUID
    name: str


class ContactOut(BaseModel):
    """Whom the invoice was written to, as its source names it."""

    source_id: str | None
    name: str | None


class SameInvoiceOut(BaseModel):
    """The same invoice in SuperOps: Xero's is the one that counts."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    source: InvoiceSource
    source_id: str
    source_status: str | None
    source_url: Annotated[str | None, Field(description="Null: SuperOps has no such address.")]
    number: str | None
    amount: Money | None
    matched_by: HowMatched


class InvoiceOut(BaseModel):
    """A sales invoice, on the organisation's calendar day."""

    model_config = ConfigDict(json_schema_extra={"examples": [INVOICE]})

    id: UUID
    source: InvoiceSource
    source_id: Annotated[str, Field(description="The source's own id of the invoice.")]
    source_status: Annotated[str | None, Field(description="The source's own word.")]
    source_url: Annotated[str | None, Field(description="Opens it in Xero; null for SuperOps.")]
    badge: Annotated[InvoiceBadge, Field(description="What it is today: see the definitions.")]
    flags: Annotated[
        list[InvoiceFlag],
        Field(
            description="- `no_due_date`: it has none, and is due on its date.\n"
            "- `post_dated`: its date is still to come, and so is what is owed.\n"
            "- `gone`: its source lists it no longer; its badge is void.\n"
            "- `duplicate`: SuperOps has it as well, see `also_in`; it counts once.\n"
            "- `other_total`: SuperOps's total differs; Xero's counts.\n"
            "- `matched_without_client`: taken for the same although one of them, or "
            "both, has no client.\n"
            "- `void_in_xero_only`: Xero's is void, which decides; SuperOps's is not."
        ),
    ]
    number: str | None
    reference: str | None
    client: Annotated[InvoiceClientOut | None, Field(description="Null: it belongs to no client.")]
    client_by_hand: Annotated[bool, Field(description="A person said whose it is; that stays.")]
    contact: ContactOut | None
    amount: Annotated[Money | None, Field(description="With tax; null without a currency.")]
    amount_due: Annotated[
        Money | None, Field(description="Not yet paid or credited; null where nobody says.")
    ]
    issued_on: Annotated[date | None, Field(description="The date on it.")]
    due_on: Annotated[date | None, Field(description="Without one of its own: `issued_on`.")]
    paid_on: Annotated[date | None, Field(description="When it was paid in full.")]
    also_in: Annotated[
        list[SameInvoiceOut],
        Field(description="The same invoice in the other system; it is listed and counted once."),
    ]
    changed_at: Annotated[datetime, Field(description="When we last saw a fact of it change.")]


class InvoicePage(PageOf[InvoiceOut]):
    """One page of invoices."""

    model_config = ConfigDict(json_schema_extra={"examples": [INVOICE_PAGE]})


class InvoiceFreshnessOut(BaseModel):
    """Whether "none" means that there are none: never synced, and synced in part, are others."""

    model_config = ConfigDict(from_attributes=True)

    source: InvoiceSource
    is_connected: bool
    last_success_at: Annotated[
        datetime | None, Field(description="When a sync last came through, if only in part.")
    ]
    never_synced: bool
    is_partial: Annotated[
        bool, Field(description="The last sync left something out, or the first is not through.")
    ]


class InvoiceBadgeCountsOut(BaseModel):
    """How many invoices have each badge today."""

    model_config = ConfigDict(from_attributes=True)

    draft: int
    submitted: int
    overdue: int
    paid: int
    void: int
    unknown: int


class InvoiceCountsOut(BaseModel):
    """For the filter chips, and whether the counts can be trusted."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [COUNTS]})

    badges: InvoiceBadgeCountsOut
    total: Annotated[int, Field(description="Void ones too, which the list hides unless asked.")]
    freshness: list[InvoiceFreshnessOut]
