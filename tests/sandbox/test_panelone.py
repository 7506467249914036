from base64 import urlsafe_b64encode
from typing import Any

import pytest
from httpx import AsyncClient
from jose import jwt
from tests.support.clock import SetClock
from tests.support.outside import Waits

from billingone_api.kit.cipher import Secret
from billingone_api.providers.panelone.client import PanelOneClient, PanelOneEndpoints
from billingone_api.sandbox.app import Sandbox


async def clients(
    http: AsyncClient, token: str, *, organisation: str | None = None, **query: str | int
) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {token}"}
    if organisation is not None:
        headers["X-Organisation-Id"] = organisation
    answer = await http.get("/panelone/clients", params=query, headers=headers)
    return answer.status_code, answer.json()


@pytest.mark.parametrize("limit", [1, 7, 200])
async def test_pages_of_any_size_give_every_client_once(
    http: AsyncClient, sandbox: Sandbox, limit: int
) -> None:
    token = sandbox.mint.service(scopes=["clients:read"])
    rows: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        _, body = await clients(http, token, limit=limit, cursor=cursor)
        rows += body["clients"]
        cursor = body["next_cursor"]
    assert sorted(row["id"] for row in rows) == sorted(sandbox.portfolio.clients.keys())
    assert set(rows[0]) == {"id", "name", "active", "external_ids"}


async def test_a_token_for_all_organisations_must_name_one(
    http: AsyncClient, sandbox: Sandbox
) -> None:
    own = sandbox.portfolio.organisation["id"]
    everywhere = sandbox.mint.service(organisation_id="*")
    assert (await clients(http, everywhere))[0] == 403
    assert (await clients(http, everywhere, organisation="other"))[0] == 403
    assert (await clients(http, everywhere, organisation=own))[0] == 200
    assert (await clients(http, sandbox.mint.service(), organisation="other"))[0] == 403
    stranger = sandbox.mint.service(organisation_id="other")
    assert (await clients(http, stranger))[0] == 403


async def test_clients_ask_for_a_good_token_and_its_scope(
    http: AsyncClient, sandbox: Sandbox, clock: SetClock
) -> None:
    assert (await clients(http, "guess"))[0] == 401
    assert (await clients(http, sandbox.mint.person()))[0] == 403
    assert (await clients(http, sandbox.mint.service(scopes=["counts:write"])))[0] == 403
    token = sandbox.mint.service()
    clock.move(hours=1)
    status, problem = await clients(http, token)
    assert (status, problem["detail"]) == (401, "expired")


@pytest.mark.parametrize("cursor", ["%%%", "é", urlsafe_b64encode(b"\xff\xff").decode()])
async def test_a_foreign_cursor_is_a_problem(
    http: AsyncClient, sandbox: Sandbox, cursor: str
) -> None:
    status, problem = await clients(http, sandbox.mint.service(), cursor=cursor)
    assert (status, problem["title"]) == (400, "Bad Request")


@pytest.mark.parametrize("how", ["form", "json"])
async def test_client_credentials_buy_a_service_token(
    http: AsyncClient, sandbox: Sandbox, how: str
) -> None:
    asked = {
        "grant_type": "client_credentials",
        "client_id": sandbox.settings.panelone_client_id,
        "client_secret": sandbox.settings.panelone_client_secret,
        "scope": "clients:read dashboard:read",
        "organisation_id": "*",
    }
    answer = (
        await http.post("/panelone/token", data=asked)
        if how == "form"
        else await http.post("/panelone/token", json=asked)
    )
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "Bearer"
    claims = jwt.get_unverified_claims(answer.json()["access_token"])
    assert claims["scope"] == answer.json()["scope"] == "clients:read dashboard:read"
    assert claims["app_metadata"] == {"org_id": "*", "role": "service"}


async def test_a_wrong_secret_buys_nothing(http: AsyncClient, sandbox: Sandbox) -> None:
    asked = {
        "grant_type": "client_credentials",
        "client_id": sandbox.settings.panelone_client_id,
        "client_secret": "guess",
    }
    answer = await http.post("/panelone/token", data=asked)
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


