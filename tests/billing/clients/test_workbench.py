"""Deeds of the workbench: what they change, what they would, and how they are taken back."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.support.api import Api
from tests.support.books import Books
from tests.support.databases import Database
from tests.support.ledgers import Ledgers

from billingone_api.kit.ids import new_id

PATH = "/v1/clients/mapping"


@pytest.fixture
async def books(api: Api, database: Database) -> Books:
    made = Books(database, api.organisation_id)
    await made.connected()
    for number in range(1, 5):
        await made.company(f"c-{number}", f"Company {number}")
    return made


@pytest.fixture
def ledgers(api: Api, database: Database) -> Ledgers:
    return Ledgers(database, api.organisation_id)


async def push(api: Api, name: str, **more: Any) -> UUID:
    client_id: UUID = more.pop("client_id", None) or new_id()
    answer = await api.service("clients:write").put(
        f"/v1/panelone/clients/{client_id}", json={"name": name, **more}
    )
    assert answer.status_code in {200, 201}, answer.text
    return client_id


def naming(company: str) -> dict[str, Any]:
    return {"external_ids": {"pax8_company_id": company}}


def wish(do: str, source_id: str, client: UUID | None = None, **more: Any) -> dict[str, Any]:
    named = {} if client is None else {"client_id": str(client)}
    return {"do": do, "source": "pax8", "source_id": source_id, **named, **more}


async def change(api: Api, *wishes: dict[str, Any], **manner: Any) -> dict[str, Any]:
    answer = await api.finance.post(PATH, json={"changes": list(wishes), **manner})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def undo(api: Api, deed_id: str, **more: Any) -> httpx.Response:
    return await api.finance.post(f"{PATH}/deeds/{deed_id}/undo", json=more)


async def links(database: Database) -> dict[str, tuple[UUID | None, str]]:
    rows = await database.as_owner("SELECT source_id, client_id, origin FROM client_links")
    return {row["source_id"]: (row["client_id"], row["origin"]) for row in rows}


async def everything(database: Database) -> list[list[Any]]:
    tables = ("client_links", "subscriptions", "subscription_versions", "audit", "mapping_deeds")
    return [await database.as_owner(f"SELECT * FROM {table} ORDER BY 2, 3") for table in tables]  # noqa: S608 - ours


async def test_many_wishes_are_one_deed_and_each_is_answered(api: Api, books: Books) -> None:
    here = await books.subscription("c-1")
    acacia = await push(api, "Acacia")
    found = await change(
        api,
        wish("assign", "c-1", acacia),
        wish("ignore", "c-2", reason="Our own tenant"),
        wish("reject", "c-3", acacia),
        wish("release", "c-4"),
    )
    assert (found["outcome"], found["changed"], found["unchanged"]) == ("applied", 3, 1)
    assert [row["status"] for row in found["rows"]] == ["changed"] * 3 + ["unchanged"]
    assert found["rows"][0] | {"moves": None} == {
        "row": 0,
        "source": "pax8",
        "source_id": "c-1",
        "name": "Company 1",
        "status": "changed",
        "code": None,
        "detail": None,
        "before": None,
        "after": {
            "client_id": str(acacia),
            "client_name": "Acacia",
            "origin": "manual",
            "reason": None,
        },
        "moves": None,
    }
    assert found["rows"][1]["after"]["reason"] == "Our own tenant"
    assert await books.whose(here) == (acacia, "Acacia", 2)
    assert await links(books.database) == {"c-1": (acacia, "manual"), "c-2": (None, "manual")}
    (deed,) = (await api.viewer.get(f"{PATH}/deeds")).json()["items"]
    assert (deed["id"], deed["kind"], deed["records"]) == (found["deed_id"], "bulk", 3)
    assert (deed["done_by"], deed["undone_at"]) == ("Farah Nair", None)


async def test_a_dry_run_says_exactly_what_the_deed_then_does_and_changes_nothing(
    api: Api, books: Books, ledgers: Ledgers
) -> None:
    """12 a month and 120 a year of AUD, 7 of USD, one without a price, one cancelled; invoices."""
    acacia = await push(api, "Acacia")
    await books.subscription("c-1", price=Decimal(12))
    await books.subscription("c-1", price=Decimal(120), billing_term="Annual")
    await books.subscription("c-1", price=Decimal(7), currency="USD")
    await books.subscription("c-1", price=None)
    await books.subscription("c-1", source_status="Cancelled", client_id=acacia)
    await books.subscription("c-2", price=Decimal(1000))
    ledger = await ledgers.ledger("xero")
    for number, facts in enumerate(
        [
            {"subtotal": Decimal(100)},
            {"subtotal": Decimal(50), "state": "paid", "amount_due": Decimal(0)},
            {"subtotal": Decimal(9), "client_by_hand": True},
            {"state": "draft"},
        ]
    ):
        await ledgers.invoice(ledger, "xero", f"INV-{number}", contact_id="x-1", **facts)
    wishes = [
        wish("assign", "c-1", acacia),
        wish("assign", "x-1", acacia) | {"source": "xero"},
    ]
    before = await everything(books.database)
    dry = await change(api, *wishes, dry_run=True)
    assert await everything(books.database) == before
    assert dry["outcome"] == "dry_run"
    assert dry["moves"] == {
        "subscriptions": 4,
        "invoices": 3,
        "mrr": [
            {"amount": "22.00", "currency": "AUD"},
            {"amount": "7.00", "currency": "USD"},
        ],
        "outstanding": [{"amount": "110.00", "currency": "AUD"}],
        "revenue": [{"amount": "150.00", "currency": "AUD"}],
    }
    done = await change(api, *wishes)
    assert done | {"outcome": "dry_run", "deed_id": None} == dry
    assert [row["moves"] for row in done["rows"]] == [row["moves"] for row in dry["rows"]]
    moved = await books.database.as_owner("SELECT FROM subscriptions WHERE version = 2")
    billed = await books.database.as_owner("SELECT FROM invoices WHERE version = 2")
    assert (len(moved), len(billed)) == (4, 3)


async def test_the_dashboards_money_moves_as_it_was_said(api: Api, books: Books) -> None:
    await books.subscription("c-1", price=Decimal(30))
    acacia = await push(api, "Acacia")
    before = (await api.viewer.get("/v1/clients")).json()["items"][0]["mrr"]
    found = await change(api, wish("assign", "c-1", acacia))
    after = (await api.viewer.get("/v1/clients")).json()["items"][0]["mrr"]
    assert (before["value"], before["reason"]) == (None, "not_linked")
    assert [after["value"]] == found["moves"]["mrr"]


async def test_what_cannot_be_granted_is_told_row_by_row_and_the_rest_is_done(
    api: Api, books: Books, database: Database
) -> None:
    acacia, retired = await push(api, "Acacia"), await push(api, "Old", active=False)
    other = api.of(await database.add_organisation(new_id(), name="Other"))
    theirs = await push(other, "Theirs")
    wishes = [
        wish("assign", "c-1", acacia),
        wish("assign", "nowhere", acacia),
        wish("assign", "c-2", theirs),
        wish("assign", "c-2", theirs),
        wish("assign", "c-3", retired),
        wish("assign", "c-4", acacia),
        wish("ignore", "c-4"),
        wish("assign", "c-1", acacia),
        wish("reject", "c-1", new_id()),
    ]
    codes = [
        None,
        "record_not_found",
        "client_not_found",
        "client_not_found",
        "client_retired",
        "named_twice",
        "named_twice",
        None,
        "client_not_found",
    ]
    refused = await change(api, *wishes, all_or_nothing=True)
    assert (refused["outcome"], refused["deed_id"]) == ("refused", None)
    assert [row["code"] for row in refused["rows"]] == codes
    assert await links(database) == {}
    found = await change(api, *wishes)
    assert [row["code"] for row in found["rows"]] == codes
    assert all((row["code"] is None) == (row["detail"] is None) for row in found["rows"])
    assert (found["outcome"], found["changed"], found["refused"]) == ("applied", 1, 7)
    assert await links(database) == {"c-1": (acacia, "manual")}


async def test_what_is_linked_cannot_be_rejected_and_a_rejection_twice_is_one(
    api: Api, books: Books
) -> None:
    acacia = await push(api, "Acacia", **naming("c-1"))
    found = await change(api, wish("reject", "c-1", acacia))
    assert found["rows"][0]["code"] == "linked_to_it"
    first = await change(api, wish("reject", "c-2", acacia))
    second = await change(api, wish("reject", "c-2", acacia))
    assert (first["outcome"], second["outcome"]) == ("applied", "nothing")


async def test_undone_every_record_stands_as_before(api: Api, books: Books) -> None:
    by_id = await push(api, "Acacia", **naming("c-1"))
    banksia = await push(api, "Banksia")
    here = await books.subscription("c-1", client_id=by_id)
    await change(api, wish("ignore", "c-2", reason="Ours"))
    api.mint.clock.move(hours=1)
    before = await books.database.as_owner("SELECT * FROM client_links ORDER BY source_id")
    found = await change(
        api,
        wish("assign", "c-1", banksia),
        wish("assign", "c-2", banksia),
        wish("assign", "c-3", banksia),
        wish("reject", "c-4", banksia),
    )
    assert (await books.whose(here))[0] == banksia
    api.mint.clock.move(hours=1)
    answer = await undo(api, found["deed_id"])
    assert answer.json() == {"deeds": [found["deed_id"]], "subscriptions": 1, "invoices": 0}
    assert await books.database.as_owner("SELECT * FROM client_links ORDER BY source_id") == before
    assert await books.database.as_owner("SELECT FROM refused_links") == []
    assert (await books.whose(here))[0] == by_id
    again = await undo(api, found["deed_id"])
    assert (again.status_code, again.json()["code"]) == (409, "deed_undone")
    deeds = (await api.viewer.get(f"{PATH}/deeds", params={"kind": "bulk"})).json()["items"]
    assert [deed["undone_by"] for deed in deeds] == ["Farah Nair", None]


async def test_a_deed_that_later_ones_overtook_is_undone_with_them_or_not_at_all(
    api: Api, books: Books
) -> None:
    """Also where the last of them said the same as the first, and a clock went backwards."""
    a, b = await push(api, "A"), await push(api, "B")
    deeds = []
    for client, company in ((a, "c-1"), (b, "c-1"), (a, "c-1"), (a, "c-2")):
        api.mint.clock.move(minutes=-1)
        deeds.append((await change(api, wish("assign", company, client)))["deed_id"])
    for overtaken in deeds[:2]:
        answer = await undo(api, overtaken)
        assert (answer.status_code, answer.json()["code"]) == (409, "deed_overtaken")
    assert await links(books.database) == {"c-1": (a, "manual"), "c-2": (a, "manual")}
    answer = await undo(api, deeds[0], with_later=True)
    assert answer.json()["deeds"] == deeds[::-1]
    assert await links(books.database) == {}


async def test_a_push_between_deed_and_undo_counts(api: Api, books: Books) -> None:
    """The identifiers decide as they are by now, and a link they made since blocks nothing."""
    banksia = await push(api, "Banksia")
    await change(api, wish("assign", "c-2", banksia))
    wishes = wish("assign", "c-1", banksia), wish("release", "c-2"), wish("assign", "c-3", banksia)
    deed = (await change(api, *wishes))["deed_id"]
    acacia = await push(api, "Acacia", **naming("c-1"))
    correa = await push(api, "Correa", **naming("c-2"))
    assert (await links(books.database))["c-2"] == (correa, "exact")
    assert (await undo(api, deed)).status_code == 200
    assert await links(books.database) == {"c-1": (acacia, "exact"), "c-2": (banksia, "manual")}


async def test_single_links_are_deeds_that_can_be_undone_too(api: Api, books: Books) -> None:
    acacia = await push(api, "Acacia")
    path = "/v1/clients/links/pax8/c-1"
    await api.finance.put(path, json={"client_id": str(acacia)})
    (deed,) = (await api.viewer.get(f"{PATH}/deeds")).json()["items"]
    assert deed["kind"] == "link"
    await undo(api, deed["id"])
    assert await links(books.database) == {}


async def test_a_merge_moves_every_record_and_leaves_both_master_records(
    api: Api, books: Books, ledgers: Ledgers
) -> None:
    twice = await push(api, "Acacia Pty", **naming("c-1"))
    acacia = await push(api, "Acacia")
    here = await books.subscription("c-1", client_id=twice, client_label="Acacia Pty")
    ledger = await ledgers.ledger("xero")
    await ledgers.invoice(ledger, "xero", "INV-1", contact_id="x-1")
    await change(api, wish("assign", "x-1", twice) | {"source": "xero"})
    path = f"/v1/clients/{twice}/merge"
    dry = (await api.finance.post(path, json={"into": str(acacia), "dry_run": True})).json()
    assert (dry["outcome"], dry["changed"]) == ("dry_run", 2)
    assert (dry["moves"]["subscriptions"], dry["moves"]["invoices"]) == (1, 1)
    done = (await api.finance.post(path, json={"into": str(acacia)})).json()
    assert done["outcome"] == "applied"
    assert await books.whose(here) == (acacia, "Acacia", 2)
    assert await links(books.database) == {"c-1": (acacia, "manual"), "x-1": (acacia, "manual")}
    await push(api, "Acacia Pty Limited", client_id=twice, **naming("c-1"))
    assert await books.whose(here) == (acacia, "Acacia", 2)
    shown = (await api.viewer.get(f"/v1/clients/{twice}")).json()
    assert (shown["name"], shown["links"]) == ("Acacia Pty Limited", [])
    assert (await undo(api, done["deed_id"])).status_code == 200
    assert (await links(books.database))["c-1"] == (twice, "exact")


async def test_a_retired_client_may_be_merged_away_and_gets_nothing(api: Api, books: Books) -> None:
    old, acacia = await push(api, "Old", **naming("c-1")), await push(api, "Acacia")
    await push(api, "Old", client_id=old, active=False, **naming("c-1"))
    wrong = await api.finance.post(f"/v1/clients/{acacia}/merge", json={"into": str(old)})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "client_retired")
    right = await api.finance.post(f"/v1/clients/{old}/merge", json={"into": str(acacia)})
    assert right.json()["outcome"] == "applied"


async def test_merges_go_round_in_no_circle(api: Api, books: Books) -> None:
    a, b, c = [await push(api, name, **naming(f"c-{n}")) for n, name in enumerate("ABC", 1)]

    async def merge(one: UUID, other: UUID) -> httpx.Response:
        api.mint.clock.move(minutes=1)
        return await api.finance.post(f"/v1/clients/{one}/merge", json={"into": str(other)})

    itself = await merge(a, a)
    assert (itself.status_code, itself.json()["code"]) == (422, "merge_into_itself")
    assert (await merge(a, b)).json()["outcome"] == "applied"
    back = await merge(b, a)
    assert (back.status_code, back.json()["code"]) == (409, "merge_cycle")
    assert (await merge(b, c)).json()["changed"] == 2
    round_ = await merge(c, a)
    assert (round_.status_code, round_.json()["code"]) == (409, "merge_cycle")
    d = await push(api, "D", **naming("c-4"))
    away = await merge(d, a)
    assert (away.status_code, away.json()["code"]) == (409, "client_merged")
    assert (await merge(new_id(), a)).status_code == 404
    gone = await merge(d, new_id())
    assert (gone.status_code, gone.json()["code"]) == (404, "client_not_found")
    assert {whose for whose, _ in (await links(books.database)).values()} == {c, d}
    bare = await push(api, "Has nothing yet")
    assert [(await merge(bare, c)).json()["outcome"] for _ in range(2)] == ["applied", "nothing"]
    assert (await merge(c, bare)).json()["code"] == "merge_cycle"


async def test_a_split_takes_records_away_for_another_or_for_nobody(api: Api, books: Books) -> None:
    acacia, banksia = await push(api, "Acacia", **naming("c-1")), await push(api, "Banksia")
    await change(api, wish("assign", "c-2", acacia), wish("assign", "c-3", acacia))
    path = f"/v1/clients/{acacia}/split"

    async def split(company: str, into: UUID | None = None, **more: Any) -> dict[str, Any]:
        body = {
            "records": [{"source": "pax8", "source_id": company}],
            "into": None if into is None else str(into),
            **more,
        }
        answer = await api.finance.post(path, json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    assert (await split("c-2", banksia, dry_run=True))["outcome"] == "dry_run"
    assert (await split("c-2", banksia))["outcome"] == "applied"
    assert (await split("c-3"))["outcome"] == "applied"
    again = await split("c-3")
    assert (again["outcome"], again["rows"][0]["code"]) == ("refused", "not_this_clients")
    named = await split("c-1")
    assert (named["outcome"], named["rows"][0]["code"]) == ("refused", "named_by_client")
    assert await links(books.database) == {"c-1": (acacia, "exact"), "c-2": (banksia, "manual")}
    refused = await books.database.as_owner("SELECT source_id, client_id FROM refused_links")
    assert [tuple(row) for row in refused] == [("c-3", acacia)]


@pytest.mark.parametrize(
    "bad",
    [
        {"changes": []},
        {"changes": [{"do": "assign", "source": "pax8", "source_id": "c-1"}]},
        {"changes": [{"do": "ignore", "source": "pax8", "source_id": "c-1", "client_id": "x"}]},
        {"changes": [{"do": "release", "source": "pax8", "source_id": "c-1", "reason": "x"}]},
        {"changes": [{"do": "merge", "source": "pax8", "source_id": "c-1"}]},
        {"changes": [{"do": "release", "source": "synergy", "source_id": "c-1"}]},
        {"changes": [{"do": "release", "source": "pax8", "source_id": ""}]},
        {"changes": [{"do": "release", "source": "pax8", "source_id": "c"}] * 1001},
        {"changes": [{"do": "release", "source": "pax8", "source_id": "c"}], "force": True},
    ],
)
async def test_what_is_no_wish_is_422(api: Api, books: Books, bad: Any) -> None:
    assert (await api.finance.post(PATH, json=bad)).status_code == 422
    assert await links(books.database) == {}


async def test_who_only_reads_may_not_decide(api: Api, books: Books) -> None:
    acacia = await push(api, "Acacia")
    for path, body in (
        (PATH, {"changes": [wish("assign", "c-1", acacia)]}),
        (f"/v1/clients/{acacia}/merge", {"into": str(new_id())}),
        (
            f"/v1/clients/{acacia}/split",
            {"records": [{"source": "pax8", "source_id": "c-1"}]},
        ),
        (f"{PATH}/deeds/{new_id()}/undo", {}),
    ):
        assert (await api.viewer.post(path, json=body)).status_code == 403


async def test_each_deed_is_in_the_audit_log(api: Api, books: Books) -> None:
    acacia = await push(api, "Acacia")
    deed = (await change(api, wish("assign", "c-1", acacia), wish("ignore", "c-2")))["deed_id"]
    await undo(api, deed)
    rows = await books.database.as_owner(
        "SELECT action, resource_id, after FROM audit WHERE resource = 'mapping_deed' ORDER BY id"
    )
    assert [(row["action"], row["resource_id"]) for row in rows] == [
        ("client_links.changed", deed),
        ("client_links.undone", deed),
    ]
    assert '"assign": 1' in rows[0]["after"]


async def test_deeds_at_once_take_turns(api: Api, books: Books) -> None:
    here = await books.subscription("c-1")
    clients = [await push(api, f"Client {number}") for number in range(6)]
    answers = await asyncio.gather(*(change(api, wish("assign", "c-1", one)) for one in clients))
    assert {answer["outcome"] for answer in answers} == {"applied"}
    whose, _, version = await books.whose(here)
    assert (whose, "manual") == (await links(books.database))["c-1"]
    assert version == 7
