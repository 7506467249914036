"""Every POST of the document is done once per `Idempotency-Key`, or stands on a list."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from tests.support.api import Api, running_app
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.figures import Figure
from tests.support.operations import OPERATIONS
from tests.support.sources import FakeSource, connect
from tests.support.waiting import PATIENCE

from billingone_api.database.housekeeping import tidy_up
from billingone_api.kit.idempotency import HEADER
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

HARMLESS = {
    "try_count_rule": "reckons what a rule would change, and keeps nothing of it",
    "create_sync_ticket": "is kept nowhere: a second ticket takes nothing from the first",
    "connect_xero": "its state is taken once by itself; the same again is told so",
    "test_xero": "asks Xero and keeps only what it found; the same again is the same",
    "test_superops": "asks SuperOps and keeps only what it found; the same again is the same",
    "test_pax8": "asks Pax8 and keeps nothing of what was sent; the same again is the same",
}
NOT_THE_SAME = {"date", "x-request-id", "idempotent-replayed"}


@dataclass(frozen=True)
class Request:
    """Something that is done once, and how often it has been."""

    client: httpx.AsyncClient
    url: str
    body: Any
    other_body: Any
    bad_body: Any
    times: Callable[[], Awaitable[int]]

    async def send(self, key: str | None, body: Any = None) -> httpx.Response:
        headers = {} if key is None else {HEADER: key}
        said = self.body if body is None else body
        if isinstance(said, str):
            headers["Content-Type"] = "text/csv"
            return await self.client.post(self.url, content=said, headers=headers)
        return await self.client.post(self.url, json=said, headers=headers)


@dataclass(frozen=True)
class House:
    """Where the requests are made."""

    api: Api
    database: Database

    async def count(self, table: str) -> int:
        (row,) = await self.database.as_owner(f"SELECT count(*) FROM {table}")  # noqa: S608 - ours
        return int(row["count"])


async def start_sync(house: House) -> Request:
    await connect(house.database, house.api.organisation_id)
    return Request(
        house.api.finance,
        "/v1/syncs",
        {"sources": ["pax8"], "mode": "full"},
        {"sources": ["pax8"]},
        {"sources": ["nobody"]},
        lambda: house.count("syncs"),
    )


async def cancel_sync(house: House) -> Request:
    begun = await (await start_sync(house)).send(None)
    ended = "sync_runs WHERE status = 'cancelled'"
    return Request(
        house.api.finance,
        f"/v1/syncs/{begun.json()['id']}/cancel",
        {},
        {"x": 1},
        None,
        lambda: house.count(ended),
    )


async def push_clients(house: House) -> Request:
    client = {"id": str(new_id()), "name": "Acacia Dental"}
    return Request(
        house.api.service("clients:write"),
        "/v1/panelone/clients:batch",
        {"clients": [client]},
        {"clients": [client | {"name": "Acacia"}]},
        {"clients": "none"},
        lambda: house.count("clients"),
    )


async def push_counts(house: House) -> Request:
    client = {"id": str(new_id()), "name": "Acacia Dental"}
    await house.api.service("clients:write").post(
        "/v1/panelone/clients:batch", json={"clients": [client]}
    )
    count = {
        "client_id": client["id"],
        "metric": "devices",
        "count": 7,
        "counted_at": "2026-11-24T00:00:00Z",
        "source": "ninjaone",
    }
    return Request(
        house.api.service("counts:write"),
        "/v1/panelone/counts",
        {"counts": [count]},
        {"counts": [count | {"count": 8}]},
        {"counts": "none"},
        lambda: house.count("client_counts"),
    )


async def revoke_sessions(house: House) -> Request:
    return Request(
        house.api.service("sessions:revoke"),
        "/v1/panelone/sessions:revoke",
        {"session_id": "session-9"},
        {"session_id": "session-8"},
        {"session_id": ""},
        lambda: house.count("revocations"),
    )


async def create_count_rule(house: House) -> Request:
    await house.database.insert(
        "products",
        organisation_id=house.api.organisation_id,
        source="pax8",
        source_id="product-1",
        fetched_at=NOW,
    )
    rule = {"name": "Suites", "metric": "users", "products": ["product-1"]}
    return Request(
        house.api.finance,
        "/v1/reconciliation/rules",
        rule,
        rule | {"name": "Others"},
        rule | {"ratio": "0"},
        lambda: house.count("count_rules"),
    )


async def map_four_way_description(house: House) -> Request:
    said = {"description": "Labour", "product_id": None, "verdict": "confirmed"}
    return Request(
        house.api.finance,
        "/v1/reconciliation/four-way/mappings",
        said,
        said | {"description": "Hardware"},
        said | {"verdict": "perhaps"},
        lambda: house.count("line_mappings"),
    )


async def undo_four_way_mapping(house: House) -> Request:
    await (await map_four_way_description(house)).send(None)
    said = {"description": "Labour", "product_id": None}
    undone = "audit WHERE action = 'line_mapping.undone'"
    return Request(
        house.api.finance,
        "/v1/reconciliation/four-way/mappings/undo",
        said,
        said | {"description": "Hardware"},
        said | {"description": ""},
        lambda: house.count(undone),
    )


async def take_snapshot(house: House) -> Request:
    return Request(
        house.api.finance,
        "/v1/reconciliation/snapshots",
        {},
        {"as_of": None},
        {"x": 1},
        lambda: house.count("snapshots"),
    )


async def refresh_counts(house: House) -> Request:
    return Request(
        house.api.finance,
        "/v1/counts:refresh",
        {},
        {"x": 1},
        None,
        lambda: house.count("count_refreshes"),
    )


async def decide_lines(house: House) -> Request:
    mine, ids = house.api.organisation_id, [new_id() for _ in range(3)]
    client, rule, snapshot = ids
    insert = house.database.insert
    await insert("clients", organisation_id=mine, id=client, name="Acacia", active=True)
    dated = {"created_at": NOW, "changed_at": NOW}
    await insert("count_rules", organisation_id=mine, id=rule, name="Suites", **dated)
    taken = {"status": "done", "outcome": "clean", "trigger": "person", "requested_at": NOW}
    await insert("snapshots", organisation_id=mine, id=snapshot, **taken)
    of = {"snapshot_id": snapshot, "client_id": client, "rule_id": rule, "metric": "users"}
    line = {"status": "under_licensed", "is_tolerated": False, "facts": "facts"}
    await insert("snapshot_lines", organisation_id=mine, **of, **line)
    said = {
        "snapshot_id": str(snapshot),
        "lines": [{"client_id": str(client)}],
        "kind": "ignore",
        "reason": "Spare.",
    }
    return Request(
        house.api.finance,
        "/v1/reconciliation/decisions",
        said,
        said | {"kind": "acknowledge"},
        said | {"until": "2026-11-30"},
        lambda: house.count("line_decisions"),
    )


async def create_api_key(house: House) -> Request:
    key = {"name": "Nightly", "scopes": ["clients:read"]}
    return Request(
        house.api.as_role("Owner"),
        "/v1/api-keys",
        key,
        key | {"name": "Weekly"},
        key | {"scopes": ["everything"]},
        lambda: house.count("api_keys"),
    )


async def authorise_xero(house: House) -> Request:
    return Request(
        house.api.finance,
        "/v1/integrations/xero/authorise",
        {},
        {"x": 1},
        None,
        lambda: house.count("oauth_states"),
    )


async def two_clients(house: House) -> tuple[str, str]:
    """Two active clients; the first has a company of Pax8's."""
    ids = []
    for company in ("company-1", None):
        client_id = new_id()
        told = await house.api.service("clients:write").put(
            f"/v1/panelone/clients/{client_id}",
            json={"name": "Acacia", "external_ids": {"pax8_company_id": company}},
        )
        assert told.status_code == 201
        ids.append(str(client_id))
    return ids[0], ids[1]


