"""What is used: the counts of the newest snapshot of the month, by the products of its rules."""

from typing import Any, Final

from sqlalchemy import CTE, Date, and_, bindparam, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import distinct_on

from billingone_api.billing.fourway.adapters.postgres.licensed import only
from billingone_api.database.tables.reconciliation import (
    count_rule_versions,
    snapshot_lines,
    snapshot_rules,
    snapshots,
)
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_SINCE: Final = bindparam("used_since", type_=Date)
_DAY: Final = bindparam("day", type_=Date)


def snapshot() -> Any:
    """The newest one that is done and of the month; none says nothing."""
    of = snapshots.c
    return (
        select(of.id, of.day)
        .where(own(snapshots), of.status == word("done"), of.day.between(_SINCE, _DAY))
        .order_by(of.as_of.desc())
        .limit(literal_column("1"))
    )


def used(*, of_one: bool) -> CTE:
    """By client and product; `is_shared` where the rule counts further products along with it."""
    line, held, rule = snapshot_lines.c, snapshot_rules.c, count_rule_versions.c
    which = snapshot().cte("snapshot")
    is_rule = and_(own(count_rule_versions), rule.rule_id == held.rule_id,
                   rule.version == held.version)  # fmt: skip
    product = func.unnest(rule.products).table_valued("product_id").render_derived(name="of_rule")
    return (
        select(
            line.client_id,
            product.c.product_id,
            line.actual.label("used"),
            line.metric,
            line.rule_id,
            (func.cardinality(rule.products) > literal_column("1")).label("is_shared"),
        )
        .select_from(
            snapshot_lines.join(which, which.c.id == line.snapshot_id)
            .join(
                snapshot_rules,
                and_(own(snapshot_rules), held.snapshot_id == line.snapshot_id,
                     held.rule_id == line.rule_id),
            )
            .join(count_rule_versions, is_rule)
            .join(product, true())
        )
        .where(own(snapshot_lines), *only(line.client_id, of_one=of_one))
        .ext(distinct_on(line.client_id, product.c.product_id))
        .order_by(
            line.client_id, product.c.product_id, line.actual.is_(None), line.metric, line.rule_id
        )
        .cte("used")
    )  # fmt: skip
