"""Findings among planted faults, the time of a large snapshot, and its lines as a file.

Each portfolio is an organisation of its own; a worker takes the snapshots as it always does.
"""

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import httpx
from tests.bench.servers import Server, peak_megabytes, running, serving
from tests.bench.syncs import copy_rate
from tests.bench.table import Figure
from tests.support.databases import Database
from tests.support.faulty import FAULTS, METRICS, SUITES, Lines, Portfolio, fill, portfolio
from tests.support.people import Mint

from billingone_api.kit.clock import SystemClock
from billingone_api.kit.ids import new_id

CLIENTS = 1_000
FAULTY = 300
MANY_CLIENTS = 10_000
LINES = 1_000_000
"""Of one snapshot: of 10,000 clients by a hundred rules."""
_RULES = LINES // MANY_CLIENTS
_DONE: Final = frozenset({"done", "failed"})
_CONNECTION = """
INSERT INTO integrations (organisation_id, provider, connection_id, auth_mode, account, secret,
  connected_by, connected_at, last_success_at)
VALUES ($1, 'pax8', gen_random_uuid(), 'client_credentials', 'x', 'x', 'bench', now(), now())
"""
_WRITTEN = """
SELECT (SELECT count(*) FROM snapshot_seats WHERE snapshot_id = $1)
  + (SELECT count(*) FROM snapshot_counts WHERE snapshot_id = $1)
  + (SELECT count(*) FROM snapshot_lines WHERE snapshot_id = $1)
  + (SELECT count(*) FROM snapshot_rows WHERE snapshot_id = $1) AS number
"""
_FILE = (
    """
INSERT INTO snapshots (organisation_id, id, status, outcome, trigger, requested_at, as_of, day)
VALUES ($1, $2, 'done', 'discrepancies', 'person', now(), now(), current_date)
""",
    """
INSERT INTO count_rule_versions (organisation_id, rule_id, version, seen_at, name, metric, products,
  patterns, ratio, exclusions, is_active, changed_by)
SELECT $1, md5($2::uuid || ' rule ' || n)::uuid, 1, now(), 'Rule ' || n, 'devices', '{}', '{}',
  1, '[]', true, 'bench'
FROM generate_series(1, :rules) AS n
""",
    """
INSERT INTO snapshot_rules (organisation_id, snapshot_id, rule_id, version)
SELECT $1, $2, md5($2::uuid || ' rule ' || n)::uuid, 1 FROM generate_series(1, :rules) AS n
""",
    """
INSERT INTO snapshot_rows (organisation_id, snapshot_id, client_id, client_name, is_active, actual,
  required, licensed, trial, variance, status, lines, under_licensed, over_licensed, no_data,
  metrics, stakes)
SELECT $1, $2, md5('client ' || n)::uuid, 'Client ' || n || ' Pty Ltd', true, 1200, 1200, 1100, 0,
  100, 'under_licensed', :rules, :rules, 0, 0, '[]', '[]'
FROM generate_series(1, :clients) AS n
""",
    """
INSERT INTO snapshot_counts (organisation_id, snapshot_id, client_id, metric, source, counted_at,
  count, excluded, is_stale)
SELECT $1, $2, md5('client ' || n)::uuid, 'devices', 'ninjaone', now(), 12, 1, false
FROM generate_series(1, :clients) AS n
""",
    """
INSERT INTO snapshot_lines (organisation_id, snapshot_id, client_id, rule_id, metric, actual,
  required, licensed, trial, variance, status, is_tolerated, unit_parts, currency, stake_parts,
  facts)
SELECT $1, $2, md5('client ' || c)::uuid, md5($2::uuid || ' rule ' || r)::uuid, 'devices', 12, 12,
  11, 0, 1, 'under_licensed', false, 2368.8, 'AUD', 2368.8, md5(c || ' ' || r)
FROM generate_series(1, :clients) AS c, generate_series(1, :rules) AS r
""",
)
_PLAIN = "SELECT * FROM snapshot_lines WHERE snapshot_id = $1"


