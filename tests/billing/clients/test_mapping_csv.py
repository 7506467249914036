"""A whole mapping as a file: out, changed in a spreadsheet, and in again."""

import csv
import io
import time
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.support.api import Api
from tests.support.books import Books
from tests.support.databases import Database
from tests.support.figures import Figure

from billingone_api.billing.clients.deeds import Do, Flaw
from billingone_api.billing.clients.errors import CsvUnreadable
from billingone_api.billing.clients.mapping_csv import read
from billingone_api.kit.ids import new_id

EXPORT = "/v1/clients/mapping/export.csv"
IMPORT = "/v1/clients/mapping/import"
HEAD = "source,source_id,client_id,reason"
A = UUID("0192f0c1-1111-7000-8000-00000000000a")


@pytest.fixture
async def books(api: Api, database: Database) -> Books:
    made = Books(database, api.organisation_id)
    await made.connected()
    for number in range(1, 5):
        await made.company(f"c-{number}", f"Company {number}")
    return made


async def push(api: Api, name: str, *, active: bool = True, **ids: Any) -> UUID:
    client_id = new_id()
    body = {"name": name, "active": active, "external_ids": ids}
    answer = await api.service("clients:write").put(f"/v1/panelone/clients/{client_id}", json=body)
    assert answer.status_code == 201
    return client_id


async def send(api: Api, body: str | bytes, **query: str) -> httpx.Response:
    return await api.finance.post(
        IMPORT, content=body, params=query, headers={"Content-Type": "text/csv"}
    )


async def taken(api: Api, *rows: str, **query: str) -> dict[str, Any]:
    answer = await send(api, "\n".join((HEAD, *rows)), **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def exported(api: Api) -> list[dict[str, str]]:
    answer = await api.viewer.get(EXPORT)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def links(database: Database) -> dict[str, tuple[UUID | None, str]]:
    rows = await database.as_owner("SELECT source_id, client_id, origin FROM client_links")
    return {row["source_id"]: (row["client_id"], row["origin"]) for row in rows}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "utf-8 crlf"]
)
def test_it_is_read_however_a_spreadsheet_wrote_it(separator: str, encoding: str) -> None:
    text = f'Name;SOURCE;source_id;Client_Id;reason\nÄ;PAX8;c-1;{A};\nB;xero;" x-1 ";nobody;"a;b"\n'
    text = text.replace(";", separator).replace("a\tb", "a;b").replace("a,b", "a;b")
    if encoding == "utf-8 crlf":
        body = text.replace("\n", "\r\n").encode()
    elif encoding == "utf-16-le-bom":
        body = b"\xff\xfe" + text.encode("utf-16-le")
    else:
        body = text.encode(encoding)
    first, second = (row.wish for row in read(body))
    assert (first.record.source, first.do, first.client_id) == ("pax8", Do.ASSIGN, A)
    assert (second.record.source_id, second.do, second.reason) == ("x-1", Do.IGNORE, "a;b")


@pytest.mark.parametrize(
    ("row", "do", "flaw"),
    [
        (f"pax8,c-1,{A}", Do.ASSIGN, None),
        ("pax8,c-1,nobody,ours", Do.IGNORE, None),
        ("pax8,c-1,UNMAPPED", Do.RELEASE, None),
        ("pax8,c-1,", Do.LEAVE, None),
        ("pax8,c-1", Do.LEAVE, None),
        ("synergy,c-1,nobody", Do.LEAVE, Flaw.SOURCE_UNKNOWN),
        (",c-1,nobody", Do.LEAVE, Flaw.SOURCE_UNKNOWN),
        ("pax8,,nobody", Do.LEAVE, Flaw.RECORD_NOT_FOUND),
        ("pax8," + "c" * 201 + ",nobody", Do.LEAVE, Flaw.RECORD_NOT_FOUND),
        ("pax8,c\0,nobody", Do.LEAVE, Flaw.RECORD_NOT_FOUND),
        ("pax8,c-1,Acacia", Do.LEAVE, Flaw.CLIENT_ID_INVALID),
        ("pax8,c-1,nobody," + "x" * 501, Do.LEAVE, Flaw.REASON_INVALID),
    ],
)
def test_each_row_is_a_wish_or_says_why_not(row: str, do: Do, flaw: Flaw | None) -> None:
    (found,) = read(f"{HEAD}\n{row}\n\n , ,\n".encode())
    assert (found.line, found.wish.do, found.wish.flaw) == (2, do, flaw)


def test_a_file_without_a_column_for_reasons_says_nothing_of_them() -> None:
    (silent,) = read(b"source,source_id,client_id\npax8,c-1,nobody")
    (emptied,) = read(f"{HEAD}\npax8,c-1,nobody,".encode())
    assert (silent.wish.keeps_reason, emptied.wish.keeps_reason) == (True, False)


