"""Xero connected from end to end: the web app's part, a browser's, and Xero's over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest
from structlog.testing import capture_logs
from tests.support.api import Api, made_process, running_app, settings_for
from tests.support.clock import NOW, SetClock
from tests.support.databases import Database
from tests.support.people import Mint
from tests.support.waiting import until
from tests.support.xero import BOOKS, sent_back, xero_over_sockets, xero_settings

from billingone_api.billing.integrations.models import ConnectionReplaced
from billingone_api.billing.integrations.wiring import xero_for
from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.sandbox.app import Sandbox, SandboxSettings, create_sandbox
from billingone_api.sandbox.xero.apps import OWN, PLATFORM, REDIRECT_URIS
from billingone_api.sandbox.xero.room import Xero, XeroSettings

XERO = "/v1/integrations/xero"
ANY_STATE = "x5Wn4cUV3dJ0sQy8vT1rKfMzBq7Lh2GpE9aYoXtRiNk"
Json = dict[str, Any]


@pytest.fixture
def sandbox(clock: SetClock) -> Sandbox:
    few = XeroSettings(invoices=3, planted_bad=0)
    return create_sandbox(SandboxSettings(clients=3, xero=few, clock=clock, algorithms=("ES256",)))


@pytest.fixture
def there(sandbox: Sandbox) -> Xero:
    """With one organisation to pick, and the accountants' practice."""
    home, _, practice = sandbox.xero.tenants
    sandbox.xero.consent.tenants = [home, practice]
    return sandbox.xero


@pytest.fixture
async def process(database: Database, clock: SetClock, sandbox: Sandbox) -> AsyncIterator[Process]:
    async with (
        xero_over_sockets(sandbox) as host,
        made_process(settings_for(database, **xero_settings(host)), clock=clock) as made,
    ):
        yield made


@dataclass(frozen=True)
class Person:
    """Somebody in front of the web app, who goes to Xero's page and comes back."""

    client: httpx.AsyncClient

    async def begins(self) -> str:
        answer = await self.client.post(f"{XERO}/authorise")
        assert answer.status_code == 200, answer.text
        url: str = answer.json()["url"]
        return url

    async def comes_back(self, brought: Json) -> httpx.Response:
        known = {name: brought[name] for name in ("state", "code", "error") if name in brought}
        return await self.client.post(f"{XERO}/callback", json=known)

    async def connects(self) -> Json:
        answer = await self.comes_back(await sent_back(await self.begins()))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def sees(self) -> tuple[Json, str]:
        answer = await self.client.get(XERO)
        return dict(answer.json()), answer.headers["ETag"]

    async def may_choose(self) -> list[Json]:
        items: list[Json] = (await self.client.get(f"{XERO}/organisations")).json()["items"]
        return items

    async def chooses(self, tenant_id: str, tag: str | None = None) -> httpx.Response:
        if_match = tag or (await self.sees())[1]
        return await self.client.put(
            XERO, json={"tenant_id": tenant_id}, headers={"If-Match": if_match}
        )

    async def tests(self) -> Json:
        answer = await self.client.post(f"{XERO}/test")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture
def farah(api: Api, there: Xero) -> Person:
    assert there.organisation.name == BOOKS
    return Person(api.finance)


async def connection_of(database: Database) -> UUID:
    [row] = await database.as_owner(
        "SELECT connection_id FROM integrations WHERE provider = 'xero'"
    )
    connection_id: UUID = row["connection_id"]
    return connection_id


def refused(answer: httpx.Response, code: str) -> str:
    """The sentence of a 409 with this code."""
    assert (answer.status_code, answer.json()["code"]) == (409, code), answer.text
    detail: str = answer.json()["detail"]
    return detail


