"""At volume, and under row-level security, lists and figures go by their indexes.

Forty thousand invoices of one organisation beside as many of another; the statements are
those of the program, run by its own role, planned once for all values as `billingone migrate` sets.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from tests.support.clock import NOW
from tests.support.databases import Database, copied
from tests.support.plans import indexes, looked_at, nodes, planned
from tests.support.sales import SalesBooks

from billingone_api.billing.dashboard.adapters import latest, sources
from billingone_api.billing.definitions.adapters import receivables
from billingone_api.billing.invoices.adapters.postgres import freshness, lists, twins
from billingone_api.billing.invoices.adapters.postgres.filters import bound, names_of
from billingone_api.database.fast import Prepared
from billingone_api.embedded.postgres import EmbeddedPostgres
from billingone_api.kit.ids import new_id

ROWS = 40_000
_INVOICES = """
INSERT INTO invoices (organisation_id, id, source, ledger_id, source_id, number, state, issued_on,
  due_on, currency, total, amount_due, client_id, client_label, first_seen_at, changed_at)
SELECT $1, gen_random_uuid(), 'xero', $2, 'inv-' || n, 'INV-' || lpad(n::text, 7, '0'),
  CASE WHEN n % 100 = 0 THEN 'approved' ELSE 'paid' END, date '2024-01-01' + n % 1000,
  date '2024-01-15' + n % 1000, 'AUD', n, CASE WHEN n % 100 = 0 THEN n ELSE 0 END,
  ('00000000-0000-7000-8000-' || lpad((n % 500)::text, 12, '0'))::uuid,
  'Client ' || lpad((n % 500)::text, 4, '0'), now(), now()
FROM generate_series(1, $3::int) n
"""
_PAYMENTS = """
INSERT INTO payments (organisation_id, id, source, ledger_id, source_id, is_deleted, is_refund,
  paid_on, currency, amount, first_seen_at, changed_at)
SELECT $1, gen_random_uuid(), 'xero', $2, 'pay-' || n, false, false, date '2024-01-01' + n % 1080,
  'AUD', 10, now(), now()
FROM generate_series(1, $3::int) n
"""
TODAY = date(2026, 11, 24)
FIRST, LAST = UUID(int=0), UUID(int=2**128 - 1)
DEEP: dict[str, Any] = {
    "issued_on": date(2024, 2, 1),
    "due_on": date(2024, 2, 20),
    "amount": 100 * 10_000,
    "amount_due": 200 * 10_000,
    "number": "INV-0000100",
    "client": "Client 0001",
}


@dataclass(frozen=True)
class Volume:
    """Much of it, and how its statements are planned."""

    database: Database
    organisation_id: UUID

    async def plan(self, prepared: Prepared, **values: Any) -> dict[str, Any]:
        known = {
            "organisation_id": self.organisation_id,
            "today": TODAY,
            "rows": 51,
            "month_from": date(2026, 11, 1),
            "month_to": date(2026, 11, 30),
            "reporting_currency": "AUD",
        }
        return await planned(self.database, self.organisation_id, prepared, known | values)


@pytest.fixture(scope="module")
def volume(postgres: EmbeddedPostgres) -> Iterator[Volume]:
    with copied(postgres) as database:
        yield asyncio.run(filled(database))


async def filled(database: Database) -> Volume:
    for organisation_id in (new_id(), new_id()):
        books = SalesBooks(database, await database.add_organisation(organisation_id))
        ledger = await books.open()
        await books.open("superops")
        await database.as_owner(_INVOICES, organisation_id, ledger, ROWS)
        await database.as_owner(_PAYMENTS, organisation_id, ledger, ROWS)
        (row,) = await database.as_owner(
            "SELECT id FROM invoices WHERE organisation_id = $1 LIMIT 1", organisation_id
        )
        await books.twin(row["id"], by="other_total")
    for table in ("invoices", "payments", "ledgers"):
        await database.as_owner(f"ANALYZE {table}")
    name = database.owner_url.rpartition("/")[2]
    await database.as_owner(f"ALTER DATABASE {name} SET plan_cache_mode = force_generic_plan")
    assert NOW.date() == TODAY
    return Volume(database, organisation_id)


@pytest.mark.parametrize("sort", [*lists.SORTS, *(f"-{name}" for name in lists.SORTS)])
async def test_every_order_walks_its_index_however_deep(volume: Volume, sort: str) -> None:
    name = sort.removeprefix("-")
    first = await volume.plan(lists.page_of(names_of({}), sort, goes_on=False))
    after = {"after_key": DEEP[name], "after_id": LAST if sort.startswith("-") else FIRST}
    deep = await volume.plan(lists.page_of(names_of({}), sort, goes_on=True), **after)
    for plan in (first, deep):
        assert {"Sort", "Seq Scan"}.isdisjoint(
            node["Node Type"] for node in nodes(plan) if node.get("Relation Name") == "invoices"
        )
        assert looked_at(plan, "invoices") < 500, sort


@pytest.mark.parametrize(
    ("filters", "sort", "most"),
    [
        ({"badge": ["overdue"]}, "due_on", 1_000),
        ({"badge": ["overdue"]}, "-issued_on", 1_000),
        ({"badge": ["draft", "submitted"]}, "-issued_on", 1_000),
        ({"badge": ["unknown"]}, "-issued_on", 1_000),
        ({"client_id": UUID("00000000-0000-7000-8000-000000000042")}, "-issued_on", 1_000),
        ({"issued_from": date(2026, 9, 1)}, "-issued_on", 1_000),
        ({"due_from": date(2026, 9, 1), "due_to": date(2026, 9, 3)}, "due_on", 1_000),
        ({"duplicates": ["other_total"]}, "-issued_on", 1_000),
        ({"unmapped": True}, "-issued_on", 1_000),
    ],
)
async def test_a_filter_reads_what_it_asks_for(
    volume: Volume, filters: dict[str, Any], sort: str, most: int
) -> None:
    statement = lists.page_of(names_of(filters), sort, goes_on=False)
    assert looked_at(await volume.plan(statement, **bound(filters)), "invoices") < most


async def test_a_search_keeps_to_the_organisations_slice(volume: Volume) -> None:
    """No index holds parts of words: the organisation's invoices are looked through, no other's."""
    filters = {"q": "zzzz"}
    statement = lists.page_of(names_of(filters), "-issued_on", goes_on=False)
    assert looked_at(await volume.plan(statement, **bound(filters)), "invoices") <= 2 * ROWS + 10


async def test_the_cards_read_what_is_open_and_one_month(volume: Volume) -> None:
    opened = await volume.plan(receivables._OPEN)
    assert "ix_invoices_open" in indexes(opened)
    assert looked_at(opened, "invoices") <= ROWS // 100 + 10
    paid = await volume.plan(receivables._PAID)
    assert "ix_payments_paid_on" in indexes(paid)
    assert looked_at(paid, "payments") <= ROWS // 1080 * 31
    assert looked_at(paid, "invoices") < 100


@pytest.mark.parametrize(
    "statement",
    [latest._LATEST, latest._OTHER_TOTALS, sources._SOURCES, freshness._FRESHNESS, twins._TWINS],
)
async def test_the_dashboards_other_questions_read_next_to_nothing(
    volume: Volume, statement: Prepared
) -> None:
    assert looked_at(await volume.plan(statement), "invoices") < 100
