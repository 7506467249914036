"""Takes a snapshot: freezes rules, counts and seats, and compares them, each in one statement."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ClauseElement,
    ColumnElement,
    Integer,
    Numeric,
    Select,
    Table,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from billingone_api.billing.definitions.adapters.rates import rates, worth
from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.billing.reconciliation.adapters.postgres.lines import LINE
from billingone_api.billing.reconciliation.adapters.postgres.past import (
    counts_then,
    rules_then,
    seats_then,
)
from billingone_api.billing.reconciliation.adapters.postgres.sides import (
    COUNT,
    SEAT,
    SNAPSHOT,
    counts_now,
    frozen,
    rules_now,
    seats_now,
)
from billingone_api.billing.reconciliation.models import LineStatus
from billingone_api.database.fast import Prepared, prepare
from billingone_api.database.tables.clients import clients
from billingone_api.database.tables.reconciliation import (
    snapshot_counts,
    snapshot_lines,
    snapshot_rows,
    snapshot_rules,
    snapshot_seats,
)
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_ORGANISATION: Final = bindparam("organisation_id", type_=Uuid())
SUMS: Final = ("actual", "required", "licensed", "trial", "variance")


def _into(table: Table, names: Sequence[str], rows: Select[Any]) -> ClauseElement:
    found = rows.subquery("found")
    brought = select(_ORGANISATION, SNAPSHOT, *(found.c[name] for name in names))
    return table.insert().from_select(["organisation_id", "snapshot_id", *names], brought)


def plain(number: ColumnElement[Any]) -> ColumnElement[Any]:
    """A number for JSON, as text: readers of JSON make floats of what is none."""
    return cast(func.trim_scale(number), Text)


@cache
def freezing_rules(*, is_past: bool) -> Prepared:
    rules = rules_then() if is_past else rules_now()
    return prepare(_into(snapshot_rules, ("rule_id", "version"), rules))


@cache
def freezing_counts(*, is_past: bool) -> Prepared:
    return prepare(_into(snapshot_counts, COUNT, counts_then() if is_past else counts_now()))


@cache
def freezing_seats(basis: PriceBasis, *, is_past: bool) -> Prepared:
    seats = seats_then(basis) if is_past else seats_now(basis)
    return prepare(_into(snapshot_seats, SEAT, seats))


@cache
def comparing(*, knows_sell_price: bool) -> Prepared:
    lines = frozen(knows_sell_price=knows_sell_price).lines()
    return prepare(_into(snapshot_lines, LINE, lines))


def _lines() -> CTE:
    of = snapshot_lines.c
    return (
        select(*(of[name] for name in LINE))
        .where(own(snapshot_lines), of.snapshot_id == SNAPSHOT)
        .cte("lines")
    )


def _metrics(lines: CTE) -> CTE:
    """Subtotals of each metric, of lines that have data."""
    of = lines.c
    each = (
        select(of.client_id, of.metric, *(func.sum(of[name]).label(name) for name in SUMS))
        .where(of.reason.is_(None))
        .group_by(of.client_id, of.metric)
        .subquery("each_metric")
    )
    members: list[Any] = [word("metric"), each.c.metric]
    for name in SUMS:
        members += [word(name), plain(each.c[name])]
    told = aggregate_order_by(func.jsonb_build_object(*members), each.c.metric)
    return (
        select(each.c.client_id, func.jsonb_agg(told).label("metrics"))
        .group_by(each.c.client_id)
        .cte("metrics")
    )


def _stakes(lines: CTE) -> CTE:
    """What is at stake in each currency, exact; of what is under also in the reporting one."""
    of, zero = lines.c, literal_column("0", Numeric)
    under, over = (
        func.coalesce(func.sum(of.stake_parts).filter(of.status == word(status)), zero)
        for status in (LineStatus.UNDER_LICENSED, LineStatus.OVER_LICENSED)
    )
    each = (
        select(of.client_id, of.currency, under.label("under"), over.label("over"))
        .where(of.stake_parts.is_not(None))
        .group_by(of.client_id, of.currency)
        .subquery("each_currency")
    )
    known, in_turn = rates(), each.c.currency
    told = func.jsonb_build_object(
        word("currency"), each.c.currency,
        word("under"), plain(each.c.under),
        word("over"), plain(each.c.over),
    )  # fmt: skip
    lacks_rate = func.bool_or(known.c.rate.is_(None))
    return (
        select(
            each.c.client_id,
            func.jsonb_agg(aggregate_order_by(told, in_turn)).label("stakes"),
            case((lacks_rate, null()), else_=func.sum(worth(each.c.under, known))).label("under"),
        )
        .select_from(each.outerjoin(known, known.c.currency == each.c.currency))
        .group_by(each.c.client_id)
        .cte("stakes")
    )


def _summing_up() -> Prepared:
    lines = _lines()
    of, metrics, stakes = lines.c, _metrics(lines), _stakes(lines)
    number = {
        status: cast(func.count().filter(of.status == word(status)), Integer)
        for status in LineStatus
    }
    total = (
        select(
            of.client_id,
            *(func.sum(of[name]).filter(of.reason.is_(None)).label(name) for name in SUMS),
            cast(func.count(), Integer).label("lines"),
            *(
                number[status].label(status)
                for status in LineStatus
                if status is not LineStatus.MATCHED
            ),
        )
        .group_by(of.client_id)
        .cte("total")
    )
    each = total.c
    status = case(
        (each.under_licensed > 0, word(LineStatus.UNDER_LICENSED)),
        (each.over_licensed > 0, word(LineStatus.OVER_LICENSED)),
        (each.no_data == each.lines, word(LineStatus.NO_DATA)),
        else_=word(LineStatus.MATCHED),
    )
    nothing = cast(word("[]"), JSONB)
    shown = {
        "client_id": each.client_id,
        "client_name": func.coalesce(clients.c.name, word("")),
        "is_active": func.coalesce(clients.c.active, literal_column("false")),
        **{name: each[name] for name in SUMS},
        "status": status,
        **{name: each[name] for name in ("lines", "under_licensed", "over_licensed", "no_data")},
        "metrics": func.coalesce(metrics.c.metrics, nothing),
        "stakes": func.coalesce(stakes.c.stakes, nothing),
        "under_reporting": stakes.c.under,
    }
    rows = select(*(value.label(name) for name, value in shown.items())).select_from(
        total.outerjoin(clients, and_(own(clients), clients.c.id == each.client_id))
        .outerjoin(metrics, metrics.c.client_id == each.client_id)
        .outerjoin(stakes, stakes.c.client_id == each.client_id)
    )
    return prepare(_into(snapshot_rows, tuple(shown), rows))


SUM_UP: Final = _summing_up()
