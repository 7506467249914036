"""Reads snapshots: which there are, a client's row and lines, what lies behind them, the trend."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Numeric,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
)

from billingone_api.billing.reconciliation.adapters.postgres.lines import LINE
from billingone_api.billing.reconciliation.adapters.postgres.rules import facts_of
from billingone_api.billing.reconciliation.adapters.postgres.sides import (
    COUNT,
    SEAT,
    SNAPSHOT,
    with_what_is_behind,
)
from billingone_api.billing.reconciliation.adapters.postgres.snapshots import NAMES, snapshot_of
from billingone_api.billing.reconciliation.models import SETTLING, LineStatus, Snapshot
from billingone_api.database import listings
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.listings import Listing, words_in
from billingone_api.database.tables.reconciliation import (
    RULE_FACTS,
    count_rule_versions,
    line_decisions,
    snapshot_counts,
    snapshot_lines,
    snapshot_rows,
    snapshot_seats,
    snapshots,
)
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word
from billingone_api.kit import pagination
from billingone_api.kit.pagination import Asked, Cursors

ROW: Final = (
    "client_id", "client_name", "is_active", "actual", "required", "licensed", "trial", "variance",
    "status", "lines", "under_licensed", "over_licensed", "no_data", "metrics", "stakes",
)  # fmt: skip
_OF, _ROW, _LINE = snapshots.c, snapshot_rows.c, snapshot_lines.c
_SAID: Final = line_decisions.c
TODAY: Final = bindparam("today", type_=Date)
_CLIENT: Final = bindparam("client_id", type_=Uuid())
# Beyond any number that is kept: rows without one come before the others.
_LEAST: Final = literal_column("-1e40", Numeric)
_ORDER: Final = (
    LineStatus.UNDER_LICENSED,
    LineStatus.OVER_LICENSED,
    LineStatus.NO_DATA,
    LineStatus.MATCHED,
)


def settled(line: Any, today: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a person settled a line and none of its facts has moved since."""
    return exists().where(standing(line, today), _SAID.kind.in_([word(one) for one in SETTLING]))