async def test_one_organisation_is_connected_by_itself_and_can_be_read(
    farah: Person, api: Api, process: Process, database: Database, there: Xero
) -> None:
    settled = await farah.connects()
    tenant = there.organisation
    chosen = {"tenant_id": tenant.id, "name": BOOKS, "is_chosen": True}
    assert settled["choice_needed"] is False
    assert settled["organisations"] == await farah.may_choose() == [chosen]
    shown, _ = await farah.sees()
    assert settled["integration"] == shown
    assert (shown["status"], shown["account"]) == ("connected", BOOKS)
    assert (shown["auth_mode"], shown["schedule_minutes"]) == ("authorization_code", 15)
    assert shown["connected_by"] == "Farah Nair"
    async with xero_for(process, api.organisation_id, await connection_of(database)) as client:
        assert (await client.organisation()).name == BOOKS
    assert await farah.tests() == {"ok": True}


async def test_the_address_asks_for_what_is_read_and_proves_who_asks(
    farah: Person, there: Xero, api: Api
) -> None:
    answer = await api.finance.post(f"{XERO}/authorise")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["expires_at"] == "2026-11-24T01:10:00Z"
    url = urlsplit(answer.json()["url"])
    assert "+" not in url.query, "a plus is no space to Xero"
    asked = {name: value for name, [value] in parse_qs(url.query).items()}
    assert asked["scope"].split() == [
        "offline_access",
        "accounting.invoices.read",
        "accounting.payments.read",
        "accounting.contacts.read",
        "accounting.settings.read",
    ]
    assert (asked["client_id"], asked["redirect_uri"]) == (PLATFORM[0], REDIRECT_URIS[0])
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) == 43


async def test_an_app_made_before_granular_scopes_asks_for_broad_ones(
    database: Database, clock: SetClock, sandbox: Sandbox, mint: Mint, organisation_id: UUID
) -> None:
    """A newer app that asks for one of them is shown Xero's own error page, and stays there."""
    async with (
        xero_over_sockets(sandbox) as host,
        made_process(
            settings_for(database, **xero_settings(host), xero_scopes="broad"), clock=clock
        ) as process,
        running_app(process) as app,
    ):
        person = Person(Api(app, mint, organisation_id).finance)
        async with httpx.AsyncClient(follow_redirects=False) as browser:
            assert (await browser.get(await person.begins())).status_code == 500
        sandbox.xero.apps[PLATFORM[0]].broad = True
        sandbox.xero.consent.tenants = sandbox.xero.tenants[:1]
        assert (await person.connects())["choice_needed"] is False
        shown = (await person.client.get(f"{XERO}/app")).json()
        assert "accounting.transactions.read" in shown["scopes"]
        assert await person.tests() == {"ok": True}


async def test_one_token_set_serves_every_organisation_of_a_consent(
    farah: Person, there: Xero, clock: SetClock
) -> None:
    home, abroad, _ = there.consent.tenants = there.tenants
    await farah.connects()
    for tenant in (home, abroad, home):
        await farah.chooses(tenant.id)
        assert await farah.tests() == {"ok": True}
    clock.move(minutes=30)
    assert await farah.tests() == {"ok": True}
    await farah.chooses(abroad.id)
    assert await farah.tests() == {"ok": True}
    assert (there.grants.counts["exchanged"], there.grants.counts["refreshed"]) == (1, 1)


async def test_neither_state_nor_verifier_nor_tokens_are_found_in_the_database(
    farah: Person, database: Database
) -> None:
    brought = await sent_back(await farah.begins())
    await farah.comes_back(brought)
    [state] = await database.as_owner("SELECT oauth_states::text AS all FROM oauth_states")
    assert brought["state"] not in state["all"]
    assert brought["state"].encode().hex() not in state["all"]
    [audit] = await database.as_owner("SELECT string_agg(audit::text, '') AS all FROM audit")
    for secret in (brought["state"], brought["code"]):
        assert secret not in audit["all"]


