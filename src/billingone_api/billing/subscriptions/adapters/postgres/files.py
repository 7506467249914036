"""The list of subscriptions as a file, each cell as a spreadsheet may have it."""

from collections.abc import AsyncGenerator
from datetime import date
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Text, cast, select

from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.billing.subscriptions.adapters.postgres.columns import shown, with_company
from billingone_api.billing.subscriptions.adapters.postgres.filters import Names, bound, filtered
from billingone_api.billing.subscriptions.adapters.postgres.lists import ordered
from billingone_api.billing.subscriptions.models import Wanted
from billingone_api.database.cells import sheet_row
from billingone_api.database.exports import csv, guarded, instant, lines
from billingone_api.database.fast import Prepared, prepare
from billingone_api.database.tables.subscriptions import subscriptions
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.workbooks import workbook

# The file's columns in their order, by the names under which a list reads them.
_COLUMNS: Final = {
    "id": "id",
    "source": "source",
    "source_id": "source_id",
    "badge": "badge",
    "source_status": "source_status",
    "client_id": "client_id",
    "client": "client_label",
    "company_id": "company_id",
    "company": "company_name",
    "product_id": "product_id",
    "product": "product_name",
    "vendor": "vendor_name",
    "quantity": "quantity",
    "unit_price": "unit_price",
    "total": "total",
    "partner_unit_cost": "partner_unit_cost",
    "mrr": "mrr",
    "currency": "currency",
    "mrr_excluded": "mrr_excluded",
    "billing_term": "billing_term",
    "starts_on": "starts_on",
    "ends_on": "ends_on",
    "commitment_term": "commitment_term",
    "commitment_ends_on": "commitment_ends_on",
    "is_gone": "is_gone",
    "is_company_gone": "is_company_gone",
    "is_usage_billed": "is_usage_billed",
    "changed_at": "changed_at",
}
_FROM_OUTSIDE: Final = frozenset(
    {
        "source_id", "source_status", "client_label", "company_id", "company_name", "product_id",
        "product_name", "vendor_name", "currency", "billing_term", "commitment_term",
    }
)  # fmt: skip
_FLAGS: Final = frozenset({"is_gone", "is_company_gone", "is_usage_billed"})


@lru_cache(64)
def _file_of(basis: PriceBasis, names: Names, sort: str) -> Prepared:
    columns = shown(basis)
    cells = (_cell(name, columns[name]).label(label) for label, name in _COLUMNS.items())
    return _prepared(select(*cells), names, sort)


@lru_cache(64)
def _sheet_of(basis: PriceBasis, names: Names, sort: str) -> Prepared:
    columns = shown(basis)
    row = sheet_row({label: columns[name] for label, name in _COLUMNS.items()})
    return _prepared(select(row), names, sort)


def _prepared(columns: Select[Any], names: Names, sort: str) -> Prepared:
    statement = columns.select_from(with_company()).where(own(subscriptions))
    return prepare(ordered(filtered(statement, names), sort))


def _cell(name: str, column: ColumnElement[Any]) -> ColumnElement[Any]:
    if name in _FROM_OUTSIDE:
        return guarded(column)
    if name in _FLAGS:
        return cast(column, Text)
    if name == "changed_at":
        return instant(column)
    return column


class PostgresFile:
    """Every subscription of one organisation that is asked for, as of its calendar day."""

    def __init__(self, work: UnitOfWork, *, basis: PriceBasis, today: date) -> None:
        self._work = work
        self._basis = basis
        self._today = today

    def csv(self, wanted: Wanted) -> AsyncGenerator[bytes]:
        statement = _file_of(self._basis, frozenset(wanted.filters), wanted.sort)
        return csv(self._work.connection, statement, self._values(wanted))

    def xlsx(self, wanted: Wanted) -> AsyncGenerator[bytes]:
        statement = _sheet_of(self._basis, frozenset(wanted.filters), wanted.sort)
        rows = lines(self._work.connection, statement, self._values(wanted))
        return workbook(tuple(_COLUMNS), rows)

    def _values(self, wanted: Wanted) -> dict[str, Any]:
        return {
            "organisation_id": self._work.organisation_id,
            "today": self._today,
            **bound(wanted.filters),
        }
