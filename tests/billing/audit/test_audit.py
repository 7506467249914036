import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tests.support.api import Api
from tests.support.clock import NOW
from tests.support.databases import Database

from billingone_api.billing.audit.adapters.postgres import PostgresAudit
from billingone_api.kit.cipher import Secret
from billingone_api.kit.events import BY_ITSELF, Event, changed
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

URL = "/v1/audit"
SETTINGS = "/v1/settings/billing"


async def change(api: Api, version: int, term: str, **headers: str) -> str:
    """The id of the request."""
    answer = await api.finance.patch(
        SETTINGS, headers={"If-Match": f'"{version}"', **headers}, json={"annual_price_is": term}
    )
    assert answer.status_code == 200
    return answer.headers["x-request-id"]


async def add_many(process: Process, organisation_id: UUID, count: int) -> None:
    """Entries a minute apart, two of each instant."""
    async with process.work(organisation_id) as work:
        for number in range(count):
            event = changed(
                f"thing.{number % 3}", "thing", str(number), before=None, after={"n": number}
            )
            at = NOW - timedelta(minutes=number // 2)
            await PostgresAudit(work).add([event], BY_ITSELF, at=at)


async def ids(api: Api, query: str, limit: int) -> list[str]:
    found: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await api.finance.get(f"{URL}?limit={limit}&{query}{cursor}")).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    return found


async def test_an_entry_says_who_did_what_when_and_from_where(api: Api) -> None:
    request_id = await change(api, 1, "month")
    page = (await api.finance.get(URL)).json()
    (entry,) = page["items"]
    assert entry.pop("id")
    assert entry == {
        "at": "2026-11-24T01:00:00Z",
        "action": "settings.updated",
        "resource": "settings",
        "resource_id": "billing",
        "actor_kind": "person",
        "actor_id": "person-1",
        "actor": "Farah Nair",
        "role": "Finance",
        "session_id": "session-1",
        "request_id": request_id,
        "address": "127.0.0.1",
        "before": {"annual_price_is": "year"},
        "after": {"annual_price_is": "month"},
    }


async def test_a_key_is_named_as_people_call_it(api: Api) -> None:
    body = {"name": "Rates", "scopes": ["settings:write"]}
    made = (await api.as_role("Admin").post("/v1/api-keys", json=body)).json()
    await api.caller(made["key"]).put(
        "/v1/settings/exchange-rates/USD/2026-11-01", json={"rate": "1.6"}
    )
    entered, created = (await api.finance.get(URL)).json()["items"]
    assert (entered["actor_kind"], entered["actor"], entered["actor_id"], entered["role"]) == (
        "api_key",
        "Rates",
        made["id"],
        None,
    )
    assert (created["action"], created["after"]["scopes"]) == (
        "api_key.created",
        ["settings:write"],
    )
    assert made["key"].split("_", 2)[2] not in str(created)


async def test_what_changes_nothing_leaves_no_entry(api: Api) -> None:
    await change(api, 1, "year")
    put = "/v1/settings/exchange-rates/USD/2026-11-01"
    for _ in range(2):
        await api.finance.put(put, json={"rate": "1.6"})
    await api.finance.delete("/v1/integrations/pax8")
    items = (await api.finance.get(URL)).json()["items"]
    assert [item["action"] for item in items] == ["exchange_rate.entered"]


async def test_one_client_is_told_in_full_and_many_are_counted(api: Api) -> None:
    pusher = api.service("clients:write")
    first = str(new_id())
    rows = [{"id": first, "name": "Acacia"}, {"id": str(new_id()), "name": "Banksia"}]
    await pusher.post("/v1/panelone/clients:batch", json={"clients": rows})
    rows[0]["name"] = "Acacia Dental"
    await pusher.post("/v1/panelone/clients:batch", json={"clients": rows})
    one, many = (await api.finance.get(URL)).json()["items"]
    assert (many["action"], many["resource_id"], many["before"], many["after"]) == (
        "clients.pushed",
        None,
        {},
        {"created": 2},
    )
    assert (one["action"], one["resource_id"], one["before"], one["after"]) == (
        "client.updated",
        first,
        {"name": "Acacia"},
        {"name": "Acacia Dental"},
    )


