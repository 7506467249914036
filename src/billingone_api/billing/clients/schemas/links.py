"""Whose one record is, as it is said and as it stands."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from billingone_api.billing.clients.examples import HOLDING
from billingone_api.billing.clients.models import Holding, Moved, Origin
from billingone_api.billing.clients.schemas.queries import LinkedSource
from billingone_api.kit.text import storable

Why = Annotated[
    Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
        AfterValidator(storable),
    ]
    | None,
    Field(),
]


class LinkWanted(BaseModel):
    """Whose the record is, as a person says."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"client_id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"},
                {"client_id": None, "reason": "Our own tenant"},
            ]
        },
    )

    client_id: Annotated[
        UUID | None, Field(description="Null: it belongs to no client, and nothing may link it.")
    ]
    reason: Annotated[Why, Field(description="Why it is nobody's; kept with null alone.")] = None

    def why(self) -> str | None:
        return self.reason if self.client_id is None else None


class HoldingOut(BaseModel):
    """Whose a record is now, and what of it moved."""

    model_config = ConfigDict(json_schema_extra={"examples": [HOLDING]})

    source: LinkedSource
    source_id: str
    name: str | None
    client_id: UUID | None
    client_name: str | None
    origin: Annotated[Origin | None, Field(description="Null where nothing links it.")]
    linked_by: str | None
    linked_at: datetime | None
    reason: Annotated[str | None, Field(description="Why a person said that it is nobody's.")]
    moved_subscriptions: int
    moved_invoices: int

    @classmethod
    def of(cls, holding: Holding, moved: Moved) -> "HoldingOut":
        return cls(
            **asdict(holding),
            moved_subscriptions=moved.subscriptions,
            moved_invoices=moved.invoices,
        )
