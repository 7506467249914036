from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.support.api import Api
from tests.support.databases import Database
from tests.support.statements import counted

from billingone_api.kit.ids import new_id
from billingone_api.process import Process

BATCH = "/v1/panelone/clients:batch"


async def push(api: Api, client_id: UUID, **body: Any) -> httpx.Response:
    return await api.service("clients:write").put(f"/v1/panelone/clients/{client_id}", json=body)


async def batch(api: Api, *rows: Any) -> list[dict[str, Any]]:
    answer = await api.service("clients:write").post(BATCH, json={"clients": list(rows)})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


async def stored(database: Database) -> list[dict[str, Any]]:
    rows = await database.as_owner(
        "SELECT id, name, active, pax8_company_id, xero_contact_id, superops_client_id,"
        " tax_number, domains FROM clients ORDER BY name"
    )
    return [dict(row) for row in rows]


async def test_a_new_client_is_201_with_everything_it_came_with(
    api: Api, database: Database
) -> None:
    made = new_id()
    answer = await push(
        api,
        made,
        name=" Acacia Dental ",
        active=True,
        external_ids={
            "pax8_company_id": "company-1",
            "xero_contact_id": "x-1",
            "superops_client_id": "s-1",
            "tax_number": "51824753556",
            "domains": ["AcaciaDental.example", "acaciadental.example", "acacia.example"],
        },
    )
    assert answer.status_code == 201
    assert answer.json() == {"id": str(made), "status": "created"}
    assert await stored(database) == [
        {
            "id": made,
            "name": "Acacia Dental",
            "active": True,
            "pax8_company_id": "company-1",
            "xero_contact_id": "x-1",
            "superops_client_id": "s-1",
            "tax_number": "51824753556",
            "domains": ["acaciadental.example", "acacia.example"],
        }
    ]


async def test_pushed_again_it_is_unchanged_and_writes_nothing(
    api: Api, database: Database
) -> None:
    made = new_id()
    body: dict[str, Any] = {"name": "Acacia", "external_ids": {"pax8_company_id": "company-1"}}
    await push(api, made, **body)
    tables = "SELECT c.xmin::text, l.xmin::text AS x, c.*, l.* FROM clients c, client_links l"
    before = await database.as_owner(tables)
    api.mint.clock.move(minutes=5)
    answer = await push(api, made, **body)
    assert (answer.status_code, answer.json()["status"]) == (200, "unchanged")
    assert await database.as_owner(tables) == before
    assert len(before) == 1


async def test_a_push_replaces_the_record_so_that_what_is_left_out_is_gone(
    api: Api, database: Database
) -> None:
    made = new_id()
    await push(api, made, name="Acacia", external_ids={"tax_number": "1", "domains": ["a.example"]})
    answer = await push(api, made, name="Acacia", active=False, external_ids={"tax_number": " "})
    assert (answer.status_code, answer.json()["status"]) == (200, "updated")
    (row,) = await stored(database)
    assert (row["active"], row["tax_number"], row["domains"]) == (False, None, [])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"),
        ({"name": None}, "/name"),
        ({"name": 7}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": "a\x00"}, "/name"),
        ({"name": "n" * 501}, "/name"),
        ({"name": "A", "active": "yes"}, "/active"),
        ({"name": "A", "active": None}, "/active"),
        ({"name": "A", "external_ids": []}, "/external_ids"),
        ({"name": "A", "external_ids": {"pax8_company_id": 7}}, "/external_ids/pax8_company_id"),
        (
            {"name": "A", "external_ids": {"pax8_company_id": "c" * 201}},
            "/external_ids/pax8_company_id",
        ),
        ({"name": "A", "external_ids": {"tax_number": "1\x00"}}, "/external_ids/tax_number"),
        ({"name": "A", "external_ids": {"domains": "a.example"}}, "/external_ids/domains"),
        ({"name": "A", "external_ids": {"domains": [""]}}, "/external_ids/domains/0"),
        ({"name": "A", "external_ids": {"domains": ["a"] * 101}}, "/external_ids/domains"),
        ({"name": "A", "external_ids": {"pax8_id": "c"}}, "/external_ids/pax8_id"),
        ({"name": "A", "phone": "1"}, "/phone"),
    ],
)
async def test_a_bad_field_is_pointed_at_and_nothing_is_kept(
    api: Api, database: Database, body: dict[str, Any], pointer: str
) -> None:
    answer = await push(api, new_id(), **body)
    assert answer.status_code == 422
    assert [at["pointer"] for at in answer.json()["errors"]] == [pointer]
    assert await stored(database) == []


