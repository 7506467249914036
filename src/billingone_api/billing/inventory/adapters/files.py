"""The list of devices as a file, each cell as a spreadsheet may have it."""

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Text, cast, func, select

from billingone_api.billing.inventory.adapters.devices import COLUMNS, DEVICES, FROM, IS_LISTED
from billingone_api.billing.inventory.adapters.standing import standing_of
from billingone_api.database.cells import sheet_row
from billingone_api.database.exports import csv, guarded, instant, lines
from billingone_api.database.fast import Prepared, prepare
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word
from billingone_api.kit.workbooks import workbook

_CELLS: Final[Mapping[str, ColumnElement[Any]]] = {
    "Client": COLUMNS["client_name"],
    "Device": COLUMNS["name"],
    "Host Name": COLUMNS["host_name"],
    "Serial Number": COLUMNS["serial_number"],
    "Counted": COLUMNS["counted"],
    "Not Counted Because": COLUMNS["reason"],
    "Metrics": func.array_to_string(COLUMNS["metrics"], word(", "), type_=Text),
    "Last Seen": COLUMNS["last_seen_at"],
    "Status": COLUMNS["source_status"],
    "Class": COLUMNS["asset_class"],
    "Category": COLUMNS["device_category"],
    "Platform": COLUMNS["platform"],
    "Company": COLUMNS["company_name"],
    "Client Id": COLUMNS["client_id"],
    "Company Id": COLUMNS["company_id"],
    "Device Id": COLUMNS["source_id"],
}
_OURS: Final = frozenset({"Not Counted Because", "Metrics", "Client Id"})


@lru_cache(64)
def _file_of(names: frozenset[str], sort: str) -> Prepared:
    cells = (_cell(name, value).label(name) for name, value in _CELLS.items())
    return _with_filters(select(*cells), names, sort)


@lru_cache(64)
def _sheet_of(names: frozenset[str], sort: str) -> Prepared:
    return _with_filters(select(sheet_row(_CELLS)), names, sort)


def _with_filters(cells: Select[Any], names: frozenset[str], sort: str) -> Prepared:
    value, is_descending = DEVICES.sorts[sort.removeprefix("-")], sort.startswith("-")
    order = [one.desc() if is_descending else one for one in (value, DEVICES.key)]
    filters = (DEVICES.filters[name] for name in sorted(names))
    return prepare(cells.select_from(FROM).where(IS_LISTED, *filters).order_by(*order))


def _cell(name: str, value: ColumnElement[Any]) -> ColumnElement[Any]:
    if name in _OURS:
        return value
    if name == "Counted":
        return cast(value, Text)
    return instant(value) if name == "Last Seen" else guarded(value)


class PostgresDevicesFile:
    """Every device of one organisation that is asked for, streamed."""

    def __init__(self, work: UnitOfWork, *, now: datetime) -> None:
        self._work = work
        self._now = now

    async def csv(self, filters: Mapping[str, Any], sort: str) -> AsyncGenerator[bytes]:
        values = await self._values(filters)
        return csv(self._work.connection, _file_of(frozenset(filters), sort), values)

    async def xlsx(self, filters: Mapping[str, Any], sort: str) -> AsyncGenerator[bytes]:
        values = await self._values(filters)
        statement = _sheet_of(frozenset(filters), sort)
        return workbook(tuple(_CELLS), lines(self._work.connection, statement, values))

    async def _values(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        _, bound = await standing_of(self._work, now=self._now)
        return {"organisation_id": self._work.organisation_id, **bound, **filters}
