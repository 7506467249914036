"""The API as a page in a real browser meets it: origins, headers it may read, and event streams.

Where no browser is installed the tests say so and are skipped.
"""

import asyncio
import json
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from tests.support.api import Api, running_app
from tests.support.databases import Database
from tests.support.figures import Figure
from tests.support.server import serving
from tests.support.sources import FakeSource, connect, work_off

from billingone_api.process import Process

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
PATIENCE = 60
pytestmark = pytest.mark.skipif(not BROWSER, reason="there is no Chromium or Chrome here")
PAGE = """<!doctype html><script>
const told = {{}};
async function ask(name, path, init) {{
  try {{
    const answer = await fetch("{api}" + path, init);
    told[name] = {{status: answer.status, headers: Object.fromEntries(answer.headers)}};
    return answer;
  }} catch (error) {{ told[name] = {{refused: error.name}}; }}
}}
const headers = {{Authorization: "Bearer {token}"}};
const listen = url => new Promise(done => {{
  const heard = [], source = new EventSource("{api}" + url);
  for (const name of ["progress", "done"])
    source.addEventListener(name, event => heard.push([name, JSON.parse(event.data).status]));
  source.onerror = () => {{
    if (source.readyState === EventSource.CLOSED) done({{heard, state: source.readyState}});
  }};
}});
(async () => {{
  await ask("read", "/v1/definitions", {{headers}});
  await ask("problem", "/v1/nowhere", {{headers}});
  await ask("nobody", "/v1/me");
  await ask("written", "/v1/settings/billing", {{method: "PATCH", headers: {{...headers,
    "If-Match": "*", "Content-Type": "application/json"}}, body: '{{"pax8_price_is": "buy"}}'}});
  await ask("posted", "/v1/syncs", {{method: "POST", headers: {{...headers,
    "Idempotency-Key": "k", "Content-Type": "application/json"}}, body: "{{}}"}});
  const made = await ask("ticket", "/v1/syncs/{sync}/events/ticket", {{method: "POST", headers}});
  if (made) told.stream = await listen((await made.json()).url);
  await fetch("/told", {{method: "POST", body: JSON.stringify(told)}});
}})();
</script>"""


class Page:
    """A site of its own, whose page asks the API and says here what it got."""

    def __init__(self) -> None:
        self.html = ""
        self.told: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.app = Starlette(
            routes=[Route("/", self.show), Route("/told", self.hear, methods=["POST"])]
        )

    async def show(self, _: Request) -> Response:
        return HTMLResponse(self.html)

    async def hear(self, request: Request) -> Response:
        self.told.set_result(json.loads(await request.body()))
        return Response(status_code=204)


@asynccontextmanager
async def browsing(url: str) -> AsyncIterator[None]:
    with tempfile.TemporaryDirectory(prefix="billingone-", ignore_cleanup_errors=True) as folder:
        arguments = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
        process = await asyncio.create_subprocess_exec(
            BROWSER,
            *arguments,
            "--no-proxy-server",
            "--no-first-run",
            "--remote-debugging-port=0",
            f"--user-data-dir={folder}",
            url,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


@pytest.fixture
async def pages(
    process: Process, api: Api, database: Database, source: FakeSource
) -> AsyncIterator[Any]:
    """Asks from a page of an origin that may call, or of one that may not."""
    await connect(database, api.organisation_id)
    async with AsyncExitStack() as stack:
        page = Page()
        port = await stack.enter_async_context(serving(page.app))

        async def visit(*, is_ours: bool) -> Any:
            origin = f"http://127.0.0.1:{port}" if is_ours else "https://app.billingone.dev"
            settings = process.settings.model_copy(update={"cors_origins": (origin,)})
            ours = replace(process, settings=settings, sleep=asyncio.sleep, pollers={})
            app = await stack.enter_async_context(running_app(ours, source))
            streams = Api(app, api.mint, api.organisation_id)
            sync = (await streams.finance.post("/v1/syncs", json={})).json()["id"]
            api_port = await stack.enter_async_context(serving(app))
            page.html = PAGE.format(
                api=f"http://127.0.0.1:{api_port}",
                token=api.mint.person(api.organisation_id),
                sync=sync,
            )
            async with browsing(f"http://127.0.0.1:{port}/"), asyncio.timeout(PATIENCE):
                working = asyncio.create_task(work_later(process, source))
                try:
                    return await page.told
                finally:
                    working.cancel()

        yield visit


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


async def work_later(process: Process, source: FakeSource) -> None:
    """As a worker would, once a stream has begun."""
    while True:
        await asyncio.sleep(2)
        await work_off(process, source)


async def test_a_page_of_a_configured_origin_reads_writes_and_listens(
    pages: Any, figure: Figure
) -> None:
    told = await pages(is_ours=True)
    assert told["read"]["status"] == 200
    assert {"etag", "x-request-id"} <= told["read"]["headers"].keys()
    assert (told["problem"]["status"], told["nobody"]["status"]) == (404, 401)
    assert told["problem"]["headers"]["content-type"] == "application/problem+json"
    assert told["written"]["status"] == 200
    assert (told["posted"]["status"], told["ticket"]["status"]) == (202, 201)
    assert "location" in told["posted"]["headers"]
    heard = told["stream"]["heard"]
    assert heard[-1] == ["done", "succeeded"]
    # after the last event it came again, got 204 and stayed away
    assert told["stream"]["state"] == 2
    figure(f"24: Chromium listened by ticket: {len(heard)} events, then 204 and closed")


async def test_a_page_of_any_other_origin_reads_nothing(pages: Any, figure: Figure) -> None:
    told = await pages(is_ours=False)
    assert told.keys() == {"read", "problem", "nobody", "written", "posted", "ticket"}
    assert [what for what in told.values() if what != {"refused": "TypeError"}] == []
    figure(f"26: Chromium kept all {len(told)} answers from a page of another origin")
