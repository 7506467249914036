"""Values of PostgreSQL's in cells of a workbook, read back as a spreadsheet would."""

from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Boolean, Date, DateTime, Integer, Numeric, Text, Uuid, cast, literal, select
from sqlalchemy.types import NullType, TypeEngine
from tests.support.sheets import sheets_of, types_of, values_of

from billingone_api.database.cells import sheet_row
from billingone_api.database.exports import lines
from billingone_api.database.fast import prepare
from billingone_api.kit.ids import new_id
from billingone_api.kit.workbooks import workbook
from billingone_api.process import Process

FORMULAS = ["=1+1", "+1", "-3", "@SUM(A1)", '=HYPERLINK("x")', "＝1", "\t=1", "'=1"]  # noqa: RUF001 - hostile
HOSTILE = [
    "<&>\"'", "]]>", "_x0041_", "__x000D_", "_x_", "a\x01\x02\x1f\x7fb", "\ufffe\uffffx", "🦘 é",
    " kept ", "&amp;", "\u202ertl", "x" * 40_000, "\\", "\\.", "\\N", '"', ",", "",
]  # fmt: skip
SHOWN = {
    "\t=1": " =1",
    "a\x01\x02\x1f\x7fb": "a\x7fb",
    "\ufffe\uffffx": "x",
    "x" * 40_000: "x" * 32_767,
}


async def sheet(process: Process, cells: dict[str, tuple[Any, TypeEngine[Any]]]) -> Any:
    row = sheet_row(
        {name: cast(literal(value, kind), kind) for name, (value, kind) in cells.items()}
    )
    statement = prepare(select(row))

    async def copied() -> AsyncGenerator[bytes]:
        async with process.work(new_id()) as work:
            async for chunk in lines(work.connection, statement, {}):
                yield chunk

    book = workbook(list(cells), copied())
    (found,) = sheets_of(b"".join([chunk async for chunk in book]))
    return found


async def test_each_type_has_cells_of_its_own(process: Process) -> None:
    instant = datetime(2026, 11, 24, 1, 2, 3, 500_000, tzinfo=UTC)
    id_ = UUID("0192f0c1-2222-7000-8000-000000000001")
    found = await sheet(
        process,
        {
            "number": (Decimal("-1234.50"), Numeric()),
            "whole": (7, Integer()),
            "day": (date(2026, 2, 28), Date()),
            "instant": (instant, DateTime(timezone=True)),
            "truth": (True, Boolean()),
            "lie": (False, Boolean()),
            "text": ("Acacia", Text()),
            "id": (id_, Uuid()),
            "nothing": (None, Numeric()),
            "no day": (None, Date()),
            "no text": (None, Text()),
        },
    )
    assert types_of(found, 2) == ["n", "n", "d", "d", "b", "b", "s", "s", *["n"] * 3]
    assert values_of(found)[1] == [
        -1234.5, 7, datetime(2026, 2, 28), datetime(2026, 11, 24, 1, 2, 3, 500_000),  # noqa: DTZ001 - Excel knows no zones
        True, False, "Acacia", str(id_), None, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("day", "shown"),
    [
        (date(1900, 3, 1), datetime(1900, 3, 1)),  # noqa: DTZ001 - Excel knows no zones
        (date(1900, 2, 28), "1900-02-28"),
        (date(1, 1, 1), "0001-01-01"),
        (date(9999, 12, 31), datetime(9999, 12, 31)),  # noqa: DTZ001 - Excel knows no zones
    ],
)
async def test_a_day_that_excel_does_not_know_is_text(
    process: Process, day: date, shown: Any
) -> None:
    assert values_of(await sheet(process, {"day": (day, Date())}))[1] == [shown]


async def test_text_stays_text_whatever_it_looks_like(process: Process) -> None:
    texts = FORMULAS + HOSTILE
    found = await sheet(process, {str(n): (text, Text()) for n, text in enumerate(texts)})
    values = dict(zip(texts, values_of(found)[1], strict=True))
    assert values == {text: SHOWN.get(text, text) for text in texts}
    assert set(types_of(found, 2)) == {"s"}


def test_a_cell_without_a_type_is_our_mistake() -> None:
    with pytest.raises(TypeError, match="no type"):
        sheet_row({"x": literal(1, NullType())})
