"""Keeps counts: every one that was heard, and of each source the newest, by which it is read."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    FromClause,
    Select,
    Table,
    Uuid,
    bindparam,
    cast,
    column,
    delete,
    func,
    literal_column,
    null,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB, Insert, distinct_on, insert

from billingone_api.billing.counts.models import Count, CountKey
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.tables.clients import clients
from billingone_api.database.tables.counts import client_count_history, client_counts
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork

KEY: Final = ("client_id", "metric", "source", "counted_at")
NUMBERS: Final = ("count", "excluded")
_ORGANISATION: Final = bindparam("organisation_id", type_=Uuid())
_AT: Final = bindparam("at", type_=client_counts.c.received_at.type)


def keeping(counted: FromClause) -> Insert:
    """Write these down for good, unless the same was said of the same instant last."""
    said = _last_said(counted)
    here, there = ([of[name] for name in NUMBERS] for of in (said.c, counted.c))
    rows = (
        select(*_columns(counted))
        .select_from(counted.outerjoin(said, true()))
        .where(tuple_(*here).is_distinct_from(tuple_(*there)))
    )
    return _written(rows)


def forgetting(counted: Select[Any]) -> Insert:
    """Nobody says any more what these (client, metric, source) are; that they did stays."""
    # In order, so that no two who forget at once wait for each other.
    locked = counted.order_by(*counted.selected_columns).with_for_update().cte("locked")
    is_one = [client_counts.c[name] == locked.c[name] for name in KEY[:3]]
    gone = (
        delete(client_counts)
        .where(own(client_counts), *is_one)
        .returning(*(client_counts.c[name] for name in KEY))
        .cte("gone")
    )
    nothing = cast(null(), client_count_history.c.count.type)
    return _written(select(_ORGANISATION, *gone.c, nothing, literal_column("0"), _AT))


def renewing(counted: FromClause) -> Insert:
    """Of each client, metric and source the newest of these, unless a newer one is there."""
    of = (counted.c.client_id, counted.c.metric, counted.c.source)
    newest = (
        select(*_columns(counted)).ext(distinct_on(*of)).order_by(*of, counted.c.counted_at.desc())
    )
    return _saving(client_counts, newest, KEY[:3], is_news=_is_newer)


def _last_said(of: FromClause) -> FromClause:
    """The numbers of the key last heard; NULL for a count that nobody stands by any more."""
    there = client_count_history.c
    return (
        select(*(there[name] for name in NUMBERS))
        .where(own(client_count_history), *(there[name] == of.c[name] for name in KEY))
        .order_by(there.received_at.desc())
        .limit(literal_column("1"))
        .correlate(of)
        .lateral("said")
    )


def _written(rows: Select[Any]) -> Insert:
    """What is heard of a key at the very same instant is one thing, the last of it."""
    key = (*KEY, "received_at")
    return _saving(client_count_history, rows, key, is_news=_differs)


def _columns(counted: FromClause) -> list[Any]:
    return [_ORGANISATION, *(counted.c[name] for name in (*KEY, *NUMBERS)), _AT]


def _saving(table: Table, rows: Select[Any], key: Sequence[str], *, is_news: Any) -> Insert:
    names = [*KEY, *NUMBERS, "received_at"]
    statement = insert(table).from_select(["organisation_id", *names], rows)
    sent = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["organisation_id", *key],
        set_={name: sent[name] for name in names if name not in key},
        where=is_news(table, sent),
    )


def _differs(table: Table, sent: Any) -> Any:
    here, there = ([of[name] for name in NUMBERS] for of in (table.c, sent))
    return tuple_(*here).is_distinct_from(tuple_(*there))


def _is_newer(table: Table, sent: Any) -> Any:
    is_other = (table.c.counted_at < sent.counted_at) | _differs(table, sent)
    return (table.c.counted_at <= sent.counted_at) & is_other


def _sent(*names: str) -> FromClause:
    """Rows that travel as one parameter."""
    columns = [column(name, client_count_history.c[name].type) for name in names]
    rows = func.jsonb_to_recordset(bindparam("rows", type_=JSONB)).table_valued(
        *columns, name="sent"
    )
    each = rows.render_derived(with_types=True)
    return select(*each.c).subquery("counted")


def _known() -> Prepared:
    asked = _sent(*KEY)
    said = _last_said(asked)
    is_said = said.c.count.is_not(None)
    return prepare(select(*asked.c, *said.c).select_from(asked.join(said, is_said)))


_CLIENTS: Final = prepare(
    select(clients.c.id).where(
        own(clients), clients.c.id == bindparam("ids", type_=ARRAY(Uuid())).any_()
    )
)
_KNOWN: Final = _known()
_KEEP: Final = prepare(keeping(_sent(*KEY, *NUMBERS)))
_RENEW: Final = prepare(renewing(_sent(*KEY, *NUMBERS)))


class PostgresCounts:
    """The counts of the organisation that a unit of work is for; `at` dates their arrival."""

    def __init__(self, work: UnitOfWork, *, at: datetime) -> None:
        self._work = work
        self._at = at

    async def clients(self, ids: Collection[UUID]) -> set[UUID]:
        rows = await self._run(_CLIENTS, ids=list(ids))
        return {row["id"] for row in rows}

    async def known(self, keys: Collection[CountKey]) -> Mapping[CountKey, Count]:
        rows = await self._run(_KNOWN, rows=_json([asdict(key) for key in keys]))
        return {found.key: found for found in map(_count, rows)}

    async def save(self, counts: Sequence[Count]) -> None:
        rows = _json([_row(one) for one in counts])
        for statement in (_KEEP, _RENEW):
            await self._run(statement, rows=rows, at=self._at)

    async def _run(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        return await fetch(
            self._work.connection, statement, organisation_id=self._work.organisation_id, **values
        )


def _row(one: Count) -> dict[str, Any]:
    return asdict(one.key) | {"count": one.count, "excluded": one.excluded}


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(rows, default=_text)


def _text(value: UUID | datetime) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _count(row: Row) -> Count:
    return Count(CountKey(*(row[name] for name in KEY)), row["count"], row["excluded"])
