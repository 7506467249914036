"""Testing credentials, over HTTP: what Pax8 is asked, what a person is told, what is kept."""

import asyncio
import logging
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.billing.integrations.conftest import ONE_COMPANY, Pax8
from tests.support.api import Api
from tests.support.clock import NOW, SetClock
from tests.support.connections import CLIENT_ID, CLIENT_SECRET, connect_pax8
from tests.support.databases import Database

from billingone_api.billing.integrations.adapters.pax8 import Pax8Trial
from billingone_api.billing.integrations.models import ClientCredentials, Failure, FailureCode
from billingone_api.kit.cipher import Secret
from billingone_api.kit.http.limits import Unlimited
from billingone_api.process import Process

TEST = "/v1/integrations/pax8/test"
PAX8 = "/v1/integrations/pax8"
UNSAVED = {
    "credentials": {
        "auth_mode": "client_credentials",
        "client_id": "unsaved-id",
        "client_secret": "unsaved-planted-secret",
    }
}
REJECTED = (
    "Pax8 does not accept the credentials. Check the client id and the client secret in Pax8 "
    "and save them here again."
)
FORBIDDEN = (
    "Pax8 does not let us read this. Give the API credentials access to companies, products and "
    "subscriptions in Pax8."
)
AWAY = "Pax8 does not answer at the moment; try again later."
SLOWER = "Pax8 asks us to slow down, so that this could not be tested. Test again in a few minutes."
GARBLED = (
    "Pax8 gave an answer that cannot be used: it is not the JSON asked for. "
    "Test again in a few minutes."
)
NO_LIST = (
    "Pax8 gave an answer that cannot be used: there is no list in it. Test again in a few minutes."
)
HTML = httpx.Response(200, html="<html><body>Sign in</body></html>")


async def _state(database: Database) -> list[Any]:
    return [
        dict(row)
        for table in ("integrations", "provider_tokens", "due_work", "provider_limits")
        for row in await database.as_owner(f"SELECT * FROM {table}")  # noqa: S608 - a test's own words
    ]


async def test_unsaved_credentials_are_tried_and_nothing_is_kept(
    api: Api, database: Database, pax8: Pax8
) -> None:
    answer = await api.finance.post(TEST, json=UNSAVED)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    bought = httpx.Response(200, content=pax8.token.calls.last.request.content).json()
    assert (bought["client_id"], bought["client_secret"]) == (
        "unsaved-id",
        "unsaved-planted-secret",
    )
    asked = pax8.companies.calls.last.request
    assert asked.headers["authorization"] == "Bearer token-1"
    assert dict(asked.url.params) == {"page": "0", "size": "1"}
    assert await _state(database) == []


