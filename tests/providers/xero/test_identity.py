"""Consent, tokens and connections."""

import base64
import traceback
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from tests.providers.xero.conftest import (
    APP,
    CONNECTIONS,
    CORRELATION,
    ENDPOINTS,
    PLANTED,
    Xero,
    answer,
    held,
    jwt,
    problem,
    token_answer,
)
from tests.support.clock import NOW
from tests.support.outside import Waits

from billingone_api.kit.cipher import Secret
from billingone_api.providers.errors import (
    CredentialsRejected,
    MalformedAnswer,
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
    RecordNotFound,
)
from billingone_api.providers.xero.consent import authorise_url, challenge_of, new_verifier
from billingone_api.providers.xero.errors import ClientRejected, InvalidGrant, ScopeRefused
from billingone_api.providers.xero.identity import XeroIdentity
from billingone_api.providers.xero.scopes import BROAD, GRANULAR, lacking

VERIFIER = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
EVENT = "1c7f0a34-9c7e-4a51-8a0b-6f2d3c4b5a01"


def connection(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "id": f"c{number}",
        "authEventId": EVENT,
        "tenantId": f"t{number}",
        "tenantType": "ORGANISATION",
        "tenantName": f"Organisation {number}",
        "createdDateUtc": "2026-11-18T21:20:07.7179250",
        "updatedDateUtc": "2026-11-20T05:15:13.3513620",
    } | changed


def form_of(request: httpx.Request) -> dict[str, str]:
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    return dict(parse_qsl(request.content.decode(), strict_parsing=True))


def basic() -> str:
    return "Basic " + base64.b64encode(f"F1D0EXAMPLE:{PLANTED}".encode()).decode()


def test_a_challenge_is_that_of_the_standard() -> None:
    assert challenge_of(VERIFIER) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_verifier_is_new_each_time_and_of_the_length_allowed() -> None:
    one, other = new_verifier().reveal(), new_verifier().reveal()
    assert one != other
    assert 43 <= len(one) <= 128
    assert set(one) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_person_is_sent_to_xero_with_state_and_challenge() -> None:
    url = authorise_url(APP, endpoints=ENDPOINTS, state="s+/=&#", verifier=VERIFIER)
    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == ENDPOINTS.authorise_url
    assert parts.fragment == ""
    assert parse_qs(parts.query, strict_parsing=True) == {
        "response_type": ["code"],
        "client_id": ["F1D0EXAMPLE"],
        "redirect_uri": ["https://app.billingone.example/xero/callback?from=xero"],
        "scope": [" ".join(GRANULAR)],
        "state": ["s+/=&#"],
        "code_challenge": ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"],
        "code_challenge_method": ["S256"],
    }
    assert PLANTED not in url
    assert VERIFIER.reveal() not in url


async def test_a_code_is_exchanged_with_the_secret_and_the_verifier(
    identity: XeroIdentity, xero: Xero
) -> None:
    access = jwt(authentication_event_id=EVENT, scope=["x"])
    route = xero.on_token(token_answer(access_token=access, id_token="a.b.c"))
    found = await identity.exchange("the code", verifier=VERIFIER)
    sent = route.calls.last.request
    assert form_of(sent) == {
        "grant_type": "authorization_code",
        "code": "the code",
        "redirect_uri": "https://app.billingone.example/xero/callback?from=xero",
        "code_verifier": VERIFIER.reveal(),
    }
    assert sent.headers["Authorization"] == basic()
    assert sent.headers["Accept"] == "application/json"
    assert found.access_token == Secret(access)
    assert found.refresh_token == Secret("opaque-1")
    assert found.scopes == frozenset(GRANULAR)
    assert found.authentication_event_id == EVENT
    # Half an hour, less a tenth.
    assert found.expires_at == NOW + timedelta(minutes=27)
    assert found.bearer.access_token == found.access_token


async def test_a_refresh_sends_the_old_token_and_brings_a_new_pair(
    identity: XeroIdentity, xero: Xero
) -> None:
    route = xero.on_token(token_answer(2, scope="offline_access accounting.contacts.read"))
    found = await identity.refresh(held(authentication_event_id=EVENT))
    sent = route.calls.last.request
    assert form_of(sent) == {"grant_type": "refresh_token", "refresh_token": "opaque-0"}
    assert sent.headers["Authorization"] == basic()
    assert (found.access_token, found.refresh_token) == (Secret("eyJ.2.sig"), Secret("opaque-2"))
    assert found.scopes == {"offline_access", "accounting.contacts.read"}
    assert found.authentication_event_id == EVENT


