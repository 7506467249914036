"""Suggestions for unmapped records, taken one by one, all at once, or by themselves."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.support.api import Api
from tests.support.books import Books
from tests.support.databases import Database

from billingone_api.billing.clients.jobs import recognise
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

PATH = "/v1/clients/suggestions"
TAX = "51824753556"


@pytest.fixture
async def books(api: Api, database: Database) -> Books:
    made = Books(database, api.organisation_id)
    await made.connected()
    return made


async def push(api: Api, name: str, *, active: bool = True, **ids: Any) -> UUID:
    client_id = new_id()
    body = {"name": name, "active": active, "external_ids": ids}
    answer = await api.service("clients:write").put(f"/v1/panelone/clients/{client_id}", json=body)
    assert answer.status_code == 201
    return client_id


async def listed(api: Api, **query: str) -> list[dict[str, Any]]:
    answer = await api.viewer.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def apply(api: Api, **body: Any) -> dict[str, Any]:
    answer = await api.finance.post(f"{PATH}:apply", json={"source": "pax8", **body})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def links(database: Database) -> dict[str, tuple[UUID | None, str]]:
    rows = await database.as_owner("SELECT source_id, client_id, origin FROM client_links")
    return {row["source_id"]: (row["client_id"], row["origin"]) for row in rows}


async def test_most_money_comes_first_each_with_its_candidates_and_their_reasons(
    api: Api, books: Books
) -> None:
    acacia = await push(api, "Acacia Dental Pty Ltd", domains=["acacia.example"])
    await push(api, "Acacia Dental Clinic")
    await books.company("c-1", "ACACIA DENTAL P/L", website="https://www.acacia.example")
    await books.company("c-2", "Nothing alike")
    await books.subscription("c-2", price=Decimal(99))
    first, second = await listed(api)
    assert (first["source_id"], first["candidates"]) == ("c-2", [])
    best, *_ = second["candidates"]
    assert best == {
        "client_id": str(acacia),
        "client_name": "Acacia Dental Pty Ltd",
        "score": 100,
        "is_sure": True,
        "reasons": [
            {"kind": "domain", "value": "acacia.example", "worth": 94},
            {"kind": "exact_name", "value": "acacia dental", "worth": 93},
        ],
    }


async def test_a_rejected_client_is_not_suggested_again(api: Api, books: Books) -> None:
    acacia = await push(api, "Acacia")
    await books.company("c-1", "Acacia Pty Ltd")
    wish = {"do": "reject", "source": "pax8", "source_id": "c-1", "client_id": str(acacia)}
    done = (await api.finance.post("/v1/clients/mapping", json={"changes": [wish]})).json()
    assert (await listed(api))[0]["candidates"] == []
    await api.finance.post(f"/v1/clients/mapping/deeds/{done['deed_id']}/undo", json={})
    assert len((await listed(api))[0]["candidates"]) == 1


async def test_retired_and_merged_clients_are_not_suggested(api: Api, books: Books) -> None:
    await push(api, "Acacia", active=False)
    twice = await push(api, "Acacia Pty", pax8_company_id="c-9")
    acacia = await push(api, "Acacia Ltd")
    await books.company("c-1", "Acacia")
    await api.finance.post(f"/v1/clients/{twice}/merge", json={"into": str(acacia)})
    (record,) = await listed(api)
    assert [one["client_id"] for one in record["candidates"]] == [str(acacia)]


async def test_all_that_is_likely_enough_is_one_deed_after_a_dry_run(
    api: Api, books: Books
) -> None:
    acacia, banksia = await push(api, "Acacia"), await push(api, "Banksia")
    for twin in ("Correa Ltd", "Correa Inc"):
        await push(api, twin)
    for company, name in (("c-1", "Acacia"), ("c-2", "Banksia"), ("c-3", "Correa")):
        await books.company(company, name)
        await books.subscription(company, price=Decimal(5))
    dry = await apply(api, lowest_score=90, dry_run=True)
    assert (dry["outcome"], dry["changed"]) == ("dry_run", 2)
    assert dry["moves"]["mrr"] == [{"amount": "10.00", "currency": "AUD"}]
    assert await links(books.database) == {}
    done = await apply(api, lowest_score=90)
    assert await links(books.database) == {"c-1": (acacia, "manual"), "c-2": (banksia, "manual")}
    assert (await apply(api, lowest_score=90))["outcome"] == "nothing"
    await api.finance.post(f"/v1/clients/mapping/deeds/{done['deed_id']}/undo", json={})
    assert await links(books.database) == {}
    assert (await apply(api, only_sure=True))["outcome"] == "nothing"


async def test_after_a_sync_what_is_sure_applies_itself_and_a_name_never_does(
    api: Api, books: Books
) -> None:
    process: Process = api.app.state.process
    acacia = await push(api, "Acacia", domains=["acacia.example"])
    await push(api, "Banksia")
    await books.company("c-1", "Something else", website="acacia.example")
    await books.company("c-2", "Banksia")
    wattle = await push(api, "Wattle", domains=["wattle.example"])
    await books.company("c-3", "Only its people tell")
    for email in ("ap@wattle.example", "boss@gmail.com"):
        await books.contact("c-3", email)
    here = await books.subscription("c-1")
    await recognise(process, api.organisation_id, "pax8")
    by_identifiers = {"c-1": (acacia, "identifier"), "c-3": (wattle, "identifier")}
    assert await links(books.database) == by_identifiers
    assert (await books.whose(here))[0] == acacia
    (deed,) = (await api.viewer.get("/v1/clients/mapping/deeds")).json()["items"]
    assert (deed["kind"], deed["done_by"], deed["records"]) == ("identifiers", None, 2)
    rows = await books.database.as_owner(
        "SELECT actor_kind FROM audit WHERE action = 'client_links.changed'"
    )
    assert [row["actor_kind"] for row in rows] == ["system"]
    await recognise(process, api.organisation_id, "pax8")
    assert len((await api.viewer.get("/v1/clients/mapping/deeds")).json()["items"]) == 1
    await api.finance.post(f"/v1/clients/mapping/deeds/{deed['id']}/undo", json={})
    await recognise(process, api.organisation_id, "pax8")
    assert await links(books.database) == {}


async def test_what_identifiers_linked_and_a_person_released_stays_released(
    api: Api, books: Books, process: Process
) -> None:
    await push(api, "Acacia", domains=["acacia.example"])
    await books.company("c-1", "Acacia", website="acacia.example")
    await recognise(process, api.organisation_id, "pax8")
    await api.finance.delete("/v1/clients/links/pax8/c-1")
    await recognise(process, api.organisation_id, "pax8")
    assert await links(books.database) == {}


async def test_a_persons_word_and_a_clients_own_identifier_come_before_a_domain(
    api: Api, books: Books, process: Process
) -> None:
    await push(api, "Acacia", domains=["acacia.example"])
    await books.company("c-1", "Ours", website="acacia.example")
    await api.finance.put("/v1/clients/links/pax8/c-1", json={"client_id": None})
    await recognise(process, api.organisation_id, "pax8")
    assert await links(books.database) == {"c-1": (None, "manual")}
    await api.finance.delete("/v1/clients/links/pax8/c-1")
    await recognise(process, api.organisation_id, "pax8")
    banksia = await push(api, "Banksia", pax8_company_id="c-1")
    assert await links(books.database) == {"c-1": (banksia, "exact")}


async def test_what_takes_long_is_worked_out_with_no_transaction_open(
    api: Api, books: Books
) -> None:
    """A file is long to read as well; the desk comes after all of it."""
    await books.company("c-1", "Acacia")
    acacia = await push(api, "Acacia")
    open_then: list[int] = []

    async def compute(work: Callable[[], Any]) -> Any:
        rows = await books.database.as_owner(
            "SELECT FROM pg_stat_activity WHERE datname = current_database() "
            "AND state LIKE 'idle in transaction%'"
        )
        open_then.append(len(rows))
        return work()

    process: Process = api.app.state.process
    api.app.state.process = replace(process, compute=compute)
    assert (await listed(api))[0]["candidates"][0]["client_id"] == str(acacia)
    assert (await apply(api, lowest_score=90, dry_run=True))["changed"] == 1
    file = f"source,source_id,client_id\npax8,c-1,{acacia}"
    headers = {"Content-Type": "text/csv"}
    path = "/v1/clients/mapping/import"
    assert (await api.finance.post(path, content=file, headers=headers)).json()["changed"] == 1
    assert (await api.viewer.post(path, content=file, headers=headers)).status_code == 403
    assert open_then == [0, 0, 0]


@pytest.mark.parametrize(
    "body",
    [{"source": "synergy"}, {"lowest_score": 59}, {"lowest_score": 101}, {"all": True}],
)
async def test_what_cannot_be_applied_is_422(api: Api, body: dict[str, Any]) -> None:
    answer = await api.finance.post(f"{PATH}:apply", json={"source": "pax8"} | body)
    assert answer.status_code == 422
