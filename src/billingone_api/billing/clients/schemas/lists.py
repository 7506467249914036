"""Clients in a list."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.clients.examples import SUMMARY, page_of
from billingone_api.billing.clients.models import ClientSummary
from billingone_api.billing.clients.schemas.figures import (
    CountOut,
    MrrOut,
    SourceFreshnessOut,
    TotalOut,
    figures,
    freshness,
)
from billingone_api.billing.clients.schemas.queries import LinkedSource
from billingone_api.billing.definitions.figures import Reckoning
from billingone_api.billing.definitions.schemas import PriceBasisOut
from billingone_api.kit.pagination import Page, PageOf


class ClientSummaryOut(BaseModel):
    """A client and what it brings in; a figure whose source is not connected is null."""

    model_config = ConfigDict(json_schema_extra={"examples": [SUMMARY]})

    id: Annotated[UUID, Field(description="PanelOne's id of the client.")]
    name: str
    active: Annotated[bool, Field(description="False once PanelOne has retired it.")]
    linked_sources: Annotated[
        list[LinkedSource], Field(description="The third parties that have a record of it.")
    ]
    mrr: MrrOut
    active_subscriptions: CountOut
    licences: Annotated[
        CountOut,
        Field(description="Seats, active and on trial, of products that a count rule covers."),
    ]
    devices: Annotated[
        CountOut, Field(description="Managed devices, as they are counted: see count settings.")
    ]
    total_spend: Annotated[
        TotalOut, Field(description="Revenue invoiced in the trailing twelve months.")
    ]
    outstanding: Annotated[TotalOut, Field(description="Owed on invoices now.")]

    @classmethod
    def of(cls, client: ClientSummary) -> "ClientSummaryOut":
        return cls.model_validate(
            {
                "id": client.id,
                "name": client.name,
                "active": client.active,
                "linked_sources": client.linked_sources,
                **figures(client),
            }
        )


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
            freshness=freshness(by),
            basis=PriceBasisOut.model_validate(by.basis),
        )