async def test_by_pages_it_is_the_one_big_list_newest_first(api: Api, process: Process) -> None:
    await add_many(process, api.organisation_id, 23)
    whole = await ids(api, "", 200)
    assert len(whole) == 23
    for limit in (1, 3, 7):
        assert await ids(api, "", limit) == whole
    items = (await api.finance.get(f"{URL}?limit=200")).json()["items"]
    order = [(item["at"], item["id"]) for item in items]
    assert order == sorted(order, reverse=True)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("action=thing.1", 8),
        ("resource=thing", 23),
        ("resource=settings", 0),
        ("resource_id=4", 1),
        ("actor=person-1", 0),
        ("q=THING.2", 7),
        ("q=billingone", 23),
        ("q=%25", 0),
        ("from=2026-11-24T01:00:00Z", 2),
        ("to=2026-11-24T01:00:00Z", 21),
        ("from=2026-11-24T11:55:00%2B11:00&to=2026-11-24T00:57:00Z", 4),
        ("from=2026-11-24T00:55:00Z&to=2026-11-24T00:57:00Z", 4),
        ("from=2026-11-24T00:55:00Z&to=2026-11-24T00:57:00Z&action=thing.1&q=thing", 1),
    ],
)
async def test_it_is_filtered_and_searched(
    api: Api, process: Process, query: str, count: int
) -> None:
    await add_many(process, api.organisation_id, 23)
    page = (await api.finance.get(f"{URL}?{query}&with_total=true")).json()
    assert (page["total"], len(page["items"])) == (count, count)


async def test_one_entry_is_shown_to_its_organisation_alone(api: Api, database: Database) -> None:
    await change(api, 1, "month")
    (entry,) = (await api.finance.get(URL)).json()["items"]
    assert (await api.finance.get(f"{URL}/{entry['id']}")).json() == entry
    other = api.of(await database.add_organisation(new_id(), name="Other"))
    assert (await other.finance.get(URL)).json()["items"] == []
    theirs = await other.finance.get(f"{URL}/{entry['id']}")
    nobodys = await api.finance.get(f"{URL}/{new_id()}")
    assert theirs.status_code == nobodys.status_code == 404


async def test_a_file_has_every_entry_and_no_formula(api: Api, process: Process) -> None:
    await add_many(process, api.organisation_id, 3)
    async with process.work(api.organisation_id) as work:
        hostile = Event("thing.told", "thing", "=cmd|'/c calc'!A1", {}, {"name": '=1+1,"\r\n'})
        await PostgresAudit(work).add([hostile], BY_ITSELF, at=NOW + timedelta(days=1))
    answer = await api.finance.get(f"{URL}/export.csv?q=thing")
    assert answer.headers["content-disposition"] == 'attachment; filename="audit-2026-11-24.csv"'
    first, *rest = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert (first["resource_id"], first["at"]) == (
        "'=cmd|'/c calc'!A1",
        "2026-11-25T01:00:00.000000Z",
    )
    assert first["after"] == '{"name": "=1+1,\\"\\r\\n"}'
    assert sorted(row["resource_id"] for row in rest) == ["0", "1", "2"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'nobody'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "ALTER TABLE audit DISABLE TRIGGER ALL",
    ],
)
async def test_the_application_cannot_change_what_was_written(
    api: Api, database: Database, statement: str
) -> None:
    await change(api, 1, "month")
    before = await database.as_owner("SELECT * FROM audit")
    connection = await asyncpg.connect(database.application_url.replace("+asyncpg", ""))
    try:
        await connection.execute(
            "SELECT set_config('app.organisation_id', $1, false)", str(api.organisation_id)
        )
        assert await connection.fetchval("SELECT count(*) FROM audit") == 1
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()
    assert await database.as_owner("SELECT * FROM audit") == before


@pytest.mark.parametrize("value", [Secret("planted"), b"sealed", object()])
async def test_what_is_secret_or_sealed_is_refused(
    process: Process, database: Database, organisation_id: UUID, value: Any
) -> None:
    event = Event("thing.told", "thing", None, {}, {"value": value})
    with pytest.raises(TypeError, match="cannot hold"):
        async with process.work(organisation_id) as work:
            await PostgresAudit(work).add([event], BY_ITSELF, at=NOW)
    assert await database.as_owner("SELECT * FROM audit") == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (None, {"a": 1}, ({}, {"a": 1})),
        ({"a": 1}, None, ({"a": 1}, {})),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, ({"b": 2}, {"b": 3})),
        ({"a": 1}, {"a": 1}, ({}, {})),
        ({"a": None}, {"b": 1}, ({}, {"b": 1})),
        ({"a": Decimal("1.0")}, {"a": Decimal(2)}, ({"a": Decimal("1.0")}, {"a": Decimal(2)})),
    ],
)
def test_an_event_holds_what_differs(before: Any, after: Any, told: Any) -> None:
    event = changed("thing.told", "thing", None, before=before, after=after)
    assert (event.before, event.after) == told


def test_what_has_no_fields_cannot_be_told() -> None:
    with pytest.raises(TypeError, match="no fields"):
        changed("thing.told", "thing", None, before=None, after=datetime.now(UTC))
