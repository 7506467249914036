"""SuperOps connected from end to end: the web app's part, and SuperOps's over real sockets."""

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import respx
from tests.support.api import Api, made_process, settings_for
from tests.support.clock import SetClock
from tests.support.databases import Database
from tests.support.superops import (
    EUROPES,
    HELPDESKS,
    SUBDOMAIN,
    TOKEN,
    superops_over_sockets,
    superops_settings,
)

from billingone_api.billing.integrations.models import ConnectionReplaced
from billingone_api.billing.integrations.wiring import superops_for
from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.providers.errors import CredentialsRejected
from billingone_api.sandbox.app import Sandbox, SandboxSettings, create_sandbox
from billingone_api.sandbox.superops.accounts import ADMINISTRATOR, Role

SUPEROPS = "/v1/integrations/superops"
PERMIT = "Give the user whose token this is a role in SuperOps that may see them all."
NO_INVOICES = "SuperOps does not let us read invoices, so that none can be copied."
NO_ASSETS = (
    "SuperOps does not let us read assets, so that no devices are counted; all else is copied."
)
Json = dict[str, Any]


@pytest.fixture
def sandbox(clock: SetClock) -> Sandbox:
    return create_sandbox(SandboxSettings(clients=3, clock=clock, algorithms=("ES256",)))


@pytest.fixture
async def process(database: Database, clock: SetClock, sandbox: Sandbox) -> AsyncIterator[Process]:
    async with (
        superops_over_sockets(sandbox) as host,
        made_process(settings_for(database, **superops_settings(host)), clock=clock) as made,
    ):
        yield made


@dataclass(frozen=True)
class Person:
    """Somebody in front of the web app."""

    client: httpx.AsyncClient
    database: Database

    async def saves(self, **told: Any) -> httpx.Response:
        tag = told.pop("tag", None)
        headers = {"If-Match": tag} if tag else {}
        body = {"credentials": told_of(**told)}
        return await self.client.put(SUPEROPS, json=body, headers=headers)

    async def tests(self, **told: Any) -> Json:
        """What is told, or what is saved."""
        body = {"credentials": told_of(**told)} if told else {}
        answer = await self.client.post(f"{SUPEROPS}/test", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def sees(self) -> Json:
        answer = await self.client.get(SUPEROPS)
        return dict(answer.json())

    async def row(self) -> Json:
        [row] = await self.database.as_owner(
            "SELECT * FROM integrations WHERE provider = 'superops'"
        )
        return dict(row)


def told_of(**told: Any) -> Json:
    known = {"subdomain": SUBDOMAIN, "region": "us", "token": TOKEN, "currency": "AUD"}
    return {
        name: value
        for name, value in ({"auth_mode": "api_token"} | known | told).items()
        if value is not None
    }


@pytest.fixture
def farah(api: Api, database: Database) -> Person:
    return Person(api.finance, database)


def problem(answer: httpx.Response, status: int) -> Json:
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def test_a_token_is_saved_and_never_shown_and_superops_can_be_read(
    farah: Person, api: Api, process: Process, sandbox: Sandbox
) -> None:
    saved = await farah.saves(subdomain=f" https://{SUBDOMAIN.title()}.superops.ai/home ")
    assert saved.status_code == 201, saved.text
    shown = saved.json()
    assert (shown["status"], shown["auth_mode"], shown["account"]) == (
        "connected",
        "api_token",
        SUBDOMAIN,
    )
    assert (shown["schedule_minutes"], shown["next_sync_at"] is not None) == (24 * 60, True)
    assert TOKEN not in saved.text
    row = await farah.row()
    assert TOKEN.encode() not in row["secret"]
    async with superops_for(process, api.organisation_id, row["connection_id"]) as door:
        assert (door.subdomain, door.currency) == (SUBDOMAIN, "AUD")
        found = [one async for batch in door.client.clients().batches() for one in batch.records]
        assert len(found) == len(sandbox.superops.home.clients)
    listed = (await farah.client.get("/v1/integrations")).json()["items"]
    assert [one["name"] for one in listed] == ["Pax8", "Xero", "SuperOps"]


async def test_the_same_once_more_changes_nothing_and_another_currency_needs_no_token(
    farah: Person, api: Api, process: Process
) -> None:
    await farah.saves()
    first = await farah.row()
    assert (await farah.saves()).status_code == 200
    assert await farah.row() == first
    changed = await farah.saves(token=None, currency="NZD")
    assert changed.status_code == 200, changed.text
    row = await farah.row()
    assert row["connection_id"] != first["connection_id"]
    async with superops_for(process, api.organisation_id, row["connection_id"]) as door:
        assert door.currency == "NZD"
        assert await door.client.check() == frozenset()
    with pytest.raises(ConnectionReplaced):
        async with superops_for(process, api.organisation_id, first["connection_id"]):
            pass


async def test_the_audit_says_where_a_token_reads_and_in_which_currency(farah: Person) -> None:
    await farah.saves()
    await farah.saves(token=None, currency="NZD")
    rows = await farah.database.as_owner(
        "SELECT before, after FROM audit WHERE action = 'integration.connected' ORDER BY id"
    )
    saved, changed = ((json.loads(row["before"]), json.loads(row["after"])) for row in rows)
    assert saved[0] == {}
    assert (saved[1]["region"], saved[1]["currency"]) == ("us", "AUD")
    assert (changed[0]["currency"], changed[1]["currency"]) == ("AUD", "NZD")


@pytest.mark.parametrize("told", [{"subdomain": "another"}, {"region": "eu"}])
async def test_a_saved_token_is_sent_to_the_account_it_is_of_alone(
    farah: Person, told: Json
) -> None:
    refused = problem(await farah.saves(token=None), 409)
    assert refused["code"] == "superops_token_needed"
    await farah.saves()
    body = {"credentials": told_of(**told, token=None)}
    for answer in (
        await farah.client.put(SUPEROPS, json=body),
        await farah.client.post(f"{SUPEROPS}/test", json=body),
    ):
        assert problem(answer, 409)["code"] == "superops_token_needed"
        assert "send one" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("told", "pointer"),
    [
        ({"currency": "AUX"}, "/credentials/api_token/currency"),
        ({"currency": "aud"}, "/credentials/api_token/currency"),
        ({"subdomain": "acme.example.com"}, "/credentials/subdomain"),
        ({"subdomain": "acme.superops.ai@evil.example"}, "/credentials/subdomain"),
        ({"subdomain": "127.0.0.1:80"}, "/credentials/subdomain"),
        ({"region": "au"}, "/credentials/api_token/region"),
        ({"token": "two words"}, "/credentials/api_token/token"),
        ({"auth_mode": "client_credentials"}, "/credentials"),
        ({"more": 1}, "/credentials/api_token/more"),
    ],
)
async def test_what_cannot_be_is_422_and_said_where(
    farah: Person, told: Json, pointer: str
) -> None:
    answer = problem(await farah.saves(**told), 422)
    [error] = answer["errors"]
    assert error["pointer"].replace("/api_token", "") == pointer.replace("/api_token", "")
    assert await farah.database.as_owner("SELECT 1 FROM integrations") == []


