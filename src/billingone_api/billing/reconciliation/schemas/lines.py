"""A client's lines on the wire, each with the rule, the count and the seats behind it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.definitions.schemas import Money
from billingone_api.billing.reconciliation import examples
from billingone_api.billing.reconciliation.models import DecisionKind, LineStatus
from billingone_api.billing.reconciliation.schemas.figures import (
    NoDataReason,
    NoStakeReason,
    RowOut,
    Units,
    money_of,
    row_of,
)
from billingone_api.billing.reconciliation.schemas.rules import RuleFactsOut
from billingone_api.billing.reconciliation.schemas.snapshots import (
    SnapshotCoverageOut,
    SnapshotOut,
    SnapshotOutcome,
)


class FrozenCountOut(BaseModel):
    """The count that spoke, or that was too old to."""

    source: Annotated[
        str,
        Field(
            description="Who counted. What `superops` counts is listed as it is now by "
            "`/v1/inventory/devices` with the line's client and metric and `counted=true`, and "
            "where the metric is `users` by `/v1/inventory/users` with its client. All others tell "
            "numbers only."
        ),
    ]
    count: int
    excluded: Annotated[
        int,
        Field(
            description="Left out by the source's own rule; those of `superops` are listed with "
            "`reason=idle&reason=ignored`."
        ),
    ]
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
