"""Every mutation of the OpenAPI document, performed: each leaves its entry, or changes nothing."""

import itertools
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import httpx
import pytest
import respx
from tests.database.rows import TABLES
from tests.support.api import Api
from tests.support.books import Books
from tests.support.clock import NOW
from tests.support.connections import TOKEN_URL, connect_pax8
from tests.support.databases import Database
from tests.support.figures import Figure
from tests.support.operations import OPERATIONS, Operation
from tests.support.sales import SalesBooks
from tests.support.xero import HOST as XERO
from tests.support.xero import TENANT, connect_xero, token_set

from billingone_api.billing.audit.wiring import write_down
from billingone_api.billing.integrations.adapters.apps import PostgresApps
from billingone_api.billing.integrations.adapters.consents import PostgresConsents
from billingone_api.billing.integrations.consents import STATE_LIFE
from billingone_api.billing.integrations.models import ClientCredentials
from billingone_api.billing.integrations.ports import State
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.cipher import Secret
from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.providers.xero.consent import new_verifier
from billingone_api.providers.xero.scopes import GRANULAR
from billingone_api.sandbox.xero.apps import PLATFORM

GRANTED = {
    "access_token": "access",
    "refresh_token": "refresh",
    "expires_in": 1800,
    "scope": " ".join(GRANULAR),
}
REACHED = {"id": "connection", "tenantId": TENANT, "tenantType": "ORGANISATION"}
CLIENT = UUID("0192f0c1-1111-7000-8000-000000000001")
KEY = UUID("0192f0c1-1111-7000-8000-000000000002")
INVOICE = UUID("0192f0c1-1111-7000-8000-000000000003")
OTHER = UUID("0192f0c1-1111-7000-8000-000000000005")
DEED = UUID("0192f0c1-1111-7000-8000-000000000006")
COMPANY = {"source": "pax8", "source_id": "company-1"}
RATE = {"currency": "USD", "valid_on": "2026-11-01"}


@dataclass(frozen=True)
class Deed:
    """How an operation is performed on the planted organisation, and the entry it has to leave.

    `by` is a role, or the scope of a service; `{sync}` in a place is the planted sync.
    """

    action: str
    by: str = "Finance"
    places: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


VERSION_1 = {"If-Match": '"1"'}
RULE = UUID("0192f0c1-1111-7000-8000-000000000003")
SNAPSHOT = UUID("0192f0c1-1111-7000-8000-000000000004")
NEW_RULE = {"name": "Backup", "metric": "servers", "products": ["product-1"]}
MAPPED = {"description": "Licences", "product_id": "product-1", "verdict": "confirmed"}
OTHER_BOOKS = str(new_id())
STATES = [f"state-{number}" for number in range(3)]
_unused = itertools.cycle(STATES)


def sent_back_once() -> dict[str, str]:
    """A state is used up by whoever brings it, whatever becomes of the rest."""
    return {"state": next(_unused), "code": "code"}


