"""Refreshes of counts on the wire: who asked, how it stands, what came of it."""

from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.counts.models import Refresh, RefreshStatus
from billingone_api.billing.syncs.models import Trigger
from billingone_api.kit.pagination import Asked, ListQuery, PageOf

_EXAMPLE: Final[dict[str, Any]] = {
    "id": "018f7a52-4c1e-7000-9d3b-2a5c8e6f1c22",
    "status": "done",
    "trigger": "person",
    "requested_by": "Frida Finance",
    "requested_at": "2026-11-24T01:00:00Z",
    "finished_at": "2026-11-24T01:00:04Z",
    "problem": None,
    "detail": None,
    "changed": 12,
    "unchanged": 240,
    "quarantined": 0,
}


class RefreshesQuery(ListQuery):
    """Filters of the list of refreshes; `q` looks for who asked."""

    status: Annotated[RefreshStatus | None, Field(description="Those that stand so.")] = None

    def asked(self) -> Asked:
        named = {"q": self.q or None, "status": self.status}
        filters = {name: value for name, value in named.items() if value is not None}
        return Asked(filters, "-id", self.limit, self.cursor, self.with_total)


class CountRefreshOut(BaseModel):
    """Counts asked of PanelOne. What fails leaves the counts there are, each of its instant."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: UUID
    status: RefreshStatus
    trigger: Trigger
    requested_by: str | None
    requested_at: datetime
    finished_at: datetime | None
    problem: Annotated[
        str | None,
        Field(
            description="Why it failed; or, of one that is done, `counts_not_fresh`: PanelOne did "
            "not count anew, too slow or unable to, and these are the newest counts it had. Each "
            "is of its own `counted_at`."
        ),
    ]
    detail: Annotated[str | None, Field(description="The problem as a sentence for people.")]
    changed: Annotated[int, Field(description="Counts that were new or corrected.")]
    unchanged: int
    quarantined: Annotated[int, Field(description="Could not be used; see `/v1/quarantine`.")]

    @classmethod
    def of(cls, refresh: Refresh) -> Self:
        ended = refresh.ended
        return cls(
            id=refresh.id,
            status=ended.status,
            trigger=refresh.trigger,
            requested_by=refresh.requested_by,
            requested_at=refresh.requested_at,
            finished_at=refresh.finished_at,
            problem=ended.problem,
            detail=ended.detail,
            changed=ended.changed,
            unchanged=ended.unchanged,
            quarantined=ended.quarantined,
        )


class CountRefreshPage(PageOf[CountRefreshOut]):
    """One page of refreshes, newest first."""
