"""Workbooks as a spreadsheet reads them."""

import io
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from openpyxl.worksheet.worksheet import Worksheet


def sheets_of(content: bytes) -> list[Worksheet]:
    book = load_workbook(io.BytesIO(content))
    return [book[name] for name in book.sheetnames]


def values_of(sheet: Worksheet) -> list[list[Any]]:
    """Every row, the header's among them; openpyxl leaves Excel's `_x0041_` in text as it is."""
    return [[_read(cell.value) for cell in row] for row in sheet.iter_rows()]


def _read(value: Any) -> Any:
    return unescape(value) if isinstance(value, str) else value


def types_of(sheet: Worksheet, row: int) -> list[str]:
    """`n` for numbers, `d` for days and instants, `b` for truth, `s` for text."""
    return [cell.data_type for cell in sheet[row]]
