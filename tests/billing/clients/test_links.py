import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.support.api import Api
from tests.support.books import Books
from tests.support.clock import NOW
from tests.support.databases import Database

from billingone_api.billing.clients.models import Link, Origin, Situation, settled
from billingone_api.database.mapping import rely_on_mapping
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

A, B = new_id(), new_id()
NOBODY = Link(None, Origin.MANUAL)


@pytest.fixture
async def books(api: Api, database: Database) -> Books:
    made = Books(database, api.organisation_id)
    await made.connected()
    return made


async def push(api: Api, name: str, company: str | None = None, **more: Any) -> UUID:
    """PanelOne's push of a client that names a Pax8 company."""
    client_id: UUID = more.pop("client_id", None) or new_id()
    body = {"name": name, "external_ids": {"pax8_company_id": company}, **more}
    answer = await api.service("clients:write").put(f"/v1/panelone/clients/{client_id}", json=body)
    assert answer.status_code in {200, 201}, answer.text
    return client_id


async def link(api: Api, company: str, client_id: Any) -> httpx.Response:
    body = {"client_id": None if client_id is None else str(client_id)}
    return await api.finance.put(f"/v1/clients/links/pax8/{company}", json=body)


async def unlink(api: Api, company: str) -> httpx.Response:
    return await api.finance.delete(f"/v1/clients/links/pax8/{company}")


async def links(database: Database) -> dict[str, tuple[UUID | None, str]]:
    rows = await database.as_owner("SELECT source_id, client_id, origin FROM client_links")
    return {row["source_id"]: (row["client_id"], row["origin"]) for row in rows}


@pytest.mark.parametrize(
    ("link", "claimants", "expected"),
    [
        (None, (), None),
        (None, (A,), Link(A, Origin.EXACT)),
        (None, (A, B), None),
        (Link(A, Origin.EXACT), (), None),
        (Link(A, Origin.EXACT), (B,), Link(B, Origin.EXACT)),
        (Link(A, Origin.EXACT), (A, B), None),
        (Link(A, Origin.MANUAL), (), Link(A, Origin.MANUAL)),
        (Link(A, Origin.MANUAL), (B,), Link(A, Origin.MANUAL)),
        (NOBODY, (A,), NOBODY),
        (NOBODY, (A, B), NOBODY),
        (Link(A, Origin.IDENTIFIER), (), Link(A, Origin.IDENTIFIER)),
        (Link(A, Origin.IDENTIFIER), (A,), Link(A, Origin.EXACT)),
        (Link(A, Origin.IDENTIFIER), (B,), Link(B, Origin.EXACT)),
        (Link(A, Origin.IDENTIFIER), (A, B), None),
    ],
)
def test_a_persons_word_stands_and_else_the_only_claimant_has_it(
    link: Link | None, claimants: tuple[UUID, ...], expected: Link | None
) -> None:
    assert settled(Situation(link, claimants)) == expected


async def test_the_company_a_client_names_is_its_own_and_the_subscriptions_move_at_once(
    api: Api, books: Books
) -> None:
    await books.company("company-1", "Acacia Dental Pty Ltd")
    here = await books.subscription("company-1")
    elsewhere = await books.subscription("company-2")
    api.mint.clock.move(minutes=5)
    client = await push(api, "Acacia", "company-1")
    assert await books.whose(here) == (client, "Acacia", 2)
    assert await books.versions(here) == [(2, client, api.mint.clock.now())]
    assert await books.whose(elsewhere) == (None, "", 1)
    assert await links(books.database) == {"company-1": (client, "exact")}


async def test_two_that_name_the_same_company_get_neither(api: Api, books: Books) -> None:
    await books.company("company-1", "Acacia Dental Pty Ltd")
    here = await books.subscription("company-1")
    await push(api, "Acacia", "company-1")
    second = await push(api, "Acacia Again", "company-1")
    assert await links(books.database) == {}
    assert await books.whose(here) == (None, "Acacia Dental Pty Ltd", 3)
    await push(api, "Acacia Again", None, client_id=second)
    ((client, origin),) = (await links(books.database)).values()
    assert origin == "exact"
    assert await books.whose(here) == (client, "Acacia", 4)


async def test_the_link_follows_the_identifier(api: Api, books: Books) -> None:
    one, two = await books.subscription("company-1"), await books.subscription("company-2")
    client = await push(api, "Acacia", "company-1")
    await push(api, "Acacia", "company-2", client_id=client)
    assert await links(books.database) == {"company-2": (client, "exact")}
    assert await books.whose(one) == (None, "", 3)
    assert await books.whose(two) == (client, "Acacia", 2)
    await push(api, "Acacia", None, client_id=client)
    assert await links(books.database) == {}
    assert await books.whose(two) == (None, "", 3)


