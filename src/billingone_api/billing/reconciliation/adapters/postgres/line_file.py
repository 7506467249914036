"""Every line of a snapshot as a file: what is the same for many lines is made ready once for all.

Each client's lines are read by the primary key and put in order among themselves, so that a
million are never sorted at once: no temporary file, and the first leave at once.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Numeric,
    Subquery,
    case,
    func,
    null,
    select,
    true,
)
from sqlalchemy.sql.selectable import LateralFromClause

from billingone_api.billing.definitions.adapters.rounding import rounded_month
from billingone_api.billing.reconciliation.adapters.postgres.sides import (
    SNAPSHOT,
    is_frozen_version,
)
from billingone_api.database.exports import guarded, instant
from billingone_api.database.fast import prepare
from billingone_api.database.tables.reconciliation import (
    count_rule_versions,
    snapshot_counts,
    snapshot_lines,
    snapshot_rows,
    snapshot_rules,
)
from billingone_api.database.tenancy import own

_SHOWN: Final = (
    "client_id", "rule_id", "metric", "actual", "required", "licensed", "trial", "variance",
    "status", "reason", "currency", "stake_parts",
)  # fmt: skip

# Subqueries that are in order keep their cells as they are: PostgreSQL merges none such into what
# is around it, where each cell would be made anew for every line.


def _clients() -> Subquery:
    of = snapshot_rows.c
    return (
        select(of.client_id, of.client_name, guarded(of.client_name).label("client"))
        .where(own(snapshot_rows), of.snapshot_id == SNAPSHOT)
        .order_by(of.client_name, of.client_id)
        .subquery("whose")
    )


def _rules() -> CTE:
    of = count_rule_versions.c
    return (
        select(of.rule_id, of.name, guarded(of.name).label("rule"))
        .select_from(snapshot_rules.join(count_rule_versions, is_frozen_version()))
        .where(own(snapshot_rules), snapshot_rules.c.snapshot_id == SNAPSHOT)
        .cte("rules")
        .prefix_with("MATERIALIZED")
    )


def _counts(whose: Subquery) -> LateralFromClause:
    of = snapshot_counts.c
    return (
        select(
            of.metric,
            guarded(of.source).label("source"),
            instant(of.counted_at).label("counted_at"),
            of.excluded,
        )
        .where(
            own(snapshot_counts),
            of.snapshot_id == SNAPSHOT,
            of.client_id == whose.c.client_id,
        )
        .order_by(of.metric)
        .correlate(whose)
        .lateral("counted")
    )


def _lines(whose: Subquery) -> LateralFromClause:
    of, rules, counts = snapshot_lines.c, _rules(), _counts(whose)
    joined = snapshot_lines.join(rules, rules.c.rule_id == of.rule_id).outerjoin(
        counts, counts.c.metric == of.metric
    )
    return (
        select(
            *(of[name] for name in _SHOWN),
            rules.c.name,
            rules.c.rule,
            *(counts.c[name] for name in ("source", "counted_at", "excluded")),
        )
        .select_from(joined)
        .where(own(snapshot_lines), of.snapshot_id == SNAPSHOT, of.client_id == whose.c.client_id)
        .order_by(rules.c.name, of.rule_id)
        .correlate(whose)
        .lateral("line")
    )


def _plain(number: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.trim_scale(number, type_=Numeric)


def _cells(whose: Any, line: Any) -> Mapping[str, ColumnElement[Any]]:
    amount = rounded_month(line.stake_parts, line.currency)
    return {
        "Client": whose.client,
        "Actual Count": _plain(line.actual),
        "Licensed Count": _plain(line.licensed),
        "Variance": _plain(line.variance),
        "Status": line.status,
        "Rule": line.rule,
        "Metric": line.metric,
        "Required": _plain(line.required),
        "On Trial": _plain(line.trial),
        "No Data Because": line.reason,
        "At Stake Monthly": case((line.stake_parts.is_not(None), amount), else_=null()),
        "Currency": guarded(line.currency),
        "Counted By": line.source,
        "Counted At": line.counted_at,
        "Excluded": line.excluded,
        "Client Id": line.client_id,
        "Rule Id": line.rule_id,
    }


_WHOSE: Final = _clients()
_LINE: Final = _lines(_WHOSE)
LINES: Final = prepare(
    select(*(cell.label(name) for name, cell in _cells(_WHOSE.c, _LINE.c).items()))
    .select_from(_WHOSE.join(_LINE, true()))
    # Lines keep the order of their own query, which is asked once for each client in turn.
    .order_by(_WHOSE.c.client_name, _WHOSE.c.client_id)
)
"""Binds `organisation_id` and `snapshot_id`."""
BY_HASH: Final = "SET LOCAL enable_nestloop = off"
"""To be said before it: where rules and counts are taken for few, each line would look for its own.

PostgreSQL multiplies how rare an organisation, a snapshot and a client are, and so takes a million
lines for one. Clients are gone through one by one all the same, since their lines depend on them.
"""