async def test_what_a_refresh_leaves_out_stays_as_it_was(
    identity: XeroIdentity, xero: Xero
) -> None:
    xero.on_token(token_answer(2, scope=None, refresh_token=None))
    found = await identity.refresh(held(scopes=frozenset({"offline_access"})))
    assert found.refresh_token == Secret("opaque-0")
    assert found.scopes == {"offline_access"}


async def test_an_exchange_that_names_no_scopes_grants_those_asked_for(
    identity: XeroIdentity, xero: Xero
) -> None:
    xero.on_token(token_answer(scope=None, refresh_token=None))
    found = await identity.exchange("code", verifier=VERIFIER)
    assert found.scopes == frozenset(GRANULAR)
    assert found.refresh_token is None


async def test_a_consent_without_offline_access_ends_without_a_call(
    identity: XeroIdentity, xero: Xero
) -> None:
    route = xero.on_token(token_answer())
    with pytest.raises(InvalidGrant, match="Reconnect Xero"):
        await identity.refresh(held(refresh_token=None))
    assert not route.called


@pytest.mark.parametrize(
    "token",
    ["one", "a..c", "a.!!.c", "a.e30.c", "a.W10.c", "a.bnVsbA.c", "a.e30=.c", "a.eyI.c",
     jwt(authentication_event_id=None), jwt(authentication_event_id=7),
     jwt(authentication_event_id=""), jwt(authentication_event_id="x" * 201),
     jwt(authentication_event_id="\u00e9")],
)  # fmt: skip
async def test_a_token_without_a_readable_claim_is_a_token_all_the_same(
    token: str, identity: XeroIdentity, xero: Xero
) -> None:
    xero.on_token(token_answer(access_token=token))
    found = await identity.exchange("code", verifier=VERIFIER)
    assert found.access_token == Secret(token)
    assert found.authentication_event_id is None


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (answer({"error": "invalid_grant"}, 400), InvalidGrant),
        (answer({"Error": "INVALID_GRANT", "error_description": "x"}, 400), InvalidGrant),
        (answer({"error": "invalid_client"}, 400), ClientRejected),
        (answer({"error": "invalid_client"}, 401), ClientRejected),
        (answer({"error": "unauthorized_client"}, 400), ClientRejected),
        (answer({"error": "invalid_scope"}, 400), ScopeRefused),
        (answer({"error": "unsupported_grant_type"}, 400), MalformedAnswer),
        # A gateway's word is no reason to ask a person for their consent again.
        (httpx.Response(400, text="<html>Bad Request</html>"), MalformedAnswer),
        (httpx.Response(401), MalformedAnswer),
        (httpx.Response(403, text="denied"), MalformedAnswer),
        (answer(["invalid_grant"], 400), MalformedAnswer),
        (answer({"error": 7}, 400), MalformedAnswer),
        (httpx.Response(429, headers={"Retry-After": "7"}), ProviderRateLimited),
        (httpx.Response(500), ProviderUnavailable),
        (httpx.Response(503, text="offline"), ProviderUnavailable),
        (httpx.ReadTimeout("slow"), ProviderUnavailable),
        (httpx.Response(200, text="<html>"), MalformedAnswer),
        (httpx.Response(200, json={}), MalformedAnswer),
        (httpx.Response(200, json=[]), MalformedAnswer),
        (httpx.Response(200, json={"access_token": "with space"}), MalformedAnswer),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example"}), MalformedAnswer),
    ],
)
async def test_each_refusal_of_a_token_has_its_own_kind_and_is_not_tried_again(
    outcome: Any, kind: type[ProviderError], identity: XeroIdentity, xero: Xero, waits: Waits
) -> None:
    route = xero.on_token(outcome)
    with pytest.raises(kind) as caught:
        await identity.refresh(held())
    assert type(caught.value) is kind or issubclass(type(caught.value), ProviderRateLimited)
    assert (route.call_count, waits.seconds) == (1, [])
    told = "".join(traceback.format_exception(caught.value))
    assert PLANTED not in told
    assert "opaque-0" not in told


async def test_a_refusal_keeps_xeros_number_for_it(identity: XeroIdentity, xero: Xero) -> None:
    xero.on_token(answer({"error": "invalid_grant"}, 400, Xero_Correlation_Id=CORRELATION))
    with pytest.raises(InvalidGrant) as caught:
        await identity.exchange("spent", verifier=VERIFIER)
    assert caught.value.correlation_id == CORRELATION
    assert isinstance(caught.value, CredentialsRejected)


async def test_a_secret_is_printed_nowhere(identity: XeroIdentity, xero: Xero) -> None:
    xero.on_token(token_answer(9))
    shown = [repr(await identity.refresh(held())), repr(APP), str(APP), f"{held()}"]
    assert not any(word in text for text in shown for word in ("opaque", "eyJ", PLANTED))
    assert all("***" in text for text in shown)


