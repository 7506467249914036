"""PanelOne as far as BillingOne speaks to it: its keys, tokens, clients, and their counts."""

from base64 import b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl
from zlib import crc32

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from billingone_api.kit.clock import Clock
from billingone_api.sandbox.dates import zulu
from billingone_api.sandbox.gate import ThirdParty
from billingone_api.sandbox.portfolio import Portfolio
from billingone_api.sandbox.tokens import ROLES, SCOPES, BadToken, TokenMint
from billingone_api.sandbox.wire import Record, decode, json_response

NAME: Final = "panelone"

_DEFAULT_LIMIT: Final = 50
_LARGEST_LIMIT: Final = 200
_HOUR_IN_SECONDS: Final = 3600
_REFRESH: Final = "refresh-"
_LOOKS: Final = 2


class PanelOne:
    """The platform's behaviour over one portfolio; `app` is its ASGI app."""

    def __init__(
        self,
        portfolio: Portfolio,
        *,
        mint: TokenMint,
        clock: Clock,
        client_id: str,
        client_secret: str,
    ) -> None:
        self._portfolio = portfolio
        self._clock = clock
        self._counted_at = portfolio.now
        self._looks: list[int] = []
        self._mint = mint
        self._credentials = (client_id, client_secret)
        self.app = Starlette(
            routes=[
                Route("/auth/v1/.well-known/jwks.json", self.jwks, methods=["GET"]),
                Route("/token", self.token, methods=["POST"]),
                Route("/clients", self.clients, methods=["GET"]),
                Route("/clients/counts", self.counts, methods=["GET"]),
                Route("/clients/counts:refresh", self.refresh, methods=["POST"]),
                Route("/clients/counts:refresh/{id}", self.refreshed, methods=["GET"]),
            ],
            exception_handlers={HTTPException: _problem},
        )

    def third_party(self) -> ThirdParty:
        return ThirdParty(NAME, self.app, refusal=refusal)

    async def jwks(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's signature
        return json_response(self._mint.jwks())

    async def token(self, request: Request) -> Response:
        """A service's token for client credentials; a person's for `role=`, with no secret.

        Takes a form or JSON: `grant_type`, `client_id`, `client_secret`, `scope`, or `role`;
        `organisation_id` in both.
        """
        asked = _form(await request.body())
        organisation = asked.get("organisation_id")
        if "role" in asked:
            return _token_response(
                self._mint.person(role=_role(asked["role"]), organisation_id=organisation)
            )
        if (asked.get("client_id"), asked.get("client_secret")) != self._credentials:
            return json_response({"error": "invalid_client"}, status=401)
        if asked.get("grant_type") != "client_credentials":
            return json_response({"error": "unsupported_grant_type"}, status=400)
        scopes = asked.get("scope", " ".join(SCOPES)).split()
        token = self._mint.service(scopes=scopes, organisation_id=organisation)
        return _token_response(token, scope=" ".join(scopes))

    async def clients(self, request: Request) -> Response:
        """The master record by pages; the cursor is the last id read, so that nothing shifts."""
        chosen, following = self._page(request)
        rows = [self._portfolio.clients.get(key) for key in chosen]
        return json_response({"clients": rows, "next_cursor": following})

    async def counts(self, request: Request) -> Response:
        """What the RMM counted last, some clients at a time."""
        chosen, following = self._page(request)
        rows = [row for key in chosen for row in counts_of(key, at=self._counted_at)]
        return json_response({"counts": rows, "next_cursor": following})

    async def refresh(self, request: Request) -> Response:
        """Counting anew is done once somebody has looked at it twice."""
        self._check_caller(request)
        self._looks.append(0)
        return self._refresh_response(len(self._looks) - 1, status=202)

    async def refreshed(self, request: Request) -> Response:
        self._check_caller(request)
        asked = str(request.path_params["id"]).removeprefix(_REFRESH)
        if not asked.isdecimal() or int(asked) >= len(self._looks):
            raise HTTPException(404, "nobody asked for that")
        self._looks[int(asked)] += 1
        if self._looks[int(asked)] == _LOOKS:
            self._counted_at = self._clock.now()
        return self._refresh_response(int(asked))

    def _refresh_response(self, number: int, *, status: int = 200) -> Response:
        is_done = self._looks[number] >= _LOOKS
        told = {"id": f"{_REFRESH}{number}", "status": "done" if is_done else "running"}
        response = json_response(told, status=status)
        if not is_done:
            response.headers["Retry-After"] = "1"
        return response

    def _page(self, request: Request) -> tuple[list[str], str | None]:
        self._check_caller(request)
        limit = _limit(request.query_params.get("limit"))
        ids = sorted(self._portfolio.clients.keys())
        start = bisect_right(ids, _last_read(request.query_params.get("cursor")))
        chosen = ids[start : start + limit]
        more = start + limit < len(ids)
        return chosen, _cursor(chosen[-1]) if more else None

    def _check_caller(self, request: Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            claims = self._mint.verified(token if scheme.lower() == "bearer" else "")
        except BadToken as error:
            raise HTTPException(401, str(error)) from error
        if "clients:read" not in str(claims.get("scope", "")).split():
            raise HTTPException(403, "the scope clients:read is missing")
        named = request.headers.get("X-Organisation-Id")
        allowed = claims.get("app_metadata", {}).get("org_id")
        meant = named or (None if allowed == "*" else allowed)
        if meant != self._portfolio.organisation["id"] or allowed not in {"*", meant}:
            raise HTTPException(403, "this token does not speak for that organisation")


def counts_of(client_id: str, *, at: datetime) -> Iterator[Record]:
    """The same devices and people for the same client, whenever they are counted."""
    drawn = crc32(client_id.encode())
    servers, workstations = drawn % 4, 3 + drawn // 4 % 40
    numbers = {
        "devices": (servers + workstations, drawn % 3),
        "servers": (servers, 0),
        "workstations": (workstations, 0),
        "users": (workstations + drawn // 160 % 8, 0),
    }
    for metric, (count, excluded) in numbers.items():
        yield {
            "client_id": client_id,
            "metric": metric,
            "count": count,
            "excluded": excluded,
            "counted_at": zulu(at),
            "source": "ninjaone",
        }


def refusal(status: int, path: str, detail: str | None = None) -> Response:  # noqa: ARG001 - one signature for all third parties
    """PanelOne's errors, as problem+json."""
    title = HTTPStatus(status).phrase
    response = json_response(
        {"type": "about:blank", "title": title, "status": status, "detail": detail or title},
        status=status,
    )
    response.headers["Content-Type"] = "application/problem+json"
    return response


async def _problem(request: Request, error: Exception) -> Response:
    status, detail = (
        (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, None)
    )
    return refusal(status, request.url.path, detail)


def _token_response(token: str, **more: str) -> Response:
    answer: Record = {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": _HOUR_IN_SECONDS,
    }
    return json_response(answer | more)


def _form(body: bytes) -> Mapping[str, str]:
    text = body.decode(errors="replace")
    if not text.lstrip().startswith("{"):
        return dict(parse_qsl(text))
    try:
        asked: dict[str, Any] = decode(text)
    except ValueError as error:
        raise HTTPException(400, "the body is no JSON") from error
    return {name: str(value) for name, value in asked.items()}


def _role(word: str) -> str:
    for role in ROLES:
        if role.casefold() == word.casefold():
            return role
    raise HTTPException(400, f"role is one of {', '.join(ROLES)}")


def _limit(text: str | None) -> int:
    limit = int(text) if text and text.isascii() and text.isdecimal() else _DEFAULT_LIMIT
    return min(max(limit, 1), _LARGEST_LIMIT)


def _cursor(last: str) -> str:
    return urlsafe_b64encode(last.encode()).decode()


def _last_read(cursor: str | None) -> str:
    if not cursor:
        return ""
    try:
        return b64decode(cursor, altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise HTTPException(400, "this cursor was not given out here") from error