@pytest.mark.parametrize("body", [None, {}, {"credentials": None}])
async def test_nothing_saved_and_nothing_given_is_409(api: Api, pax8: Pax8, body: Any) -> None:
    answer = await api.finance.post(TEST, json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_connected")
    assert answer.json()["detail"] == "Save credentials of Pax8 first."
    assert not pax8.token.called


@pytest.mark.parametrize(
    ("token", "companies", "code", "detail"),
    [
        (401, None, "credentials_rejected", REJECTED),
        (403, None, "credentials_rejected", REJECTED),
        (429, None, "provider_rate_limited", SLOWER),
        (500, None, "provider_unavailable", AWAY),
        (HTML, None, "provider_malformed", GARBLED),
        (httpx.ConnectTimeout("slow"), None, "provider_unavailable", AWAY),
        (None, 401, "credentials_rejected", REJECTED),
        (None, 403, "permission_denied", FORBIDDEN),
        (None, 429, "provider_rate_limited", SLOWER),
        (None, 500, "provider_unavailable", AWAY),
        (None, 503, "provider_unavailable", AWAY),
        (None, HTML, "provider_malformed", GARBLED),
        (None, httpx.Response(200, json=[]), "provider_malformed", NO_LIST),
        (None, httpx.Response(302), "provider_malformed", GARBLED),
        (None, httpx.ReadTimeout("slow"), "provider_unavailable", AWAY),
        (None, httpx.ConnectError("refused"), "provider_unavailable", AWAY),
    ],
    ids=str,
)
async def test_what_is_wrong_is_said_with_what_to_do(
    api: Api, pax8: Pax8, database: Database, token: Any, companies: Any, code: str, detail: str
) -> None:
    for route, answer in ((pax8.token, token), (pax8.companies, companies)):
        if isinstance(answer, int):
            route.respond(answer, json={"error": "unsaved-planted-secret"})
        elif isinstance(answer, httpx.Response):
            route.mock(return_value=answer)
        elif answer is not None:
            route.mock(side_effect=answer)
    told = await api.finance.post(TEST, json=UNSAVED)
    assert told.status_code == 200
    assert told.json() == {"ok": False, "code": code, "detail": detail}
    assert await _state(database) == []


async def test_a_test_asks_twice_at_most(api: Api, pax8: Pax8) -> None:
    pax8.companies.respond(503)
    await api.finance.post(TEST, json=UNSAVED)
    assert pax8.companies.call_count == 2


async def test_a_test_does_not_wait_as_long_as_pax8_may_wish(api: Api, pax8: Pax8) -> None:
    pax8.companies.respond(429, headers={"Retry-After": "60"})
    told = await api.finance.post(TEST, json=UNSAVED)
    assert told.json()["code"] == "provider_rate_limited"
    assert pax8.companies.call_count == 1


async def test_a_test_that_takes_too_long_is_ended_and_says_so(
    process: Process, pax8: Pax8
) -> None:
    async def for_ever(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    pax8.companies.side_effect = for_ever
    trial = Pax8Trial(process, limiter=Unlimited(), seconds=0.2)
    failure = await trial.failure(ClientCredentials("id", Secret("secret")))
    assert failure == Failure(
        FailureCode.PROVIDER_UNAVAILABLE,
        "Pax8 took too long to answer. Test again in a few minutes.",
    )


# of saved credentials


async def test_saved_credentials_are_tried_from_scratch(
    api: Api, database: Database, process: Process, pax8: Pax8
) -> None:
    await connect_pax8(database, process, api.organisation_id)
    for _ in range(2):
        assert (await api.finance.post(TEST)).json() == {"ok": True}
    assert pax8.token.call_count == 2
    bought = httpx.Response(200, content=pax8.token.calls.last.request.content).json()
    assert (bought["client_id"], bought["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)


@pytest.mark.parametrize(
    ("status", "code", "detail"),
    [(401, "credentials_rejected", REJECTED), (403, "permission_denied", FORBIDDEN)],
)
async def test_what_needs_a_person_is_remembered_and_cleared_when_all_is_well(
    api: Api,
    database: Database,
    process: Process,
    pax8: Pax8,
    clock: SetClock,
    status: int,
    code: str,
    detail: str,
) -> None:
    await connect_pax8(database, process, api.organisation_id)
    pax8.companies.respond(status)
    attention = {"code": code, "detail": detail, "since": "2026-11-24T01:00:00Z"}
    for _ in range(2):
        told = await api.finance.post(TEST)
        assert told.json() == {"ok": False, "code": code, "detail": detail}
        clock.move(minutes=10)
    shown = (await api.viewer.get(PAX8)).json()
    assert (shown["status"], shown["attention"]) == ("needs_attention", attention)

    pax8.companies.respond(200, json=ONE_COMPANY)
    assert (await api.finance.post(TEST)).json() == {"ok": True}
    shown = (await api.viewer.get(PAX8)).json()
    assert (shown["status"], shown["attention"]) == ("connected", None)


@pytest.mark.parametrize("status", [429, 500])
async def test_what_passes_by_itself_leaves_the_attention_as_it_was(
    api: Api, database: Database, process: Process, pax8: Pax8, status: int
) -> None:
    since = NOW - timedelta(days=1)
    await connect_pax8(
        database,
        process,
        api.organisation_id,
        attention=REJECTED,
        attention_code="credentials_rejected",
        attention_since=since,
    )
    pax8.companies.respond(status)
    assert (await api.finance.post(TEST)).json()["ok"] is False
    shown = (await api.viewer.get(PAX8)).json()
    assert shown["attention"]["detail"] == REJECTED
    assert shown["attention"]["since"] == "2026-11-23T01:00:00Z"


async def test_a_test_of_unsaved_credentials_leaves_the_saved_ones_attention_alone(
    api: Api, database: Database, process: Process, pax8: Pax8
) -> None:
    await connect_pax8(database, process, api.organisation_id)
    before = await _state(database)
    pax8.token.respond(401)
    assert (await api.finance.post(TEST, json=UNSAVED)).json()["ok"] is False
    assert await _state(database) == before


async def test_credentials_saved_during_a_test_are_not_judged_by_it(
    api: Api, database: Database, process: Process, pax8: Pax8
) -> None:
    await connect_pax8(database, process, api.organisation_id)

    async def meanwhile(request: httpx.Request) -> httpx.Response:
        assert (await api.finance.put(PAX8, json=UNSAVED)).status_code == 200
        return httpx.Response(401)

    pax8.token.side_effect = meanwhile
    assert (await api.finance.post(TEST)).json()["code"] == "credentials_rejected"
    shown = (await api.viewer.get(PAX8)).json()
    assert (shown["status"], shown["attention"]) == ("connected", None)


async def test_saved_credentials_that_cannot_be_read_any_more_say_so(
    api: Api, database: Database, process: Process, pax8: Pax8
) -> None:
    await connect_pax8(database, process, api.organisation_id, secret=b"\x01\x02k9" + b"x" * 40)
    told = await api.finance.post(TEST)
    assert told.json() == {
        "ok": False,
        "code": "credentials_rejected",
        "detail": "The saved credentials cannot be read any more. Save them here again.",
    }
    assert (await api.viewer.get(PAX8)).json()["status"] == "needs_attention"
    assert not pax8.token.called


async def test_no_transaction_is_open_while_pax8_answers(
    api: Api, database: Database, process: Process, pax8: Pax8
) -> None:
    await connect_pax8(database, process, api.organisation_id)
    seen: list[int] = []

    async def look(request: httpx.Request) -> httpx.Response:
        seen.append(await database.open_transactions())
        return httpx.Response(200, json=ONE_COMPANY)

    pax8.companies.side_effect = look
    assert (await api.finance.post(TEST)).json() == {"ok": True}
    assert seen == [0]


async def test_a_failed_test_tells_no_secret_in_logs_or_answers(
    api: Api,
    pax8: Pax8,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    pax8.token.respond(401, json={"error_description": "unsaved-planted-secret"})
    told = await api.finance.post(TEST, json=UNSAVED)
    written = [told.text, caplog.text, *capsys.readouterr()]
    assert all("unsaved-planted-secret" not in text for text in written)
