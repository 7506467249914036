"""Snapshots on the wire: how they stand, what they could compare, what came out."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType

from billingone_api.billing.counts.models import METRIC
from billingone_api.billing.definitions.schemas import AnnualPriceIs, Money, PriceIs
from billingone_api.billing.reconciliation import examples
from billingone_api.billing.reconciliation.models import (
    DecisionKind,
    Doubt,
    LineStatus,
    Outcome,
    Page,
    Snapshot,
    SnapshotStatus,
)
from billingone_api.billing.reconciliation.schemas.figures import (
    ListedRowOut,
    NoDataReason,
    NoStakeReason,
    RowOut,
    StakeOut,
    Units,
    money_of,
    row_of,
    stakes_of,
)
from billingone_api.billing.reconciliation.schemas.rules import RuleFactsOut
from billingone_api.billing.syncs.models import Trigger
from billingone_api.kit.instants import Instant
from billingone_api.kit.pagination import ListQuery, PageOf, SearchQuery
from billingone_api.kit.text import storable

SnapshotOutcome = TypeAliasType(
    "SnapshotOutcome",
    Annotated[
        Outcome,
        Field(
            description="- `clean`: everything was compared, and everything matches.\n"
            "- `discrepancies`: everything was compared, and something does not match.\n"
            "- `partial`: something could not be compared; `coverage.doubts` says why.\n"
            "- `not_reconcilable`: nothing was compared, which says nothing of any client."
        ),
    ],
)


class SnapshotCoverageOut(BaseModel):
    """What was compared and what was not; "nothing compared" is never "all matched"."""

    doubts: Annotated[
        list[Doubt], Field(description="Why the comparison is incomplete; empty where it is not.")
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
    subscriptions_of_nobody: Annotated[int, Field(description="Of companies without a client.")]
    counts_used: int
    counts_stale: Annotated[int, Field(description="Too old to be used.")]
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


class SnapshotBasisOut(BaseModel):
    """What it was reckoned by, as it was then."""

    pax8_price_is: PriceIs
    annual_price_is: AnnualPriceIs
    reporting_currency: str
    stale_after_hours: int
    count_sources: Annotated[
        dict[str, str], Field(description="By metric, whose counts spoke; else the newest.")
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
    day: Annotated[date | None, Field(description="The organisation's calendar day then.")]
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


class RowsPage(PageOf[ListedRowOut]):
    """One page of clients, with how sure the snapshot is of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ROWS]})

    outcome: Annotated[SnapshotOutcome | None, Field(description="Null until it is done.")]
    coverage: SnapshotCoverageOut | None


class FrozenCountOut(BaseModel):
    """The count that spoke, or that was too old to."""

    source: str
    count: int
    excluded: Annotated[int, Field(description="Left out by the source's own rule.")]
    counted_at: datetime
    is_stale: bool


class SeatsOut(BaseModel):
    """A subscription as it was then."""

    subscription_id: UUID
    version: Annotated[int, Field(description="Of its history.")]
    product_id: str | None
    product_name: str
    badge: Annotated[Literal["active", "trial"], Field(description="Seats on trial count too.")]
    quantity: Units | None
    unit_price: Annotated[
        Money | None, Field(description="A month's price of one seat, where it is known.")
    ]
    is_usage_billed: bool


class FrozenRuleOut(RuleFactsOut):
    """The rule as it was then."""

    id: UUID
    version: int


class StandingDecisionOut(BaseModel):
    """What a person said of a line; it stands for as long as the line's facts do."""

    id: UUID
    kind: Annotated[DecisionKind, Field(description="The first three of them settle the line.")]
    reason: str
    until: Annotated[date | None, Field(description="Of `expected`: the last day it holds.")]
    assignee: str | None
    made_by: str
    made_at: datetime