async def test_a_batch_that_swaps_two_companies_swaps_their_subscriptions(
    api: Api, books: Books
) -> None:
    one, two = await books.subscription("company-1"), await books.subscription("company-2")
    a, b = await push(api, "A", "company-1"), await push(api, "B", "company-2")
    rows = [
        {"id": str(a), "name": "A", "external_ids": {"pax8_company_id": "company-2"}},
        {"id": str(b), "name": "B", "external_ids": {"pax8_company_id": "company-1"}},
    ]
    await api.service("clients:write").post("/v1/panelone/clients:batch", json={"clients": rows})
    assert await books.whose(one) == (b, "B", 3)
    assert await books.whose(two) == (a, "A", 3)


async def test_a_new_name_is_shown_and_makes_no_version(api: Api, books: Books) -> None:
    by_id, by_hand = await books.subscription("company-1"), await books.subscription("company-2")
    client = await push(api, "Acacia", "company-1")
    await link(api, "company-2", client)
    versions = await books.versions(by_id), await books.versions(by_hand)
    await push(api, "Acacia Group", "company-1", client_id=client)
    assert await books.whose(by_id) == (client, "Acacia Group", 2)
    assert await books.whose(by_hand) == (client, "Acacia Group", 2)
    assert (await books.versions(by_id), await books.versions(by_hand)) == versions


async def test_a_retired_client_keeps_its_company(api: Api, books: Books) -> None:
    here = await books.subscription("company-1")
    client = await push(api, "Acacia", "company-1")
    await push(api, "Acacia", "company-1", client_id=client, active=False)
    assert await books.whose(here) == (client, "Acacia", 2)


async def test_a_person_links_a_company_and_is_told_what_moved(api: Api, books: Books) -> None:
    await books.company("company-1", "Acacia Dental Pty Ltd")
    moved = [await books.subscription("company-1") for _ in range(3)]
    client = await push(api, "Acacia")
    answer = await link(api, "company-1", client)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "source": "pax8",
            "source_id": "company-1",
            "name": "Acacia Dental Pty Ltd",
            "client_id": str(client),
            "client_name": "Acacia",
            "origin": "manual",
            "linked_by": "Farah Nair",
            "linked_at": "2026-11-24T01:00:00Z",
            "reason": None,
            "moved_subscriptions": 3,
            "moved_invoices": 0,
        },
    )
    for subscription in moved:
        assert await books.whose(subscription) == (client, "Acacia", 2)
        assert await books.versions(subscription) == [(2, client, NOW)]


async def test_linked_again_the_same_way_nothing_is_written(api: Api, books: Books) -> None:
    here = await books.subscription("company-1")
    client = await push(api, "Acacia")
    first = (await link(api, "company-1", client)).json()
    api.mint.clock.move(hours=1)
    second = (await link(api, "company-1", client)).json()
    assert second == first | {"moved_subscriptions": 0}
    assert await books.whose(here) == (client, "Acacia", 2)


async def test_a_persons_word_survives_every_push(api: Api, books: Books) -> None:
    here = await books.subscription("company-1")
    client = await push(api, "Acacia")
    await link(api, "company-1", client)
    other = await push(api, "Banksia", "company-1")
    await push(api, "Banksia Two", "company-1", client_id=other)
    assert await books.whose(here) == (client, "Acacia", 2)
    assert await links(books.database) == {"company-1": (client, "manual")}


async def test_nobody_is_a_word_too(api: Api, books: Books) -> None:
    await books.company("company-1", "Our own tenant")
    here = await books.subscription("company-1")
    client = await push(api, "Acacia", "company-1")
    answer = (await link(api, "company-1", None)).json()
    assert (answer["client_id"], answer["origin"], answer["moved_subscriptions"]) == (
        None,
        "manual",
        1,
    )
    await push(api, "Acacia Two", "company-1", client_id=client)
    assert await books.whose(here) == (None, "Our own tenant", 3)


async def test_taken_back_the_identifiers_decide_again(api: Api, books: Books) -> None:
    here = await books.subscription("company-1")
    by_id = await push(api, "Acacia", "company-1")
    by_hand = await push(api, "Banksia")
    await link(api, "company-1", by_hand)
    answer = (await unlink(api, "company-1")).json()
    assert (answer["client_id"], answer["origin"], answer["linked_by"]) == (
        str(by_id),
        "exact",
        None,
    )
    assert answer["moved_subscriptions"] == 1
    assert await books.whose(here) == (by_id, "Acacia", 4)
    again = (await unlink(api, "company-1")).json()
    assert again == answer | {"moved_subscriptions": 0}


async def test_taken_back_where_nobody_names_it_it_is_unmapped(api: Api, books: Books) -> None:
    here = await books.subscription("company-1")
    await link(api, "company-1", await push(api, "Acacia"))
    answer = (await unlink(api, "company-1")).json()
    assert (answer["client_id"], answer["origin"], answer["moved_subscriptions"]) == (None, None, 1)
    assert await books.whose(here) == (None, "", 3)


