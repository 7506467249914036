"""A snapshot as a file, read back as a spreadsheet would."""

import csv
import io
from decimal import Decimal
from typing import Any

import httpx
from openpyxl import load_workbook
from tests.support.reconciled import BASE, House, made

from billingone_api.kit.ids import new_id


async def taken(house: House) -> dict[str, Any]:
    await house.product("edr")
    await house.rule("devices", "edr", name="=Protection")
    for name, seats, count in (
        ("=cmd|' /C calc'!A0", 10, 13),
        ("Banksia, “Ltd”", 10, 7),
        ("Correa", 10, 10),
        ("Daisy", 10, None),
    ):
        client = await house.client(name)
        await house.holds(client, "edr", quantity=Decimal(seats))
        if count is not None:
            await house.counted(client, "devices", count)
    return await house.snapshot()


async def file(house: House, path: str, **query: Any) -> httpx.Response:
    answer = await house.api.viewer.get(f"{BASE}{path}", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer


def table(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def test_the_columns_of_the_products_page_come_first_and_no_cell_is_a_formula(
    house: House,
) -> None:
    snapshot = await taken(house)
    answer = await file(house, f"/snapshots/{snapshot['id']}/export.csv", sort="client")
    assert answer.text.startswith("Client,Actual Count,Licensed Count,Variance,Status,")
    first = [list(row.values())[:5] for row in table(answer)]
    assert first == [
        ["'=cmd|' /C calc'!A0", "13", "10", "3", "under_licensed"],
        ["Banksia, “Ltd”", "7", "10", "-3", "over_licensed"],
        ["Correa", "10", "10", "0", "matched"],
        ["Daisy", "", "", "", "no_data"],
    ]
    money = [(row["Under-licensed Monthly"], row["Over-licensed Monthly"]) for row in table(answer)]
    assert money[:2] == [("AUD 30.00", "AUD 0.00"), ("AUD 0.00", "AUD 30.00")]


async def test_a_file_has_the_rows_of_the_list_with_its_filters_and_order(house: House) -> None:
    snapshot = await taken(house)
    path = f"/snapshots/{snapshot['id']}"
    for query in ({}, {"sort": "-client"}, {"status": "under_licensed"}, {"q": "dai"}):
        listed = [row["client_id"] for row in await house.rows(snapshot, **query)]
        answer = await file(house, f"{path}/export.csv", **query)
        assert [row["Client Id"] for row in table(answer)] == listed


async def test_every_line_stands_in_a_file_with_the_count_it_rests_on(house: House) -> None:
    await house.product("av")
    await house.rule("devices", "av", name="Armour")
    snapshot = await taken(house)
    rows = table(await file(house, f"/snapshots/{snapshot['id']}/lines/export.csv"))
    clients = ["'=cmd|' /C calc'!A0", "Banksia, “Ltd”", "Correa", "Daisy"]
    each = [(client, rule) for client in clients for rule in ("'=Protection", "Armour")]
    # What is neither held nor counted has no line.
    assert [(row["Client"], row["Rule"]) for row in rows] == each[:-1]
    counted = {row["Client"]: (row["Counted By"], row["No Data Because"]) for row in rows[::2]}
    assert counted["Correa"] == ("ninjaone", "")
    assert counted["Daisy"] == ("", "no_count")
    assert list(rows[0].values()) == [
        *("'=cmd|' /C calc'!A0", "13", "10", "3", "under_licensed", "'=Protection", "devices"),
        *("13", "0", "", "30.00", "AUD", "ninjaone", "2026-11-24T01:00:00.000000Z", "0"),
        *(rows[0]["Client Id"], rows[0]["Rule Id"]),
    ]


async def test_a_workbook_sums_up_first_and_colours_the_status(house: House) -> None:
    snapshot = await taken(house)
    answer = await file(house, f"/snapshots/{snapshot['id']}/export.xlsx", sort="client")
    book = load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == ["Summary", "Sheet1"]
    summary = {row[0].value: row[1].value for row in book["Summary"].iter_rows()}
    assert summary["Outcome"] == "partial"
    assert summary["Clients: under_licensed"] == 1
    assert summary["Units under-licensed"] == 3
    assert summary["under_licensed monthly, AUD"] == 30
    assert summary["Coverage: doubts"] == "counts_missing"
    rows = [[cell.value for cell in row][:5] for row in book["Sheet1"].iter_rows()]
    assert rows[0] == ["Client", "Actual Count", "Licensed Count", "Variance", "Status"]
    assert rows[1] == ["=cmd|' /C calc'!A0", 13, 10, 3, "under_licensed"]
    assert book["Sheet1"]["A2"].data_type == "s"
    (place,) = book["Sheet1"].conditional_formatting
    assert str(place.sqref) == "E2:E1048576"
    fills = {rule.formula[0]: rule.dxf.fill.bgColor.rgb for rule in place.rules}
    assert fills == {
        '"under_licensed"': "FFFFC7CE",
        '"over_licensed"': "FFFFEB9C",
        '"matched"': "FFC6EFCE",
        '"no_data"': "FFE7E6E6",
    }


async def test_a_snapshot_that_is_not_there_or_not_done_is_no_file(house: House) -> None:
    done = await taken(house)
    asked = made(await house.api.finance.post(f"{BASE}/snapshots"), 202)
    for path in ("export.csv", "export.xlsx", "lines/export.csv", f"comparison/{done['id']}"):
        for snapshot_id, status, code in (
            (new_id(), 404, "not_found"),
            (asked["id"], 409, "snapshot_not_done"),
        ):
            answer = await house.api.viewer.get(f"{BASE}/snapshots/{snapshot_id}/{path}")
            assert (answer.status_code, answer.json()["code"]) == (status, code)
    answer = await house.api.viewer.get(f"{BASE}/snapshots/{done['id']}/comparison/{asked['id']}")
    assert answer.json()["code"] == "snapshot_not_done"