async def test_a_state_is_taken_once(farah: Person, there: Xero) -> None:
    brought = await sent_back(await farah.begins())
    answers = await asyncio.gather(*(farah.comes_back(brought) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    for answer in answers:
        if answer.status_code == 409:
            assert "used already" in refused(answer, "oauth_state_used")
    assert there.grants.counts["exchanged"] == 1
    assert there.grants.counts["exchange_refused"] == 0


async def test_a_state_that_nobody_began_is_refused_before_anything_is_asked(
    farah: Person, there: Xero
) -> None:
    answer = await farah.comes_back({"state": ANY_STATE, "code": "code"})
    assert "Connect Xero again" in refused(answer, "oauth_state_unknown")
    assert not there.grants.counts


async def test_a_state_of_another_person_or_session_is_refused_and_stays_good(
    farah: Person, api: Api, there: Xero
) -> None:
    brought = await sent_back(await farah.begins())
    mint, home = api.mint, api.organisation_id
    others = [mint.person(home, subject="person-2"), mint.person(home, session_id="session-2")]
    for token in others:
        answer = await Person(api.caller(token)).comes_back(brought)
        assert "another session" in refused(answer, "oauth_state_foreign")
    assert not there.grants.counts
    assert (await farah.comes_back(brought)).status_code == 200


async def test_a_state_of_another_organisation_answers_like_one_that_nobody_began(
    farah: Person, api: Api, database: Database, there: Xero
) -> None:
    elsewhere = Person(api.of(await database.add_organisation(new_id(), name="Redgum")).finance)
    brought = await sent_back(await farah.begins())
    foreign = (await elsewhere.comes_back(brought)).json()
    nobodys = (await elsewhere.comes_back(brought | {"state": ANY_STATE})).json()
    assert foreign.pop("request_id") != nobodys.pop("request_id")
    assert foreign == nobodys
    assert not there.grants.counts
    assert await elsewhere.may_choose() == []


async def test_an_answer_after_ten_minutes_is_too_late(farah: Person, clock: SetClock) -> None:
    url = await farah.begins()
    clock.move(minutes=10)
    brought = await sent_back(url)
    assert "ten minutes" in refused(await farah.comes_back(brought), "oauth_state_expired")


async def test_a_state_whose_key_has_left_the_ring_is_too_late(
    farah: Person, database: Database
) -> None:
    brought = await sent_back(await farah.begins())
    await database.as_owner("UPDATE oauth_states SET verifier = '\\x00'")
    refused(await farah.comes_back(brought), "oauth_state_expired")


async def test_consent_refused_in_xero_changes_nothing_and_uses_the_state_up(
    farah: Person, there: Xero
) -> None:
    there.consent.refused = True
    brought = await sent_back(await farah.begins())
    assert brought["error"] == "access_denied"
    assert "nothing changed" in refused(await farah.comes_back(brought), "consent_refused")
    refused(await farah.comes_back(brought), "oauth_state_used")
    assert (await farah.sees())[0]["status"] == "not_connected"


async def test_why_xero_gave_no_consent_is_told_and_logged(farah: Person) -> None:
    for error, shown in (("invalid_scope", "invalid_scope"), ("<b>planted</b>", None)):
        brought = {"state": (await sent_back(await farah.begins()))["state"], "error": error}
        with capture_logs() as told:
            detail = refused(await farah.comes_back(brought), "consent_refused")
        assert ("invalid_scope" in detail) is (shown is not None)
        assert "planted" not in detail
        [line] = [one for one in told if one["event"] == "xero_consent_refused"]
        assert (line["log_level"], line["error"]) == ("warning", shown)


async def test_a_code_that_xero_does_not_take_back(farah: Person) -> None:
    brought = await sent_back(await farah.begins())
    answer = await farah.comes_back(brought | {"code": "guessed"})
    assert "too old or was used" in refused(answer, "consent_code_refused")


async def test_a_practice_alone_is_nothing_to_read(farah: Person, there: Xero) -> None:
    there.consent.tenants = there.tenants[2:]
    answer = await farah.comes_back(await sent_back(await farah.begins()))
    assert "practice" in refused(answer, "consent_without_organisation")
    assert await farah.may_choose() == []


async def test_xero_away_while_the_code_is_exchanged(
    farah: Person, sandbox: Sandbox, database: Database
) -> None:
    brought = await sent_back(await farah.begins())
    sandbox.faults.add("503", provider="xero", path="/connect/token")
    answer = await farah.comes_back(brought)
    assert (answer.status_code, answer.json()["code"]) == (503, "xero_unavailable")
    assert "Connect Xero again under Settings" in answer.json()["detail"]
    assert "retry-after" not in answer.headers, "the state is used up"
    assert await database.as_owner("SELECT FROM xero_consents") == []


async def test_a_consent_that_covers_too_little_is_not_kept(
    farah: Person, there: Xero, database: Database
) -> None:
    brought = await sent_back(await farah.begins())
    code = next(iter(there.grants._codes.values()))
    code.grant.scopes = tuple(scope for scope in code.grant.scopes if "payments" not in scope)
    answer = await farah.comes_back(brought)
    assert "leaves out: payments" in refused(answer, "consent_incomplete")
    assert await database.as_owner("SELECT FROM xero_consents") == []


async def test_no_transaction_is_open_while_the_code_is_exchanged(
    farah: Person, sandbox: Sandbox, database: Database
) -> None:
    brought = await sent_back(await farah.begins())
    rule = sandbox.faults.add("delay:1", provider="xero", path="/connect/token")
    coming = asyncio.create_task(farah.comes_back(brought))
    await until(lambda: rule.seen == 1)
    assert await database.open_transactions() == 0
    assert not coming.done()
    assert (await coming).status_code == 200


async def test_several_organisations_need_a_choice(
    farah: Person, there: Xero, database: Database, api: Api, process: Process
) -> None:
    home, abroad, _ = there.consent.tenants = there.tenants
    settled = await farah.connects()
    assert settled["choice_needed"] is True
    assert settled["integration"]["status"] == "not_connected"
    assert {one["name"] for one in settled["organisations"]} == {home.name, abroad.name}
    assert not any(one["is_chosen"] for one in settled["organisations"])
    chosen = await farah.chooses(abroad.id)
    assert (chosen.status_code, chosen.json()["account"]) == (201, abroad.name)
    async with xero_for(process, api.organisation_id, await connection_of(database)) as client:
        assert (await client.organisation()).base_currency == "NZD"
    assert [one["is_chosen"] for one in await farah.may_choose()] == [
        one["name"] == abroad.name for one in await farah.may_choose()
    ]


async def test_a_newer_consent_takes_the_place_of_one_that_waits_for_a_choice(
    farah: Person, there: Xero, database: Database
) -> None:
    home, abroad, _ = there.consent.tenants = there.tenants
    await farah.connects()
    there.connections.leave(home.id)
    there.connections.leave(abroad.id)
    there.consent.tenants = [abroad]
    settled = await farah.connects()
    assert settled["choice_needed"] is False
    assert [one["name"] for one in settled["organisations"]] == [abroad.name]
    assert len(await database.as_owner("SELECT FROM xero_consents")) == 1


async def test_switching_to_another_organisation_ends_the_work_of_the_first(
    farah: Person, there: Xero, database: Database, api: Api, process: Process
) -> None:
    home, abroad, _ = there.consent.tenants = there.tenants
    await farah.connects()
    await farah.chooses(home.id)
    first = await connection_of(database)
    tag = (await farah.sees())[1]
    switched = await farah.chooses(abroad.id, tag)
    assert (switched.status_code, switched.json()["account"]) == (200, abroad.name)
    with pytest.raises(ConnectionReplaced):
        async with xero_for(process, api.organisation_id, first):
            pass
    [route] = await database.as_owner("SELECT tenant_id FROM webhook_routes")
    assert route["tenant_id"] == abroad.id
    stale = await farah.chooses(home.id, tag)
    assert (stale.status_code, stale.json()["code"]) == (412, "etag_mismatch")
    again = await farah.chooses(abroad.id)
    assert again.json()["connected_at"] == switched.json()["connected_at"], "nothing changed"


async def test_a_choice_says_what_it_changes_and_takes_what_was_consented(
    farah: Person, there: Xero, api: Api
) -> None:
    await farah.connects()
    without = await api.finance.put(XERO, json={"tenant_id": there.tenants[1].id})
    assert (without.status_code, without.json()["code"]) == (428, "if_match_required")
    answer = await farah.chooses(there.tenants[1].id)
    assert "pick this one there" in refused(answer, "organisation_not_consented")


async def test_reconnecting_stays_with_the_organisation_and_clears_the_attention(
    farah: Person, there: Xero, database: Database, api: Api, process: Process
) -> None:
    await farah.connects()
    first = await connection_of(database)
    there.grants.expire()
    there.grants.forget()
    failed = await farah.tests()
    assert (failed["ok"], failed["code"]) == (False, "reconnect")
    shown, _ = await farah.sees()
    assert shown["status"] == "needs_attention"
    assert shown["attention"]["code"] == "reconnect"
    assert "Reconnect Xero." in shown["attention"]["detail"]

    there.consent.tenants = list(there.tenants)
    settled = await farah.connects()
    assert settled["choice_needed"] is False
    assert (settled["integration"]["status"], settled["integration"]["account"]) == (
        "connected",
        BOOKS,
    )
    assert await connection_of(database) != first
    assert len(await database.as_owner("SELECT FROM xero_consents")) == 1
    assert await farah.tests() == {"ok": True}


async def test_another_organisation_is_never_read_in_place_of_the_connected_one_unasked(
    farah: Person, there: Xero, database: Database
) -> None:
    await farah.connects()
    there.connections.leave(there.organisation.id)
    there.consent.tenants = [there.tenants[1]]
    first = await connection_of(database)
    settled = await farah.connects()
    assert settled["choice_needed"] is True
    assert settled["integration"]["account"] == BOOKS
    assert await connection_of(database) == first
    assert {one["name"]: one["is_chosen"] for one in settled["organisations"]} == {
        BOOKS: True,
        there.tenants[1].name: False,
    }
    chosen = await farah.chooses(there.tenants[1].id)
    assert chosen.json()["account"] == there.tenants[1].name


async def test_adding_an_organisation_renews_the_connected_one_that_xero_does_not_name(
    farah: Person, there: Xero
) -> None:
    """Asked for what was picked just now, Xero leaves out what was connected before."""
    await farah.connects()
    there.consent.tenants = there.tenants[1:2]
    settled = await farah.connects()
    assert settled["choice_needed"] is False
    assert settled["integration"]["account"] == BOOKS
    assert {one["name"] for one in settled["organisations"]} == {BOOKS, there.tenants[1].name}


async def test_an_organisation_disconnected_inside_xero_is_said_and_not_retried(
    farah: Person, there: Xero
) -> None:
    await farah.connects()
    there.connections.leave(there.organisation.id)
    failed = await farah.tests()
    assert (failed["code"], failed["ok"]) == ("organisation_lost", False)
    assert "no longer connected in Xero" in failed["detail"]
    assert (await farah.sees())[0]["attention"]["code"] == "organisation_lost"
    assert there.grants.counts["refreshed"] == 0


async def test_a_scope_that_fell_away_is_said_and_no_token_is_renewed(
    farah: Person, there: Xero
) -> None:
    await farah.connects()
    there.grants.withhold(frozenset({"accounting.settings.read"}))
    failed = await farah.tests()
    assert failed["code"] == "scope_missing"
    assert "leave everything ticked" in failed["detail"]
    assert there.grants.counts["refreshed"] == 0


async def test_disconnecting_ends_this_connection_at_xero_and_no_other(
    farah: Person, there: Xero, database: Database
) -> None:
    home, abroad, _ = there.consent.tenants = there.tenants
    await farah.connects()
    await farah.chooses(home.id)
    answer = await farah.client.delete(XERO)
    assert (answer.status_code, answer.content) == (204, b"")
    left = {one.tenant.name for one in there.connections}
    assert left == {abroad.name, there.tenants[2].name}
    assert not any(grant.revoked for grant in there.grants._refresh.values())
    shown, _ = await farah.sees()
    assert (shown["status"], shown["account"]) == ("not_connected", None)
    for table in ("xero_consents", "xero_tenants", "webhook_routes", "integrations"):
        assert await database.as_owner(f"SELECT FROM {table}") == []
    assert (await farah.client.delete(XERO)).status_code == 204


async def test_what_xero_does_not_answer_is_disconnected_here_all_the_same(
    farah: Person, there: Xero, sandbox: Sandbox, database: Database
) -> None:
    await farah.connects()
    sandbox.faults.add("503", provider="xero", path="/connections*", times=None)
    assert (await farah.client.delete(XERO)).status_code == 204
    assert len(list(there.connections)) == 2
    assert await database.as_owner("SELECT FROM xero_consents") == []


async def test_an_app_of_ones_own_asks_exchanges_and_renews(
    farah: Person, there: Xero, api: Api, database: Database, clock: SetClock
) -> None:
    app = f"{XERO}/app"
    before = (await farah.client.get(app)).json()
    assert (before["client_id"], before["is_own"]) == (PLATFORM[0], False)
    assert before["redirect_uri"] == REDIRECT_URIS[0]
    saved = await farah.client.put(app, json={"client_id": OWN[0], "client_secret": OWN[1]})
    assert (saved.json()["client_id"], saved.json()["is_own"]) == (OWN[0], True)
    assert OWN[1] not in saved.text
    await farah.connects()
    assert {grant.app for grant in there.grants._refresh.values()} == {OWN[0]}
    clock.move(minutes=30)
    assert await farah.tests() == {"ok": True}
    assert there.grants.counts["refreshed"] == 1
    [row] = await database.as_owner("SELECT xero_apps::text AS all FROM xero_apps")
    assert OWN[1] not in row["all"]

    assert (await farah.client.delete(app)).status_code == 204
    assert (await farah.client.get(app)).json() == before
    clock.move(minutes=30)
    failed = await farah.tests()
    assert failed["code"] == "credentials_rejected"
    assert "not configured here any more" in failed["detail"]
    await farah.connects()
    assert await farah.tests() == {"ok": True}


async def test_an_app_that_cannot_be_opened_hinders_no_consent_of_the_operators(
    farah: Person, database: Database, clock: SetClock
) -> None:
    await farah.connects()
    own = {"client_id": OWN[0], "client_secret": OWN[1]}
    await farah.client.put(f"{XERO}/app", json=own)
    await database.as_owner("UPDATE xero_apps SET client_secret = '\\x00'")
    clock.move(minutes=30)
    assert await farah.tests() == {"ok": True}


async def test_a_wrong_secret_of_the_app_is_said(farah: Person) -> None:
    wrong = {"client_id": OWN[0], "client_secret": "not-the-secret"}
    await farah.client.put(f"{XERO}/app", json=wrong)
    answer = await farah.comes_back(await sent_back(await farah.begins()))
    assert "client id and secret of the app" in refused(answer, "xero_app_refused")


async def test_a_test_of_what_is_not_connected(farah: Person) -> None:
    answer = await farah.client.post(f"{XERO}/test")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_connected")


async def test_the_first_slot_is_in_a_minute_and_then_every_quarter_of_an_hour(
    farah: Person, database: Database
) -> None:
    await farah.connects()
    [slot] = await database.as_owner(
        "SELECT due_at - now() AS ahead FROM due_work WHERE kind = 'schedule' AND key = 'xero'"
    )
    assert timedelta(seconds=30) < slot["ahead"] <= timedelta(minutes=1)


async def test_a_consent_leaves_its_entries(farah: Person, database: Database) -> None:
    await farah.connects()
    rows = await database.as_owner("SELECT action, after::text, at FROM audit ORDER BY id")
    assert [row["action"] for row in rows] == [
        "integration.consent_begun",
        "integration.connected",
    ]
    assert BOOKS in rows[1]["after"]
    assert {row["at"] for row in rows} == {NOW}