def test_the_apostrophe_that_kept_a_cell_from_being_a_formula_is_taken_away() -> None:
    (found,) = read(f"{HEAD}\npax8,'=c-1,nobody".encode())
    (other,) = read(f"{HEAD}\npax8,'c-1,nobody".encode())
    assert (found.wish.record.source_id, other.wish.record.source_id) == ("=c-1", "'c-1")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"source,source_id\npax8,c-1",
        b"source,source,source_id,client_id\n",
        f'{HEAD}\npax8,"c-1'.encode(),
        f'{HEAD}\npax8,"c"1",x'.encode(),
        (HEAD + "\npax8,c-1,nobody" * 50_001).encode(),
        (HEAD + "\npax8," + "c" * 200_000 + ",").encode(),
        "{}".encode("utf-16"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(CsvUnreadable):
        read(body)


async def test_what_was_exported_comes_in_again_and_changes_nothing(api: Api, books: Books) -> None:
    acacia = await push(api, "=Acacia", pax8_company_id="c-1")
    await api.finance.put("/v1/clients/links/pax8/c-2", json={"client_id": str(acacia)})
    body = {"client_id": None, "reason": "Our own"}
    await api.finance.put("/v1/clients/links/pax8/c-3", json=body)
    await books.company("=c-5", "Formula")
    rows = {row["source_id"]: row for row in await exported(api)}
    assert {id_: row["client_id"] for id_, row in rows.items()} == {
        "c-1": str(acacia),
        "c-2": str(acacia),
        "c-3": "nobody",
        "c-4": "unmapped",
        "'=c-5": "unmapped",
    }
    assert (rows["c-1"]["client_name"], rows["c-1"]["origin"]) == ("'=Acacia", "exact")
    assert (rows["c-3"]["reason"], rows["c-3"]["linked_by"]) == ("Our own", "Farah Nair")
    before = await books.database.as_owner("SELECT * FROM client_links ORDER BY source_id")
    whole = (await api.viewer.get(EXPORT)).text
    found = (await send(api, whole)).json()
    assert (found["outcome"], found["unchanged"]) == ("nothing", 5)
    assert await books.database.as_owner("SELECT * FROM client_links ORDER BY source_id") == before
    # and after everything was mapped otherwise, it brings the old mapping back
    banksia = await push(api, "Banksia")
    await taken(api, *(f"pax8,c-{n},{banksia}" for n in range(1, 5)))
    assert (await send(api, whole)).json()["changed"] == 4
    assert [row["client_id"] for row in await exported(api)] == [
        row["client_id"] for row in rows.values()
    ]


async def test_each_row_is_answered_and_a_bad_one_spoils_no_other(
    api: Api, books: Books, database: Database
) -> None:
    acacia, retired = await push(api, "Acacia"), await push(api, "Old", active=False)
    other = api.of(await database.add_organisation(new_id(), name="Other"))
    theirs = await push(other, "Theirs")
    await books.subscription("c-1", price=Decimal(7))
    rows = [
        f"pax8,c-1,{acacia}",
        f"pax8,c-1,{acacia}",
        f"pax8,c-2,{acacia}",
        "pax8,c-2,nobody",
        f"pax8,nowhere,{acacia}",
        f"pax8,c-3,{theirs}",
        f"pax8,c-3,{retired}",
        "pax8,c-4,",
        "what,c-4,",
    ]
    codes = [
        None,
        None,
        "named_twice",
        "named_twice",
        "record_not_found",
        "named_twice",
        "named_twice",
        None,
        "source_unknown",
    ]
    for query in ({"dry_run": "true"}, {"all_or_nothing": "true"}):
        found = await taken(api, *rows, **query)
        assert found["outcome"] == ("dry_run" if "dry_run" in query else "refused")
        assert [row["code"] for row in found["rows"]] == codes
        assert await links(database) == {}
    found = await taken(api, *rows)
    assert [row["code"] for row in found["rows"]] == codes
    assert [row["line"] for row in found["rows"]] == list(range(2, 11))
    assert (found["changed"], found["unchanged"], found["refused"]) == (1, 2, 6)
    assert found["moves"]["mrr"] == [{"amount": "7.00", "currency": "AUD"}]
    assert await links(database) == {"c-1": (acacia, "manual")}
    await api.finance.post(f"/v1/clients/mapping/deeds/{found['deed_id']}/undo", json={})
    assert await links(database) == {}
    alone = await taken(api, f"pax8,c-3,{theirs}", f"pax8,c-4,{retired}")
    assert [row["code"] for row in alone["rows"]] == ["client_not_found", "client_retired"]


async def test_fifty_thousand_rows_are_one_deed_and_each_is_answered(
    api: Api, books: Books, database: Database, figure: Figure
) -> None:
    acacia = await push(api, "Acacia")
    await database.as_owner(
        "INSERT INTO pax8_companies (organisation_id, source_id, name, first_seen_at, changed_at)"
        " SELECT $1, 'many-' || n, 'Company ' || n, now(), now() FROM generate_series(1, 49000) n",
        api.organisation_id,
    )
    rows = [f"pax8,many-{number},{acacia}" for number in range(1, 50_001)]
    begun = time.perf_counter()
    found = await taken(api, *rows)
    took = time.perf_counter() - begun
    assert (found["changed"], found["refused"], len(found["rows"])) == (49_000, 1_000, 50_000)
    assert found["rows"][-1]["code"] == "record_not_found"
    assert len(await links(database)) == 49_000
    figure(f"clients: a mapping of 50,000 rows is taken in {took:.0f} s, each row answered")


async def test_ten_megabytes_are_read_and_no_more(api: Api, books: Books) -> None:
    padding = "x" * 400
    rows = "".join(f"\npax8,c-1,nobody,{padding}" for _ in range(20_000))
    assert (await send(api, HEAD + rows)).status_code == 200
    answer = await send(api, "x" * 10_000_001)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "", "multipart/form-data"])
async def test_another_type_than_csv_is_415(api: Api, kind: str) -> None:
    answer = await api.finance.post(IMPORT, content=HEAD, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_a_file_that_makes_no_sense_is_422_with_its_code(api: Api) -> None:
    answer = await send(api, "source;source_id\n")
    assert (answer.status_code, answer.json()["code"]) == (422, "csv_unreadable")
    assert (await send(api, HEAD, force="true")).status_code == 422


async def test_who_only_reads_may_take_a_file_out_and_none_in(api: Api, books: Books) -> None:
    assert len(await exported(api)) == 4
    answer = await api.viewer.post(IMPORT, content=HEAD, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 403
    assert (await api.nobody.post(IMPORT, content=HEAD)).status_code == 401
