"""Ten thousand clients with a million subscriptions and a hundred thousand invoices: their lists.

Each against the same list by name, which adds up for the clients of its page alone.
"""

import statistics
from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

import httpx
from tests.bench import invoices
from tests.bench.load import ask
from tests.bench.servers import Server, serving
from tests.bench.table import Figure
from tests.support.databases import Database
from tests.support.totals import reckon

CLIENTS = 10_000
SUBSCRIPTIONS = 1_000_000
INVOICES = 100_000
DEEP = 8_000
REQUESTS = 5
ROUNDS = 3
_MOST = 200
_BY_NAME = "/v1/clients?sort=name"
_QUESTIONS: Mapping[str, str] = {
    "clients, most MRR first": "/v1/clients",
    "clients by a part of their name": "/v1/clients?q=client+0042",
    "unmapped companies, most MRR first": "/v1/clients/unmapped",
    "unmapped contacts, most money first": "/v1/clients/unmapped?source=xero",
    "how much is left to map": "/v1/clients/unmapped/counts",
    "suggestions for 50 companies": "/v1/clients/suggestions",
}

_CLIENTS = """
INSERT INTO clients (organisation_id, id, name, active)
SELECT $1, md5('client ' || n)::uuid, 'Client ' || lpad(n::text, 5, '0') || ' Pty Ltd', true
FROM generate_series(1, $2::int) AS n
"""
# One company and one contact in twenty are nobody's yet.
_LINKS = """
INSERT INTO client_links (organisation_id, source, source_id, client_id, origin)
SELECT $1, source, prefix || n, md5('client ' || n)::uuid, 'manual'
FROM generate_series(1, $2::int) AS n,
  (VALUES ('pax8', 'company-'), ('xero', 'contact-')) AS of (source, prefix)
WHERE n % 20 > 0
"""
_COMPANIES = """
INSERT INTO pax8_companies (organisation_id, source_id, name, first_seen_at, changed_at)
SELECT $1, 'company-' || n, 'Client ' || lpad(n::text, 5, '0'), now(), now()
FROM generate_series(1, $2::int) AS n
"""
_SUBSCRIPTIONS = """
INSERT INTO subscriptions (organisation_id, id, source, source_id, source_status, company_id,
  quantity, price, currency, billing_term, client_id, first_seen_at, changed_at)
SELECT $1, gen_random_uuid(), 'pax8', 'sub-' || n, 'Active', 'company-' || 1 + n % $3::int,
  1 + n % 120, 32.9 + n % 17, 'AUD', CASE WHEN n % 5 = 0 THEN 'Annual' ELSE 'Monthly' END,
  CASE WHEN (1 + n % $3) % 20 > 0 THEN md5('client ' || 1 + n % $3)::uuid END, now(), now()
FROM generate_series(1, $2::int) AS n
"""
_WHOSE = """
UPDATE invoices SET contact_id = 'contact-' || place, client_id = CASE WHEN place % 20 > 0
  THEN md5('client ' || place)::uuid END
FROM (SELECT id, 1 + abs(hashtext(source_id)) % $2::int AS place FROM invoices
  WHERE organisation_id = $1) AS of
WHERE organisation_id = $1 AND invoices.id = of.id
"""
_CONNECTION = """
INSERT INTO integrations (organisation_id, provider, connection_id, auth_mode, account, secret,
  connected_by, connected_at, last_success_at)
VALUES ($1, 'pax8', gen_random_uuid(), 'client_credentials', 'x', 'x', 'bench', now(), now())
"""


async def fill(database: Database, organisation_id: UUID) -> None:
    await people(database, organisation_id)
    await database.as_owner(_SUBSCRIPTIONS, organisation_id, SUBSCRIPTIONS, CLIENTS)
    await invoices.fill(database, organisation_id, invoices=INVOICES)
    await database.as_owner(_WHOSE, organisation_id, CLIENTS)
    await reckon(database, organisation_id)
    for table in ("clients", "client_links", "client_totals", "pax8_companies", "subscriptions"):
        await database.as_owner(f"VACUUM ANALYZE {table}")
    await invoices.settle(database)


async def people(database: Database, organisation_id: UUID) -> None:
    """Clients with their companies and contacts, and Pax8 connected."""
    await database.as_owner(_CONNECTION, organisation_id)
    for statement in (_CLIENTS, _LINKS, _COMPANIES):
        await database.as_owner(statement, organisation_id, CLIENTS)


async def measure(environment: Mapping[str, str], token: str) -> list[Figure]:
    with serving("ours", environment) as api:
        deep = {f"clients, after {DEEP:,} with more MRR": await _deep(api, token)}
        questions = {**_QUESTIONS, **deep}
        return [await _figure(api, what, path, token) for what, path in questions.items()]


async def _deep(api: Server, token: str) -> str:
    """Where page 4,000 is of pages of two."""
    headers, cursor = {"Authorization": f"Bearer {token}"}, ""
    async with httpx.AsyncClient(base_url=api.url, headers=headers, timeout=60) as client:
        for _ in range(DEEP // _MOST):
            answer = await client.get("/v1/clients", params={"limit": _MOST, **_after(cursor)})
            cursor = answer.raise_for_status().json()["next_cursor"]
    return f"/v1/clients?{urlencode(_after(cursor))}"


def _after(cursor: str) -> dict[str, str]:
    return {"cursor": cursor} if cursor else {}


async def _figure(api: Server, what: str, path: str, token: str) -> Figure:
    """In turns, so that a busy moment of the machine meets both; the first turn warms up."""
    own, other = [], []
    for number in range(ROUNDS + 1):
        mine, theirs = await _median(api, path, token), await _median(api, _BY_NAME, token)
        if number:
            own.append(mine)
            other.append(theirs)
    return Figure(
        f"{CLIENTS:,} clients, {SUBSCRIPTIONS:,} subscriptions: {what}",
        f"{statistics.median(own):.0f} ms",
        f"{statistics.median(other):.0f} ms  clients by name",
        statistics.median(mine / theirs for mine, theirs in zip(own, other, strict=True)),
        "",
    )


async def _median(api: Server, path: str, token: str) -> float:
    load = await ask(api.url + path, token=token, requests=REQUESTS, connections=1)
    return load.percentile(0.5)
