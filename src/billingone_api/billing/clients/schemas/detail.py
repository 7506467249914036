"""One client with everything known of it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.clients.examples import DETAIL
from billingone_api.billing.clients.models import ClientDetail, Origin
from billingone_api.billing.clients.schemas.figures import (
    CountOut,
    MrrOut,
    SourceFreshnessOut,
    TotalOut,
    figures,
)
from billingone_api.billing.clients.schemas.queries import LinkedSource
from billingone_api.billing.definitions.figures import Reckoning, Unknown
from billingone_api.billing.definitions.models import Exclusion
from billingone_api.billing.definitions.schemas import BadgeCountsOut, PriceBasisOut


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
                **figures(client),
                "subscriptions": SubscriptionsOut.of(client),
                "freshness": [SourceFreshnessOut.model_validate(by.source)],
                "basis": PriceBasisOut.model_validate(by.basis),
                "created_at": client.created_at,
                "updated_at": client.updated_at,
            }
        )
