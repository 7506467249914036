"""Clients of snapshots on the wire: in one, in two, and through all of them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.reconciliation import examples
from billingone_api.billing.reconciliation.schemas.figures import ListedRowOut, RowOut, row_of
from billingone_api.billing.reconciliation.schemas.snapshots import (
    SnapshotCoverageOut,
    SnapshotOut,
    SnapshotOutcome,
)
from billingone_api.kit.pagination import PageOf


class RowsPage(PageOf[ListedRowOut]):
    """One page of clients, with how sure the snapshot is of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ROWS]})

    outcome: Annotated[SnapshotOutcome | None, Field(description="Null until it is done.")]
    coverage: SnapshotCoverageOut | None


class ComparedOut(BaseModel):
    """A client in two snapshots, of whose lines at least one is another."""

    client_id: UUID
    client_name: str
    before: Annotated[RowOut | None, Field(description="Null: it had no line.")]
    after: Annotated[RowOut | None, Field(description="Null: it has no line any more.")]
    changed_lines: Annotated[
        int, Field(description="Lines of which any fact is another, the rule's version too.")
    ]

    @classmethod
    def row(cls, row: Mapping[str, Any]) -> dict[str, Any]:
        sides = {
            name: None if row[f"{name}_client_id"] is None else row_of(
                {key: value for key, value in row.items() if key.startswith(f"{name}_")},
                f"{name}_",
            )
            for name in ("before", "after")
        }  # fmt: skip
        known = sides["after"] or sides["before"] or {}
        named = {name: known[name] for name in ("client_id", "client_name")}
        return sides | named | {"changed_lines": row["changed_lines"]}


class ComparisonPage(PageOf[ComparedOut]):
    """One page of clients with a line that is another in the two."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.COMPARISON]})

    before: SnapshotOut
    after: SnapshotOut


class TrendOut(RowOut):
    """A client's row in one snapshot."""

    snapshot_id: UUID
    as_of: datetime
    day: date


class TrendPage(PageOf[TrendOut]):
    """One page of a client's rows, by snapshot."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.TREND]})
