"""One invoice with its lines, payments, credits and history, and whose it is made."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from billingone_api.billing.definitions.models import RevenueCategory
from billingone_api.billing.definitions.schemas import Money, plain
from billingone_api.billing.invoices.example import CLIENT, INVOICE_DETAIL
from billingone_api.billing.invoices.schemas.lists import HowMatched, InvoiceOut, InvoiceSource

Received = Annotated[
    Decimal,
    PlainSerializer(plain, return_type=str),
    Field(description="A decimal string, as received.", examples=["42"]),
]


class CountedAsOut(BaseModel):
    """The invoice of Xero that this one of SuperOps is once more, and that counts for both."""

    id: UUID
    source: InvoiceSource
    source_id: str
    source_url: str | None
    number: str | None
    matched_by: HowMatched


class InvoiceLineOut(BaseModel):
    """What was sold, in the order of the invoice; prices are as received, to four places."""

    position: int
    source_id: str | None
    description: str | None
    quantity: Received | None
    unit_amount: Money | None
    discount_rate: Annotated[Received | None, Field(description="Per cent.")]
    discount_amount: Money | None
    line_amount: Annotated[
        Money | None,
        Field(description="After the discount; with tax where `line_amounts_are` Inclusive."),
    ]
    tax_amount: Money | None
    tax_type: Annotated[str | None, Field(description="The source's own word.")]
    item_code: str | None
    item_name: str | None
    account_id: str | None
    account_code: str | None
    account_name: str | None
    category: Annotated[
        RevenueCategory | None,
        Field(description="What the account earns money with; null while it is not mapped."),
    ]


class PaymentOut(BaseModel):
    """Money that came, or went back."""

    id: UUID
    source_id: str
    source_status: str | None
    paid_on: date | None
    amount: Money | None
    reference: str | None
    is_refund: Annotated[bool, Field(description="It went back to the client.")]


class CreditAppliedOut(BaseModel):
    """What of a credit was set against the invoice."""

    id: Annotated[UUID, Field(description="Of the credit.")]
    source_id: str
    source_status: str | None
    kind: Annotated[
        Literal["credit_note", "overpayment", "prepayment"], Field(description="What it is.")
    ]
    number: str | None
    amount: Annotated[Money | None, Field(description="Set against this invoice.")]
    allocated_on: date | None


class InvoiceChangeOut(BaseModel):
    """A fact that became another; both as text, null where there was none."""

    fact: Annotated[
        Literal[
            "number", "reference", "contact_id", "contact_name", "source_status", "state",
            "issued_on", "due_on", "fully_paid_on", "currency", "currency_rate", "subtotal",
            "tax", "total", "amount_due", "amount_paid", "amount_credited", "gone_at", "client_id",
        ],
        Field(description="`state` is our word for the status; `client_id` is PanelOne's."),
    ]  # fmt: skip
    before: str | None
    after: str | None


class InvoiceVersionOut(BaseModel):
    """A state of the invoice, from the instant at which we saw it."""

    version: int
    seen_at: datetime
    changes: Annotated[
        list[InvoiceChangeOut],
        Field(description="Empty for the first, and where a person confirmed whose it is."),
    ]


class InvoiceDetailOut(InvoiceOut):
    """Everything known of an invoice, with its history."""

    model_config = ConfigDict(json_schema_extra={"examples": [INVOICE_DETAIL]})

    counted_as: Annotated[
        CountedAsOut | None, Field(description="Null: it counts by itself, if it counts.")
    ]
    subtotal: Annotated[Money | None, Field(description="Without tax.")]
    tax: Money | None
    amount_paid: Money | None
    amount_credited: Money | None
    currency_rate: Annotated[
        Received | None, Field(description="Units of its currency for one of the books' own.")
    ]
    line_amounts_are: Annotated[
        str | None, Field(description="Exclusive or Inclusive of tax, or NoTax: Xero's word.")
    ]
    sent_to_contact: bool | None
    source_updated_at: Annotated[datetime | None, Field(description="In the source's words.")]
    gone_at: Annotated[datetime | None, Field(description="When its source first lacked it.")]
    first_seen_at: datetime
    lines: list[InvoiceLineOut]
    payments: Annotated[list[PaymentOut], Field(description="Deleted ones are left out.")]
    credits: list[CreditAppliedOut]
    history: Annotated[
        list[InvoiceVersionOut], Field(description="The newest first; from the first sync on.")
    ]
    history_is_complete: Annotated[
        bool, Field(description="False where there are more versions than are told.")
    ]


class InvoiceIn(BaseModel):
    """Whose the invoice is, as a person says."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"client_id": CLIENT["id"]}, {"client_id": None}]},
    )

    client_id: Annotated[
        UUID | None, Field(description="Null: whoever its contact is linked to, now and later.")
    ]
