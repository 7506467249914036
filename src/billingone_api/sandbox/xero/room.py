"""Xero's room in the practice ground: all of its hosts under one address."""

from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from billingone_api.kit.clock import Clock
from billingone_api.sandbox.gate import ThirdParty
from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.wire import Record, json_response
from billingone_api.sandbox.xero.accounting import Accounting
from billingone_api.sandbox.xero.apps import XeroApp, default_apps
from billingone_api.sandbox.xero.asking import BadRequest
from billingone_api.sandbox.xero.changes import Changes
from billingone_api.sandbox.xero.connections import Connections
from billingone_api.sandbox.xero.entrance import (
    NO_TENANT,
    Correlated,
    Entrance,
    Refused,
    expired,
    plain,
    problem,
)
from billingone_api.sandbox.xero.grants import Grants
from billingone_api.sandbox.xero.limits import Crowd, Limiter, XeroLimits
from billingone_api.sandbox.xero.login import Consent, Login
from billingone_api.sandbox.xero.tenants import Size, Tenant, tenants
from billingone_api.sandbox.xero.webhooks import SIGNING_KEY, Webhooks

NAME: Final = "xero"

_LEAST_COMPRESSED: Final = 1000


@dataclass(slots=True)
class XeroSettings:
    """What Xero is made of.

    The `invoices` of the first organisation (default: 24 a client) have `lines` lines each, and
    `planted_bad` of them cannot be read. Without `compressed`, nobody is sent gzip.
    """

    invoices: int | None = None
    lines: int = 5
    planted_bad: int = 2
    limits: XeroLimits = field(default_factory=XeroLimits)
    apps: tuple[XeroApp, ...] = field(default_factory=default_apps)
    webhook_key: str = field(default=SIGNING_KEY, repr=False)
    compressed: bool = True


class Xero:
    """The third party's behaviour; its parts can be reached by tests and by the control door."""

    def __init__(
        self,
        settings: XeroSettings,
        *,
        clients: int,
        seed: int,
        ids: Identifiers,
        now: datetime,
        clock: Clock,
    ) -> None:
        size = Size(clients, settings.invoices, settings.lines, settings.planted_bad)
        self.settings = settings
        self._clock = clock
        self.apps = {app.client_id: app for app in settings.apps}
        self.tenants = tenants(size, ids=ids, seed=seed, today=now.date())
        self.grants = Grants(ids=ids, clock=clock)
        self.connections = Connections(ids=ids, clock=clock)
        self.consent = Consent(list(self.tenants))
        self.limiter = Limiter(settings.limits, clock=clock)
        self.changes = Changes(ids=ids, clock=clock)
        self.webhooks = Webhooks(ids=ids, key=settings.webhook_key)
        self.entrance = Entrance(
            grants=self.grants,
            connections=self.connections,
            limiter=self.limiter,
            ids=ids,
            clock=clock,
        )
        self.app = self._app()

    @property
    def organisation(self) -> Tenant:
        """The one with the books of Bluegum IT."""
        return self.tenants[0]

    def tenant(self, key: str | None) -> Tenant:
        """By id, the first one where none is named; KeyError where there is no such tenant."""
        if key is None:
            return self.organisation
        return {tenant.id: tenant for tenant in self.tenants}[key]

    def third_party(self) -> ThirdParty:
        return ThirdParty(
            NAME, self.app, refusal=self._refusal, shift=self._shift, around=self._around
        )

    async def list_connections(self, request: Request) -> Response:
        """A bare list, of those just agreed to where `authEventId` names the event."""
        grant = self.entrance.bearer(request).grant
        event = request.query_params.get("authEventId")
        found = self.connections.of(grant.app, grant.person, event=event)
        return json_response([one.record() for one in found])

    async def delete_connection(self, request: Request) -> Response:
        grant = self.entrance.bearer(request).grant
        key = request.path_params["id"]
        gone = self.connections.disconnect(grant.app, grant.person, key)
        return Response(status_code=204 if gone else 404)

    def _refusal(self, status: int, path: str) -> Response:
        """What a scripted fault says, each host in its own manner; a 429 says no more than that."""
        if path.startswith("/connect/"):
            word = "invalid_grant" if status == HTTPStatus.BAD_REQUEST else "server_error"
            return json_response({"error": word}, status=status)
        if status == HTTPStatus.UNAUTHORIZED:
            return problem(status, expired(self._clock.now()), instance="")
        if status == HTTPStatus.FORBIDDEN:
            return problem(status, NO_TENANT, instance="")
        empty = status == HTTPStatus.TOO_MANY_REQUESTS
        return Response(status_code=status) if empty else plain(status)

    def _shift(self) -> None:
        self.changes.touch(self.organisation)

    def _around(self, app: ASGIApp) -> ASGIApp:
        self.crowd = Crowd(app, self.limiter)
        if not self.settings.compressed:
            return self.crowd
        return GZipMiddleware(self.crowd, minimum_size=_LEAST_COMPRESSED, compresslevel=1)

    def _app(self) -> Starlette:
        login = Login(
            self.apps, grants=self.grants, connections=self.connections, consent=self.consent
        )
        accounting = Accounting(self.entrance, clock=self._clock)
        listed = [
            Route(path, self.list_connections, methods=["GET"])
            for path in ("/connections", "/Connections")
        ]
        deleted = [
            Route(f"{path}/{{id}}", self.delete_connection, methods=["DELETE"])
            for path in ("/connections", "/Connections")
        ]
        return Starlette(
            routes=[*login.routes, *listed, *deleted, *accounting.routes],
            middleware=[Middleware(Correlated, ids=self.entrance.ids)],
            exception_handlers={
                Refused: self._refused,
                BadRequest: _bad_request,
                HTTPException: _plain,
            },
        )

    async def _refused(self, request: Request, error: Exception) -> Response:  # noqa: ARG002 - Starlette's signature
        if not isinstance(error, Refused):
            raise error
        return problem(error.status, error.detail, instance=self.entrance.ids("xero-error"))


async def _bad_request(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
    if not isinstance(error, BadRequest):
        raise error
    body: Record = {"ErrorNumber": error.number, "Type": error.kind, "Message": str(error)}
    elements: Record = {"Elements": []} if error.kind == "ValidationException" else {}
    return json_response(body | elements, status=400)


async def _plain(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
    return plain(error.status_code if isinstance(error, HTTPException) else 500)