CREDENTIALS = {"auth_mode": "client_credentials", "client_id": "new", "client_secret": "planted-1"}
TOKEN = {
    "auth_mode": "api_token",
    "subdomain": "bluegumit",
    "region": "us",
    "token": "planted-1",
    "currency": "AUD",
}
DEEDS = {
    "create_api_key": Deed(
        "api_key.created", by="Admin", body={"name": "Export", "scopes": ["dashboard:read"]}
    ),
    "revoke_api_key": Deed("api_key.revoked", by="Admin", places={"api_key_id": str(KEY)}),
    "link_record": Deed("client_link.set", places=COMPANY, body={"client_id": str(CLIENT)}),
    "unlink_record": Deed("client_link.removed", places=COMPANY | {"source_id": "company-2"}),
    "change_mapping": Deed("client_links.changed", body={"changes": [{"do": "ignore", **COMPANY}]}),
    "apply_suggestions": Deed("client_links.changed", body={"source": "pax8", "lowest_score": 60}),
    "import_mapping": Deed(
        "client_links.changed",
        body="source,source_id,client_id\npax8,company-1,nobody",
        headers={"Content-Type": "text/csv"},
    ),
    "choose_billing_contact": Deed(
        "client.contact_chosen",
        places={"client_id": str(CLIENT)},
        body={"source": "xero", "source_id": "contact-1", "email": "ap@acacia.example"},
    ),
    "release_billing_contact": Deed("client.contact_released", places={"client_id": str(OTHER)}),
    "undo_mapping_deed": Deed(
        "client_links.undone", places={"deed_id": str(DEED)}, body={"with_later": False}
    ),
    "merge_clients": Deed(
        "client_links.changed", places={"client_id": str(CLIENT)}, body={"into": str(OTHER)}
    ),
    "split_client": Deed(
        "client_links.changed",
        places={"client_id": str(CLIENT)},
        body={"records": [COMPANY | {"source_id": "company-2"}], "into": None},
    ),
    "test_pax8": Deed("integration.tested"),
    "connect_pax8": Deed("integration.connected", body={"credentials": CREDENTIALS}),
    "test_superops": Deed("integration.tested", body={"credentials": TOKEN}),
    "connect_superops": Deed("integration.connected", body={"credentials": TOKEN}),
    "authorise_xero": Deed("integration.consent_begun"),
    "connect_xero": Deed("integration.connected", body=sent_back_once),
    "choose_xero_organisation": Deed(
        "integration.connected", body={"tenant_id": OTHER_BOOKS}, headers=VERSION_1
    ),
    "disconnect_xero": Deed("integration.disconnected"),
    "test_xero": Deed("integration.tested"),
    "save_xero_app": Deed(
        "integration.app_saved", body={"client_id": "new", "client_secret": "planted-1"}
    ),
    "remove_xero_app": Deed("integration.app_removed"),
    "update_integration": Deed(
        "integration.rescheduled",
        places={"provider": "pax8"},
        body={"schedule_minutes": 30},
        headers=VERSION_1,
    ),
    "disconnect_integration": Deed("integration.disconnected", places={"provider": "pax8"}),
    "push_organisation": Deed(
        "organisation.updated",
        by="organisations:write",
        body={
            "name": "Bluegum Technology",
            "slug": "bluegum",
            "time_zone": "Australia/Perth",
            "reporting_currency": "AUD",
        },
    ),
    "push_client": Deed(
        "client.updated",
        by="clients:write",
        places={"client_id": str(CLIENT)},
        body={"name": "Acacia Dental Care"},
    ),
    "push_clients": Deed(
        "clients.pushed",
        by="clients:write",
        body={"clients": [{"id": str(new_id()), "name": f"Client {n}"} for n in range(500)]},
    ),
    "push_counts": Deed(
        "counts.pushed",
        by="counts:write",
        body={
            "counts": [
                {
                    "client_id": str(CLIENT),
                    "metric": metric,
                    "count": 7,
                    "counted_at": "2026-11-24T00:00:00Z",
                    "source": "ninjaone",
                }
                for metric in ("devices", "users")
            ]
        },
    ),
    "revoke_sessions": Deed(
        "sessions.revoked", by="sessions:revoke", body={"session_id": "another-session"}
    ),
    "update_billing_settings": Deed(
        "settings.updated", body={"annual_price_is": "month"}, headers=VERSION_1
    ),
    "put_exchange_rate": Deed("exchange_rate.entered", places=RATE, body={"rate": "1.6"}),
    "delete_exchange_rate": Deed("exchange_rate.removed", places=RATE),
    "update_invoice": Deed(
        "invoice.client_set",
        places={"invoice_id": str(INVOICE)},
        body={"client_id": str(CLIENT)},
        headers=VERSION_1,
    ),
    "put_account_mapping": Deed(
        "accounts.mapped",
        body={"mappings": [{"account_id": "account-1", "category": "licences"}]},
        headers={"If-Match": "*"},
    ),
    "update_product": Deed(
        "product.usage_marked",
        places={"source_id": "product-1"},
        body={"usage_billed": True},
        headers=VERSION_1,
    ),
    "update_reconciliation_settings": Deed(
        "reconciliation_settings.updated", body={"stale_after_hours": 72}, headers=VERSION_1
    ),
    "create_count_rule": Deed("count_rule.created", body=NEW_RULE),
    "update_count_rule": Deed(
        "count_rule.updated", places={"rule_id": str(RULE)}, body=NEW_RULE, headers=VERSION_1
    ),
    "retire_count_rule": Deed("count_rule.retired", places={"rule_id": str(RULE)}),
    "set_product_aside": Deed(
        "product.set_aside", places={"source_id": "product-1"}, body={"reason": "Sold once."}
    ),
    "unset_product_aside": Deed("product.taken_back", places={"source_id": "product-2"}),
    "map_four_way_description": Deed("line_mapping.confirmed", body=MAPPED),
    "undo_four_way_mapping": Deed(
        "line_mapping.undone", body={"description": "Backup", "product_id": None}
    ),
    "refresh_counts": Deed("counts.refresh_requested"),
    "take_snapshot": Deed("snapshot.requested"),
    "decide_lines": Deed(
        "line_decision.made",
        body={
            "snapshot_id": str(SNAPSHOT),
            "lines": [{"client_id": str(CLIENT), "rule_id": str(RULE)}],
            "kind": "ignore",
            "reason": "Spare.",
        },
    ),
    "withdraw_line_decision": Deed(
        "line_decision.withdrawn", places={"decision_id": str(SNAPSHOT)}
    ),
    "start_sync": Deed("sync.requested", body={}),
    "cancel_sync": Deed("sync.cancelled", places={"sync_id": "{sync}"}),
}
"""A new operation that changes something needs its line here, or the walk fails."""

