"""What a snapshot could compare and what it could not, counted from what it froze."""

from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Numeric,
    Select,
    Text,
    and_,
    cast,
    column,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from billingone_api.billing.counts.models import SUPEROPS
from billingone_api.billing.definitions.adapters.subscriptions import badge
from billingone_api.billing.definitions.models import Badge
from billingone_api.billing.reconciliation.adapters.postgres.freezing import plain
from billingone_api.billing.reconciliation.adapters.postgres.past import AS_OF, facts_then
from billingone_api.billing.reconciliation.adapters.postgres.sides import SNAPSHOT, frozen_rules
from billingone_api.billing.reconciliation.models import LineStatus, NoData
from billingone_api.database.fast import Prepared, prepare
from billingone_api.database.tables.clients import clients
from billingone_api.database.tables.reconciliation import (
    products_set_aside,
    snapshot_counts,
    snapshot_lines,
    snapshot_rows,
    snapshot_seats,
)
from billingone_api.database.tables.subscriptions import subscriptions
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_LINE, _ROW, _SEAT, _COUNT = (
    table.c for table in (snapshot_lines, snapshot_rows, snapshot_seats, snapshot_counts)
)


def _of(table: Any) -> ColumnElement[bool]:
    return and_(own(table), table.c.snapshot_id == SNAPSHOT)


def _how_many(*conditions: ColumnElement[bool], of: ColumnElement[Any] | None = None) -> Any:
    counted = func.count() if of is None else func.count(of.distinct())
    return select(counted).where(*conditions).scalar_subquery()


def _covered() -> Any:
    rules = frozen_rules().subquery("rules")
    return select(rules.c.rule_id, func.unnest(rules.c.products).label("product_id")).subquery(
        "covered"
    )


def _products() -> Select[Any]:
    """How many products are compared, set aside, and covered by no rule."""
    covered, aside = _covered(), products_set_aside.c
    is_covered = exists().where(covered.c.product_id == _SEAT.product_id)
    is_aside = exists().where(own(products_set_aside), aside.source_id == _SEAT.product_id)
    each = (
        select(
            _SEAT.product_id,
            is_covered.label("is_covered"),
            is_aside.label("is_aside"),
            func.count().label("subscriptions"),
        )
        .where(_of(snapshot_seats), _SEAT.product_id.is_not(None))
        .group_by(_SEAT.product_id)
        .subquery("each_product")
    )
    of = each.c
    unmapped = and_(~of.is_covered, ~of.is_aside)
    zero = literal_column("0", Numeric)
    return select(
        func.count().filter(of.is_covered).label("products_compared"),
        func.count().filter(and_(~of.is_covered, of.is_aside)).label("products_set_aside"),
        func.count().filter(unmapped).label("products_unmapped"),
        func.coalesce(func.sum(of.subscriptions).filter(unmapped), zero).label(
            "subscriptions_unmapped"
        ),
    )


def _excluded_clients() -> Any:
    rules = frozen_rules().subquery("excluding")
    each = (
        func.jsonb_to_recordset(rules.c.exclusions)
        .table_valued(column("client_id", Text), column("product_id", Text), name="each")
        .render_derived(with_types=True)
    )
    return (
        select(func.count(each.c.client_id.distinct()))
        .select_from(rules.join(each, true()))
        .where(each.c.product_id.is_(None))
        .scalar_subquery()
    )


@cache
def covering(*, is_past: bool) -> Prepared:
    """Of a past day: subscriptions as they were, and clients that were known."""
    products = _products().subquery("products")
    has_row = exists().where(_of(snapshot_rows), _ROW.client_id == clients.c.id)
    has_line = exists().where(
        _of(snapshot_lines), _LINE.client_id == _COUNT.client_id, _LINE.metric == _COUNT.metric
    )
    facts: Any = facts_then() if is_past else subscriptions
    of, seats = facts.c, badge(facts)
    were_there = [clients.c.created_at <= AS_OF] if is_past else []
    numbers = {
        "clients_compared": _how_many(_of(snapshot_rows), _ROW.no_data < _ROW.lines),
        "clients_without_data": _how_many(_of(snapshot_rows), _ROW.no_data == _ROW.lines),
        "clients_without_lines": _how_many(own(clients), clients.c.active, *were_there, ~has_row),
        "clients_excluded": _excluded_clients(),
        "subscriptions_of_nobody": _how_many(
            *([] if is_past else [own(subscriptions)]),
            of.client_id.is_(None),
            seats.in_([word(Badge.ACTIVE), word(Badge.TRIAL)]),
        ),
        "subscriptions_without_product": _how_many(_of(snapshot_seats), _SEAT.product_id.is_(None)),
        "counts_used": _how_many(_of(snapshot_counts), has_line, ~_COUNT.is_stale),
        "counts_stale": _how_many(_of(snapshot_counts), has_line, _COUNT.is_stale),
        "devices_excluded": select(
            func.coalesce(func.sum(_COUNT.excluded), literal_column("0", Numeric))
        )
        .where(_of(snapshot_counts), _COUNT.metric == word("devices"), ~_COUNT.is_stale)
        .scalar_subquery(),
    }
    return prepare(
        select(*products.c, *(value.label(name) for name, value in numbers.items())).select_from(
            products
        )
    )


