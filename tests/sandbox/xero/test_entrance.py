import asyncio
from collections.abc import AsyncIterator

import pytest
from httpx import ASGITransport, AsyncClient
from tests.sandbox.xero.conftest import Caller, consented
from tests.support.clock import SetClock

from billingone_api.sandbox.app import SandboxSettings, create_sandbox
from billingone_api.sandbox.xero.limits import XeroLimits
from billingone_api.sandbox.xero.room import Xero, XeroSettings

PATHS = (
    "/Organisation", "/Accounts", "/Contacts", "/Invoices", "/CreditNotes", "/Payments",
    "/Overpayments", "/Prepayments",
)  # fmt: skip


async def test_an_expired_token_says_since_when(caller: Caller, clock: SetClock) -> None:
    clock.move(minutes=29, seconds=59)
    assert (await caller.get("/Organisation")).status_code == 200
    clock.move(seconds=1)
    answer = await caller.get("/Organisation")
    body = answer.json()
    assert answer.status_code == 401
    assert set(body) == {"Type", "Title", "Status", "Detail", "Instance", "Extensions"}
    assert (body["Title"], body["Status"]) == ("Unauthorized", 401)
    assert body["Detail"] == "TokenExpired: token expired at 11/24/2026 00:30:00"


async def test_tokens_can_be_made_to_expire(caller: Caller, http: AsyncClient) -> None:
    await http.post("/_sandbox/xero/tokens/expire")
    assert "TokenExpired" in (await caller.get("/Organisation")).json()["Detail"]


async def test_a_token_of_nobody_is_401(caller: Caller) -> None:
    caller.tokens["access_token"] = "guess"
    assert (await caller.get("/Organisation")).status_code == 401


@pytest.mark.parametrize("tenant", ["", "e5fcb15b-77b7-49f4-9e92-7c1e0ba8e6a4"])
async def test_a_tenant_that_is_not_connected_is_403(caller: Caller, tenant: str) -> None:
    caller.tenant = tenant
    answer = await caller.get("/Organisation")
    assert answer.status_code == 403
    assert answer.json()["Detail"] == "AuthenticationUnsuccessful"
    assert answer.json()["Title"] == "Forbidden"


@pytest.mark.parametrize(
    ("scope", "open_paths"),
    [
        ("accounting.settings.read", {"/Organisation", "/Accounts"}),
        ("accounting.contacts.read", {"/Contacts"}),
        ("accounting.invoices.read", {"/Invoices", "/CreditNotes"}),
        ("accounting.payments.read", {"/Payments", "/Overpayments", "/Prepayments"}),
        ("accounting.invoices", {"/Invoices", "/CreditNotes"}),
        ("offline_access", set()),
    ],
)
async def test_each_scope_opens_what_it_is_for(
    http: AsyncClient, xero: Xero, scope: str, open_paths: set[str]
) -> None:
    caller = await consented(http, xero.organisation.id, scope=scope)
    answers = {path: await caller.get(path) for path in PATHS}
    assert {path for path, answer in answers.items() if answer.status_code == 200} == open_paths
    refused = [answer for answer in answers.values() if answer.status_code != 200]
    assert {answer.status_code for answer in refused} == {401}
    assert {answer.json()["Detail"] for answer in refused} == {"AuthorizationUnsuccessful"}


async def test_a_scope_can_fall_away(caller: Caller, http: AsyncClient) -> None:
    await http.post("/_sandbox/xero/scopes/withhold", json={"scopes": ["accounting.payments.read"]})
    assert (await caller.get("/Payments", page=1)).json()["Detail"] == "AuthorizationUnsuccessful"
    assert (await caller.get("/Invoices", page=1)).status_code == 200


async def test_the_broad_scope_opens_all_transactions(http: AsyncClient, xero: Xero) -> None:
    next(iter(xero.apps.values())).broad = True
    scope = "accounting.transactions.read"
    caller = await consented(http, xero.organisation.id, scope=scope)
    statuses = [(await caller.get(path)).status_code for path in PATHS]
    assert statuses == [401, 401, 401, 200, 200, 200, 200, 200]


async def test_whoever_does_not_ask_for_json_gets_xml(caller: Caller) -> None:
    caller.headers = {"Accept": "*/*"}
    answer = await caller.get("/Organisation")
    assert answer.headers["content-type"].startswith("text/xml")


async def test_every_answer_has_an_id_to_complain_with(caller: Caller) -> None:
    ids = [(await caller.get(path)).headers["xero-correlation-id"] for path in ("/Accounts", "/x")]
    assert len(set(ids)) == 2