class LineOut(BaseModel):
    """One rule for one client, with what lies behind it."""

    rule: FrozenRuleOut
    metric: str
    actual: Annotated[Units | None, Field(description="Null where there is no good count.")]
    required: Annotated[Units | None, Field(description="Counted, or the rule's minimum.")]
    licensed: Annotated[Units | None, Field(description="Seats times the rule's ratio.")]
    trial: Annotated[Units | None, Field(description="Of `licensed`, what is on trial.")]
    variance: Annotated[Units | None, Field(description="Required less licensed.")]
    status: Annotated[LineStatus, Field(description="By the rule's tolerance.")]
    reason: Annotated[NoDataReason | None, Field(description="Why there is no data.")]
    is_tolerated: Annotated[bool, Field(description="It matches only by the rule's tolerance.")]
    unit_price: Annotated[
        Money | None, Field(description="The lowest that the client pays for a seat a month.")
    ]
    at_stake: Annotated[Money | None, Field(description="The variance at that price.")]
    at_stake_unknown: Annotated[NoStakeReason | None, Field(description="Why it is null.")]
    count: FrozenCountOut | None
    subscriptions: list[SeatsOut]
    decisions: Annotated[
        list[StandingDecisionOut],
        Field(description="What people said of it and none of its facts contradicts today."),
    ]


class ClientLinesOut(BaseModel):
    """A client's row, its lines, and the seats that no rule covers."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.CLIENT_LINES]})

    row: RowOut
    lines: Annotated[list[LineOut], Field(description="The largest variance first.")]
    uncovered: Annotated[list[SeatsOut], Field(description="Subscriptions in no line.")]
    outcome: Annotated[SnapshotOutcome | None, Field(description="Of the whole snapshot.")]
    coverage: SnapshotCoverageOut | None

    @classmethod
    def of(cls, found: Mapping[str, Any], snapshot: SnapshotOut) -> Self:
        seats = [_seats(one) for one in found["seats"]]
        said = [dict(one) for one in found["decisions"]]
        lines = [
            _line(line, seats)
            | {"decisions": [one for one in said if one["rule_id"] == line["rule_id"]]}
            for line in found["lines"]
        ]
        covered = {one["subscription_id"] for line in lines for one in line["subscriptions"]}
        return cls.model_validate(
            {
                "row": row_of(found["row"]),
                "lines": lines,
                "uncovered": [one for one in seats if one["subscription_id"] not in covered],
                "outcome": snapshot.outcome,
                "coverage": snapshot.coverage,
            }
        )


def _seats(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "unit_price": money_of(row["unit_parts"], row["currency"])}


def _line(row: Mapping[str, Any], seats: list[dict[str, Any]]) -> dict[str, Any]:
    facts = row["facts_of_rule"]
    out = {(one.client_id, one.product_id) for one in facts.exclusions}
    client_id = row["client_id"]
    has_count = row["count_source"] is not None
    return {
        **row,
        "rule": RuleFactsOut.told(facts) | {"id": row["rule_id"], "version": row["rule_version"]},
        "unit_price": money_of(row["unit_parts"], row["currency"]),
        "at_stake": money_of(row["stake_parts"], row["currency"]),
        "at_stake_unknown": row["stake_reason"],
        "count": {
            name: row[f"count_{name}"]
            for name in ("source", "count", "excluded", "counted_at", "is_stale")
        }
        if has_count
        else None,
        "subscriptions": [
            one
            for one in seats
            if one["product_id"] in facts.products and (client_id, one["product_id"]) not in out
        ],
    }


class ComparedOut(BaseModel):
    """A client in two snapshots."""

    client_id: UUID
    client_name: str
    before: Annotated[RowOut | None, Field(description="Null: it had no line.")]
    after: Annotated[RowOut | None, Field(description="Null: it has no line any more.")]

    @classmethod
    def row(cls, row: Mapping[str, Any]) -> dict[str, Any]:
        sides = {
            name: None if row[f"{name}_client_id"] is None else row_of(
                {key: value for key, value in row.items() if key.startswith(f"{name}_")},
                f"{name}_",
            )
            for name in ("before", "after")
        }  # fmt: skip
        known = sides["after"] or sides["before"] or {}
        return sides | {name: known[name] for name in ("client_id", "client_name")}


class ComparisonPage(PageOf[ComparedOut]):
    """One page of clients whose row is another in the two."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.COMPARISON]})

    before: SnapshotOut
    after: SnapshotOut


