"""Every door of the API and who may come through it, written out by hand."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import respx
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from tests.support.api import Api, settings_for, standing_api
from tests.support.databases import Database
from tests.support.figures import Figure
from tests.support.operations import ANY_ID, OPERATIONS, Operation

from billingone_api.billing.access.models import Permission, Role
from billingone_api.billing.access.wiring import (
    May,
    MayOutside,
    MayWatch,
    ServiceMay,
    ServiceMayIntroduce,
    person,
)
from billingone_api.embedded.postgres import EmbeddedPostgres
from billingone_api.main import OPEN_ROUTES, create_app

EVERYONE = {"Owner", "Admin", "Finance", "Engineer", "Viewer"}
FINANCE = {"Owner", "Admin", "Finance"}
ROLES_OF = {
    "a person": EVERYONE,
    "dashboard:read": EVERYONE,
    "subscriptions:read": EVERYONE,
    "invoices:read": EVERYONE,
    "clients:read": EVERYONE,
    "reconciliation:read": EVERYONE,
    "syncs:read": EVERYONE,
    "integrations:read": EVERYONE,
    "settings:read": EVERYONE,
    "subscriptions:write": FINANCE,
    "clients:map": FINANCE,
    "reconciliation:write": FINANCE,
    "syncs:run": FINANCE,
    "integrations:write": FINANCE,
    "settings:write": FINANCE,
    "organisation:write": {"Owner", "Admin"},
    "api-keys:read": {"Owner", "Admin"},
    "api-keys:write": {"Owner", "Admin"},
    "audit:read": FINANCE,
    # scopes of PanelOne's services, which no person has
    "organisations:write": set[str](),
    "clients:write": set[str](),
    "counts:write": set[str](),
    "sessions:revoke": set[str](),
}
SCOPES = {
    "organisations:write",
    "clients:read",
    "clients:write",
    "counts:write",
    "sessions:revoke",
    "dashboard:read",
    "integrations:read",
    "integrations:write",
    "syncs:read",
    "syncs:run",
}
# An admin's, without what makes keys.
KEY_SCOPES = {name for name, roles in ROLES_OF.items() if "Admin" in roles} - {
    "a person",
    "api-keys:write",
}
ASKED_FOR = {
    "get_me": "a person",
    "list_api_keys": "api-keys:read",
    "get_api_key": "api-keys:read",
    "create_api_key": "api-keys:write",
    "revoke_api_key": "api-keys:write",
    "get_dashboard": "dashboard:read",
    "get_definitions": "dashboard:read",
    "list_audit": "audit:read",
    "export_audit": "audit:read",
    "get_audit_entry": "audit:read",
    "list_clients": "clients:read",
    "export_clients": "clients:read",
    "export_clients_workbook": "clients:read",
    "list_unmapped": "clients:read",
    "get_client": "clients:read",
    "count_unmapped": "clients:read",
    "list_suggestions": "clients:read",
    "apply_suggestions": "clients:map",
    "export_mapping": "clients:read",
    "import_mapping": "clients:map",
    "choose_billing_contact": "clients:map",
    "release_billing_contact": "clients:map",
    "list_mapping_deeds": "clients:read",
    "change_mapping": "clients:map",
    "undo_mapping_deed": "clients:map",
    "merge_clients": "clients:map",
    "split_client": "clients:map",
    "link_record": "clients:map",
    "unlink_record": "clients:map",
    "list_invoices": "invoices:read",
    "count_invoices": "invoices:read",
    "get_invoice_summary": "invoices:read",
    "export_invoices": "invoices:read",
    "export_invoices_workbook": "invoices:read",
    "get_invoice": "invoices:read",
    "update_invoice": "clients:map",
    "get_account_mapping": "integrations:read",
    "put_account_mapping": "integrations:write",
    "list_devices": "reconciliation:read",
    "count_devices": "reconciliation:read",
    "export_devices": "reconciliation:read",
    "export_devices_workbook": "reconciliation:read",
    "list_inventory_users": "reconciliation:read",
    "list_integrations": "integrations:read",
    "get_integration": "integrations:read",
    "update_integration": "integrations:write",
    "disconnect_integration": "integrations:write",
    "test_pax8": "integrations:write",
    "connect_pax8": "integrations:write",
    "test_superops": "integrations:write",
    "connect_superops": "integrations:write",
    "authorise_xero": "integrations:write",
    "connect_xero": "integrations:write",
    "list_xero_organisations": "integrations:read",
    "choose_xero_organisation": "integrations:write",
    "disconnect_xero": "integrations:write",
    "test_xero": "integrations:write",
    "get_xero_app": "integrations:read",
    "save_xero_app": "integrations:write",
    "remove_xero_app": "integrations:write",
    "push_organisation": "organisations:write",
    "push_client": "clients:write",
    "push_clients": "clients:write",
    "push_counts": "counts:write",
    "revoke_sessions": "sessions:revoke",
    "get_billing_settings": "settings:read",
    "update_billing_settings": "settings:write",
    "list_exchange_rates": "settings:read",
    "put_exchange_rate": "settings:write",
    "delete_exchange_rate": "settings:write",
    "get_reconciliation_settings": "reconciliation:read",
    "update_reconciliation_settings": "reconciliation:write",
    "list_count_presets": "reconciliation:read",
    "list_count_rules": "reconciliation:read",
    "get_count_rule": "reconciliation:read",
    "create_count_rule": "reconciliation:write",
    "try_count_rule": "reconciliation:write",
    "update_count_rule": "reconciliation:write",
    "retire_count_rule": "reconciliation:write",
    "list_unmapped_products": "reconciliation:read",
    "list_four_way": "reconciliation:read",
    "export_four_way": "reconciliation:read",
    "export_four_way_workbook": "reconciliation:read",
    "get_four_way_summary": "reconciliation:read",
    "list_four_way_descriptions": "reconciliation:read",
    "list_four_way_mappings": "reconciliation:read",
    "map_four_way_description": "reconciliation:write",
    "undo_four_way_mapping": "reconciliation:write",
    "set_product_aside": "reconciliation:write",
    "unset_product_aside": "reconciliation:write",
    "refresh_counts": "reconciliation:write",
    "get_count_refresh": "reconciliation:read",
    "list_count_refreshes": "reconciliation:read",
    "list_snapshots": "reconciliation:read",
    "take_snapshot": "reconciliation:write",
    "get_snapshot": "reconciliation:read",
    "list_snapshot_rows": "reconciliation:read",
    "get_snapshot_row": "reconciliation:read",
    "export_snapshot": "reconciliation:read",
    "list_line_decisions": "reconciliation:read",
    "decide_lines": "reconciliation:write",
    "withdraw_line_decision": "reconciliation:write",
    "export_snapshot_workbook": "reconciliation:read",
    "export_snapshot_lines": "reconciliation:read",
    "compare_snapshots": "reconciliation:read",
    "get_reconciliation_trend": "reconciliation:read",
    "list_subscriptions": "subscriptions:read",
    "count_subscriptions": "subscriptions:read",
    "export_subscriptions": "subscriptions:read",
    "export_subscriptions_workbook": "subscriptions:read",
    "get_subscription": "subscriptions:read",
    "list_products": "subscriptions:read",
    "get_product": "subscriptions:read",
    "update_product": "subscriptions:write",
    "list_syncs": "syncs:read",
    "start_sync": "syncs:run",
    "list_quarantine": "syncs:read",
    "get_sync": "syncs:read",
    "watch_sync": "syncs:read",
    "create_sync_ticket": "syncs:read",
    "cancel_sync": "syncs:run",
}
each_operation = pytest.mark.parametrize("name", OPERATIONS)


def guards(dependant: Dependant) -> Iterator[Any]:
    for inner in dependant.dependencies:
        if inner.call is person or isinstance(
            inner.call, May | MayOutside | MayWatch | ServiceMay | ServiceMayIntroduce
        ):
            yield inner.call
        yield from guards(inner)


def doors(app: FastAPI) -> dict[str, tuple[str, list[Any]]]:
    """Path and guards of every route there is, by the name of its operation or its path."""
    found = {}
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute):
            found[route.operation_id or route.path] = (route.path, list(guards(route.dependant)))
        else:
            found[route.path] = (route.path, [])
    return found


def permission_of(guard: Any) -> str:
    return "a person" if guard is person else str(guard.permission)


async def test_what_is_open_is_on_the_list(database: Database, figure: Figure) -> None:
    app = create_app(settings_for(database, reference_page=False))
    found = doors(app).values()
    assert {path for path, guarded in found if not guarded} == OPEN_ROUTES
    figure(f"4: {len(ASKED_FOR)} operations behind guards, {len(OPEN_ROUTES)} open routes listed")


async def test_the_reference_page_opens_itself_and_nothing_else(database: Database) -> None:
    closed = create_app(settings_for(database, reference_page=False))
    opened = create_app(settings_for(database, reference_page=True))
    more = doors(opened).keys() - doors(closed).keys()
    assert {path.split("/")[1] for path in more} <= {"docs", "openapi.json", "static-offline-docs"}


def test_every_operation_is_guarded_and_asks_for_what_is_written_here(api: Api) -> None:
    """Where it has guards for parts of its answer as well, they let in whom the strictest does."""
    found = {
        name: {permission_of(guard) for guard in guarded}
        for name, (path, guarded) in doors(api.app).items()
        if path.startswith("/v1") and path not in OPEN_ROUTES
    }
    assert found.keys() == ASKED_FOR.keys() == OPERATIONS.keys()
    for name, asked in ASKED_FOR.items():
        assert asked in found[name]
        assert all(ROLES_OF[asked] <= ROLES_OF[other] for other in found[name])


def test_only_services_of_panelone_come_through_its_doors(api: Api) -> None:
    for path, guarded in doors(api.app).values():
        is_theirs = path.startswith("/v1/panelone/")
        for guard in guarded:
            assert isinstance(guard, ServiceMay | ServiceMayIntroduce) is is_theirs


def test_every_permission_and_role_is_in_the_table() -> None:
    assert ROLES_OF.keys() == {"a person"} | set(Permission)
    assert set(Role) == EVERYONE


@pytest.fixture(scope="module")
async def api(postgres: EmbeddedPostgres) -> AsyncIterator[Api]:
    async with standing_api(postgres) as made:
        yield made


@pytest.fixture
def callers(api: Api) -> Iterator[Api]:
    """With third parties that refuse: whoever comes through asks one something and is told no."""
    with respx.mock(assert_all_called=False) as router:
        router.route(host="pax8.test").respond(401, json={"message": "no"})
        router.route(host="superops.test").respond(401)
        yield api


async def knock(operation: Operation, caller: httpx.AsyncClient, api: Api) -> httpx.Response:
    body = operation.example()
    return await caller.request(
        operation.method,
        operation.url(operation.places(api.organisation_id)),
        content=operation.written(body),
        headers={"Content-Type": operation.media},
    )


def assert_let_in(answer: httpx.Response) -> None:
    assert answer.status_code not in {401, 403, 500}


def assert_refused(answer: httpx.Response, *codes: str) -> None:
    assert answer.status_code == 403
    assert answer.json()["code"] in codes


@each_operation
@pytest.mark.parametrize("role", sorted(EVERYONE))
async def test_a_role_comes_through_the_doors_of_its_row(
    callers: Api, name: str, role: str
) -> None:
    answer = await knock(OPERATIONS[name], callers.as_role(role), callers)
    if role in ROLES_OF[ASKED_FOR[name]]:
        assert_let_in(answer)
    else:
        assert_refused(answer, "forbidden")


@each_operation
async def test_a_service_comes_through_the_doors_of_its_scope(callers: Api, name: str) -> None:
    asked = ASKED_FOR[name]
    everything_else = SCOPES - {asked} | {"settings:write", "clients:map", "*", "admin"}
    without = await knock(OPERATIONS[name], callers.service(*everything_else), callers)
    assert_refused(without, "forbidden", "person_required")
    answer = await knock(OPERATIONS[name], callers.service(*SCOPES), callers)
    if asked in SCOPES:
        assert_let_in(answer)
    else:
        assert_refused(answer, "forbidden", "person_required")


@each_operation
async def test_an_api_key_comes_through_the_doors_of_its_scopes(callers: Api, name: str) -> None:
    asked = ASKED_FOR[name]
    without = await knock(OPERATIONS[name], await keyholder(callers, KEY_SCOPES - {asked}), callers)
    assert_refused(without, "forbidden", "person_required")
    answer = await knock(OPERATIONS[name], await keyholder(callers, KEY_SCOPES), callers)
    if asked in KEY_SCOPES:
        assert_let_in(answer)
    else:
        assert_refused(answer, "forbidden", "person_required")


async def keyholder(api: Api, scopes: set[str]) -> httpx.AsyncClient:
    made = await api.as_role("Owner").post(
        "/v1/api-keys", json={"name": "Script", "scopes": sorted(scopes)}
    )
    return api.caller(made.json()["key"])


@each_operation
async def test_nobody_comes_through_any_door(callers: Api, name: str) -> None:
    answer = await knock(OPERATIONS[name], callers.nobody, callers)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")


@each_operation
async def test_a_service_of_another_organisation_is_refused(callers: Api, name: str) -> None:
    """What the path or the header names is not what the token speaks for."""
    elsewhere = callers.service(*SCOPES)
    elsewhere.headers["X-Organisation-Id"] = ANY_ID
    answer = await knock(OPERATIONS[name], elsewhere, callers)
    assert_refused(answer, "organisation_mismatch")
