"""One client with everything known of it."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from billingone_api.billing.clients.examples import CONTACT, DETAIL
from billingone_api.billing.clients.models import Aged, ClientDetail, Origin, Primary
from billingone_api.billing.clients.schemas.figures import (
    AmountOut,
    CountOut,
    MrrOut,
    SourceFreshnessOut,
    TotalOut,
    figures,
    freshness,
)
from billingone_api.billing.clients.schemas.queries import LinkedSource, TheirId
from billingone_api.billing.clients.trend import TrendMonth
from billingone_api.billing.definitions.figures import Reckoning, Unknown
from billingone_api.billing.definitions.models import Exclusion, InvoiceBadge
from billingone_api.billing.definitions.schemas import BadgeCountsOut, Money, PriceBasisOut
from billingone_api.kit.text import storable


class ExternalIdsOut(BaseModel):
    """What other tools call the client, as PanelOne pushed it."""

    model_config = ConfigDict(from_attributes=True)

    pax8_company_id: str | None
    xero_contact_id: str | None
    superops_client_id: str | None
    tax_number: str | None
    domains: list[str]


class LinkOut(BaseModel):
    """A third party's record that is the client's."""

    model_config = ConfigDict(from_attributes=True)

    source: LinkedSource
    source_id: str
    name: Annotated[str | None, Field(description="Null where the source's lists do not show it.")]
    origin: Annotated[
        Origin,
        Field(
            description="`exact`: the client's own identifier names it; `identifier`: both have a "
            "tax number, a domain or another system's id alone; `manual`: a person said so."
        ),
    ]
    linked_by: Annotated[str | None, Field(description="The person, where it was one.")]
    linked_at: datetime


class ExcludedOut(BaseModel):
    """Active subscriptions that add nothing to MRR, by reason."""

    reason: Exclusion
    subscriptions: int


class SubscriptionsOut(BaseModel):
    """The client's subscriptions, counted; null with the reason where they are not known."""

    badges: BadgeCountsOut | None
    reason: Unknown | None
    excluded: Annotated[
        list[ExcludedOut], Field(description="Active ones that add nothing to MRR.")
    ]
    url: Annotated[str, Field(description="Where they are listed.")]

    @classmethod
    def of(cls, client: ClientDetail) -> "SubscriptionsOut":
        reason = client.active_subscriptions.reason
        excluded = {} if reason else client.excluded
        return cls(
            badges=None if reason else BadgeCountsOut.model_validate(client.badges),
            reason=reason,
            excluded=[
                ExcludedOut(reason=why, subscriptions=number)
                for why, number in sorted(excluded.items())
            ],
            url=f"/v1/subscriptions?client_id={client.record.id}",
        )


class BillingContactOut(BaseModel):
    """Whom the client's invoices may go to."""

    model_config = ConfigDict(from_attributes=True)

    source: LinkedSource
    source_id: Annotated[str, Field(description="The record that has the address.")]
    name: str | None
    email: Annotated[str, Field(description="In lower case.")]
    roles: Annotated[
        list[str],
        Field(description="What for, in Pax8's words, such as `Billing`; none from elsewhere."),
    ]
    is_main: Annotated[
        bool,
        Field(description="It is the record's own address, in Pax8 the primary one for billing."),
    ]
    is_primary: Annotated[
        bool, Field(description="As a person chose; without a choice the first address.")
    ]


class BillingContactsOut(BaseModel):
    """Whom the client's invoices may go to, the primary one marked."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"contacts": [CONTACT]}]})

    contacts: list[BillingContactOut]


class PrimaryWanted(BaseModel):
    """Which address is the primary one."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{name: CONTACT[name] for name in ("source", "source_id", "email")}]
        },
    )

    source: LinkedSource
    source_id: TheirId
    email: Annotated[
        str,
        StringConstraints(strip_whitespace=True, to_lower=True, min_length=3, max_length=320),
        AfterValidator(storable),
    ]

    def primary(self) -> Primary:
        return Primary(self.source, self.source_id, self.email)


class MarginOut(AmountOut):
    """A month's price less cost, of subscriptions where both are known."""

    left_out: Annotated[int, Field(description="Those whose cost is not known.")]


class AgedOut(BaseModel):
    """What is owed in one currency by how late it is; the parts add up to it."""

    current: Money
    days_1_30: Money
    days_31_60: Money
    days_61_90: Money
    days_over_90: Money

    @classmethod
    def of(cls, aged: Aged) -> "AgedOut":
        parts = dict(zip(cls.model_fields, aged.parts, strict=True))
        return cls.model_validate(parts, from_attributes=True)


class ReceivablesOut(BaseModel):
    """What is owed on invoices now, by currency; null with the reason where it is not known."""

    by_currency: list[AgedOut] | None
    reason: Unknown | None

    @classmethod
    def of(cls, client: ClientDetail) -> "ReceivablesOut":
        reason = client.books_unknown
        parts = None if reason else [AgedOut.of(aged) for aged in client.receivables]
        return cls(by_currency=parts, reason=reason)


