"""What the lists' workbooks hold is what their CSV files hold, in cells with types."""

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.support.api import Api
from tests.support.books import Books
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.sheets import sheets_of, values_of

from billingone_api.kit.ids import new_id

NUMBERS = {
    "quantity", "unit_price", "total", "partner_unit_cost", "mrr",
    "active_subscriptions",
}  # fmt: skip
SORTS = {
    "/v1/subscriptions/export": ["client", "-quantity", "starts_on"],
    "/v1/clients/export": ["-mrr", "name"],
}


@pytest.fixture
async def books(api: Api, database: Database) -> Books:
    """Hostile names, nulls, negative numbers, days and two currencies."""
    made = Books(database, api.organisation_id)
    await made.connected()
    await made.rate("USD", "1.5", on=date(2026, 11, 1))
    facts: list[dict[str, Any]] = [
        {"product_name": "=1+1", "quantity": Decimal(-3), "price": Decimal("-1.50")},
        {"product_name": "_x0041_ <b>&", "starts_on": date(2026, 2, 1), "currency": "USD"},
        {"price": None, "currency": None, "quantity": None, "billing_term": "One-Time"},
        {"ends_on": date(2027, 1, 31), "gone_at": NOW, "client_label": 'Bondi, "Dental"'},
    ]
    for number, more in enumerate(facts):
        await made.subscription(f"company-{number % 2}", **more)
    for number, name in enumerate(['=HYPERLINK("x")', "Acacia", "Correa"]):
        client_id = new_id()
        body = {"name": name, "external_ids": {"pax8_company_id": f"company-{number}"}}
        answer = await api.service("clients:write").put(
            f"/v1/panelone/clients/{client_id}", json=body
        )
        assert answer.status_code == 201, answer.text
    return made


@pytest.mark.parametrize(("path", "sort"), [(p, s) for p, sorts in SORTS.items() for s in sorts])
@pytest.mark.parametrize("price_is", ["sell", "buy"])
async def test_a_workbook_holds_what_the_csv_file_holds(
    api: Api, books: Books, database: Database, path: str, sort: str, price_is: str
) -> None:
    await database.as_owner("UPDATE organisation_settings SET pax8_price_is = $1", price_is)
    text = (await api.viewer.get(f"{path}.csv", params={"sort": sort})).text
    names, *rows = csv.reader(io.StringIO(text, newline=""))
    answer = await api.viewer.get(f"{path}.xlsx", params={"sort": sort})
    assert answer.status_code == 200
    (sheet,) = sheets_of(answer.content)
    header, *found = values_of(sheet)
    assert header == names
    assert [list(map(as_csv, row)) for row in found] == [list(map(plain, row)) for row in rows]
    numbers = [place for place, name in enumerate(names) if name in NUMBERS]
    assert {type(row[place]) for row in found for place in numbers} <= {int, float, type(None)}


def as_csv(value: Any) -> Any:
    """What the file would say for a cell of the workbook; numbers are compared as numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return Decimal(str(value))
    if isinstance(value, datetime):
        is_day = (value.hour, value.minute, value.second) == (0, 0, 0)
        return f"{value:%Y-%m-%d}" if is_day else f"{value:%Y-%m-%dT%H:%M:%S.%f}Z"
    return value


def plain(text: str) -> Any:
    """Without the apostrophe that keeps a CSV file's text from being a formula."""
    if text.startswith("'="):
        return text[1:]
    try:
        return Decimal(text)
    except ArithmeticError:
        return text


@pytest.mark.parametrize("path", SORTS)
async def test_a_workbook_has_a_name_and_is_kept_by_nobody(
    api: Api, books: Books, path: str
) -> None:
    answer = await api.viewer.get(f"{path}.xlsx")
    area = path.split("/")[2]
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="{area}-2026-11-24.xlsx"'
    )
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )
