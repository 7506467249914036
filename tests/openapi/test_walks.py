"""Walking a list page by page is reading it at once: every list and every order of the document."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from tests.support.api import Api, standing_api
from tests.support.databases import Database
from tests.support.figures import Figure
from tests.support.operations import OPERATIONS
from tests.support.planting import plant

from billingone_api.embedded.postgres import EmbeddedPostgres
from billingone_api.kit.ids import new_id

LISTS = {
    name: operation
    for name, operation in OPERATIONS.items()
    # Lists of one thing, such as a frozen snapshot, are walked in the tests of their area.
    if {"cursor", "limit"} <= set(operation.named("query")) and not operation.named("path")
}
SIZES = (1, 3, 7)
ROWS = 11
# Rows that are equal in what they are sorted by, rows without it, and rows that differ.
UNLIKE = (
    "UPDATE subscriptions SET price = NULL, starts_on = NULL, ends_on = NULL WHERE {n} % 5 = 0",
    "UPDATE subscriptions SET quantity = {n} % 3, price = {n} % 4 - 1 WHERE {n} % 5 > 0",
    "UPDATE subscriptions SET starts_on = date '2026-01-01' + {n} % 3 WHERE {n} % 5 > 1",
    "UPDATE subscriptions SET currency = NULL WHERE {n} % 5 = 4",
    "UPDATE subscriptions SET currency = 'NZD' WHERE {n} % 5 = 2",
    "UPDATE subscriptions SET client_label = '' WHERE {n} % 5 = 3",
    "UPDATE invoices SET total = NULL, issued_on = NULL, due_on = NULL WHERE {n} % 5 = 0",
    "UPDATE invoices SET total = {n} % 3, amount_due = {n} % 4 - 1 WHERE {n} % 5 > 0",
    "UPDATE invoices SET issued_on = date '2026-01-01' + {n} % 3, due_on = NULL WHERE {n} % 5 > 1",
    "UPDATE invoices SET number = NULL, client_label = '' WHERE {n} % 5 = 3",
    "UPDATE clients SET name = 'same' WHERE {n} % 3 = 0",
    "UPDATE products SET name = NULL WHERE {n} % 3 = 1",
    "UPDATE exchange_rates SET currency = 'EUR' WHERE extract(day FROM valid_on)::int % 2 = 0",
)
# Whether a decision still stands is asked of the newest snapshot, and rows that come in meanwhile
# are no newer: which of equals is taken, an id decides by chance.
NEWEST = """
UPDATE snapshots SET as_of = as_of + interval '1 day' WHERE organisation_id = $1 AND id =
  (SELECT id FROM snapshots WHERE organisation_id = $1 ORDER BY as_of DESC, id DESC LIMIT 1)
"""
# What Pax8 charges for a month is known from its first invoice on: that one is there already.
INVOICED = """
UPDATE pax8_bills SET month = date '2026-11-01', is_draft = false WHERE organisation_id = $1
"""
_numbers = count()


def orders(name: str) -> list[str | None]:
    """Every order that the document says the list may be asked for in."""
    for parameter in LISTS[name].parameters:
        if parameter["name"] == "sort":
            wanted: list[str | None] = parameter["schema"]["enum"]
            return wanted
    return [None]


@dataclass(frozen=True)
class Shelf:
    """One list, with rows of its own, for somebody who may read it."""

    api: Api
    database: Database
    name: str

    async def add(self, rows: int) -> None:
        marks = [f"row-{'x' * (n % 23)}-{n}" for n in (next(_numbers) for _ in range(rows))]
        await plant(self.database.owner_url, self.api.organisation_id, marks)

    async def page(self, order: str | None, limit: int, cursor: str | None = None) -> Any:
        query = {"limit": str(limit)}
        query |= {} if order is None else {"sort": order}
        query |= {} if cursor is None else {"cursor": cursor}
        path = LISTS[self.name].path
        answer = await self.api.as_role("Owner").get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def whole(self, order: str | None) -> list[str]:
        page = await self.page(order, 200)
        assert page["next_cursor"] is None
        return texts(page["items"])

    async def walk(self, order: str | None, limit: int) -> AsyncIterator[list[str]]:
        cursor = None
        while True:
            page = await self.page(order, limit, cursor)
            yield texts(page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                return


def texts(items: Sequence[Any]) -> list[str]:
    """Without what is only proposed, which every new client and product may change."""
    proposed = {"candidates", "proposals"}
    return [
        json.dumps({name: item[name] for name in item if name not in proposed}, sort_keys=True)
        for item in items
    ]


@pytest.fixture(scope="module")
async def standing(postgres: EmbeddedPostgres) -> AsyncIterator[tuple[Api, Database]]:
    async with standing_api(postgres) as api:
        url = api.app.state.process.settings.database_url.get_secret_value()
        name = url.rpartition("/")[2]
        yield api, Database(postgres.owner_url(name), url)


@pytest.fixture
async def shelf(standing: tuple[Api, Database], name: str) -> Shelf:
    api, database = standing
    made = Shelf(api.of(await database.add_organisation(new_id())), database, name)
    await made.add(ROWS)
    for statement in UNLIKE:
        ours = statement.replace("WHERE", "WHERE organisation_id = $1 AND")
        by_chance = ours.replace("{n}", "abs(hashtext(ctid::text))")
        await database.as_owner(by_chance, made.api.organisation_id)
    for statement in (NEWEST, INVOICED):
        await database.as_owner(statement, made.api.organisation_id)
    return made


@pytest.mark.parametrize("name", LISTS)
async def test_a_walk_in_pages_is_the_list_in_every_order(
    shelf: Shelf, name: str, figure: Figure
) -> None:
    for order in orders(name):
        whole = await shelf.whole(order)
        assert len(set(whole)) == len(whole) >= ROWS // 2, order
        for size in SIZES:
            pages = [page async for page in shelf.walk(order, size)]
            assert {len(page) for page in pages[:-1]} <= {size}, order
            assert [text for page in pages for text in page] == whole, (order, size)
    figure(f"22: {name}: {len(orders(name))} orders by pages of 1, 3 and 7 are the one big list")


@pytest.mark.parametrize("name", LISTS)
async def test_rows_that_come_in_meanwhile_move_none_out_of_the_walk(
    shelf: Shelf, name: str
) -> None:
    """What was there comes once and in order; what is new may come too, in its place."""
    for order in orders(name):
        before = await shelf.whole(order)
        walked: list[str] = []
        async for page in shelf.walk(order, 3):
            walked += page
            if len(walked) <= 9:
                await shelf.add(1)
        after = await shelf.whole(order)
        assert len(after) > len(before), order
        assert len(set(walked)) == len(walked), order
        assert set(before) <= set(walked), order
        assert [text for text in after if text in set(walked)] == walked, order