CHANGE_NOTHING = {
    "try_count_rule": "what a rule would change is reckoned, and written nowhere",
    "create_sync_ticket": "a ticket is the caller's identity, encrypted: nothing of it is kept",
}
MUTATIONS = [
    name
    for name, operation in OPERATIONS.items()
    if operation.method != "GET" and name not in CHANGE_NOTHING
]
# What a limiter or a token of a third party's cost is spent, whatever becomes of the request.
SPENT = {"provider_limits", "provider_tokens", "oauth_states"}


@pytest.fixture
async def planted(api: Api, database: Database, process: Process) -> AsyncIterator[Api]:
    """An organisation with something to change everywhere, and a Pax8 that refuses credentials."""
    books = Books(database, api.organisation_id)
    connection_id = await connect_pax8(database, process, api.organisation_id, version=1)
    assert connection_id
    for client_id, name in ((CLIENT, "Acacia"), (OTHER, "Acacia Dental")):
        await database.insert(
            "clients", organisation_id=api.organisation_id, id=client_id, name=name, active=True
        )
    for company in ("company-1", "company-2"):
        await books.company(company, "Acacia Dental Pty Ltd")
    await database.insert(
        "client_links",
        organisation_id=api.organisation_id,
        source="pax8",
        source_id="company-2",
        client_id=CLIENT,
        origin="manual",
    )
    await database.insert(
        "client_links",
        organisation_id=api.organisation_id,
        source="xero",
        source_id="contact-1",
        client_id=CLIENT,
        origin="manual",
    )
    await database.insert(
        "primary_contacts",
        organisation_id=api.organisation_id,
        client_id=OTHER,
        source="xero",
        source_id="contact-1",
        email="ap@acacia.example",
        chosen_by="Somebody",
        chosen_at=NOW,
    )
    await database.insert(
        "mapping_deeds", organisation_id=api.organisation_id, id=DEED, kind="link", done_at=NOW
    )
    await database.insert(
        "mapping_changes",
        organisation_id=api.organisation_id,
        deed_id=DEED,
        position=0,
        source="pax8",
        source_id="company-2",
        after_client_id=CLIENT,
        after_origin="manual",
        is_link_changed=True,
    )
    await database.insert(
        "exchange_rates",
        organisation_id=api.organisation_id,
        currency="USD",
        reporting_currency="AUD",
        valid_on=NOW.date().replace(day=1),
        rate=1,
        entered_by="Somebody",
    )
    await database.insert(
        "products",
        organisation_id=api.organisation_id,
        source="pax8",
        source_id="product-1",
        fetched_at=NOW,
    )
    sales = SalesBooks(database, api.organisation_id)
    ledger_id = await sales.open()
    await database.insert(
        "xero_contacts",
        organisation_id=api.organisation_id,
        ledger_id=ledger_id,
        source_id="contact-1",
        name="Acacia Dental",
        email="ap@acacia.example",
        first_seen_at=NOW,
        changed_at=NOW,
    )
    await sales.account("account-1")
    await sales.invoice(id=INVOICE)
    await database.insert(
        "count_rules",
        organisation_id=api.organisation_id,
        id=RULE,
        name="Protection",
        metric="devices",
        products=["product-2"],
        patterns=[],
        ratio=1,
        exclusions="[]",
        is_active=True,
        changed_by="Somebody",
        created_at=NOW,
        changed_at=NOW,
    )
    await plant_line(database, api.organisation_id)
    await database.insert(
        "line_mappings",
        organisation_id=api.organisation_id,
        description_key="backup",
        product_id="",
        verdict="confirmed",
        description="Backup",
        said_by="Somebody",
        said_at=NOW,
    )
    await database.insert(
        "products_set_aside",
        organisation_id=api.organisation_id,
        source="pax8",
        source_id="product-2",
        reason="Never counted.",
        set_by="Somebody",
        set_at=NOW,
    )
    await database.insert(
        "api_keys",
        organisation_id=api.organisation_id,
        id=KEY,
        name="Reports",
        scopes=["dashboard:read"],
        created_by="Somebody",
        created_at=NOW,
    )
    await database.insert(
        "api_key_hashes",
        organisation_id=api.organisation_id,
        id=KEY,
        hash=b"hash",
        expires_at=NOW,
    )
    await plant_xero(database, process, api.organisation_id)
    with respx.mock(assert_all_called=False) as router:
        router.post(TOKEN_URL).respond(401)
        router.route(host="superops.test").respond(401)
        router.get(f"{XERO}/api.xro/2.0/Organisation").respond(403)
        router.delete(url__startswith=f"{XERO}/connections/").respond(204)
        router.post(f"{XERO}/connect/token").respond(200, json=GRANTED)
        router.get(f"{XERO}/connections").respond(200, json=[REACHED])
        yield api