async def test_nothing_is_written_here(caller: Caller) -> None:
    for method in ("POST", "PUT", "DELETE"):
        answer = await caller.http.request(method, "/xero/api.xro/2.0/Invoices")
        assert answer.status_code == 405


async def test_the_minute_limit_says_when_to_come_back(caller: Caller, clock: SetClock) -> None:
    first = await caller.get("/Organisation")
    assert first.headers["x-minlimit-remaining"] == "59"
    assert first.headers["x-daylimit-remaining"] == "4999"
    assert first.headers["x-appminlimit-remaining"] == "9999"
    clock.move(seconds=20.5)
    statuses = [(await caller.get("/Organisation")).status_code for _ in range(59)]
    refused = await caller.get("/Organisation")
    assert set(statuses) == {200}
    assert (refused.status_code, refused.content) == (429, b"")
    assert refused.headers["x-rate-limit-problem"] == "minute"
    assert refused.headers["retry-after"] == "40"
    assert refused.headers["x-minlimit-remaining"] == "0"
    clock.move(seconds=40)
    assert (await caller.get("/Organisation")).status_code == 200
    assert (await caller.get("/Organisation")).status_code == 429


async def test_another_tenant_has_a_minute_of_its_own(caller: Caller, xero: Xero) -> None:
    for _ in range(60):
        await caller.get("/Organisation")
    caller.tenant = xero.tenants[1].id
    answer = await caller.get("/Organisation")
    assert answer.headers["x-minlimit-remaining"] == "59"
    assert answer.headers["x-appminlimit-remaining"] == "9939"


async def test_the_day_limit_takes_hours(
    caller: Caller, http: AsyncClient, clock: SetClock
) -> None:
    await http.post("/_sandbox/xero/limits/use", json={"requests": 4999})
    assert (await caller.get("/Organisation")).headers["x-daylimit-remaining"] == "0"
    clock.move(minutes=10)
    refused = await caller.get("/Organisation")
    assert refused.headers["x-rate-limit-problem"] == "day"
    assert refused.headers["retry-after"] == "85800"
    seen = (await http.get("/_sandbox/xero/")).json()
    assert seen["limits_hit"] == {"day": 1}
    assert seen["requests"] == {caller.tenant: 1}


async def test_limits_are_set_lifted_and_set_back(caller: Caller, http: AsyncClient) -> None:
    await http.post("/_sandbox/xero/limits", json={"minute": 1, "app_minute": None})
    one = await caller.get("/Organisation")
    assert "x-appminlimit-remaining" not in one.headers
    assert (await caller.get("/Organisation")).status_code == 429
    await http.post("/_sandbox/xero/limits", json={"lifted": True})
    answers = [await caller.get("/Organisation") for _ in range(70)]
    assert {answer.status_code for answer in answers} == {200}
    assert "x-daylimit-remaining" not in answers[-1].headers
    await http.post("/_sandbox/xero/limits", json={})
    assert (await caller.get("/Organisation")).headers["x-minlimit-remaining"] == "59"


async def test_the_limit_of_the_app_is_one_for_all_tenants(
    caller: Caller, http: AsyncClient, xero: Xero
) -> None:
    await http.post("/_sandbox/xero/limits", json={"app_minute": 2})
    await caller.get("/Organisation")
    caller.tenant = xero.tenants[1].id
    await caller.get("/Organisation")
    refused = await caller.get("/Organisation")
    assert refused.headers["x-rate-limit-problem"] == "appminute"


@pytest.fixture
async def slow(clock: SetClock) -> AsyncIterator[AsyncClient]:
    settings = SandboxSettings(
        clients=3,
        clock=clock,
        algorithms=("ES256",),
        latency_seconds=0.05,
        xero=XeroSettings(limits=XeroLimits(concurrent=2)),
    )
    transport = ASGITransport(create_sandbox(settings))
    async with AsyncClient(transport=transport, base_url="http://sandbox.test") as client:
        yield client


async def test_only_so_many_may_be_in_flight(slow: AsyncClient) -> None:
    tenants = (await slow.get("/_sandbox/xero/")).json()["tenants"]
    caller = await consented(slow, tenants[0]["id"])
    answers = await asyncio.gather(*(caller.get("/Organisation") for _ in range(3)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert [answer.headers["x-rate-limit-problem"] for answer in refused] == ["concurrent"]
    assert (await caller.get("/Organisation")).status_code == 200
    assert (await slow.get("/_sandbox/xero/")).json()["most_at_a_time"] == 2