COMPANY = {"source": "pax8", "source_id": "company-1"}


async def change_mapping(house: House) -> Request:
    await two_clients(house)
    wishes = [COMPANY | {"do": "ignore"}]
    return Request(
        house.api.finance,
        "/v1/clients/mapping",
        {"changes": wishes},
        {"changes": wishes, "dry_run": True},
        {"changes": []},
        lambda: house.count("mapping_deeds"),
    )


async def import_mapping(house: House) -> Request:
    await two_clients(house)
    head = "source,source_id,client_id"
    return Request(
        house.api.finance,
        "/v1/clients/mapping/import",
        f"{head}\npax8,company-1,nobody",
        f"{head}\npax8,company-1,",
        "nothing of it",
        lambda: house.count("mapping_deeds"),
    )


async def apply_suggestions(house: House) -> Request:
    """The company is called like the client that has none."""
    await two_clients(house)
    await house.database.insert(
        "pax8_companies",
        organisation_id=house.api.organisation_id,
        source_id="company-2",
        name="Banksia",
        first_seen_at=NOW,
        changed_at=NOW,
    )
    told = await house.api.service("clients:write").put(
        f"/v1/panelone/clients/{new_id()}", json={"name": "Banksia"}
    )
    assert told.status_code == 201
    return Request(
        house.api.finance,
        "/v1/clients/suggestions:apply",
        {"source": "pax8", "lowest_score": 60},
        {"source": "pax8", "lowest_score": 61},
        {"source": "nobody"},
        lambda: house.count("mapping_deeds"),
    )


