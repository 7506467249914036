"""Lists, search and cards of a million invoices, against those of ten thousand."""

import statistics
from collections.abc import Mapping
from uuid import UUID

from tests.bench.load import ask
from tests.bench.servers import Server, serving
from tests.bench.table import Figure
from tests.support.databases import Database

MANY = 1_000_000
FEW = 10_000
REQUESTS = 40
ROUNDS = 5
_QUESTIONS: Mapping[str, str] = {
    "list, newest first": "/v1/invoices",
    "overdue, the longest first": "/v1/invoices?badge=overdue&sort=due_on",
    "by amount due, the most first": "/v1/invoices?sort=-amount_due",
    "search by a number": "/v1/invoices?q=INV-0000777",
    "search by a client": "/v1/invoices?q=client+0042",
    "search by an amount": "/v1/invoices?q=1,107.70",
    "cards": "/v1/invoices/summary",
    "counts for the chips": "/v1/invoices/counts",
}

_LEDGER = """
INSERT INTO ledgers (organisation_id, id, source, source_id, name, base_currency, is_current,
  opened_at, first_seen_at, changed_at)
VALUES ($1, gen_random_uuid(), 'xero', 'books', 'Books', 'AUD', true, '-infinity', now(), now())
RETURNING id
"""
_CONNECTION = """
INSERT INTO integrations (organisation_id, provider, connection_id, auth_mode, account, secret,
  connected_by, connected_at, last_success_at)
VALUES ($1, 'xero', gen_random_uuid(), 'authorization_code', 'Books', 'x', 'bench', now(), now())
"""
# Of a hundred, ninety-four are paid, two drafts, one void, and three owed, one of them overdue.
_INVOICES = """
INSERT INTO invoices (organisation_id, id, source, ledger_id, source_id, number, contact_id,
  contact_name, source_status, state, issued_on, due_on, currency, subtotal, tax, total, amount_due,
  amount_paid, client_label, first_seen_at, changed_at)
SELECT $1, gen_random_uuid(), 'xero', $2, 'invoice-' || n, 'INV-' || lpad(n::text, 7, '0'),
  'contact-' || n % 1000, 'Client ' || lpad((n % 1000)::text, 4, '0') || ' Pty Ltd',
  CASE WHEN n % 100 < 94 THEN 'PAID' WHEN n % 100 < 96 THEN 'DRAFT' WHEN n % 100 < 97 THEN 'VOIDED'
    ELSE 'AUTHORISED' END,
  CASE WHEN n % 100 < 94 THEN 'paid' WHEN n % 100 < 96 THEN 'draft' WHEN n % 100 < 97 THEN 'void'
    ELSE 'approved' END,
  current_date - (n * 2000 / $3)::int, current_date - (n * 2000 / $3)::int + CASE n % 100
    WHEN 99 THEN -1 ELSE 3000 END, 'AUD', 100 + n % 5000 * 0.5, 10 + n % 5000 * 0.05,
  110 + n % 5000 * 0.55, CASE WHEN n % 100 < 94 OR n % 100 = 96 THEN 0 ELSE 110 + n % 5000 * 0.55
    END, CASE WHEN n % 100 < 94 THEN 110 + n % 5000 * 0.55 ELSE 0 END,
  'Client ' || lpad((n % 1000)::text, 4, '0'), now(), now()
FROM generate_series(0, $3::bigint - 1) AS n
"""
_PAYMENTS = """
INSERT INTO payments (organisation_id, id, source, ledger_id, source_id, source_status, is_deleted,
  is_refund, paid_on, currency, amount, invoice_source_id, first_seen_at, changed_at)
SELECT organisation_id, gen_random_uuid(), source, ledger_id, 'payment-' || source_id, 'AUTHORISED',
  false, false, issued_on + 7, currency, total, source_id, now(), now()
FROM invoices WHERE organisation_id = $1 AND state = 'paid'
"""


async def fill(database: Database, organisation_id: UUID, *, invoices: int) -> None:
    ledger = await books(database, organisation_id)
    await database.as_owner(_INVOICES, organisation_id, ledger, invoices)
    await database.as_owner(_PAYMENTS, organisation_id)


async def books(database: Database, organisation_id: UUID) -> UUID:
    """Of Xero, connected and read."""
    (ledger,) = await database.as_owner(_LEDGER, organisation_id)
    await database.as_owner(_CONNECTION, organisation_id)
    id_: UUID = ledger["id"]
    return id_


async def settle(database: Database) -> None:
    await database.as_owner("VACUUM ANALYZE invoices")
    await database.as_owner("VACUUM ANALYZE payments")
    # As `billingone migrate` sets it; a copy of a database does not inherit it.
    name = database.owner_url.rpartition("/")[2]
    await database.as_owner(f"ALTER DATABASE {name} SET plan_cache_mode = force_generic_plan")


async def measure(environment: Mapping[str, str], many: str, few: str) -> list[Figure]:
    """`many` and `few` are the tokens of the two organisations, which share the tables."""
    with serving("ours", environment) as api:
        return [await _figure(api, what, path, many, few) for what, path in _QUESTIONS.items()]


async def _figure(api: Server, what: str, path: str, many: str, few: str) -> Figure:
    """In turns, so that a busy moment of the machine meets both; the first turn warms up."""
    large, small = [], []
    for number in range(ROUNDS + 1):
        mine, theirs = await _median(api, path, many), await _median(api, path, few)
        if number:
            large.append(mine)
            small.append(theirs)
    return Figure(
        f"{MANY:,} invoices, {what}",
        f"{statistics.median(large):.1f} ms",
        f"{statistics.median(small):.1f} ms  of {FEW:,}",
        statistics.median(mine / theirs for mine, theirs in zip(large, small, strict=True)),
        "",
    )


async def _median(api: Server, path: str, token: str) -> float:
    load = await ask(api.url + path, token=token, requests=REQUESTS, connections=1)
    return load.percentile(0.5)
