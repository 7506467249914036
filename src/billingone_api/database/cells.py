"""Rows of a workbook as XML, written by PostgreSQL: numbers, days, instants, truth and text.

Text stands in a cell of the type text, where no spreadsheet looks for a formula; it keeps its
letters, but for control characters, which XML has none of.
"""

from collections.abc import Mapping
from functools import reduce
from operator import add
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Numeric,
    Text,
    Uuid,
    case,
    cast,
    func,
    literal_column,
)

from billingone_api.database.words import word
from billingone_api.kit.workbooks import DAY_STYLE, INSTANT_STYLE

_LONGEST: Final = 32_767
"""Characters that Excel takes in a cell."""
# Excel counts days from here, and took 1900 for a leap year: it knows none before March of it.
_DAY_ZERO: Final = literal_column("date '1899-12-30'", Date)
_FIRST_DAY: Final = literal_column("date '1900-03-01'", Date)
_CONTROLS: Final = literal_column(
    "E'" + "".join(f"\\x{code:02x}" for code in range(1, 32) if code not in {9, 10, 13}) + "'",
    Text,
)
_BREAKS: Final = literal_column(r"E'\t\r\n\uFFFE\uFFFF'", Text)


def sheet_row(cells: Mapping[str, ColumnElement[Any]]) -> ColumnElement[str]:
    """`<row>…</row>` without a line break; a cell's type is its column's."""
    parts = [func.coalesce(_cell(cell), word("<c/>")) for cell in cells.values()]
    return word("<row>") + reduce(add, parts) + word("</row>")


def _cell(cell: ColumnElement[Any]) -> ColumnElement[Any]:
    kind = cell.type
    if isinstance(kind, Boolean):
        return word('<c t="b"><v>') + cast(cast(cell, Integer), Text) + word("</v></c>")
    if isinstance(kind, Numeric | Integer):
        return _number(cell)
    if isinstance(kind, Date):
        day = _written_out(cell)
        known = _number(cast(day - _DAY_ZERO, Integer), style=DAY_STYLE)
        return case((day >= _FIRST_DAY, known), else_=_words(cast(day, Text)))
    if isinstance(kind, DateTime):
        return _number(_days(cell), style=INSTANT_STYLE)
    if isinstance(kind, Text | Uuid):
        return _words(cast(cell, Text))
    raise TypeError(f"{cell} has no type that a spreadsheet knows: {kind!r}.")


def _written_out(day: ColumnElement[Any]) -> ColumnElement[Any]:
    """The driver keeps Python's first and last day as PostgreSQL's infinities."""
    last, first = (literal_column(f"date '{end}'", Date) for end in ("9999-12-31", "0001-01-01"))
    return case((day > last, last), (day < first, first), else_=day)


def _number(value: ColumnElement[Any], *, style: int = 0) -> ColumnElement[Any]:
    return word(f'<c s="{style}"><v>') + cast(value, Text) + word("</v></c>")


def _days(instant: ColumnElement[Any]) -> ColumnElement[Any]:
    """In UTC, to the millisecond, which is as far as Excel goes."""
    since_1970 = cast(func.extract("epoch", instant), Numeric) / literal_column("86400", Numeric)
    return func.round(since_1970 + literal_column("25569", Numeric), literal_column("8", Integer))


def _words(text: ColumnElement[Any]) -> ColumnElement[Any]:
    line = func.translate(text, _BREAKS, word("   "))
    plain = func.left(func.translate(line, _CONTROLS, word("")), literal_column(str(_LONGEST)))
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        plain = func.replace(plain, word(sign), word(entity))
    # Excel reads _x0041_ as an A: what looks like that is said to be an underscore first.
    looks_like_code = literal_column("'_(x[0-9A-Fa-f]{4}_)'", Text)
    plain = func.regexp_replace(plain, looks_like_code, literal_column(r"'_x005F_\1'", Text), "g")
    return word('<c t="inlineStr"><is><t xml:space="preserve">') + plain + word("</t></is></c>")
