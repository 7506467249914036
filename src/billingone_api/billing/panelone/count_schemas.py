"""Counts as PanelOne pushes them, and what became of each."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SkipValidation,
    StrictInt,
    WithJsonSchema,
)

from billingone_api.billing.counts.models import METRIC, MOST, SOURCE, SUPEROPS, Count, CountKey
from billingone_api.billing.panelone.schemas import RowStatus
from billingone_api.kit.instants import Instant

MOST_COUNTS = 5_000
_ROW = "#/components/schemas/CountRow"
_PROBLEM = "#/components/schemas/Problem"
_EXAMPLE: dict[str, Any] = {
    "client_id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
    "metric": "devices",
    "count": 42,
    "excluded": 3,
    "counted_at": "2026-11-22T03:00:00Z",
    "source": "ninjaone",
}


def _not_ours(source: str) -> str:
    if source == SUPEROPS:
        raise ValueError("What SuperOps lists is counted here; send counts of other sources.")
    return source


Metric = Annotated[
    str,
    Field(
        pattern=METRIC,
        description="`devices`, `servers`, `workstations`, `users`, or a name of the source's own.",
        examples=["devices"],
    ),
]
Number = Annotated[StrictInt, Field(ge=0, le=MOST)]
CountSource = Annotated[
    str,
    Field(
        pattern=SOURCE,
        description="Who counted: a word in small letters; `superops` is taken.",
        examples=["ninjaone"],
    ),
    AfterValidator(_not_ours),
]


class CountRow(BaseModel):
    """How many of a metric a client has, as one source counted them at one instant."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    client_id: Annotated[UUID, Field(description="PanelOne's id of the client.")]
    metric: Metric
    count: Annotated[Number, Field(description="Those that are managed and billable.")]
    excluded: Annotated[
        Number, Field(description="Seen and left out by the source's rule, such as decommissioned.")
    ] = 0
    counted_at: Instant
    source: CountSource

    def counted(self) -> Count:
        key = CountKey(self.client_id, self.metric, self.source, self.counted_at)
        return Count(key, self.count, self.excluded)


class CountBatch(BaseModel):
    """Up to 5,000 counts; they are read one by one, so that a bad row spoils no other."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"counts": [_EXAMPLE]}]}
    )

    # not validated here: the route reads each row by itself
    counts: Annotated[
        list[SkipValidation[CountRow]],
        Field(max_length=MOST_COUNTS, json_schema_extra={"items": {"$ref": _ROW}}),
    ]


class CountResult(BaseModel):
    """What became of a row of the batch."""

    client_id: Annotated[
        UUID | None, Field(description="Null where the row names none that can be read.")
    ]
    metric: Annotated[str | None, Field(description="Null in a row that cannot be read.")]
    status: Annotated[RowStatus, Field(description="`invalid`: nothing of it was kept.")]
    error: Annotated[
        dict[str, Any] | None,
        WithJsonSchema({"anyOf": [{"$ref": _PROBLEM}, {"type": "null"}]}),
        Field(description="What is wrong with an invalid row; its pointers lead into the body."),
    ]


class CountsPushed(BaseModel):
    """What became of each row, in the order of the rows."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "results": [
                        {
                            "client_id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
                            "metric": "devices",
                            "status": "created",
                            "error": None,
                        }
                    ]
                }
            ]
        }
    )

    results: list[CountResult]
