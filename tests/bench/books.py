"""The sync of 100,000 invoices of Xero with five lines each, and a delta of 500 changes; and of
2,000 invoices of SuperOps, whose lines cost a call each.

The limits of both for the minute and the day are lifted in the practice ground and here. Xero's
lists have to be walked page by page, each page behind the one before, so that their pages one after
another are the floor; of SuperOps it is its calls, one after another.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
from tests.bench.servers import peak_megabytes, running, wait_for
from tests.bench.syncs import copy_rate
from tests.bench.table import Figure
from tests.support.databases import Database

from billingone_api.embedded.launcher import free_port

INVOICES = 100_000
SUPEROPS_INVOICES = 2_000
SUPEROPS_CALLS = 200
"""So many are timed for the floor."""
CHANGES = 500
BOOKS = "Bluegum IT Pty Ltd"
LATENCY_MILLISECONDS = 100
PAGE = 500
_COUNTED: Final = (
    "SELECT (SELECT count(*) FROM invoices) AS invoices,"
    " (SELECT count(*) FROM invoice_lines) AS lines,"
    " (SELECT count(*) FROM payments) AS payments"
)
LISTS: Final = (
    "Contacts",
    "Invoices",
    "CreditNotes",
    "Overpayments",
    "Prepayments",
    "Payments",
)
_LIST: Final = (
    "query getInvoiceList($input: ListInfoInput!) { getInvoiceList(input: $input) "
    "{ invoices { invoiceId } listInfo { totalCount } } }"
)
_DETAIL: Final = (
    "query getInvoice($input: InvoiceIdentifierInput!) { getInvoice(input: $input) { invoiceId "
    "items { itemId details quantity unitPrice discountRate amount taxable } } }"
)
_DONE: Final = frozenset({"succeeded", "partial", "failed", "cancelled"})


@contextmanager
def practice_ground() -> Iterator[str]:
    port = free_port()
    command = [
        *(sys.executable, "-m", "billingone_api.cli", "sandbox", f"--port={port}"),
        *(f"--invoices={INVOICES}", f"--superops-invoices={SUPEROPS_INVOICES}"),
        *(f"--latency={LATENCY_MILLISECONDS}", "--rate-limit=0"),
    ]
    with running(command, os.environ):
        url = f"http://127.0.0.1:{port}"
        wait_for(url + "/", seconds=300)
        yield url


def environment_for(sandbox_url: str) -> dict[str, str]:
    with httpx.Client(trust_env=False) as http:
        guides = http.get(sandbox_url).json()
    guide, superops = guides["xero"], guides["superops"]
    return {
        "SUPEROPS_US_URL": superops["us_url"],
        "SUPEROPS_EU_URL": superops["eu_url"],
        "SUPEROPS_REQUESTS_PER_MINUTE": "1000000",
        "XERO_AUTHORISE_URL": guide["authorize_url"],
        "XERO_TOKEN_URL": guide["token_url"],
        "XERO_CONNECTIONS_URL": guide["connections_url"],
        "XERO_API_URL": guide["api_url"],
        "XERO_CLIENT_ID": guide["client_id"],
        "XERO_CLIENT_SECRET": guide["client_secret"],
        "XERO_REDIRECT_URI": guide["redirect_uris"][0],
        "XERO_REQUESTS_PER_MINUTE": "1000000",
    }


async def connect_superops(api_url: str, sandbox_url: str, token: str) -> None:
    async with _caller(token) as http:
        guide = (await http.get(sandbox_url)).json()["superops"]
        names = ("subdomain", "region", "token", "currency")
        credentials = {"auth_mode": "api_token", **{name: guide[name] for name in names}}
        url = f"{api_url}/v1/integrations/superops"
        (await http.put(url, json={"credentials": credentials})).raise_for_status()


async def connect_xero(api_url: str, token: str) -> None:
    """As a person does it, with a browser that Xero sends back at once."""
    async with _caller(token) as http:
        begun = await http.post(f"{api_url}/v1/integrations/xero/authorise")
        begun.raise_for_status()
        back = await http.get(begun.json()["url"], follow_redirects=False)
        said = {
            name: one for name, [one] in parse_qs(urlsplit(back.headers["Location"]).query).items()
        }
        body = {name: said[name] for name in ("state", "code")}
        consent = await http.post(f"{api_url}/v1/integrations/xero/callback", json=body)
        consent.raise_for_status()
        if consent.json()["choice_needed"]:
            found = {one["name"]: one["tenant_id"] for one in consent.json()["organisations"]}
            chosen = {"tenant_id": found[BOOKS]}
            answer = await http.put(
                f"{api_url}/v1/integrations/xero", json=chosen, headers={"If-Match": "*"}
            )
            answer.raise_for_status()


async def measure(
    database: Database, environment: Mapping[str, str], api_url: str, sandbox_url: str, token: str
) -> list[Figure]:
    floor = await _floor(sandbox_url)
    copy = await copy_rate(database)
    # Not before: a minute after it is connected a source is synced by itself.
    await connect_xero(api_url, token)
    with running([sys.executable, "-m", "billingone_api.cli", "worker"], environment) as worker:
        first = await _synced(api_url, token, "xero", "full")
        memory = peak_megabytes(worker)
        again = await _synced(api_url, token, "xero", "full")
        await _change(sandbox_url)
        delta = await _synced(api_url, token, "xero", "delta")
        (counted,) = await database.as_owner(_COUNTED)
        calls = SUPEROPS_INVOICES * await _seconds_a_call(sandbox_url)
        await connect_superops(api_url, sandbox_url, token)
        superops = await _synced(api_url, token, "superops", "full")
        same = await _synced(api_url, token, "superops", "delta")
    rows = sum(counted.values())
    what = ", ".join(f"{number:,} {kind}" for kind, number in counted.items())
    limits = "Xero's limits lifted"
    return [
        Figure(
            f"first sync of Xero, {limits}: {what}",
            f"{first:.1f} s",
            f"{floor:.1f} s  its pages of {PAGE}, one after another, thrown away",
            first / floor,
            "",
        ),
        Figure(
            "the same in full once more, nothing changed",
            f"{again:.1f} s",
            f"{floor:.1f} s  the same pages",
            again / floor,
            "",
        ),
        Figure(
            "rows a second of the first: fetched, read, compared, written",
            f"{rows / first:,.0f}",
            f"{copy:,.0f}  COPY into a temporary table",
            rows / first / copy,
            "",
        ),
        Figure(f"delta of {CHANGES} changed invoices", f"{delta:.1f} s", "-", None, ""),
        Figure(
            f"first sync of SuperOps, limit lifted: {SUPEROPS_INVOICES:,} invoices, a call each",
            f"{superops:.1f} s",
            f"{calls:.1f} s  so many calls, one after another, by {SUPEROPS_CALLS} of them",
            superops / calls,
            "",
        ),
        Figure("the same, nothing changed: no call for an invoice", f"{same:.1f} s", "-", None, ""),
        Figure("memory of the worker at its most", f"{memory or 0:,.0f} MB", "-", None, ""),
    ]


@asynccontextmanager
async def _caller(token: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(trust_env=False, timeout=120, headers=headers) as http:
        yield http


async def _floor(sandbox_url: str) -> float:
    """Every page of every list by an access token of another consent, and nothing done with it."""
    async with httpx.AsyncClient(trust_env=False, timeout=120) as http:
        guide = (await http.get(sandbox_url)).json()["xero"]
        token = await _token(http, guide)
        connections = await http.get(
            guide["connections_url"], headers={"Authorization": f"Bearer {token}"}
        )
        tenants = {one["tenantName"]: one["tenantId"] for one in connections.json()}
        http.headers.update(
            {
                "Authorization": f"Bearer {token}",
                "xero-tenant-id": tenants[BOOKS],
                "Accept": "application/json",
            }
        )
        started = time.perf_counter()
        for name in LISTS:
            await _walk(http, f"{guide['api_url']}/{name}", name)
        return time.perf_counter() - started


async def _token(http: httpx.AsyncClient, guide: Mapping[str, Any]) -> str:
    redirect = guide["redirect_uris"][0]
    asked = {
        "response_type": "code",
        "client_id": guide["client_id"],
        "redirect_uri": redirect,
        "scope": "offline_access accounting.invoices.read accounting.payments.read "
        "accounting.contacts.read accounting.settings.read",
        "state": "floor",
    }
    # Xero takes no plus for a space.
    url = f"{guide['authorize_url']}?{urlencode(asked, quote_via=quote)}"
    back = await http.get(url, follow_redirects=False)
    (code,) = parse_qs(urlsplit(back.headers["Location"]).query)["code"]
    answer = await http.post(
        guide["token_url"],
        data={"grant_type": "authorization_code", "code": code, "redirect_uri": redirect},
        auth=(guide["client_id"], guide["client_secret"]),
    )
    return str(answer.json()["access_token"])


async def _walk(http: httpx.AsyncClient, url: str, name: str) -> None:
    number = 1
    while True:
        query: dict[str, Any] = {"page": number, "pageSize": PAGE, "order": "UpdatedDateUTC ASC"}
        answer = await http.get(url, params=query | {"unitdp": 4})
        answer.raise_for_status()
        if len(answer.json()[name]) < PAGE:
            return
        number += 1


async def _change(sandbox_url: str) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=120) as http:
        answer = await http.post(
            f"{sandbox_url}/_sandbox/xero/mutate", json=[{"do": "touch", "count": CHANGES}]
        )
        answer.raise_for_status()


async def _seconds_a_call(sandbox_url: str) -> float:
    """Of one invoice with its lines, asked for again and again."""
    async with httpx.AsyncClient(trust_env=False, timeout=120) as http:
        guide = (await http.get(sandbox_url)).json()["superops"]
        http.headers.update(
            {"Authorization": f"Bearer {guide['token']}", "CustomerSubDomain": guide["subdomain"]}
        )
        wanted = {"page": 1, "pageSize": 1}
        listed = await _asked(http, guide["us_url"], _LIST, wanted)
        (one,) = listed["getInvoiceList"]["invoices"]
        started = time.perf_counter()
        for _ in range(SUPEROPS_CALLS):
            await _asked(http, guide["us_url"], _DETAIL, {"invoiceId": one["invoiceId"]})
        return (time.perf_counter() - started) / SUPEROPS_CALLS


async def _asked(http: httpx.AsyncClient, url: str, query: str, wanted: dict[str, Any]) -> Any:
    answer = await http.post(url, json={"query": query, "variables": {"input": wanted}})
    answer.raise_for_status()
    return answer.json()["data"]


async def _synced(api_url: str, token: str, source: str, mode: str) -> float:
    async with _caller(token) as http:
        started = time.perf_counter()
        answer = await http.post(f"{api_url}/v1/syncs", json={"sources": [source], "mode": mode})
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
