"""Snapshots on the wire: how they stand, what they could compare, what came out."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType

from billingone_api.billing.definitions.schemas import AnnualPriceIs, PriceIs
from billingone_api.billing.reconciliation import examples
from billingone_api.billing.reconciliation.models import Doubt, Outcome, Snapshot, SnapshotStatus
from billingone_api.billing.reconciliation.schemas.figures import StakeOut, Units, stakes_of
from billingone_api.billing.syncs.models import Trigger
from billingone_api.kit.pagination import PageOf

SnapshotOutcome = TypeAliasType(
    "SnapshotOutcome",
    Annotated[
        Outcome,
        Field(
            description="- `clean`: everything was compared, and everything matches.\n"
            "- `discrepancies`: everything was compared, and something does not match.\n"
            "- `partial`: something could not be compared, or is not as fresh as it was to be; "
            "`coverage.doubts` says why.\n"
            "- `not_reconcilable`: nothing was compared, which says nothing of any client."
        ),
    ],
)


class SnapshotCoverageOut(BaseModel):
    """What was compared and what was not; "nothing compared" is never "all matched"."""

    doubts: Annotated[
        list[Doubt],
        Field(
            description="Why the comparison is incomplete; empty where it is not. "
            "`panelone_counts_not_fresh`: PanelOne was asked to count before it and did not, so "
            "that lines rest on the newest counts it had told; `/v1/counts/refreshes` says why."
        ),
    ]
    rules: int
    clients_compared: Annotated[int, Field(description="With a line that has data.")]
    clients_without_data: Annotated[int, Field(description="All of their lines lack data.")]
    clients_without_lines: Annotated[
        int, Field(description="Active, without seats of a rule and without anything counted.")
    ]
    clients_excluded: Annotated[int, Field(description="Passed over by a rule, by its own word.")]
    products_compared: int
    products_unmapped: Annotated[int, Field(description="In no rule and not set aside.")]
    products_set_aside: Annotated[int, Field(description="In no rule because a person said so.")]
    subscriptions_unmapped: Annotated[int, Field(description="Of the unmapped products.")]
    subscriptions_without_product: Annotated[
        int, Field(description="Pax8 does not say what they are for, so that no rule covers them.")
    ]
    subscriptions_of_nobody: Annotated[int, Field(description="Of companies without a client.")]
    counts_used: Annotated[int, Field(description="That a line rests on.")]
    counts_stale: Annotated[int, Field(description="That are too old for their line.")]
    devices_excluded: Annotated[
        int, Field(description="Left out by those who count, such as decommissioned.")
    ]


class SnapshotSummaryOut(BaseModel):
    """The cards: clients by status, and what is over and under."""

    under_licensed: Annotated[int, Field(description="Clients.")]
    over_licensed: Annotated[int, Field(description="Clients.")]
    matched: Annotated[int, Field(description="Clients.")]
    no_data: Annotated[int, Field(description="Clients of whom nothing could be compared.")]
    units_under: Annotated[Units, Field(description="Used and not licensed, over all lines.")]
    units_over: Annotated[Units, Field(description="Licensed and not used, over all lines.")]
    at_stake: Annotated[list[StakeOut], Field(description="For each currency; never added.")]
    unpriced_lines: Annotated[
        int, Field(description="Lines that do not match and whose worth is not known.")
    ]


class SnapshotWish(BaseModel):
    """Of which day a snapshot is taken."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"as_of": "2026-10-31"}]}
    )

    as_of: Annotated[
        date | None,
        Field(
            description="As it stood at the end of a past day of the organisation's, by the "
            "versions of subscriptions, mapping, rules and counts that were known then; a count of "
            "that time that arrived later speaks where none had been heard of its instant, of "
            "clients that were known by then. Settings, names and which clients are retired are "
            "those of today. Null, or today: now."
        ),
    ] = None


class SnapshotBasisOut(BaseModel):
    """What it was reckoned by, as it was then."""

    pax8_price_is: PriceIs
    annual_price_is: AnnualPriceIs
    reporting_currency: str
    stale_after_hours: int
    count_sources: Annotated[
        dict[str, str], Field(description="By metric, whose counts spoke; else the newest.")
    ]
    is_past: Annotated[
        bool, Field(description="It was asked for a past day, and read from dated versions.")
    ]


class SnapshotOut(BaseModel):
    """A comparison that was asked for; once it is done, nothing of it changes any more."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.SNAPSHOT]})

    id: UUID
    status: Annotated[SnapshotStatus, Field(description="`done` and `failed` are for good.")]
    outcome: Annotated[SnapshotOutcome | None, Field(description="Null until it is done.")]
    trigger: Annotated[Trigger, Field(description="Who wanted it; `service` for API keys too.")]
    requested_by: Annotated[str | None, Field(description="Null for a schedule.")]
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    as_of: Annotated[datetime | None, Field(description="Of which instant it speaks.")]
    day: Annotated[
        date | None,
        Field(description="The organisation's calendar day then; a past one from the beginning."),
    ]
    problem: Annotated[str | None, Field(description="Why it failed, for programs.")]
    detail: Annotated[str | None, Field(description="The same for people.")]
    basis: SnapshotBasisOut | None
    coverage: SnapshotCoverageOut | None
    summary: SnapshotSummaryOut | None

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        told = {
            name: getattr(snapshot, name)
            for name in cls.model_fields
            if name not in {"basis", "coverage", "summary"}
        }
        summary = dict(snapshot.summary)
        if summary:
            summary["at_stake"] = stakes_of(summary["stakes"])
        parts = {"basis": snapshot.basis, "coverage": snapshot.coverage, "summary": summary}
        return cls.model_validate(told | {name: part or None for name, part in parts.items()})


class SnapshotPage(PageOf[SnapshotOut]):
    """One page of snapshots."""
