import pytest
from tests.support.api import Api
from tests.support.databases import Database

from billingone_api.billing.access.models import PERMISSIONS, Role
from billingone_api.kit.ids import new_id


async def test_me_tells_person_organisation_role_permissions_and_apps(api: Api) -> None:
    answer = await api.finance.get("/v1/me")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    me = answer.json()
    assert me["user"] == {"id": "person-1", "name": "Farah Nair", "email": "farah@bluegum.example"}
    assert me["organisation"] == {
        "id": str(api.organisation_id),
        "name": "Bluegum IT",
        "slug": "bluegum-it",
        "time_zone": "Australia/Sydney",
        "reporting_currency": "AUD",
    }
    assert me["role"] == "Finance"
    assert "syncs:run" in me["permissions"]
    assert "organisation:write" not in me["permissions"]
    assert [(app["key"], app["is_current"]) for app in me["apps"]] == [
        ("panelone", False),
        ("billingone", True),
    ]
    assert me["is_onboarded"] is False


@pytest.mark.parametrize("role", list(Role))
async def test_me_lists_the_row_of_the_permission_table(api: Api, role: Role) -> None:
    me = (await api.as_role(role).get("/v1/me")).json()
    assert me["permissions"] == sorted(PERMISSIONS[role])


@pytest.mark.parametrize("role", [None, "authenticated", "owner", "Superuser", ""])
async def test_a_role_we_do_not_know_is_403(api: Api, role: str | None) -> None:
    answer = await api.caller(api.mint.person(api.organisation_id, role=role)).get("/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (403, "role_unknown")


async def test_an_organisation_nobody_told_us_of_is_403(api: Api) -> None:
    answer = await api.of(new_id()).finance.get("/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (403, "organisation_unknown")


async def test_an_ended_organisation_stops_signing_in_at_once(api: Api, database: Database) -> None:
    await database.as_owner("UPDATE organisations SET ended_at = now()")
    answer = await api.finance.get("/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (403, "organisation_unknown")


async def test_without_a_token_it_is_401_with_a_challenge(api: Api) -> None:
    answer = await api.nobody.get("/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_service_is_no_person(api: Api) -> None:
    answer = await api.service("dashboard:read").get("/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (403, "person_required")


async def test_nobody_speaks_for_another_organisation_by_a_header(api: Api) -> None:
    token = api.mint.person(api.organisation_id)
    answer = await api.caller(token, **{"X-Organisation-Id": str(new_id())}).get("/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (403, "organisation_mismatch")


@pytest.mark.parametrize(
    ("subject", "offset", "status"),
    [
        ("session:session-1", 0, 401),
        ("user:person-1", 0, 401),
        ("session:session-2", 0, 200),
        ("user:person-1", -60, 200),
    ],
)
async def test_a_revoked_session_ends_at_once(
    api: Api, database: Database, subject: str, offset: float, status: int
) -> None:
    from datetime import timedelta

    await database.insert(
        "revocations",
        organisation_id=api.organisation_id,
        subject=subject,
        issued_before=api.mint.clock.now() + timedelta(seconds=offset),
    )
    answer = await api.finance.get("/v1/me")
    assert answer.status_code == status
    if status == 401:
        assert answer.json()["code"] == "session_revoked"
