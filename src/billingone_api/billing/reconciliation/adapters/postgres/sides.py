"""The sides of a comparison as they are now: seats, counts, rules; and as a snapshot froze them."""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    DateTime,
    FromClause,
    Integer,
    Numeric,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    column,
    false,
    func,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, distinct_on

from billingone_api.billing.definitions.adapters.subscriptions import badge, parts
from billingone_api.billing.definitions.models import Badge, PriceBasis
from billingone_api.billing.reconciliation.adapters.postgres.lines import RULE, Compared
from billingone_api.database.tables.counts import client_counts
from billingone_api.database.tables.reconciliation import (
    count_rule_versions,
    count_rules,
    snapshot_counts,
    snapshot_lines,
    snapshot_rules,
    snapshot_seats,
)
from billingone_api.database.tables.subscriptions import subscriptions
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

SNAPSHOT: Final = bindparam("snapshot_id", type_=Uuid())
SEAT: Final = (
    "client_id", "subscription_id", "version", "product_id", "product_name", "badge", "quantity",
    "unit_parts", "currency", "is_usage_billed",
)  # fmt: skip
COUNT: Final = ("client_id", "metric", "source", "counted_at", "count", "excluded", "is_stale")


def seats_now(basis: PriceBasis) -> Select[Any]:
    """What is licensed: active and trial subscriptions of clients. Binds `today`."""
    of = subscriptions.c
    return seats_of(subscriptions, of.id, of.product_name, basis).where(own(subscriptions))


def seats_of(
    facts: FromClause, subscription: Any, product_name: Any, basis: PriceBasis
) -> Select[Any]:
    """The same of facts that lie elsewhere; a row of `SEAT` each."""
    of = facts.c
    is_billed_by_usage = func.coalesce(of.usage_billed, false())
    knows_unit = and_(of.currency.is_not(None), ~is_billed_by_usage)
    unit = of.price * parts(facts, basis) if basis.knows_sell_price else cast(null(), Numeric)
    shown = {
        "client_id": of.client_id,
        "subscription_id": subscription,
        "version": of.version,
        "product_id": of.product_id,
        "product_name": product_name,
        "badge": badge(facts),
        "quantity": of.quantity,
        "unit_parts": case((knows_unit, unit), else_=null()),
        "currency": of.currency,
        "is_usage_billed": is_billed_by_usage,
    }
    return select(*(shown[name].label(name) for name in SEAT)).where(
        of.client_id.is_not(None),
        badge(facts).in_([word(Badge.ACTIVE), word(Badge.TRIAL)]),
    )


def counts_now() -> Select[Any]:
    """One count for each client and metric: the chosen source's, else the newest.

    Binds `count_sources` and `fresh_since`.
    """
    return speaking(select(*client_counts.c).where(own(client_counts)).subquery("counted"))


def speaking(counted: FromClause) -> Select[Any]:
    """Of what sources say, the one that speaks; a row of `COUNT` each."""
    of = counted.c
    chosen = bindparam("count_sources", type_=JSONB).op("->>", return_type=Text())(of.metric)
    fresh_since = bindparam("fresh_since", type_=DateTime(timezone=True))
    return (
        select(
            *(of[name] for name in COUNT if name != "is_stale"),
            (of.counted_at < fresh_since).label("is_stale"),
        )
        .ext(distinct_on(of.client_id, of.metric))
        .where(or_(chosen.is_(None), of.source == chosen))
        .order_by(of.client_id, of.metric, of.counted_at.desc(), of.source)
    )


def rules_now() -> Select[Any]:
    of = count_rules.c
    named = (of.id.label("rule_id"), *(of[name] for name in RULE if name != "rule_id"))
    return select(*named).where(own(count_rules), of.is_active)


def rules_said(name: str) -> Select[Any]:
    """Rules that travel as one parameter of that name, such as one that is only tried."""
    kinds: dict[str, Any] = {"rule_id": Uuid(), "version": Integer()}
    kinds = {one: count_rules.c[one].type for one in RULE if one not in kinds} | kinds
    columns = [column(one, kinds[one]) for one in RULE]
    said = func.jsonb_to_recordset(bindparam(name, type_=JSONB)).table_valued(*columns, name=name)
    return select(*said.render_derived(with_types=True).c)


def is_frozen_version() -> ColumnElement[bool]:
    of, held = count_rule_versions.c, snapshot_rules.c
    return and_(own(count_rule_versions), of.rule_id == held.rule_id, of.version == held.version)


def with_what_is_behind(lines: FromClause) -> FromClause:
    """Lines of snapshots, each beside the rule that made it and the count that spoke."""
    line, held, count = snapshot_lines.c, snapshot_rules.c, snapshot_counts.c
    is_rule = and_(
        own(snapshot_rules), held.snapshot_id == line.snapshot_id, held.rule_id == line.rule_id
    )
    is_count = and_(
        own(snapshot_counts),
        count.snapshot_id == line.snapshot_id,
        count.client_id == line.client_id,
        count.metric == line.metric,
    )
    return (
        lines.join(snapshot_rules, is_rule)
        .join(count_rule_versions, is_frozen_version())
        .outerjoin(snapshot_counts, is_count)
    )


def frozen_rules() -> Select[Any]:
    of, held = count_rule_versions.c, snapshot_rules.c
    return (
        select(*(of[name] for name in RULE))
        .select_from(snapshot_rules.join(count_rule_versions, is_frozen_version()))
        .where(own(snapshot_rules), held.snapshot_id == SNAPSHOT)
    )


def frozen(*, knows_sell_price: bool) -> Compared:
    """What a snapshot froze; binds `snapshot_id`."""
    seats, counts = (
        select(*(table.c[name] for name in names))
        .where(own(table), table.c.snapshot_id == SNAPSHOT)
        .cte(name)
        for table, names, name in (
            (snapshot_seats, SEAT, "seats"),
            (snapshot_counts, COUNT, "counts"),
        )
    )
    return Compared(seats, counts, frozen_rules().cte("rules"), knows_sell_price)
