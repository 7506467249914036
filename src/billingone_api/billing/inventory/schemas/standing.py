"""Whose things are, and how far SuperOps' lists of them are known."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.inventory.models import Standing

InventorySource = Literal["superops"]


class InventoryClientOut(BaseModel):
    """The client of PanelOne that it belongs to."""

    id: UUID
    name: str


class InventoryCompanyOut(BaseModel):
    """The client as SuperOps names it."""

    source_id: str
    name: Annotated[str | None, Field(description="Null where SuperOps does not list it.")]


class InventoryStandingOut(BaseModel):
    """How far SuperOps' lists are known: not connected, never synced and empty are different."""

    model_config = ConfigDict(from_attributes=True)

    source: InventorySource
    is_connected: bool
    last_success_at: Annotated[
        datetime | None, Field(description="When a sync last came through, if only in part.")
    ]
    never_synced: bool
    is_partial: Annotated[
        bool,
        Field(
            description="The last sync did not read devices and people to the end, or the first is "
            "not through: rows may be missing, and are newer than what was counted."
        ),
    ]
    quarantined: Annotated[
        int,
        Field(
            description="Devices, people and companies that could not be read: they are in no list "
            "and no count; see `/v1/quarantine`."
        ),
    ]
    counted_at: Annotated[
        datetime | None,
        Field(
            description="When devices and people were last read to the end, the instant of their "
            "counts; null: never, and nothing is counted."
        ),
    ]

    @classmethod
    def of(cls, standing: Standing) -> Self:
        return cls(
            source="superops",
            is_connected=standing.is_connected,
            last_success_at=standing.last_success_at,
            never_synced=standing.last_success_at is None,
            is_partial=standing.is_partial,
            quarantined=standing.quarantined,
            counted_at=standing.counted_at,
        )


class DeviceRuleOut(BaseModel):
    """By which devices are left out of counts; `/v1/reconciliation/settings` has it."""

    model_config = ConfigDict(from_attributes=True)

    idle_device_days: Annotated[int | None, Field(description="Null: none is left out for it.")]
    idle_since: Annotated[
        datetime | None,
        Field(description="Last seen before this: idle. Days are those before the list."),
    ]
    ignored_device_names: list[str]


def owners(row: Mapping[str, Any]) -> dict[str, Any]:
    of = {
        "client": {"id": row["client_id"], "name": row["client_name"]},
        "company": {"source_id": row["company_id"], "name": row["company_name"]},
    }
    return {name: None if row[f"{name}_id"] is None else told for name, told in of.items()}
