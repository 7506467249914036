"""The mapping as a file, sent and fetched."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.clients.deeds import FLAWS, Flaw, Report, Status
from billingone_api.billing.clients.examples import IMPORT_REPORT
from billingone_api.billing.clients.mapping_csv import Row
from billingone_api.billing.clients.schemas.reports import MappingSummaryOut


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
