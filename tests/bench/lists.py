"""The list of subscriptions, 50 of 200,000, against asyncpg rows and a response model."""

import asyncio
import statistics
from collections.abc import Mapping

from tests.bench.load import Load, ask
from tests.bench.servers import Server, serving
from tests.bench.table import Figure
from tests.support.databases import Database

ROWS = 200_000
ROUNDS = 7
REQUESTS = 400
CONNECTIONS = 8

_FILL = """
INSERT INTO subscriptions (
  organisation_id, id, source, source_id, source_status, company_id, product_id, quantity, price,
  partner_cost, currency, billing_term, starts_on, ends_on, client_label, product_name,
  vendor_name, first_seen_at, changed_at)
SELECT $1, gen_random_uuid(), 'pax8', 'sub-' || n, CASE WHEN n % 9 = 0 THEN 'Cancelled' ELSE
  'Active' END, 'company-' || n % 1000, 'product-' || n % 40, 1 + n % 120, 32.9 + n % 17,
  27.64 + n % 17, 'AUD', CASE WHEN n % 5 = 0 THEN 'Annual' ELSE 'Monthly' END,
  date '2025-01-01' + n % 600, CASE WHEN n % 7 = 0 THEN date '2027-01-01' + n % 300 END,
  'Client ' || lpad((n % 1000)::text, 4, '0') || ' Pty Ltd',
  'Microsoft 365 Business Premium ' || n % 40, 'Microsoft', now(), now()
FROM generate_series(1, $2::int) AS n
"""


async def fill(database: Database, organisation_id: object) -> None:
    await database.as_owner(_FILL, organisation_id, ROWS)
    await database.as_owner("ANALYZE subscriptions")
    # As `billingone migrate` sets it; a copy of a database does not inherit it.
    name = database.owner_url.rpartition("/")[2]
    await database.as_owner(f"ALTER DATABASE {name} SET plan_cache_mode = force_generic_plan")


async def measure(environment: Mapping[str, str], token: str) -> list[Figure]:
    with serving("ours", environment) as ours, serving("ceiling", environment) as ceiling:
        own, other, load = await _rounds(ours, ceiling, token)
        ratios = [mine / theirs for mine, theirs in zip(own, other, strict=True)]
        return [
            Figure(
                "list of subscriptions, 50 of 200,000: CPU per request",
                f"{statistics.median(own) * 1e6:,.0f} µs",
                f"{statistics.median(other) * 1e6:,.0f} µs  same rows and model, asyncpg alone",
                statistics.median(ratios),
                "≤ 1.5",
            ),
            Figure(
                f"the same under {CONNECTIONS} connections: p99 against p50",
                f"{load.percentile(0.99):.1f} ms",
                f"{load.percentile(0.5):.1f} ms  its own p50",
                load.percentile(0.99) / load.percentile(0.5),
                "≤ 4",
            ),
            Figure(
                "memory of the API process at its most",
                f"{ours.used().peak_kilobytes / 1024:,.0f} MB",
                f"{ceiling.used().peak_kilobytes / 1024:,.0f} MB  the ceiling's process",
                ours.used().peak_kilobytes / ceiling.used().peak_kilobytes,
                "",
            ),
        ]


async def _rounds(
    ours: Server, ceiling: Server, token: str
) -> tuple[list[float], list[float], Load]:
    """One after the other, in turns, so that a busy moment of the machine meets both."""
    own, other, load = [], [], None
    for number in range(ROUNDS + 1):
        mine, load = await _one(ours, "/v1/subscriptions", token)
        theirs, _ = await _one(ceiling, "/rows", token)
        if number:  # the first warms up
            own.append(mine)
            other.append(theirs)
        await asyncio.sleep(0)
    if load is None:
        raise RuntimeError("Nothing was measured.")
    return own, other, load


async def _one(server: Server, path: str, token: str) -> tuple[float, Load]:
    before = server.used().cpu_seconds
    load = await ask(server.url + path, token=token, requests=REQUESTS, connections=CONNECTIONS)
    return (server.used().cpu_seconds - before) / REQUESTS, load
