"""The mapping as people keep it in a spreadsheet, read row by row: a bad row spoils no other."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from billingone_api.billing.clients.deeds import Do, Flaw, Wish
from billingone_api.billing.clients.errors import CsvUnreadable
from billingone_api.billing.clients.models import IDENTIFIERS, Record
from billingone_api.kit.text import storable

COLUMNS: Final = ("source", "source_id", "client_id", "reason")
NOBODY: Final = "nobody"
UNMAPPED: Final = "unmapped"
"""In place of a client's id; an empty cell leaves the record as it is."""
MOST_ROWS: Final = 50_000
_LONGEST: Final = {"source_id": 200, "reason": 500}
_SEPARATORS: Final = ",;\t"
_GUARD: Final = re.compile(r"^'(?=[\s\u3000\ufeff]*[=+\-@＝＋－＠])")  # noqa: RUF001 - both widths


@dataclass(frozen=True, slots=True)
class Row:
    """`line` is the one of the file on which the row ends, the header's being 1."""

    line: int
    wish: Wish


def read(body: bytes) -> Sequence[Row]:
    """Every row as a wish, with its flaw where it is none.

    Raises CsvUnreadable where the file as a whole makes no sense.
    """
    text = _decoded(body)
    head = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=head.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[Row] = []
    try:
        at = _places(next(lines, []))
        for cells in lines:
            if any(cell.strip() for cell in cells):
                rows.append(Row(lines.line_num, _wish(cells, at)))
            if len(rows) > MOST_ROWS:
                raise CsvUnreadable(
                    f"Send {MOST_ROWS:,} rows at most, in several files if need be."
                )
    except csv.Error as error:
        raise CsvUnreadable(f"Line {lines.line_num} is no CSV: {error}.") from error
    return rows


def _decoded(body: bytes) -> str:
    """With or without a byte-order mark; Excel's `Unicode text` is UTF-16."""
    is_wide = body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return body.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise CsvUnreadable("Save the file as CSV UTF-8 and send it again.") from None


def _places(header: Sequence[str]) -> dict[str, int]:
    names = [name.strip().lower() for name in header]
    known = {name: names.index(name) for name in COLUMNS if names.count(name) == 1}
    missing = [name for name in COLUMNS[:3] if name not in known]
    if missing:
        raise CsvUnreadable(f"The first line has to name, once each: {', '.join(missing)}.")
    return known


def _wish(cells: Sequence[str], at: dict[str, int]) -> Wish:
    said = {name: _cell(cells, place) for name, place in at.items()}
    record = Record(said["source"].lower(), said["source_id"])
    flaw = next(_flaws(said, record), None)
    if flaw is not None:
        return Wish(record, Do.LEAVE, flaw=flaw)
    whose = said["client_id"].lower()
    if whose == "":
        return Wish(record, Do.LEAVE)
    if whose == UNMAPPED:
        return Wish(record, Do.RELEASE)
    if whose == NOBODY:
        reason = said.get("reason")
        return Wish(record, Do.IGNORE, reason=reason or None, keeps_reason=reason is None)
    return Wish(record, Do.ASSIGN, UUID(whose))


def _cell(cells: Sequence[str], place: int) -> str:
    """Without the apostrophe by which our own files keep it from being a formula."""
    return _GUARD.sub("", cells[place].strip()) if place < len(cells) else ""


def _flaws(said: dict[str, str], record: Record) -> Iterator[Flaw]:
    if record.source not in IDENTIFIERS:
        yield Flaw.SOURCE_UNKNOWN
    if not record.source_id or not _is_kept("source_id", record.source_id):
        yield Flaw.RECORD_NOT_FOUND
    if not _is_kept("reason", said.get("reason", "")):
        yield Flaw.REASON_INVALID
    if said["client_id"].lower() not in {"", NOBODY, UNMAPPED} and not _is_id(said["client_id"]):
        yield Flaw.CLIENT_ID_INVALID


def _is_kept(name: str, value: str) -> bool:
    try:
        storable(value)
    except ValueError:
        return False
    return len(value) <= _LONGEST[name]


def _is_id(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True
