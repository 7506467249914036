"""The list of clients as a file, each cell as a spreadsheet may have it."""

import operator
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Numeric,
    Select,
    Text,
    case,
    cast,
    column,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from billingone_api.billing.clients.adapters.postgres.billed import left_out
from billingone_api.billing.clients.adapters.postgres.selection import (
    Shape,
    everything,
    in_order,
    is_invoiced,
    is_pax8s,
)
from billingone_api.billing.clients.models import ClientsWanted
from billingone_api.billing.definitions.adapters.rates import REPORTING_CURRENCY
from billingone_api.billing.definitions.adapters.rounding import rounded, rounded_month
from billingone_api.billing.definitions.figures import Reckoning, Unknown
from billingone_api.database.cells import sheet_row
from billingone_api.database.exports import csv, guarded, lines
from billingone_api.database.fast import Prepared, prepare
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word
from billingone_api.kit.workbooks import workbook

_ZERO: Final = literal_column("0", Numeric)
_FOREIGN: Final = {
    "name",
    "mrr_by_currency",
    "total_spend_by_currency",
    "outstanding_by_currency",
}
"""Cells with words of somebody else's."""
Shown = Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class Reckoned:
    """Why nothing is known of subscriptions, of invoices, of devices; None where something is."""

    subscriptions: Unknown | None
    books: Unknown | None
    devices: Unknown | None
    has_rules: bool


@dataclass(frozen=True, slots=True)
class PostgresClientsFile:
    """Every client of one organisation that is asked for."""

    work: UnitOfWork
    reckoning: Reckoning

    def csv(self, wanted: ClientsWanted) -> AsyncGenerator[bytes]:
        statement = _file_of(self._shape(wanted), self._by())
        return csv(self.work.connection, statement, self._values(wanted))

    def xlsx(self, wanted: ClientsWanted) -> AsyncGenerator[bytes]:
        shape, by = self._shape(wanted), self._by()
        rows = lines(self.work.connection, _sheet_of(shape, by), self._values(wanted))
        return workbook(tuple(_cells(everything(shape), shape, by)), rows)

    def _by(self) -> Reckoned:
        by = self.reckoning
        return Reckoned(
            by.source.unknown, by.books_unknown, by.devices_unknown, has_rules=by.has_count_rules
        )

    def _shape(self, wanted: ClientsWanted) -> Shape:
        return Shape(
            basis=self.reckoning.basis,
            active=wanted.active,
            sort=wanted.sort,
            is_searched=wanted.q is not None,
            is_continued=False,
        )

    def _values(self, wanted: ClientsWanted) -> dict[str, Any]:
        return {
            "organisation_id": self.work.organisation_id,
            "today": self.reckoning.today,
            "reporting_currency": self.reckoning.reporting_currency,
            "now": self.reckoning.now,
            "q": wanted.q,
        }


@lru_cache(64)
def _file_of(shape: Shape, by: Reckoned) -> Prepared:
    rows = everything(shape)
    cells = _cells(rows, shape, by)
    cells |= {name: guarded(cells[name]) for name in cells if name in _FOREIGN}
    cells["active"] = cast(cells["active"], Text)
    return _prepared(select(*(cell.label(label) for label, cell in cells.items())), rows, shape)


@lru_cache(64)
def _sheet_of(shape: Shape, by: Reckoned) -> Prepared:
    rows = everything(shape)
    return _prepared(select(sheet_row(_cells(rows, shape, by))), rows, shape)


def _prepared(columns: Select[Any], rows: FromClause, shape: Shape) -> Prepared:
    of = rows.c
    return prepare(columns.select_from(rows).order_by(*in_order(of.sort_value, of.id, shape)))


def _cells(rows: FromClause, shape: Shape, by: Reckoned) -> dict[str, ColumnElement[Any]]:
    of = rows.c
    not_counted = _not_counted(rows, by.subscriptions)
    not_known = _not_known(rows, not_counted, knows_sell_price=shape.basis.knows_sell_price)
    is_known = not_known.is_(None)
    has_parts = is_known | (not_known == word(Unknown.EXCHANGE_RATE_MISSING))
    month = rounded_month(func.coalesce(of.reporting, _ZERO), REPORTING_CURRENCY)
    return {
        "id": of.id,
        "name": of.name,
        "active": of.is_active,
        "linked_sources": func.array_to_string(of.linked_sources, " ", type_=Text),
        "mrr": case((is_known, month), else_=null()),
        "currency": case((is_known, REPORTING_CURRENCY), else_=null()),
        "mrr_unknown": not_known,
        "mrr_by_currency": case((has_parts, _by_currency(rows)), else_=null()),
        "mrr_excluded": case((has_parts, func.coalesce(of.excluded, _ZERO)), else_=null()),
        "active_subscriptions": case(
            (not_counted.is_(None), func.coalesce(of.active, _ZERO)), else_=null()
        ),
        **_used(rows, by, not_counted),
        **_billed(rows, by),
    }


