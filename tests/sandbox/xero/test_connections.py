from typing import Any

from httpx import AsyncClient, Response
from tests.sandbox.xero.conftest import OWN, PLATFORM, REDIRECT, Caller, code_for, consented, token
from tests.support.clock import SetClock

from billingone_api.sandbox.xero.room import Xero


async def connections(caller: Caller, **query: str) -> Any:
    headers = {"Authorization": f"Bearer {caller.tokens['access_token']}"}
    return (await caller.http.get("/xero/connections", params=query, headers=headers)).json()


async def delete(caller: Caller, key: str) -> Response:
    headers = {"Authorization": f"Bearer {caller.tokens['access_token']}"}
    return await caller.http.delete(f"/xero/connections/{key}", headers=headers)


async def test_one_consent_connects_several_tenants(caller: Caller, clock: SetClock) -> None:
    rows = await connections(caller)
    assert [(row["tenantName"], row["tenantType"]) for row in rows] == [
        ("Bluegum IT Pty Ltd", "ORGANISATION"),
        ("Bluegum IT NZ Limited", "ORGANISATION"),
        ("Gumnut Accountants", "PRACTICE"),
    ]
    assert set(rows[0]) == {
        "id", "authEventId", "tenantId", "tenantType", "tenantName", "createdDateUtc",
        "updatedDateUtc",
    }  # fmt: skip
    assert rows[0]["createdDateUtc"] == "2026-11-24T00:00:00.0000000"


async def test_connections_need_a_token_and_no_tenant(http: AsyncClient) -> None:
    answer = await http.get("/xero/Connections", headers={"Authorization": "Bearer guess"})
    assert answer.status_code == 401


async def test_the_person_chooses_what_to_connect(
    http: AsyncClient, xero: Xero, clock: SetClock
) -> None:
    home, abroad, _ = xero.tenants
    await http.post("/_sandbox/xero/consent", json={"tenants": [abroad.id]})
    first = await consented(http, abroad.id)
    await http.post("/_sandbox/xero/consent", json={"tenants": [abroad.id, home.id]})
    clock.move(hours=1)
    second = await consented(http, home.id)
    before, after = await connections(second)
    just_agreed = await connections(second, authEventId=after["authEventId"])
    assert [row["tenantId"] for row in just_agreed] == [home.id]
    # One that is there already keeps the event that made it: only its update tells of the new one.
    assert before["tenantId"] == abroad.id
    assert before["updatedDateUtc"] > before["createdDateUtc"]
    assert (await first.get("/Organisation")).status_code == 401  # its hour is over
    assert (await second.get("/Organisation")).status_code == 200


async def test_the_tokens_of_one_consent_read_every_tenant(caller: Caller, xero: Xero) -> None:
    names = []
    for tenant in xero.tenants[:2]:
        caller.tenant = tenant.id
        [row] = (await caller.get("/Organisation")).json()["Organisations"]
        names.append((row["Name"], row["BaseCurrency"], row["Timezone"]))
    assert names == [
        ("Bluegum IT Pty Ltd", "AUD", "AUSEASTERNSTANDARDTIME"),
        ("Bluegum IT NZ Limited", "NZD", "NEWZEALANDSTANDARDTIME"),
    ]


async def test_disconnecting_one_tenant_leaves_the_others(caller: Caller, xero: Xero) -> None:
    [first, *_] = await connections(caller)
    assert (await delete(caller, first["id"])).status_code == 204
    assert (await delete(caller, first["id"])).status_code == 404
    assert (await caller.get("/Organisation")).status_code == 403
    caller.tenant = xero.tenants[1].id
    assert (await caller.get("/Organisation")).status_code == 200


async def test_the_tenant_is_not_the_connection(caller: Caller, xero: Xero) -> None:
    assert (await delete(caller, xero.organisation.id)).status_code == 404


async def test_a_tenant_can_leave_inside_xero(caller: Caller, http: AsyncClient) -> None:
    await http.post("/_sandbox/xero/disconnect", json={"tenant": caller.tenant})
    assert (await caller.get("/Invoices", page=1)).status_code == 403
    assert len(await connections(caller)) == 2


async def test_another_app_has_connections_of_its_own(
    http: AsyncClient, xero: Xero, caller: Caller
) -> None:
    code = await code_for(http, client_id=OWN[0], code_challenge=None, code_challenge_method=None)
    form = {"grant_type": "authorization_code", "code": code}
    answer = await token(http, OWN, **form, redirect_uri=REDIRECT)
    own = Caller(http, answer.json(), xero.organisation.id)
    ids = {row["id"] for row in await connections(own)}
    assert not ids & {row["id"] for row in await connections(caller)}


async def test_two_people_have_connections_of_their_own(http: AsyncClient, xero: Xero) -> None:
    first = await consented(http, xero.organisation.id)
    await http.post("/_sandbox/xero/consent", json={"person": "farah@bluegum.example"})
    second = await consented(http, xero.organisation.id)
    form = {"token": first.tokens["refresh_token"]}
    await http.post("/xero/connect/revocation", data=form, auth=PLATFORM)
    assert (await first.get("/Organisation")).status_code == 403
    assert (await second.get("/Organisation")).status_code == 200
