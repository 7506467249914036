"""The HTTP API: every router, every error handler, and what lives as long as the process."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any, Final

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi_offline import FastAPIOffline
from starlette.responses import JSONResponse, Response

from billingone_api.billing.access import routes as access
from billingone_api.billing.api_keys import routes as api_keys
from billingone_api.billing.audit import routes as audit
from billingone_api.billing.clients import routes as clients
from billingone_api.billing.counts import routes as counts
from billingone_api.billing.dashboard import routes as dashboard
from billingone_api.billing.definitions import routes as definitions
from billingone_api.billing.fourway.routes import files as four_way_files
from billingone_api.billing.fourway.routes import mappings as four_way_mappings
from billingone_api.billing.fourway.routes import records as four_way
from billingone_api.billing.integrations.routes import integrations, superops, webhooks, xero
from billingone_api.billing.inventory import routes as inventory
from billingone_api.billing.invoices.routes import accounts as account_mapping
from billingone_api.billing.invoices.routes import lists as invoices
from billingone_api.billing.panelone import routes as panelone
from billingone_api.billing.reconciliation.routes import decisions as line_decisions
from billingone_api.billing.reconciliation.routes import files as snapshot_files
from billingone_api.billing.reconciliation.routes import rules as count_rules
from billingone_api.billing.reconciliation.routes import settings as reconciliation_settings
from billingone_api.billing.reconciliation.routes import snapshots
from billingone_api.billing.settings import routes as settings_area
from billingone_api.billing.sources import SOURCES
from billingone_api.billing.subscribers import SUBSCRIBERS
from billingone_api.billing.subscriptions import routes as subscriptions
from billingone_api.billing.syncs import routes as syncs
from billingone_api.billing.syncs.ports import Source
from billingone_api.config import Settings
from billingone_api.database.backlog import due, oldest_seconds
from billingone_api.database.engine import SIGNS_OF_ABSENCE, is_away
from billingone_api.database.migrations import SchemaError, check_schema
from billingone_api.kit import openapi, problems
from billingone_api.kit.bodies import Bodies
from billingone_api.kit.errors import Unavailable
from billingone_api.kit.heads import Heads
from billingone_api.kit.origins import Origins
from billingone_api.kit.requests import RequestEnvelope
from billingone_api.kit.revalidation import Revalidation
from billingone_api.process import Process, running_process
from billingone_api.request import identity_of, process_of

VERSION: Final = "0.1.0"
log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_DESCRIPTION: Final = """\
What an MSP earns each month, who owes it, who uses more than they pay for, and whether to trust \
the figure.

Send the token PanelOne issued, or an API key, as `Authorization: Bearer …`; it names the \
organisation. Money is a \
decimal string with its currency, instants are RFC 3339 in UTC. Lists are walked with \
`next_cursor`. Errors are `application/problem+json` with a stable `code`.
"""

_TAGS: Final = {
    "access": "Who is signed in, and what they may do.",
    "api-keys": "What scripts come in with: made once, shown once, revoked at once.",
    "audit": "Who changed what, when and from where; nothing here is ever changed.",
    "dashboard": "The four cards, each with its freshness and coverage.",
    "definitions": "What every figure and every word means, as the program reckons it.",
    "subscriptions": "What clients are subscribed to, at which price, with every change seen.",
    "invoices": "What clients are invoiced, owe and have paid, each invoice once.",
    "clients": "PanelOne's clients, and which record of a third party belongs to whom.",
    "reconciliation": "What clients use against what is licensed for them, and how sure that is.",
    "inventory": "The devices and people behind a count, one by one.",
    "syncs": "Copying from third parties: asked for, under way, done.",
    "integrations": "Connections to third parties: credentials, schedules, status.",
    "settings": "What an organisation chose: bases of figures, exchange rates.",
    "panelone": "What PanelOne itself tells us, with a service token.",
}

OPEN_ROUTES: Final = frozenset({"/livez", "/readyz"}) | webhooks.OPEN
"""What answers without a token, besides the reference page; a test compares it with the app."""

_IMPORT: Final = "/v1/clients/mapping/import"
_READ_BY_ROW: Final = frozenset({"/v1/panelone/clients:batch", "/v1/panelone/counts"})
_READ_AS_IT_CAME: Final = webhooks.OPEN

# The most asked stand first: routers are tried in turn.
_AREAS: Final[tuple[APIRouter, ...]] = (
    subscriptions.router,
    invoices.router,
    clients.router,
    dashboard.router,
    snapshots.router,
    snapshot_files.router,
    four_way.router,
    four_way_files.router,
    four_way_mappings.router,
    line_decisions.router,
    count_rules.router,
    counts.router,
    inventory.router,
    reconciliation_settings.router,
    syncs.router,
    access.router,
    account_mapping.router,
    # before what stands for every provider
    xero.router,
    superops.router,
    integrations.router,
    webhooks.router,
    settings_area.router,
    panelone.router,
    definitions.router,
    audit.router,
    api_keys.router,
)


def create_app(
    settings: Settings,
    *,
    process: AbstractAsyncContextManager[Process] | None = None,
    sources: Sequence[Source] = SOURCES,
) -> FastAPI:
    """The API; `process` and `sources` are for tests, which put together their own."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with process or running_process(settings, name="billingone-api") as made:
            await check_schema(made.engine)
            app.state.process = replace(made, subscribers=SUBSCRIBERS)
            yield

    app = _framed(settings, lifespan)
    app.state.sources = {source.key: source for source in sources}
    for area in _AREAS:
        app.include_router(area, prefix="/v1")
    app.include_router(_health)
    problems.install(app, recognise=_recognise)
    for kind in SIGNS_OF_ABSENCE:
        app.add_exception_handler(kind, _database_away)
    app.add_exception_handler(SchemaError, _schema_unknown)
    app.add_middleware(Revalidation)
    app.add_middleware(
        Bodies,
        limit=settings.max_body_bytes,
        larger={_IMPORT: settings.max_import_bytes},
        by_row=_READ_BY_ROW,
        raw=_READ_AS_IT_CAME,
    )
    app.add_middleware(Heads)
    app.add_middleware(RequestEnvelope)
    app.add_middleware(
        Origins,
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"],
        allow_headers=[
            "Authorization",
            "Content-Type",
            "If-Match",
            "If-None-Match",
            "Idempotency-Key",
            "Last-Event-ID",
            "X-Request-Id",
        ],
        expose_headers=[
            "Content-Disposition",
            "ETag",
            "Idempotent-Replayed",
            "Location",
            "RateLimit",
            "RateLimit-Policy",
            "Retry-After",
            "X-Request-Id",
        ],
        max_age=600,
    )
    _describe(app)
    return app