async def plant_xero(database: Database, process: Process, organisation_id: UUID) -> None:
    """Connected, with another organisation to choose, an app of one's own, and states begun."""
    tokens = token_set(expires_at=NOW + timedelta(minutes=20))
    await connect_xero(database, process, organisation_id, tokens=tokens, version=1)
    await database.as_owner(
        "INSERT INTO xero_tenants (organisation_id, consent_id, tenant_id, connection_id)"
        " SELECT organisation_id, id, $1::text::uuid, 'another' FROM xero_consents",
        OTHER_BOOKS,
    )
    async with process.work(organisation_id) as work:
        own = ClientCredentials("own", Secret("secret-of-the-own-app"))
        await PostgresApps(work, process.cipher).save(own, by="Somebody", at=NOW)
        consents = PostgresConsents(work, process.cipher)
        for state in STATES:
            begun = State("person-1", "session-1", PLATFORM[0], new_verifier(), NOW + STATE_LIFE)
            await consents.begin(sha256(state.encode()).digest(), begun)


async def plant_line(database: Database, organisation_id: UUID) -> None:
    """A snapshot with a line, and what somebody said of it."""
    await database.insert(
        "snapshots",
        organisation_id=organisation_id,
        id=SNAPSHOT,
        status="done",
        outcome="discrepancies",
        trigger="person",
        requested_at=NOW,
        as_of=NOW,
    )
    await database.insert(
        "snapshot_lines",
        organisation_id=organisation_id,
        snapshot_id=SNAPSHOT,
        client_id=CLIENT,
        rule_id=RULE,
        metric="devices",
        status="under_licensed",
        is_tolerated=False,
        facts="facts",
    )
    await database.insert(
        "line_decisions",
        organisation_id=organisation_id,
        id=SNAPSHOT,
        client_id=CLIENT,
        rule_id=RULE,
        kind="note",
        reason="Asked them.",
        facts="facts",
        snapshot_id=SNAPSHOT,
        made_by="Somebody",
        made_at=NOW,
    )


