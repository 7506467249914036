"""Every operation of the document before two organisations with rows in every table.

What one of them reads does not change when the other fills up, an id of the other's answers like
one that nobody has, cursors are worth nothing elsewhere, and no change touches the other's rows.
"""

import base64
import io
import zipfile
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID, uuid5

import httpx
import pytest
import respx
from tests.support.api import Api, made_process, running_app, settings_for
from tests.support.clock import SetClock
from tests.support.databases import Database, copied
from tests.support.figures import Figure
from tests.support.operations import OPERATIONS, Operation, resolved
from tests.support.people import Mint
from tests.support.planting import day_of, id_of, plant, rows_of

from billingone_api.billing.access.models import SCOPES
from billingone_api.embedded.postgres import EmbeddedPostgres
from billingone_api.kit.ids import new_id

OURS = ("kurrajong", "kurrajong-too")
THEIRS = ("wilga", "wilga-too")
NOBODYS = "banksia-of-nobody"
BESIDE = dict(
    (*zip(OURS, reversed(OURS), strict=True), *zip(THEIRS, reversed(THEIRS), strict=True))
)
READS = {name: found for name, found in OPERATIONS.items() if found.method == "GET"}
CHANGES = {name: found for name, found in OPERATIONS.items() if found.method != "GET"}
BY_NO_EXAMPLE = {
    "connect_xero": "no state is made up: billing/integrations/test_xero.py brings a foreign one",
}
ORDER = ("GET", "PATCH", "POST", "DELETE", "PUT")
WITH_ID = {
    name: found
    for name, found in sorted(OPERATIONS.items(), key=lambda item: ORDER.index(item[1].method))
    if set(found.named("path")) - {"provider", "organisation_id"}
}
LISTS = {
    name: found
    for name, found in READS.items()
    if "cursor" in found.named("query") and not found.named("path")
}
OF_DESCRIPTIONS = {"map_four_way_description", "undo_four_way_mapping"}
OF_PRODUCTS = {"create_count_rule", "update_count_rule", "try_count_rule"}
_numbers = count()
# These hold figures, words that are the same for everybody, or one organisation's choices.
NAMELESS = {
    "count_unmapped",
    "count_devices",
    "count_invoices",
    "count_subscriptions",
    "get_definitions",
    "get_four_way_summary",
    "get_invoice_summary",
    "get_reconciliation_settings",
    "list_count_presets",
}


@dataclass(frozen=True)
class Two:
    """The API with two organisations, and what the first one read while it was alone."""

    ours: Api
    theirs: Api
    database: Database
    alone: Mapping[str, httpx.Response]


def places(operation: Operation, organisation_id: UUID, mark: str) -> dict[str, str]:
    """Values for the path that are those of the rows with that mark."""
    key = str(uuid5(id_of(mark), str(organisation_id)))
    known = {
        "organisation_id": str(organisation_id),
        "provider": "pax8",
        "source": "pax8",
        "source_id": mark,
        "currency": "USD",
        "valid_on": day_of(mark),
        "api_key_id": key,
    }
    return {name: known.get(name, str(id_of(mark))) for name in operation.named("path")}


def caller(api: Api, operation: Operation) -> httpx.AsyncClient:
    is_services = operation.path.startswith("/v1/panelone/")
    return api.service(*SCOPES) if is_services else api.as_role("Owner")


def body_of(operation: Operation, mark: str) -> Any:
    """The document's example, with the ids of the rows with that mark."""
    if operation.id == "put_account_mapping":
        return {"mappings": [{"account_id": mark, "category": "hardware"}]}
    ids: dict[str, Any] = dict.fromkeys(uuids(operation, "body"), str(id_of(mark)))
    if operation.id in OF_PRODUCTS:
        # A product counts once against a metric: each rule of these tests has one of its own.
        ids |= {"metric": f"metric_{next(_numbers)}", "products": [mark]}
    if operation.id in OF_DESCRIPTIONS:
        return operation.example() | {"description": mark, "product_id": mark}
    if operation.id == "decide_lines":
        ids |= {"lines": [{"client_id": str(id_of(mark)), "rule_id": str(id_of(mark))}]}
    if "into" in ids:
        # Nobody is merged into themselves.
        ids["into"] = str(id_of(BESIDE[mark]))
    if "email" in operation.properties():
        return operation.example() | {"source_id": mark, "email": f"{mark}@mark.example"}
    return operation.example() | ids if ids else operation.example()


async def ask(
    api: Api,
    operation: Operation,
    path: Mapping[str, str],
    *,
    query: Mapping[str, str] | None = None,
    body: Any = None,
) -> httpx.Response:
    given = operation.example() if body is None else body
    headers = {"Content-Type": operation.media}
    if "If-Match" in operation.named("header"):
        headers["If-Match"] = "*"
    return await caller(api, operation).request(
        operation.method,
        operation.url(path),
        params=query,
        content=operation.written(given),
        headers=headers,
    )