class ClientInvoiceOut(BaseModel):
    """One of the client's latest invoices."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    source: LinkedSource
    number: str | None
    badge: InvoiceBadge
    issued_on: date | None
    due_on: date | None
    amount: Money | None
    amount_due: Money | None


class ClientInvoicesOut(BaseModel):
    """The newest five that are not void; null with the reason where none can be known."""

    items: list[ClientInvoiceOut] | None
    reason: Unknown | None
    url: Annotated[str, Field(description="Where all are listed.")]

    @classmethod
    def of(cls, client: ClientDetail) -> "ClientInvoicesOut":
        reason = client.books_unknown
        found = [ClientInvoiceOut.model_validate(one) for one in client.latest_invoices]
        return cls(
            items=None if reason else found,
            reason=reason,
            url=f"/v1/invoices?client_id={client.record.id}",
        )


class MonthlyOut(BaseModel):
    """What a month came to in each currency; null with the reason where that is not known."""

    model_config = ConfigDict(from_attributes=True)

    amounts: Annotated[list[Money] | None, Field(description="Never added across currencies.")]
    reason: Annotated[
        Unknown | None,
        Field(description="`never_synced`: of a month before the first sync nothing is known."),
    ]
    excluded: Annotated[int, Field(description="What should be in it and adds nothing.")]


class TrendMonthOut(BaseModel):
    """A calendar month of the client's."""

    month: Annotated[date, Field(description="Its first day.")]
    as_of: Annotated[date, Field(description="Its last day, or today.")]
    mrr: Annotated[MonthlyOut, Field(description="As it was known at the end of `as_of`.")]
    invoiced: Annotated[
        MonthlyOut, Field(description="Dated in it, without tax, less credit notes.")
    ]

    @classmethod
    def of(cls, one: TrendMonth) -> "TrendMonthOut":
        return cls(
            month=one.month.first,
            as_of=one.month.day,
            mrr=MonthlyOut.model_validate(one.mrr),
            invoiced=MonthlyOut.model_validate(one.invoiced),
        )


class ClientDetailOut(BaseModel):
    """One client with everything known of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [DETAIL]})

    id: Annotated[UUID, Field(description="PanelOne's id of the client.")]
    name: str
    active: Annotated[bool, Field(description="False once PanelOne has retired it.")]
    external_ids: ExternalIdsOut
    links: list[LinkOut]
    mrr: MrrOut
    active_subscriptions: CountOut
    licences: Annotated[
        CountOut,
        Field(description="Seats, active and on trial, of products that a count rule covers."),
    ]
    devices: Annotated[
        CountOut,
        Field(
            description="Managed devices, as they are counted: see count settings. What SuperOps' "
            "count is of, `/v1/inventory/devices` lists with `client_id` and `counted=true`."
        ),
    ]
    total_spend: Annotated[
        TotalOut, Field(description="Revenue invoiced in the trailing twelve months.")
    ]
    outstanding: Annotated[TotalOut, Field(description="Owed on invoices now.")]
    margin: MarginOut
    subscriptions: SubscriptionsOut
    receivables: ReceivablesOut
    latest_invoices: ClientInvoicesOut
    domains: Annotated[
        CountOut,
        Field(
            description="Registered for it with Synergy Wholesale, which cannot be connected yet."
        ),
    ]
    trend: Annotated[list[TrendMonthOut], Field(description="Twelve months, the oldest first.")]
    contacts: list[BillingContactOut]
    freshness: list[SourceFreshnessOut]
    basis: PriceBasisOut
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, client: ClientDetail, by: Reckoning) -> "ClientDetailOut":
        return cls.model_validate(
            {
                "id": client.record.id,
                "name": client.record.name,
                "active": client.record.active,
                "external_ids": ExternalIdsOut.model_validate(client.record),
                "links": [LinkOut.model_validate(link) for link in client.links],
                **figures(client),
                "margin": MarginOut(
                    **AmountOut.model_validate(client.margin.total).model_dump(),
                    left_out=client.margin.left_out,
                ),
                "subscriptions": SubscriptionsOut.of(client),
                "receivables": ReceivablesOut.of(client),
                "latest_invoices": ClientInvoicesOut.of(client),
                "domains": CountOut(value=None, reason=Unknown.SOURCE_NOT_CONNECTED),
                "trend": [TrendMonthOut.of(one) for one in client.trend],
                "contacts": [BillingContactOut.model_validate(one) for one in client.contacts],
                "freshness": freshness(by),
                "basis": PriceBasisOut.model_validate(by.basis),
                "created_at": client.created_at,
                "updated_at": client.updated_at,
            }
        )
