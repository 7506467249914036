import json
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import respx
from tests.support.clock import SetClock
from tests.support.outside import Waits

from billingone_api.kit.cipher import Secret
from billingone_api.providers.errors import (
    CredentialsRejected,
    MalformedAnswer,
    PermissionDenied,
    ProviderRateLimited,
    ProviderUnavailable,
)
from billingone_api.providers.panelone.client import PanelOneClient, PanelOneEndpoints
from billingone_api.providers.panelone.payloads import ClientRecord, ExternalIds

API = "https://panelone.example/api"
TOKENS = "https://panelone.example/auth/v1/token"
BLUEGUM = "018f7a52-4c1e-7000-9d3b-2a5c8e6f1b07"
OTHER = "018f7a52-4c1e-7000-9d3b-2a5c8e6f1b08"
ACACIA = {
    "id": "c1",
    "name": "Acacia Dental",
    "active": True,
    "external_ids": {
        "pax8_company_id": "9ba32659-d339-4539-be21-1f461dc1a415",
        "tax_number": "51824753556",
        "domains": ["acaciadental.example", "acacia.example"],
    },
}


@pytest.fixture
def client(http: httpx.AsyncClient, clock: SetClock, waits: Waits) -> PanelOneClient:
    endpoints = PanelOneEndpoints(API, TOKENS, "billingone", Secret("planted&7f3a"))
    return PanelOneClient(http=http, endpoints=endpoints, clock=clock, sleep=waits)


@pytest.fixture
def token_route(upstream: respx.MockRouter) -> respx.Route:
    answer = httpx.Response(200, json={"access_token": "service-token", "expires_in": 3600})
    return upstream.post(TOKENS).mock(return_value=answer)


@pytest.fixture
def clients_route(upstream: respx.MockRouter, token_route: respx.Route) -> respx.Route:
    return upstream.get(f"{API}/clients").mock(return_value=page())


def page(*rows: Any, next_cursor: Any = None) -> httpx.Response:
    return httpx.Response(200, json={"clients": rows, "next_cursor": next_cursor})


async def test_clients_are_asked_for_in_the_name_of_one_organisation(
    client: PanelOneClient, clients_route: respx.Route, token_route: respx.Route
) -> None:
    clients_route.mock(return_value=page(ACACIA, {"id": "c2"}))
    found = await client.clients(organisation_id=BLUEGUM)
    assert found.records == (
        ClientRecord(
            id="c1",
            name="Acacia Dental",
            active=True,
            external_ids=ExternalIds(
                pax8_company_id="9ba32659-d339-4539-be21-1f461dc1a415",
                tax_number="51824753556",
                domains=("acaciadental.example", "acacia.example"),
            ),
        ),
        ClientRecord(id="c2"),
    )
    assert (found.rejects, found.next_cursor) == ((), None)
    sent = clients_route.calls.last.request
    assert dict(sent.url.params) == {"limit": "200"}
    assert sent.headers["X-Organisation-Id"] == BLUEGUM
    assert sent.headers["Authorization"] == "Bearer service-token"


async def test_the_service_token_is_bought_with_a_form(
    client: PanelOneClient, clients_route: respx.Route, token_route: respx.Route
) -> None:
    await client.clients(organisation_id=BLUEGUM)
    sent = token_route.calls.last.request
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(sent.content.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["billingone"],
        "client_secret": ["planted&7f3a"],
        "scope": ["clients:read"],
    }


async def test_one_token_serves_every_organisation(
    client: PanelOneClient, clients_route: respx.Route, token_route: respx.Route
) -> None:
    await client.clients(organisation_id=BLUEGUM)
    await client.clients(organisation_id=OTHER)
    named = [call.request.headers["X-Organisation-Id"] for call in clients_route.calls]
    assert named == [BLUEGUM, OTHER]
    assert token_route.call_count == 1


