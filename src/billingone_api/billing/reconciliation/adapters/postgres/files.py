"""A snapshot as a file: its rows, or every line of them, each cell as a spreadsheet may have it."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import date
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Numeric, Select, Text, cast, column, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from billingone_api.billing.definitions.adapters.rounding import rounded_month
from billingone_api.billing.reconciliation.adapters.postgres.line_file import BY_HASH, LINES
from billingone_api.billing.reconciliation.adapters.postgres.reading import ROWS
from billingone_api.billing.reconciliation.adapters.postgres.sides import SNAPSHOT
from billingone_api.billing.reconciliation.models import LineStatus
from billingone_api.database.cells import sheet_row
from billingone_api.database.exports import csv, guarded, lines
from billingone_api.database.fast import Prepared, prepare
from billingone_api.database.tables.reconciliation import snapshot_rows
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word
from billingone_api.kit.workbooks import AMBER, GREEN, GREY, RED, Colours, Sheet, workbook

_ROW = snapshot_rows.c
# The order of the product's own page first; the status stands in the fifth column.
_COLOURS: Final = Colours(
    "E",
    {
        LineStatus.UNDER_LICENSED: RED,
        LineStatus.OVER_LICENSED: AMBER,
        LineStatus.MATCHED: GREEN,
        LineStatus.NO_DATA: GREY,
    },
)


def _plain(number: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.trim_scale(number, type_=Numeric)


def _money(side: str) -> ColumnElement[Any]:
    """`AUD 20.00; USD 3.00`: amounts of different currencies share no column."""
    each = (
        func.jsonb_to_recordset(_ROW.stakes)
        .table_valued(column("currency", Text), column(side, Numeric), name="each")
        .render_derived(with_types=True)
    )
    amount = cast(rounded_month(each.c[side], each.c.currency), Text)
    in_turn = aggregate_order_by(word("; "), each.c.currency)
    words = func.string_agg(each.c.currency + word(" ") + amount, in_turn, type_=Text)
    return select(words).select_from(each).correlate(snapshot_rows).scalar_subquery()


_ROW_CELLS: Final[Mapping[str, ColumnElement[Any]]] = {
    "Client": _ROW.client_name,
    "Actual Count": _plain(_ROW.actual),
    "Licensed Count": _plain(_ROW.licensed),
    "Variance": _plain(_ROW.variance),
    "Status": _ROW.status,
    "Required": _plain(_ROW.required),
    "On Trial": _plain(_ROW.trial),
    "Lines": _ROW.lines,
    "Under-licensed Lines": _ROW.under_licensed,
    "Over-licensed Lines": _ROW.over_licensed,
    "Lines Without Data": _ROW.no_data,
    "Under-licensed Monthly": _money("under"),
    "Over-licensed Monthly": _money("over"),
    "Client Id": _ROW.client_id,
}
_FROM_OUTSIDE: Final = frozenset({"Client"})


def _cell(name: str, value: ColumnElement[Any]) -> ColumnElement[Any]:
    return guarded(value) if name in _FROM_OUTSIDE else value


def _with_filters(statement: Select[Any], names: frozenset[str], sort: str) -> Prepared:
    value, is_descending = ROWS.sorts[sort.removeprefix("-")], sort.startswith("-")
    filtered = statement.where(
        own(snapshot_rows),
        _ROW.snapshot_id == SNAPSHOT,
        *(ROWS.filters[name] for name in sorted(names)),
    )
    order = [one.desc() if is_descending else one for one in (value, _ROW.client_id)]
    return prepare(filtered.order_by(*order))


@lru_cache(64)
def _file_of(names: frozenset[str], sort: str) -> Prepared:
    cells = (_cell(name, value).label(name) for name, value in _ROW_CELLS.items())
    return _with_filters(select(*cells), names, sort)


@lru_cache(64)
def _sheet_of(names: frozenset[str], sort: str) -> Prepared:
    return _with_filters(select(sheet_row(_ROW_CELLS)), names, sort)


class PostgresSnapshotFile:
    """One snapshot of one organisation, as it was."""

    def __init__(self, work: UnitOfWork, snapshot_id: UUID, *, today: date) -> None:
        self._work = work
        self._id = snapshot_id
        self._today = today

    def csv(self, filters: Mapping[str, Any], sort: str) -> AsyncGenerator[bytes]:
        return csv(self._work.connection, _file_of(frozenset(filters), sort), self._values(filters))

    def xlsx(self, filters: Mapping[str, Any], sort: str, summary: Sheet) -> AsyncGenerator[bytes]:
        """A sheet that sums up, then the rows, with the status in colours."""
        statement = _sheet_of(frozenset(filters), sort)
        rows = lines(self._work.connection, statement, self._values(filters))
        return workbook(tuple(_ROW_CELLS), rows, before=[summary], colours=_COLOURS)

    async def lines_csv(self) -> AsyncGenerator[bytes]:
        await self._work.connection.exec_driver_sql(BY_HASH)
        async with aclosing(csv(self._work.connection, LINES, self._values({}))) as chunks:
            async for chunk in chunks:
                yield chunk

    def _values(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "organisation_id": self._work.organisation_id,
            "snapshot_id": self._id,
            "today": self._today,
            **filters,
        }