def _is_of_panelone() -> Any:
    """Whether the count behind any line is of PanelOne, whichever tool it had it from."""
    line = snapshot_lines.alias("line_of_panelone")
    return exists().where(
        _of(snapshot_counts),
        _of(line),
        line.c.client_id == _COUNT.client_id,
        line.c.metric == _COUNT.metric,
        _COUNT.source != word(SUPEROPS),
    )


def _tally() -> Prepared:
    """Lines by how they came out."""
    is_missing = or_(*(_LINE.reason == word(one) for one in (NoData.NO_COUNT, NoData.COUNT_STALE)))
    wrong = or_(
        *(
            _LINE.status == word(one)
            for one in (LineStatus.UNDER_LICENSED, LineStatus.OVER_LICENSED)
        )
    )
    rules = frozen_rules().subquery("all_rules")
    return prepare(
        select(
            select(func.count()).select_from(rules).scalar_subquery().label("rules"),
            func.count().filter(_LINE.reason.is_(None)).label("compared"),
            func.count().filter(wrong).label("discrepancies"),
            func.count().filter(is_missing).label("missing"),
            func.count().filter(and_(_LINE.reason.is_not(None), ~is_missing)).label("unknown"),
            _is_of_panelone().label("is_of_panelone"),
        ).where(_of(snapshot_lines))
    )


def _summary() -> Prepared:
    """The cards: clients by status, units over and under, and the money at stake by currency."""
    each = (
        func.jsonb_to_recordset(_ROW.stakes)
        .table_valued(
            column("currency", Text), column("under", Numeric), column("over", Numeric), name="each"
        )
        .render_derived(with_types=True)
    )
    by_currency = (
        select(
            each.c.currency,
            func.sum(each.c.under).label("under"),
            func.sum(each.c.over).label("over"),
        )
        .select_from(snapshot_rows.join(each, true()))
        .where(_of(snapshot_rows))
        .group_by(each.c.currency)
        .subquery("by_currency")
    )
    told = func.jsonb_build_object(
        word("currency"), by_currency.c.currency,
        word("under"), plain(by_currency.c.under),
        word("over"), plain(by_currency.c.over),
    )  # fmt: skip
    stakes = select(
        func.jsonb_agg(aggregate_order_by(told, by_currency.c.currency))
    ).scalar_subquery()
    sums = {
        f"units_{status.removesuffix('_licensed')}": select(
            cast(
                func.coalesce(func.sum(func.abs(_LINE.variance)), literal_column("0", Numeric)),
                Text,
            )
        )
        .where(_of(snapshot_lines), _LINE.status == word(status))
        .scalar_subquery()
        for status in (LineStatus.UNDER_LICENSED, LineStatus.OVER_LICENSED)
    }
    unpriced = _how_many(
        _of(snapshot_lines),
        or_(
            _LINE.status == word(LineStatus.UNDER_LICENSED),
            _LINE.status == word(LineStatus.OVER_LICENSED),
        ),
        _LINE.stake_parts.is_(None),
    )
    return prepare(
        select(
            *(
                func.count().filter(_ROW.status == word(status)).label(status)
                for status in LineStatus
            ),
            stakes.label("stakes"),
            *(value.label(name) for name, value in sums.items()),
            unpriced.label("unpriced_lines"),
        ).where(_of(snapshot_rows))
    )


TALLY: Final = _tally()
SUMMARY: Final = _summary()
