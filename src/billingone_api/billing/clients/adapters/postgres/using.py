"""What clients use and hold: devices as they are counted, and the seats that are compared to them.

As a snapshot that was taken now would find them.
"""

from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    Text,
    Uuid,
    bindparam,
    case,
    column,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on

from billingone_api.billing.definitions.adapters.subscriptions import badge
from billingone_api.billing.definitions.figures import Unknown
from billingone_api.billing.definitions.models import Badge
from billingone_api.database.tables.counts import client_counts
from billingone_api.database.tables.reconciliation import count_rules, reconciliation_settings
from billingone_api.database.tables.subscriptions import subscriptions
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

COUNTED: Final = ("devices", "devices_unknown")
"""What `counted_devices` says of each client, besides its key."""
HELD: Final = ("licences", "licences_unknown")
"""What `held_licences` does."""

_NOW: Final = bindparam("now", type_=DateTime(timezone=True))
_METRIC: Final = word("devices")
# what the settings are before anybody has chosen
_HOURS: Final = literal_column("48", Integer)
IS_COUNTED: Final = exists().where(own(client_counts))
"""Whether anybody counts."""
HAS_RULES: Final = exists().where(own(count_rules), count_rules.c.is_active)
"""Whether any rule says which seats to compare."""


def counted_devices(among: Select[Any] | None) -> CTE:
    """By the source that the organisation chose, else by the newest count; binds `now`."""
    of = client_counts.c
    chosen = _chosen(reconciliation_settings.c.count_sources.op("->>", return_type=Text())(_METRIC))
    hours = func.coalesce(_chosen(reconciliation_settings.c.stale_after_hours), _HOURS)
    is_stale = of.counted_at < _NOW - func.make_interval(0, 0, 0, 0, hours)
    return (
        select(
            of.client_id.label("key"),
            case((is_stale, null()), else_=of["count"]).label("devices"),
            case((is_stale, word(Unknown.COUNT_STALE))).label("devices_unknown"),
        )
        .ext(distinct_on(of.client_id))
        .where(own(client_counts), of.metric == _METRIC, _is_meant(of.client_id, among))
        .where(or_(chosen.is_(None), of.source == chosen))
        .order_by(of.client_id, of.counted_at.desc(), of.source)
        .cte("counted_devices")
    )


def held_licences(among: Select[Any] | None) -> CTE:
    """Seats of active and trial subscriptions to products that a rule covers, each once."""
    of = subscriptions.c
    is_unknown = of.quantity.is_(None) | of.usage_billed.is_(True)
    lacks = func.bool_or(is_unknown)
    return (
        select(
            of.client_id.label("key"),
            case((lacks, null()), else_=func.sum(of.quantity)).label("licences"),
            case((lacks, word(Unknown.QUANTITY_UNKNOWN))).label("licences_unknown"),
        )
        .where(own(subscriptions), _is_meant(of.client_id, among), _is_covered())
        .where(badge(subscriptions).in_([word(Badge.ACTIVE), word(Badge.TRIAL)]))
        .group_by(of.client_id)
        .cte("held_licences")
    )


def _is_covered() -> ColumnElement[bool]:
    of, rule = subscriptions.c, count_rules.c
    covered = (
        select(rule.id, func.unnest(rule.products).label("product_id"))
        .where(own(count_rules), rule.is_active)
        .cte("covered")
    )
    each = (
        func.jsonb_to_recordset(rule.exclusions)
        .table_valued(column("client_id", Uuid), column("product_id", Text), name="each")
        .render_derived(with_types=True)
    )
    left_out = (
        select(rule.id, each.c.client_id, each.c.product_id)
        .select_from(count_rules.join(each, true()))
        .where(own(count_rules), rule.is_active)
        .cte("left_out")
    )
    is_whole = left_out.c.product_id.is_(None)
    is_left_out = exists().where(
        left_out.c.id == covered.c.id,
        left_out.c.client_id == of.client_id,
        is_whole | (left_out.c.product_id == of.product_id),
    )
    return exists().where(covered.c.product_id == of.product_id, ~is_left_out)


def _is_meant(client_id: ColumnElement[Any], among: Select[Any] | None) -> ColumnElement[bool]:
    return client_id.is_not(None) if among is None else client_id.in_(among)


def _chosen(setting: ColumnElement[Any]) -> ColumnElement[Any]:
    return select(setting).where(own(reconciliation_settings)).scalar_subquery()
