"""Lists by their pages: what ends them, what comes twice, and how numbers are written."""

import json
import re
from datetime import datetime
from typing import Any

import pytest
from tests.sandbox.conftest import NOW
from tests.sandbox.superops.conftest import ASSETS, CLIENTS, INVOICES, LISTS, Caller

from billingone_api.sandbox.superops.room import Superops


@pytest.mark.parametrize("operation", LISTS)
async def test_pages_give_everything_once_and_end_with_null(
    caller: Caller, superops: Superops, operation: str
) -> None:
    query, kind = LISTS[operation]
    [rows] = [one for one in superops.home.collections.values() if one.kind == kind]
    size = max(1, len(rows) // 3)
    more, seen, page = True, [], 0
    while more is True:
        page += 1
        got = await caller.answer(query, page=page, pageSize=size)
        info = got["listInfo"]
        assert (info["page"], info["pageSize"], info["totalCount"]) == (page, size, len(rows))
        seen += [json.dumps(row, sort_keys=True) for row in got[kind]]
        more = info["hasMore"]
    assert more is None
    assert len(set(seen)) == len(seen) == len(rows)
    beyond = await caller.answer(query, page=page + 1, pageSize=size)
    assert (beyond[kind], beyond["listInfo"]["hasMore"]) == ([], None)


async def test_without_a_page_it_is_the_first_ten(caller: Caller) -> None:
    got = await caller.answer(INVOICES)
    assert len(got["invoices"]) == 10
    assert (got["listInfo"]["page"], got["listInfo"]["pageSize"]) == (1, 10)


async def test_no_order_is_promised(caller: Caller) -> None:
    rows = await caller.everything("getInvoiceList")
    days = [row["invoiceDate"] for row in rows]
    assert days not in (sorted(days), sorted(days, reverse=True))


async def test_where_the_order_moves_a_row_is_missed_and_another_comes_twice(
    caller: Caller,
) -> None:
    whole = {row["accountId"] for row in await caller.everything("getClientList")}
    await caller.order("/manners", {"order_moves": True})
    seen = [row["accountId"] for row in await caller.everything("getClientList", size=5)]
    assert len(seen) == len(whole)
    assert len(set(seen)) < len(whole)


async def test_a_list_that_shifts_once_hides_a_row(caller: Caller) -> None:
    whole = {row["invoiceId"] for row in await caller.everything("getInvoiceList")}
    rule = {"fault": "shift", "provider": "superops", "after": 1}
    await caller.http.post("/_sandbox/faults", json=rule)
    seen = [row["invoiceId"] for row in await caller.everything("getInvoiceList", size=10)]
    assert len(whole - set(seen)) == 1


async def test_the_count_can_come_as_text(caller: Caller) -> None:
    await caller.order("/manners", {"counts_as_text": True})
    info = (await caller.answer(CLIENTS, page=1, pageSize=1))["listInfo"]
    assert re.fullmatch(r"\d+", info["totalCount"])
    got = await caller.answer(
        "query ($input: ListInfoInput!) { getClientList(input: $input) { clients { name } } }"
    )
    assert list(got) == ["clients"]


async def test_ids_are_longer_than_a_float_is_exact_and_some_than_64_bits(caller: Caller) -> None:
    ids = [row["assetId"] for row in await caller.everything("getAssetList")]
    assert {len(key) for key in ids} == {18, 19, 20}
    assert all(isinstance(key, str) and int(key) > 2**53 for key in ids)
    assert any(int(key) > 2**64 for key in ids)


async def test_ids_within_json_are_text_or_bare_numbers_for_one_and_the_same_client(
    caller: Caller,
) -> None:
    clients = {row["accountId"] for row in await caller.everything("getClientList")}
    raw = (await caller.post(ASSETS, page=1, pageSize=100)).text
    assert re.search(r'"client":\{"accountId":\d{18,20},', raw)
    assert re.search(r'"client":\{"accountId":"\d{18,20}",', raw)
    rows = await caller.everything("getAssetList") + await caller.everything("getInvoiceList")
    kinds = {type(row["client"]["accountId"]) for row in rows}
    assert kinds == {int, str}
    assert {str(row["client"]["accountId"]) for row in rows} <= clients


async def test_money_and_days_are_text_and_instants_have_no_zone(caller: Caller) -> None:
    rows = await caller.everything("getInvoiceList")
    read = [row for row in rows if re.fullmatch(r"\d+(\.\d{1,2})?", row["totalAmount"])]
    assert len(rows) - len(read) <= 1
    days = {row["dueDate"] for row in rows} - {None}
    assert all(re.fullmatch(r"\d{4}-\d{2}-\d{2}", day) for day in days)
    paid = {len(row["paymentDate"]) for row in rows if row["paymentDate"]}
    assert paid == {10, 23}
    for row in await caller.everything("getAssetList"):
        seen = row["lastCommunicatedTime"]
        assert seen is None or datetime.fromisoformat(seen) <= NOW.replace(tzinfo=None)


def _where(row: dict[str, Any]) -> tuple[str, str]:
    return row["client"]["accountId"], row["user"]["userId"]


async def test_people_have_several_sites_and_some_several_clients(caller: Caller) -> None:
    rows = await caller.everything("getClientUserAssociationList")
    pairs = [_where(row) for row in rows]
    assert len(set(pairs)) < len(pairs)
    users = [user for _, user in set(pairs)]
    assert len(set(users)) < len(users)
    assert len({row["id"] for row in rows}) == len(rows)


async def test_clients_name_their_first_user_as_contact_and_some_no_domain(caller: Caller) -> None:
    clients = await caller.everything("getClientList")
    people = {
        row["user"]["userId"]: row["user"]["name"]
        for row in await caller.everything("getClientUserAssociationList")
    }
    for client in clients:
        contact = client["primaryContact"]
        assert people[contact["userId"]] == contact["name"]
    assert any(not client["emailDomains"] for client in clients)
    assert {client["status"] for client in clients} >= {"Paid", None}


async def test_assets_are_workstations_servers_online_and_off(caller: Caller) -> None:
    rows = await caller.everything("getAssetList")
    assert {row["deviceCategory"]["name"] for row in rows} == {
        "Windows Workstation", "Windows Server", "Mac Workstation",
    }  # fmt: skip
    assert {row["status"] for row in rows} == {"ONLINE", "OFFLINE"}
    assert any(row["lastCommunicatedTime"] is None for row in rows)
    assert all(row["lastCommunicatedTime"] for row in rows if row["status"] == "ONLINE")