@pytest.fixture(scope="module")
async def two(postgres: EmbeddedPostgres) -> AsyncIterator[Two]:
    clock = SetClock()
    with copied(postgres) as database:
        ours, theirs = new_id(), new_id()
        async with (
            made_process(settings_for(database), clock=clock) as process,
            running_app(process) as app,
        ):
            api = Api(app, Mint(clock), ours)
            await plant(database.owner_url, ours, OURS)
            alone = {
                name: await ask(api, found, places(found, ours, OURS[0]))
                for name, found in READS.items()
            }
            await plant(database.owner_url, theirs, THEIRS)
            yield Two(api, api.of(theirs), database, alone)


@pytest.fixture(autouse=True)
def others() -> Iterator[None]:
    """Third parties that let nobody in."""
    with respx.mock(assert_all_called=False) as router:
        router.route(host="pax8.test").respond(401, json={"message": "no"})
        router.route(host="superops.test").respond(401)
        yield


def told(answer: httpx.Response, *asked_for: str) -> tuple[int, list[tuple[str, str]], str]:
    """All that a caller sees, but for request id and date, and the id that was asked for."""
    text = answer.text.replace(answer.headers["x-request-id"], "REQUEST")
    headers = [
        (name, value)
        for name, value in answer.headers.items()
        if name not in {"date", "x-request-id"}
    ]
    for value in asked_for:
        text = text.replace(value, "IT")
    return answer.status_code, headers, text


def shown(answer: httpx.Response) -> str:
    """What a person sees of it; a workbook comes compressed."""
    if "spreadsheetml" not in answer.headers["content-type"]:
        return answer.text
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    return "".join(archive.read(name).decode() for name in archive.namelist())


@pytest.mark.parametrize("name", READS)
async def test_what_one_organisation_reads_is_the_same_beside_another(two: Two, name: str) -> None:
    operation = READS[name]
    answer = await ask(two.ours, operation, places(operation, two.ours.organisation_id, OURS[0]))
    assert answer.status_code == 200, answer.text
    assert answer.content == two.alone[name].content
    text = shown(answer)
    assert (OURS[0] in text) is (name not in NAMELESS)
    assert THEIRS[0] not in text
    for mark in THEIRS:
        assert str(id_of(mark)) not in text


@pytest.mark.parametrize("name", READS)
async def test_the_other_organisation_reads_what_is_its_own(two: Two, name: str) -> None:
    operation = READS[name]
    answer = await ask(
        two.theirs, operation, places(operation, two.theirs.organisation_id, THEIRS[0])
    )
    assert answer.status_code == 200, answer.text
    assert OURS[0] not in shown(answer)


def uuids(operation: Operation, place: str) -> list[str]:
    """Query parameters, or fields of the body, that take an id."""
    if place == "query":
        known = [(at["name"], at["schema"]) for at in operation.parameters if at["in"] == place]
    else:
        known = list(operation.properties().items())
    return [name for name, schema in known if "'uuid'" in str(schema)]


@pytest.mark.parametrize(
    "name",
    [name for name, at in OPERATIONS.items() if uuids(at, "query") + uuids(at, "body")],
)
async def test_an_id_in_a_filter_or_a_body_answers_so_as_well(two: Two, name: str) -> None:
    operation, ours = OPERATIONS[name], two.ours.organisation_id
    path = places(operation, ours, OURS[0])
    foreign, absent = str(id_of(THEIRS[0])), str(id_of(NOBODYS))
    for parameter in uuids(operation, "query"):
        answers = [
            told(await ask(two.ours, operation, path, query={parameter: value}), value)
            for value in (foreign, absent)
        ]
        assert answers[0] == answers[1]
    for member in uuids(operation, "body"):
        answers = [
            told(
                await ask(two.ours, operation, path, body=operation.example() | {member: value}),
                value,
            )
            for value in (foreign, absent)
        ]
        assert answers[0] == answers[1]


def test_how_many_operations_stand_before_two_organisations(figure: Figure) -> None:
    figure(f"5: {len(WITH_ID)} operations answer foreign and absent ids alike, to the byte")
    figure(f"6: {len(READS)} reads and {len(CHANGES)} changes keep to one organisation of two")
    assert min(len(WITH_ID), len(READS), len(CHANGES), len(LISTS)) >= 8


