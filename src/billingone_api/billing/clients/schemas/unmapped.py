"""Records that belong to no client, and whose they are made."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.clients.examples import HOLDING, UNMAPPED, page_of
from billingone_api.billing.clients.models import (
    Holding,
    Moved,
    Origin,
    UnmappedReason,
    UnmappedRecord,
)
from billingone_api.billing.clients.schemas.figures import CountOut, MrrOut, SourceFreshnessOut
from billingone_api.billing.clients.schemas.queries import LinkedSource
from billingone_api.billing.definitions.figures import Reckoning
from billingone_api.billing.definitions.schemas import PriceBasisOut
from billingone_api.kit.pagination import Page, PageOf


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
    """Whose a record is now, and what of it moved."""

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
    moved_invoices: int

    @classmethod
    def of(cls, holding: Holding, moved: Moved) -> "HoldingOut":
        return cls(
            **asdict(holding),
            moved_subscriptions=moved.subscriptions,
            moved_invoices=moved.invoices,
        )
