"""The apps under load: ours, and the ceiling it is held against; both tell what they used."""

import json
import os
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.billing.subscriptions.adapters.postgres.lists import page_of
from billingone_api.billing.subscriptions.adapters.postgres.rows import listed
from billingone_api.billing.subscriptions.schemas.lists import SubscriptionPage

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
    from billingone_api.kit import logging
    from billingone_api.main import create_app

    settings = Settings.load()
    logging.configure(style=settings.log_format, level=settings.log_level)
    return Measured(create_app(settings))


def ceiling() -> ASGIApp:
    """What the design holds us against: the same rows by asyncpg, through the same response model,
    inside a transaction with the organisation set; no token, no guard, no search, no cursor."""
    organisation = UUID(os.environ["BENCH_ORGANISATION"])
    url = os.environ["DATABASE_URL"].replace("+asyncpg", "")
    basis = PriceBasis("sell", "year")
    statement = page_of(basis, frozenset(), "client", goes_on=False)
    values = {"organisation_id": organisation, "today": datetime.now(UTC).date(), "rows": 51}

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(url, min_size=10, max_size=10) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/rows")
    async def rows() -> SubscriptionPage:
        async with app.state.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "SELECT set_config('app.organisation_id', $1, true)", str(organisation)
            )
            found: list[Any] = await connection.fetch(statement.sql, *statement.arguments(values))
        return SubscriptionPage.model_validate(
            {
                "items": [listed(row) for row in found[:50]],
                "next_cursor": str(found[-1]["id"]),
                "total": None,
                "basis": basis,
            }
        )

    return Measured(app)