async def sync_of(api: Api, name: str) -> str:
    """A queued sync, for whoever needs one to be there."""
    if name != "cancel_sync":
        return ""
    answer = await api.finance.post("/v1/syncs", json={})
    assert answer.status_code == 202
    return str(answer.json()["id"])


async def perform(operation: Operation, deed: Deed, api: Api, sync: str, *, by: str) -> Any:
    places = {name: value.format(sync=sync) for name, value in deed.places.items()}
    known = {"organisation_id": str(api.organisation_id)} | places
    caller = api.service(by) if ":" in by else api.as_role(by)
    given = deed.body() if callable(deed.body) else deed.body
    body = {} if given is None else {"content" if isinstance(given, str) else "json": given}
    return await caller.request(
        operation.method, operation.url(known), headers=dict(deed.headers), **body
    )


async def entries(database: Database, answer: httpx.Response) -> list[dict[str, Any]]:
    rows = await database.as_owner(
        "SELECT * FROM audit WHERE request_id = $1", answer.headers["x-request-id"]
    )
    return [dict(row) for row in rows]


async def everything(database: Database) -> set[tuple[str, str]]:
    """Every row of every table, as text."""
    each = (f"SELECT '{name}' AS of, t::text AS row FROM {name} t" for name in TABLES)  # noqa: S608 - our own tables
    rows = await database.as_owner(" UNION ALL ".join(each))
    return {(row["of"], row["row"]) for row in rows if row["of"] not in SPENT}


async def fail(_: Process, __: UnitOfWork) -> None:
    raise RuntimeError("planted, after the entry was written and before the commit")


def test_every_mutation_of_the_document_is_performed_here(figure: Figure) -> None:
    assert DEEDS.keys() == set(MUTATIONS)
    figure(f"29: {len(MUTATIONS)} mutations, each with its entry, none where refused or undone")


@pytest.mark.parametrize("name", MUTATIONS)
async def test_a_mutation_and_its_entry_are_one(
    planted: Api, database: Database, name: str
) -> None:
    operation, deed, api = OPERATIONS[name], DEEDS[name], planted
    sync = await sync_of(api, name)
    before = await everything(database)

    refused = await perform(operation, deed, api, sync, by="Viewer")
    assert refused.status_code == 403
    assert await everything(database) == before

    process = api.app.state.process
    api.app.state.process = replace(process, subscribers=(write_down, fail))
    failed = await perform(operation, deed, api, sync, by=deed.by)
    assert failed.status_code == 500
    assert await everything(database) == before

    api.app.state.process = process
    done = await perform(operation, deed, api, sync, by=deed.by)
    assert done.status_code in {200, 201, 202, 204}, done.text
    (entry,) = await entries(database, done)
    is_service = ":" in deed.by
    assert entry["action"] == deed.action
    assert (entry["actor_kind"], entry["actor_id"], entry["role"]) == (
        ("service", "panelone", None) if is_service else ("person", "person-1", deed.by)
    )
    assert (entry["at"], entry["address"]) == (NOW, "127.0.0.1")
    assert entry["before"] != entry["after"]
    assert "planted-1" not in str(entry)
    assert {table for table, _ in before ^ await everything(database)} >= {"audit"}
