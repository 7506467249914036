"""The list of invoices as a file: every row, safe for spreadsheets."""

import csv
import io
from datetime import date, datetime
from decimal import Decimal

import pytest
from tests.support.api import Api
from tests.support.databases import Database
from tests.support.sales import SalesBooks
from tests.support.sheets import sheets_of, types_of, values_of

URL = "/v1/invoices/export.csv"
WORKBOOK = "/v1/invoices/export.xlsx"
HEADER = (
    "id,source,source_id,also_in_superops,number,reference,badge,source_status,client_id,client,"
    "client_by_hand,contact_id,contact,amount,amount_due,currency,issued_on,due_on,"
    "has_no_due_date,paid_on,is_gone,changed_at"
)


async def exported(api: Api, query: str = "") -> list[dict[str, str]]:
    answer = await api.viewer.get(f"{URL}?{query}")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def test_a_file_has_a_name_a_header_and_every_row(api: Api, books: SalesBooks) -> None:
    made = await books.invoice(number="INV-1", reference="November", source_id="abc")
    await books.twin(made, source_id="77")
    await books.invoice(
        number="INV-2", currency=None, due_on=None, issued_on=date(2026, 11, 1), source_id="def"
    )
    await books.invoice(number="INV-3", state="void")
    answer = await api.viewer.get(URL)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="invoices-2026-11-24.csv"'
    )
    header, first, second, end = answer.text.split("\r\n")
    assert header == HEADER
    assert first == (
        f"{made},xero,abc,77,INV-1,November,submitted,AUTHORISED,,Harbour Dental Pty Ltd,false,"
        "contact-1,Harbour Dental Pty Ltd,110.00,110.00,AUD,2026-11-10,2026-12-01,false,,false,"
        "2026-11-24T01:00:00.000000Z"
    )
    assert second.split(",")[13:19] == ["", "", "", "2026-11-01", "2026-11-01", "true"]
    assert end == ""


@pytest.mark.parametrize("url", [URL, WORKBOOK])
async def test_a_file_of_nothing_is_its_header(api: Api, url: str) -> None:
    answer = await api.viewer.get(url)
    assert answer.status_code == 200
    if url == URL:
        assert answer.text == HEADER + "\r\n"
    else:
        (sheet,) = sheets_of(answer.content)
        assert values_of(sheet) == [HEADER.split(",")]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-3 Teams", "@SUM(A1)", "\t=1", "  =1"])
async def test_text_is_never_a_formula_and_a_number_stays_one(
    api: Api, books: SalesBooks, text: str
) -> None:
    made = await books.invoice(
        number=text, reference=text, contact_name=text, client_label=text, source_status=text,
        total=Decimal(-3), amount_due=Decimal(-3),
    )  # fmt: skip
    await books.twin(made, source_id=text)
    (row,) = await exported(api)
    for name in ("number", "reference", "contact", "client", "source_status", "also_in_superops"):
        assert row[name].startswith("'"), name
    assert (row["amount"], row["amount_due"]) == ("-3.00", "-3.00")


async def test_cells_of_a_workbook_have_types(api: Api, books: SalesBooks) -> None:
    await books.invoice(number="=1+1", total=Decimal("1234.5"))
    answer = await api.viewer.get(WORKBOOK)
    assert 'filename="invoices-2026-11-24.xlsx"' in answer.headers["content-disposition"]
    (sheet,) = sheets_of(answer.content)
    header, row = values_of(sheet)
    cells = dict(zip(header, row, strict=True))
    kinds = dict(zip(header, types_of(sheet, 2), strict=True))
    assert (cells["number"], kinds["number"]) == ("=1+1", "s")
    assert (cells["amount"], kinds["amount"]) == (1234.5, "n")
    assert (cells["issued_on"], kinds["issued_on"]) == (datetime(2026, 11, 10), "d")  # noqa: DTZ001 - a cell has no zone
    assert (cells["is_gone"], kinds["is_gone"]) == (False, "b")


async def test_a_file_has_the_lists_filters_and_order(api: Api, books: SalesBooks) -> None:
    for number in range(5):
        await books.invoice(number=f"INV-{number}", total=Decimal(number))
    rows = await exported(api, "sort=-amount&amount_from=2&q=inv")
    assert [row["number"] for row in rows] == ["INV-4", "INV-3", "INV-2"]
    for query in ("limit=1", "cursor=a", "nonsense=1", "sort=name"):
        for url in (URL, WORKBOOK):
            assert (await api.viewer.get(f"{url}?{query}")).status_code == 422


async def test_ten_thousand_rows_are_all_there(
    api: Api, books: SalesBooks, database: Database
) -> None:
    await database.as_owner(
        "INSERT INTO invoices (organisation_id, id, source, ledger_id, source_id, state, number,"
        " currency, total, amount_due, first_seen_at, changed_at)"
        " SELECT $1, gen_random_uuid(), 'xero', $2, 's' || n, 'paid', 'INV-' || n, 'AUD', n, 0,"
        " now(), now() FROM generate_series(1, 10000) n",
        api.organisation_id,
        books.ledgers["xero"],
    )
    rows = await exported(api, "sort=amount")
    assert [row["number"] for row in rows] == [f"INV-{n}" for n in range(1, 10_001)]
    (sheet,) = sheets_of((await api.viewer.get(WORKBOOK)).content)
    assert sheet.max_row == 10_001