async def test_past_versions_never_change(api: Api, books: Books) -> None:
    here = await books.subscription("company-1")
    a, b = await push(api, "A"), await push(api, "B")
    for client in (a, b, None, a):
        api.mint.clock.move(days=1)
        await link(api, "company-1", client)
    found = [(number, whose) for number, whose, _ in await books.versions(here)]
    assert found == [(2, a), (3, b), (4, None), (5, a)]
    instants = [seen_at for _, _, seen_at in await books.versions(here)]
    assert [(instant - NOW).days for instant in instants] == [1, 2, 3, 4]


async def test_a_company_nobody_knows_is_404(api: Api, books: Books) -> None:
    client = await push(api, "Acacia")
    for answer in (await link(api, "company-9", client), await unlink(api, "company-9")):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_another_organisations_client_and_company_answer_like_absent_ones(
    api: Api, books: Books, database: Database
) -> None:
    other = api.of(await database.add_organisation(new_id(), name="Other"))
    theirs = await push(other, "Theirs")
    their_company = await Books(database, other.organisation_id).company("company-2", "Theirs")
    await books.company("company-1", "Ours")
    ours = await push(api, "Ours")

    def told(answer: httpx.Response) -> tuple[int, dict[str, Any]]:
        return answer.status_code, answer.json() | {"request_id": ""}

    assert told(await link(api, "company-1", theirs)) == told(
        await link(api, "company-1", new_id())
    )
    assert (await link(api, "company-1", theirs)).json()["code"] == "client_not_found"
    assert told(await link(api, their_company, ours)) == told(await link(api, "company-9", ours))
    assert await links(database) == {}


async def test_a_retired_client_gets_nothing_new(api: Api, books: Books) -> None:
    here = await books.subscription("company-1")
    client = await push(api, "Acacia", active=False)
    answer = await link(api, "company-1", client)
    assert (answer.status_code, answer.json()["code"]) == (409, "client_retired")
    assert await books.whose(here) == (None, "", 1)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("pax8/company-1", {}),
        ("pax8/company-1", {"client_id": "acacia"}),
        ("pax8/company-1", {"client_id": 7}),
        ("pax8/company-1", {"client_id": None, "why": "ours"}),
        ("pax8/company-1", []),
        ("synergy/company-1", {"client_id": None}),
        ("pax8/%00", {"client_id": None}),
        ("pax8/" + "c" * 201, {"client_id": None}),
    ],
)
async def test_what_is_no_link_is_422(api: Api, books: Books, path: str, body: Any) -> None:
    await books.company("company-1", "Acacia")
    answer = await api.finance.put(f"/v1/clients/links/{path}", json=body)
    assert answer.status_code == 422
    assert await links(books.database) == {}


@pytest.mark.parametrize("role", ["Viewer", "Engineer"])
async def test_who_only_reads_may_not_map(api: Api, books: Books, role: str) -> None:
    await books.company("company-1", "Acacia")
    path = "/v1/clients/links/pax8/company-1"
    for answer in (
        await api.as_role(role).put(path, json={"client_id": None}),
        await api.as_role(role).delete(path),
        await api.service("clients:read", "clients:write").delete(path),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_sync_under_way_and_a_new_link_wait_for_each_other(
    api: Api, books: Books, process: Process
) -> None:
    """The sync has read that nobody has the company; its row must not stay nobody's."""
    await books.company("company-1", "Acacia")
    client = await push(api, "Acacia")
    async with process.work(api.organisation_id) as sync:
        await rely_on_mapping(sync)
        linking = asyncio.create_task(link(api, "company-1", client))
        await waiting(books.database)
        here = await books.subscription("company-1")
    assert (await linking).json()["moved_subscriptions"] == 1
    assert await books.whose(here) == (client, "Acacia", 2)


async def waiting(database: Database) -> None:
    """Until somebody waits for a turn."""
    while not await database.as_owner(  # noqa: ASYNC110 - what is awaited is another process
        "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    ):
        await asyncio.sleep(0.01)


async def test_changes_at_once_neither_hang_nor_lose_a_version(api: Api, books: Books) -> None:
    companies = [await books.company(f"company-{number}", f"C{number}") for number in range(4)]
    here = [await books.subscription(company) for company in companies for _ in range(5)]
    a, b = await push(api, "A", "company-0"), await push(api, "B", "company-1")
    calls = [link(api, company, client) for company in companies for client in (a, b, None)]
    calls += [unlink(api, company) for company in reversed(companies)]
    pushes = [push(api, f"A{number}", "company-1", client_id=a) for number in range(4)]
    answers = await asyncio.gather(*calls)
    await asyncio.gather(*pushes)
    assert {answer.status_code for answer in answers} == {200}
    owners = await links(books.database)
    for subscription, company in zip(here, [c for c in companies for _ in range(5)], strict=True):
        client, _, version = await books.whose(subscription)
        assert client == owners.get(company, (None, ""))[0]
        numbers = [number for number, _, _ in await books.versions(subscription)]
        assert numbers == list(range(2, version + 1))
        whose = [client for _, client, _ in await books.versions(subscription)]
        assert all(before != after for before, after in zip([None, *whose], whose, strict=False))