async def test_connections_are_asked_for_with_the_token_and_no_organisation(
    identity: XeroIdentity, xero: Xero
) -> None:
    route = xero.on_connections(answer([connection(1)]))
    (found,) = await identity.connections(held())
    sent = route.calls.last.request
    assert str(sent.url) == CONNECTIONS
    assert sent.headers["Authorization"] == "Bearer eyJ.0.sig"
    assert "xero-tenant-id" not in sent.headers
    assert (found.id, found.tenant_id, found.tenant_name) == ("c1", "t1", "Organisation 1")
    assert found.auth_event_id == EVENT
    assert found.created_date_utc == datetime(2026, 11, 18, 21, 20, 7, 717925, UTC)


async def test_after_a_consent_only_what_was_picked_in_it_is_offered(
    identity: XeroIdentity, xero: Xero
) -> None:
    route = xero.on_connections(answer([connection(2), connection(3)]))
    found = await identity.consented(held(authentication_event_id=EVENT))
    assert dict(route.calls.last.request.url.params) == {"authEventId": EVENT}
    assert (route.call_count, [one.id for one in found]) == (1, ["c2", "c3"])


async def test_a_consent_for_what_was_connected_before_offers_all(
    identity: XeroIdentity, xero: Xero
) -> None:
    route = xero.on_connections(answer([]), answer([connection(1)]))
    found = await identity.consented(held(authentication_event_id=EVENT))
    assert [dict(call.request.url.params) for call in route.calls] == [{"authEventId": EVENT}, {}]
    assert [one.id for one in found] == ["c1"]


async def test_a_consent_whose_event_is_unknown_offers_all(
    identity: XeroIdentity, xero: Xero
) -> None:
    route = xero.on_connections(answer([connection(1)]))
    await identity.consented(held())
    assert [dict(call.request.url.params) for call in route.calls] == [{}]


async def test_an_old_connection_without_name_and_event_is_one(
    identity: XeroIdentity, xero: Xero
) -> None:
    old = {"id": "c1", "tenantId": "t1", "tenantType": "ORGANISATION"}
    xero.on_connections(answer([old, {"id": "c2"}, "x"]))
    (found,) = await identity.connections(held())
    assert (found.id, found.tenant_name, found.auth_event_id) == ("c1", None, None)


@pytest.mark.parametrize("body", [{}, {"connections": []}, None, "x"])
async def test_what_is_no_list_of_connections_is_not_taken_for_an_empty_one(
    body: Any, identity: XeroIdentity, xero: Xero
) -> None:
    xero.on_connections(answer(body))
    with pytest.raises(MalformedAnswer):
        await identity.connections(held())


async def test_a_token_that_is_refused_for_connections_says_so(
    identity: XeroIdentity, xero: Xero
) -> None:
    route = xero.on_connections(problem(401, "TokenExpired: token expired"))
    with pytest.raises(CredentialsRejected):
        await identity.connections(held())
    assert route.call_count == 1


@pytest.mark.parametrize("status", [204, 200, 404])
async def test_a_connection_is_ended_or_was(
    status: int, identity: XeroIdentity, xero: Xero
) -> None:
    route = xero.router.delete(f"{CONNECTIONS}/c1").mock(return_value=httpx.Response(status))
    await identity.disconnect("c1", held=held())
    assert route.calls.last.request.headers["Authorization"] == "Bearer eyJ.0.sig"


async def test_a_connection_that_could_not_be_ended_says_so(
    identity: XeroIdentity, xero: Xero
) -> None:
    xero.router.delete(f"{CONNECTIONS}/c1").mock(return_value=httpx.Response(503, text="offline"))
    with pytest.raises(ProviderUnavailable):
        await identity.disconnect("c1", held=held())


@pytest.mark.parametrize("connection_id", ["", ".", "..", "\ud800"])
async def test_an_id_that_would_name_something_else_is_no_connection(
    connection_id: str, identity: XeroIdentity, xero: Xero
) -> None:
    with pytest.raises(RecordNotFound):
        await identity.disconnect(connection_id, held=held())


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        (GRANULAR, ()),
        (BROAD, ()),
        ((), ("invoices", "payments", "contacts", "settings", "refreshing")),
        (GRANULAR[:1], ("invoices", "payments", "contacts", "settings")),
        (set(GRANULAR) - {"accounting.payments.read"}, ("payments",)),
        (set(BROAD) - {"offline_access"}, ("refreshing",)),
        (
            {"offline_access", "accounting.invoices", "accounting.payments",
             "accounting.contacts", "accounting.settings"},
            (),
        ),
    ],
)  # fmt: skip
def test_what_a_consent_leaves_out_is_named(granted: Any, missing: tuple[str, ...]) -> None:
    assert lacking(granted) == missing