def document() -> dict[str, Any]:
    """The OpenAPI document; the settings that a running process needs do not show in it."""
    return create_app(Settings.model_construct()).openapi()


def _framed(settings: Settings, lifespan: Any) -> FastAPI:
    """With the reference page where it is wanted; its assets come from a wheel."""
    known: dict[str, Any] = {
        "title": "BillingOne API",
        "version": VERSION,
        "description": _DESCRIPTION,
        "contact": {"name": "BillingOne"},
        "license_info": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        "servers": [{"url": "/", "description": "Where this document was found."}],
        "openapi_tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "lifespan": lifespan,
        "redirect_slashes": False,
        # FastAPI's own would send along query strings, and the words of errors.
        "telemetry": {"tracing": False, "metrics": False, "logs": False},
    }
    if settings.reference_page:
        return FastAPIOffline(docs_url="/docs", redoc_url=None, **known)
    return FastAPI(docs_url=None, redoc_url=None, openapi_url=None, **known)


def _describe(app: FastAPI) -> None:
    generated = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = openapi.finished(generated())
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way


_health = APIRouter(include_in_schema=False)


@_health.api_route("/livez", methods=["GET", "HEAD"])
async def livez() -> JSONResponse:
    """The process answers; whether it can work is /readyz's to say."""
    return JSONResponse({"status": "alive"})


@_health.api_route("/readyz", methods=["GET", "HEAD"])
async def readyz(request: Request) -> Response:
    """The database is reachable and at this program's schema; oldest due work for the curious."""
    process = await process_of(request)
    await check_schema(process.engine)
    oldest = oldest_seconds(await due(process.engine))
    return JSONResponse({"status": "ready", "oldest_due_work_seconds": int(oldest)})


async def _recognise(request: Request) -> None:
    if request.url.path in OPEN_ROUTES:
        return
    try:
        await identity_of(request, None)
    except SIGNS_OF_ABSENCE as error:
        if is_away(error):
            raise _away() from error
        raise


async def _database_away(request: Request, error: Exception) -> Response:
    """The database is away, or every connection is taken: the caller may come back."""
    if not is_away(error):
        return problems.internal(request.scope, error)
    log.warning("database_away", reason=type(error).__name__)
    return problems.response(_away(), request_id=problems.request_id(request.scope))


def _away() -> Unavailable:
    return Unavailable("The database does not answer; try again.", headers={"Retry-After": "5"})


async def _schema_unknown(request: Request, error: Exception) -> Response:
    unready = Unavailable(str(error), headers={"Retry-After": "5"})
    return problems.response(unready, request_id=problems.request_id(request.scope))
