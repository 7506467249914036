from base64 import urlsafe_b64decode
from json import loads
from typing import Any

import pytest
from httpx import AsyncClient
from tests.sandbox.xero.conftest import (
    OWN,
    PLATFORM,
    REDIRECT,
    SCOPES,
    Caller,
    authorize_url,
    code_for,
    consented,
    exchange,
    refresh,
    sent_back,
    token,
)
from tests.support.clock import SetClock

from billingone_api.sandbox.xero.room import Xero


def claims(access_token: str) -> dict[str, Any]:
    part = access_token.split(".")[1]
    read: dict[str, Any] = loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return read


async def test_the_browser_is_sent_back_at_once_with_code_and_state(http: AsyncClient) -> None:
    answer = await http.get(authorize_url(state="a b&c"))
    assert answer.headers["location"].startswith(f"{REDIRECT}?")
    assert sent_back(answer)["state"] == "a b&c"


async def test_a_refused_consent_comes_back_without_a_code(http: AsyncClient) -> None:
    await http.post("/_sandbox/xero/consent", json={"refuse": True})
    assert sent_back(await http.get(authorize_url())) == {
        "error": "access_denied",
        "state": "opaque",
    }
    await http.post("/_sandbox/xero/consent", json={"refuse": False})
    assert "code" in sent_back(await http.get(authorize_url()))


@pytest.mark.parametrize(
    ("differs", "word"),
    [
        ({"client_id": "nobody"}, "unauthorized_client"),
        ({"redirect_uri": f"{REDIRECT}/"}, "redirect_uri"),
        ({"redirect_uri": None}, "redirect_uri"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "offline_access accounting.everything"}, "invalid_scope"),
        ({"scope": "accounting.invoices.read accounting.transactions.read"}, "invalid_scope"),
        ({"scope": "accounting.invoices.read app.connections"}, "invalid_scope"),
    ],
)
async def test_what_is_wrong_ends_on_a_page_of_xero(
    http: AsyncClient, differs: dict[str, str | None], word: str
) -> None:
    answer = await http.get(authorize_url(**differs))
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/html")
    assert word in answer.text


async def test_scopes_joined_by_plus_are_no_scopes(http: AsyncClient) -> None:
    answer = await http.get(authorize_url().replace("%20", "+"))
    assert (answer.status_code, "invalid_scope" in answer.text) == (500, True)


async def test_an_older_app_may_still_ask_for_broad_scopes(http: AsyncClient) -> None:
    broad = "offline_access accounting.transactions.read"
    await http.post("/_sandbox/xero/apps", json={"client_id": PLATFORM[0], "broad": True})
    assert "code" in sent_back(await http.get(authorize_url(scope=broad)))


async def test_a_redirect_uri_can_be_registered(http: AsyncClient) -> None:
    uri = "https://msp.example/back?from=xero"
    await http.post("/_sandbox/xero/apps", json={"client_id": PLATFORM[0], "redirect_uri": uri})
    answer = await http.get(authorize_url(redirect_uri=uri))
    assert answer.headers["location"].startswith(f"{uri}&code=")


async def test_a_code_buys_tokens_for_what_was_agreed(http: AsyncClient) -> None:
    answer = await exchange(http, await code_for(http))
    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"access_token", "expires_in", "token_type", "refresh_token", "scope"}
    assert (body["expires_in"], body["token_type"]) == (1800, "Bearer")
    assert body["scope"] == " ".join(SCOPES)


async def test_the_access_token_names_the_event_of_its_connections(
    http: AsyncClient, caller: Caller
) -> None:
    event = claims(caller.tokens["access_token"])["authentication_event_id"]
    headers = {"Authorization": f"Bearer {caller.tokens['access_token']}"}
    rows = (await http.get("/xero/connections", headers=headers)).json()
    assert {row["authEventId"] for row in rows} == {event}


