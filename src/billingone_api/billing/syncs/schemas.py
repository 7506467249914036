"""Syncs on the wire."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from billingone_api.billing.syncs.models import (
    Asked,
    Mode,
    ProblemCode,
    RunStatus,
    StepStatus,
    Trigger,
)
from billingone_api.kit.pagination import ListQuery, PageOf
from billingone_api.kit.text import storable

_COUNTS: Final[dict[str, Any]] = {
    "created": 3,
    "changed": 12,
    "unchanged": 985,
    "gone": 1,
    "quarantined": 0,
}
_STEP: Final[dict[str, Any]] = {
    "name": "subscriptions",
    "status": "running",
    "progress": 50,
    "done": 1000,
    "total": 2000,
    "counts": _COUNTS,
    "notice": None,
}
_RUN: Final[dict[str, Any]] = {
    "id": "0192f0c1-4444-7000-8000-000000000001",
    "source": "pax8",
    "mode": "delta",
    "status": "running",
    "joined": False,
    "cancel_requested": False,
    "progress": 50,
    "counts": _COUNTS,
    "queued_at": "2026-11-24T01:00:00Z",
    "started_at": "2026-11-24T01:00:01Z",
    "finished_at": None,
    "resumes_at": None,
    "problem": None,
    "steps": [_STEP],
}
_SYNC: Final[dict[str, Any]] = {
    "id": "0192f0c1-3333-7000-8000-000000000001",
    "status": "running",
    "trigger": "person",
    "requested_by": "Farah Nair",
    "requested_at": "2026-11-24T01:00:00Z",
    "finished_at": None,
    "progress": 50,
    "runs": [_RUN],
}
_QUARANTINED: Final[dict[str, Any]] = {
    "source": "pax8",
    "kind": "subscriptions",
    "record_id": "6b0e8a9e-1d5b-4f0a-9c9e-0d7b8b1f4a11",
    "reason": "Its quantity is not a number.",
    "first_seen_at": "2026-11-20T01:00:00Z",
    "last_seen_at": "2026-11-24T01:00:00Z",
}
_PROBLEM: Final[dict[str, Any]] = {
    "code": "credentials_rejected",
    "detail": "Pax8 does not accept the credentials. Check the client id and the client secret in "
    "Pax8 and save them here again.",
}
Percent = Annotated[int, Field(ge=0, le=100, description="In per cent.")]
Word = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(storable)]


class StartSync(BaseModel):
    """What to copy. Without `sources` it is Sync All: every integration that is connected."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"sources": ["pax8"], "mode": "delta"},
                {},
                {"sources": ["pax8"], "confirm_removals": True},
            ]
        },
    )

    sources: Annotated[
        list[Word] | None,
        Field(min_length=1, max_length=20, description="Such as `pax8`; null for all."),
    ] = None
    mode: Annotated[
        Mode,
        Field(description="`delta` reads what changed, where a source can say so; `full` all."),
    ] = Mode.DELTA
    confirm_removals: Annotated[
        bool,
        Field(
            description="What the named `sources` no longer list has really gone, however much it "
            "is. Without it a list that lost more than a fifth and more than ten records removes "
            "nothing, and its step says so."
        ),
    ] = False


class SyncsQuery(ListQuery):
    """Filters of the list of syncs; `q` looks for who asked."""

    source: Annotated[Word | None, Field(description="With a run of this source.")] = None
    status: Annotated[RunStatus | None, Field(description="Of the sync as a whole.")] = None

    def asked(self) -> Asked:
        return _asked(self, source=self.source, status=self.status)


class QuarantineQuery(ListQuery):
    """Filters of the quarantine; `q` looks in ids and reasons."""

    source: Annotated[Word | None, Field(description="Such as `pax8`.")] = None
    kind: Annotated[Word | None, Field(description="Such as `subscriptions`.")] = None

    def asked(self) -> Asked:
        return _asked(self, source=self.source, kind=self.kind)


def _asked(query: ListQuery, **filters: Any) -> Asked:
    named = {"q": query.q or None, **filters}
    return Asked(
        filters={name: value for name, value in named.items() if value is not None},
        limit=query.limit,
        cursor=query.cursor,
        with_total=query.with_total,
    )


class TallyOut(BaseModel):
    """What became of the records; `gone` are those that the source has no longer."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_COUNTS]})

    created: int
    changed: int
    unchanged: int
    gone: Annotated[int, Field(description="Kept here, and marked as gone.")]
    quarantined: Annotated[int, Field(description="Could not be read; see `/v1/quarantine`.")]


class RunProblemOut(BaseModel):
    """Why a run waits or did not end well."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_PROBLEM]})

    code: ProblemCode
    detail: Annotated[str, Field(description="What happened and what to do, for people.")]


class StepOut(BaseModel):
    """One kind of record of a source."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_STEP]})

    name: str
    status: StepStatus
    progress: Annotated[
        int | None, Field(ge=0, le=100, description="In per cent; null while nobody knows.")
    ]
    done: Annotated[int, Field(description="Records read.")]
    total: Annotated[int | None, Field(description="Records there are, once that is known.")]
    counts: TallyOut
    notice: Annotated[
        str | None, Field(description="What was left undone on purpose; makes the step partial.")
    ]


class RunOut(BaseModel):
    """The copying of one source. Once it has ended, nothing of it changes any more."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_RUN]})

    id: UUID
    source: str
    mode: Annotated[Mode, Field(description="That of whoever started the run.")]
    status: Annotated[
        RunStatus,
        Field(description="`partial` where a record was put aside or a step is partial."),
    ]
    joined: Annotated[bool, Field(description="It was under way before this sync asked for it.")]
    cancel_requested: Annotated[bool, Field(description="It ends with the batch in hand.")]
    progress: Percent
    counts: TallyOut
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    resumes_at: Annotated[
        datetime | None,
        Field(description="While it waits for a third party: when it goes on by itself."),
    ]
    problem: RunProblemOut | None
    steps: Annotated[list[StepOut], Field(description="In the order in which they run.")]


class SyncOut(BaseModel):
    """What was asked for at once, and how it goes, source by source."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_SYNC]})

    id: UUID
    status: Annotated[
        RunStatus,
        Field(description="Of all runs together: `partial` where they ended differently."),
    ]
    trigger: Annotated[Trigger, Field(description="`service` for API keys as well.")]
    requested_by: Annotated[str | None, Field(description="Null for a schedule.")]
    requested_at: datetime
    finished_at: datetime | None
    progress: Percent
    runs: Annotated[list[RunOut], Field(description="One for each source.")]


class SyncPage(PageOf[SyncOut]):
    """One page of syncs, newest first."""


class QuarantinedRecordOut(BaseModel):
    """A record that could not be read. It goes from this list when it can be."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_QUARANTINED]})

    source: str
    kind: str
    record_id: Annotated[
        str, Field(description="The source's own id, or a digest of a record that has none.")
    ]
    reason: str
    first_seen_at: datetime
    last_seen_at: datetime


class QuarantinePage(PageOf[QuarantinedRecordOut]):
    """One page of the quarantine, what was seen last first."""