def _used(
    rows: FromClause, by: Reckoned, not_counted: ColumnElement[Any]
) -> dict[str, ColumnElement[Any]]:
    of = rows.c
    no_count = case((of.devices.is_(None), word(Unknown.NO_COUNT)))
    devices: ColumnElement[Any] = (
        func.coalesce(of.devices_unknown, no_count) if by.devices is None else word(by.devices)
    )
    rule = null() if by.has_rules else word(Unknown.NO_COUNT_RULE)
    licences = func.coalesce(not_counted, rule, of.licences_unknown)
    seats = func.trunc(func.coalesce(of.licences, _ZERO), type_=Numeric)
    return {
        "devices": case((devices.is_(None), cast(of.devices, Numeric)), else_=null()),
        "devices_unknown": devices,
        "licences": case((licences.is_(None), seats), else_=null()),
        "licences_unknown": licences,
    }


def _billed(rows: FromClause, by: Reckoned) -> dict[str, ColumnElement[Any]]:
    """In the reporting currency, as the list has them."""
    cells: dict[str, ColumnElement[Any]] = {}
    for label, name in (("total_spend", "revenue"), ("outstanding", "owed")):
        not_known = _not_billed(rows, name, by.books)
        is_known = not_known.is_(None)
        has_parts = is_known | (not_known == word(Unknown.EXCHANGE_RATE_MISSING))
        exact = rounded(func.coalesce(rows.c[name], _ZERO), REPORTING_CURRENCY)
        cells |= {
            label: case((is_known, exact), else_=null()),
            f"{label}_unknown": not_known,
            f"{label}_by_currency": case((has_parts, _parts(rows, name)), else_=null()),
            f"{label}_excluded": case((has_parts, _left_out(rows, name)), else_=null()),
        }
    return cells


def _not_billed(rows: FromClause, name: str, unknown: Unknown | None) -> ColumnElement[Any]:
    """Why nothing is known of a client's invoices, in the order of `Reckoning`."""
    if unknown is not None:
        return word(unknown)
    lacks_rate = rows.c[f"{name}_missing_rates"].is_not(None)
    return case(
        (~is_invoiced(rows), word(Unknown.NOT_LINKED)),
        (lacks_rate, word(Unknown.EXCHANGE_RATE_MISSING)),
        else_=null(),
    )


def _left_out(rows: FromClause, name: str) -> ColumnElement[Any]:
    counts = (func.coalesce(rows.c[count], _ZERO) for count in left_out(name))
    return reduce(operator.add, counts)


def _parts(rows: FromClause, name: str) -> ColumnElement[Any]:
    return _in_words(
        rows,
        func.unnest(rows.c.billed_currencies, rows.c[f"{name}_parts"]),
        lambda part, currency: case((part != _ZERO, rounded(part, currency)), else_=null()),
    )


def _not_counted(rows: FromClause, unknown: Unknown | None) -> ColumnElement[Any]:
    """Why nothing of a client is known, in the order of `Reckoning`; NULL where it is."""
    if unknown is not None:
        return word(unknown)
    return case((~is_pax8s(rows), word(Unknown.NOT_LINKED)), else_=null())


def _not_known(
    rows: FromClause, not_counted: ColumnElement[Any], *, knows_sell_price: bool
) -> ColumnElement[Any]:
    """Why the MRR of a client is not known, in the order of `Reckoning`."""
    price: ColumnElement[Any] = null() if knows_sell_price else word(Unknown.SELL_PRICE_UNKNOWN)
    lacks_rate = rows.c.missing_rates.is_not(None)
    rate = case((lacks_rate, word(Unknown.EXCHANGE_RATE_MISSING)), else_=null())
    return func.coalesce(not_counted, price, rate)


def _by_currency(rows: FromClause) -> ColumnElement[Any]:
    return _in_words(rows, func.unnest(rows.c.currencies, rows.c.parts), rounded_month)


def _in_words(rows: FromClause, pairs: Any, shown: Shown) -> ColumnElement[Any]:
    """`AUD 1080.00; USD 100.00`: amounts of different currencies share no column."""
    each = pairs.table_valued(
        column("currency", Text), column("part", Numeric), name="each"
    ).render_derived()
    amount = cast(shown(each.c.part, each.c.currency), Text)
    in_turn = aggregate_order_by(word("; "), each.c.currency)
    words = func.string_agg(each.c.currency + " " + amount, in_turn, type_=Text)
    return select(words).select_from(each).correlate(rows).scalar_subquery()