async def merge_clients(house: House) -> Request:
    one, other = await two_clients(house)
    return Request(
        house.api.finance,
        f"/v1/clients/{one}/merge",
        {"into": other},
        {"into": other, "dry_run": True},
        {"into": "nobody"},
        lambda: house.count("mapping_deeds"),
    )


async def split_client(house: House) -> Request:
    one, other = await two_clients(house)
    return Request(
        house.api.finance,
        f"/v1/clients/{one}/split",
        {"records": [COMPANY], "into": other},
        {"records": [COMPANY], "into": other, "dry_run": True},
        {"records": []},
        lambda: house.count("mapping_deeds"),
    )


async def undo_mapping_deed(house: House) -> Request:
    changing = await change_mapping(house)
    deed_id = (await changing.send(None)).json()["deed_id"]
    return Request(
        house.api.finance,
        f"/v1/clients/mapping/deeds/{deed_id}/undo",
        {},
        {"with_later": True},
        {"with_later": "no way"},
        lambda: house.count("mapping_deeds WHERE undone_at IS NOT NULL"),
    )


REQUESTS: dict[str, Callable[[House], Awaitable[Request]]] = {
    "start_sync": start_sync,
    "cancel_sync": cancel_sync,
    "push_clients": push_clients,
    "push_counts": push_counts,
    "revoke_sessions": revoke_sessions,
    "create_api_key": create_api_key,
    "authorise_xero": authorise_xero,
    "create_count_rule": create_count_rule,
    "refresh_counts": refresh_counts,
    "take_snapshot": take_snapshot,
    "map_four_way_description": map_four_way_description,
    "undo_four_way_mapping": undo_four_way_mapping,
    "decide_lines": decide_lines,
    "change_mapping": change_mapping,
    "import_mapping": import_mapping,
    "apply_suggestions": apply_suggestions,
    "merge_clients": merge_clients,
    "split_client": split_client,
    "undo_mapping_deed": undo_mapping_deed,
}
each_post = pytest.mark.parametrize("name", REQUESTS)


@pytest.fixture
async def house(process: Process, api: Api, database: Database) -> AsyncIterator[House]:
    async with running_app(process, FakeSource()) as app:
        yield House(Api(app, api.mint, api.organisation_id), database)


