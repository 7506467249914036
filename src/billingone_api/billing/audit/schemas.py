"""The audit log on the wire."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from billingone_api.billing.audit.models import Wanted
from billingone_api.kit.events import ActorKind
from billingone_api.kit.instants import Instant
from billingone_api.kit.pagination import ListQuery, PageOf, SearchQuery
from billingone_api.kit.text import storable

_EXAMPLE: Final[dict[str, Any]] = {
    "id": "0192f0c1-7777-7000-8000-000000000001",
    "at": "2026-11-24T01:00:00Z",
    "action": "settings.updated",
    "resource": "settings",
    "resource_id": "billing",
    "actor_kind": "person",
    "actor_id": "2f1c7c1e-8d5b-4f0a-9c9e-0d7b8b1f4a11",
    "actor": "Farah Nair",
    "role": "Finance",
    "session_id": "5b2f7c1e-8d5b-4f0a-9c9e-0d7b8b1f4a11",
    "request_id": "01939f3e-5a7b-7c1d-8e2f-3a4b5c6d7e8f",
    "address": "203.0.113.7",
    "before": {"annual_price_is": "year"},
    "after": {"annual_price_is": "month"},
}

Word = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(storable)]


class AuditFileQuery(SearchQuery):
    """Filters of the audit log; `q` looks in actor, action, resource and request id."""

    actor: Annotated[Word | None, Field(description="`actor_id` of who did it.")] = None
    action: Annotated[Word | None, Field(description="Such as `settings.updated`.")] = None
    resource: Annotated[Word | None, Field(description="Such as `settings`.")] = None
    resource_id: Annotated[Word | None, Field(description="Of that resource.")] = None
    since: Annotated[Instant | None, Field(alias="from", description="At or after it.")] = None
    until: Annotated[Instant | None, Field(alias="to", description="Before it.")] = None

    def filters(self) -> dict[str, Any]:
        named = {name: getattr(self, name) for name in AuditFileQuery.model_fields}
        return {name: value for name, value in named.items() if value not in {None, ""}}


class AuditQuery(AuditFileQuery, ListQuery):
    """The same, page by page."""

    def wanted(self) -> Wanted:
        return Wanted(self.filters(), self.limit, self.cursor, self.with_total)


class AuditEntryOut(BaseModel):
    """One thing that was done."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_EXAMPLE]})

    id: UUID
    at: datetime
    action: Annotated[str, Field(description="What was done, as a word that stays the same.")]
    resource: Annotated[str, Field(description="To which kind of thing.")]
    resource_id: Annotated[str | None, Field(description="Null for many at once.")]
    actor_kind: Annotated[ActorKind, Field(description="`system` is BillingOne itself.")]
    actor_id: str | None
    actor: Annotated[str, Field(description="How they were named at that time.")]
    role: Annotated[str | None, Field(description="A person's, at that time.")]
    session_id: str | None
    request_id: Annotated[str | None, Field(description="Null for what no request asked for.")]
    address: Annotated[str | None, Field(description="Where the request came from.")]
    before: Annotated[dict[str, Any], Field(description="The fields that changed, as they were.")]
    after: Annotated[dict[str, Any], Field(description="The same, as they are since.")]


class AuditPage(PageOf[AuditEntryOut]):
    """One page of the audit log, newest first."""
