"""Deeds that were done to the mapping, and taken back."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.clients.deeds import Kind
from billingone_api.billing.clients.examples import DEED, UNDONE
from billingone_api.billing.clients.models import PageWanted
from billingone_api.kit.pagination import ListQuery, PageOf


class UndoneOut(BaseModel):
    """The deeds that were undone, and what went back with them."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [UNDONE]})

    deeds: Annotated[list[UUID], Field(description="Newest first.")]
    subscriptions: Annotated[int, Field(description="So many changed hands.")]
    invoices: Annotated[int, Field(description="So many changed hands.")]


class DeedsQuery(ListQuery):
    """What the list of deeds takes."""

    kind: Annotated[Kind | None, Field(description="How it came about.")] = None

    def wanted(self) -> tuple[str | None, Kind | None]:
        return (self.q or "").strip() or None, self.kind

    def page(self) -> PageWanted:
        return PageWanted(limit=self.limit, cursor=self.cursor, with_total=self.with_total)


class DeedOut(BaseModel):
    """Something that was done to the mapping at once."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [DEED]})

    id: UUID
    kind: Kind
    done_at: datetime
    done_by: Annotated[str | None, Field(description="Null: identifiers, by themselves.")]
    from_client_id: Annotated[UUID | None, Field(description="Of a merge.")]
    into_client_id: Annotated[UUID | None, Field(description="Of a merge.")]
    undone_at: datetime | None
    undone_by: str | None
    records: Annotated[int, Field(description="So many it changed.")]


class DeedPage(PageOf[DeedOut]):
    """A page of deeds."""