def standing(line: Any, today: ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(
        own(line_decisions),
        _SAID.client_id == line.client_id,
        _SAID.rule_id == line.rule_id,
        _SAID.facts == line.facts,
        _SAID.withdrawn_at.is_(None),
        func.coalesce(_SAID.until >= today, true()),
    )


def _a_line(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        own(snapshot_lines),
        _LINE.snapshot_id == _ROW.snapshot_id,
        _LINE.client_id == _ROW.client_id,
        *conditions,
    )


SNAPSHOTS: Final = Listing(
    name="snapshots",
    rows=select(*(_OF[name] for name in NAMES)).where(own(snapshots)),
    filters={
        "q": words_in(func.coalesce(_OF.requested_by, word(""))),
        "outcome": _OF.outcome == bindparam("outcome", type_=Text),
    },
    sorts={
        "as_of": func.coalesce(_OF.as_of, _OF.requested_at),
        "requested_at": _OF.requested_at,
    },
    key=_OF.id,
)
_IS_WRONG: Final = _LINE.status.in_(
    [word(LineStatus.UNDER_LICENSED), word(LineStatus.OVER_LICENSED)]
)
_OPEN_LINES: Final = (
    select(func.count())
    .where(
        own(snapshot_lines),
        _LINE.snapshot_id == _ROW.snapshot_id,
        _LINE.client_id == _ROW.client_id,
        _IS_WRONG,
        ~settled(_LINE, TODAY),
    )
    .correlate(snapshot_rows)
    .scalar_subquery()
)
ROWS: Final = Listing(
    name="snapshot-rows",
    rows=select(*(_ROW[name] for name in ROW), _OPEN_LINES.label("open_lines")).where(
        own(snapshot_rows), _ROW.snapshot_id == SNAPSHOT
    ),
    filters={
        "q": words_in(_ROW.client_name),
        "status": _ROW.status == bindparam("status", type_=ARRAY(Text)).any_(),
        "client_id": _ROW.client_id == bindparam("client_id", type_=Uuid()),
        "is_open": _a_line(_IS_WRONG, ~settled(_LINE, TODAY))
        == bindparam("is_open", type_=Boolean),
        "metric": _a_line(_LINE.metric == bindparam("metric", type_=Text)),
        "rule_id": _a_line(_LINE.rule_id == bindparam("rule_id", type_=Uuid())),
    },
    sorts={
        "client": _ROW.client_name,
        "actual": func.coalesce(_ROW.actual, _LEAST),
        "licensed": func.coalesce(_ROW.licensed, _LEAST),
        "variance": func.coalesce(_ROW.variance, _LEAST),
        "at_stake": func.coalesce(_ROW.under_reporting, _LEAST),
        "status": case(
            *((_ROW.status == word(status), literal_column(str(at))) for at, status in
              enumerate(_ORDER)),
            else_=literal_column("9"),
        ),
    },
    key=_ROW.client_id,
)  # fmt: skip
TREND: Final = Listing(
    name="snapshot-trend",
    rows=select(_OF.id.label("snapshot_id"), _OF.as_of, _OF.day, *(_ROW[name] for name in ROW))
    .select_from(
        snapshot_rows.join(
            snapshots, and_(own(snapshots), snapshots.c.id == snapshot_rows.c.snapshot_id)
        )
    )
    .where(own(snapshot_rows), _ROW.client_id == _CLIENT, _OF.as_of.is_not(None)),
    filters={
        "since": _OF.as_of >= bindparam("since", type_=DateTime(timezone=True)),
    },
    sorts={"as_of": _OF.as_of},
    key=_OF.id,
)


def _changed() -> CTE:
    """How many lines of each client are another in the two, or stand in one of them alone."""
    before, after = (
        select(*(_LINE[name] for name in LINE))
        .where(own(snapshot_lines), _LINE.snapshot_id == bindparam(f"{name}_id", type_=Uuid()))
        .subquery(f"{name}_lines")
        for name in ("before", "after")
    )
    is_same = and_(*(before.c[name] == after.c[name] for name in ("client_id", "rule_id")))
    client = func.coalesce(after.c.client_id, before.c.client_id)
    return (
        select(client.label("client_id"), func.count().label("changed_lines"))
        .select_from(before.join(after, is_same, full=True))
        .where(or_(*(before.c[name].is_distinct_from(after.c[name]) for name in LINE)))
        .group_by(client)
        .cte("changed")
    )


def _comparison() -> Listing:
    """Clients with a line that is another in the two."""
    changed = _changed()
    sides = []
    for name in ("before", "after"):
        which = bindparam(f"{name}_id", type_=Uuid())
        of = snapshot_rows.alias(f"{name}_rows")
        sides.append(
            select(*(of.c[column] for column in ROW))
            .where(own(of), of.c.snapshot_id == which)
            .subquery(name)
        )
    before, after = sides
    client = func.coalesce(after.c.client_id, before.c.client_id)
    called = func.coalesce(after.c.client_name, before.c.client_name)
    columns = [
        side.c[column].label(f"{label}_{column}")
        for label, side in (("before", before), ("after", after))
        for column in ROW
    ]
    zero = literal_column("0", Numeric)
    grown = func.coalesce(after.c.variance, zero) - func.coalesce(before.c.variance, zero)
    return Listing(
        name="snapshot-comparison",
        rows=select(*columns, changed.c.changed_lines).select_from(
            before.join(after, before.c.client_id == after.c.client_id, full=True).join(
                changed, changed.c.client_id == client
            )
        ),
        filters={"q": words_in(called)},
        sorts={"client": called, "change": grown},
        key=client,
    )


COMPARISON: Final = _comparison()
_ONE_ROW: Final = prepare(
    select(*(_ROW[name] for name in ROW)).where(
        own(snapshot_rows), _ROW.snapshot_id == SNAPSHOT, _ROW.client_id == _CLIENT
    )
)


def _lines() -> Prepared:
    """With each line's rule and count as they were then, the worst first."""
    rule, count = count_rule_versions.c, snapshot_counts.c
    return prepare(
        select(
            *(_LINE[name] for name in LINE),
            rule.version.label("rule_version"),
            *(rule[name].label(f"rule_{name}") for name in RULE_FACTS),
            *(
                count[name].label(f"count_{name}")
                for name in COUNT
                if name not in {"client_id", "metric"}
            ),
        )
        .select_from(with_what_is_behind(snapshot_lines))
        .where(own(snapshot_lines), _LINE.snapshot_id == SNAPSHOT, _LINE.client_id == _CLIENT)
        .order_by(func.abs(_LINE.variance).desc().nulls_last(), rule.name, _LINE.rule_id)
    )


_LINES: Final = _lines()
_SEATS: Final = prepare(
    select(*(snapshot_seats.c[name] for name in SEAT))
    .where(
        own(snapshot_seats),
        snapshot_seats.c.snapshot_id == SNAPSHOT,
        snapshot_seats.c.client_id == _CLIENT,
    )
    .order_by(snapshot_seats.c.product_name, snapshot_seats.c.subscription_id)
)


_DECISIONS: Final = prepare(
    select(*(_SAID[name] for name in ("id", "rule_id", "kind", "reason", "until", "assignee",
                                      "made_by", "made_at")))
    .select_from(snapshot_lines.join(line_decisions, standing(_LINE, TODAY)))
    .where(own(snapshot_lines), _LINE.snapshot_id == SNAPSHOT, _LINE.client_id == _CLIENT)
    .order_by(_SAID.made_at.desc(), _SAID.id)
)  # fmt: skip


class PostgresReading:
    """The snapshots of the organisation that a unit of work is for, as people read them."""

    def __init__(self, work: UnitOfWork, *, cursors: Cursors, today: date) -> None:
        self._work = work
        self._cursors = cursors
        self._today = today

    async def snapshots(self, wanted: Asked) -> pagination.Page[Snapshot]:
        found = await self._page(SNAPSHOTS, wanted)
        return pagination.Page(
            [snapshot_of(row) for row in found.items], found.next_cursor, found.total
        )

    async def rows(self, snapshot_id: UUID, wanted: Asked) -> pagination.Page[Row]:
        return await self._page(ROWS, wanted, snapshot_id=snapshot_id, today=self._today)

    async def trend(self, client_id: UUID, wanted: Asked) -> pagination.Page[Row]:
        return await self._page(TREND, wanted, client_id=client_id)

    async def comparison(self, before: UUID, after: UUID, wanted: Asked) -> pagination.Page[Row]:
        return await self._page(COMPARISON, wanted, before_id=before, after_id=after)

    async def client(self, snapshot_id: UUID, client_id: UUID) -> Mapping[str, Any] | None:
        """A client's row with its lines and seats; None where it has none."""
        of = {"snapshot_id": snapshot_id, "client_id": client_id}
        rows = await self._run(_ONE_ROW, **of)
        if not rows:
            return None
        return {
            "row": rows[0],
            "lines": [_with_rule(row) for row in await self._run(_LINES, **of)],
            "seats": await self._run(_SEATS, **of),
            "decisions": await self._run(_DECISIONS, today=self._today, **of),
        }

    async def _page(self, listing: Listing, wanted: Asked, **values: Any) -> pagination.Page[Row]:
        return await listings.page(self._work, listing, wanted, cursors=self._cursors, **values)

    async def _run(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        return await fetch(
            self._work.connection, statement, organisation_id=self._work.organisation_id, **values
        )


def _with_rule(row: Row) -> dict[str, Any]:
    facts = facts_of({name: row[f"rule_{name}"] for name in RULE_FACTS})
    return {**row, "facts_of_rule": facts}
