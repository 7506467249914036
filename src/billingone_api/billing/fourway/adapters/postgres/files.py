"""The records of a month as a file, each cell as a spreadsheet may have it."""

from collections.abc import AsyncGenerator, Mapping
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    Numeric,
    Select,
    Text,
    bindparam,
    case,
    cast,
    func,
    select,
)

from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.billing.fourway.adapters.postgres.reading import listing, values_of
from billingone_api.billing.fourway.adapters.postgres.records import records
from billingone_api.billing.fourway.leak import PARTS
from billingone_api.billing.fourway.models import Basis, FourWayStatus, Standing
from billingone_api.database.cells import sheet_row
from billingone_api.database.exports import csv, guarded, lines
from billingone_api.database.fast import Prepared, prepare
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.workbooks import AMBER, GREEN, GREY, RED, Colours, Sheet, workbook

# The order of the product's own page first; the status stands in the fifth column.
_COLOURS: Final = Colours(
    "E",
    {
        FourWayStatus.LEAKING: RED,
        FourWayStatus.OVERBILLED: AMBER,
        FourWayStatus.OVERCHARGED: AMBER,
        FourWayStatus.MATCHED: GREEN,
        FourWayStatus.NOT_KNOWN: GREY,
    },
)
_FROM_OUTSIDE: Final = frozenset({"Client", "Product", "SKU", "Vendor", "Currency", "Company"})


def _plain(number: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.trim_scale(number, type_=Numeric)


def _cells(of: Any) -> Mapping[str, ColumnElement[Any]]:
    return {
        "Client": of.client_name,
        "Actual Count": _plain(of.used),
        "Licensed Count": _plain(of.licensed),
        # Users whom several products share say nothing of one of these.
        "Variance": case((~of.used_is_shared, _plain(of.used - of.licensed))),
        "Status": of.status,
        "Month": bindparam("month", type_=Date),
        "Product": of.product_name,
        "SKU": of.sku,
        "Vendor": of.vendor_name,
        "Currency": of.currency,
        "Charged Count": _plain(of.charged),
        "Billed Count": _plain(of.billed),
        "Unit Price": _plain(of.unit),
        "Unit Cost": _plain(of.unit_cost),
        "Charged": of.owed,
        "Cost": of.charged_cost,
        "Billed": of.billed_amount,
        "Margin": of.margin,
        "Leak": of.leak,
        **{f"Leak: {name.title()}": of[f"leak_{name}"] for name in PARTS},
        "Not Known Because": of.reason,
        "Overcharged": of.overcharge,
        "Overcharged: Quantity": of.overcharge_quantity,
        "Overcharged: Price": of.overcharge_price,
        "From Drafts": of.is_draft,
        "Count Is Shared": of.used_is_shared,
        "Lines of No Known Product": of.unmatched_lines,
        "Company": of.company_name,
        "Client Id": of.client_id,
        "Product Id": guarded(of.product_id),
        "Company Id": guarded(of.company_id),
    }


def _cell(name: str, value: ColumnElement[Any]) -> ColumnElement[Any]:
    return guarded(cast(value, Text)) if name in _FROM_OUTSIDE else value


def _with_filters(
    statement: Select[Any], prices: PriceBasis, names: frozenset[str], sort: str, *, is_past: bool
) -> Prepared:
    of = listing(prices, is_past=is_past, of_one="client_id" in names)
    value, is_descending = of.sorts[sort.removeprefix("-")], sort.startswith("-")
    filtered = statement.where(*(of.filters[name] for name in sorted(names)))
    order = [one.desc() if is_descending else one for one in (value, of.key)]
    return prepare(filtered.order_by(*order))


def _records(prices: PriceBasis, names: frozenset[str], *, is_past: bool) -> Any:
    return records(prices, is_past=is_past, of_one="client_id" in names).c


@lru_cache(64)
def _file_of(prices: PriceBasis, names: frozenset[str], sort: str, *, is_past: bool) -> Prepared:
    cells = _cells(_records(prices, names, is_past=is_past))
    columns = (_cell(name, value).label(name) for name, value in cells.items())
    return _with_filters(select(*columns), prices, names, sort, is_past=is_past)


@lru_cache(64)
def _sheet_of(prices: PriceBasis, names: frozenset[str], sort: str, *, is_past: bool) -> Prepared:
    row = select(sheet_row(_cells(_records(prices, names, is_past=is_past))))
    return _with_filters(row, prices, names, sort, is_past=is_past)


class PostgresFourWayFile:
    """One organisation's month, streamed."""

    def __init__(self, work: UnitOfWork, basis: Basis, standing: Standing) -> None:
        self._work = work
        self._basis = basis
        self._standing = standing

    def csv(self, filters: Mapping[str, Any], sort: str) -> AsyncGenerator[bytes]:
        statement = _file_of(
            self._basis.prices, frozenset(filters), sort, is_past=self._basis.month.is_past
        )
        return csv(self._work.connection, statement, self._values(filters))

    def xlsx(self, filters: Mapping[str, Any], sort: str, summary: Sheet) -> AsyncGenerator[bytes]:
        """A sheet that sums up, then the records, with their status in colours."""
        prices, is_past = self._basis.prices, self._basis.month.is_past
        statement = _sheet_of(prices, frozenset(filters), sort, is_past=is_past)
        rows = lines(self._work.connection, statement, self._values(filters))
        names = tuple(_cells(records(prices, is_past=is_past).c))
        return workbook(names, rows, before=[summary], colours=_COLOURS)

    def _values(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        known = values_of(self._basis, self._standing)
        return {"organisation_id": self._work.organisation_id, **known, **filters}
