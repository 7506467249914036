"""A Xero with books of a few clients, and a caller who went through the whole consent."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from httpx import AsyncClient, Response

from billingone_api.sandbox.app import Sandbox
from billingone_api.sandbox.xero.apps import OWN, PLATFORM, REDIRECT_URIS
from billingone_api.sandbox.xero.room import Xero

SCOPES = (
    "offline_access",
    "accounting.invoices.read",
    "accounting.payments.read",
    "accounting.contacts.read",
    "accounting.settings.read",
)
REDIRECT = REDIRECT_URIS[0]
# The vector of RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def authorize_url(**differs: str | None) -> str:
    query = {
        "response_type": "code",
        "client_id": PLATFORM[0],
        "redirect_uri": REDIRECT,
        "scope": " ".join(SCOPES),
        "state": "opaque",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | differs
    asked = {name: value for name, value in query.items() if value is not None}
    return f"/xero/identity/connect/authorize?{urlencode(asked, quote_via=quote)}"


def sent_back(answer: Response) -> dict[str, str]:
    """What the browser brings home."""
    assert answer.status_code == 302, answer.text
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


async def code_for(http: AsyncClient, **differs: str | None) -> str:
    return sent_back(await http.get(authorize_url(**differs)))["code"]


async def token(
    http: AsyncClient, app: tuple[str, str] = PLATFORM, /, **form: str | None
) -> Response:
    basic = b64encode(":".join(app).encode()).decode()
    given = {name: value for name, value in form.items() if value is not None}
    headers = {"Authorization": f"Basic {basic}"}
    return await http.post("/xero/connect/token", data=given, headers=headers)


async def exchange(http: AsyncClient, code: str, **differs: str | None) -> Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    return await token(http, **(form | differs))


async def refresh(http: AsyncClient, old: str, app: tuple[str, str] = PLATFORM) -> Response:
    return await token(http, app, grant_type="refresh_token", refresh_token=old)


@dataclass
class Caller:
    """Somebody with tokens for a tenant."""

    http: AsyncClient
    tokens: dict[str, Any]
    tenant: str
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, since: str | None = None, **query: str | int) -> Response:
        headers = {
            "Authorization": f"Bearer {self.tokens['access_token']}",
            "xero-tenant-id": self.tenant,
            "Accept": "application/json",
            **({} if since is None else {"If-Modified-Since": since}),
            **self.headers,
        }
        return await self.http.get(f"/xero/api.xro/2.0{path}", params=query, headers=headers)

    async def rows(
        self, name: str, since: str | None = None, **query: str | int
    ) -> list[dict[str, Any]]:
        answer = await self.get(f"/{name}", since, **query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()[name]
        return found

    async def everything(self, name: str, **query: str | int) -> list[dict[str, Any]]:
        """All pages, the plain way."""
        rows: list[dict[str, Any]] = []
        page, pages = 1, 1
        while page <= pages:
            asked: dict[str, str | int] = {"page": page, "pageSize": 1000, "unitdp": 4} | query
            body = (await self.get(f"/{name}", **asked)).json()
            pages = body["pagination"]["pageCount"]
            rows += body[name]
            page += 1
        return rows


@pytest.fixture
def xero(sandbox: Sandbox) -> Xero:
    return sandbox.xero


async def consented(http: AsyncClient, tenant: str, **differs: str | None) -> Caller:
    answer = await exchange(http, await code_for(http, **differs))
    return Caller(http, answer.json(), tenant)


@pytest.fixture
async def caller(http: AsyncClient, xero: Xero) -> Caller:
    return await consented(http, xero.organisation.id)


__all__ = ["OWN", "PLATFORM"]