async def test_a_test_of_another_token_keeps_nothing(farah: Person) -> None:
    assert await farah.tests(token=TOKEN) == {"ok": True, "missing": []}
    assert await farah.database.as_owner("SELECT 1 FROM integrations") == []
    for table in ("provider_limits", "due_work"):
        assert await farah.database.as_owner(f"SELECT 1 FROM {table}") == []  # noqa: S608 - a test's own words
    assert problem(await farah.client.post(f"{SUPEROPS}/test"), 409)["code"] == "not_connected"
    subdomain, token = EUROPES
    assert (await farah.tests(subdomain=subdomain, region="eu", token=token))["ok"] is True


async def test_what_a_token_may_not_read_is_told_one_by_one(
    farah: Person, sandbox: Sandbox
) -> None:
    invoices = {"capability": "invoices", "detail": f"{NO_INVOICES} {PERMIT}"}
    found = await farah.tests(token=HELPDESKS)
    assert found == {
        "ok": False,
        "code": "permission_denied",
        "detail": f"{NO_INVOICES} {PERMIT}",
        "missing": [invoices],
    }
    home, _ = sandbox.superops.tokens.known[TOKEN]
    known = sandbox.superops.tokens.known
    known["no-assets"] = (home, Role("Accounts", forbidden=frozenset({"getAssetList"})))
    assets = {"capability": "assets", "detail": f"{NO_ASSETS} {PERMIT}"}
    assert await farah.tests(token="no-assets") == {"ok": True, "missing": [assets]}
    known["neither"] = (
        home,
        Role("Neither", forbidden=frozenset({"getAssetList", "getInvoiceList"})),
    )
    found = await farah.tests(token="neither")
    assert found["missing"] == [invoices, assets]
    assert found["detail"] == f"{NO_INVOICES} {NO_ASSETS} {PERMIT}"


