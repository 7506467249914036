"""What is wished of the mapping."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    model_validator,
)

from billingone_api.billing.clients.deeds import Do, Wish
from billingone_api.billing.clients.models import Record
from billingone_api.billing.clients.schemas.links import Why
from billingone_api.billing.clients.schemas.queries import LinkedSource, TheirId

MOST_WISHES = 1_000
_CLIENT = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
_COMPANY = "9ba32659-d339-4539-be21-1f461dc1a415"


class RecordIn(BaseModel):
    """A third party's record."""

    model_config = ConfigDict(extra="forbid")

    source: LinkedSource
    source_id: TheirId

    def record(self) -> Record:
        return Record(self.source, self.source_id)


class WishIn(RecordIn):
    """What is wished for one record."""

    do: Annotated[
        Literal["assign", "ignore", "release", "reject"],
        Field(
            description="- `assign`: it is the client's, whoever had it.\n"
            "- `ignore`: it is nobody's, and nothing may link it.\n"
            "- `release`: it is left to the clients' identifiers again.\n"
            "- `reject`: it is not the client's: that is not suggested again."
        ),
    ]
    client_id: Annotated[UUID | None, Field(description="With `assign` and `reject`.")] = None
    reason: Annotated[Why, Field(description="With `ignore`: why.")] = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.client_id is None) == (self.do in {"assign", "reject"}):
            raise ValueError("A client goes with assign and reject, and with nothing else.")
        if self.reason is not None and self.do != "ignore":
            raise ValueError("A reason goes with ignore alone.")
        return self

    def wish(self) -> Wish:
        return Wish(self.record(), Do(self.do), self.client_id, self.reason)


class MappingWanted(BaseModel):
    """Wishes for many records."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "changes": [
                        {
                            "do": "assign",
                            "source": "pax8",
                            "source_id": _COMPANY,
                            "client_id": _CLIENT,
                        }
                    ],
                    "dry_run": True,
                    "all_or_nothing": False,
                }
            ]
        },
    )

    changes: Annotated[list[WishIn], Field(min_length=1, max_length=MOST_WISHES)]
    dry_run: Annotated[StrictBool, Field(description="Only say what would become of it.")] = False
    all_or_nothing: Annotated[
        StrictBool, Field(description="Grant none where one cannot be granted.")
    ] = False

    def wishes(self) -> list[Wish]:
        return [change.wish() for change in self.changes]


class MergeWanted(BaseModel):
    """Who gets all records of a client."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"into": _CLIENT, "dry_run": True}]}
    )

    into: Annotated[UUID, Field(description="An active client of PanelOne's.")]
    dry_run: Annotated[StrictBool, Field(description="Only say what would become of it.")] = False


class SplitWanted(BaseModel):
    """Which records a client loses, and to whom."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "records": [{"source": "pax8", "source_id": _COMPANY}],
                    "into": None,
                    "dry_run": True,
                }
            ]
        },
    )

    records: Annotated[list[RecordIn], Field(min_length=1, max_length=MOST_WISHES)]
    into: Annotated[UUID | None, Field(description="Null: nobody's yet, and unmapped.")] = None
    dry_run: Annotated[StrictBool, Field(description="Only say what would become of it.")] = False

    def all_records(self) -> list[Record]:
        return [one.record() for one in self.records]


class UndoWanted(BaseModel):
    """How far back."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"with_later": False}]}
    )

    with_later: Annotated[StrictBool, Field(description="Undo all that came after as well.")] = (
        False
    )
