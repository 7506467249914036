"""Who is let in: region, subdomain, token, role, limit and subscription, each with its manner."""

import pytest
from tests.sandbox.superops.conftest import (
    ADMINISTRATORS,
    ASSETS,
    CLIENTS,
    EUROPES,
    HELPDESKS,
    INVOICE,
    INVOICES,
    LISTS,
    TECHNICIANS,
    Caller,
)
from tests.support.clock import SetClock

from billingone_api.sandbox.superops.room import EU, US, Superops

FIRST = {"page": 1, "pageSize": 1}


@pytest.mark.parametrize("token", ["guess", "x y", EUROPES])
async def test_a_token_that_is_not_of_this_account_is_401_without_json(
    caller: Caller, token: str
) -> None:
    caller.token = token
    answer = await caller.post(CLIENTS, **FIRST)
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("region", "subdomain"),
    [("us", "nobody"), ("us", ""), ("us", "bluegumit.superops.ai"), ("us", EU), ("eu", US)],
)
async def test_a_wrong_subdomain_or_region_is_400_with_an_empty_body(
    caller: Caller, region: str, subdomain: str
) -> None:
    caller.region, caller.subdomain = region, subdomain
    answer = await caller.post(CLIENTS, **FIRST)
    assert (answer.status_code, answer.content) == (400, b"")


async def test_without_a_subdomain_it_is_400_even_for_a_bad_token(caller: Caller) -> None:
    answer = await caller.http.post("/superops/us/msp", json={"query": CLIENTS})
    assert (answer.status_code, answer.content) == (400, b"")


async def test_the_account_in_europe_has_clients_of_its_own(caller: Caller) -> None:
    home = {row["accountId"] for row in await caller.everything("getClientList")}
    caller.region, caller.subdomain, caller.token = "eu", EU, EUROPES
    for operation in LISTS:
        assert await caller.everything(operation)
    abroad = {row["accountId"] for row in await caller.everything("getClientList")}
    assert len(abroad) == 3
    assert not abroad & home


async def test_a_path_or_method_that_is_none_is_no_graphql(caller: Caller) -> None:
    assert (await caller.http.get("/superops/us/msp")).status_code == 405
    it = await caller.http.post("/superops/us/it", json={"query": CLIENTS})
    assert it.status_code == 404
    assert it.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"query": 5}', b'{"query": "{", "variables": 1}']
)
async def test_a_body_that_asks_nothing_is_400(caller: Caller, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {ADMINISTRATORS}", "CustomerSubDomain": US}
    answer = await caller.http.post("/superops/us/msp", content=body, headers=headers)
    assert answer.status_code == 400


async def test_a_regenerated_token_replaces_the_old_one_at_once(caller: Caller) -> None:
    new = (await caller.order("/tokens/regenerate", {"token": ADMINISTRATORS}))["token"]
    assert (await caller.post(CLIENTS, **FIRST)).status_code == 401
    caller.token = new
    assert (await caller.post(CLIENTS, **FIRST)).status_code == 200
    caller.token = (await caller.order("/tokens/regenerate", {"token": new}))["token"]
    assert caller.token != new
    assert (await caller.post(CLIENTS, **FIRST)).status_code == 200


async def test_a_revoked_token_is_401(caller: Caller) -> None:
    await caller.order("/tokens/revoke", {"token": ADMINISTRATORS})
    assert (await caller.post(CLIENTS, **FIRST)).status_code == 401


async def test_who_may_not_see_invoices_is_told_so_in_the_documented_shape(caller: Caller) -> None:
    caller.token = HELPDESKS
    for query, given in ((INVOICES, FIRST), (INVOICE, {"invoiceId": "4"})):
        answer = await caller.post(query, **given)
        assert answer.status_code == 200
        assert answer.json() == {
            "errors": [{"extensions": {"clientError": [{"code": "forbidden", "param": {}}]}}],
            "data": {},
        }
    assert await caller.everything("getAssetList")


async def test_a_technicians_token_counts_fewer_assets_and_says_nothing(caller: Caller) -> None:
    everything = await caller.everything("getAssetList")
    caller.token = TECHNICIANS
    seen = await caller.everything("getAssetList")
    assert 0 < len(seen) < len(everything)
    assert {row["assetId"] for row in seen} < {row["assetId"] for row in everything}
    info = (await caller.answer(ASSETS, **FIRST))["listInfo"]
    assert info["totalCount"] == len(seen)
    assert await caller.everything("getInvoiceList")


@pytest.mark.parametrize("state", ["trial_expired", "paused", "cancelled"])
async def test_a_subscription_that_has_ended_answers_nothing_else(
    caller: Caller, state: str
) -> None:
    await caller.order("/subscription", {"state": state})
    assert await caller.refused() == f"subscription_{state}"
    assert await caller.refused(INVOICES) == f"subscription_{state}"
    await caller.order("/subscription", {"state": "active"})
    assert await caller.answer(CLIENTS, **FIRST)


async def test_the_limit_of_a_minute_is_told_with_http_200(
    caller: Caller, superops: Superops, clock: SetClock
) -> None:
    superops.lift(3)
    for _ in range(3):
        await caller.answer(CLIENTS, **FIRST)
    answer = await caller.post(CLIENTS, **FIRST)
    assert answer.status_code == 200
    assert answer.json() == {
        "errors": [{"extensions": {"clientError": [{"code": "rate_limit_exceeded", "param": {}}]}}],
        "data": {},
    }
    assert "retry-after" not in answer.headers
    clock.move(seconds=59)
    assert await caller.refused() == "rate_limit_exceeded"
    clock.move(seconds=1)
    assert await caller.answer(CLIENTS, **FIRST)


async def test_a_limit_can_be_told_in_a_wrapping_without_a_message_or_by_its_status(
    caller: Caller,
) -> None:
    await caller.order("/limits", {"minute": 0})
    await caller.order("/manners", {"limit": "wrapped"})
    [error] = (await caller.post(CLIENTS, **FIRST)).json()["errors"]
    assert error["message"] is None
    assert error["extensions"]["classification"] == "DataFetchingException"
    assert error["extensions"]["clientError"][0]["code"] == "rate_limit_exceeded"
    await caller.order("/manners", {"limit": "classified"})
    [error] = (await caller.post(CLIENTS, **FIRST)).json()["errors"]
    assert error == {"extensions": {"classification": "RATE_LIMITED"}}
    await caller.order("/manners", {"limit": "status"})
    assert (await caller.post(CLIENTS, **FIRST)).status_code == 429


async def test_each_token_has_a_limit_of_its_own(caller: Caller, superops: Superops) -> None:
    superops.lift(1)
    await caller.answer(CLIENTS, **FIRST)
    assert await caller.refused() == "rate_limit_exceeded"
    caller.token = TECHNICIANS
    assert await caller.answer(CLIENTS, **FIRST)
    assert superops.asked == {ADMINISTRATORS: 2, TECHNICIANS: 1}


async def test_the_usual_limit_is_the_documented_one(caller: Caller, superops: Superops) -> None:
    assert superops.settings.limit == 100
    await caller.order("/limits", {"minute": None})
    for _ in range(101):
        assert (await caller.post(CLIENTS, **FIRST)).json()["data"]["getClientList"]
