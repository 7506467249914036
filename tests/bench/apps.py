"""The apps under load: ours, and the ceiling it is held against; both tell what they used."""

import json
import os
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

USED = "/__used"


class Measured:
    """An app that also answers what its process has used: CPU seconds, and memory at its most."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != USED:
            await self.app(scope, receive, send)
            return
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        body = json.dumps({"cpu_seconds": time.process_time(), "peak_kilobytes": peak}).encode()
        length = str(len(body)).encode()
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-length", length)],
            }
        )
        await send({"type": "http.response.body", "body": body})


def ours() -> ASGIApp:
    from billingone_api.config import Settings
    from billingone_api.main import create_app

    return Measured(create_app(Settings.load()))


class Row(BaseModel):
    """As many fields, of the same kinds, as a list of 50 rows has to show at least."""

    id: str
    source_id: str
    source_status: str | None
    client_label: str
    product_name: str
    vendor_name: str
    quantity: str | None
    price: str | None
    partner_cost: str | None
    currency: str | None
    billing_term: str | None
    starts_on: str | None
    ends_on: str | None
    changed_at: str


class Rows(BaseModel):
    """The same envelope."""

    items: list[Row]
    next_cursor: str | None


SQL = """
SELECT id::text, source_id, source_status, client_label, product_name, vendor_name,
  quantity::text, price::text, partner_cost::text, currency, billing_term,
  starts_on::text, ends_on::text, changed_at::text
FROM subscriptions WHERE organisation_id = $1 ORDER BY client_label, id LIMIT 51
"""


def ceiling() -> ASGIApp:
    """What the design holds us against: asyncpg rows and a response model, inside a transaction
    with the organisation set; no token, no guard, no search, no cursor."""
    organisation = os.environ["BENCH_ORGANISATION"]
    url = os.environ["DATABASE_URL"].replace("+asyncpg", "")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(url, min_size=10, max_size=10) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/rows")
    async def rows() -> Rows:
        async with app.state.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "SELECT set_config('app.organisation_id', $1, true)", organisation
            )
            found: list[Any] = await connection.fetch(SQL, organisation)
        return Rows(items=[Row(**row) for row in found[:50]], next_cursor=found[-1]["id"])

    return Measured(app)