async def test_another_grant_is_not_offered(http: AsyncClient, sandbox: Sandbox) -> None:
    asked = {
        "grant_type": "password",
        "client_id": sandbox.settings.panelone_client_id,
        "client_secret": sandbox.settings.panelone_client_secret,
    }
    answer = await http.post("/panelone/token", data=asked)
    assert (answer.status_code, answer.json()) == (400, {"error": "unsupported_grant_type"})


async def test_a_role_is_enough_for_a_developer(http: AsyncClient, sandbox: Sandbox) -> None:
    answer = await http.post("/panelone/token", data={"role": "finance"})
    claims = jwt.get_unverified_claims(answer.json()["access_token"])
    assert claims["app_metadata"]["role"] == "Finance"
    assert claims["app_metadata"]["org_id"] == sandbox.portfolio.organisation["id"]


@pytest.mark.parametrize("body", [b"role=King", b'{"role": "King"}', b"{", b'{"role"'])
async def test_an_unknown_role_or_broken_body_is_400(http: AsyncClient, body: bytes) -> None:
    answer = await http.post("/panelone/token", content=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_key_set_verifies_what_the_mint_signs(
    http: AsyncClient, sandbox: Sandbox
) -> None:
    keys = (await http.get("/panelone/auth/v1/.well-known/jwks.json")).json()
    token = sandbox.mint.person(role="Viewer")
    kid = jwt.get_unverified_header(token)["kid"]
    key = next(key for key in keys["keys"] if key["kid"] == kid)
    assert not {"d", "p", "q"} & set(key)
    jwt.decode(
        token,
        key,
        algorithms=["ES256"],
        audience="authenticated",
        issuer="http://127.0.0.1:8790/panelone/auth/v1",
        options={"verify_exp": False, "verify_iat": False},
    )


async def test_counts_are_made_anew_when_asked_and_looked_at_twice(
    http: AsyncClient, sandbox: Sandbox, clock: SetClock
) -> None:
    headers = {"Authorization": f"Bearer {sandbox.mint.service(scopes=['clients:read'])}"}

    async def read(path: str, method: str = "GET") -> tuple[int, dict[str, Any]]:
        answer = await http.request(method, f"/panelone/clients/{path}", headers=headers)
        return answer.status_code, answer.json()

    before = (await read("counts?limit=200"))[1]["counts"]
    assert {row["client_id"] for row in before} <= set(sandbox.portfolio.clients.keys())
    assert {row["metric"] for row in before} == {"devices", "servers", "workstations", "users"}
    clock.move(minutes=5)
    status, begun = await read("counts:refresh", "POST")
    assert (status, begun["status"]) == (202, "running")
    states = [(await read(f"counts:refresh/{begun['id']}"))[1]["status"] for _ in range(3)]
    assert states == ["running", "done", "done"]
    after = (await read("counts?limit=200"))[1]["counts"]
    assert [row["count"] for row in after] == [row["count"] for row in before]
    assert after[0]["counted_at"] > before[0]["counted_at"]
    assert (await read("counts:refresh/refresh-7"))[0] == 404


async def test_our_client_reads_every_count_that_is_played(
    http: AsyncClient, sandbox: Sandbox, clock: SetClock
) -> None:
    base = f"{http.base_url}/panelone"
    secret = Secret(sandbox.settings.panelone_client_secret)
    endpoints = PanelOneEndpoints(base, f"{base}/token", "billingone", secret)
    client = PanelOneClient(http=http, endpoints=endpoints, clock=clock, sleep=Waits())
    of = sandbox.portfolio.organisation["id"]
    assert await client.refresh_counts(organisation_id=of)
    page = await client.counts(organisation_id=of)
    assert (page.rejects, page.next_cursor) == ((), None)
    assert len(page.records) == 4 * len(sandbox.portfolio.clients)
    assert {record.counted_at for record in page.records} == {clock.now()}