async def test_scopes_decide_which_tokens_come(http: AsyncClient) -> None:
    scope = "openid accounting.invoices.read"
    body = (await exchange(http, await code_for(http, scope=scope))).json()
    assert "id_token" in body
    assert "refresh_token" not in body


async def test_the_secret_may_stand_in_the_body(http: AsyncClient) -> None:
    form = {
        "grant_type": "authorization_code",
        "code": await code_for(http, code_challenge=None, code_challenge_method=None),
        "redirect_uri": REDIRECT,
        "client_id": PLATFORM[0],
        "client_secret": PLATFORM[1],
    }
    assert (await http.post("/xero/connect/token", data=form)).status_code == 200


@pytest.mark.parametrize(
    "app", [("nobody", PLATFORM[1]), (PLATFORM[0], "guess"), (PLATFORM[0], ""), ("", "")]
)
async def test_an_app_that_cannot_prove_itself(http: AsyncClient, app: tuple[str, str]) -> None:
    for path in ("/xero/connect/token", "/xero/connect/revocation"):
        answer = await http.post(path, data={"token": "x"}, auth=app)
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})


async def test_a_header_that_is_no_basic_proves_nothing(http: AsyncClient) -> None:
    headers = {"Authorization": "Basic %%%"}
    answer = await http.post("/xero/connect/token", data={}, headers=headers)
    assert answer.json() == {"error": "invalid_client"}


@pytest.mark.parametrize("grant", ["client_credentials", "password", None])
async def test_a_web_app_has_two_ways_to_tokens(http: AsyncClient, grant: str | None) -> None:
    answer = await token(http, grant_type=grant)
    assert (answer.status_code, answer.json()) == (400, {"error": "unsupported_grant_type"})


@pytest.mark.parametrize(
    "differs",
    [
        {"code": "guess"},
        {"redirect_uri": "https://elsewhere.example"},
        {"code_verifier": "guess" * 10},
        {"code_verifier": None},
    ],
)
async def test_a_code_is_good_only_as_it_was_agreed(
    http: AsyncClient, differs: dict[str, str | None]
) -> None:
    answer = await exchange(http, **({"code": await code_for(http)} | differs))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


async def test_a_verifier_without_a_challenge_is_refused(http: AsyncClient) -> None:
    code = await code_for(http, code_challenge=None, code_challenge_method=None)
    assert (await exchange(http, code)).json() == {"error": "invalid_grant"}


async def test_a_code_is_good_once_and_for_five_minutes(http: AsyncClient, clock: SetClock) -> None:
    code = await code_for(http)
    assert (await exchange(http, code)).status_code == 200
    assert (await exchange(http, code)).json() == {"error": "invalid_grant"}
    late = await code_for(http)
    clock.move(minutes=5)
    assert (await exchange(http, late)).json() == {"error": "invalid_grant"}


async def test_a_code_of_one_app_is_nothing_to_another(http: AsyncClient) -> None:
    code = await code_for(http, client_id=OWN[0])
    assert (await exchange(http, code)).json() == {"error": "invalid_grant"}


async def test_each_refresh_gives_another_refresh_token(http: AsyncClient, caller: Caller) -> None:
    old = caller.tokens["refresh_token"]
    first = (await refresh(http, old)).json()
    second = (await refresh(http, first["refresh_token"])).json()
    assert len({old, first["refresh_token"], second["refresh_token"]}) == 3
    assert len({one["access_token"] for one in (caller.tokens, first, second)}) == 3
    assert "id_token" not in first


async def test_a_lost_answer_is_recovered_inside_half_an_hour(
    http: AsyncClient, caller: Caller, clock: SetClock
) -> None:
    old = caller.tokens["refresh_token"]
    lost = (await refresh(http, old)).json()
    clock.move(minutes=30)
    found = await refresh(http, old)
    assert found.status_code == 200
    assert (await refresh(http, found.json()["refresh_token"])).status_code == 200
    assert (await refresh(http, lost["refresh_token"])).json() == {"error": "invalid_grant"}


