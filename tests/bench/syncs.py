"""The sync of 100,000 subscriptions, against what Pax8 allows and against COPY."""

import asyncio
import io
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
from tests.bench.servers import peak_megabytes, running, wait_for
from tests.bench.table import Figure
from tests.support.databases import Database

from billingone_api.billing.subscriptions.contacts import MOST_A_DELTA
from billingone_api.embedded.launcher import free_port

SUBSCRIPTIONS = 100_000
CLIENTS = 1_000
LATENCY_MILLISECONDS = 100
PAGE = 200
# What the worker's window allows at a time: the floor is reckoned with the same courtesy.
AT_A_TIME = 4
REQUESTS_PER_SECOND = 10
# Of so many companies a delta reads the contacts, which are a list of their own.
LISTS_OF_PEOPLE = min(CLIENTS, MOST_A_DELTA)
_DONE = frozenset({"succeeded", "partial", "failed", "cancelled"})


@contextmanager
def practice_ground() -> Iterator[str]:
    """Pax8 as the sandbox plays it: 100 ms away, its limit per minute lifted (and said so)."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "billingone_api.cli", "sandbox", f"--port={port}"),
        *(f"--clients={CLIENTS}", f"--subscriptions={SUBSCRIPTIONS}"),
        *(f"--latency={LATENCY_MILLISECONDS}", "--rate-limit=0"),
    ]
    with running(command, os.environ):
        url = f"http://127.0.0.1:{port}"
        wait_for(url + "/")
        yield url


async def connect(api_url: str, sandbox_url: str, token: str) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        guide = (await http.get(sandbox_url)).json()["pax8"]
        credentials = {
            "auth_mode": "client_credentials",
            "client_id": guide["client_id"],
            "client_secret": guide["client_secret"],
        }
        answer = await http.put(
            f"{api_url}/v1/integrations/pax8",
            json={"credentials": credentials},
            headers={"Authorization": f"Bearer {token}"},
        )
        answer.raise_for_status()


async def measure(
    database: Database, environment: Mapping[str, str], api_url: str, sandbox_url: str, token: str
) -> list[Figure]:
    """The first sync at the rate we allow ourselves by default, the second as fast as it goes."""
    whole = await _floor(sandbox_url, with_once=True)
    again_whole = await _floor(sandbox_url, with_once=False)
    allowed = max(whole.seconds, whole.pages / REQUESTS_PER_SECOND)
    copy = await copy_rate(database)
    first, memory = await _by_a_worker(environment, api_url, token)
    lifted = {**environment, "PAX8_REQUESTS_PER_SECOND": "1000000"}
    again, _ = await _by_a_worker(lifted, api_url, token)
    figures = [
        Figure(
            "first sync of 100,000 subscriptions: wall time",
            f"{first:.1f} s",
            f"{allowed:.1f} s  {whole.pages} pages at {REQUESTS_PER_SECOND} requests a second",
            first / allowed,
            "≤ 1.1",
        ),
        Figure(
            "the same, nothing changed, our rate limit lifted",
            f"{again:.1f} s",
            f"{again_whole.seconds:.1f} s  its {again_whole.pages} pages, {AT_A_TIME} at a time",
            again / again_whole.seconds,
            "",
        ),
        Figure(
            "records a second of that: fetched, read and compared",
            f"{SUBSCRIPTIONS / again:,.0f}",
            f"{copy:,.0f}  COPY into a temporary table",
            SUBSCRIPTIONS / again / copy,
            "",
        ),
    ]
    if memory is not None:
        figures.append(
            Figure("memory of the worker at its most", f"{memory:,.0f} MB", "-", None, "")
        )
    return figures


async def _by_a_worker(
    environment: Mapping[str, str], api_url: str, token: str
) -> tuple[float, float | None]:
    """Seconds from the request to the end of the run, and megabytes."""
    with running([sys.executable, "-m", "billingone_api.cli", "worker"], environment) as worker:
        return await _synced(api_url, token), peak_megabytes(worker)


@dataclass(frozen=True)
class Floor:
    seconds: float
    pages: int


async def _floor(sandbox_url: str, *, with_once: bool) -> Floor:
    """Every page that a sync reads, and no more than that.

    With what is read once for some time: some companies' people, the charges of invoices, drafts.
    """
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        guide = (await http.get(sandbox_url)).json()["pax8"]
        asked = {
            "client_id": guide["client_id"],
            "client_secret": guide["client_secret"],
            "audience": "https://api.pax8.com",
            "grant_type": "client_credentials",
        }
        token = (await http.post(guide["token_url"], json=asked)).json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        places = asyncio.Semaphore(AT_A_TIME)
        pages = 0

        async def page(kind: str, number: int, query: Mapping[str, Any]) -> Any:
            nonlocal pages
            pages += 1
            async with places:
                answer = await http.get(
                    f"{guide['api_url']}/{kind}", params={"page": number, "size": PAGE, **query}
                )
            return answer.raise_for_status().json()

        async def whole(kind: str, **query: Any) -> list[Any]:
            first = await page(kind, 0, query)
            numbers = range(1, first["page"]["totalPages"])
            rest = await asyncio.gather(*(page(kind, number, query) for number in numbers))
            return [row for one in (first, *rest) for row in one["content"]]

        started = time.perf_counter()
        companies = await whole("companies", sort="name,asc")
        await whole("subscriptions", sort="createdDate,asc")
        bills = await whole("invoices")
        if with_once:
            some = [company["id"] for company in companies[:LISTS_OF_PEOPLE]]
            await asyncio.gather(*(whole(f"companies/{id_}/contacts") for id_ in some))
            for bill in bills:
                await whole(f"invoices/{bill['id']}/items")
            for months in (0, 1):
                await whole("invoices/draftItems", monthOffset=months)
        return Floor(time.perf_counter() - started, pages)


async def copy_rate(database: Database) -> float:
    """Rows a second of COPY into a temporary table of as many columns, by one connection."""
    columns = [f"c{number} text" for number in range(13)]
    line = b"\t".join(b"a value of a usual length"[: 4 + n] for n in range(13)) + b"\n"
    connection = await asyncpg.connect(database.application_url.replace("+asyncpg", ""))
    try:
        await connection.execute(f"CREATE TEMP TABLE ceiling ({', '.join(columns)})")
        data = io.BytesIO(line * SUBSCRIPTIONS)
        started = time.perf_counter()
        await connection.copy_to_table("ceiling", source=data)
        return SUBSCRIPTIONS / (time.perf_counter() - started)
    finally:
        await connection.close()


async def _synced(api_url: str, token: str) -> float:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(trust_env=False, timeout=60, headers=headers) as http:
        started = time.perf_counter()
        answer = await http.post(f"{api_url}/v1/syncs", json={"sources": ["pax8"]})
        answer.raise_for_status()
        while True:
            sync = (await http.get(f"{api_url}/v1/syncs/{answer.json()['id']}")).json()
            (run,) = sync["runs"]
            if run["status"] in _DONE:
                break
            await asyncio.sleep(0.05)
        if run["status"] not in {"succeeded", "partial"}:
            raise RuntimeError(f"The sync ended {run['status']}: {run['problem']}")
        return time.perf_counter() - started
