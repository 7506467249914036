"""The dashboard on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from billingone_api.billing.dashboard.example import EXAMPLE
from billingone_api.billing.dashboard.models import AttentionKind
from billingone_api.billing.definitions.models import Exclusion, InvoiceBadge, InvoiceExclusion
from billingone_api.billing.definitions.schemas import (
    AmountsCard,
    BadgeCountsOut,
    CardOut,
    InReportingCurrencyOut,
    InvoiceSumsOut,
    Money,
    PriceBasisOut,
    plain,
)
from billingone_api.billing.integrations.models import IntegrationStatus
from billingone_api.billing.syncs.models import RunStatus


class Shown(BaseModel):
    """A part of the dashboard."""

    model_config = ConfigDict(from_attributes=True)


class MrrOfCurrencyOut(Shown):
    """A month's money in one currency."""

    currency: Annotated[str, Field(description="ISO 4217.")]
    mrr: Money
    subscriptions: Annotated[int, Field(description="How many make up `mrr`.")]
    cost: Annotated[
        Money | None,
        Field(description="What the active subscriptions whose cost is known are bought for."),
    ]
    cost_subscriptions: Annotated[int, Field(description="How many make up `cost`.")]
    margin: Annotated[
        Money | None,
        Field(description="Price less cost, over the subscriptions where both are known."),
    ]
    margin_subscriptions: Annotated[int, Field(description="How many make up `margin`.")]


class MrrValueOut(Shown):
    """What is earned each month."""

    currencies: Annotated[
        list[MrrOfCurrencyOut], Field(description="One for each currency, never added.")
    ]
    trial_mrr: Annotated[
        list[Money],
        Field(description="What trials would bring, for each currency; not in `mrr`."),
    ]
    reporting: InReportingCurrencyOut


class CostOfCurrencyOut(Shown):
    """What a month costs in one currency."""

    currency: Annotated[str, Field(description="ISO 4217.")]
    cost: Money
    subscriptions: Annotated[int, Field(description="How many make up `cost`.")]


class CostValueOut(Shown):
    """What is paid each month for active subscriptions, also where no sell price is known."""

    currencies: list[CostOfCurrencyOut]
    reporting: InReportingCurrencyOut


class ActiveSubscriptionsValueOut(Shown):
    """How many subscriptions are active."""

    count: int
    badges: BadgeCountsOut


class CountValueOut(Shown):
    """A number of things."""

    count: int


class MrrCard(CardOut[MrrValueOut]):
    """Monthly recurring revenue."""


class CostCard(CardOut[CostValueOut]):
    """What the subscriptions are bought for; `mrr` never stands in for it, nor it for `mrr`."""


class ActiveSubscriptionsCard(CardOut[ActiveSubscriptionsValueOut]):
    """Active subscriptions."""


class CountCard(CardOut[CountValueOut]):
    """A count."""


class CardsOut(Shown):
    """The four figures on top."""

    mrr: MrrCard
    active_subscriptions: ActiveSubscriptionsCard
    pending_invoices: Annotated[
        AmountsCard, Field(description="Draft and submitted, by what is due on them.")
    ]
    under_licensed_clients: CountCard


class ReceivablesStripOut(Shown):
    """What clients owe today, and how much of it is late."""

    outstanding: AmountsCard
    overdue: AmountsCard


class LatestInvoiceOut(Shown):
    """One of the newest invoices; `/v1/invoices` has them all."""

    id: UUID
    source: Annotated[str, Field(examples=["xero"])]
    number: str | None
    client_id: Annotated[UUID | None, Field(description="Null: it belongs to no client.")]
    client_name: Annotated[str | None, Field(description="Without a client: the contact's.")]
    badge: Annotated[InvoiceBadge, Field(description="What it is today.")]
    issued_on: date | None
    due_on: Annotated[date | None, Field(description="Without one of its own: `issued_on`.")]
    amount: Money | None
    amount_due: Money | None


class LatestInvoicesCard(CardOut[list[LatestInvoiceOut]]):
    """The newest invoices; an empty list means that there are none."""


class LatestRunOut(Shown):
    """A sync of this source."""

    status: RunStatus
    finished_at: Annotated[datetime | None, Field(description="Null while it is under way.")]
    detail: Annotated[str | None, Field(description="Why it failed, and what to do.")]


