"""Clients, links and what is unmapped, on the wire."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from billingone_api.billing.clients.examples import DETAIL, HOLDING, SUMMARY, UNMAPPED, page_of
from billingone_api.billing.clients.models import (
    ClientDetail,
    ClientSummary,
    ClientsWanted,
    Holding,
    Origin,
    PageWanted,
    UnmappedReason,
    UnmappedRecord,
    UnmappedWanted,
)
from billingone_api.billing.definitions.figures import Count, Reckoning, Unknown
from billingone_api.billing.definitions.models import Exclusion
from billingone_api.billing.definitions.schemas import BadgeCountsOut, Money, PriceBasisOut
from billingone_api.kit.pagination import ListQuery, Page, PageOf, SearchQuery
from billingone_api.kit.text import storable

LinkedSource = Literal["pax8"]
SourceName = Annotated[LinkedSource, Path(description="Whose record it is.", examples=["pax8"])]
ClientId = Annotated[UUID, Path(description="PanelOne's id of the client.")]
SourceId = Annotated[
    str,
    Path(min_length=1, max_length=200, description="The third party's own id, as it writes it."),
    AfterValidator(storable),
]
_ACTIVE: Final = {"true": True, "false": False, "all": None}


class ExportQuery(SearchQuery):
    """The list's filters and order: a file has all its rows."""

    sort: Annotated[
        Literal["-mrr", "mrr", "name", "-name"],
        Field(description="By MRR in the reporting currency; where it is not known it comes last."),
    ] = "-mrr"
    active: Annotated[
        Literal["true", "false", "all"], Field(description="Retired clients are hidden by default.")
    ] = "true"

    def wanted(self) -> ClientsWanted:
        return ClientsWanted(
            q=(self.q or "").strip() or None,
            active=_ACTIVE[self.active],
            sort=self.sort,
        )


class _PageQuery(ListQuery):
    """A list that is walked page by page."""

    def page(self) -> PageWanted:
        return PageWanted(limit=self.limit, cursor=self.cursor, with_total=self.with_total)


class ClientsQuery(_PageQuery, ExportQuery):
    """What the list of clients takes."""


class UnmappedQuery(_PageQuery):
    """What the list of unmapped records takes."""

    include: Annotated[
        Literal["nobody"] | None,
        Field(description="`nobody`: also what a person said belongs to no client."),
    ] = None

    def wanted(self) -> UnmappedWanted:
        return UnmappedWanted((self.q or "").strip() or None, self.include == "nobody")


class SourceFreshnessOut(BaseModel):
    """Where figures come from; never synced and empty are different answers."""

    model_config = ConfigDict(from_attributes=True)

    source: LinkedSource
    is_connected: bool
    last_success_at: Annotated[
        datetime | None, Field(description="Null: it never came through, and nothing is known.")
    ]


class CountOut(BaseModel):
    """A number, or null with the reason why it is not known."""

    model_config = ConfigDict(from_attributes=True)

    value: int | None
    reason: Unknown | None


class TotalOut(BaseModel):
    """An amount, or null with the reason why it is not known."""

    model_config = ConfigDict(from_attributes=True)

    value: Money | None
    reason: Unknown | None


class MrrOut(BaseModel):
    """Monthly recurring revenue of active subscriptions, or null with the reason."""

    model_config = ConfigDict(from_attributes=True)

    value: Annotated[Money | None, Field(description="In the reporting currency.")]
    reason: Unknown | None
    by_currency: Annotated[list[Money], Field(description="Never added across currencies.")]
    missing_rates: Annotated[
        list[str], Field(description="Currencies without an exchange rate: why `value` is null.")
    ]
    excluded: Annotated[
        int, Field(description="Active subscriptions that add nothing, such as one without price.")
    ]


_NO_SOURCE: Final = Count(None, Unknown.SOURCE_NOT_CONNECTED)


class ClientSummaryOut(BaseModel):
    """A client and what it brings in; a figure whose source is not connected is null."""

    model_config = ConfigDict(json_schema_extra={"examples": [SUMMARY]})

    id: Annotated[UUID, Field(description="PanelOne's id of the client.")]
    name: str
    active: Annotated[bool, Field(description="False once PanelOne has retired it.")]
    linked_sources: list[LinkedSource]
    mrr: MrrOut
    active_subscriptions: CountOut
    licences: Annotated[CountOut, Field(description="Seats compared with counts of the RMM.")]
    devices: Annotated[CountOut, Field(description="Managed devices, as the RMM counts them.")]
    total_spend: Annotated[
        TotalOut, Field(description="Revenue invoiced in the trailing twelve months.")
    ]

    @classmethod
    def of(cls, client: ClientSummary) -> "ClientSummaryOut":
        return cls.model_validate(
            {
                "id": client.id,
                "name": client.name,
                "active": client.active,
                "linked_sources": client.linked_sources,
                **_figures(client),
            }
        )


