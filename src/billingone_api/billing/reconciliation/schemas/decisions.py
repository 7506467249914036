"""What people say of lines, on the wire."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    model_validator,
)

from billingone_api.billing.reconciliation.models import (
    Decision,
    DecisionKind,
    DecisionState,
    LineKey,
    LineStatus,
)
from billingone_api.kit.instants import Day
from billingone_api.kit.pagination import Asked, ListQuery, PageOf
from billingone_api.kit.text import storable

_IDS: Final[dict[str, Any]] = {
    "client_id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
    "rule_id": "0192f0c1-6666-7000-8000-000000000001",
}
_SAID: Final[dict[str, Any]] = {
    "kind": "expected",
    "reason": "Eight people leave at the end of the month.",
    "until": "2026-11-30",
    "assignee": None,
}
_DECISION: Final[dict[str, Any]] = {
    "id": "0192f0c1-9999-7000-8000-000000000001",
    **_IDS,
    "client_name": "Acacia Dental",
    "rule_name": "Microsoft 365 suites",
    "snapshot_id": "0192f0c1-7777-7000-8000-000000000001",
    **_SAID,
    "state": "standing",
    "made_by": "Farah Nair",
    "made_at": "2026-11-24T01:05:00Z",
    "withdrawn_by": None,
    "withdrawn_at": None,
}
_KIND: Final = (
    "`acknowledge`, `ignore` and `expected` settle a line until one of its facts moves; `note` and "
    "`assign` leave it open."
)
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1000),
    AfterValidator(storable),
]
Assignee = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(storable),
]


class LineIn(BaseModel):
    """A line of the snapshot."""

    model_config = ConfigDict(extra="forbid")

    client_id: UUID
    rule_id: Annotated[
        UUID | None, Field(description="Null: every line of the client that does not match.")
    ] = None


class DecisionsIn(BaseModel):
    """What a person says of up to 500 lines of a snapshot, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "snapshot_id": _DECISION["snapshot_id"],
                    "lines": [_IDS],
                    **_SAID,
                    "dry_run": False,
                }
            ]
        },
    )

    snapshot_id: UUID
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=500)]
    kind: Annotated[DecisionKind, Field(description=_KIND)]
    reason: Reason
    until: Annotated[
        Day | None, Field(description="With `expected` alone: the last day on which it holds.")
    ] = None
    assignee: Annotated[
        Assignee | None, Field(description="With `assign` alone: who looks into it.")
    ] = None
    dry_run: Annotated[StrictBool, Field(description="See which lines it would be about.")] = False

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.kind is DecisionKind.EXPECTED) != (self.until is not None):
            raise ValueError("Send `until` with `expected`, and with nothing else.")
        if (self.kind is DecisionKind.ASSIGN) != (self.assignee is not None):
            raise ValueError("Send `assignee` with `assign`, and with nothing else.")
        return self

    def keys(self) -> list[LineKey]:
        return [LineKey(one.client_id, one.rule_id) for one in self.lines]

    def decision(self, *, by: str, at: datetime) -> Decision:
        return Decision(self.kind, self.reason, self.until, self.assignee, by, at)


class DecidedLineOut(BaseModel):
    """A line that a decision is about."""

    client_id: UUID
    rule_id: UUID
    status: Annotated[LineStatus, Field(description="As the snapshot has it.")]
    decision_id: Annotated[UUID | None, Field(description="Null in a dry run.")]


class DecisionsMade(BaseModel):
    """The lines, each with its decision."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "dry_run": False,
                    "lines": [_IDS | {"status": "under_licensed", "decision_id": _DECISION["id"]}],
                }
            ]
        }
    )

    dry_run: bool
    lines: list[DecidedLineOut]


class DecisionOut(BaseModel):
    """What a person said of a line, and whether it still holds."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DECISION]})

    id: UUID
    client_id: UUID
    client_name: Annotated[str, Field(description="As it is called now.")]
    rule_id: UUID
    rule_name: Annotated[str, Field(description="As it is called now.")]
    snapshot_id: Annotated[UUID, Field(description="Whose line it was made about.")]
    kind: Annotated[DecisionKind, Field(description=_KIND)]
    reason: str
    until: Annotated[date | None, Field(description="The last day on which it holds.")]
    assignee: str | None
    state: Annotated[
        DecisionState,
        Field(
            description="- `standing`: the newest snapshot says what it was made about.\n"
            "- `moved`: quantity, price, rule or count is another, so that the line is open.\n"
            "- `expired`: its last day is over.\n"
            "- `withdrawn`: a person took it back."
        ),
    ]
    made_by: str
    made_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        return cls.model_validate(dict(row))


class DecisionPage(PageOf[DecisionOut]):
    """One page of decisions."""


class DecisionsQuery(ListQuery):
    """Which decisions; `q` looks in clients, rules and reasons."""

    client_id: Annotated[UUID | None, Field(description="PanelOne's client.")] = None
    rule_id: Annotated[UUID | None, Field(description="Of this rule.")] = None
    kind: Annotated[DecisionKind | None, Field(description="Of this kind.")] = None
    assignee: Annotated[Assignee | None, Field(description="To the letter.")] = None
    sort: Annotated[Literal["-made_at", "made_at"], Field(description="A `-` turns it round.")] = (
        "-made_at"
    )

    def page(self) -> Asked:
        names = ("client_id", "rule_id", "kind", "assignee")
        given = {name: getattr(self, name) for name in names} | {"q": self.q or None}
        filters = {name: value for name, value in given.items() if value is not None}
        return Asked(filters, self.sort, self.limit, self.cursor, self.with_total)
