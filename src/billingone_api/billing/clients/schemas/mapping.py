"""Wishes for the mapping, what becomes of them, and the deeds that were done."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    model_validator,
)

from billingone_api.billing.clients.deeds import (
    FLAWS,
    DeedOutcome,
    Do,
    Flaw,
    Kind,
    Moves,
    Report,
    Status,
    Verdict,
    Wish,
)
from billingone_api.billing.clients.examples import DEED, IMPORT_REPORT, MAPPING_REPORT, UNDONE
from billingone_api.billing.clients.mapping_csv import Row
from billingone_api.billing.clients.models import Link, Origin, PageWanted, Record
from billingone_api.billing.clients.schemas.links import Why
from billingone_api.billing.clients.schemas.queries import LinkedSource, TheirId
from billingone_api.billing.definitions.models import monthly
from billingone_api.billing.definitions.schemas import Money
from billingone_api.kit.money import rounded
from billingone_api.kit.pagination import ListQuery, PageOf

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


class UndoneOut(BaseModel):
    """The deeds that were undone, and what went back with them."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [UNDONE]})

    deeds: Annotated[list[UUID], Field(description="Newest first.")]
    subscriptions: Annotated[int, Field(description="So many changed hands.")]
    invoices: Annotated[int, Field(description="So many changed hands.")]


class MovesOut(BaseModel):
    """What changes hands; money by currency, never added across them."""

    subscriptions: int
    invoices: int
    mrr: Annotated[list[Money], Field(description="A month's, of active subscriptions.")]
    outstanding: Annotated[list[Money], Field(description="Owed on invoices now.")]
    revenue: Annotated[list[Money], Field(description="Invoiced in the trailing twelve months.")]

    @classmethod
    def of(cls, moves: Moves) -> "MovesOut":
        mrr: dict[str, Fraction | Decimal] = {
            currency: monthly(parts) for currency, parts in moves.mrr.items()
        }
        return cls(
            subscriptions=moves.subscriptions,
            invoices=moves.invoices,
            mrr=_money(mrr),
            outstanding=_money(dict(moves.outstanding)),
            revenue=_money(dict(moves.revenue)),
        )


class WhoseOut(BaseModel):
    """Whose a record is; without a client it was said to be nobody's."""

    client_id: UUID | None
    client_name: str | None
    origin: Origin
    reason: str | None


class MappingRowOut(BaseModel):
    """What becomes of one wish; `before` and `after` are null where nothing links the record."""

    row: Annotated[int, Field(description="Which wish, the first being 0.")]
    source: LinkedSource
    source_id: str
    name: str | None
    status: Status
    code: Annotated[Flaw | None, Field(description="Why it is refused, for programs.")]
    detail: Annotated[str | None, Field(description="Why it is refused, and what to do.")]
    before: WhoseOut | None
    after: WhoseOut | None
    moves: MovesOut

    @classmethod
    def of(cls, row: int, verdict: Verdict, report: Report) -> "MappingRowOut":
        record = verdict.wish.record
        return cls.model_validate(
            {
                "row": row,
                "source": record.source,
                "source_id": record.source_id,
                "name": report.names.get(record),
                "status": verdict.status,
                "code": verdict.flaw,
                "detail": None if verdict.flaw is None else FLAWS[verdict.flaw],
                "before": _whose(verdict.before, report),
                "after": _whose(verdict.after, report),
                "moves": MovesOut.of(verdict.moves),
            }
        )


class MappingSummaryOut(BaseModel):
    """What became of all wishes together."""

    outcome: Annotated[
        DeedOutcome,
        Field(
            description="- `applied`: done, as one deed.\n"
            "- `dry_run`: this is what would be done.\n"
            "- `nothing`: there was nothing to change.\n"
            "- `refused`: something was wrong, all or nothing was asked for, and nothing changed."
        ),
    ]
    deed_id: Annotated[UUID | None, Field(description="What to undo it by, once it is applied.")]
    changed: int
    unchanged: int
    refused: int
    moves: MovesOut

    @staticmethod
    def counts(report: Report) -> dict[str, Any]:
        return {
            "outcome": report.outcome,
            "deed_id": report.deed_id,
            "changed": report.count(Status.CHANGED),
            "unchanged": report.count(Status.UNCHANGED),
            "refused": report.count(Status.REFUSED),
            "moves": MovesOut.of(report.moves),
        }


class MappingReportOut(MappingSummaryOut):
    """What became of every wish; in a dry run, what would."""

    model_config = ConfigDict(json_schema_extra={"examples": [MAPPING_REPORT]})

    rows: list[MappingRowOut]

    @classmethod
    def of(cls, report: Report) -> "MappingReportOut":
        rows = [
            MappingRowOut.of(row, verdict, report) for row, verdict in enumerate(report.verdicts)
        ]
        return cls(**cls.counts(report), rows=rows)


class ImportRowOut(BaseModel):
    """What becomes of one row of the file."""

    line: Annotated[int, Field(description="Where the row ends in the file, the header's being 1.")]
    status: Status
    code: Annotated[Flaw | None, Field(description="Why it is refused, for programs.")]
    detail: Annotated[str | None, Field(description="Why it is refused, and what to do.")]


class ImportReportOut(MappingSummaryOut):
    """What became of every row; in a dry run, what would."""

    model_config = ConfigDict(json_schema_extra={"examples": [IMPORT_REPORT]})

    rows: list[ImportRowOut]

    @classmethod
    def of(cls, report: Report, rows: Sequence[Row]) -> "ImportReportOut":
        answers = [
            ImportRowOut(
                line=row.line,
                status=verdict.status,
                code=verdict.flaw,
                detail=None if verdict.flaw is None else FLAWS[verdict.flaw],
            )
            for row, verdict in zip(rows, report.verdicts, strict=True)
        ]
        return cls(**cls.counts(report), rows=answers)


class ImportQuery(BaseModel):
    """How a file is taken."""

    model_config = ConfigDict(extra="forbid")

    dry_run: Annotated[bool, Field(description="Only say what would become of it.")] = False
    all_or_nothing: Annotated[bool, Field(description="Take no row where one cannot be taken.")] = (
        False
    )


class MappingFileQuery(BaseModel):
    """What of the mapping the file has."""

    model_config = ConfigDict(extra="forbid")

    source: Annotated[
        Literal["pax8", "xero", "superops"] | None, Field(description="Of one third party.")
    ] = None


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


def _money(sums: Mapping[str, Fraction | Decimal]) -> list[Money]:
    return [
        Money.model_validate(rounded(Fraction(amount), currency=currency))
        for currency, amount in sorted(sums.items())
        if amount
    ]


def _whose(link: Link | None, report: Report) -> WhoseOut | None:
    if link is None:
        return None
    name = None if link.client_id is None else report.names.get(link.client_id)
    return WhoseOut(
        client_id=link.client_id, client_name=name, origin=link.origin, reason=link.reason
    )