@pytest.mark.parametrize("body", ['{"name": "\\ud800"}', '{"name": NaN}', "[", ""])
async def test_a_body_that_no_database_could_keep_is_422(
    api: Api, database: Database, body: str
) -> None:
    answer = await api.service("clients:write").put(
        f"/v1/panelone/clients/{new_id()}",
        content=body,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422
    assert await stored(database) == []


async def test_an_id_that_is_none_is_422(api: Api) -> None:
    answer = await api.service("clients:write").put("/v1/panelone/clients/7", json={"name": "A"})
    assert answer.status_code == 422


async def test_a_batch_tells_of_each_row_in_its_order(api: Api, database: Database) -> None:
    old, changed, new = new_id(), new_id(), new_id()
    await batch(api, {"id": str(old), "name": "Old"}, {"id": str(changed), "name": "Was"})
    results = await batch(
        api,
        {"id": str(new), "name": "New"},
        {"id": str(old), "name": "Old"},
        {"id": str(changed), "name": "Is"},
    )
    assert results == [
        {"id": str(new), "status": "created", "error": None},
        {"id": str(old), "status": "unchanged", "error": None},
        {"id": str(changed), "status": "updated", "error": None},
    ]
    assert [row["name"] for row in await stored(database)] == ["Is", "New", "Old"]


async def test_a_bad_row_spoils_no_other_and_says_what_is_wrong(
    api: Api, database: Database
) -> None:
    good, named = new_id(), new_id()
    results = await batch(
        api,
        {"id": str(named), "name": "", "phone": "1"},
        {"id": str(good), "name": "Good"},
        {"id": "no-id", "name": "A"},
        7,
        None,
        {"id": str(new_id()), "name": "NUL\x00"},
    )
    assert [row["status"] for row in results] == [
        "invalid",
        "created",
        "invalid",
        "invalid",
        "invalid",
        "invalid",
    ]
    assert [row["id"] for row in results][:5] == [str(named), str(good), None, None, None]
    problem = results[0]["error"]
    assert (problem["status"], problem["code"]) == (422, "validation_failed")
    assert problem["request_id"]
    assert [at["pointer"] for at in problem["errors"]] == ["/clients/0/name", "/clients/0/phone"]
    assert [row["name"] for row in await stored(database)] == ["Good"]


async def test_text_that_no_database_could_keep_makes_its_row_invalid_alone(
    api: Api, database: Database
) -> None:
    half, good = new_id(), new_id()
    body = (
        f'{{"clients": [{{"id": "{half}", "name": "\\ud800", "\\udfff": 1}},'
        f' {{"id": "{good}", "name": "Good"}}]}}'
    )
    answer = await api.service("clients:write").post(
        BATCH, content=body, headers={"Content-Type": "application/json"}
    )
    assert [(row["id"], row["status"]) for row in answer.json()["results"]] == [
        (str(half), "invalid"),
        (str(good), "created"),
    ]
    assert [row["name"] for row in await stored(database)] == ["Good"]


@pytest.mark.parametrize("bad", ["NaN", "1e400", "-Infinity"])
async def test_a_batch_with_what_is_no_json_is_422_as_a_whole(
    api: Api, database: Database, bad: str
) -> None:
    body = f'{{"clients": [{{"id": "{new_id()}", "name": "Good"}}, {{"name": {bad}}}]}}'
    answer = await api.service("clients:write").post(
        BATCH, content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert await stored(database) == []


async def test_where_an_id_comes_twice_the_last_row_holds(api: Api, database: Database) -> None:
    made = new_id()
    results = await batch(
        api,
        {"id": str(made), "name": "First", "external_ids": {"pax8_company_id": "company-1"}},
        {"id": str(made), "name": "Last", "external_ids": {"pax8_company_id": "company-2"}},
        {"id": str(made), "name": "Last", "external_ids": {"pax8_company_id": "company-2"}},
    )
    assert [row["status"] for row in results] == ["created", "updated", "unchanged"]
    (row,) = await stored(database)
    assert (row["name"], row["pax8_company_id"]) == ("Last", "company-2")
    links = await database.as_owner("SELECT source_id FROM client_links")
    assert [link["source_id"] for link in links] == ["company-2"]


async def test_an_empty_batch_is_fine(api: Api) -> None:
    assert await batch(api) == []


@pytest.mark.parametrize(
    "body", [{}, {"clients": {}}, {"clients": None}, [], {"clients": [], "x": 1}]
)
async def test_what_is_no_batch_is_422(api: Api, body: Any) -> None:
    assert (await api.service("clients:write").post(BATCH, json=body)).status_code == 422


async def test_more_than_a_thousand_are_refused_and_none_is_kept(
    api: Api, database: Database
) -> None:
    rows = [{"id": str(new_id()), "name": f"Client {number}"} for number in range(1_001)]
    answer = await api.service("clients:write").post(BATCH, json={"clients": rows})
    assert answer.status_code == 422
    assert [(at["pointer"], at["code"]) for at in answer.json()["errors"]] == [
        ("/clients", "too_long")
    ]
    assert await stored(database) == []


async def test_a_thousand_take_no_more_statements_than_two(
    api: Api, database: Database, process: Process
) -> None:
    def rows(count: int, *, word: str) -> list[dict[str, Any]]:
        return [
            {
                "id": str(UUID(int=number)),
                "name": f"{word} {number}",
                "external_ids": {"pax8_company_id": f"{word}-{number}"},
            }
            for number in range(count)
        ]

    await batch(api, *rows(1_000, word="first"))
    with counted(process.engine) as few:
        await batch(api, *rows(2, word="second"))
    with counted(process.engine) as many:
        results = await batch(api, *rows(1_000, word="third"))
    assert {row["status"] for row in results} == {"updated"}
    assert len(many) == len(few) < 20
    links = await database.as_owner("SELECT source_id FROM client_links")
    assert {link["source_id"] for link in links} == {f"third-{number}" for number in range(1_000)}


@pytest.mark.parametrize("role", ["Owner", "Finance", "Viewer"])
async def test_people_may_not_push(api: Api, role: str) -> None:
    caller = api.as_role(role)
    for answer in (
        await caller.post(BATCH, json={"clients": []}),
        await caller.put(f"/v1/panelone/clients/{new_id()}", json={"name": "A"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_scope_that_does_not_say_so_may_not_push(api: Api) -> None:
    answer = await api.service("clients:read").post(BATCH, json={"clients": []})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_service_for_every_organisation_names_the_one_it_means(
    api: Api, database: Database
) -> None:
    other = await database.add_organisation(new_id(), name="Other")
    token = api.mint.service("*", "clients:write")
    path = f"/v1/panelone/clients/{new_id()}"
    unnamed = await api.caller(token).put(path, json={"name": "A"})
    assert (unnamed.status_code, unnamed.json()["code"]) == (403, "organisation_mismatch")
    named = api.caller(token, **{"X-Organisation-Id": str(other)})
    assert (await named.put(path, json={"name": "A"})).status_code == 201
    rows = await database.as_owner("SELECT organisation_id FROM clients")
    assert [row["organisation_id"] for row in rows] == [other]


async def test_two_organisations_may_have_a_client_of_the_same_id(
    api: Api, database: Database
) -> None:
    other = api.of(await database.add_organisation(new_id(), name="Other"))
    made = new_id()
    assert (await push(api, made, name="Ours")).status_code == 201
    assert (await push(other, made, name="Theirs")).status_code == 201
    assert [row["name"] for row in await stored(database)] == ["Ours", "Theirs"]