@pytest.mark.parametrize("name", WITH_ID)
async def test_an_id_of_another_organisation_answers_like_one_that_nobody_has(
    two: Two, name: str
) -> None:
    """To the byte; where the answer repeats the id, in the same places."""
    operation, ours = WITH_ID[name], two.ours.organisation_id
    foreign = places(operation, two.theirs.organisation_id, THEIRS[0])
    absent = places(operation, ours, NOBODYS)
    answers = [
        told(
            await ask(two.ours, operation, path, body=body_of(operation, OURS[0])),
            *varying(path),
        )
        for path in (foreign, absent)
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] in ({200, 201, 404} if operation.method == "PUT" else {404})
    at_home = await ask(two.theirs, operation, foreign, body=body_of(operation, THEIRS[0]))
    assert at_home.status_code < 300, "the foreign id is nobody's: the test would show nothing"


def varying(path: Mapping[str, str]) -> list[str]:
    return [value for name, value in path.items() if name not in {"provider", "source", "currency"}]


async def cursor_of(api: Api, operation: Operation, **query: str) -> str:
    answer = await ask(api, operation, {}, query={"limit": "1", **query})
    cursor: str = answer.json()["next_cursor"]
    assert cursor, "one page is all: the test would show nothing"
    return cursor


async def refused(api: Api, operation: Operation, cursor: str, **query: str) -> bool:
    answer = await ask(api, operation, {}, query={"limit": "1", **query, "cursor": cursor})
    return (answer.status_code, answer.json().get("code")) == (422, "cursor_invalid")


def bent(cursor: str) -> list[str]:
    """With each byte changed twice, and longer, shorter and by half."""
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    changed = [
        raw[:place] + bytes([raw[place] ^ bit]) + raw[place + 1 :]
        for place in range(len(raw))
        for bit in (0x01, 0x80)
    ]
    others = [raw[:-1], raw[1:], raw + b"\0", raw[: len(raw) // 2], raw * 2]
    return [base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in changed + others]


async def test_no_byte_of_a_cursor_can_be_changed(two: Two, figure: Figure) -> None:
    tried = 0
    for name, operation in LISTS.items():
        cursor = await cursor_of(two.ours, operation)
        for tampered in bent(cursor):
            assert await refused(two.ours, operation, tampered), name
            tried += 1
        assert (await ask(two.ours, operation, {}, query={"cursor": cursor})).status_code == 200
    figure(f"5: {tried:,} tampered cursors of {len(LISTS)} lists, each of them 422")


@pytest.mark.parametrize("name", LISTS)
async def test_a_cursor_is_worth_nothing_elsewhere(two: Two, name: str) -> None:
    """In another organisation's hands, at another list, under another filter, sort or search."""
    operation = LISTS[name]
    cursor = await cursor_of(two.ours, operation)
    assert await refused(two.theirs, operation, cursor)
    for other in LISTS.values():
        if other.id != name:
            assert await refused(two.ours, other, cursor), other.id
    tried = 0
    for parameter in operation.parameters:
        if parameter["in"] != "query" or parameter["name"] in {"cursor", "limit", "with_total"}:
            continue
        for value in choices(parameter["schema"]):
            other = {parameter["name"]: value}
            assert await refused(two.ours, operation, cursor, **other), other
            tried += 1
    assert tried > 0


def choices(schema: Mapping[str, Any]) -> list[str]:
    """Values of a parameter other than its default."""
    shapes = [resolved(shape) for shape in (schema, *schema.get("anyOf", ()))]
    shapes += [resolved(shape["items"]) for shape in shapes if "items" in shape]
    listed = [str(value) for shape in shapes for value in shape.get("enum", ())]
    listed += [str(shape["const"]) for shape in shapes if "const" in shape]
    if any(shape.get("type") == "boolean" for shape in shapes):
        listed += ["true", "false"]
    day = day_of(OURS[0])
    formats = {"uuid": str(id_of(OURS[0])), "date": day, "date-time": f"{day}T00:00:00Z"}
    listed += [formats[shape["format"]] for shape in shapes if shape.get("format") in formats]
    usual = str(schema.get("default")).lower()
    shown = [str(value) for shape in shapes for value in shape.get("examples", ())]
    return [value for value in listed if value != usual] or shown or ["USD"]


# What disconnects comes last: the others need what is connected.
@pytest.mark.parametrize(
    "name",
    sorted(
        CHANGES.keys() - BY_NO_EXAMPLE.keys(), key=lambda name: (name[:10] == "disconnect", name)
    ),
)
async def test_a_change_touches_no_row_of_another_organisation(two: Two, name: str) -> None:
    operation = CHANGES[name]
    theirs = two.theirs.organisation_id
    before = await rows_of(two.database.owner_url, theirs)
    assert min(len(rows) for rows in before.values()) > 0
    for path in (
        places(operation, theirs, THEIRS[1]) | {"organisation_id": str(two.ours.organisation_id)},
        places(operation, two.ours.organisation_id, OURS[1]),
    ):
        answer = await ask(two.ours, operation, path, body=body_of(operation, OURS[1]))
        assert answer.status_code < 500
    assert answer.status_code < 300, answer.text
    assert await rows_of(two.database.owner_url, theirs) == before
