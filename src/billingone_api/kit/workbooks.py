"""Workbooks (xlsx, ECMA-376) written while they are sent: never whole in memory, never in a file.

The libraries that write these keep a sheet in memory or in a temporary file until it is complete.
Here rows come as XML and leave, deflated, at once. Excel takes 1,048,576 rows on a sheet: what is
more goes on on the next, and so does a sheet that would be too large for a plain zip archive.
"""

import zlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Final
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS: Final = 1_048_575
"""On a sheet, below its header."""
DAY_STYLE: Final = 1
INSTANT_STYLE: Final = 2
_NAMES_STYLE: Final = 3

GREEN: Final = "C6EFCE"
AMBER: Final = "FFEB9C"
RED: Final = "FFC7CE"
GREY: Final = "E7E6E6"
_COLOURS: Final = (GREEN, AMBER, RED, GREY)
"""What cells may be filled with; a workbook names them by their place here."""

_MOST_BYTES: Final = 1_500_000_000
_CHUNK: Final = 64 * 1024
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# Sheets are the default, so that how many there will be need not be known at the beginning.
_TYPES: Final = (
    f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Default Extension="xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>'
)
_STYLES: Final = (
    f'{_XML}<styleSheet xmlns="{_MAIN}"><numFmts count="2">'
    '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font/><font><b/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    "<borders><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
    '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="4"><xf/><xf numFmtId="164" applyNumberFormat="1"/>'
    '<xf numFmtId="165" applyNumberFormat="1"/><xf fontId="1" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    f'<dxfs count="{len(_COLOURS)}">'
    + "".join(
        f'<dxf><fill><patternFill><bgColor rgb="FF{colour}"/></patternFill></fill></dxf>'
        for colour in _COLOURS
    )
    + "</dxfs></styleSheet>"
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A small sheet that is known whole, before the rows: names in the first column, values."""

    name: str
    rows: Sequence[tuple[str, str | int | Decimal | None]]


@dataclass(frozen=True, slots=True)
class Colours:
    """Cells of a column, by its letter, that are filled where they hold a word of ours."""

    column: str
    by_word: Mapping[str, str]


PLAIN: Final = Colours("A", {})


async def workbook(
    names: Sequence[str],
    lines: AsyncGenerator[bytes],
    *,
    rows_on_a_sheet: int = MOST_ROWS,
    before: Sequence[Sheet] = (),
    colours: Colours = PLAIN,
) -> AsyncGenerator[bytes]:
    """`names` above each sheet, below them `lines`: chunks of whole rows as XML, one on a line.

    Sheets that stand `before` keep their names, those of the rows are called Sheet1 and so on.
    """
    book = _Book(names, rows_on_a_sheet, before, colours)
    async with aclosing(lines):
        try:
            async for chunk in lines:
                book.write(chunk)
                if len(book.written) >= _CHUNK:
                    yield book.taken()
            book.finish()
            yield book.taken()
        finally:
            book.drop()


class _Written(bytearray):
    """What a zip archive writes into; it cannot go back, and does not know where it is."""

    def write(self, data: bytes) -> int:
        self.extend(data)
        return len(data)

    def flush(self) -> None:
        return


class _Book:
    def __init__(
        self,
        names: Sequence[str],
        rows_on_a_sheet: int,
        before: Sequence[Sheet] = (),
        colours: Colours = PLAIN,
    ) -> None:
        self.written = _Written()
        self._most = rows_on_a_sheet
        self._zip = ZipFile(self.written, "w")  # type: ignore[call-overload]  # all that a zip asks of a stream
        self._head = _head(names)
        self._foot = b"</sheetData>" + _coloured(colours) + b"</worksheet>"
        self._before = [sheet.name for sheet in before]
        self._sheets = 0
        self._sheet: IO[bytes] | None = None
        self._rows = self._bytes = 0
        self._part("[Content_Types].xml", _TYPES)
        self._part("_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
        self._part("xl/styles.xml", _STYLES)
        for sheet in before:
            self._sheets += 1
            self._part(f"xl/worksheets/sheet{self._sheets}.xml", _whole(sheet))
        self._begin()

    def write(self, lines: bytes) -> None:
        while lines:
            if self._rows == self._most or self._bytes > _MOST_BYTES:
                self._end()
                self._begin()
            fitting, lines = _first(lines, self._most - self._rows)
            self._rows += fitting.count(b"\n")
            self._bytes += len(fitting)
            self._open.write(fitting)

    def taken(self) -> bytes:
        chunk = bytes(self.written)
        self.written.clear()
        return chunk

    def finish(self) -> None:
        self._end()
        numbers = range(1, self._sheets + 1)
        sheets = "".join(
            f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>'
            for number, name in zip(numbers, self._names(), strict=True)
        )
        self._part(
            "xl/workbook.xml",
            f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets>'
            "</workbook>",
        )
        parts = [("worksheet", f"worksheets/sheet{number}.xml") for number in numbers]
        self._part("xl/_rels/workbook.xml.rels", _relations([*parts, ("styles", "styles.xml")]))
        self._zip.close()

    def _names(self) -> list[str]:
        of_rows = range(1, self._sheets - len(self._before) + 1)
        return [escape(name) for name in self._before] + [f"Sheet{number}" for number in of_rows]

    def drop(self) -> None:
        """Of a book that nobody waits for: an archive that is left open complains when it goes."""
        if self._sheet is not None:
            self._sheet.close()
        self._zip.close()

    @property
    def _open(self) -> IO[bytes]:
        if self._sheet is None:
            raise ValueError("No sheet has been begun.")
        return self._sheet

    def _begin(self) -> None:
        self._sheets += 1
        self._rows = self._bytes = 0
        self._sheet = self._zip.open(_entry(f"xl/worksheets/sheet{self._sheets}.xml"), "w")
        self._sheet.write(self._head)

    def _end(self) -> None:
        self._open.write(self._foot)
        self._open.close()
        self._sheet = None

    def _part(self, name: str, text: str) -> None:
        self._zip.writestr(_entry(name), text)


def _entry(name: str) -> ZipInfo:
    """Of no time, so that the same rows make the same bytes."""
    entry = ZipInfo(name)
    entry.compress_type = ZIP_DEFLATED
    entry._compresslevel = zlib.Z_BEST_SPEED  # type: ignore[attr-defined]  # noqa: SLF001 - public from 3.13 on, by another name
    return entry


def _head(names: Sequence[str]) -> bytes:
    cells = "".join(
        f'<c s="{_NAMES_STYLE}" t="inlineStr"><is><t>{escape(name)}</t></is></c>' for name in names
    )
    pane = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">{pane}'
        f"</sheetView></sheetViews><sheetData>\n<row>{cells}</row>\n"
    ).encode()


def _whole(sheet: Sheet) -> str:
    rows = "".join(
        f"<row>{_cell(name, _NAMES_STYLE)}{_cell(value)}</row>" for name, value in sheet.rows
    )
    return f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def _cell(value: str | int | Decimal | None, style: int = 0) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, str):
        return f'<c s="{style}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return (
        f'<c s="{style}"><v>{value:f}</v></c>'
        if isinstance(value, Decimal)
        else (f'<c s="{style}"><v>{value}</v></c>')
    )


def _coloured(colours: Colours) -> bytes:
    if not colours.by_word:
        return b""
    place = f"{colours.column}2:{colours.column}{MOST_ROWS + 1}"
    rules = "".join(
        f'<cfRule type="cellIs" dxfId="{_COLOURS.index(colour)}" priority="{at}"'
        f' operator="equal"><formula>"{escape(word)}"</formula></cfRule>'
        for at, (word, colour) in enumerate(colours.by_word.items(), start=1)
    )
    return f'<conditionalFormatting sqref="{place}">{rules}</conditionalFormatting>'.encode()


def _relations(parts: Sequence[tuple[str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(parts, start=1)
    )
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'


def _first(lines: bytes, count: int) -> tuple[bytes, bytes]:
    """So many lines, and what comes after them."""
    if lines.count(b"\n") <= count:
        return lines, b""
    end = -1
    for _ in range(count):
        end = lines.index(b"\n", end + 1)
    return lines[: end + 1], lines[end + 1 :]