async def test_a_page_is_followed_by_its_cursor(
    client: PanelOneClient, clients_route: respx.Route
) -> None:
    clients_route.mock(side_effect=[page(ACACIA, next_cursor="a+b/c="), page({"id": "c2"})])
    first = await client.clients(organisation_id=BLUEGUM, limit=1)
    second = await client.clients(first.next_cursor, organisation_id=BLUEGUM, limit=1)
    assert second.next_cursor is None
    assert dict(clients_route.calls.last.request.url.params) == {"limit": "1", "cursor": "a+b/c="}


async def test_a_client_that_cannot_be_read_is_put_aside(
    client: PanelOneClient, clients_route: respx.Route
) -> None:
    clients_route.mock(return_value=page(ACACIA, {"id": "c2", "active": "perhaps"}, 7))
    found = await client.clients(organisation_id=BLUEGUM)
    assert [record.id for record in found.records] == ["c1"]
    assert [(reject.source_id, reject.reason) for reject in found.rejects] == [
        ("c2", "/active: It is neither true nor false."),
        (None, "/: It is not an object."),
    ]


@pytest.mark.parametrize(
    "row",
    [
        {"id": "c1", "name": None, "active": None, "external_ids": None},
        {"id": "c1", "external_ids": {}},
        {"id": "c1", "external_ids": {"xero_contact_id": None, "domains": None}},
        {"id": "c1", "external_ids": {"xero_contact_id": "", "domains": []}, "new_field": [1]},
    ],
)
async def test_all_but_the_id_may_be_missing(
    row: dict[str, Any], client: PanelOneClient, clients_route: respx.Route
) -> None:
    clients_route.mock(return_value=page(row))
    (record,) = (await client.clients(organisation_id=BLUEGUM)).records
    assert (record.id, record.name, record.active) == ("c1", None, None)
    assert record.external_ids is None or record.external_ids.xero_contact_id is None


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        [ACACIA],
        {},
        {"clients": None},
        {"clients": {"c1": ACACIA}},
        {"clients": [], "next_cursor": ""},
        {"clients": [], "next_cursor": 7},
        {"clients": [], "next_cursor": ["a"]},
        {"clients": [], "next_cursor": "a" * 2001},
        {"clients": [], "next_cursor": "\ud800"},
        {"clients": [], "next_cursor": "where-we-are"},
    ],
    ids=lambda answer: ascii(answer)[:40],
)
async def test_an_answer_that_is_no_page_is_not_used(
    answer: Any, client: PanelOneClient, clients_route: respx.Route
) -> None:
    clients_route.mock(return_value=httpx.Response(200, text=json.dumps(answer)))
    with pytest.raises(MalformedAnswer):
        await client.clients("where-we-are", organisation_id=BLUEGUM)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, CredentialsRejected),
        (403, PermissionDenied),
        (429, ProviderRateLimited),
        (503, ProviderUnavailable),
    ],
)
async def test_what_goes_wrong_is_told_of_panelone(
    status: int, kind: type[Any], client: PanelOneClient, clients_route: respx.Route
) -> None:
    clients_route.mock(return_value=httpx.Response(status))
    with pytest.raises(kind, match="PanelOne") as caught:
        await client.clients(organisation_id=BLUEGUM)
    assert caught.value.provider == "panelone"


async def test_a_read_is_tried_three_times_within_a_persons_patience(
    client: PanelOneClient, clients_route: respx.Route, waits: Waits
) -> None:
    clients_route.mock(return_value=httpx.Response(502, text="<html>"))
    with pytest.raises(ProviderUnavailable):
        await client.clients(organisation_id=BLUEGUM)
    assert clients_route.call_count == 3
    assert len(waits.seconds) == 2
    assert sum(waits.seconds) < 1


async def test_the_longest_wait_they_may_ask_for_is_five_seconds(
    client: PanelOneClient, clients_route: respx.Route, waits: Waits
) -> None:
    clients_route.mock(return_value=httpx.Response(429, headers={"Retry-After": "6"}))
    with pytest.raises(ProviderRateLimited):
        await client.clients(organisation_id=BLUEGUM)
    assert waits.seconds == []
