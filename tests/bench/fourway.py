"""The four-way line of ten thousand clients who hold ten products each, and of one of them.

Each question is set against the ceiling of the same run: what PostgreSQL takes to add up the
month's charges and lines by client and product, with nothing joined or judged. Every hundredth
client is not billed for one seat, so that what is found can be counted.
"""

import statistics
import time
from collections.abc import Mapping
from typing import Final
from uuid import UUID

import asyncpg
import httpx
from tests.bench import clients, invoices
from tests.bench.servers import Server, serving
from tests.bench.table import Figure
from tests.support.databases import Database

CLIENTS = clients.CLIENTS
EACH = 10
"""Products of a client, of forty."""
MONTHS = 12
"""Of invoices, a line for each product; charges are those of this month."""
LEAKING = CLIENTS // 100
ROUNDS = 3
_ONE: Final = UUID("016714da-26c3-4222-7956-df8a80634914")
"""The client called 42."""
_BASE: Final = "/v1/reconciliation/four-way"
_QUESTIONS: Mapping[str, str] = {
    "the largest leaks first": "?sort=-leak",
    "what leaks in quantity": "?part=quantity&has_leak=true",
    "with how many there are": "?with_total=true",
    "of one client": f"?client_id={_ONE}",
    "summed up": "/summary",
    "descriptions that nobody knows": "/descriptions",
}

_PRODUCTS = """
INSERT INTO products (organisation_id, source, source_id, name, sku, fetched_at)
SELECT $1, 'pax8', 'product-' || n, 'Product ' || n, 'SKU-' || n, now()
FROM generate_series(1, 40) AS n
"""
# Every company and contact is somebody's here.
_LINKS = """
INSERT INTO client_links (organisation_id, source, source_id, client_id, origin)
SELECT $1, source, prefix || n, md5('client ' || n)::uuid, 'manual'
FROM generate_series(1, $2::int) AS n,
  (VALUES ('pax8', 'company-'), ('xero', 'contact-')) AS of (source, prefix)
ON CONFLICT DO NOTHING
"""
_SUBSCRIPTIONS = """
INSERT INTO subscriptions (organisation_id, id, source, source_id, source_status, company_id,
  product_id, quantity, price, partner_cost, currency, billing_term, client_id, first_seen_at,
  changed_at, starts_on)
SELECT $1, gen_random_uuid(), 'pax8', 'sub-' || c || '-' || p, 'Active', 'company-' || c,
  'product-' || 1 + (c + p) % 40, 2 + (c + p) % 60, 10 + p, 8 + p, 'AUD', 'Monthly',
  md5('client ' || c)::uuid, now(), now(), date '2020-01-01'
FROM generate_series(1, $2::int) AS c, generate_series(1, $3::int) AS p
"""
_BILL = """
INSERT INTO pax8_bills (organisation_id, source_id, is_draft, month, source_status, currency,
  is_due, read_at, first_seen_at, changed_at)
VALUES ($1, 'this month', false, date_trunc('month', now()), 'Unpaid', 'AUD', false, now(), now(),
  now())
"""
_CHARGES = """
INSERT INTO pax8_charges (organisation_id, bill_id, position, kind, company_id, subscription_id,
  product_id, quantity, unit_price, price_total, unit_cost, cost_total, currency, term, period_from,
  period_to)
SELECT $1, 'this month', row_number() OVER (), 'subscription', company_id, source_id, product_id,
  quantity, price, quantity * price, partner_cost, quantity * partner_cost, currency, 'Monthly',
  date_trunc('month', now()), date_trunc('month', now()) + interval '1 month - 1 day'
FROM subscriptions WHERE organisation_id = $1
"""
_INVOICES = """
INSERT INTO invoices (organisation_id, id, source, ledger_id, source_id, state, issued_on, currency,
  client_id, line_amounts_are, first_seen_at, changed_at)
SELECT $1, gen_random_uuid(), 'xero', $2, c || ' of ' || m, 'approved',
  date_trunc('month', now() - make_interval(months => m)), 'AUD', md5('client ' || c)::uuid,
  'Exclusive', now(), now()
FROM generate_series(1, $3::int) AS c, generate_series(0, $4::int - 1) AS m
"""
# Half of them say the product by its code, a tenth say what nobody knows.
_LINES = """
INSERT INTO invoice_lines (organisation_id, invoice_id, position, item_code, description, quantity,
  unit_amount, line_amount)
SELECT $1, invoices.id, p, CASE WHEN p % 2 = 0 THEN 'SKU-' || 1 + (c + p) % 40 END,
  'Product ' || 1 + (c + p) % 40 || ', ' || to_char(issued_on, 'FMMonth YYYY'),
  quantity, price, quantity * price
FROM (SELECT id, issued_on, split_part(source_id, ' of ', 1)::int AS c FROM invoices
  WHERE organisation_id = $1) AS invoices, generate_series(1, $2::int) AS p,
  LATERAL (SELECT 2 + (c + p) % 60 - CASE WHEN c % 100 = 0 AND p = 1 THEN 1 ELSE 0 END AS quantity,
    10 + p AS price) AS of
UNION ALL
SELECT $1, id, 1000, NULL, 'Visit on site, job ' || row_number() OVER () % 5000, 1, 150, 150
FROM invoices WHERE organisation_id = $1
"""
_MAPPINGS = """
INSERT INTO line_mappings (organisation_id, description_key, product_id, verdict, description,
  said_by, said_at)
SELECT $1, 'product ' || n, 'product-' || n, 'confirmed', 'Product ' || n, 'bench', now()
FROM generate_series(1, 40) AS n
"""
_CEILING = """
SELECT count(*), sum(charged), sum(billed) FROM (
  SELECT company_id, product_id, sum(quantity) AS units, sum(price_total) AS charged
  FROM pax8_charges WHERE organisation_id = $1 GROUP BY 1, 2) AS charges
FULL JOIN (
  SELECT client_id, item_code, description, sum(line_amount) AS billed
  FROM invoices JOIN invoice_lines AS of
    ON of.organisation_id = invoices.organisation_id AND of.invoice_id = invoices.id
  WHERE invoices.organisation_id = $1 AND issued_on >= date_trunc('month', now())
  GROUP BY 1, 2, 3) AS lines ON false
"""