def seen(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    kept = {name: text for name, text in answer.headers.items() if name not in NOT_THE_SAME}
    return answer.status_code, answer.content, kept


def test_every_post_of_the_document_takes_a_key_or_says_why_not(figure: Figure) -> None:
    posts = {name for name, operation in OPERATIONS.items() if operation.method == "POST"}
    keyed = {name for name in posts if HEADER in OPERATIONS[name].named("header")}
    assert posts - keyed == HARMLESS.keys()
    assert keyed == REQUESTS.keys()
    assert not [
        name
        for name, operation in OPERATIONS.items()
        if name not in posts and HEADER in operation.named("header")
    ]
    figure(f"20: {len(keyed)} POSTs take a key, {len(HARMLESS)} are on the list of harmless ones")


@each_post
async def test_the_same_again_is_answered_to_the_byte_and_not_done_again(
    house: House, name: str
) -> None:
    request = await REQUESTS[name](house)
    first = await request.send("key-1")
    assert first.is_success, first.text
    assert "idempotent-replayed" not in first.headers
    done = await request.times()
    assert done > 0
    for key in ("key-1", '"key-1"'):
        again = await request.send(key)
        assert again.headers["idempotent-replayed"] == "true"
        assert seen(again) == seen(first)
    assert await request.times() == done


@each_post
async def test_another_request_under_the_same_key_is_422(house: House, name: str) -> None:
    request = await REQUESTS[name](house)
    assert (await request.send("key-1")).is_success
    done = await request.times()
    other = await request.send("key-1", request.other_body)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await request.times() == done


@each_post
async def test_what_is_not_valid_uses_up_no_key(house: House, name: str) -> None:
    request = await REQUESTS[name](house)
    if request.bad_body is None:
        pytest.skip("it takes no body, so none is bad")
    assert (await request.send("key-1", request.bad_body)).status_code == 422
    good = await request.send("key-1")
    assert good.is_success
    assert "idempotent-replayed" not in good.headers


async def test_twins_at_once_are_done_once_and_the_other_is_told_to_come_again(
    house: House, figure: Figure
) -> None:
    """The first waits for a lock inside its transaction until the others have been answered."""
    request = await start_sync(house)
    others = 9
    async with held(house), asyncio.timeout(PATIENCE):
        first = asyncio.create_task(request.send("key-1"))
        await house.database.until_somebody_waits()
        twins = [await request.send("key-1") for _ in range(others)]
    assert (await first).status_code == 202
    assert {(twin.status_code, twin.headers.get("retry-after")) for twin in twins} == {(409, "1")}
    assert {twin.json()["code"] for twin in twins} == {"idempotency_key_in_use"}
    assert seen(await request.send("key-1")) == seen(await first)
    assert await request.times() == 1
    figure(f"20: {others + 1} twins at once: one 202, {others} 409 with Retry-After, one effect")


@asynccontextmanager
async def held(house: House) -> AsyncIterator[None]:
    """Keeps whoever writes a sync waiting."""
    connection = await asyncpg.connect(house.database.owner_url.replace("+asyncpg", ""))
    try:
        await connection.execute("BEGIN; LOCK TABLE syncs IN SHARE MODE")
        yield
    finally:
        await connection.close()


FAILING = (
    "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'planted'; END $$",
    (
        "CREATE CONSTRAINT TRIGGER planted AFTER INSERT ON {table} INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION fail()"
    ),
)


@pytest.mark.parametrize("table", ["syncs", "idempotency_keys"])
async def test_key_and_effect_commit_together_or_not_at_all(house: House, table: str) -> None:
    """Whichever of the two fails at the commit, the other is not there either."""
    request = await start_sync(house)
    for statement in FAILING:
        await house.database.as_owner(statement.format(table=table))
    try:
        assert (await request.send("key-1")).status_code == 500
        assert await request.times() == await house.count("idempotency_keys") == 0
    finally:
        await house.database.as_owner("DROP FUNCTION fail() CASCADE")
    again = await request.send("key-1")
    assert again.status_code == 202
    assert "idempotent-replayed" not in again.headers
    assert await request.times() == await house.count("idempotency_keys") == 1


async def test_a_key_belongs_to_one_caller_of_one_organisation_at_one_operation(
    house: House,
) -> None:
    await connect(house.database, house.api.organisation_id)
    other = house.api.of(await house.database.add_organisation(new_id(), name="Other"))
    await connect(house.database, other.organisation_id)
    colleague = house.api.caller(house.api.mint.person(house.api.organisation_id, subject="user-9"))
    ids = set()
    for client in (house.api.finance, colleague, other.finance):
        answer = await client.post("/v1/syncs", json={}, headers={HEADER: "key-1"})
        assert answer.status_code == 202
        assert "idempotent-replayed" not in answer.headers
        ids.add(answer.json()["id"])
    assert len(ids) == 3
    cancel = f"/v1/syncs/{answer.json()['id']}/cancel"
    cancelled = await other.finance.post(cancel, headers={HEADER: "key-1"})
    assert cancelled.status_code == 202
    elsewhere = await other.finance.post(f"/v1/syncs/{new_id()}/cancel", headers={HEADER: "key-1"})
    assert elsewhere.json()["code"] == "idempotency_key_reused"


async def test_whoever_may_no_longer_gets_no_answer_of_before(house: House) -> None:
    request = await start_sync(house)
    assert (await request.send("key-1")).status_code == 202
    demoted = await house.api.viewer.post(request.url, json=request.body, headers={HEADER: "key-1"})
    assert demoted.status_code == 403


async def test_an_answer_is_kept_for_a_day_and_then_tidied_away(house: House) -> None:
    request = await start_sync(house)
    first = await request.send("key-1")
    await request.send("key-2")
    await aged(house, "23 hours 59 minutes")
    assert (await request.send("key-1")).headers["idempotent-replayed"] == "true"
    await aged(house, "24 hours 1 minute")
    late = await request.send("key-1")
    assert "idempotent-replayed" not in late.headers
    assert late.json()["id"] != first.json()["id"]
    process = house.api.app.state.process
    await tidy_up(process.engine, token_life=timedelta(hours=25))
    assert await house.count("idempotency_keys") == 1


async def aged(house: House, age: str) -> None:
    await house.database.as_owner(
        "UPDATE idempotency_keys SET kept_at = now() - $1::text::interval", age
    )


async def test_an_answer_lies_encrypted_where_it_is_kept(house: House) -> None:
    """Also that of an API key, which is shown once."""
    answer = await (await create_api_key(house)).send("key-planted-71c2")
    secret = answer.json()["key"]
    (row,) = await house.database.as_owner("SELECT * FROM idempotency_keys")
    kept = b"".join(value for value in row.values() if isinstance(value, bytes))
    assert len(kept) > len(answer.content)
    for plain in (secret, secret.split("_", 2)[2], answer.json()["id"], "planted-71c2"):
        assert plain.encode() not in kept


async def test_an_answer_whose_key_has_left_the_ring_is_not_worked_out_anew(house: House) -> None:
    request = await start_sync(house)
    await request.send("key-1")
    await house.database.as_owner("UPDATE idempotency_keys SET answer = substr(answer, 1, 60)")
    again = await request.send("key-1")
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_answer_lost")
    assert await request.times() == 1


@pytest.mark.parametrize("key", ["", '"', '""', "a b", "x" * 256, '"a', "a\\b", "\xe9", "a,b c"])
async def test_a_key_that_is_none_is_422_and_nobody_is_told_so_before_who_they_are(
    house: House, key: str
) -> None:
    headers = {HEADER: key.encode("latin-1")}
    answer = await house.api.finance.post("/v1/syncs", json={}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert (await house.api.nobody.post("/v1/syncs", json={}, headers=headers)).status_code == 401


async def test_two_keys_at_once_are_422(house: House) -> None:
    two = [(HEADER, "key-1"), (HEADER, "key-2")]
    answer = await house.api.finance.post("/v1/syncs", json={}, headers=two)
    (at,) = answer.json()["errors"]
    assert (answer.status_code, at["in"], at["pointer"]) == (422, "header", f"/{HEADER}")
    assert (await house.api.nobody.post("/v1/syncs", json={}, headers=two)).status_code == 401