def _figures(client: ClientSummary | ClientDetail) -> dict[str, Any]:
    return {
        "mrr": MrrOut.model_validate(client.mrr),
        "active_subscriptions": CountOut.model_validate(client.active_subscriptions),
        "licences": CountOut.model_validate(_NO_SOURCE),
        "devices": CountOut.model_validate(_NO_SOURCE),
        "total_spend": TotalOut.model_validate(_NO_SOURCE),
    }


class ClientPage(PageOf[ClientSummaryOut]):
    """A page of clients, and what its figures rest on."""

    model_config = ConfigDict(json_schema_extra={"examples": [page_of(SUMMARY)]})

    freshness: list[SourceFreshnessOut]
    basis: PriceBasisOut

    @classmethod
    def of(cls, page: Page[ClientSummary], by: Reckoning) -> "ClientPage":
        return cls(
            items=[ClientSummaryOut.of(client) for client in page.items],
            next_cursor=page.next_cursor,
            total=page.total,
            freshness=[SourceFreshnessOut.model_validate(by.source)],
            basis=PriceBasisOut.model_validate(by.basis),
        )


class ClaimantOut(BaseModel):
    """A client whose identifier names the record."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str


class UnmappedOut(BaseModel):
    """A third party's record that belongs to no client."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [UNMAPPED]})

    source: LinkedSource
    source_id: str
    name: Annotated[str | None, Field(description="Null where only subscriptions speak of it.")]
    reason: UnmappedReason
    claimed_by: Annotated[
        list[ClaimantOut], Field(description="Clients whose identifiers name it.")
    ]
    mrr: MrrOut
    active_subscriptions: CountOut


class UnmappedPage(PageOf[UnmappedOut]):
    """A page of unmapped records; where its source was never synced, an empty one says nothing."""

    model_config = ConfigDict(json_schema_extra={"examples": [page_of(UNMAPPED)]})

    freshness: list[SourceFreshnessOut]
    basis: PriceBasisOut

    @classmethod
    def of(cls, page: Page[UnmappedRecord], by: Reckoning) -> "UnmappedPage":
        return cls(
            items=[UnmappedOut.model_validate(record) for record in page.items],
            next_cursor=page.next_cursor,
            total=page.total,
            freshness=[SourceFreshnessOut.model_validate(by.source)],
            basis=PriceBasisOut.model_validate(by.basis),
        )


class LinkWanted(BaseModel):
    """Whose the record is, as a person says."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"client_id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"},
                {"client_id": None},
            ]
        },
    )

    client_id: Annotated[
        UUID | None, Field(description="Null: it belongs to no client, and nothing may link it.")
    ]


class HoldingOut(BaseModel):
    """Whose a record is now, and how many subscriptions moved for it."""

    model_config = ConfigDict(json_schema_extra={"examples": [HOLDING]})

    source: LinkedSource
    source_id: str
    name: str | None
    client_id: UUID | None
    client_name: str | None
    origin: Annotated[
        Origin | None, Field(description="`exact` or `manual`; null where nothing links it.")
    ]
    linked_by: str | None
    linked_at: datetime | None
    moved_subscriptions: int

    @classmethod
    def of(cls, holding: Holding, moved: int) -> "HoldingOut":
        return cls(**asdict(holding), moved_subscriptions=moved)


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
        Origin, Field(description="`exact`: by the client's identifier; `manual`: by a person.")
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
    licences: Annotated[CountOut, Field(description="Seats compared with counts of the RMM.")]
    devices: Annotated[CountOut, Field(description="Managed devices, as the RMM counts them.")]
    total_spend: Annotated[
        TotalOut, Field(description="Revenue invoiced in the trailing twelve months.")
    ]
    subscriptions: SubscriptionsOut
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
                **_figures(client),
                "subscriptions": SubscriptionsOut.of(client),
                "freshness": [SourceFreshnessOut.model_validate(by.source)],
                "basis": PriceBasisOut.model_validate(by.basis),
                "created_at": client.created_at,
                "updated_at": client.updated_at,
            }
        )
