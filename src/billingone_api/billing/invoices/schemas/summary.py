"""The cards above the list of invoices, and what they rest on."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.definitions.models import InvoiceExclusion
from billingone_api.billing.definitions.schemas import AmountsCard, Money
from billingone_api.billing.invoices.example import SUMMARY
from billingone_api.billing.invoices.schemas.accounts import MappingCoverageOut
from billingone_api.billing.invoices.schemas.lists import InvoiceFreshnessOut


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class InvoiceCardsOut(_Shown):
    """Figures of today and of this calendar month, each per currency."""

    paid_this_month: Annotated[
        AmountsCard,
        Field(
            description="Payments dated this month, less refunds; `count` is of payments. "
            "Invoices of SuperOps by the day they were paid."
        ),
    ]
    outstanding: Annotated[AmountsCard, Field(description="Awaiting payment, overdue or not.")]
    draft: Annotated[AmountsCard, Field(description="Still being written.")]
    pending: Annotated[
        AmountsCard, Field(description="Draft and submitted by status, post-dated ones too.")
    ]
    overdue: Annotated[AmountsCard, Field(description="Past due, with something due.")]


class ExcludedInvoicesOut(_Shown):
    """Open invoices whose money is in no figure."""

    reason: Annotated[
        InvoiceExclusion, Field(description="The first that holds: see `/v1/definitions`.")
    ]
    count: int


class UnmappedInvoicesOut(_Shown):
    """Open invoices of no client: totals hold them, no client's figure does."""

    count: int
    amounts: list[Money]


class DuplicateCountsOut(_Shown):
    """Invoices that Xero and SuperOps both have."""

    counted_once: Annotated[int, Field(description="Of SuperOps, and left to Xero's to count.")]
    other_total: Annotated[int, Field(description="Of these, those whose total differs.")]


class InvoiceCoverageOut(_Shown):
    """What the cards rest on."""

    counted: Annotated[int, Field(description="Open invoices whose amount due is in a figure.")]
    excluded: Annotated[
        list[ExcludedInvoicesOut], Field(description="Open ones left out, and why.")
    ]
    unusable_payments: Annotated[
        int, Field(description="Of this month, without an amount or a currency.")
    ]
    undated_payments: Annotated[
        int,
        Field(
            description="Payments, and paid invoices of SuperOps, whose day is not known: they "
            "are in no month."
        ),
    ]
    unmapped: UnmappedInvoicesOut
    duplicates: DuplicateCountsOut
    accounts: MappingCoverageOut
    quarantined: Annotated[int, Field(description="Records that could not be read.")]
    is_partial: Annotated[
        bool,
        Field(
            description="A sync left something out, or a source that is connected has not come "
            "through yet."
        ),
    ]


class InvoiceSummaryOut(_Shown):
    """The cards, as of one instant."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [SUMMARY]})

    as_of: Annotated[datetime, Field(description="When this was reckoned.")]
    day: Annotated[date, Field(description="The organisation's calendar day at that instant.")]
    month_from: Annotated[date, Field(description="The first day of its calendar month.")]
    month_to: date
    reporting_currency: Annotated[str, Field(description="ISO 4217.")]
    cards: InvoiceCardsOut
    freshness: list[InvoiceFreshnessOut]
    coverage: InvoiceCoverageOut
