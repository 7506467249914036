"""The list of invoices as a file, each cell as a spreadsheet may have it."""

from collections.abc import AsyncGenerator
from datetime import date
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Text, cast, select

from billingone_api.billing.definitions.adapters.invoices import its_ledger
from billingone_api.billing.invoices.adapters.postgres.columns import Shown, shown, twin_ids
from billingone_api.billing.invoices.adapters.postgres.filters import (
    Names,
    bound,
    filtered,
    names_of,
)
from billingone_api.billing.invoices.adapters.postgres.lists import ordered
from billingone_api.billing.invoices.models import Wanted
from billingone_api.database.cells import sheet_row
from billingone_api.database.exports import csv, guarded, instant, lines
from billingone_api.database.fast import Prepared, prepare
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.workbooks import workbook

# The file's columns in their order, by the names under which a list reads them.
_COLUMNS: Final = {
    "id": "id",
    "source": "source",
    "source_id": "source_id",
    "also_in_superops": "twin_ids",
    "number": "number",
    "reference": "reference",
    "badge": "badge",
    "source_status": "source_status",
    "client_id": "client_id",
    "client": "client_label",
    "client_by_hand": "client_by_hand",
    "contact_id": "contact_id",
    "contact": "contact_name",
    "amount": "amount",
    "amount_due": "amount_due",
    "currency": "currency",
    "issued_on": "issued_on",
    "due_on": "due_on",
    "has_no_due_date": "has_no_due_date",
    "paid_on": "paid_on",
    "is_gone": "is_gone",
    "changed_at": "changed_at",
}
_FROM_OUTSIDE: Final = frozenset(
    {
        "source_id", "twin_ids", "number", "reference", "source_status", "client_label",
        "contact_id", "contact_name", "currency",
    }
)  # fmt: skip
_FLAGS: Final = frozenset({"client_by_hand", "has_no_due_date", "is_gone"})


def _shown() -> Shown:
    return shown() | {"twin_ids": cast(twin_ids().scalar_subquery(), Text)}


@lru_cache(64)
def _file_of(names: Names, sort: str) -> Prepared:
    columns = _shown()
    cells = (_cell(name, columns[name]).label(label) for label, name in _COLUMNS.items())
    return _prepared(select(*cells), names, sort)


@lru_cache(64)
def _sheet_of(names: Names, sort: str) -> Prepared:
    columns = _shown()
    row = sheet_row({label: columns[name] for label, name in _COLUMNS.items()})
    return _prepared(select(row), names, sort)


def _prepared(columns: Select[Any], names: Names, sort: str) -> Prepared:
    return prepare(ordered(filtered(columns.select_from(its_ledger()), names), sort))


def _cell(name: str, column: ColumnElement[Any]) -> ColumnElement[Any]:
    if name in _FROM_OUTSIDE:
        return guarded(column)
    if name in _FLAGS:
        return cast(column, Text)
    if name == "changed_at":
        return instant(column)
    return column


class PostgresInvoicesFile:
    """Every invoice of one organisation that is asked for, as of its calendar day."""

    def __init__(self, work: UnitOfWork, *, today: date) -> None:
        self._work = work
        self._today = today

    def csv(self, wanted: Wanted) -> AsyncGenerator[bytes]:
        statement = _file_of(names_of(wanted.filters), wanted.sort)
        return csv(self._work.connection, statement, self._values(wanted))

    def xlsx(self, wanted: Wanted) -> AsyncGenerator[bytes]:
        statement = _sheet_of(names_of(wanted.filters), wanted.sort)
        rows = lines(self._work.connection, statement, self._values(wanted))
        return workbook(tuple(_COLUMNS), rows)

    def _values(self, wanted: Wanted) -> dict[str, Any]:
        return {
            "organisation_id": self._work.organisation_id,
            "today": self._today,
            **bound(wanted.filters),
        }