@pytest.mark.parametrize(
    ("told", "code", "words"),
    [
        ({"token": "nobodys"}, "credentials_rejected", "Create a new API token"),
        ({"subdomain": "nobodys"}, "subdomain_unknown", "Check both"),
        ({"region": "eu"}, "subdomain_unknown", "in this region"),
    ],
)
async def test_what_is_wrong_is_said_with_what_to_do(
    farah: Person, told: Json, code: str, words: str
) -> None:
    found = await farah.tests(**told)
    assert (found["ok"], found["code"], found["missing"]) == (False, code, [])
    assert words in found["detail"]


@pytest.mark.parametrize(
    ("state", "words"),
    [("trial_expired", "trial"), ("paused", "paused"), ("cancelled", "cancelled")],
)
async def test_a_subscription_that_ended_needs_attention_until_a_test_passes(
    farah: Person, sandbox: Sandbox, state: str, words: str
) -> None:
    await farah.saves()
    sandbox.superops.home.state = state
    assert (await farah.tests())["code"] == "subscription_ended"
    needed = await farah.sees()
    assert needed["status"] == "needs_attention"
    assert needed["attention"]["code"] == "subscription_ended"
    assert words in needed["attention"]["detail"]
    sandbox.superops.home.state = "active"
    assert await farah.tests() == {"ok": True, "missing": []}
    assert (await farah.sees())["status"] == "connected"


@pytest.mark.parametrize("manner", ["plain", "wrapped", "classified", "status"])
async def test_a_limit_passes_by_itself_however_it_is_told(
    farah: Person, sandbox: Sandbox, manner: str
) -> None:
    await farah.saves()
    sandbox.superops.home.manners.limit = manner
    sandbox.superops.lift(1)
    found = await farah.tests()
    assert (found["code"], found["ok"]) == ("provider_rate_limited", False)
    assert "Test again in a few minutes" in found["detail"]
    assert (await farah.sees())["status"] == "connected"


async def test_html_instead_of_an_answer_is_no_fault_of_the_token(
    api: Api, farah: Person, process: Process
) -> None:
    with respx.mock as router:
        router.post(process.settings.superops_us_url).respond(200, html="<html>Sign in</html>")
        found = await farah.tests(token=TOKEN)
    assert found["code"] == "provider_malformed"
    assert TOKEN not in str(found)


async def test_disconnecting_forgets_the_token(farah: Person, api: Api, process: Process) -> None:
    await farah.saves()
    row = await farah.row()
    assert (await farah.client.delete(SUPEROPS)).status_code == 204
    assert (await farah.sees())["status"] == "not_connected"
    assert await farah.database.as_owner("SELECT 1 FROM due_work") == []
    with pytest.raises(ConnectionReplaced):
        async with superops_for(process, api.organisation_id, row["connection_id"]):
            pass


async def test_a_token_that_cannot_be_opened_any_more_is_said_to_be_saved_again(
    farah: Person, api: Api, process: Process
) -> None:
    await farah.saves()
    await farah.database.as_owner("UPDATE integrations SET secret = 'changed'::bytea")
    row = await farah.row()
    with pytest.raises(CredentialsRejected, match="Save them here again"):
        async with superops_for(process, api.organisation_id, row["connection_id"]):
            pass
    assert (await farah.tests())["code"] == "credentials_rejected"
    assert problem(await farah.saves(token=None), 409)["code"] == "superops_token_needed"
    assert (await farah.saves()).status_code == 200


async def test_tokens_are_in_no_log_and_no_audit(
    farah: Person, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    planted = "planted-token-of-superops"
    sandbox.superops.tokens.known[planted] = (sandbox.superops.home, ADMINISTRATOR)
    with caplog.at_level(logging.DEBUG):
        await farah.saves(token=planted)
        await farah.tests(token=planted, subdomain="nobodys")
    assert planted not in caplog.text
    rows = await farah.database.as_owner("SELECT before::text, after::text FROM audit")
    assert rows
    assert planted not in str([dict(row) for row in rows])


async def test_a_stale_tag_is_412(farah: Person) -> None:
    await farah.saves()
    answer = problem(await farah.saves(currency="NZD", tag=f'"{new_id()}"'), 412)
    assert answer["code"] == "etag_mismatch"
