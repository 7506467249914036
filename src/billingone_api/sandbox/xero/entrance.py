"""The door of Xero's API: token, connection, scope and limits, each with its own refusal."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billingone_api.kit.clock import Clock
from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.wire import Record, json_response
from billingone_api.sandbox.xero.connections import Connections
from billingone_api.sandbox.xero.grants import Access, Grants
from billingone_api.sandbox.xero.limits import Limiter
from billingone_api.sandbox.xero.tenants import Tenant

NO_SCOPE: Final = "AuthorizationUnsuccessful"
NO_TENANT: Final = "AuthenticationUnsuccessful"
_XML: Final = (
    '<Response xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><Status>OK</Status></Response>'
)
# Which makes room for 52 ids and a few words (contract, 3.2).
_LONGEST_QUERY: Final = 2048
_TITLES: Final = {401: "Unauthorized", 403: "Forbidden"}


@dataclass(frozen=True, slots=True)
class Visit:
    """A request that was let in."""

    access: Access
    tenant: Tenant


class Refused(Exception):
    """A 401 or 403 with Xero's word for it."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Entrance:
    """Decides who may read; `asked` counts the requests of each tenant that were let in."""

    def __init__(
        self,
        *,
        grants: Grants,
        connections: Connections,
        limiter: Limiter,
        ids: Identifiers,
        clock: Clock,
    ) -> None:
        self._grants = grants
        self._connections = connections
        self._limiter = limiter
        self._clock = clock
        self.ids = ids
        self.asked: Counter[str] = Counter()

    def bearer(self, request: Request) -> Access:
        """Whoever shows a token that is good now; no tenant is asked for."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        access = self._grants.access(token) if scheme.lower() == "bearer" else None
        if access is None:
            raise Refused(401, NO_TENANT)
        if self._clock.now() >= access.expires:
            raise Refused(401, expired(access.expires))
        return access

    async def let_in(
        self,
        request: Request,
        scopes: frozenset[str],
        handler: Callable[[Visit, Request], Awaitable[Response]],
    ) -> Response:
        if len(request.url.query) > _LONGEST_QUERY:
            raise HTTPException(414)
        access = self.bearer(request)
        visit = Visit(access, self._tenant(request, access))
        if not scopes & set(access.grant.scopes):
            raise Refused(401, NO_SCOPE)
        app, tenant = access.grant.app, visit.tenant.id
        limit = self._limiter.exceeded(app, tenant)
        if limit is not None:
            answer = limit.response()
        else:
            self.asked[tenant] += 1
            answer = await self._handled(visit, request, handler)
        answer.headers.update(self._limiter.headers(app, tenant))
        return answer

    async def _handled(
        self,
        visit: Visit,
        request: Request,
        handler: Callable[[Visit, Request], Awaitable[Response]],
    ) -> Response:
        """Whoever does not ask for JSON is answered in XML."""
        if "json" not in request.headers.get("Accept", ""):
            return Response(_XML, media_type="text/xml")
        return await handler(visit, request)

    def _tenant(self, request: Request, access: Access) -> Tenant:
        grant = access.grant
        wanted = request.headers.get("xero-tenant-id", "")
        connection = self._connections.between(grant.app, grant.person, wanted)
        if connection is None:
            raise Refused(403, NO_TENANT)
        return connection.tenant


class Correlated:
    """Every answer carries an id that Xero's people ask for."""

    def __init__(self, app: ASGIApp, ids: Identifiers) -> None:
        self._app = app
        self._ids = ids
        self._answers = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._answers += 1
        key = self._ids("xero-correlation", self._answers)

        async def correlated(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"xero-correlation-id", key.encode()))
            await send(message)

        await self._app(scope, receive, correlated)


def expired(at: datetime) -> str:
    return f"TokenExpired: token expired at {at:%m/%d/%Y %H:%M:%S}"


def problem(status: int, detail: str, *, instance: str) -> Response:
    """A problem in Pascal case, as 401 and 403 come (contract, 3.6)."""
    body: Record = {
        "Type": None,
        "Title": _TITLES.get(status, "Error"),
        "Status": status,
        "Detail": detail,
        "Instance": instance,
        "Extensions": {},
    }
    return json_response(body, status=status)


def plain(status: int) -> Response:
    """What is no JSON: maintenance, an organisation offline, a path that leads nowhere."""
    words = {
        404: "The resource you're looking for cannot be found",
        503: "The Xero API is currently offline for maintenance",
    }
    return PlainTextResponse(words.get(status, "An error occurred in Xero"), status_code=status)
