"""A month as a file, read back as a spreadsheet would."""

import csv
import io
from decimal import Decimal

from openpyxl import load_workbook
from tests.support.month_end import BASE, MonthEnd, line

EVIL = "=cmd|' /C calc'!A0"


async def test_the_files_have_the_records_of_the_list_and_no_cell_is_a_formula(
    month_end: MonthEnd,
) -> None:
    house = month_end.house
    await house.product("edr", "Endpoint Detection", sku="SKU-EDR")
    await month_end.bill()
    for name, charged, billed in ((EVIL, 13, 10), ("Banksia, “Ltd”", 10, 12), ("Correa", 10, 10)):
        client = await month_end.client(name)
        await month_end.holds(client, "edr", 10)
        await month_end.charged(name, "edr", charged)
        await month_end.billed(client, line(billed))
        await house.counted(client, "devices", 12)
    await house.rule("devices", "edr")
    await house.snapshot()
    viewer = house.api.viewer

    answer = await viewer.get(f"{BASE}/export.csv", params={"sort": "client"})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.text.startswith("Client,Actual Count,Licensed Count,Variance,Status,Month,")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [list(row.values())[:6] for row in rows] == [
        [f"'{EVIL}", "12", "10", "2", "leaking", "2026-11-01"],
        ["Banksia, “Ltd”", "12", "10", "2", "overbilled", "2026-11-01"],
        ["Correa", "12", "10", "2", "matched", "2026-11-01"],
    ]
    told = {
        "Charged Count": "13", "Billed Count": "10", "Charged": "130.00", "Billed": "100.00",
        "Cost": "104.00", "Margin": "-4.00", "Leak": "30.00", "Leak: Quantity": "30.00",
        "Leak: Price": "0.00", "Leak: Timing": "0.00", "Overcharged": "24.00", "From Drafts": "f",
    }  # fmt: skip
    assert {name: rows[0][name] for name in told} == told
    for query in ({"status": "overbilled"}, {"sort": "-client"}, {"q": "correa"}, {}):
        listed = [one["client_id"] for one in await month_end.records(**query)]
        answer = await viewer.get(f"{BASE}/export.csv", params=query)
        file = csv.DictReader(io.StringIO(answer.text, newline=""))
        assert [row["Client Id"] for row in file] == listed

    answer = await viewer.get(f"{BASE}/export.xlsx", params={"sort": "client"})
    assert 'filename="four-way-this-month.xlsx"' in answer.headers["content-disposition"]
    book = load_workbook(io.BytesIO(answer.content))
    summary, sheet = book.worksheets
    told = {row[0]: row[1] for row in summary.iter_rows(values_only=True)}
    assert (told["Month"], told["lost, AUD"], told["leak: quantity, AUD"]) == ("2026-11", 30, 10)
    cells = list(sheet.iter_rows(values_only=True))
    assert cells[1][:5] == (EVIL, 12, 10, 2, "leaking")
    assert Decimal(str(cells[1][cells[0].index("Leak")])) == 30
    (rules,) = sheet.conditional_formatting
    assert str(rules.sqref).startswith("E2:E")
    assert len(rules.rules) == 5