async def fill(database: Database, organisation_id: UUID) -> None:
    ledger = await invoices.books(database, organisation_id)
    await clients.people(database, organisation_id)
    await database.as_owner(_LINKS, organisation_id, CLIENTS)
    await database.as_owner(_PRODUCTS, organisation_id)
    await database.as_owner(_SUBSCRIPTIONS, organisation_id, CLIENTS, EACH)
    await database.as_owner(_BILL, organisation_id)
    await database.as_owner(_CHARGES, organisation_id)
    await database.as_owner(_INVOICES, organisation_id, ledger, CLIENTS, MONTHS)
    await database.as_owner(_LINES, organisation_id, EACH)
    await database.as_owner(_MAPPINGS, organisation_id)
    for table in ("clients", "client_links", "subscriptions", "pax8_charges", "invoice_lines"):
        await database.as_owner(f"VACUUM ANALYZE {table}")
    await invoices.settle(database)


async def measure(
    database: Database, environment: Mapping[str, str], organisation_id: UUID, token: str
) -> list[Figure]:
    headers = {"Authorization": f"Bearer {token}"}
    with serving("ours", environment) as api:
        async with httpx.AsyncClient(trust_env=False, timeout=120, headers=headers) as http:
            await _found(http, api)
            ceiling = await _ceiling(database, organisation_id)
            figures = [
                _figure(what, await _median(http, api.url + _BASE + path), ceiling)
                for what, path in _QUESTIONS.items()
            ]
            seconds = await _median(http, f"{api.url}{_BASE}/export.csv")
            return [*figures, _figure("as a file", seconds, ceiling)]


def _figure(what: str, seconds: float, ceiling: float) -> Figure:
    return Figure(
        f"four-way line, {CLIENTS * EACH:,} records: {what}",
        f"{seconds * 1000:,.0f} ms",
        f"{ceiling * 1000:,.0f} ms  to add up its two largest tables",
        seconds / ceiling,
        "",
    )


async def _found(http: httpx.AsyncClient, api: Server) -> None:
    answer = await http.get(f"{api.url}{_BASE}/summary")
    (currency,) = answer.raise_for_status().json()["currencies"]
    if (currency["leaking"], currency["overbilled"]) != (LEAKING, 0):
        raise AssertionError(f"Not as planted: {currency}")


async def _median(http: httpx.AsyncClient, url: str) -> float:
    """The first turn warms up."""
    found = []
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        (await http.get(url)).raise_for_status()
        found.append(time.perf_counter() - started)
    return statistics.median(found[1:])


async def _ceiling(database: Database, organisation_id: UUID) -> float:
    connection = await asyncpg.connect(database.owner_url.replace("+asyncpg", ""))
    try:
        found = []
        for _ in range(ROUNDS + 1):
            started = time.perf_counter()
            await connection.fetch(_CEILING, organisation_id)
            found.append(time.perf_counter() - started)
        return statistics.median(found[1:])
    finally:
        await connection.close()