class FreshnessOut(Shown):
    """How old the data of a source are."""

    source: Annotated[str, Field(examples=["pax8"])]
    status: IntegrationStatus
    last_success_at: Annotated[
        datetime | None,
        Field(description="When a sync last came through; known also after a disconnection."),
    ]
    schedule_minutes: Annotated[
        int | None, Field(description="Minutes from one sync to the next; null: by hand alone.")
    ]
    is_stale: Annotated[
        bool,
        Field(
            description="Two slots of its schedule have passed without a success, or it was "
            "disconnected and what is shown is what was kept."
        ),
    ]
    never_synced: Annotated[bool, Field(description="No sync of it has ever come through.")]
    last_run: Annotated[LatestRunOut | None, Field(description="The newest sync, also under way.")]


class ExclusionCountOut(Shown):
    """Subscriptions that add nothing to MRR."""

    reason: Annotated[
        Exclusion, Field(description="The first that holds, in the order of `/v1/definitions`.")
    ]
    count: int


class UnmappedCoverageOut(Shown):
    """What belongs to no client, and so to nobody's figures but the totals."""

    companies: Annotated[
        int, Field(description="Companies of Pax8 to be linked: see `/v1/clients/unmapped`.")
    ]
    subscriptions: Annotated[int, Field(description="Active subscriptions of no client.")]
    mrr: Annotated[
        list[Money] | None,
        Field(description="Their MRR, for each currency; null where no sell price is known."),
    ]


class InvoicesExcludedOut(Shown):
    """Open invoices whose money is in no figure."""

    reason: Annotated[InvoiceExclusion, Field(description="See `/v1/definitions`.")]
    count: int


class InvoicesCoveredOut(Shown):
    """What the figures of invoices rest on: open ones alone."""

    counted: int
    excluded: list[InvoicesExcludedOut]
    unmapped: Annotated[InvoiceSumsOut, Field(description="Of no client; the totals hold them.")]
    other_totals: Annotated[
        int, Field(description="Invoices of Xero that have another total in SuperOps.")
    ]


class CoverageOut(Shown):
    """What the figures rest on."""

    counted: Annotated[int, Field(description="Active subscriptions that add to MRR, or to cost.")]
    excluded: Annotated[
        list[ExclusionCountOut], Field(description="All others, each under one reason.")
    ]
    unmapped: UnmappedCoverageOut
    invoices: InvoicesCoveredOut
    quarantined: Annotated[int, Field(description="Records that could not be read.")]
    is_partial: Annotated[
        bool, Field(description="The last sync left something out, or the first is unfinished.")
    ]


class NeedsAttentionOut(Shown):
    """Something a person should look at."""

    kind: AttentionKind
    source: Annotated[
        str, Field(description="Whose data it is; of several the first.", examples=["pax8"])
    ]
    count: int
    detail: Annotated[str, Field(description="What it is, and where known what to do.")]
    link: Annotated[
        str, Field(description="The path of this API that tells more.", examples=["/v1/syncs"])
    ]


class UnderLicensedClientOut(Shown):
    """A client that uses more than it holds."""

    client_id: str
    client_name: str
    variance: Annotated[
        Decimal,
        PlainSerializer(plain, return_type=str),
        Field(description="Required less licensed, over all of its lines.", examples=["8"]),
    ]
    at_stake: Annotated[
        list[Money], Field(description="What is used and not paid for a month, by currency.")
    ]


class UnderLicensedOut(Shown):
    """What the newest snapshot says of licences."""

    snapshot_id: UUID
    as_of: datetime
    outcome: Annotated[
        Literal["clean", "discrepancies", "partial", "not_reconcilable"],
        Field(description="How sure it is; see the snapshot."),
    ]
    all_properly_licensed: Annotated[
        bool, Field(description="Never true where something could not be compared.")
    ]
    clients: Annotated[list[UnderLicensedClientOut], Field(description="The worst five.")]
    link: Annotated[str, Field(description="The path of this API that lists them all.")]


class DashboardOut(Shown):
    """Everything on one page, as of one instant."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EXAMPLE]})

    as_of: Annotated[datetime, Field(description="When this was reckoned.")]
    day: Annotated[date, Field(description="The organisation's calendar day at that instant.")]
    basis: PriceBasisOut
    reporting_currency: Annotated[str, Field(description="ISO 4217.")]
    cards: CardsOut
    cost: CostCard
    receivables: ReceivablesStripOut
    latest_invoices: LatestInvoicesCard
    freshness: Annotated[list[FreshnessOut], Field(description="One for each source of figures.")]
    coverage: CoverageOut
    under_licensed: Annotated[
        UnderLicensedOut | None, Field(description="Null until a snapshot has been taken.")
    ]
    needs_attention: Annotated[
        list[NeedsAttentionOut], Field(description="Empty where nothing has to be done.")
    ]