@dataclass(frozen=True)
class Desk:
    """An organisation and somebody of its finance team."""

    database: Database
    organisation_id: UUID
    token: str
    url: str

    async def asks(self, method: str, path: str, **request: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(trust_env=False, timeout=60, headers=headers) as http:
            url = f"{self.url}/v1/reconciliation{path}"
            answer = await http.request(method, url, **request)
            answer.raise_for_status()
            return answer.json()

    async def snapshot(self) -> tuple[dict[str, Any], float]:
        """One that is done, and the seconds that a worker had it in hand."""
        asked = await self.asks("POST", "/snapshots")
        while asked["status"] not in _DONE:
            await asyncio.sleep(0.1)
            asked = await self.asks("GET", f"/snapshots/{asked['id']}")
        if asked["status"] == "failed":
            raise RuntimeError(asked["detail"])
        began, ended = (
            datetime.fromisoformat(asked[f"{end}_at"]) for end in ("started", "finished")
        )
        return asked, (ended - began).total_seconds()

    async def lines(self, snapshot: Mapping[str, Any]) -> Lines:
        rows = await self.database.as_owner(
            "SELECT client_id, metric, status FROM snapshot_lines WHERE snapshot_id = $1",
            UUID(snapshot["id"]),
        )
        return {(row["client_id"], row["metric"]): row["status"] for row in rows}


async def measure(database: Database, environment: Mapping[str, str]) -> list[Figure]:
    worker = [sys.executable, "-m", "billingone_api.cli", "worker"]
    with serving("ours", environment) as api, running(worker, environment) as process:
        found = await _findings(database, api)
        timed = await _timed(database, api)
        memory = peak_megabytes(process)
        timed += [Figure("the worker's memory at its most", _megabytes(memory), "-", None, "")]
    with serving("ours", environment) as api:
        return found + timed + await _file(database, api)


async def _desk(database: Database, api: Server, made: Portfolio | None = None) -> Desk:
    organisation_id = await database.add_organisation(new_id(), name=str(new_id()))
    await database.as_owner(_CONNECTION, organisation_id)
    token = Mint(SystemClock()).person(organisation_id)
    desk = Desk(database, organisation_id, token, api.url)
    if made is not None:
        await fill(database, organisation_id, made.clients)
        for metric in METRICS:
            body = {"name": metric, "metric": metric, "products": SUITES[metric]}
            await desk.asks("POST", "/rules", json=body)
        for table in ("clients", "subscriptions", "client_counts"):
            await database.as_owner(f"ANALYZE {table}")
    return desk


async def _findings(database: Database, api: Server) -> list[Figure]:
    now = datetime.now(UTC)
    faulty = portfolio(1, clients=CLIENTS, faulty=FAULTY, now=now)
    clean = portfolio(2, clients=CLIENTS, faulty=0, now=now)
    desk = await _desk(database, api, faulty)
    snapshot, _ = await desk.snapshot()
    figures = _kinds(faulty, await desk.lines(snapshot))
    desk = await _desk(database, api, clean)
    snapshot, _ = await desk.snapshot()
    lines = await desk.lines(snapshot)
    wrong = sum(status != "matched" for status in lines.values())
    if wrong or snapshot["outcome"] != "clean":
        raise AssertionError(f"A clean portfolio: {wrong} findings, {snapshot['outcome']}")
    subscriptions = sum(len(held) for one in clean.clients for held in one.held.values())
    size = f"{CLIENTS:,} clients, {subscriptions:,} subscriptions"
    return [*figures, Figure(f"{size}, clean", "0 findings", f"{len(lines):,} lines", None, "0")]


def _kinds(made: Portfolio, lines: Lines) -> list[Figure]:
    """Of each kind, over all lines of whoever has it; a finding is what does not match."""
    clients: dict[str, set[UUID]] = defaultdict(set)
    for (client, _), fault in made.planted.items():
        clients[fault.__name__].add(client)
    told = {(*key, status) for key, status in lines.items() if status != "matched"}
    meant = {(*key, status) for key, status in made.expected.items() if status != "matched"}
    figures = []
    for fault in FAULTS:
        having = clients[fault.__name__]
        mine, wanted = ({one for one in all_ if one[0] in having} for all_ in (told, meant))
        figures.append(_kind(fault.__name__, len(having), mine, wanted))
    figures.append(_kind("all kinds, over every client", len(made.planted), told, meant))
    if lines != made.expected:
        raise AssertionError(f"Not as planted: {told ^ meant}")
    return figures


def _kind(name: str, planted: int, told: set[Any], meant: set[Any]) -> Figure:
    right = len(told & meant)
    precision = right / len(told) if told else 1.0
    recall = right / len(meant) if meant else 1.0
    return Figure(
        f"planted: {name.replace('_', ' ')}",
        f"{len(told)} findings: precision {precision:.3f}, recall {recall:.3f}",
        f"{planted} planted, {len(meant)} to find",
        None,
        "1.000 and 1.000",
    )


async def _timed(database: Database, api: Server) -> list[Figure]:
    made = portfolio(3, clients=MANY_CLIENTS, faulty=MANY_CLIENTS // 5, now=datetime.now(UTC))
    desk = await _desk(database, api, made)
    ceiling = await copy_rate(database)
    first, seconds = await desk.snapshot()
    if await desk.lines(first) != made.expected:
        raise AssertionError("Not as planted, in the large portfolio.")
    again, warm = await desk.snapshot()
    (written,) = await database.as_owner(_WRITTEN, UUID(again["id"]))
    subscriptions = sum(len(held) for one in made.clients for held in one.held.values())
    rate = written["number"] / warm
    return [
        Figure(
            f"a snapshot of {MANY_CLIENTS:,} clients, {subscriptions:,} subscriptions",
            f"{seconds:.1f} s, the next {warm:.1f} s",
            f"{written['number'] / ceiling:.1f} s  as many rows by COPY",
            warm / (written["number"] / ceiling),
            "",
        ),
        Figure(
            f"its {written['number']:,} rows: written a second",
            f"{rate:,.0f}",
            f"{ceiling:,.0f}  by COPY",
            rate / ceiling,
            "",
        ),
    ]


async def _file(database: Database, api: Server) -> list[Figure]:
    desk, snapshot_id = await _desk(database, api), new_id()
    for statement in _FILE:
        sized = statement.replace(":rules", str(_RULES)).replace(":clients", str(MANY_CLIENTS))
        await database.as_owner(sized, desk.organisation_id, snapshot_id)
    for table in ("snapshot_lines", "snapshot_rows", "snapshot_counts", "snapshot_rules"):
        await database.as_owner(f"VACUUM ANALYZE {table}")
    ceiling = await _copied_out(database, snapshot_id)
    path = f"/v1/reconciliation/snapshots/{snapshot_id}/lines/export.csv"
    before = peak_megabytes(api.process)
    rows, seconds = await _streamed(api.url + path, desk.token)
    meanwhile = peak_megabytes(api.process)
    if rows != LINES:
        raise AssertionError(f"{rows:,} rows of {LINES:,}")
    return [
        Figure(
            f"{rows:,} lines as a file: rows a second",
            f"{rows / seconds:,.0f}",
            f"{ceiling:,.0f}  by COPY TO, the table as it is",
            rows / seconds / ceiling,
            "≥ 0.50",
        ),
        Figure(
            "the API's memory at its most meanwhile",
            _megabytes(meanwhile),
            f"{_megabytes(before)}  before",
            meanwhile / before if before and meanwhile else None,
            "flat",
        ),
    ]


async def _copied_out(database: Database, snapshot_id: UUID) -> float:
    size = 0

    async def count(chunk: bytes) -> None:
        nonlocal size
        size += len(chunk)

    connection = await asyncpg.connect(database.owner_url.replace("+asyncpg", ""))
    try:
        started = time.perf_counter()
        await connection.copy_from_query(_PLAIN, snapshot_id, output=count, format="csv")
        return LINES / (time.perf_counter() - started)
    finally:
        await connection.close()


async def _streamed(url: str, token: str) -> tuple[int, float]:
    headers = {"Authorization": f"Bearer {token}"}
    rows, started = -1, time.perf_counter()  # the header is none
    async with (
        httpx.AsyncClient(trust_env=False, timeout=300, headers=headers) as http,
        http.stream("GET", url) as answer,
    ):
        answer.raise_for_status()
        async for chunk in answer.aiter_bytes():
            rows += chunk.count(b"\n")
    return rows, time.perf_counter() - started


def _megabytes(number: float | None) -> str:
    return "not told" if number is None else f"{number:.0f} MB"
