from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from tests.sandbox.conftest import Pax8Caller, pax8_token
from tests.support.clock import SetClock

from billingone_api.sandbox.app import Sandbox, SandboxSettings, create_sandbox


async def test_the_index_says_what_is_there(http: AsyncClient) -> None:
    guide = (await http.get("/")).json()
    assert guide["pax8"]["api_url"] == "http://127.0.0.1:8790/pax8/v1"
    assert guide["panelone"]["url"] == "http://127.0.0.1:8790/panelone"
    assert guide["panelone"]["issuer"] == "http://127.0.0.1:8790/panelone/auth/v1"
    assert guide["organisation"]["name"] == "Bluegum IT"


def test_settings_do_not_print_secrets() -> None:
    settings = SandboxSettings()
    assert settings.client_secret not in repr(settings)
    assert settings.panelone_client_secret not in repr(settings)


def test_two_starts_on_one_day_tell_the_same_story(clock: SetClock) -> None:
    first = create_sandbox(SandboxSettings(clients=3, clock=clock, algorithms=("ES256",)))
    clock.move(hours=20)
    second = create_sandbox(SandboxSettings(clients=3, clock=clock, algorithms=("ES256",)))
    assert list(first.portfolio.subscriptions.rows()) == list(second.portfolio.subscriptions.rows())


async def test_faults_are_scripted_listed_and_cleared_over_http(
    http: AsyncClient, pax8: Pax8Caller
) -> None:
    rule = {"fault": "503:2", "provider": "pax8", "path": "/v1/companies", "times": 1}
    added = await http.post("/_sandbox/faults", json=[rule])
    assert added.status_code == 201
    answer = await pax8.get("/companies")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    listed = (await http.get("/_sandbox/faults")).json()["rules"]
    assert listed == [rule | {"method": "*", "after": 0, "seen": 1}]
    assert (await http.delete("/_sandbox/faults")).status_code == 204
    assert (await http.get("/_sandbox/faults")).json() == {"rules": []}


@pytest.mark.parametrize(
    "body",
    [
        {"fault": "fire"},
        {"path": "/v1/companies"},
        {"fault": "429", "after": "soon"},
        {"fault": "429", "colour": "red"},
        ["429"],
        "429",
    ],
)
async def test_a_rule_that_makes_no_sense_is_422(http: AsyncClient, body: Any) -> None:
    answer = await http.post("/_sandbox/faults", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]
    assert (await http.get("/_sandbox/faults")).json() == {"rules": []}


async def test_a_body_that_is_no_json_is_422(http: AsyncClient) -> None:
    assert (await http.post("/_sandbox/faults", content=b"{")).status_code == 422


async def test_credentials_are_revoked_and_restored_over_http(
    http: AsyncClient, pax8: Pax8Caller, sandbox: Sandbox
) -> None:
    assert (await http.post("/_sandbox/pax8/revoke")).status_code == 204
    assert (await pax8.get("/companies")).status_code == 401
    assert (await pax8_token(http, sandbox)).status_code == 401
    assert (await http.post("/_sandbox/pax8/restore")).status_code == 204
    assert (await pax8_token(http, sandbox)).status_code == 200


async def test_tokens_alone_are_revoked_over_http(
    http: AsyncClient, pax8: Pax8Caller, sandbox: Sandbox
) -> None:
    await http.post("/_sandbox/pax8/revoke", json={"tokens_only": True})
    assert (await pax8.get("/companies")).status_code == 401
    assert (await pax8_token(http, sandbox)).status_code == 200


async def test_the_portfolio_changes_over_http(
    http: AsyncClient, pax8: Pax8Caller, sandbox: Sandbox
) -> None:
    first, second = sandbox.portfolio.subscriptions.keys()[:2]
    changes = [
        {"do": "add", "kind": "company", "fields": {"name": "Wombat Cafe"}},
        {"do": "change", "kind": "subscription", "id": first, "fields": {"price": 1.2345}},
        {"do": "remove", "kind": "subscription", "id": second},
        {"do": "add", "kind": "subscription", "fields": {"quantity": 9}},
        {"do": "shift"},
    ]
    answer = await http.post("/_sandbox/pax8/mutate", json=changes)
    assert answer.status_code == 200
    company, changed, removed, added, _ = answer.json()["ids"]
    assert (changed, removed) == (first, second)
    assert (await pax8.get(f"/companies/{company}")).json()["name"] == "Wombat Cafe"
    assert (await pax8.get(f"/subscriptions/{first}")).json()["price"] == 1.2345
    assert (await pax8.get(f"/subscriptions/{second}")).status_code == 404
    assert (await pax8.get(f"/subscriptions/{added}")).json()["quantity"] == 9


@pytest.mark.parametrize(
    "change",
    [
        {"do": "paint", "kind": "subscription"},
        {"do": "remove", "kind": "planet"},
        {"do": "remove", "kind": "subscription", "id": "nobody"},
        {"do": "change", "kind": "subscription", "id": "nobody", "fields": {"quantity": 1}},
        {"do": "add", "kind": "subscription", "fields": "many"},
    ],
)
async def test_a_change_that_cannot_be_made_is_422(
    http: AsyncClient, change: dict[str, Any]
) -> None:
    assert (await http.post("/_sandbox/pax8/mutate", json=change)).status_code == 422


async def test_latency_is_added_and_the_limit_can_be_lifted(clock: SetClock) -> None:
    settings = SandboxSettings(
        clients=1, clock=clock, algorithms=("ES256",), rate_limit=None, latency_seconds=0.001
    )
    sandbox = create_sandbox(settings)
    async with AsyncClient(
        transport=ASGITransport(sandbox), base_url="http://sandbox.test"
    ) as http:
        pax8 = Pax8Caller(http, (await pax8_token(http, sandbox)).json()["access_token"])
        statuses = {(await pax8.get("/companies")).status_code for _ in range(20)}
    assert statuses == {200}
