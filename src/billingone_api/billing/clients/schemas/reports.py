"""What becomes of wishes, and what it moves."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.clients.deeds import (
    FLAWS,
    DeedOutcome,
    Flaw,
    Moves,
    Report,
    Status,
    Verdict,
)
from billingone_api.billing.clients.examples import MAPPING_REPORT
from billingone_api.billing.clients.models import Link, Origin
from billingone_api.billing.clients.schemas.queries import LinkedSource
from billingone_api.billing.definitions.models import monthly
from billingone_api.billing.definitions.schemas import Money
from billingone_api.kit.money import rounded


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