class TrendOut(RowOut):
    """A client's row in one snapshot."""

    snapshot_id: UUID
    as_of: datetime
    day: date


class TrendPage(PageOf[TrendOut]):
    """One page of a client's rows, by snapshot."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.TREND]})


Word = Annotated[str, Field(min_length=1, max_length=40, pattern=METRIC), AfterValidator(storable)]


class SnapshotsQuery(ListQuery):
    """Which snapshots; `q` looks for who asked."""

    outcome: Annotated[Outcome | None, Field(description="Those that came out so.")] = None
    sort: Annotated[
        Literal["-requested_at", "requested_at"], Field(description="A `-` turns it round.")
    ] = "-requested_at"

    def page(self) -> Page:
        filters: dict[str, Any] = {"outcome": self.outcome, "q": self.q or None}
        return _page(self, filters, self.sort)


class RowsExportQuery(SearchQuery):
    """Which clients of a snapshot, in which order; `q` looks in their names."""

    status: Annotated[list[LineStatus], Field(description="Any of these; may be repeated.")] = (
        Field(default_factory=list)
    )
    client_id: Annotated[UUID | None, Field(description="PanelOne's client.")] = None
    metric: Annotated[Word | None, Field(description="With a line of this metric.")] = None
    rule_id: Annotated[UUID | None, Field(description="With a line of this rule.")] = None
    is_open: Annotated[
        bool | None,
        Field(description="With a line that does not match and is not settled, or not."),
    ] = None
    sort: Annotated[
        Literal[
            "-variance", "variance", "client", "-client", "actual", "-actual", "licensed",
            "-licensed", "at_stake", "-at_stake", "status", "-status",
        ],
        Field(
            description="`at_stake` goes by what is under-licensed, in the reporting currency. A "
            "`-` turns the order round; without a value comes first, last when turned round."
        ),
    ] = "-variance"  # fmt: skip

    def filters(self) -> dict[str, Any]:
        names = ("client_id", "metric", "rule_id", "is_open")
        given = {name: getattr(self, name) for name in names}
        given |= {"q": self.q or None, "status": [str(one) for one in self.status] or None}
        return {name: value for name, value in given.items() if value is not None}


class RowsQuery(ListQuery, RowsExportQuery):
    """One page of them."""

    def page(self) -> Page:
        return _page(self, self.filters(), self.sort)


class ComparisonQuery(ListQuery):
    """Which clients; `q` looks in their names."""

    sort: Annotated[
        Literal["-change", "change", "client", "-client"],
        Field(description="By how much the variance grew, or by name."),
    ] = "-change"

    def page(self) -> Page:
        return _page(self, {"q": self.q or None}, self.sort)


class TrendQuery(BaseModel):
    """Which snapshots of a client."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[Instant | None, Field(description="Not before this instant.")] = None
    sort: Annotated[Literal["-as_of", "as_of"], Field(description="A `-` turns it round.")] = (
        "-as_of"
    )
    limit: Annotated[int, Field(ge=1, le=200, description="Rows on a page.")] = 50
    cursor: Annotated[
        str | None, Field(max_length=5_000, description="`next_cursor` of the page before.")
    ] = None
    with_total: Annotated[bool, Field(description="Also count all rows that match.")] = False

    def page(self) -> Page:
        return _page(self, {"since": self.since}, self.sort)


def _page(query: ListQuery | TrendQuery, filters: Mapping[str, Any], sort: str) -> Page:
    given = {name: value for name, value in filters.items() if value is not None}
    return Page(given, sort, query.limit, query.cursor, query.with_total)