async def test_after_half_an_hour_a_lost_answer_is_lost(
    http: AsyncClient, caller: Caller, clock: SetClock
) -> None:
    old = caller.tokens["refresh_token"]
    await refresh(http, old)
    clock.move(minutes=30, seconds=1)
    assert (await refresh(http, old)).json() == {"error": "invalid_grant"}


async def test_an_answer_that_was_used_was_not_lost(http: AsyncClient, caller: Caller) -> None:
    """Two who refresh at once: the second one has lost as soon as the first one goes on."""
    old = caller.tokens["refresh_token"]
    caller.tokens = (await refresh(http, old)).json()
    assert (await caller.get("/Organisation")).status_code == 200
    assert (await refresh(http, old)).json() == {"error": "invalid_grant"}


async def test_two_refreshes_ago_is_too_long_ago(http: AsyncClient, caller: Caller) -> None:
    old = caller.tokens["refresh_token"]
    first = (await refresh(http, old)).json()
    await refresh(http, first["refresh_token"])
    assert (await refresh(http, old)).json() == {"error": "invalid_grant"}


async def test_an_unused_refresh_token_lasts_sixty_days(
    http: AsyncClient, caller: Caller, clock: SetClock
) -> None:
    clock.move(days=59)
    body = (await refresh(http, caller.tokens["refresh_token"])).json()
    clock.move(days=60)
    assert (await refresh(http, body["refresh_token"])).json() == {"error": "invalid_grant"}


async def test_refreshes_are_counted_for_those_who_look(
    http: AsyncClient, caller: Caller, xero: Xero
) -> None:
    old = caller.tokens["refresh_token"]
    await refresh(http, old)
    await refresh(http, old)
    await refresh(http, "guess")
    await refresh(http, old, OWN)
    counts = (await http.get("/_sandbox/xero/")).json()["tokens"]
    assert counts == {"exchanged": 1, "refreshed": 1, "recovered": 1, "refresh_refused": 2}


async def test_a_dropped_answer_leaves_the_old_token_good(
    http: AsyncClient, caller: Caller, xero: Xero
) -> None:
    """The fault strikes after Xero has rotated, which is when it hurts."""
    rule = {"fault": "half_body", "provider": "xero", "path": "/connect/token"}
    await http.post("/_sandbox/faults", json=rule)
    old = caller.tokens["refresh_token"]
    with pytest.raises(ValueError, match=r".+"):
        (await refresh(http, old)).json()
    assert (await refresh(http, old)).status_code == 200
    assert (xero.grants.counts["refreshed"], xero.grants.counts["recovered"]) == (1, 1)


async def test_revoking_ends_the_consent_and_all_its_connections(
    http: AsyncClient, caller: Caller, xero: Xero
) -> None:
    form = {"token": caller.tokens["refresh_token"]}
    answer = await http.post("/xero/connect/revocation", data=form, auth=PLATFORM)
    assert (answer.status_code, answer.content) == (200, b"")
    assert (await refresh(http, caller.tokens["refresh_token"])).json() == {
        "error": "invalid_grant"
    }
    assert (await caller.get("/Organisation")).status_code == 403
    assert list(xero.connections) == []


async def test_revoking_what_is_unknown_is_no_error(http: AsyncClient, caller: Caller) -> None:
    answer = await http.post("/xero/connect/revocation", data={"token": "guess"}, auth=PLATFORM)
    assert answer.status_code == 200
    assert (await caller.get("/Organisation")).status_code == 200


async def test_a_forgotten_refresh_token_asks_for_a_new_consent(
    http: AsyncClient, caller: Caller, xero: Xero
) -> None:
    assert (await http.post("/_sandbox/xero/tokens/forget")).status_code == 204
    assert (await refresh(http, caller.tokens["refresh_token"])).json() == {
        "error": "invalid_grant"
    }
    again = await consented(http, xero.organisation.id)
    assert (await refresh(http, again.tokens["refresh_token"])).status_code == 200
