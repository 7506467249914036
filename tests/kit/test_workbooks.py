import io
import re
import zipfile
from collections.abc import AsyncGenerator
from xml.etree import ElementTree as ET

import pytest
from tests.support.sheets import sheets_of, values_of

from billingone_api.kit.workbooks import workbook


def row(number: int) -> bytes:
    return f"<row><c><v>{number}</v></c></row>\n".encode()


async def chunks(numbers: list[list[int]]) -> AsyncGenerator[bytes]:
    for some in numbers:
        yield b"".join(map(row, some))


async def written(numbers: list[list[int]], most: int = 1_048_575) -> bytes:
    book = workbook(["a<b>", "&"], chunks(numbers), rows_on_a_sheet=most)
    return b"".join([chunk async for chunk in book])


async def test_a_book_has_its_names_and_rows() -> None:
    (sheet,) = sheets_of(await written([[1, 2], [3]]))
    assert values_of(sheet) == [["a<b>", "&"], [1, None], [2, None], [3, None]]
    assert sheet.freeze_panes == "A2"


async def test_a_book_of_nothing_is_its_header() -> None:
    (sheet,) = sheets_of(await written([]))
    assert values_of(sheet) == [["a<b>", "&"]]


@pytest.mark.parametrize(
    ("numbers", "on_sheets"),
    [
        ([[1, 2, 3]], [[1, 2, 3]]),
        ([[1, 2], [3, 4]], [[1, 2, 3], [4]]),
        ([[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 5, 6]]),
        ([[1, 2, 3, 4, 5, 6, 7]], [[1, 2, 3], [4, 5, 6], [7]]),
    ],
)
async def test_rows_that_fit_no_sheet_go_on_the_next(
    numbers: list[list[int]], on_sheets: list[list[int]]
) -> None:
    sheets = sheets_of(await written(numbers, most=3))
    assert [[values[0] for values in values_of(sheet)[1:]] for sheet in sheets] == on_sheets
    assert [sheet.title for sheet in sheets] == [f"Sheet{n + 1}" for n in range(len(on_sheets))]


async def test_every_part_is_xml_with_a_type_and_what_is_related_is_there() -> None:
    archive = zipfile.ZipFile(io.BytesIO(await written([[1, 2, 3, 4]], most=2)))
    assert archive.testzip() is None
    names = set(archive.namelist())
    for name in names:
        ET.fromstring(archive.read(name))  # noqa: S314 - we have just written it
    targets = re.findall(r'Target="([^"]+)"', archive.read("xl/_rels/workbook.xml.rels").decode())
    assert {f"xl/{target}" for target in targets} <= names
    assert archive.infolist()[0].filename == "[Content_Types].xml"


async def test_a_book_leaves_while_it_is_written() -> None:
    """And never as more than a little at once: the rows wait for their reader."""
    numbers = [list(range(block * 5_000, block * 5_000 + 5_000)) for block in range(60)]
    sizes = [len(chunk) async for chunk in workbook(["n"], chunks(numbers))]
    assert len(sizes) > 5
    assert max(sizes) < 200_000


async def test_a_book_that_nobody_reads_to_the_end_is_no_archive() -> None:
    numbers = [list(range(20_000))] * 5
    book = workbook(["n"], chunks(numbers))
    first = await anext(book)
    await book.aclose()
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(first))


async def test_rows_that_break_break_the_book() -> None:
    async def breaking() -> AsyncGenerator[bytes]:
        yield row(1)
        raise RuntimeError("planted")

    with pytest.raises(RuntimeError, match="planted"):
        assert [chunk async for chunk in workbook(["n"], breaking())] == []
